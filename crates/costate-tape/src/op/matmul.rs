//! The product of two matrices, with transposes that are never carried out.

use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;

/// Appends op(A)·op(B), where op transposes if the flag says so: the plain triple loop.
pub(crate) fn value<T: Scalar>(a: (&Shape, &[T], bool), b: (&Shape, &[T], bool), out: &mut Vec<T>) {
    let (rows, inner) = dimensions(a.0, a.2);
    let (_, columns) = dimensions(b.0, b.2);
    let at = |(shape, values, transposed): (&Shape, &[T], bool), i: usize, j: usize| {
        if transposed {
            values[j * shape.axis(1) + i]
        } else {
            values[i * shape.axis(1) + j]
        }
    };
    for i in 0..rows {
        for j in 0..columns {
            out.push((0..inner).fold(T::from_f64(0.0), |sum, k| sum + at(a, i, k) * at(b, k, j)));
        }
    }
}

/// Rows and columns of a matrix after its flag.
pub(crate) fn dimensions(shape: &Shape, transposed: bool) -> (usize, usize) {
    if transposed {
        (shape.axis(1), shape.axis(0))
    } else {
        (shape.axis(0), shape.axis(1))
    }
}

/// With Y = A′B′ and cotangent G: G·B′ᵀ for A′ and A′ᵀ·G for B′, turned back where A or B was transposed.
pub(crate) fn pull_back<'t, T: Scalar>(
    a: Var<'t, T>,
    b: Var<'t, T>,
    transpose_a: bool,
    transpose_b: bool,
    g: Var<'t, T>,
) -> (Var<'t, T>, Var<'t, T>) {
    let da = if transpose_a {
        b.matmul_with(g, transpose_b, true)
    } else {
        g.matmul_with(b, false, !transpose_b)
    };
    let db = if transpose_b {
        g.matmul_with(a, true, transpose_a)
    } else {
        a.matmul_with(g, !transpose_a, false)
    };
    (da, db)
}
