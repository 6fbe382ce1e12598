//! The optimisers behind one form, with everything they know in a form that can be saved.

use costate_neural_ode::train::optimizer::{
    Adam, GaussNewton, Lbfgs, Optimizer as _, RmsProp, Sgd, Step,
};
use costate_neural_ode::train::schedule::Schedule;
use serde::{Deserialize, Serialize};

use super::variables::Variables;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::settings::Optimizer;

/// More parameters than this are left to L-BFGS.
const MOST_FOR_GAUSS_NEWTON: usize = 75;
/// The part of the iterations that Adam has before L-BFGS.
const ADAM_FIRST: f64 = 0.8;
/// What the learning rate of Adam falls to, as a part of the first.
const ADAM_LAST: f64 = 0.01;
const MOMENTUM: f64 = 0.9;
/// The part of itself, in units of the learning rate, that a weight loses in each step of AdamW.
const DECAY: f64 = 0.01;
pub(super) const ITERATIONS: usize = 2000;
const LEARNING_RATE: f64 = 1e-3;

/// What the penalty of gaps between segments is multiplied by, one time after the other: an easy loss first, and at last pieces that meet.
const PENALTIES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
/// With no more variables than this, states of segments among them, Gauss–Newton is worth its matrices.
const MOST_IN_SEGMENTS: usize = 200;
/// Where a stage is only on the way to the next, it ends when its loss falls by less than this part.
const ROUGH: f64 = 1e-4;

/// A part of a fit: one optimiser for so many iterations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stage {
    pub(super) optimizer: Optimizer,
    pub(super) iterations: usize,
    pub(super) sees: Sees,
}

/// The loss of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sees {
    /// All measurements, along solutions in one piece.
    Everything,
    /// Random windows.
    Batches,
    /// The first of so many parts of the measured times.
    Beginning(usize, usize),
    /// Segments, with the penalty of their gaps times this.
    Segments(f64),
}

impl Sees {
    /// Whether a loss of the one can be compared with one of the other: where there are batches the loss of all data is looked at too.
    pub(super) fn is_like(self, other: Self) -> bool {
        let whole = |sees| matches!(sees, Sees::Everything | Sees::Batches);
        self == other || whole(self) && whole(other)
    }
}

/// The stages of a fit of this model, of so many variables, with `joints` more for the states that segments begin with.
///
/// # Errors
/// If the optimiser that the file names cannot work with its loss or its batches.
pub(super) fn stages(model: &Model, variables: usize, joints: usize) -> Result<Vec<Stage>> {
    let optimizers = optimizers(model, variables)?;
    let sees = |optimizer| match model.fit.batch {
        // They compare losses of one iteration with those of the next.
        Some(_) if ![Optimizer::Lbfgs, Optimizer::GaussNewton].contains(&optimizer) => {
            Sees::Batches
        }
        _ => Sees::Everything,
    };
    let (first, iterations) = optimizers[0];
    let mut early: Vec<(Optimizer, Sees)> = Vec::new();
    if model.fit.segments > 1 {
        let many = variables + joints > MOST_IN_SEGMENTS;
        let of_segments = match first {
            Optimizer::GaussNewton if many => Optimizer::Lbfgs,
            first => first,
        };
        early.extend(PENALTIES.map(|factor| (of_segments, Sees::Segments(factor))));
    }
    let parts = model.fit.curriculum;
    early.extend((1..parts).map(|part| (first, Sees::Beginning(part, parts))));
    // What comes before the whole takes its part of the iterations of the first optimiser; where another follows, that sees the whole.
    let shares = match optimizers.len() {
        1 => early.len() + 1,
        _ if model.fit.segments > 1 => early.len(),
        _ => early.len() + 1,
    };
    let share = iterations / shares;
    let mut rest = iterations - share * early.len();
    let early = early.into_iter().map(|(optimizer, sees)| Stage {
        optimizer,
        iterations: share,
        sees,
    });
    let mut early: Vec<Stage> = early.collect();
    if let Some(last) = early.last_mut().filter(|_| share > 0 && rest < share) {
        last.iterations += std::mem::take(&mut rest);
    }
    let whole = [(first, rest)]
        .into_iter()
        .chain(optimizers[1..].iter().copied());
    let whole = whole.map(|(optimizer, iterations)| Stage {
        optimizer,
        iterations,
        sees: sees(optimizer),
    });
    let all = early.into_iter().chain(whole);
    Ok(all.filter(|stage| stage.iterations > 0).collect())
}

/// The optimisers and how many iterations each has.
fn optimizers(model: &Model, variables: usize) -> Result<Vec<(Optimizer, usize)>> {
    let iterations = model.fit.iterations.unwrap_or(ITERATIONS);
    let one = |optimizer| vec![(optimizer, iterations)];
    let chosen = match model.fit.optimizer {
        Optimizer::Auto if !model.networks.is_empty() => {
            let first = ((iterations as f64 * ADAM_FIRST) as usize).max(1);
            vec![
                (Optimizer::Adam, first),
                (Optimizer::Lbfgs, iterations - first),
            ]
        }
        Optimizer::Auto if model.fit.batch.is_some() => one(Optimizer::Adam),
        Optimizer::Auto if variables <= MOST_FOR_GAUSS_NEWTON => one(Optimizer::GaussNewton),
        Optimizer::Auto => one(Optimizer::Lbfgs),
        named => one(named),
    };
    let refuse = |why: String| {
        Err(Error::Argument(format!(
            "{}: {why}",
            model.path().display()
        )))
    };
    let named = model.fit.optimizer.name();
    match model.fit.optimizer {
        Optimizer::GaussNewton | Optimizer::Lbfgs if model.fit.batch.is_some() => refuse(format!(
            "the optimizer {named} needs the same loss at every iteration; with 'batch' take adam, rmsprop or sgd"
        )),
        _ => Ok(chosen),
    }
}

