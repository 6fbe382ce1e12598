//! The training loop.

mod divergence;
mod recipe;

pub use divergence::Divergence;
pub use recipe::{OnDivergence, Recipe, Validation};

use super::clip;
use super::optimizer::{Optimizer, Reason, Step};
use crate::Error;
use costate_ode::Real;
use std::ops::ControlFlow;

/// How many of the last iterations say what is usual.
const USUAL: usize = 50;

/// Where a training stands: everything that is needed to go on with the same bits.
///
/// [`run`](Training::run) takes a [`Recipe`] and the loss and gradient as a function of the iteration and θ. Everything random about an iteration, such as its batch, must
/// come from its number: then a training that is stopped between any two iterations, saved and loaded, ends with the same bits as one that was not
/// (the module `checkpoint` of the feature of that name writes the files).
///
/// ```
/// use costate_neural_ode::train::optimizer::Sgd;
/// use costate_neural_ode::train::training::{End, Recipe, Training};
/// use std::ops::ControlFlow::{Break, Continue};
///
/// let mut training = Training::new(vec![5.0_f64], Sgd::new(0.1));
/// let recipe = Recipe { iterations: 300, ..Recipe::default() };
/// let end = training.run(
///     &recipe,
///     |_iteration, theta, gradient| {
///         gradient[0] = 2.0 * (theta[0] - 3.0);
///         Ok((theta[0] - 3.0).powi(2))
///     },
///     // Called after each iteration: to print, to save, to stop.
///     |training| if training.history.last().unwrap().loss < 1e-6 { Break(()) } else { Continue(()) },
/// );
/// assert_eq!(end, End::Cancelled);
/// assert!((training.theta[0] - 3.0).abs() < 1e-3 && training.iteration < 300);
/// ```
///
/// # When it diverges
/// A solve that fails (its steps collapse, a state is not finite), a loss or gradient that is not finite, or one that is suddenly far larger than it was: each is a
/// [`Divergence`] that says what happened. [`Recipe::on_divergence`] says what to do: stop with θ as it was last good, or go on from there with a smaller learning rate.
/// Optimisers that search for their steps are given a failed point as a trial with a loss that is not finite, and search on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Training<T, O> {
    /// The next iteration, counted from 0: how many are done.
    pub iteration: u64,
    /// By how much the learning rate was lowered after divergences: 1 if there was none.
    pub rate: T,
    /// The learning rate that the schedule multiplies; none before the first iteration, and for optimisers without one.
    first_rate: Option<T>,
    /// θ.
    pub theta: Vec<T>,
    /// The best θ by validation, or else none.
    pub best: Option<Best<T>>,
    /// What went wrong on the way, in words.
    pub setbacks: Vec<String>,
    /// The optimiser.
    pub optimizer: O,
    /// The last state known to be good, from which to go on after a divergence.
    good: Option<Good<T, O>>,
    /// What happened, an entry for each iteration.
    pub history: Vec<Record<T>>,
}

/// One iteration.
///
/// ```
/// use costate_neural_ode::train::optimizer::Sgd;
/// use costate_neural_ode::train::training::{Recipe, Training};
/// use std::ops::ControlFlow::Continue;
///
/// // (θ − 3)²
/// let gradient = |_: u64, theta: &[f64], g: &mut [f64]| {
///     g[0] = 2.0 * (theta[0] - 3.0);
///     Ok((theta[0] - 3.0).powi(2))
/// };
/// let mut training = Training::new(vec![5.0], Sgd::new(0.1));
/// training.run(&Recipe::of(20), gradient, |_| Continue(()));
/// let first = training.history[0];
/// assert_eq!((first.iteration, first.loss, first.gradient_norm, first.learning_rate), (0, 4.0, 4.0, Some(0.1)));
/// assert!(training.history.is_sorted_by(|earlier, later| later.loss < earlier.loss));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Record<T> {
    /// Its number.
    pub iteration: u64,
    /// The loss before the step.
    pub loss: T,
    /// The norm of its gradient, before clipping.
    pub gradient_norm: T,
    /// The learning rate of the step, for optimisers that have one.
    pub learning_rate: Option<T>,
    /// The loss on the validation set after the step, if it was asked for.
    pub validation: Option<T>,
}

/// A θ and what it is worth.
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
/// // What is validated against differs from what is trained on: the best θ is one on the way.
/// let mut training = Training::new(vec![5.0], Sgd::new(0.1));
/// let recipe = Recipe { validation: Some(Validation { every: 1, patience: 1000 }), ..Recipe::of(50) };
/// training.run_with_validation(&recipe, gradient, |theta| Ok((theta[0] - 4.0).powi(2)), |_| Continue(()));
/// let best = training.best.as_ref().expect("it was looked at");
/// assert!((best.theta[0] - 4.0).abs() < 0.2 && best.iteration < 50 && training.theta == best.theta);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Best<T> {
    /// The iteration after which it was found.
    pub iteration: u64,
    /// Its loss on the validation set.
    pub loss: T,
    /// θ.
    pub theta: Vec<T>,
}

