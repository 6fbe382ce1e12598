//! Fitting a model to its data, one evaluation at a time.

mod advance;
mod curvature;
mod found;
mod review;
mod sight;
mod stage;
mod starts;
mod state;
mod variables;
mod write;

use std::time::{Duration, Instant};

pub use found::{Bound, FittedParameter, Found};
pub use review::{
    Checked, Comparison, Knowledge, Known, Learned, Panel, Phase, Profile, Residuals, Review,
    Slice, Standing,
};
pub use starts::{Outcome, Starts};
pub use state::{Joint, Record, Verdict};

use crate::check::Warning;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::problem::{Objective, Segments, Windows, check_curriculum};
use sight::InSegments;
use stage::{Sees, Stage, Stepper};
use state::State;
use variables::Variables;

/// A fit under way. Between two calls of [`Fit::advance`] it can be saved, and goes on later with the same bits.
///
/// ```
/// use costate_model::{Fit, Model, Verdict};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// assert!(matches!(found.verdict, Verdict::Converged(_)) && found.loss < 2.02);
/// # Ok::<(), costate_model::Error>(())
/// ```
pub struct Fit {
    /// The model as it was at the start.
    model: Model,
    data: Data,
    variables: Variables,
    objective: Objective,
    windows: Option<Windows>,
    segments: Option<InSegments>,
    /// The loss of a part of the measured times, and which part.
    beginning: Option<((usize, usize), Objective)>,
    stages: Vec<Stage>,
    state: State,
    clock: Instant,
}

impl Fit {
    /// The beginning of a fit of `model` from its present values.
    ///
    /// # Errors
    /// If there are no data, nothing to vary, or settings that do not go together; [`Error::Solve`] or [`Error::Numerical`] if the loss or
    /// its gradient is not finite at the start.
    pub fn new(model: Model) -> Result<Self> {
        let data = model.data()?;
        Self::begin(model, data)
    }

    /// As [`Fit::new`], with the model's data.
    fn begin(model: Model, data: Data) -> Result<Self> {
        let mut fit = Self::prepare(model, data)?;
        if let Sees::Segments(_) = fit.stages[0].sees {
            fit.state.x = fit.in_segments()?.start();
            fit.state.best_x.clone_from(&fit.state.x);
            fit.state.stepper = fit.stepper();
        }
        fit.state.best_loss = fit.usable()?;
        Ok(fit)
    }

    /// The fit of `model` that wrote `state`, where it was then.
    ///
    /// # Errors
    /// [`Error::Argument`] if this is not the state of a fit, or of another model or other data.
    pub fn resume(model: Model, state: &str) -> Result<Self> {
        let data = model.data()?;
        let mut fit = Self::prepare(model, data)?;
        let saved = State::parse(state)?;
        let path = fit.model.path().display();
        if saved.fingerprint != fit.state.fingerprint {
            return Err(Error::Argument(format!(
                "this checkpoint belongs to another model than {path}, or {path} or its data have changed since"
            )));
        }
        let unfit = || Error::Argument(format!("this checkpoint does not fit {path}"));
        if saved.stage >= fit.stages.len() {
            return Err(unfit());
        }
        fit.state = saved;
        if fit.state.x.len() != fit.variables.len() + fit.joints() * fit.model.states.len() {
            return Err(unfit());
        }
        Ok(fit)
    }

    /// A fit at its start, before anything is solved.
    pub(crate) fn prepare(model: Model, data: Data) -> Result<Self> {
        let variables = Variables::new(&model);
        if variables.len() == 0 {
            let message = format!(
                "{}: nothing to fit: there are no parameters that are not fixed, and no networks",
                model.path().display()
            );
            return Err(Error::Argument(message));
        }
        let measurements = model.measurements(&data)?;
        Segments::check(&model, &measurements)?;
        check_curriculum(&model, &measurements)?;
        let joints = Segments::joints(&model, &measurements) * model.states.len();
        let objective = Objective::new(&model, measurements)?;
        let stages = stage::stages(&model, variables.len(), joints)?;
        let x = variables.start();
        let stepper = Stepper::new(stages[0], &model, &variables);
        let state = State::new(
            model.fingerprint(&data),
            x,
            stepper,
            model.fit.time_limit.is_some(),
        );
        Ok(Fit {
            windows: model
                .fit
                .batch
                .map(|_| Windows::new(&model, &data, objective.solver()))
                .transpose()?,
            segments: None,
            beginning: None,
            objective,
            clock: Instant::now(),
            state,
            stages,
            variables,
            data,
            model,
        })
    }

    /// Iterations done, and the most there will be.
    pub fn progress(&self) -> (usize, usize) {
        let before: usize = self.stages[..self.state.stage]
            .iter()
            .map(|stage| stage.iterations)
            .sum();
        let total = self.stages.iter().map(|stage| stage.iterations).sum();
        (before + self.state.stage_iteration.saturating_sub(1), total)
    }

    /// Loss and gradient norm of every iteration so far.
    pub fn history(&self) -> impl ExactSizeIterator<Item = Record> + '_ {
        self.state.records.iter()
    }

    /// Whether there is nothing left to do.
    pub fn is_finished(&self) -> bool {
        self.state.verdict.is_some()
    }

    /// The best loss so far; of all data, also where the fit goes by windows. While it goes by segments or by a growing window, of these.
    pub fn best_loss(&self) -> f64 {
        self.state.best_loss
    }

    /// How the fit ended, if it has.
    pub fn verdict(&self) -> Verdict {
        self.state.verdict.clone().unwrap_or(Verdict::Interrupted)
    }

    /// Everything from which [`Fit::resume`] goes on.
    ///
    /// ```
    /// use costate_model::{Fit, Model};
    ///
    /// let model = Model::open("examples/lynx-hare.toml")?;
    /// let mut fit = Fit::new(model.clone())?;
    /// for _ in 0..3 {
    ///     fit.advance()?;
    /// }
    /// let state = fit.save(); // to a file
    /// let mut later = Fit::resume(model, &state)?;
    /// fit.advance()?;
    /// later.advance()?;
    /// assert_eq!(fit.best_loss().to_bits(), later.best_loss().to_bits());
    /// assert!(fit.progress().0 < fit.progress().1 && !fit.is_finished());
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn save(&mut self) -> String {
        let since = std::mem::replace(&mut self.clock, Instant::now()).elapsed();
        self.state.elapsed = self
            .state
            .elapsed
            .map(|before| before + since.as_secs_f64());
        self.state.to_text()
    }

    /// The model as it was at the start.
    pub fn start(&self) -> &Model {
        &self.model
    }

    /// What the rows to fit tell nothing of, though others do: copies that only validation rows have, and values that every experiment replaces.
    pub fn unfitted(&self) -> Vec<Warning> {
        self.model.unfitted(&self.data)
    }

    /// The data.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The model with the best values so far.
    pub fn fitted(&self) -> Model {
        let mut model = self.model.clone();
        model.set_theta(&self.variables.theta(&self.state.best_x));
        model
    }

    /// The optimisers, in their order; one that several stages have one after another once.
    pub fn optimizers(&self) -> Vec<&'static str> {
        let stages = self.stages.iter();
        let mut names: Vec<&str> = stages.map(|stage| stage.optimizer.name()).collect();
        names.dedup();
        names
    }

    /// The time after which the fit ends, if there is one.
    pub fn time_limit(&self) -> Option<Duration> {
        self.model.fit.time_limit
    }
}
