//! Gradient descent with momentum.

use super::{Optimizer, Reason, Step, all_finite, check_lengths, start};
use num_traits::Float;

/// Gradient descent with momentum: v ← μ v + g, x ← x − η v.
///
/// Without momentum it is Euler's method, with step η, on dx/ds = −∇L(x).
///
/// ```
/// use costate_neural_ode::train::optimizer::{Optimizer, Sgd};
///
/// let (mut sgd, mut x) = (Sgd::new(0.1), [1.0]);
/// sgd.step(&mut x, 1.0, &[2.0]);
/// assert_eq!(x, [0.8]);
/// ```
///
/// # References
/// \[Polyak1964\]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sgd<T> {
    /// η; may be changed between steps.
    pub learning_rate: T,
    /// μ, from 0 to below 1.
    pub momentum: T,
    /// v; empty before the first step.
    pub velocity: Vec<T>,
}

impl<T: Float> Sgd<T> {
    /// Without momentum.
    #[must_use]
    pub fn new(learning_rate: T) -> Self {
        Self {
            learning_rate,
            momentum: T::zero(),
            velocity: Vec::new(),
        }
    }
}

impl<T: Float> Optimizer<T> for Sgd<T> {
    #[track_caller]
    fn step(&mut self, x: &mut [T], loss: T, gradient: &[T]) -> Step {
        check_lengths(x.len(), gradient.len());
        start(&mut self.velocity, x.len());
        if !all_finite(loss, gradient) {
            return Step::Finished(Reason::NotFinite);
        }
        for ((x, v), g) in x.iter_mut().zip(&mut self.velocity).zip(gradient) {
            *v = self.momentum * *v + *g;
            *x = *x - self.learning_rate * *v; // book: (descent)
        }
        Step::Accepted
    }

    fn learning_rate_mut(&mut self) -> Option<&mut T> {
        Some(&mut self.learning_rate)
    }
}
