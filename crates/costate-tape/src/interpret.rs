//! The reference interpreter: every node's value, in order, by the plain rule of its operation.

use crate::graph::{Graph, NodeId};
use crate::op::{Op, array};
use crate::scalar::Scalar;
use smallvec::SmallVec;

/// The values of a graph's nodes, one after another.
#[derive(Clone, Debug)]
pub(crate) struct Values<T> {
    data: Vec<T>,
    /// Where each node's value begins, and the end.
    starts: Vec<usize>,
}

impl<T: Scalar> Values<T> {
    pub(crate) fn new() -> Self {
        Values {
            data: Vec::new(),
            starts: vec![0],
        }
    }

    /// The value of a node that has been reached.
    pub(crate) fn of(&self, id: NodeId) -> &[T] {
        &self.data[self.starts[id.index()]..self.starts[id.index() + 1]]
    }

    /// Evaluates all nodes of the graph that have no value so far.
    pub(crate) fn extend<'i>(&mut self, graph: &Graph<T>, input: impl Fn(usize) -> &'i [T])
    where
        T: 'i,
    {
        let mut value = Vec::new();
        for node in &graph.nodes()[self.starts.len() - 1..] {
            value.clear();
            match node.op {
                Op::Input(number) => value.extend_from_slice(input(number as usize)),
                Op::Constant(index) => value.extend_from_slice(graph.constant_values(index)),
                _ => {
                    let shapes: SmallVec<[_; 3]> = node
                        .operands
                        .iter()
                        .map(|&operand| graph.shape(operand))
                        .collect();
                    let operands: SmallVec<[_; 3]> = node
                        .operands
                        .iter()
                        .map(|&operand| self.of(operand))
                        .collect();
                    array::value(node, &shapes, &operands, &mut value);
                }
            }
            debug_assert_eq!(value.len(), node.shape.len(), "{}", node.op.name());
            self.data.extend_from_slice(&value);
            self.starts.push(self.data.len());
        }
    }
}
