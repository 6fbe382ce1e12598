//! What a program costs, counted when it is compiled.

use super::algebra::Algebra;
use super::compile::Signature;
use super::source::{Elementwise, Kind, Node, Source};
use super::{Lane, Needs, Program};
use crate::op::{Binary, Unary};

/// Arithmetic, counted from the formulas: what fusion saves, and terms that are zero by structure, are not taken off.
///
/// ```
/// use costate_tape::{Function, Program, Scalar};
/// // W·x for W [50, 20] takes 50·20 products and as many sums; then 50 values of tanh.
/// let f = Function::<f64>::record(&[("W", &[50, 20]), ("x", &[20, 1])], |v| vec![v[0].matmul(v[1]).tanh()])?;
/// let work = Program::compile(&f)?.cost().evaluation;
/// assert_eq!((work.nodes, work.flops, work.functions), (2, 2 * 50 * 20, 50));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Work {
    /// Nodes of the graph that compute: no inputs, constants and movements of elements, which cost nothing of their own.
    pub nodes: usize,
    /// Additions, subtractions, multiplications, divisions, comparisons and choices.
    pub flops: u64,
    /// Values of other functions: tanh, exp, sqrt, pow …
    pub functions: u64,
}

/// What one run of a [`Program`] computes, and the memory it needs; see [`Program::cost`].
///
/// ```
/// use costate_tape::{Function, Program, Scalar};
/// let f = Function::<f64>::record(&[("x", &[100])], |v| vec![v[0].tanh() * v[0]])?;
/// let cost = Program::compile(&f)?.cost();
/// assert_eq!((cost.evaluation.flops, cost.evaluation.functions), (100, 100));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// One evaluation.
    pub evaluation: Work,
    /// The products of one evaluation, those with respect to the parameters included; beside what the evaluation has computed.
    pub products: Work,
    /// Bytes of a workspace, whatever it keeps.
    pub workspace_bytes: usize,
    /// Bytes of each evaluation that it keeps.
    pub frame_bytes: usize,
}

impl Cost {
    /// Bytes of a workspace that keeps this many evaluations.
    #[must_use]
    pub fn bytes(&self, frames: usize) -> usize {
        self.workspace_bytes + frames * self.frame_bytes
    }

    pub(super) fn new<T: Lane>(source: &Source<T>, signature: &Signature, memory: Needs) -> Cost {
        let (mut evaluation, mut products) = (Work::default(), Work::default());
        for (node, evaluated) in source.nodes.iter().zip(signature.evaluation(source)) {
            let work = if evaluated {
                &mut evaluation
            } else {
                &mut products
            };
            work.add(node, &source.nodes);
        }
        Cost {
            evaluation,
            products,
            workspace_bytes: (memory.shared + memory.overhang) * size_of::<T>(),
            frame_bytes: memory.stride * size_of::<T>(),
        }
    }
}

impl Work {
    fn add<T>(&mut self, node: &Node<T>, nodes: &[Node<T>]) {
        let len = node.shape.iter().product::<usize>() as u64;
        let operand = |i: usize| &nodes[node.operands[i]].shape;
        let (flops, functions) = match &node.kind {
            Kind::Input | Kind::Constant(_) | Kind::Move(_) => return,
            Kind::Each(each) if is_arithmetic(*each) => (len, 0),
            Kind::Each(_) => (0, len),
            Kind::MatMul => (2 * len * operand(0)[1] as u64, 0),
            Kind::Sum { outer, axis, inner } => ((outer * axis * inner) as u64, 0),
            Kind::Scatter(table) => (table.len() as u64, 0),
            Kind::Algebra(algebra) => {
                let n = match algebra {
                    Algebra::Factor => operand(0)[0],
                    _ => super::algebra::order_of(operand(0)[0]),
                } as u64;
                match algebra {
                    // n(n − 1)/2 quotients, and a product and a difference for each of (n − 1)n(2n − 1)/6 elements.
                    Algebra::Factor => {
                        let pairs = n * n.saturating_sub(1);
                        (pairs / 2 + pairs * (2 * n).saturating_sub(1) / 3, 0)
                    }
                    Algebra::Substitute { .. } => (len * (2 * n).saturating_sub(1), 0),
                    Algebra::Determinant => (n, 0),
                    Algebra::LogAbsDeterminant => (n, n),
                }
            }
        };
        self.nodes += 1;
        self.flops += flops;
        self.functions += functions;
    }
}

