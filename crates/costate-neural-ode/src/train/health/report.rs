//! What was found.

use super::Cost;
use std::fmt;

/// A loss that changes by more than this part with the solver depends on it.
const DEPENDS: f64 = 0.05;
/// A costate that grows by more than this has lost half of its digits, as far as single precision goes.
const EXPLODES: f64 = 1e4;
/// h that is rebuilt worse than this is another solution.
const FORGETS: f64 = 1e-2;

/// A trained model's health, made by [`Health::of`]; to print.
///
/// [`Health::of`] makes one. By hand, to show what it says:
///
/// ```
/// use costate_neural_ode::train::health::{Cost, Health, Trial};
///
/// let cost = Cost { evaluations: 20, products: 20, rejected: 0, entering: 1.0, arriving: 2.0 };
/// let trial = |solver, loss| Trial { solver, settings: "step 0.5".into(), loss: Ok(loss), evaluations: 20 };
/// let health = Health { cost, trials: vec![trial("euler", 0.25), trial("verner9", 0.5)], rebuilt: Ok(1e-6) };
/// assert!(health.dependence() == 0.5 && health.depends_on_its_steps());
/// assert_eq!(health.worries().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// A gradient as it was trained.
    pub cost: Cost,
    /// The loss with this and other solvers: first as it was trained, last the most accurate.
    pub trials: Vec<Trial>,
    /// By how much h misses where it began when it is solved back, in its own units; or why it cannot be.
    pub rebuilt: Result<f64, String>,
}

/// A loss with one solver.
///
/// [`Health`] has an example with two.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The method.
    pub solver: &'static str,
    /// Its step or tolerance.
    pub settings: String,
    /// The loss; or why there is none.
    pub loss: Result<f64, String>,
    /// Evaluations of f.
    pub evaluations: usize,
}

impl Health {
    /// By which part of the larger one the loss as trained and that of the most accurate solve differ: from 0, for a model of an equation, to 1. 1 if that one fails.
    #[must_use]
    pub fn dependence(&self) -> f64 {
        let loss = |trial: Option<&Trial>| trial.and_then(|trial| trial.loss.clone().ok());
        match (loss(self.trials.first()), loss(self.trials.last())) {
            (Some(trained), Some(exact)) if trained == exact => 0.0,
            (Some(trained), Some(exact)) => {
                (trained - exact).abs() / trained.abs().max(exact.abs())
            }
            _ => 1.0,
        }
    }

    /// Whether the loss is another one with an accurate solver: then the model is one of the steps it was trained with, and not of an equation.
    #[must_use]
    pub fn depends_on_its_steps(&self) -> bool {
        self.dependence() > DEPENDS
    }

    /// What to worry about, in sentences; none for a healthy model.
    #[must_use]
    pub fn worries(&self) -> Vec<String> {
        let mut worries = Vec::new();
        if self.depends_on_its_steps() {
            worries.push(format!(
                "the loss changes by {:.0} % with an accurate solver: the model has learned the steps of its solver; train with a tighter tolerance or smaller steps",
                100.0 * self.dependence()
            ));
        }
        let growth = self.cost.growth();
        if growth > EXPLODES {
            worries.push(format!(
                "the costate grows {growth:.0e}-fold on its way back: gradients say little about the beginning; train on a shorter horizon or in pieces"
            ));
        }
        match &self.rebuilt {
            Err(why) => worries.push(format!("h cannot be rebuilt on the way back ({why}): do not take backsolve")),
            Ok(off) if off.is_nan() || *off > FORGETS => worries.push(format!(
                "going back, h misses where it began by {off:.1e}: it forgets its past; do not take backsolve"
            )),
            Ok(_) => {}
        }
        worries
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, trial) in self.trials.iter().enumerate() {
            let note = if i == 0 { " (as trained)" } else { "" };
            write!(f, "{:10} {:12} ", trial.solver, trial.settings)?;
            match &trial.loss {
                Ok(loss) => writeln!(
                    f,
                    "loss {loss:.6e}  {:6} evaluations{note}",
                    trial.evaluations
                )?,
                Err(why) => writeln!(f, "failed: {why}{note}")?,
            }
        }
        let Cost {
            entering, arriving, ..
        } = self.cost;
        writeln!(
            f,
            "costate    {entering:.3e} enters, {arriving:.3e} arrives at the start"
        )?;
        if let Ok(off) = &self.rebuilt {
            writeln!(f, "going back, h is rebuilt within {off:.1e}")?;
        }
        match self.worries().as_slice() {
            [] => writeln!(f, "nothing to worry about"),
            worries => worries
                .iter()
                .try_for_each(|worry| writeln!(f, "worry: {worry}")),
        }
    }
}
