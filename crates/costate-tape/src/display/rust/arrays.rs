//! Arrays in Rust source: one statement each, loops over rows and columns where elements move.

use super::{Plain, Writer, helpers};
use crate::error::Error;
use crate::graph::NodeId;
use crate::op::{Op, array, matmul};
use crate::shape::Shape;
use std::fmt::Write as _;

impl<T: Plain> Writer<'_, T> {
    /// Writes the statement that makes an array and returns the array's name.
    pub(super) fn statement(&mut self, id: NodeId) -> Result<String, Error> {
        let graph = self.graph;
        let node = graph.node(id);
        let (name, length, number) = (format!("n{}", id.index()), node.shape.len(), T::NAME);
        let shape = |i: usize| graph.shape(node.operands[i]);
        match &node.op {
            Op::Constant(index) => {
                let values: Vec<String> = graph
                    .constant_values(*index)
                    .iter()
                    .map(|x| x.literal())
                    .collect();
                let _ = writeln!(self.body, "    let {name} = [{}];", values.join(", "));
            }
            op if op.is_elementwise() => {
                let mut operands = Vec::with_capacity(3);
                for &operand in &node.operands {
                    operands.push(self.element(operand)?);
                }
                let value = self.apply(op, &operands);
                let _ = writeln!(
                    self.body,
                    "    let {name}: [{number}; {length}] = std::array::from_fn(|i| {value});"
                );
            }
            Op::Concat(_)
                if node
                    .operands
                    .iter()
                    .all(|&part| graph.shape(part).len() == 1) =>
            {
                let mut parts = Vec::with_capacity(length);
                for &part in &node.operands {
                    parts.push(self.single(part)?);
                }
                let _ = writeln!(self.body, "    let {name} = [{}];", parts.join(", "));
            }
            Op::Gather(table) => {
                let from = self.whole(node.operands[0])?;
                let at = self.local("at");
                let _ = writeln!(
                    self.body,
                    "    let {name} = {table:?}.map(|{at}: usize| {from}[{at}]);"
                );
            }
            Op::ScatterAdd(table) => {
                let from = self.whole(node.operands[0])?;
                let _ = writeln!(self.body, "    let mut {name} = [0.0{number}; {length}];");
                let (count, to) = (table.len(), self.local("to"));
                let _ = writeln!(self.body, "    let {to}: [usize; {count}] = {table:?};");
                let _ = writeln!(
                    self.body,
                    "    for i in 0..{count} {{\n        {name}[{to}[i]] += {from}[i];\n    }}"
                );
            }
            Op::Broadcast => {
                let from = self.whole(node.operands[0])?;
                let lead = node.shape.rank() - shape(0).rank();
                let strides = shape(0).strides();
                let steps: Vec<usize> = (0..node.shape.rank())
                    .map(|axis| {
                        if axis < lead || shape(0).axis(axis - lead) == 1 {
                            0
                        } else {
                            strides[axis - lead]
                        }
                    })
                    .collect();
                self.copy(
                    &name,
                    length,
                    &node.shape,
                    (&node.shape.strides(), 0),
                    (&from, &steps, 0),
                );
            }
            Op::Transpose(permutation) => {
                let from = self.whole(node.operands[0])?;
                let strides = shape(0).strides();
                let steps: Vec<usize> = permutation
                    .iter()
                    .map(|&axis| strides[axis as usize])
                    .collect();
                self.copy(
                    &name,
                    length,
                    &node.shape,
                    (&node.shape.strides(), 0),
                    (&from, &steps, 0),
                );
            }
            Op::Slice { axis, start } => {
                let from = self.whole(node.operands[0])?;
                let strides = shape(0).strides();
                let first = *start as usize * strides[*axis as usize];
                self.copy(
                    &name,
                    length,
                    &node.shape,
                    (&node.shape.strides(), 0),
                    (&from, &strides, first),
                );
            }
            Op::Pad { axis, start } => {
                let from = self.whole(node.operands[0])?;
                let strides = node.shape.strides();
                let first = *start as usize * strides[*axis as usize];
                self.copy(
                    &name,
                    length,
                    shape(0),
                    (&strides, first),
                    (&from, &shape(0).strides(), 0),
                );
            }
            Op::Concat(axis) => {
                let _ = writeln!(self.body, "    let mut {name} = [0.0{number}; {length}];");
                let strides = node.shape.strides();
                let mut first = 0;
                for (i, &part) in node.operands.iter().enumerate() {
                    let from = self.whole(part)?;
                    self.loops(
                        shape(i),
                        &[(&strides, first), (&shape(i).strides(), 0)],
                        &|at| format!("{name}[{}] = {from}[{}];", at[0], at[1]),
                    );
                    first += shape(i).axis(*axis as usize) * strides[*axis as usize];
                }
            }
            Op::Sum(axes) => {
                let from = self.whole(node.operands[0])?;
                let _ = writeln!(self.body, "    let mut {name} = [0.0{number}; {length}];");
                let steps = array::summed_steps(shape(0), *axes);
                self.loops(shape(0), &[(&steps, 0), (&shape(0).strides(), 0)], &|at| {
                    format!("{name}[{}] += {from}[{}];", at[0], at[1])
                });
            }
            Op::MatMul {
                transpose_a,
                transpose_b,
            } => {
                let (a, b) = (self.whole(node.operands[0])?, self.whole(node.operands[1])?);
                let (rows, inner) = matmul::dimensions(shape(0), *transpose_a);
                let (_, columns) = matmul::dimensions(shape(1), *transpose_b);
                let (j, k) = (self.local("j"), self.local("k"));
                let at_a = if *transpose_a {
                    format!("{k} * {rows} + i")
                } else {
                    format!("i * {inner} + {k}")
                };
                let at_b = if *transpose_b {
                    format!("{j} * {inner} + {k}")
                } else {
                    format!("{k} * {columns} + {j}")
                };
                let _ = writeln!(
                    self.body,
                    "    let mut {name} = [0.0{number}; {length}];
    for i in 0..{rows} {{
        for {j} in 0..{columns} {{
            for {k} in 0..{inner} {{
                {name}[i * {columns} + {j}] += {a}[{at_a}] * {b}[{at_b}];
            }}
        }}
    }}"
                );
            }
            Op::Solve { transpose } => {
                let (a, b) = (self.whole(node.operands[0])?, self.whole(node.operands[1])?);
                self.helpers.insert(helpers::LINEAR);
                let n = shape(0).axis(0);
                let _ = writeln!(
                    self.body,
                    "    let {name}: [{number}; {length}] = std::convert::TryInto::try_into(linear::solve(&{a}[..], &{b}[..], {n}, {transpose})).unwrap();"
                );
            }
            Op::Det | Op::LogAbsDet => {
                let a = self.whole(node.operands[0])?;
                self.helpers.insert(helpers::LINEAR);
                let (call, n) = (node.op.name(), shape(0).axis(0));
                let _ = writeln!(
                    self.body,
                    "    let {name} = [linear::{call}(&{a}[..], {n})];"
                );
            }
            op => {
                return Err(Error::NoSource {
                    operation: op.name(),
                });
            }
        }
        Ok(name)
    }

    /// Element i of an operand of an elementwise operation; a number that is broadcast is not spread out.
    fn element(&mut self, mut id: NodeId) -> Result<String, Error> {
        while self.graph.node(id).op == Op::Broadcast
            && self.graph.shape(self.graph.node(id).operands[0]).len() == 1
        {
            id = self.graph.node(id).operands[0];
        }
        if self.graph.shape(id).len() == 1
            || matches!(self.graph.node(id).op, Op::Constant(index) if self.graph.constant_values(index).len() == 1)
        {
            self.single(id)
        } else {
            Ok(format!("{}[i]", self.array(id)?))
        }
    }

    /// A new array into which elements are copied.
    fn copy(
        &mut self,
        name: &str,
        length: usize,
        over: &Shape,
        to: (&[usize], usize),
        from: (&str, &[usize], usize),
    ) {
        let _ = writeln!(
            self.body,
            "    let mut {name} = [0.0{}; {length}];",
            T::NAME
        );
        self.loops(over, &[to, (from.1, from.2)], &|at| {
            format!("{name}[{}] = {}[{}];", at[0], from.0, at[1])
        });
    }

    /// Loops over all axes of a shape, around one statement that is given the position for each set of steps.
    fn loops(
        &mut self,
        over: &Shape,
        steps: &[(&[usize], usize)],
        statement: &dyn Fn(&[String]) -> String,
    ) {
        let axes: Vec<usize> = (0..over.rank())
            .filter(|&axis| over.axis(axis) != 1)
            .collect();
        let counters: Vec<String> = (0..over.rank())
            .map(|axis| self.local(&format!("i{axis}")))
            .collect();
        for (depth, &axis) in axes.iter().enumerate() {
            let _ = writeln!(
                self.body,
                "    {}for {} in 0..{} {{",
                "    ".repeat(depth),
                counters[axis],
                over.axis(axis)
            );
        }
        let at: Vec<String> = steps
            .iter()
            .map(|(steps, first)| {
                let mut terms: Vec<String> = axes
                    .iter()
                    .filter(|&&axis| steps[axis] != 0)
                    .map(|&axis| {
                        if steps[axis] == 1 {
                            counters[axis].clone()
                        } else {
                            format!("{} * {}", counters[axis], steps[axis])
                        }
                    })
                    .collect();
                if *first > 0 || terms.is_empty() {
                    terms.insert(0, first.to_string());
                }
                terms.join(" + ")
            })
            .collect();
        let _ = writeln!(
            self.body,
            "    {}{}",
            "    ".repeat(axes.len()),
            statement(&at)
        );
        for depth in (0..axes.len()).rev() {
            let _ = writeln!(self.body, "    {}}}", "    ".repeat(depth));
        }
    }
}
