//! The graph: an append-only arena of nodes that refer only to earlier nodes, each distinct expression stored once.

use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

/// A node's place in its graph.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// From what, in order.
    pub operands: SmallVec<[NodeId; 3]>,
    /// The shape of the result.
    pub shape: Shape,
}

type Hasher = BuildHasherDefault<DefaultHasher>;

/// An expression graph over scalars `T`.
///
/// Nodes refer only to earlier nodes, so one pass over the indices is an evaluation and one pass backwards is a reverse
/// sweep. Equal nodes (same operation, operands and shape) are stored once (hash-consing), so common subexpressions are
/// found as they are written.
#[derive(Clone, Debug)]
pub struct Graph<T> {
    nodes: Vec<Node>,
    constants: Vec<Arc<[T]>>,
    /// Node by hash. Two nodes of one hash: the later is stored again, which costs room and nothing else.
    known: HashMap<u64, NodeId, Hasher>,
    known_constants: HashMap<u64, u32, Hasher>,
}

impl<T> Default for Graph<T> {
    fn default() -> Self {
        Graph {
            nodes: Vec::new(),
            constants: Vec::new(),
            known: HashMap::default(),
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
        let hash = Hasher::default().hash_one(&node);
        if let Some(&known) = self.known.get(&hash)
            && self.nodes[known.index()] == node
        {
            return known;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).expect("a graph holds at most 2³² nodes"));
        self.nodes.push(node);
        self.known.entry(hash).or_insert(id);
        id
    }

    /// The node for this expression, if it is there already.
    pub(crate) fn find(&self, op: &Op, operands: &[NodeId], shape: &Shape) -> Option<NodeId> {
        let node = Node {
            op: op.clone(),
            operands: operands.iter().copied().collect(),
            shape: shape.clone(),
        };
        let known = *self.known.get(&Hasher::default().hash_one(&node))?;
        (self.nodes[known.index()] == node).then_some(known)
    }

    /// A constant array.
    pub(crate) fn constant(&mut self, shape: Shape, values: &[T]) -> NodeId {
        debug_assert_eq!(shape.len(), values.len());
        let key = match values {
            [value] => value.constant_key(),
            _ => None,
        };
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
