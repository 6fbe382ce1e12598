//! Optimisers that the caller drives.
//!
//! An optimiser never evaluates anything: it is handed the loss and its gradient at a point and writes the next point to
//! evaluate. Between two calls everything it knows is in its public fields, so a fit can show its progress, be stopped, be saved
//! (feature `serde`) and go on with the same bits.
//!
//! | optimiser | for | state |
//! |---|---|---|
//! | [`GaussNewton`] | sums of squares with few parameters; needs residuals and their Jacobian | one point, a radius |
//! | [`Lbfgs`] | any smooth loss, within bounds | a few pairs of vectors |
//! | [`Adam`] | networks, noisy gradients; with weight decay it is AdamW ([`Adam::decoupled`]) | two vectors |
//! | [`RmsProp`] | the same; the neural ODE paper's demonstration | one vector |
//! | [`Sgd`] | the plainest, with momentum | one vector |
//!
//! # Adding one
//! A file like `optimizer/sgd.rs` (the shortest), its `mod` line here and a row above.

mod adam;
mod gauss_newton;
mod lbfgs;
mod rms_prop;
mod sgd;

pub use adam::Adam;
pub use gauss_newton::{GaussNewton, Linearization};
pub use lbfgs::{Lbfgs, LineSearch};
pub use rms_prop::RmsProp;
pub use sgd::Sgd;

/// An optimiser of a loss by its gradient.
///
/// ```
/// use costate_neural_ode::train::optimizer::{Lbfgs, Optimizer, Step};
///
/// // (x − 3)² + 10 (y + 1)²
/// let loss = |x: &[f64]| (x[0] - 3.0).powi(2) + 10.0 * (x[1] + 1.0).powi(2);
/// let gradient = |x: &[f64]| [2.0 * (x[0] - 3.0), 20.0 * (x[1] + 1.0)];
///
/// let mut x = vec![0.0, 0.0];
/// let mut optimizer = Lbfgs::new(2);
/// loop {
///     let (l, g) = (loss(&x), gradient(&x));
///     if let Step::Finished(_) = optimizer.step(&mut x, l, &g) {
///         break;
///     }
/// }
/// assert!((x[0] - 3.0).abs() < 1e-8 && (x[1] + 1.0).abs() < 1e-8);
/// ```
pub trait Optimizer<T> {
    /// Takes the loss and its gradient at `x` and replaces `x` by the next point to evaluate.
    ///
    /// A point whose evaluation failed is given with a loss that is not finite; its gradient is then not looked at.
    ///
    /// # Panics
    /// If `x` and `gradient` differ in length from each other or from the points before.
    fn step(&mut self, x: &mut [T], loss: T, gradient: &[T]) -> Step;

    /// The learning rate, for optimisers that have one; those that search for the length of their steps have none.
    fn learning_rate_mut(&mut self) -> Option<&mut T> {
        None
    }
}

/// What an optimiser makes of the point it was given.
///
/// ```
/// use costate_neural_ode::train::optimizer::{Lbfgs, Optimizer, Step};
///
/// // A narrow valley: some of the points it asks for are only looked at.
/// let (mut x, mut optimizer, mut seen) = (vec![-1.2_f64, 1.0], Lbfgs::new(2), [0, 0]);
/// loop {
///     let bend = x[1] - x[0] * x[0];
///     let (l, g) = ((1.0 - x[0]).powi(2) + 100.0 * bend * bend, [-2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend, 200.0 * bend]);
///     match optimizer.step(&mut x, l, &g) {
///         Step::Accepted => seen[0] += 1,
///         Step::Searching => seen[1] += 1,
///         Step::Finished(reason) => break assert!(reason.is_converged()),
///     }
/// }
/// assert!(seen[0] > seen[1] && seen[1] > 0 && (x[0] - 1.0).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Step {
    /// The point is taken: one iteration is done. `x` holds the next point to evaluate.
    Accepted,
    /// The point was a trial that is not taken; `x` holds another trial of the same iteration.
    Searching,
    /// There is nothing left to do: `x` holds the best point.
    Finished(Reason),
}

/// Why an optimiser stops.
///
/// ```
/// use costate_neural_ode::train::optimizer::Reason;
/// assert!(Reason::GradientIsSmall.is_converged() && !Reason::NoDescent.is_converged());
/// assert_eq!(Reason::LossIsFlat.to_string(), "the loss does not fall any more");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Reason {
    /// The gradient vanishes, as far as the bounds leave freedom: a minimum.
    GradientIsSmall,
    /// The loss does not fall any more in its leading digits.
    LossIsFlat,
    /// The variables do not move any more in their leading digits.
    StepIsSmall,
    /// No point on the way downhill is better, though the gradient does not vanish: it does not fit the loss, or rounding covers both.
    NoDescent,
    /// The loss or the gradient is not finite, and there is no earlier point to go back to.
    NotFinite,
}

