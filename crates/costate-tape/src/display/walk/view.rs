//! Parts of inputs, and what they are called.

use super::{Piece, Walk};
use crate::graph::NodeId;
use crate::op::Op;
use crate::scalar::Scalar;
use std::ops::Range;

impl<T: Scalar> Walk<'_, T> {
    /// A run of an input's elements, in order: (input, run).
    pub(super) fn view(&self, id: NodeId) -> Option<(usize, Range<usize>)> {
        let node = self.graph.node(id);
        let length = node.shape.len();
        match &node.op {
            Op::Input(number) => Some((*number as usize, 0..length)),
            Op::Reshape => self.view(node.operands[0]),
            Op::Slice { axis, start } => {
                let (input, run) = self.view(node.operands[0])?;
                let own = self.graph.shape(node.operands[0]);
                let outer: usize = own.to_vec()[..*axis as usize].iter().product();
                let begin = run.start + *start as usize * own.strides()[*axis as usize];
                (outer == 1).then_some((input, begin..begin + length))
            }
            _ => None,
        }
    }

    /// The name of a run of an input: the user's, or the input's own with an index.
    pub(super) fn named_view(&self, id: NodeId) -> Option<Piece> {
        let (input, run) = self.view(id)?;
        let name = self.inputs[input];
        if let Some(given) = self.names.of(name, &run) {
            return Some(self.style.name(given));
        }
        let whole = self
            .graph
            .nodes()
            .iter()
            .find(|node| node.op == Op::Input(input as u32))?;
        let node = self.graph.node(id);
        let array = self.style.name(name);
        if run.len() == whole.shape.len() && whole.shape == node.shape {
            return Some(array);
        }
        let flat = whole.shape.rank() == 1 && node.shape.rank() <= 1;
        match (run.len(), flat) {
            (1, _) => {
                let element = whole.shape.element_name("", run.start);
                let index = element.trim_start_matches('[').trim_end_matches(']');
                Some(if index.is_empty() {
                    array
                } else {
                    self.style.indexed(array, index)
                })
            }
            (_, true) => Some(
                self.style
                    .indexed(array, &format!("{}:{}", run.start, run.end)),
            ),
            _ => None,
        }
    }
}
