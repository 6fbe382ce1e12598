//! What a training does, apart from the model.

use crate::train::clip::Clip;
use crate::train::schedule::Schedule;

/// What a training does, apart from model and optimiser.
///
/// ```
/// use costate_neural_ode::train::clip::Clip;
/// use costate_neural_ode::train::schedule::Schedule;
/// use costate_neural_ode::train::training::Recipe;
///
/// let recipe = Recipe {
///     iterations: 2000,
///     schedule: Schedule::Cosine { iterations: 2000, last: 0.01 },
///     clip: Some(Clip::Norm(1.0)),
///     ..Recipe::default()
/// };
/// assert_eq!(recipe.keep_every, 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Recipe {
    /// How many iterations in all.
    pub iterations: u64,
    /// What the optimiser's learning rate is multiplied by.
    pub schedule: Schedule,
    /// How gradients are cut down.
    pub clip: Option<Clip>,
    /// When the validation set is looked at, for [`run_with_validation`](super::Training::run_with_validation).
    pub validation: Option<Validation>,
    /// What to do when the training diverges.
    pub on_divergence: OnDivergence,
    /// A loss or a gradient's norm this many times larger than the largest of the last 50 iterations is a divergence.
    pub explosion: f64,
    /// A state to go back to is kept after so many iterations.
    pub keep_every: u64,
}

impl Default for Recipe {
    /// 1000 iterations at a constant rate, without clipping or validation; up to 5 times back to a good state with half the rate.
    fn default() -> Self {
        Self {
            iterations: 1000,
            schedule: Schedule::Constant,
            clip: None,
            validation: None,
            on_divergence: OnDivergence::GoBack {
                factor: 0.5,
                most: 5,
            },
            explosion: 1e4,
            keep_every: 10,
        }
    }
}

impl Recipe {
    /// The default with so many iterations.
    ///
    /// ```
    /// use costate_neural_ode::train::training::Recipe;
    /// assert_eq!(Recipe::of(500), Recipe { iterations: 500, ..Recipe::default() });
    /// ```
    #[must_use]
    pub fn of(iterations: u64) -> Self {
        Self {
            iterations,
            ..Self::default()
        }
    }
}

/// When the validation set is looked at.
///
/// ```
/// use costate_neural_ode::train::training::Validation;
/// use costate_neural_ode::train::optimizer::Sgd;
/// use costate_neural_ode::train::training::{Recipe, Training};
/// use std::ops::ControlFlow::Continue;
///
/// // (θ − 3)²
/// let gradient = |_: u64, theta: &[f64], g: &mut [f64]| {
///     g[0] = 2.0 * (theta[0] - 3.0);
///     Ok((theta[0] - 3.0).powi(2))
/// };
/// // The validation set is served best at once: the training ends when that is ten iterations ago.
/// let mut training = Training::new(vec![5.0], Sgd::new(0.1));
/// let recipe = Recipe { validation: Some(Validation { every: 1, patience: 10 }), ..Recipe::of(1000) };
/// training.run_with_validation(&recipe, gradient, |theta| Ok(-theta[0]), |_| Continue(()));
/// assert!(training.iteration < 15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Validation {
    /// After so many iterations, and after the last.
    pub every: u64,
    /// Stop when the best is so many iterations ago.
    pub patience: u64,
}

/// What to do when a training diverges.
///
/// ```
/// use costate_neural_ode::train::training::OnDivergence;
/// use costate_neural_ode::train::optimizer::Sgd;
/// use costate_neural_ode::train::training::{Recipe, Training};
/// use std::ops::ControlFlow::Continue;
///
/// // (θ − 3)²
/// let gradient = |_: u64, theta: &[f64], g: &mut [f64]| {
///     g[0] = 2.0 * (theta[0] - 3.0);
///     Ok((theta[0] - 3.0).powi(2))
/// };
/// // A rate at which every step goes further away; the training finds one that converges.
/// let mut training = Training::new(vec![5.0], Sgd::new(1.5));
/// let recipe = Recipe { explosion: 2.0, on_divergence: OnDivergence::GoBack { factor: 0.3, most: 3 }, ..Recipe::of(200) };
/// training.run(&recipe, gradient, |_| Continue(()));
/// assert!(!training.setbacks.is_empty() && (training.theta[0] - 3.0).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OnDivergence {
    /// Stop, with θ as it was last good.
    Stop,
    /// Go back to the last good state and on with a smaller learning rate.
    GoBack {
        /// What the learning rate is multiplied by each time.
        factor: f64,
        /// How often at most.
        most: usize,
    },
}
