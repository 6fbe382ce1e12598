//! ∂f/∂h along a path, as matrices: for few states they cost less than the products of a solve one after another.

use super::Nodes;
use crate::gradient::scalar;
use costate_ode::Real;

/// States up to which matrices pay: each asks for a product by each of its rows.
pub(super) const FEW: usize = 4;

/// ∂f/∂h on some pieces of the path: known at the nodes of each, and between them by the polynomial through them. Nodes of a Gaussian rule of m points are zeros of
/// a polynomial without a share in any of degree below m: so its error, integrated with what else is in the costate's equation, is of the order of the rule.
#[derive(Debug)]
pub(super) struct Jacobians<T, E> {
    nodes: Vec<T>,
    /// 1 / Π (x_k − x_l) over the other nodes.
    scales: Vec<T>,
    width: usize,
    /// By piece, node, row and column.
    values: Vec<E>,
    /// The number of the piece at hand, where it begins, and its size.
    piece: (usize, T, T),
}

impl<T: Real, E: costate_ode::Element<T> + Real> Jacobians<T, E> {
    /// For so many `pieces` together.
    pub(super) fn new(nodes: Nodes, width: usize, pieces: usize) -> Self {
        let nodes: Vec<T> = nodes.iter().map(|(node, _)| T::from_f64(*node)).collect();
        let scale = |k: usize| product(&nodes, k, nodes[k]).recip();
        Self {
            scales: (0..nodes.len()).map(scale).collect(),
            width,
            values: vec![scalar(T::zero()); pieces * nodes.len() * width * width],
            piece: (0, T::zero(), T::one()),
            nodes,
        }
    }

    /// Turns to the piece of this number, which begins here and has this size.
    pub(super) fn turn_to(&mut self, piece: (usize, T, T)) {
        self.piece = piece;
    }

    /// This row of all matrices, one after another.
    pub(super) fn set_row(&mut self, row: usize, rows: &[E]) {
        let n = self.width;
        for (matrix, found) in self
            .values
            .chunks_exact_mut(n * n)
            .zip(rows.chunks_exact(n))
        {
            matrix[row * n..(row + 1) * n].copy_from_slice(found);
        }
    }

    /// Writes a·∂f/∂h at `t`.
    pub(super) fn product(&self, t: T, a: &[E], a_h: &mut [E]) {
        let (n, (piece, begin, size)) = (self.width, self.piece);
        let (sigma, all) = ((t - begin) / size, self.nodes.len() * n * n);
        a_h.fill(scalar(T::zero()));
        let matrices = self.values[piece * all..(piece + 1) * all].chunks_exact(n * n);
        for (k, matrix) in matrices.enumerate() {
            let share: E = scalar(product(&self.nodes, k, sigma) * self.scales[k]);
            for (a, row) in a.iter().zip(matrix.chunks_exact(n)) {
                for (sum, entry) in a_h.iter_mut().zip(row) {
                    *sum = *sum + share * *a * *entry;
                }
            }
        }
    }
}

/// Π (x − x_l) over the nodes but the `k`-th.
fn product<T: Real>(nodes: &[T], k: usize, x: T) -> T {
    let others = nodes.iter().enumerate().filter(|(l, _)| *l != k);
    others.fold(T::one(), |product, (_, node)| product * (x - *node))
}
