//! The formula of each operation, of those of its operands.

use super::{Piece, Walk, is_silent};
use crate::graph::NodeId;
use crate::op::{Binary, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;

impl<T: Scalar> Walk<'_, T> {
    /// The formula of a node, whatever it is called.
    pub(super) fn write(&mut self, id: NodeId, whole: bool) -> Piece {
        if let Some(piece) = self.named_view(id) {
            return piece;
        }
        let graph = self.graph;
        let node = graph.node(id);
        let operands = node.operands.as_slice();
        match &node.op {
            Op::Input(number) => self.style.name(self.inputs[*number as usize]),
            Op::Constant(index) => self.constant(graph.constant_values(*index)),
            Op::Unary(op) => {
                let x = self.operand(operands[0]);
                self.style.unary(*op, x)
            }
            Op::Binary(op) => {
                let (a, b) = (self.operand(operands[0]), self.operand(operands[1]));
                let many = |id: &NodeId| self.graph.shape(self.shared(*id)).len() > 1;
                if *op == Binary::Mul && operands.iter().all(many) {
                    self.style.elementwise(a, b)
                } else {
                    self.style.binary(*op, a, b)
                }
            }
            Op::Powi(n) => {
                let x = self.operand(operands[0]);
                self.style.power(x, *n)
            }
            Op::Select => {
                let [c, a, b] = [0, 1, 2].map(|i| self.operand(operands[i]));
                self.style.select(c, a, b)
            }
            Op::Broadcast if !whole => self.operand(id),
            Op::Broadcast => self.with_shape("broadcast", operands[0], &node.shape),
            Op::Sum(_) if is_silent(graph, node) => self.piece(operands[0], whole),
            Op::Sum(axes) => {
                let rank = graph.shape(operands[0]).rank();
                let summed: Vec<usize> = (0..rank).filter(|axis| axes >> axis & 1 == 1).collect();
                let x = self.piece(operands[0], false);
                self.style.sum(x, (summed.len() < rank).then_some(&summed))
            }
            Op::Reshape => {
                let inner = graph.node(operands[0]);
                if let Op::Slice { axis: 0, start } = inner.op
                    && inner.shape.axis(0) == 1
                    && inner.shape.len() == node.shape.len()
                    && inner.shape.rank() == node.shape.rank() + 1
                {
                    let array = self.piece(inner.operands[0], false);
                    return self.style.indexed(array, &start.to_string());
                }
                if is_silent(graph, node) {
                    self.piece(operands[0], whole)
                } else {
                    self.with_shape("reshape", operands[0], &node.shape)
                }
            }
            Op::Transpose(permutation) => {
                let x = self.piece(operands[0], false);
                if permutation.as_slice() == [1, 0] {
                    self.style.transpose(x)
                } else {
                    self.style.call(
                        "permute",
                        &[x.text, format!("{:?}", permutation.as_slice())],
                    )
                }
            }
            Op::Slice { axis, start } => {
                let end = *start as usize + node.shape.axis(*axis as usize);
                let array = self.piece(operands[0], false);
                if graph.shape(operands[0]).rank() == 1 && node.shape.len() == 1 {
                    return self.style.indexed(array, &start.to_string());
                }
                self.style.indexed(
                    array,
                    &format!("{}{start}:{end}", ":, ".repeat(*axis as usize)),
                )
            }
            Op::Pad { axis, start } => {
                let x = self.piece(operands[0], false);
                let end = *start as usize + graph.shape(operands[0]).axis(*axis as usize);
                let index = format!("{}{start}:{end}", ":, ".repeat(*axis as usize));
                self.style
                    .call("pad", &[x.text, index, node.shape.to_string()])
            }
            Op::Concat(axis) => self.concat(operands, *axis as usize, &node.shape),
            Op::Gather(table) => {
                let x = self.piece(operands[0], false);
                self.style.call("gather", &[x.text, shortened(table)])
            }
            Op::ScatterAdd(table) => {
                let x = self.piece(operands[0], false);
                self.style.call(
                    "scatter_add",
                    &[x.text, shortened(table), node.shape.to_string()],
                )
            }
            Op::MatMul {
                transpose_a,
                transpose_b,
            } => {
                let [a, b] = [(0, transpose_a), (1, transpose_b)].map(|(i, turned)| {
                    let x = self.piece(operands[i], false);
                    if *turned { self.style.transpose(x) } else { x }
                });
                self.style.matmul(a, b)
            }
            Op::Solve { transpose } => {
                let [a, b] = [0, 1].map(|i| self.piece(operands[i], false));
                let a = if *transpose {
                    self.style.transpose(a)
                } else {
                    a
                };
                self.style.call("solve", &[a.text, b.text])
            }
            Op::Det | Op::LogAbsDet => {
                let x = self.piece(operands[0], false);
                self.style.call(node.op.name(), &[x.text])
            }
        }
    }

    fn with_shape(&mut self, name: &str, operand: NodeId, shape: &Shape) -> Piece {
        let x = self.piece(operand, false);
        self.style.call(name, &[x.text, shape.to_string()])
    }

    /// Parts one after another; single numbers side by side are a vector.
    fn concat(&mut self, operands: &[NodeId], axis: usize, shape: &Shape) -> Piece {
        let parts: Vec<Piece> = operands
            .iter()
            .map(|&part| self.piece(part, false))
            .collect();
        let single = operands
            .iter()
            .all(|&part| self.graph.shape(part).len() == 1);
        if single && shape.rank() == 1 || axis == 0 && self.stacked(operands) {
            return self.style.vector(&parts);
        }
        let mut arguments: Vec<String> = parts.into_iter().map(|part| part.text).collect();
        if axis > 0 {
            arguments.push(format!("axis {axis}"));
        }
        self.style.call("concat", &arguments)
    }

    /// Whether every part is a row that was given its first axis for the purpose.
    fn stacked(&self, operands: &[NodeId]) -> bool {
        operands.iter().all(|&part| {
            let node = self.graph.node(part);
            node.op == Op::Reshape
                && node.shape.axis(0) == 1
                && self.graph.shape(node.operands[0]).rank() + 1 == node.shape.rank()
        })
    }

    fn constant(&self, values: &[T]) -> Piece {
        match values {
            [value] => self.style.number(&format!("{value:?}")),
            _ if values.len() <= 12 => {
                let parts: Vec<Piece> = values
                    .iter()
                    .map(|value| self.style.number(&format!("{value:?}")))
                    .collect();
                self.style.vector(&parts)
            }
            _ => self
                .style
                .call("constant", &[format!("{} numbers", values.len())]),
        }
    }
}

/// A table of indices, its middle left out where it is long.
fn shortened(table: &[u32]) -> String {
    if table.len() <= 8 {
        return format!("{table:?}");
    }
    let ends = |part: &[u32]| {
        part.iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!(
        "[{}, …, {}]",
        ends(&table[..4]),
        ends(&table[table.len() - 2..])
    )
}
