//! A function of arrays as a function of single numbers.

use super::names::Names;
use crate::error::Error;
use crate::function::Function;
use crate::op::{Op, array};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::var::Var;

impl<T: Scalar> Function<T> {
    /// The same function element by element: one input and one output for each element, so that every component is a formula of
    /// its own. Inputs take their names from `names`, or are called `h[0]`.
    ///
    /// For reading, and for functions of few numbers: a matrix product is written out term by term. Values are equal (a sum that
    /// is +0 may become −0).
    ///
    /// # Errors
    /// [`Error::DuplicateName`] if two elements share a name.
    ///
    /// ```
    /// use costate_tape::{Function, Names, Rule};
    /// let f = Function::<f64>::record(&[("h", &[2]), ("a", &[2, 2])], |v| vec![v[1].matmul(v[0]) * v[0].index(1)])?;
    /// let names = Names::new().elements("h", &["prey", "predator"]);
    /// // The derivative to the first output's first component alone.
    /// let read = f.elements(&names)?.simplify_with(&Rule::ALL);
    /// assert_eq!(read.to_string(), "\
    /// f(prey, predator, a[0, 0], a[0, 1], a[1, 0], a[1, 1]):
    ///   y[0] = (a[0, 0]*prey + a[0, 1]*predator)*predator
    ///   y[1] = (a[1, 0]*prey + a[1, 1]*predator)*predator
    /// ");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    pub fn elements(&self, names: &Names) -> Result<Function<T>, Error> {
        let mut inputs = Vec::new();
        let mut starts = Vec::new();
        for (number, port) in self.inputs().iter().enumerate() {
            let shape = self.input_shape(number);
            starts.push(inputs.len());
            for i in 0..shape.len() {
                let name = match names.of(&port.name, &(i..i + 1)) {
                    Some(name) => name.to_owned(),
                    None => shape.element_name(&port.name, i),
                };
                inputs.push((name, Shape::scalar()));
            }
        }
        let mut elements = Self::record_on(Tape::new(), &inputs, |_, variables| {
            let values = self.spread(variables, &starts);
            let guarded = self.guards().iter().flat_map(|guard| [guard.a, guard.b]);
            let ports = self.outputs().iter().map(|port| port.node);
            ports
                .chain(guarded)
                .flat_map(|node| values[node.index()].clone())
                .collect()
        })?;
        elements.move_guards(self);
        let outputs = (0..self.outputs().len()).flat_map(|number| {
            let (name, shape) = (&self.outputs()[number].name, self.output_shape(number));
            (0..shape.len()).map(move |i| shape.element_name(name, i))
        });
        let outputs: Vec<String> = outputs.collect();
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        Ok(elements.with_output_names(&outputs))
    }

    /// Every node as the variables that are its elements.
    fn spread<'t>(&self, variables: &[Var<'t, T>], starts: &[usize]) -> Vec<Vec<Var<'t, T>>> {
        let graph = self.graph();
        let mut values: Vec<Vec<Var<'t, T>>> = Vec::with_capacity(graph.len());
        for node in graph.nodes() {
            let shapes: Vec<&Shape> = node.operands.iter().map(|&id| graph.shape(id)).collect();
            let operand = |i: usize| values[node.operands[i].index()].as_slice();
            let length = node.shape.len();
            let value = match &node.op {
                Op::Input(number) => {
                    let start = starts[*number as usize];
                    variables[start..start + length].to_vec()
                }
                Op::Constant(index) => graph
                    .constant_values(*index)
                    .iter()
                    .map(|&x| Var::detached(x))
                    .collect(),
                Op::Powi(n) => operand(0).iter().map(|x| x.powi(*n)).collect(),
                Op::Sum(axes) => {
                    let mut sums: Vec<Option<Var<'t, T>>> = vec![None; length];
                    for (i, &x) in array::summed_positions(shapes[0], *axes).zip(operand(0)) {
                        sums[i] = Some(sums[i].map_or(x, |sum| sum + x));
                    }
                    sums.into_iter()
                        .map(|sum| sum.unwrap_or_else(|| Var::from_f64(0.0)))
                        .collect()
                }
                Op::ScatterAdd(table) => {
                    let mut sums: Vec<Option<Var<'t, T>>> = vec![None; length];
                    for (&i, &x) in table.iter().zip(operand(0)) {
                        let sum = &mut sums[i as usize];
                        *sum = Some(sum.map_or(x, |sum| sum + x));
                    }
                    sums.into_iter()
                        .map(|sum| sum.unwrap_or_else(|| Var::from_f64(0.0)))
                        .collect()
                }
                Op::MatMul {
                    transpose_a,
                    transpose_b,
                } => product(
                    (shapes[0], operand(0), *transpose_a),
                    (shapes[1], operand(1), *transpose_b),
                ),
                // Elimination has no formula: the matrix and the right-hand sides stay together.
                Op::Solve { .. } | Op::Det | Op::LogAbsDet => {
                    let together = |i: usize| Var::stack(operand(i)).reshape(shapes[i].clone());
                    let y = match &node.op {
                        Op::Solve { transpose } => together(0).solve_with(together(1), *transpose),
                        Op::Det => together(0).det(),
                        _ => together(0).log_abs_det(),
                    };
                    let flat = y.reshape([length]);
                    (0..length).map(|i| flat.index(i)).collect()
                }
                // What is left works on each element by itself, or only moves elements: the interpreter's rule, over variables.
                _ => {
                    let operands: Vec<&[Var<'t, T>]> = (0..shapes.len()).map(operand).collect();
                    let mut out = Vec::with_capacity(length);
                    array::value(node, &shapes, &operands, &mut out);
                    out
                }
            };
            values.push(value);
        }
        values
    }
}

/// A matrix product, each element a sum of products without a leading zero.
fn product<'t, T: Scalar>(
    (a_shape, a, a_turned): (&Shape, &[Var<'t, T>], bool),
    (b_shape, b, b_turned): (&Shape, &[Var<'t, T>], bool),
) -> Vec<Var<'t, T>> {
    let (rows, inner) = crate::op::matmul::dimensions(a_shape, a_turned);
    let (_, columns) = crate::op::matmul::dimensions(b_shape, b_turned);
    let at = |shape: &Shape, turned: bool, i: usize, j: usize| {
        if turned {
            j * shape.axis(1) + i
        } else {
            i * shape.axis(1) + j
        }
    };
    let mut out = Vec::with_capacity(rows * columns);
    for i in 0..rows {
        for j in 0..columns {
            let term = |k: usize| a[at(a_shape, a_turned, i, k)] * b[at(b_shape, b_turned, k, j)];
            out.push(
                (0..inner)
                    .map(term)
                    .reduce(|sum, x| sum + x)
                    .unwrap_or_else(|| Var::from_f64(0.0)),
            );
        }
    }
    out
}