/// A state to go back to.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Good<T, O> {
    iteration: u64,
    theta: Vec<T>,
    optimizer: O,
}

/// How a training ended.
///
/// ```
/// use costate_neural_ode::train::optimizer::Sgd;
/// use costate_neural_ode::train::training::{Divergence, End, OnDivergence, Recipe, Training};
/// use std::ops::ControlFlow::Continue;
///
/// // A loss that has no value beyond θ = 1, and a training that runs there.
/// let mut training = Training::new(vec![0.0_f64], Sgd::new(0.3));
/// let recipe = Recipe { on_divergence: OnDivergence::Stop, ..Recipe::of(100) };
/// let gradient = |_: u64, theta: &[f64], g: &mut [f64]| {
///     g[0] = -1.0;
///     Ok(if theta[0] > 1.0 { f64::NAN } else { -theta[0] })
/// };
/// let end = training.run(&recipe, gradient, |_| Continue(()));
/// assert!(matches!(end, End::Diverged(Divergence::Loss { iteration: 4, .. })), "{end:?}");
/// assert!(training.theta[0] <= 1.0); // where it was last good
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// All iterations are done.
    Iterations,
    /// The optimiser has nothing left to do.
    Finished(Reason),
    /// The loss on the validation set did not fall for as long as the recipe allows. θ is the best one.
    Patience,
    /// It diverged, and the recipe says to stop. θ is the last that was good.
    Diverged(Divergence),
    /// Whoever watched it asked for the end.
    Cancelled,
}

impl<T: Real, O: Optimizer<T> + Clone> Training<T, O> {
    /// At its beginning.
    #[must_use]
    pub fn new(theta: Vec<T>, optimizer: O) -> Self {
        Self {
            iteration: 0,
            rate: T::one(),
            first_rate: None,
            theta,
            best: None,
            setbacks: Vec::new(),
            optimizer,
            good: None,
            history: Vec::new(),
        }
    }

    /// Trains on until the recipe's iterations are done or there is another [`End`]. `gradient` is given the iteration and θ, writes ∂L/∂θ and returns L.
    pub fn run(
        &mut self,
        recipe: &Recipe,
        gradient: impl FnMut(u64, &[T], &mut [T]) -> Result<T, Error>,
        watch: impl FnMut(&Self) -> ControlFlow<()>,
    ) -> End {
        self.go_on(recipe, gradient, |_| None, watch)
    }

    /// The same with a validation set: `validate` gives the loss there of a θ. When and how long is [`Recipe::validation`]. At the end θ is the best one found by it.
    ///
    /// ```
    /// use costate_neural_ode::train::optimizer::Sgd;
    /// use costate_neural_ode::train::training::{End, Recipe, Training, Validation};
    /// use std::ops::ControlFlow::Continue;
    ///
    /// // The training loss falls for ever; the other one only until θ = 2.
    /// let mut training = Training::new(vec![0.0_f64], Sgd::new(0.1));
    /// let validation = Some(Validation { every: 1, patience: 5 });
    /// let end = training.run_with_validation(
    ///     &Recipe { iterations: 1000, validation, ..Recipe::default() },
    ///     |_, theta, gradient| { gradient[0] = -1.0; Ok(-theta[0]) },
    ///     |theta| Ok((theta[0] - 2.0).powi(2)),
    ///     |_| Continue(()),
    /// );
    /// assert_eq!(end, End::Patience);
    /// assert!((training.theta[0] - 2.0).abs() < 1e-12 && training.iteration == 25);
    /// ```
    pub fn run_with_validation(
        &mut self,
        recipe: &Recipe,
        gradient: impl FnMut(u64, &[T], &mut [T]) -> Result<T, Error>,
        mut validate: impl FnMut(&[T]) -> Result<T, Error>,
        watch: impl FnMut(&Self) -> ControlFlow<()>,
    ) -> End {
        let end = self.go_on(recipe, gradient, |theta| Some(validate(theta)), watch);
        if let (Some(best), true) = (&self.best, end != End::Cancelled) {
            self.theta.clone_from(&best.theta);
        }
        end
    }

