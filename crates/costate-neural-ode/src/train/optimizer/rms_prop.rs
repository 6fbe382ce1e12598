//! RMSprop.

use super::{Optimizer, Reason, Step, all_finite, check_lengths, start};
use costate_ode::Real;

/// RMSprop: v ← α v + (1 − α) g², x ← x − η g / (√v + ε), each variable by itself.
///
/// The constants and the place of ε are PyTorch's, so that the same run gives the same numbers.
///
/// ```
/// use costate_neural_ode::train::optimizer::{Optimizer, RmsProp};
///
/// let (mut rms, mut x) = (RmsProp::new(0.01), [1.0_f64]);
/// rms.step(&mut x, 1.0, &[2.0]);
/// assert!((x[0] - 0.9).abs() < 1e-8); // the first step has size η/√(1 − α)
/// ```
///
/// # References
/// \[Hinton2012\]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RmsProp<T> {
    /// η; may be changed between steps.
    pub learning_rate: T,
    /// α.
    pub alpha: T,
    /// ε.
    pub epsilon: T,
    /// v; empty before the first step.
    pub mean_square: Vec<T>,
}

impl<T: Real> RmsProp<T> {
    /// With α = 0.99 and ε = 1e-8.
    #[must_use]
    pub fn new(learning_rate: T) -> Self {
        Self {
            learning_rate,
            alpha: T::from_f64(0.99),
            epsilon: T::from_f64(1e-8),
            mean_square: Vec::new(),
        }
    }
}

impl<T: Real> Optimizer<T> for RmsProp<T> {
    #[track_caller]
    fn step(&mut self, x: &mut [T], loss: T, gradient: &[T]) -> Step {
        check_lengths(x.len(), gradient.len());
        start(&mut self.mean_square, x.len());
        if !all_finite(loss, gradient) {
            return Step::Finished(Reason::NotFinite);
        }
        let (alpha, fresh) = (self.alpha, T::one() - self.alpha);
        for ((x, v), &g) in x.iter_mut().zip(&mut self.mean_square).zip(gradient) {
            *v = alpha * *v + fresh * g * g;
            *x = *x - self.learning_rate * g / (v.sqrt() + self.epsilon);
        }
        Step::Accepted
    }

    fn learning_rate_mut(&mut self) -> Option<&mut T> {
        Some(&mut self.learning_rate)
    }
}
