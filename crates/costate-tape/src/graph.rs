//! The graph: an append-only arena of nodes that refer only to earlier nodes, each distinct expression stored once.

mod table;

use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use table::{Mixer, Table};

/// A node's place in its graph.
///
/// ```
/// use costate_tape::Function;
/// let f = Function::<f64>::record(&[("x", &[]), ("y", &[])], |v| vec![v[0] * v[1]])?;
/// let product = f.outputs()[0].node; // after the two inputs
/// assert_eq!((product.index(), f.graph().node(product).op.name()), (2, "mul"));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The place as an index into [`Graph::nodes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation applied to earlier nodes.
///
/// ```
/// use costate_tape::{Binary, Function, Op};
/// let f = Function::<f64>::record(&[("x", &[3]), ("k", &[3])], |v| vec![v[0] * v[1]])?;
/// let node = f.graph().node(f.outputs()[0].node);
/// assert_eq!((&node.op, node.shape.len()), (&Op::Binary(Binary::Mul), 3));
/// assert!(node.operands.iter().all(|operand| *operand < f.outputs()[0].node));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// From what, in order.
    pub operands: SmallVec<[NodeId; 3]>,
    /// The shape of the result.
    pub shape: Shape,
}

impl Node {
    fn hashed(&self) -> u32 {
        let mut mixer = Mixer::default();
        self.hash(&mut mixer);
        mixer.short()
    }
}

/// An expression graph over scalars `T`.
///
/// Nodes refer only to earlier nodes, so one pass over the indices is an evaluation and one pass backwards is a reverse
/// sweep. Equal nodes (same operation, operands and shape) are stored once (hash-consing), so common subexpressions are
/// found as they are written.
///
/// ```
/// use costate_tape::{Function, Scalar};
/// let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].sin() * v[0] + v[0].sin()])?;
/// let names: Vec<&str> = f.graph().nodes().iter().map(|node| node.op.name()).collect();
/// assert_eq!(names, ["input", "sin", "mul", "add"]); // sin x once
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Graph<T> {
    nodes: Vec<Node>,
    constants: Vec<Arc<[T]>>,
    /// The nodes by hash, while the graph is written.
    known: Table,
    known_constants: HashMap<u64, u32>,
}

impl<T> Default for Graph<T> {
    fn default() -> Self {
        Graph {
            nodes: Vec::new(),
            constants: Vec::new(),
            known: Table::default(),
            known_constants: HashMap::default(),
        }
    }
}

impl<T: Scalar> Graph<T> {
    /// A graph without nodes.
    #[must_use]
    pub fn new() -> Self {
        Graph::default()
    }

    /// All nodes; a node's operands stand before it.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The shape of one node.
    #[must_use]
    pub fn shape(&self, id: NodeId) -> &Shape {
        &self.nodes[id.index()].shape
    }

    /// The elements of constant number `index` (see [`Op::Constant`]).
    #[must_use]
    pub fn constant_values(&self, index: u32) -> &[T] {
        &self.constants[index as usize]
    }

    /// The single number of a constant node that is the same in all elements.
    #[must_use]
    pub fn constant_scalar(&self, id: NodeId) -> Option<T> {
        let node = self.node(id);
        match node.op {
            Op::Constant(index) => {
                let values = self.constant_values(index);
                (values.len() == 1).then(|| values[0])
            }
            Op::Broadcast => self.constant_scalar(node.operands[0]),
            _ => None,
        }
    }

