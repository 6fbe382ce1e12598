//! Polynomials through states within a step.

use crate::Real;

/// σ Π_{j≠i} (σ − c_j) / (c_i Π_{j≠i} (c_i − c_j)), coefficients of σ, σ², …: 1 at c_i, 0 at the other nodes and at 0.
pub(super) fn polynomial<T: Real>(c: &[T], i: usize) -> Vec<T> {
    let mut row = vec![T::one() / c[i]];
    for (j, node) in c.iter().enumerate().filter(|(j, _)| *j != i) {
        let scale = T::one() / (c[i] - c[j]);
        let mut next = vec![T::zero(); row.len() + 1];
        for (power, x) in row.iter().enumerate() {
            next[power + 1] = next[power + 1] + *x * scale;
            next[power] = next[power] - *x * *node * scale;
        }
        row = next;
    }
    row
}