impl Reason {
    /// Whether the point is a minimum as far as the tolerances tell.
    #[must_use]
    pub fn is_converged(self) -> bool {
        matches!(
            self,
            Self::GradientIsSmall | Self::LossIsFlat | Self::StepIsSmall
        )
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::GradientIsSmall => "the gradient vanishes",
            Self::LossIsFlat => "the loss does not fall any more",
            Self::StepIsSmall => "the variables do not move any more",
            Self::NoDescent => "no better point was found along the direction of descent",
            Self::NotFinite => "the loss or its gradient is not finite",
        })
    }
}

/// A box: `lower[i] ≤ x[i] ≤ upper[i]`, with infinities where there is no bound.
///
/// ```
/// use costate_neural_ode::train::optimizer::{Bounds, Lbfgs, Optimizer, Step};
///
/// // (x − 3)² with x ≤ 2
/// let mut optimizer = Lbfgs { bounds: Bounds::new(vec![0.0], vec![2.0]), ..Lbfgs::new(1) };
/// let mut x = [1.0];
/// loop {
///     let off = x[0] - 3.0;
///     if let Step::Finished(_) = optimizer.step(&mut x, off * off, &[2.0 * off]) {
///         break;
///     }
/// }
/// assert_eq!(x, [2.0]);
/// assert!(optimizer.bounds.touches(0, x[0]) && optimizer.bounds.blocks(0, x[0], -2.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Bounds {
    /// The box between `lower` and `upper`.
    ///
    /// # Panics
    /// If they differ in length, or a lower bound is not below its upper bound.
    #[must_use]
    #[track_caller]
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Self {
        assert!(
            lower.len() == upper.len(),
            "{} lower bounds, but {} upper bounds",
            lower.len(),
            upper.len()
        );
        if let Some(i) = (0..lower.len())
            .find(|&i| lower[i].partial_cmp(&upper[i]) != Some(std::cmp::Ordering::Less))
        {
            panic!(
                "variable {i}: the lower bound {} is not below the upper bound {}",
                lower[i], upper[i]
            );
        }
        Self { lower, upper }
    }

    /// No bounds on `n` variables.
    #[must_use]
    pub fn none(n: usize) -> Self {
        Self {
            lower: vec![f64::NEG_INFINITY; n],
            upper: vec![f64::INFINITY; n],
        }
    }

    /// The number of variables.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lower.len()
    }

    /// Whether there are no variables.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lower.is_empty()
    }

    /// The nearest number to `value` that variable `i` may take.
    #[must_use]
    pub fn clamp(&self, i: usize, value: f64) -> f64 {
        value.max(self.lower[i]).min(self.upper[i])
    }

    /// Moves `x` to the nearest point of the box.
    pub fn project(&self, x: &mut [f64]) {
        for (i, x) in x.iter_mut().enumerate() {
            *x = self.clamp(i, *x);
        }
    }

    /// Whether variable `i` lies at a bound that descent, along −`gradient`, would cross.
    #[must_use]
    pub fn blocks(&self, i: usize, x: f64, gradient: f64) -> bool {
        (x <= self.lower[i] && gradient > 0.0) || (x >= self.upper[i] && gradient < 0.0)
    }

    /// Whether variable `i` lies at one of its bounds.
    #[must_use]
    pub fn touches(&self, i: usize, x: f64) -> bool {
        x <= self.lower[i] || x >= self.upper[i]
    }
}

#[track_caller]
fn check_lengths(x: usize, gradient: usize) {
    assert!(
        x == gradient,
        "{x} variables, but a gradient of {gradient} entries"
    );
}

/// Makes `state` as long as `x`, with zeros, when it is used first.
#[track_caller]
fn start<T: num_traits::Zero + Clone>(state: &mut Vec<T>, x: usize) {
    if state.is_empty() {
        state.resize(x, T::zero());
    }
    assert!(
        state.len() == x,
        "{x} variables, but {} in the steps before",
        state.len()
    );
}

fn all_finite<T: num_traits::Float>(loss: T, gradient: &[T]) -> bool {
    loss.is_finite() && gradient.iter().all(|g| g.is_finite())
}