/// What an optimiser is given at a point.
pub(super) enum Point<'a> {
    /// The loss and its gradient.
    Loss(f64, &'a [f64]),
    /// The loss, and it as residuals and their Jacobian.
    Residuals(f64, &'a [f64], &'a [f64]),
}

/// An optimiser in the middle of its work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Stepper {
    GaussNewton(GaussNewton),
    Lbfgs(Lbfgs),
    Adam(Adam<f64>),
    AdamW(Adam<f64>),
    RmsProp(RmsProp<f64>),
    Sgd(Sgd<f64>),
}

impl Stepper {
    pub(super) fn new(stage: Stage, model: &Model, variables: &Variables) -> Self {
        let n = variables.len();
        let rate = model.fit.learning_rate.unwrap_or(LEARNING_RATE);
        // Digits beyond what the solver's tolerance leaves meaningful are not worth an iteration.
        let noise = match stage.sees {
            Sees::Everything | Sees::Batches => 1e-3 * model.solver.rtol,
            Sees::Beginning(..) | Sees::Segments(_) => ROUGH,
        };
        match stage.optimizer {
            Optimizer::Lbfgs => {
                let mut lbfgs = Lbfgs::new(n);
                lbfgs.bounds = variables.bounds().clone();
                lbfgs.loss_tolerance = lbfgs.loss_tolerance.max(noise);
                Stepper::Lbfgs(lbfgs)
            }
            Optimizer::Adam => Stepper::Adam(Adam::new(rate)),
            Optimizer::AdamW => Stepper::AdamW(Adam::new(rate)),
            Optimizer::RmsProp => Stepper::RmsProp(RmsProp::new(rate)),
            Optimizer::Sgd => {
                let mut sgd = Sgd::new(rate);
                sgd.momentum = MOMENTUM;
                Stepper::Sgd(sgd)
            }
            Optimizer::GaussNewton | Optimizer::Auto => {
                let mut gauss_newton = GaussNewton::new(n);
                gauss_newton.bounds = variables.bounds().clone();
                gauss_newton.loss_tolerance = gauss_newton.loss_tolerance.max(noise);
                gauss_newton.gradient_tolerance = gauss_newton.gradient_tolerance.max(noise);
                Stepper::GaussNewton(gauss_newton)
            }
        }
    }

    pub(super) fn wants_residuals(&self) -> bool {
        matches!(self, Stepper::GaussNewton(_))
    }

    /// Takes what was found at `x`, replaces it by the next point, which lies within the bounds.
    pub(super) fn step(
        &mut self,
        stage: Stage,
        iteration: usize,
        variables: &Variables,
        x: &mut [f64],
        at: &Point<'_>,
    ) -> Step {
        let step = match (self, at) {
            (Stepper::GaussNewton(it), Point::Residuals(loss, values, jacobian)) => {
                it.step_of(*loss, x, values, jacobian)
            }
            (Stepper::GaussNewton(_), Point::Loss(..)) => {
                unreachable!("Gauss–Newton is given residuals")
            }
            (_, Point::Residuals(..)) => unreachable!("only Gauss–Newton is given residuals"),
            (Stepper::Lbfgs(it), Point::Loss(loss, gradient)) => it.step(x, *loss, gradient),
            (Stepper::Adam(it), Point::Loss(loss, gradient)) => {
                cosine(it, stage, iteration, x, *loss, gradient).0
            }
            (Stepper::AdamW(it), Point::Loss(loss, gradient)) => {
                let before = x.to_vec();
                let (step, rate) = cosine(it, stage, iteration, x, *loss, gradient);
                // Weights alone: zero is nothing special for what has units.
                for i in variables.weights() {
                    x[i] -= rate * DECAY * before[i];
                }
                step
            }
            (Stepper::RmsProp(it), Point::Loss(loss, gradient)) => it.step(x, *loss, gradient),
            (Stepper::Sgd(it), Point::Loss(loss, gradient)) => it.step(x, *loss, gradient),
        };
        variables.bounds().project(x);
        step
    }
}

/// A step of Adam whose learning rate falls with the iterations of its stage, and that rate.
fn cosine(
    it: &mut Adam<f64>,
    stage: Stage,
    iteration: usize,
    x: &mut [f64],
    loss: f64,
    gradient: &[f64],
) -> (Step, f64) {
    let schedule = Schedule::Cosine {
        iterations: stage.iterations as u64,
        last: ADAM_LAST,
    };
    let rate = it.learning_rate;
    let now = rate * schedule.factor::<f64>(iteration as u64);
    it.learning_rate = now;
    let step = it.step(x, loss, gradient);
    it.learning_rate = rate;
    (step, now)
}
