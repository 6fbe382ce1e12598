//! Linear systems and determinants: values by elimination, and both directions of their derivatives.

use crate::op::Op;
use crate::op::special::lu;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;

/// Appends the value of a solution or a determinant.
pub(crate) fn value<T: Scalar>(op: &Op, shapes: &[&Shape], operands: &[&[T]], out: &mut Vec<T>) {
    let (a, n) = (operands[0], shapes[0].axis(0));
    match op {
        Op::Solve { transpose } => out.extend(lu::solve(a, operands[1], n, *transpose)),
        Op::Det => out.push(lu::det(a, n)),
        Op::LogAbsDet => out.push(lu::log_abs_det(a, n)),
        _ => unreachable!("operations of linear algebra are these"),
    }
}

/// Cotangents of A and b for X = A⁻¹B with cotangent G: B̄ = A⁻ᵀG and Ā = −B̄Xᵀ; with Aᵀ for A where `transpose` says so.
pub(crate) fn pull_back_solve<'t, T: Scalar>(
    a: Var<'t, T>,
    x: Var<'t, T>,
    g: Var<'t, T>,
    transpose: bool,
    shielded: bool,
) -> (Var<'t, T>, Var<'t, T>) {
    let bar_b = a.solve_with(g, !transpose);
    let bar_a = if transpose {
        -x.matmul_with(bar_b, false, true)
    } else {
        -bar_b.matmul_with(x, false, true)
    };
    if !shielded {
        return (bar_a, bar_b);
    }
    // A singular matrix in a side that is left out: all cotangents are zero, and stay so.
    let (live, zero) = (g.abs().sum(), Var::from_f64(0.0));
    let kept = |bar| Var::select(live, bar, zero);
    (kept(bar_a), kept(bar_b))
}

/// ∂det A/∂A = det A · A⁻ᵀ, and ∂ln|det A|/∂A = A⁻ᵀ.
pub(crate) fn slope<'t, T: Scalar>(op: &Op, a: Var<'t, T>, y: Var<'t, T>) -> Var<'t, T> {
    let turned = a.solve_with(a.identity_like(), true);
    if *op == Op::Det { y * turned } else { turned }
}

/// The tangent of X = A⁻¹B: A⁻¹(Ḃ − ȦX).
pub(crate) fn push_forward_solve<'t, T: Scalar>(
    a: Var<'t, T>,
    x: Var<'t, T>,
    dot_a: Option<Var<'t, T>>,
    dot_b: Option<Var<'t, T>>,
    transpose: bool,
) -> Option<Var<'t, T>> {
    let moved = dot_a.map(|d| d.matmul_with(x, transpose, false));
    let right = match (moved, dot_b) {
        (Some(moved), Some(b)) => b - moved,
        (Some(moved), None) => -moved,
        (None, b) => b?,
    };
    Some(a.solve_with(right, transpose))
}
