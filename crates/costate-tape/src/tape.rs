//! Recording: a tape is a graph that is being written, and the values at the recorded point where there is one.

use crate::function::Guard;
use crate::graph::{Graph, NodeId};
use crate::interpret::Values;
use crate::op::{Binary, Op, holds};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::simplify::{Builder, Rule};
use crate::var::Var;
use std::cell::RefCell;
use std::panic::Location;

/// A graph under construction. [`Var`]s are handles to its nodes.
///
/// Most code never sees it: [`Function::record`](crate::Function::record) makes one, hands out its inputs and closes it.
///
/// ```
/// use costate_tape::{Shape, Tape};
/// let tape = Tape::at(vec![vec![3.0_f64]]); // the value of input 0
/// let x = tape.input(0, Shape::scalar());
/// assert_eq!((x * x + x).value(), Some(vec![12.0]));
/// assert_eq!(Tape::<f64>::new().input(0, Shape::scalar()).value(), None); // formulas alone
/// ```
#[derive(Debug)]
pub struct Tape<T> {
    state: RefCell<Recording<T>>,
    rules: Vec<Rule<T>>,
}

#[derive(Debug)]
struct Recording<T> {
    graph: Graph<T>,
    /// The values of the inputs and of every node so far, when recording at a point.
    point: Option<(Vec<Vec<T>>, Values<T>)>,
    guards: Vec<Guard>,
}

impl<T: Scalar> Recording<T> {
    /// Evaluates the nodes that have been added, when recording at a point.
    fn catch_up(&mut self) {
        if let Some((inputs, values)) = &mut self.point {
            values.extend(&self.graph, |number| inputs[number].as_slice());
        }
    }
}

impl<T: Scalar> Tape<T> {
    /// A tape that records formulas only; comparing recorded values panics, since there are none.
    #[must_use]
    pub fn new() -> Self {
        Tape::with_rules(&Rule::RECORDING)
    }

    /// A tape of formulas that simplifies by these rules.
    pub(crate) fn with_rules(rules: &[Rule<T>]) -> Self {
        Tape {
            rules: rules.to_vec(),
            state: RefCell::new(Recording {
                graph: Graph::new(),
                point: None,
                guards: Vec::new(),
            }),
        }
    }

    /// A tape of formulas that goes on from a stored graph: nodes that are there already are found again.
    pub(crate) fn on(graph: &Graph<T>) -> Self {
        let tape = Tape::new();
        tape.state.borrow_mut().graph = graph.opened();
        tape
    }

    /// A tape that also keeps the value of every node at one point, given by the values of the inputs in the order in which they
    /// will be made. Comparisons look at these values and become guards.
    #[must_use]
    pub fn at(inputs: Vec<Vec<T>>) -> Self {
        Tape {
            rules: Rule::RECORDING.to_vec(),
            state: RefCell::new(Recording {
                graph: Graph::new(),
                point: Some((inputs, Values::new())),
                guards: Vec::new(),
            }),
        }
    }

    /// The input with this number.
    ///
    /// # Panics
    /// If the number does not fit in 32 bits.
    pub fn input(&self, number: usize, shape: Shape) -> Var<'_, T> {
        let number = u32::try_from(number).expect("fewer than 2³² inputs");
        self.push(Op::Input(number), &[], shape)
    }

    /// A constant array, row by row.
    ///
    /// # Panics
    /// If the number of values is not the shape's.
    #[track_caller]
    pub fn constant(&self, shape: impl Into<Shape>, values: &[T]) -> Var<'_, T> {
        let shape = shape.into();
        assert!(
            values.len() == shape.len(),
            "a constant of shape {shape} has {} elements, but {} were given",
            shape.len(),
            values.len()
        );
        let state = &mut *self.state.borrow_mut();
        let id = state.graph.constant(shape, values);
        state.catch_up();
        Var::attached(self, id)
    }

    /// The node for an operation, after the rules.
    pub(crate) fn push(&self, op: Op, operands: &[NodeId], shape: Shape) -> Var<'_, T> {
        let state = &mut *self.state.borrow_mut();
        let (graph, rules) = (&mut state.graph, &self.rules);
        let id = Builder { graph, rules }.make(op, operands, &shape);
        state.catch_up();
        Var::attached(self, id)
    }

    pub(crate) fn shape(&self, id: NodeId) -> Shape {
        self.state.borrow().graph.shape(id).clone()
    }

    /// Whether a node is a constant of zeros.
    pub(crate) fn is_zero(&self, id: NodeId) -> bool {
        self.state.borrow().graph.is_zero(id)
    }

    /// The one shape of all these nodes, if they have one.
    pub(crate) fn shape_of_all(&self, ids: &[NodeId]) -> Option<Shape> {
        let state = self.state.borrow();
        let (first, rest) = ids.split_first()?;
        let shape = state.graph.shape(*first);
        rest.iter()
            .all(|&id| state.graph.shape(id) == shape)
            .then(|| shape.clone())
    }

    /// The value of a node at the recorded point.
    pub(crate) fn value(&self, id: NodeId) -> Option<Vec<T>> {
        self.state
            .borrow()
            .point
            .as_ref()
            .map(|(_, values)| values.of(id).to_vec())
    }

    /// Decides a comparison at the recorded point and keeps it as a guard.
    #[track_caller]
    pub(crate) fn compare(&self, op: Binary, a: NodeId, b: NodeId) -> bool {
        let state = &mut *self.state.borrow_mut();
        let Some((_, values)) = &state.point else {
            panic!(
                "`{}` compares values, but this tape has none: it records formulas only. Record at a point (Function::record_at), \
                 or keep both sides with `select`",
                op.name()
            );
        };
        let (x, y) = (values.of(a), values.of(b));
        assert!(
            x.len() == 1 && y.len() == 1,
            "`{}` decides a branch on single numbers, not on {} and {} elements; use `select`",
            op.name(),
            x.len(),
            y.len()
        );
        let held = holds(op, x[0], y[0]);
        state.guards.push(Guard {
            op,
            a,
            b,
            held,
            location: Location::caller(),
        });
        held
    }

    /// Adds a comparison that another record was decided by.
    pub(crate) fn guard(&self, guard: Guard) {
        self.state.borrow_mut().guards.push(guard);
    }

    pub(crate) fn close(self) -> (Graph<T>, Vec<Guard>) {
        let state = self.state.into_inner();
        (state.graph, state.guards)
    }
}

impl<T: Scalar> Default for Tape<T> {
    fn default() -> Self {
        Tape::new()
    }
}
