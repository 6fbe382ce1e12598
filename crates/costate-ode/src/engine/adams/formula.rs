//! Adams formulas on a grid of any step sizes.

use crate::Real;

/// The highest order of a predictor.
pub(super) const MAX_ORDER: usize = 12;

/// Formulas of predictors up to that order, their correctors, and one more for the error of the next order.
const FORMULAS: usize = MAX_ORDER + 2;

/// The integrals of Newton's polynomials for a step of h from x_n, where D_j = x_n − x_{n−j}:
///
/// ```text
/// P_j(s) = Π_{i<j} (s h + D_i) / (h + D_i)        g_j(σ) = ∫₀^σ P_j ds        β_j = Π_{i<j} (h + D_i) / D_{i+1}
/// ```
///
/// No term is negative where 0 ≤ s, so that nothing cancels.
#[derive(Clone, Debug)]
pub(super) struct Formulas<T> {
    /// g_j(σ) as coefficients of σ, σ², …
    integrals: [[T; FORMULAS]; FORMULAS],
    /// g_j(1).
    pub(super) g: [T; FORMULAS],
    /// What a difference of f at x_n is multiplied by to become one for this step.
    pub(super) beta: [T; FORMULAS],
}

impl<T: Real> Formulas<T> {
    pub(super) fn new() -> Self {
        Self {
            integrals: [[T::zero(); FORMULAS]; FORMULAS],
            g: [T::zero(); FORMULAS],
            beta: [T::zero(); FORMULAS],
        }
    }

    /// For a step of `h` with so many `distances` D_0 = 0, D_1, … known: formulas 0 to that number.
    pub(super) fn prepare(&mut self, h: T, distances: &[T]) {
        let mut polynomial = [T::zero(); FORMULAS];
        polynomial[0] = T::one();
        self.beta[0] = T::one();
        for j in 0..=distances.len().min(FORMULAS - 1) {
            let mut sum = T::zero();
            for (m, c) in polynomial[..=j].iter().enumerate() {
                let integral = *c / T::from_f64((m + 1) as f64);
                self.integrals[j][m] = integral;
                sum = sum + integral;
            }
            self.g[j] = sum;
            let Some(distance) = distances.get(j) else {
                break;
            };
            let whole = h + *distance;
            for m in (0..=(j + 1).min(FORMULAS - 1)).rev() {
                let shifted = if m > 0 { polynomial[m - 1] } else { T::zero() };
                polynomial[m] = (polynomial[m] * *distance + shifted * h) / whole;
            }
            if let Some(next) = distances.get(j + 1) {
                self.beta[j + 1] = self.beta[j] * whole / *next;
            }
        }
    }

    /// g_j(σ), and its coefficients.
    pub(super) fn integral(&self, j: usize, sigma: T) -> T {
        crate::tableau::polynomial(self.coefficients(j), sigma)
    }

    /// Coefficients of σ, σ², … in g_j(σ).
    pub(super) fn coefficients(&self, j: usize) -> &[T] {
        &self.integrals[j][..=j]
    }
}