    fn go_on(
        &mut self,
        recipe: &Recipe,
        mut gradient: impl FnMut(u64, &[T], &mut [T]) -> Result<T, Error>,
        mut validate: impl FnMut(&[T]) -> Option<Result<T, Error>>,
        mut watch: impl FnMut(&Self) -> ControlFlow<()>,
    ) -> End {
        let mut g = vec![T::zero(); self.theta.len()];
        while self.iteration < recipe.iterations {
            let learning_rate = self.set_rate(recipe);
            let outcome = gradient(self.iteration, &self.theta, &mut g);
            let loss = match self.judge(recipe, outcome, &g) {
                Ok(loss) => loss,
                // A trial that failed is the search's own business.
                Err(_) if learning_rate.is_none() => T::nan(),
                Err(divergence) => {
                    if self.go_back(recipe, &divergence) {
                        if watch(self).is_break() {
                            return End::Cancelled;
                        }
                        continue;
                    }
                    return End::Diverged(divergence);
                }
            };
            if learning_rate.is_some() && self.iteration.is_multiple_of(recipe.keep_every.max(1)) {
                self.good = Some(Good {
                    iteration: self.iteration,
                    theta: self.theta.clone(),
                    optimizer: self.optimizer.clone(),
                });
            }
            let gradient_norm = match recipe.clip {
                Some(clip) => clip.apply(&mut g),
                None => clip::norm(&g),
            };
            let step = self.optimizer.step(&mut self.theta, loss, &g);
            let validation = self.validate(recipe, &mut validate);
            self.history.push(Record {
                iteration: self.iteration,
                loss,
                gradient_norm,
                learning_rate,
                validation,
            });
            self.iteration += 1;
            let watched = watch(self);
            if let Step::Finished(reason) = step {
                return End::Finished(reason);
            }
            if self.patience_is_over(recipe) {
                return End::Patience;
            }
            if watched.is_break() {
                return End::Cancelled;
            }
        }
        End::Iterations
    }

    /// Sets the learning rate of this iteration, if there is one.
    fn set_rate(&mut self, recipe: &Recipe) -> Option<T> {
        let rate = self.optimizer.learning_rate_mut()?;
        let first = *self.first_rate.get_or_insert(*rate);
        *rate = first * self.rate * recipe.schedule.factor(self.iteration);
        Some(*rate)
    }

    /// The loss, if it and its gradient are what they can be expected to be.
    fn judge(
        &self,
        recipe: &Recipe,
        outcome: Result<T, Error>,
        gradient: &[T],
    ) -> Result<T, Divergence> {
        let loss = outcome.map_err(|error| Divergence::Solve {
            iteration: self.iteration,
            error: error.to_string(),
        })?;
        if !loss.is_finite() {
            let (iteration, loss) = (self.iteration, loss.as_f64().to_string());
            return Err(Divergence::Loss { iteration, loss });
        }
        if let Some(entry) = gradient.iter().position(|g| !g.is_finite()) {
            let iteration = self.iteration;
            return Err(Divergence::Gradient { iteration, entry });
        }
        let recent = &self.history[self.history.len().saturating_sub(USUAL)..];
        let usual = |of: fn(&Record<T>) -> T| recent.iter().map(of).fold(T::zero(), T::max);
        let checks = [
            ("loss", loss.abs(), usual(|record| record.loss.abs())),
            (
                "norm of the gradient",
                clip::norm(gradient),
                usual(|record| record.gradient_norm),
            ),
        ];
        for (what, value, usual) in checks {
            if usual > T::zero() && value > usual * T::from_f64(recipe.explosion) {
                return Err(Divergence::Explosion {
                    iteration: self.iteration,
                    what,
                    value: value.as_f64(),
                    usual: usual.as_f64(),
                });
            }
        }
        Ok(loss)
    }

    /// Goes back to the last good state with a smaller learning rate, if the recipe says so; θ is the good one in any case.
    fn go_back(&mut self, recipe: &Recipe, divergence: &Divergence) -> bool {
        if let Some(good) = &self.good {
            self.iteration = good.iteration;
            self.theta.clone_from(&good.theta);
            self.optimizer = good.optimizer.clone();
            self.history.truncate(
                self.history
                    .partition_point(|record| record.iteration < good.iteration),
            );
        }
        self.setbacks.push(divergence.to_string());
        match recipe.on_divergence {
            OnDivergence::GoBack { factor, most }
                if self.setbacks.len() <= most && self.good.is_some() =>
            {
                self.rate = self.rate * T::from_f64(factor);
                true
            }
            _ => false,
        }
    }

    /// The loss on the validation set, when it is time; and the best so far.
    fn validate(
        &mut self,
        recipe: &Recipe,
        validate: &mut impl FnMut(&[T]) -> Option<Result<T, Error>>,
    ) -> Option<T> {
        let done = self.iteration + 1;
        let every = recipe.validation?.every.max(1);
        if !done.is_multiple_of(every) && done != recipe.iterations {
            return None;
        }
        // A θ for which nothing can be computed is worth nothing.
        let loss = validate(&self.theta)?.unwrap_or(T::infinity());
        let better = self.best.as_ref().is_none_or(|best| loss < best.loss);
        if better && loss.is_finite() {
            self.best = Some(Best {
                iteration: done,
                loss,
                theta: self.theta.clone(),
            });
        }
        Some(loss)
    }

    fn patience_is_over(&self, recipe: &Recipe) -> bool {
        let since = |best: &Best<T>| self.iteration.saturating_sub(best.iteration);
        recipe.validation.is_some_and(|validation| {
            let best = self.best.as_ref();
            best.is_some_and(|best| since(best) >= validation.patience)
        })
    }
}
