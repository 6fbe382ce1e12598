//! Adam and AdamW.

use super::{Optimizer, Reason, Step, all_finite, check_lengths, start};
use costate_ode::Real;

/// Adam; with a weight decay it is AdamW:
///
/// ```text
/// m ← β₁ m + (1 − β₁) g        m̂ = m / (1 − β₁ᵗ)
/// v ← β₂ v + (1 − β₂) g²       v̂ = v / (1 − β₂ᵗ)
/// x ← x − η (m̂ / (√v̂ + ε) + weight_decay · x)
/// ```
///
/// ```
/// use costate_neural_ode::train::optimizer::{Adam, Optimizer};
///
/// let (mut adam, mut x) = (Adam::new(0.01), [1.0_f64, 1.0]);
/// adam.step(&mut x, 1.0, &[2.0, -3e5]);
/// assert!((x[0] - 0.99).abs() < 1e-10 && (x[1] - 1.01).abs() < 1e-10); // the first step has size η
/// ```
///
/// # References
/// \[Kingma2015\], \[Loshchilov2019\]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Adam<T> {
    /// η; may be changed between steps.
    pub learning_rate: T,
    /// β₁.
    pub beta1: T,
    /// β₂.
    pub beta2: T,
    /// ε.
    pub epsilon: T,
    /// How fast x shrinks by itself, in units of η; apart from the gradient's own averages.
    pub weight_decay: T,
    /// t: how many steps were taken.
    pub steps: u64,
    /// m; empty before the first step.
    pub mean: Vec<T>,
    /// v; empty before the first step.
    pub mean_square: Vec<T>,
}

impl<T: Real> Adam<T> {
    /// With β₁ = 0.9, β₂ = 0.999, ε = 1e-8 and no weight decay.
    #[must_use]
    pub fn new(learning_rate: T) -> Self {
        Self {
            learning_rate,
            beta1: T::from_f64(0.9),
            beta2: T::from_f64(0.999),
            epsilon: T::from_f64(1e-8),
            weight_decay: T::zero(),
            steps: 0,
            mean: Vec::new(),
            mean_square: Vec::new(),
        }
    }

    /// AdamW: the same with a weight decay, by which x shrinks by the factor 1 − η · `weight_decay` in each step, whatever its gradients were. 0.01 is usual.
    ///
    /// It differs from a penalty in the loss ([`decay::l2`](crate::train::decay::l2)), whose gradient Adam would scale like any other.
    ///
    /// ```
    /// use costate_neural_ode::train::optimizer::{Adam, Optimizer};
    ///
    /// let (mut adam_w, mut x) = (Adam::decoupled(0.1, 0.5), [2.0_f64]);
    /// adam_w.step(&mut x, 0.0, &[0.0]);
    /// assert!((x[0] - 2.0 * 0.95).abs() < 1e-15);
    /// ```
    ///
    /// # References
    /// \[Loshchilov2019\]
    #[must_use]
    pub fn decoupled(learning_rate: T, weight_decay: T) -> Self {
        Self {
            weight_decay,
            ..Self::new(learning_rate)
        }
    }
}

impl<T: Real> Optimizer<T> for Adam<T> {
    #[track_caller]
    fn step(&mut self, x: &mut [T], loss: T, gradient: &[T]) -> Step {
        check_lengths(x.len(), gradient.len());
        start(&mut self.mean, x.len());
        start(&mut self.mean_square, x.len());
        if !all_finite(loss, gradient) {
            return Step::Finished(Reason::NotFinite);
        }
        self.steps += 1;
        let power = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let unbias1 = T::one() / (T::one() - self.beta1.powi(power));
        let unbias2 = T::one() / (T::one() - self.beta2.powi(power));
        let (fresh1, fresh2) = (T::one() - self.beta1, T::one() - self.beta2);
        for (i, &g) in gradient.iter().enumerate() {
            let (m, v) = (&mut self.mean[i], &mut self.mean_square[i]);
            *m = self.beta1 * *m + fresh1 * g;
            *v = self.beta2 * *v + fresh2 * g * g;
            let direction = *m * unbias1 / ((*v * unbias2).sqrt() + self.epsilon);
            x[i] = x[i] - self.learning_rate * (direction + self.weight_decay * x[i]);
        }
        Step::Accepted
    }

    fn learning_rate_mut(&mut self) -> Option<&mut T> {
        Some(&mut self.learning_rate)
    }
}
