//! Rooted trees and the order conditions of Runge–Kutta methods, for tests.
//!
//! # References
//! \[Hairer1993\] II.2; with several colours, for additive methods, \[Kennedy2003\].

use crate::DoubleDouble as Number;
use num_traits::{Float, One, ToPrimitive, Zero};

/// A matrix, row by row.
pub type Rows = Vec<Vec<Number>>;

/// A rooted tree whose vertices have colours; that of the root is left open.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Its vertices.
    pub order: usize,
    /// The subtrees at its root, by number, and the colours of their roots.
    pub children: Vec<(usize, usize)>,
    /// γ, its density.
    pub density: f64,
}

/// All rooted trees of order at most `order`; children refer to earlier trees.
///
/// ```
/// let counts = (1..=5).map(|n| costate_problems::trees(5).iter().filter(|tree| tree.order == n).count());
/// assert_eq!(counts.collect::<Vec<_>>(), [1, 1, 2, 4, 9]);
/// ```
#[must_use]
pub fn trees(order: usize) -> Vec<Tree> {
    coloured_trees(order, 1)
}

/// All rooted trees of order at most `order` whose vertices, but for the root, have one of `colours` colours.
#[must_use]
pub fn coloured_trees(order: usize, colours: usize) -> Vec<Tree> {
    let mut all: Vec<Tree> = Vec::new();
    for n in 1..=order {
        let mut forests = Vec::new();
        let below = all.len() * colours;
        grow(&all, colours, n - 1, below, &mut Vec::new(), &mut forests);
        for children in forests {
            let density = children.iter().map(|(c, _)| all[*c].density);
            let density = density.product::<f64>() * n as f64;
            all.push(Tree {
                order: n,
                children,
                density,
            });
        }
    }
    all
}

/// All multisets of coloured trees below number `below` with `nodes` vertices together.
fn grow(
    all: &[Tree],
    colours: usize,
    nodes: usize,
    below: usize,
    forest: &mut Vec<(usize, usize)>,
    forests: &mut Vec<Vec<(usize, usize)>>,
) {
    if nodes == 0 {
        forests.push(forest.clone());
    }
    for c in (0..below).filter(|c| all[*c / colours].order <= nodes) {
        forest.push((c / colours, c % colours));
        let rest = nodes - all[c / colours].order;
        grow(all, colours, rest, c + 1, forest, forests);
        forest.pop();
    }
}

/// Φ_i of every tree, where the matrix `a(tree, colour)` leads from the root of a tree to a child of that colour.
///
/// # Panics
/// If the matrices differ in size.
#[must_use]
pub fn elementary_weights<'a>(trees: &[Tree], a: impl Fn(&Tree, usize) -> &'a Rows) -> Rows {
    let mut all: Rows = Vec::new();
    for tree in trees {
        let stages = a(tree, 0).len();
        let mut phi = vec![Number::one(); stages];
        for (child, colour) in &tree.children {
            for (phi, row) in phi.iter_mut().zip(a(tree, *colour)) {
                *phi = *phi * dot(row, &all[*child]);
            }
        }
        all.push(phi);
    }
    all
}

/// Σ a_i b_i, as far as both go.
#[must_use]
pub fn dot(a: &[Number], b: &[Number]) -> Number {
    let products = a.iter().zip(b).map(|(a, b)| *a * *b);
    products.fold(Number::zero(), |sum, x| sum + x)
}

/// The largest violation of Σ w_i Φ_i = `target`/γ over the trees of one order.
#[must_use]
pub fn violation(weights: &[Number], order: usize, target: f64, trees: &[Tree], phi: &Rows) -> f64 {
    let of_order = trees
        .iter()
        .zip(phi)
        .filter(|(tree, _)| tree.order == order);
    let off = |(tree, phi): (&Tree, &Vec<Number>)| {
        (dot(weights, phi) - Number::new(target) / Number::new(tree.density)).abs()
    };
    let largest = of_order.map(off).fold(Number::zero(), Float::max);
    largest.to_f64().unwrap_or(f64::NAN)
}
