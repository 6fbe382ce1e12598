//! Radau IIA of order 5 in the scalar of an integration.

use super::coefficients;
use crate::Coefficient;
use crate::Real;

/// The method's numbers, and the polynomials of its collocation solution.
#[derive(Clone, Debug)]
pub(super) struct Scheme<T> {
    pub(super) nodes: [T; 3],
    pub(super) gamma: T,
    pub(super) alpha: T,
    pub(super) beta: T,
    pub(super) error: [T; 3],
    pub(super) transform: [[T; 3]; 3],
    pub(super) inverse: [[T; 3]; 3],
    /// y(t + σh) = y + Σ l_i(σ) z_i: coefficients of σ, σ², σ³.
    pub(super) dense: Vec<Vec<T>>,
}

impl<T: Real> Scheme<T> {
    pub(super) fn new() -> Self {
        let nodes = coefficients::NODES.map(Coefficient::to);
        let square = |matrix: [[Coefficient; 3]; 3]| matrix.map(|row| row.map(Coefficient::to));
        Self {
            nodes,
            gamma: coefficients::GAMMA.to(),
            alpha: coefficients::ALPHA.to(),
            beta: coefficients::BETA.to(),
            error: coefficients::ERROR.map(Coefficient::to),
            transform: square(coefficients::TRANSFORM),
            inverse: square(coefficients::INVERSE),
            dense: (0..3).map(|i| lagrange(nodes, i)).collect(),
        }
    }
}

/// σ Π_{j≠i} (σ − c_j) / (c_i Π_{j≠i} (c_i − c_j)): 1 at c_i, 0 at the other nodes and at 0.
fn lagrange<T: Real>(c: [T; 3], i: usize) -> Vec<T> {
    let (a, b) = (c[(i + 1) % 3], c[(i + 2) % 3]);
    let scale = T::one() / (c[i] * (c[i] - a) * (c[i] - b));
    vec![a * b * scale, -(a + b) * scale, scale]
}

#[cfg(test)]
mod tests {
    use super::*;
    use costate_problems::DoubleDouble as Number;
    use num_traits::{Float, One, ToPrimitive, Zero};

    fn product(a: [[Number; 3]; 3], b: [[Number; 3]; 3]) -> [[Number; 3]; 3] {
        let entry =
            |i: usize, j: usize| (0..3).fold(Number::zero(), |sum, k| sum + a[i][k] * b[k][j]);
        std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)))
    }

    fn distance(a: [[Number; 3]; 3], b: [[Number; 3]; 3]) -> f64 {
        let off = a.iter().flatten().zip(b.iter().flatten());
        off.map(|(a, b)| (*a - *b).abs().to_f64().unwrap())
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_transformation_makes_the_matrix_diagonal_in_blocks() {
        let scheme = Scheme::<Number>::new();
        let zero = Number::zero();
        let (alpha, beta) = (scheme.alpha, scheme.beta);
        let blocks = [
            [scheme.gamma, zero, zero],
            [zero, alpha, beta],
            [zero, -beta, alpha],
        ];
        let a = coefficients::A.map(|row| row.map(Coefficient::to));
        let back = product(a, product(scheme.transform, blocks));
        assert!(distance(back, scheme.transform) < 1e-30);
        let one: [[Number; 3]; 3] = std::array::from_fn(|i| {
            std::array::from_fn(|j| if i == j { Number::one() } else { zero })
        });
        assert!(distance(product(scheme.transform, scheme.inverse), one) < 1e-30);
    }

    #[test]
    fn the_matrix_integrates_the_collocation_polynomials() {
        // a_ij = ∫₀^{c_i} of the polynomial that is 1 at c_j: the conditions C(3), and B(5) for the last row, of [Hairer1996] IV.5.
        let c: [Number; 3] = coefficients::NODES.map(Coefficient::to);
        for (i, row) in coefficients::A.iter().enumerate() {
            for q in 1..=(if i == 2 { 5 } else { 3 }) {
                let sum = row.iter().zip(c).fold(Number::zero(), |sum, (a, c)| {
                    sum + a.to::<Number>() * num_traits::pow(c, q - 1)
                });
                let exact = num_traits::pow(c[i], q) / Number::new(q as f64);
                assert!(
                    (sum - exact).abs().to_f64().unwrap() < 1e-30,
                    "row {i}, power {q}"
                );
            }
        }
    }

    #[test]
    fn dense_output_meets_the_stages() {
        let scheme = Scheme::<f64>::new();
        for (i, row) in scheme.dense.iter().enumerate() {
            for (j, c) in scheme.nodes.iter().enumerate() {
                let value = crate::tableau::polynomial(row, *c);
                let expected = f64::from(u8::from(i == j));
                assert!((value - expected).abs() < 1e-14, "l_{i}(c_{j}) = {value}");
            }
        }
    }

    #[test]
    fn the_error_estimate_has_order_three() {
        // γ₀ h f(y) + Σ e_i z_i = O(h⁴) for z_i = p(c_i h) − p(0): exact for polynomials up to σ³, with γ₀ = 1.
        let scheme = Scheme::<f64>::new();
        for q in 1..=3 {
            let sum: f64 = (0..3)
                .map(|i| scheme.error[i] * scheme.nodes[i].powi(q))
                .sum();
            let slope = if q == 1 { 1.0 } else { 0.0 };
            assert!((sum + slope).abs() < 1e-13, "{q}: {sum}");
        }
    }
}
