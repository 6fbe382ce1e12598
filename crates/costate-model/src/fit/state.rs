//! Where a fit stands, as text: TOML, whose numbers read back to the same bits.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::stage::Stepper;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::input::Input;
use crate::model::Model;

/// Everything about a fit that is not in the model or the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// Of the model and the data.
    pub(super) fingerprint: String,
    pub(super) stage: usize,
    pub(super) stage_iteration: usize,
    pub(super) evaluations: usize,
    pub(super) best_loss: f64,
    /// Seconds, where the fit has a time limit.
    pub(super) elapsed: Option<f64>,
    pub(super) verdict: Option<Verdict>,
    /// The next point to evaluate.
    pub(super) x: Vec<f64>,
    pub(super) best_x: Vec<f64>,
    pub(super) records: Records,
    pub(super) stepper: Stepper,
    /// How well segments met, once that is known.
    #[serde(default)]
    pub(super) joints: Vec<Joint>,
}

/// Where two segments of a solution met in the end, before it was made one.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut model = Model::open("examples/lynx-hare.toml")?;
/// model.fit_settings_mut().segments = 4;
/// let mut fit = Fit::new(model)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// // Four pieces have three joints, which have come close.
/// assert_eq!(found.joints.len(), 3);
/// assert!(found.widest_gap().is_some_and(|joint| joint.relative.abs() < 0.5));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joint {
    /// The experiment.
    pub experiment: Option<String>,
    /// When.
    pub t: f64,
    /// The state with the widest gap for its spread.
    pub state: String,
    /// That gap: the end of the earlier segment less the start of the later.
    pub gap: f64,
    /// The gap in standard deviations of the state's measurements.
    pub relative: f64,
}

/// How a fit ended.
///
/// ```
/// use costate_model::Verdict;
/// let verdict = Verdict::Converged("the loss does not fall any more".into());
/// assert_eq!(verdict.to_string(), "converged (the loss does not fall any more)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// At a minimum, as far as the tolerances tell: why.
    Converged(String),
    /// All iterations are done.
    IterationsUsed,
    /// The time limit is reached.
    TimeLimit,
    /// There is no way on, though a minimum is not certain: why.
    Stopped(String),
    /// The numbers did not work out: why.
    Failed(String),
    /// The fit was interrupted.
    Interrupted,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Converged(why) => write!(f, "converged ({why})"),
            Verdict::IterationsUsed => f.write_str("all iterations are done"),
            Verdict::TimeLimit => f.write_str("the time limit is reached"),
            Verdict::Stopped(why) => write!(f, "stopped ({why})"),
            Verdict::Failed(why) => write!(f, "failed ({why})"),
            Verdict::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// Loss and gradient norm of one iteration.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let losses: Vec<f64> = fit.history().map(|record| record.loss).collect();
/// assert!(losses.len() > 3 && losses.is_sorted_by(|earlier, later| later <= earlier));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Which, counted from 0: the start.
    pub iteration: usize,
    /// The loss; of the iteration's batch where there are batches.
    pub loss: f64,
    /// The norm of its gradient by the optimiser's coordinates, without what the bounds hold.
    pub gradient_norm: f64,
}

/// The history, by columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Records {
    loss: Vec<f64>,
    gradient_norm: Vec<f64>,
}

impl Records {
    pub(super) fn push(&mut self, loss: f64, gradient_norm: f64) {
        self.loss.push(loss);
        self.gradient_norm.push(gradient_norm);
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = Record> + '_ {
        let rows = self.loss.iter().zip(&self.gradient_norm).enumerate();
        rows.map(|(iteration, (&loss, &gradient_norm))| Record {
            iteration,
            loss,
            gradient_norm,
        })
    }
}

impl State {
    pub(super) fn new(fingerprint: String, x: Vec<f64>, stepper: Stepper, timed: bool) -> Self {
        State {
            fingerprint,
            stage: 0,
            stage_iteration: 0,
            evaluations: 0,
            best_loss: f64::INFINITY,
            elapsed: timed.then_some(0.0),
            verdict: None,
            best_x: x.clone(),
            x,
            records: Records::default(),
            stepper,
            joints: Vec::new(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        toml::to_string(self).expect("numbers and names are TOML")
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let reason = error.message();
            Error::Argument(format!(
                "this checkpoint is not the state of a fit: {reason}"
            ))
        })
    }
}

impl Model {
    /// A number that another model, other data or other settings do not have.
    pub(super) fn fingerprint(&self, data: &Data) -> String {
        let mut hash = Fnv::new();
        hash.text(&self.source.text);
        data.times().iter().for_each(|t| hash.number(*t));
        for row in 0..data.times().len() {
            for observable in 0..self.observables.len() {
                hash.number(data.value(row, observable).unwrap_or(f64::NAN));
            }
            for bars in 0..self.error_bars().count() {
                hash.number(data.bar(row, bars).unwrap_or(f64::NAN));
            }
            hash.number(f64::from(u8::from(data.used(row))));
            hash.text(data.experiment(row).unwrap_or_default());
        }
        let tables = self.inputs.iter().flat_map(Input::numbers);
        tables.for_each(|value| hash.number(value));
        self.theta().iter().for_each(|value| hash.number(*value));
        for condition in 0..self.conditions.len() {
            let under = self.under(condition);
            under.phi().iter().for_each(|value| hash.number(*value));
            under.initial().iter().for_each(|value| hash.number(*value));
        }
        self.states.iter().for_each(|state| hash.number(state.atol));
        hash.number(self.solver.rtol);
        self.solver.step.iter().for_each(|step| hash.number(*step));
        hash.text(self.solver.method.name);
        hash.text(&format!("{:?}", self.fit.iterations));
        format!("{:016x}", hash.0)
    }
}

/// Fowler, Noll and Vo's hash, FNV-1a: not against malice, but the same in every release.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn text(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn number(&mut self, value: f64) {
        self.text(&format!("{:016x} ", value.to_bits()));
    }
}
