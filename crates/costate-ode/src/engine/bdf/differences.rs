//! Formulas in backward differences, and differences for another step size.

use crate::{Element, Real, State};

/// The highest order.
pub(super) const MAX_ORDER: usize = 5;

/// κ_k: what makes the formulas numerical differentiation instead of backward differentiation, for smaller errors at orders 1 to 4.
const KAPPA: [f64; MAX_ORDER + 1] = [0.0, -0.1850, -1.0 / 9.0, -0.0823, -0.0415, 0.0];

/// One formula.
pub(super) struct Formula<T> {
    /// γ_j = Σ_{i≤j} 1/i.
    pub(super) gammas: [T; MAX_ORDER + 1],
    /// (1 − κ_k) γ_k.
    pub(super) alpha: T,
    /// κ_k γ_k + 1/(k + 1): the local error over ∇^{k+1}y.
    pub(super) error: T,
}

/// The formula of order `k`.
pub(super) fn formula<T: Real>(k: usize) -> Formula<T> {
    let mut gammas = [T::zero(); MAX_ORDER + 1];
    for j in 1..=MAX_ORDER {
        gammas[j] = gammas[j - 1] + T::one() / T::from_f64(j as f64);
    }
    let kappa = T::from_f64(KAPPA[k]);
    Formula {
        gammas,
        alpha: (T::one() - kappa) * gammas[k],
        error: kappa * gammas[k] + T::one() / T::from_f64((k + 1) as f64),
    }
}

/// The polynomials Π_{m<j} (σ − 1 + m)/(m + 1) that ∇ʲy₁ is multiplied by at t + σh, for j ≤ k: coefficients of σ, σ², …; their constants add up to y.
pub(super) fn newton_polynomials<T: Real>(k: usize) -> Vec<Vec<T>> {
    let mut product = vec![T::one()];
    let mut rows = vec![Vec::new()];
    for j in 1..=k {
        let (shift, scale) = (T::from_f64(j as f64 - 2.0), T::from_f64(j as f64));
        let mut next = vec![T::zero(); j + 1];
        for (power, c) in product.iter().enumerate() {
            next[power] = next[power] + *c * shift / scale;
            next[power + 1] = next[power + 1] + *c / scale;
        }
        rows.push(next[1..].to_vec());
        product = next;
    }
    rows
}

/// Differences of a polynomial for steps of another size.
#[derive(Clone, Debug)]
pub(super) struct Rescaling<T> {
    matrix: [[T; MAX_ORDER]; MAX_ORDER],
}

impl<T: Real> Rescaling<T> {
    pub(super) fn new() -> Self {
        Self {
            matrix: [[T::zero(); MAX_ORDER]; MAX_ORDER],
        }
    }

    /// Turns ∇¹y, ∇²y, … for steps of h into those for steps of `factor` · h, at the same last point.
    ///
    /// At the points s = −1, −2, … of new steps, Newton's polynomial in the old differences has the value Σ_j ∇ʲy Π_{m<j} (factor s + m)/(m + 1) beyond y; the new
    /// differences are Σ_i (−1)^i binomial(j, i) of these values.
    pub(super) fn apply<Y: State<T>>(&mut self, differences: &mut [Y], factor: T) {
        let k = differences.len();
        let number = |x: usize| T::from_f64(x as f64);
        let at = |s: usize, j: usize| {
            (0..j).fold(T::one(), |product, m| {
                product * (number(m) - factor * number(s)) / number(m + 1)
            })
        };
        for new in 1..=k {
            for old in 1..=k {
                let mut signed = T::one();
                self.matrix[new - 1][old - 1] = (1..=new).fold(T::zero(), |sum, i| {
                    signed = -signed * number(new + 1 - i) / number(i);
                    sum + signed * at(i, old)
                });
            }
        }
        // Component by component, in place.
        let n = differences[0].as_slice().len();
        for c in 0..n {
            let mut old = [Y::Element::zero(); MAX_ORDER];
            for (old, difference) in old.iter_mut().zip(&*differences) {
                *old = difference.as_slice()[c];
            }
            for (row, difference) in self.matrix.iter().zip(&mut *differences) {
                let sum = (0..k).fold(Y::Element::zero(), |sum, j| {
                    sum.add_scaled(Y::Element::weight(row[j]), old[j])
                });
                difference.as_mut_slice()[c] = sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ∇ʲ at 0 of the values of `f` at 0, −h, −2h, ….
    fn differences(f: impl Fn(f64) -> f64, h: f64, k: usize) -> Vec<[f64; 1]> {
        let mut values: Vec<f64> = (0..=k).map(|i| f(-(i as f64) * h)).collect();
        let mut all = Vec::new();
        for _ in 0..=k {
            all.push([values[0]]);
            values = values.windows(2).map(|pair| pair[0] - pair[1]).collect();
        }
        all
    }

    #[test]
    fn rescaled_differences_are_those_of_the_same_polynomial() {
        for k in 1..=MAX_ORDER {
            let f = |t: f64| {
                (0..=k as i32)
                    .map(|q| t.powi(q) * f64::from(q + 1))
                    .sum::<f64>()
            };
            for factor in [0.3, 1.0, 1.7] {
                let mut rescaled = differences(f, 0.5, k);
                Rescaling::new().apply::<[f64; 1]>(&mut rescaled[1..], factor);
                for (a, b) in rescaled.iter().zip(differences(f, 0.5 * factor, k)) {
                    assert!(
                        (a[0] - b[0]).abs() < 1e-12 * (1.0 + b[0].abs()),
                        "{k} {factor}: {a:?} {b:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_formula_differentiates_polynomials_of_its_order() {
        for k in 1..=MAX_ORDER {
            let formula = formula::<f64>(k);
            for q in 0..=k + 1 {
                // y = (t + 2)^q at t = 0 with steps of h: Σ 1/j ∇ʲy = h y′ up to degree k.
                let h = 0.25;
                let y = differences(|t| (t + 2.0).powi(q as i32), h, k + 1);
                let sum: f64 = (1..=k).map(|j| y[j][0] / j as f64).sum();
                let slope = h * q as f64 * 2.0_f64.powi(q as i32 - 1);
                if q <= k {
                    assert!((sum - slope).abs() < 1e-12, "order {k}, degree {q}");
                } else {
                    // What is left is 1/(k + 1) ∇^{k+1}y; κγ of the same difference is taken from it.
                    let left = (slope - sum) / y[k + 1][0];
                    let error = formula.error - KAPPA[k] * formula.gammas[k];
                    assert!((left - error).abs() < 1e-10, "order {k}: {left} {error}");
                }
            }
        }
    }

    #[test]
    fn dense_output_goes_through_the_past() {
        for k in 1..=MAX_ORDER {
            let f = |t: f64| (t - 0.3).powi(k as i32);
            let y = differences(f, 0.5, k);
            let rows = newton_polynomials::<f64>(k);
            for sigma in [1.0, 0.25, 0.0, -1.0] {
                let value: f64 = rows
                    .iter()
                    .zip(&y)
                    .map(|(row, y)| y[0] * crate::tableau::polynomial(row, sigma))
                    .sum();
                let (expected, start) = (f((sigma - 1.0) * 0.5), f(-0.5));
                assert!((start + value - expected).abs() < 1e-12, "{k} at {sigma}");
            }
        }
    }
}
