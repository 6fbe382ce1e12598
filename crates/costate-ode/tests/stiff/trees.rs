//! Rooted trees and the weights of implicit methods on them ([Hairer1996] IV.7).

use costate_problems::DoubleDouble as Number;
use num_traits::{Float, One, ToPrimitive, Zero};

/// A square matrix, row by row.
pub(crate) type Rows = Vec<Vec<Number>>;

/// A rooted tree: the subtrees at its root, and its density γ.
pub(crate) struct Tree {
    pub(crate) order: usize,
    children: Vec<usize>,
    density: f64,
}

/// All rooted trees of order at most `order`; children refer to earlier trees.
pub(crate) fn trees(order: usize) -> Vec<Tree> {
    let mut all: Vec<Tree> = Vec::new();
    for n in 1..=order {
        let mut forests = Vec::new();
        grow(&all, n - 1, all.len(), &mut Vec::new(), &mut forests);
        for children in forests {
            let density = children.iter().map(|c| all[*c].density).product::<f64>() * n as f64;
            all.push(Tree {
                order: n,
                children,
                density,
            });
        }
    }
    all
}

fn grow(
    all: &[Tree],
    nodes: usize,
    below: usize,
    forest: &mut Vec<usize>,
    forests: &mut Vec<Vec<usize>>,
) {
    if nodes == 0 {
        forests.push(forest.clone());
    }
    for c in (0..below).filter(|c| all[*c].order <= nodes) {
        forest.push(c);
        grow(all, nodes - all[c].order, c + 1, forest, forests);
        forest.pop();
    }
}

/// Φ_i of every tree: `alone` leads to an only child, `among` to one of several.
pub(crate) fn elementary_weights(trees: &[Tree], alone: &Rows, among: &Rows) -> Rows {
    let mut all: Rows = Vec::new();
    for tree in trees {
        let matrix = if tree.children.len() == 1 {
            alone
        } else {
            among
        };
        let phi = (0..alone.len()).map(|i| {
            let inner = |c: &usize| dot(&matrix[i], &all[*c]);
            tree.children
                .iter()
                .fold(Number::one(), |product, c| product * inner(c))
        });
        let phi = phi.collect();
        all.push(phi);
    }
    all
}

pub(crate) fn dot(a: &[Number], b: &[Number]) -> Number {
    a.iter()
        .zip(b)
        .fold(Number::zero(), |sum, (a, b)| sum + *a * *b)
}

/// The largest violation of Σ w_i Φ_i = `target`/γ over the trees of one order.
pub(crate) fn violation(
    weights: &[Number],
    order: usize,
    target: f64,
    trees: &[Tree],
    phi: &Rows,
) -> f64 {
    let of_order = trees
        .iter()
        .zip(phi)
        .filter(|(tree, _)| tree.order == order);
    let off = |(tree, phi): (&Tree, &Vec<Number>)| {
        (dot(weights, phi) - Number::new(target) / Number::new(tree.density)).abs()
    };
    of_order
        .map(off)
        .fold(Number::zero(), Float::max)
        .to_f64()
        .unwrap_or(f64::NAN)
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
