//! The closed set of operations of a graph. Elementwise operations are rows of the tables in `unary` and `binary`; array
//! operations stand in `array` and `matmul`, each with its value and both directions of its derivative.

pub(crate) mod array;
mod binary;
pub(crate) mod linear;
pub(crate) mod matmul;
pub(crate) mod notation;
pub(crate) mod special;
mod unary;

pub use binary::Binary;
pub(crate) use binary::holds;
pub use unary::Unary;

use smallvec::SmallVec;
use std::sync::Arc;

/// What a node computes from its operands. The node's shape completes the description.
///
/// ```
/// use costate_tape::{Function, Op, Scalar, Unary};
/// // What an interpreter of one's own does: a match on each node, in order. Here it counts sines.
/// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].sin() * v[0].powi(3).sin()])?;
/// let sines = f.graph().nodes().iter().filter(|node| matches!(node.op, Op::Unary(Unary::Sin)));
/// assert_eq!(sines.count(), 2);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// An input of the function, by its number.
    Input(u32),
    /// A constant, by its number in the graph.
    Constant(u32),
    /// φ(x) elementwise.
    Unary(Unary),
    /// φ(a, b) elementwise; both operands have the node's shape.
    Binary(Binary),
    /// xⁿ elementwise.
    Powi(i32),
    /// Operand 1 where operand 0 is not zero, else operand 2; all have the node's shape.
    Select,
    /// The operand stretched to the node's shape by NumPy's rule.
    Broadcast,
    /// The sum over the axes whose bits are set; they are removed from the shape.
    Sum(u32),
    /// The same elements in another shape.
    Reshape,
    /// Axis i of the result is axis `permutation[i]` of the operand.
    Transpose(SmallVec<[u8; 8]>),
    /// A run of the operand along an axis, from `start`; its length is in the node's shape.
    Slice {
        /// The axis that is cut.
        axis: u8,
        /// The first index that is kept.
        start: u32,
    },
    /// Zeros around the operand along an axis: it begins at `start`.
    Pad {
        /// The axis that grows.
        axis: u8,
        /// Where the operand begins.
        start: u32,
    },
    /// The operands one after another along an axis.
    Concat(u8),
    /// Element i of the result is the operand's element `table[i]`, both counted in memory.
    Gather(Arc<[u32]>),
    /// Element i of the operand is added to the result's element `table[i]`; the others are zero.
    ScatterAdd(Arc<[u32]>),
    /// A·B of two matrices, each transposed first where its flag says so.
    MatMul {
        /// Whether the first matrix is transposed.
        transpose_a: bool,
        /// Whether the second matrix is transposed.
        transpose_b: bool,
    },
    /// A⁻¹B of a square matrix and a matrix, NaN if A is singular.
    Solve {
        /// Whether A is transposed first.
        transpose: bool,
    },
    /// det A of a square matrix.
    Det,
    /// ln |det A| of a square matrix.
    LogAbsDet,
}

impl Op {
    /// Whether the operation acts on each element by itself.
    #[must_use]
    pub fn is_elementwise(&self) -> bool {
        matches!(
            self,
            Op::Unary(_) | Op::Binary(_) | Op::Powi(_) | Op::Select
        )
    }

    /// The name that texts and messages use.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Op::Input(_) => "input",
            Op::Constant(_) => "constant",
            Op::Unary(op) => op.name(),
            Op::Binary(op) => op.name(),
            Op::Powi(_) => "powi",
            Op::Select => "select",
            Op::Broadcast => "broadcast",
            Op::Sum(_) => "sum",
            Op::Reshape => "reshape",
            Op::Transpose(_) => "transpose",
            Op::Slice { .. } => "slice",
            Op::Pad { .. } => "pad",
            Op::Concat(_) => "concat",
            Op::Gather(_) => "gather",
            Op::ScatterAdd(_) => "scatter_add",
            Op::MatMul { .. } => "matmul",
            Op::Solve { .. } => "solve",
            Op::Det => "det",
            Op::LogAbsDet => "log_abs_det",
        }
    }
}
