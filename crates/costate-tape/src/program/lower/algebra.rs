//! Linear systems: one elimination for a matrix, whatever its factors are used for.

use super::{Lower, Unfit, Value};
use crate::kernel::dispatch::Registers;
use crate::program::algebra::{self, Algebra};
use crate::program::draft::Draft;
use crate::program::source::Node;

impl<T: Registers> Lower<'_, T> {
    pub(super) fn algebra(&mut self, node: &Node<T>, algebra: Algebra) -> Result<Value, Unfit> {
        // Batches have no matrices of their own.
        if self.geometry.is_some() {
            return Err(Unfit);
        }
        let mut from = Vec::with_capacity(2);
        for &operand in &node.operands {
            from.push(self.operand(operand)?);
        }
        let first = self.len(node.operands[0]);
        let n = match algebra {
            Algebra::Factor => self.shape(node.operands[0])[0],
            _ => algebra::order_of(first),
        };
        let columns = node.shape.get(1).copied().unwrap_or(1);
        let len = node.shape.iter().product();
        let to = self.array(len);
        self.steps.push(Draft::Algebra {
            algebra,
            from,
            to,
            shape: [n, columns],
        });
        Ok(Value::Array(to, len))
    }
}