/// Whether an operation takes about as long as an addition; what is not listed counts as a function.
fn is_arithmetic(each: Elementwise) -> bool {
    match each {
        Elementwise::Square | Elementwise::Select => true,
        Elementwise::Unary(op) => matches!(
            op,
            Unary::Neg
                | Unary::Abs
                | Unary::Sign
                | Unary::Floor
                | Unary::Relu
                | Unary::LeakyRelu
                | Unary::Identity
        ),
        Elementwise::Binary(op) => {
            op.is_comparison()
                || matches!(
                    op,
                    Binary::Add
                        | Binary::Sub
                        | Binary::Mul
                        | Binary::Div
                        | Binary::Min
                        | Binary::Max
                )
        }
    }
}

impl<T: Lane> Program<T> {
    /// What a run computes and what memory it needs.
    ///
    /// ```
    /// use costate_tape::{Function, Program, Scalar};
    /// // tanh(W h): 2·3·2 operations for the product, three values of tanh.
    /// let f = Function::<f64>::record(&[("h", &[2]), ("w", &[3, 2])], |v| vec![v[1].matmul(v[0]).tanh()])?;
    /// let cost = Program::with_products(&f, 1)?.cost();
    /// assert_eq!((cost.evaluation.nodes, cost.evaluation.flops, cost.evaluation.functions), (2, 12, 3));
    /// assert!(cost.bytes(8) < 4096);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Function;
    use crate::scalar::Scalar;

    /// 2 → 3 → 1 with biases, its 13 parameters in one vector.
    fn mlp(samples: Option<usize>) -> Function<f64> {
        let shape: Vec<usize> = samples.into_iter().chain([2]).collect();
        Function::record(&[("h", &shape), ("theta", &[13])], |v| {
            let part = |from: usize, to: usize| v[1].slice(0, from..to);
            let first = part(0, 6).reshape([3, 2]);
            let last = part(9, 12).reshape([1, 3]);
            let x = v[0].matmul(first.transpose()) + part(6, 9);
            vec![x.tanh().matmul(last.transpose()) + part(12, 13)]
        })
        .unwrap()
    }

    #[test]
    fn a_small_network_costs_what_one_counts_by_hand() {
        let cost = Program::with_products(&mlp(None), 1).unwrap().cost();
        // W₁h: 12, + b₁: 3, three tanh, W₂x: 6, + b₂: 1.
        let evaluation = Work {
            nodes: 5,
            flops: 12 + 3 + 6 + 1,
            functions: 3,
        };
        assert_eq!(cost.evaluation, evaluation);
        // W₂ᵀa: 6, a xᵀ: 6, x², 1 − x² and its product with the cotangent: 9, W₁ᵀd: 12, d hᵀ: 12, and three sums of vectors of all 13
        // parameters.
        let products = Work {
            nodes: 2 + 3 + 2 + 3,
            flops: 6 + 6 + 9 + 12 + 12 + 3 * 13,
            functions: 0,
        };
        assert_eq!(cost.products, products);
    }

    #[test]
    fn the_bytes_are_those_of_the_workspace() {
        for f in [mlp(None), mlp(Some(20))] {
            let program = Program::with_products(&f, 1).unwrap();
            for frames in [1, 7] {
                let mut workspace = program.workspace(frames);
                let numbers =
                    workspace.shared.as_mut_slice().len() + workspace.frames.as_mut_slice().len();
                assert_eq!(program.cost().bytes(frames), 8 * numbers);
            }
        }
    }

    #[test]
    fn elimination_is_counted_once_for_all_that_its_factors_do() {
        let f = Function::<f64>::record(&[("a", &[3, 3]), ("b", &[3])], |v| {
            vec![v[0].solve(v[1]), v[0].det(), v[0].log_abs_det()]
        })
        .unwrap();
        let cost = Program::compile(&f).unwrap().cost();
        // 3 quotients and 2·(4 + 1) for the factors; 3·5, 3 and 3 for what they are used for.
        assert_eq!(
            (cost.evaluation.flops, cost.evaluation.functions),
            (13 + 15 + 3 + 3, 3)
        );
        assert_eq!((cost.evaluation.nodes, cost.products), (4, Work::default()));
    }
}
