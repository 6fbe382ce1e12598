//! Matrices of implicit methods, and the trees they are weighed on ([Hairer1996] IV.7).

use costate_problems::DoubleDouble as Number;
use num_traits::{One, ToPrimitive, Zero};

pub(crate) use costate_problems::{Rows, Tree, dot, trees, violation};

/// Φ_i of every tree: `alone` leads to an only child, `among` to one of several.
pub(crate) fn elementary_weights(trees: &[Tree], alone: &Rows, among: &Rows) -> Rows {
    costate_problems::elementary_weights(trees, |tree, _| {
        if tree.children.len() == 1 {
            alone
        } else {
            among
        }
    })
}

/// The inverse of a lower triangular matrix.
pub(crate) fn inverse(lower: &Rows) -> Rows {
    let n = lower.len();
    let mut inverse = vec![vec![Number::zero(); n]; n];
    for j in 0..n {
        for i in j..n {
            let unit = if i == j {
                Number::one()
            } else {
                Number::zero()
            };
            let sum = (j..i).fold(unit, |sum, k| sum - lower[i][k] * inverse[k][j]);
            inverse[i][j] = sum / lower[i][i];
        }
    }
    inverse
}

/// A row times a matrix.
pub(crate) fn row_times(row: &[Number], matrix: &Rows) -> Vec<Number> {
    let column = |j: usize| matrix.iter().map(|row| row[j]).collect::<Vec<_>>();
    (0..matrix.len()).map(|j| dot(row, &column(j))).collect()
}

/// R(∞) = 1 − Σ (b B⁻¹)_i of a method with weights b and a nonsingular matrix B.
pub(crate) fn stability_at_infinity(b: &[Number], matrix: &Rows) -> f64 {
    let sum = row_times(b, &inverse(matrix))
        .into_iter()
        .fold(Number::one(), |sum, x| sum - x);
    sum.to_f64().unwrap_or(f64::NAN)
}