    /// Whether a node is a constant of which every element is zero.
    pub(crate) fn is_zero(&self, id: NodeId) -> bool {
        let node = self.node(id);
        match node.op {
            Op::Constant(index) => {
                let zero = T::from_f64(0.0);
                self.constant_values(index).iter().all(|&x| x == zero)
            }
            Op::Broadcast => self.is_zero(node.operands[0]),
            _ => false,
        }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node for this expression: the one that is there already, or a new one.
    pub(crate) fn push(&mut self, op: Op, operands: &[NodeId], shape: Shape) -> NodeId {
        debug_assert!(
            operands
                .iter()
                .all(|operand| operand.index() < self.nodes.len()),
            "operands stand before their node"
        );
        let node = Node {
            op,
            operands: operands.iter().copied().collect(),
            shape,
        };
        let hash = node.hashed();
        let is = |number: u32| self.nodes[number as usize] == node;
        if let Some(known) = self.known.find(hash, is) {
            return NodeId(known);
        }
        let number = u32::try_from(self.nodes.len()).expect("a graph holds at most 2³² nodes");
        self.nodes.push(node);
        self.known.insert(hash, number);
        NodeId(number)
    }

    /// The node for this expression, if it is there already.
    pub(crate) fn find(&self, op: &Op, operands: &[NodeId], shape: &Shape) -> Option<NodeId> {
        let node = Node {
            op: op.clone(),
            operands: operands.iter().copied().collect(),
            shape: shape.clone(),
        };
        let is = |number: u32| self.nodes[number as usize] == node;
        self.known.find(node.hashed(), is).map(NodeId)
    }

    /// The graph as it is stored: nothing is added any more, so what is known need not be looked up.
    pub(crate) fn closed(mut self) -> Self {
        self.known = Table::default();
        self.known_constants = HashMap::default();
        self.nodes.shrink_to_fit();
        self
    }

    /// A copy of a stored graph, to be written on.
    pub(crate) fn opened(&self) -> Self {
        let room = 3 * self.nodes.len();
        let mut nodes = Vec::with_capacity(room);
        nodes.extend_from_slice(&self.nodes);
        let mut known = Table::with_room(room);
        for (number, node) in nodes.iter().enumerate() {
            known.insert(node.hashed(), number as u32);
        }
        let mut known_constants = HashMap::new();
        for (index, values) in self.constants.iter().enumerate() {
            if let Some(key) = single_key(values) {
                known_constants.entry(key).or_insert(index as u32);
            }
        }
        Graph {
            nodes,
            constants: self.constants.clone(),
            known,
            known_constants,
        }
    }

    /// The nodes that are alive, stored, and the new place of each. Their order stays.
    pub(crate) fn compacted(self, alive: &[bool]) -> (Self, Vec<NodeId>) {
        let count = alive.iter().filter(|&&alive| alive).count();
        let mut places = vec![NodeId(0); alive.len()];
        let mut nodes = Vec::with_capacity(count);
        let mut constants: Vec<Arc<[T]>> = Vec::new();
        let mut moved = vec![None; self.constants.len()];
        for (i, mut node) in self
            .nodes
            .into_iter()
            .enumerate()
            .filter(|&(i, _)| alive[i])
        {
            places[i] = NodeId(nodes.len() as u32);
            if let Op::Constant(index) = &mut node.op {
                let from = *index as usize;
                *index = *moved[from].get_or_insert_with(|| {
                    constants.push(self.constants[from].clone());
                    constants.len() as u32 - 1
                });
            }
            node.operands
                .iter_mut()
                .for_each(|operand| *operand = places[operand.index()]);
            nodes.push(node);
        }
        let graph = Graph {
            nodes,
            constants,
            ..Graph::default()
        };
        (graph, places)
    }

    /// A constant array.
    pub(crate) fn constant(&mut self, shape: Shape, values: &[T]) -> NodeId {
        debug_assert_eq!(shape.len(), values.len());
        let key = single_key(values);
        let index = match key.and_then(|key| self.known_constants.get(&key).copied()) {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.constants.len()).expect("fewer than 2³² constants");
                self.constants.push(values.into());
                if let Some(key) = key {
                    self.known_constants.insert(key, index);
                }
                index
            }
        };
        self.push(Op::Constant(index), &[], shape)
    }
}

/// The key of a single number.
fn single_key<T: Scalar>(values: &[T]) -> Option<u64> {
    match values {
        [value] => value.constant_key(),
        _ => None,
    }
}
