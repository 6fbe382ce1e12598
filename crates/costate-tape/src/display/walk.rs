//! One walk over the graph for every notation: which values get names, and how expressions nest.

mod operation;
mod view;

use super::names::Names;
use super::style::{Piece, Style};
use crate::function::{Function, Guard};
use crate::graph::{Graph, Node, NodeId};
use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;

/// How deep a formula that names nothing may nest.
const DEPTH: usize = 4;

/// A named value and its formula.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: Piece,
}

/// All formulas of a function.
pub(super) struct Written {
    pub(super) arguments: Vec<(String, Shape)>,
    pub(super) lines: Vec<Line>,
    /// Conditions under which they hold.
    pub(super) conditions: Vec<(Piece, bool)>,
}

/// The formulas of a function in a style.
pub(super) fn write<T: Scalar>(f: &Function<T>, names: &Names, style: &dyn Style) -> Written {
    let mut walk = Walk {
        uses: uses(f, names),
        taken: taken(f, names),
        given: given(f, names),
        ..Walk::new(f, names, style)
    };
    let cuts = super::depth::cuts(f.graph(), |id| {
        // An element's index takes the slice that it is with it.
        let is_slice = matches!(f.graph().node(id).op, Op::Slice { .. });
        walk.uses[id.index()] > 0 && !is_slice && !walk.is_name(id)
    });
    for id in cuts {
        // As if it were used again: it gets a name.
        walk.uses[id.index()] += 1;
        walk.piece(id, false);
    }
    for port in f
        .outputs()
        .iter()
        .filter(|port| !names.is_value(&port.name))
    {
        let value = walk.piece(port.node, true);
        let name = port.name.clone();
        walk.lines.push(Line { name, value });
    }
    let conditions = f.guards().iter().map(|guard: &Guard| {
        let (a, b) = (walk.piece(guard.a, false), walk.piece(guard.b, false));
        (style.binary(guard.op, a, b), guard.held)
    });
    let conditions = conditions.collect();
    Written {
        arguments: arguments(f, names),
        lines: walk.lines,
        conditions,
    }
}

/// The formula of one node in terms of inputs, cut off where it is nested deeply.
pub(super) fn formula<T: Scalar>(
    f: &Function<T>,
    node: NodeId,
    names: &Names,
    style: &dyn Style,
) -> Piece {
    Walk::new(f, names, style).flat(node)
}

fn arguments<T: Scalar>(f: &Function<T>, names: &Names) -> Vec<(String, Shape)> {
    let mut arguments = Vec::new();
    for (number, port) in f.inputs().iter().enumerate() {
        let shape = f.input_shape(number);
        match names.cover(&port.name, shape.len()) {
            Some(parts) => {
                arguments.extend(
                    parts
                        .into_iter()
                        .map(|part| (part.to_owned(), Shape::scalar())),
                );
            }
            None => arguments.push((port.name.clone(), shape.clone())),
        }
    }
    arguments
}

/// Names that nodes have by being outputs.
fn given<T: Scalar>(f: &Function<T>, names: &Names) -> Vec<Option<String>> {
    let mut given = vec![None; f.graph().len()];
    for port in f.outputs().iter().filter(|port| names.is_value(&port.name)) {
        let mut id = port.node;
        while is_silent(f.graph(), f.graph().node(id)) {
            id = f.graph().node(id).operands[0];
        }
        given[id.index()].get_or_insert_with(|| port.name.clone());
    }
    given
}

/// How often each node is read, in what the outputs and guards need.
fn uses<T: Scalar>(f: &Function<T>, names: &Names) -> Vec<u32> {
    let graph = f.graph();
    let mut uses = vec![0; graph.len()];
    for port in f
        .outputs()
        .iter()
        .filter(|port| !names.is_value(&port.name))
    {
        uses[port.node.index()] += 1;
    }
    for guard in f.guards() {
        uses[guard.a.index()] += 1;
        uses[guard.b.index()] += 1;
    }
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        if uses[i] > 0 {
            // What is not written passes its readers on.
            let readers = if is_silent(graph, node) { uses[i] } else { 1 };
            node.operands
                .iter()
                .for_each(|operand| uses[operand.index()] += readers);
        }
    }
    uses
}

/// Whether an operation only gives its operand axes of length 1, or takes them away: formulas do not show it.
fn is_silent<T: Scalar>(graph: &Graph<T>, node: &Node) -> bool {
    let long =
        |shape: &Shape| -> Vec<usize> { shape.to_vec().into_iter().filter(|&n| n != 1).collect() };
    matches!(node.op, Op::Reshape | Op::Sum(_))
        && long(graph.shape(node.operands[0])) == long(&node.shape)
}

/// Names that intermediate values must not take.
fn taken<T: Scalar>(f: &Function<T>, names: &Names) -> Vec<String> {
    let mut taken: Vec<String> = arguments(f, names)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    taken.extend(
        f.inputs()
            .iter()
            .chain(f.outputs())
            .map(|port| port.name.clone()),
    );
    taken
}

struct Walk<'a, T> {
    graph: &'a Graph<T>,
    inputs: Vec<&'a str>,
    names: &'a Names,
    style: &'a dyn Style,
    uses: Vec<u32>,
    taken: Vec<String>,
    /// The number of the last intermediate value.
    named: usize,
    given: Vec<Option<String>>,
    pieces: Vec<Option<Piece>>,
    lines: Vec<Line>,
    /// How many more operations may nest, where nothing is to be named.
    room: Option<usize>,
}

impl<'a, T: Scalar> Walk<'a, T> {
    fn new(f: &'a Function<T>, names: &'a Names, style: &'a dyn Style) -> Self {
        Walk {
            graph: f.graph(),
            inputs: f.inputs().iter().map(|port| port.name.as_str()).collect(),
            names,
            style,
            uses: vec![0; f.graph().len()],
            taken: Vec::new(),
            named: 0,
            given: vec![None; f.graph().len()],
            pieces: vec![None; f.graph().len()],
            lines: Vec::new(),
            room: None,
        }
    }

    fn flat(&mut self, id: NodeId) -> Piece {
        self.room = Some(DEPTH);
        self.write(self.shared(id), true)
    }

    /// A node where it is used: its name, if it has one, else its formula.
    fn piece(&mut self, id: NodeId, whole: bool) -> Piece {
        if let Some(piece) = &self.pieces[id.index()] {
            return piece.clone();
        }
        if let Some(room) = self.room {
            let is_leaf = self.graph.node(id).operands.is_empty() || self.view(id).is_some();
            if room == 0 && !is_leaf {
                return Piece::atom("…");
            }
            self.room = Some(room.saturating_sub(1));
            let piece = self.write(id, whole);
            self.room = Some(room);
            return piece;
        }
        let mut piece = self.write(id, whole);
        let single = self.uses[id.index()] <= 1 && self.view(id).is_none();
        let is_long = single && !whole && piece.text.len() >= self.style.long();
        let given = self.given[id.index()].take().filter(|_| !self.is_name(id));
        if given.is_some() || self.is_worth_a_name(id) || is_long {
            let name = given.unwrap_or_else(|| self.fresh());
            let value = std::mem::replace(&mut piece, self.style.name(&name));
            self.lines.push(Line { name, value });
        }
        if self.uses[id.index()] > 1 {
            self.pieces[id.index()] = Some(piece.clone());
        }
        piece
    }

    /// Whether a node is used repeatedly, and is no name or number itself.
    fn is_worth_a_name(&self, id: NodeId) -> bool {
        self.uses[id.index()] > 1 && !self.is_name(id)
    }

    /// Whether a node is written as a name or a number.
    fn is_name(&self, id: NodeId) -> bool {
        let node = self.graph.node(id);
        let is_leaf = matches!(node.op, Op::Constant(_) | Op::Broadcast);
        is_leaf || self.view(id).is_some() || is_silent(self.graph, node)
    }

    fn fresh(&mut self) -> String {
        loop {
            self.named += 1;
            let name = format!("v{}", self.named);
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }

    /// An operand of an elementwise operation: a broadcast is understood.
    fn operand(&mut self, id: NodeId) -> Piece {
        self.piece(self.shared(id), false)
    }

    /// What a broadcast repeats.
    fn shared(&self, mut id: NodeId) -> NodeId {
        while self.graph.node(id).op == Op::Broadcast {
            id = self.graph.node(id).operands[0];
        }
        id
    }
}
