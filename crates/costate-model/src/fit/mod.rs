//! Fitting a model to its data, one evaluation at a time.

mod found;
mod review;
mod sight;
mod stage;
mod starts;
mod state;
mod variables;
mod write;

use std::time::{Duration, Instant};

use costate_neural_ode::train::optimizer::{Reason, Step};

pub use found::{Bound, FittedParameter, Found};
pub use review::{
    Checked, Comparison, Knowledge, Known, Learned, Panel, Phase, Profile, Residuals, Review,
    Slice, Standing,
};
pub use starts::{Outcome, Starts};
pub use state::{Joint, Record, Verdict};

use crate::data::Data;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::problem::{Objective, Segments, Windows, check_curriculum};
use sight::InSegments;
use stage::{Point, Sees, Stage, Stepper};
use state::State;
use variables::Variables;

/// With batches, the loss of all data is looked at once in so many iterations.
const LOOK_EVERY: usize = 50;

/// A fit under way. Between two calls of [`Fit::advance`] it can be saved, and goes on later with the same bits.
///
/// ```no_run
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// println!("{}: loss {}", found.verdict, found.loss);
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

/// A loss with its gradient by the optimiser's coordinates, and as residuals where these were asked for.
struct Evaluated {
    loss: f64,
    gradient: Vec<f64>,
    residuals: Option<(Vec<f64>, Vec<f64>)>,
}

impl Fit {
    /// The beginning of a fit of `model` from its present values.
    ///
    /// # Errors
    /// If there are no data, nothing to vary, or settings that do not go together; [`Error::Solve`] or [`Error::Numerical`] if the loss is
    /// not finite at the start.
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
        let seen = fit.sight()?;
        let theta = seen.variables.theta(seen.x);
        let start = seen.objective.evaluate(&theta);
        let start = start.map_err(|error| seen.model.failed(&error))?;
        if !start.loss.is_finite() {
            return Err(seen.model.not_finite(seen.objective, &theta));
        }
        fit.state.best_loss = start.loss;
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
        let costly = objective.has_costly_residuals();
        let stages = stage::stages(&model, variables.len(), joints, costly)?;
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

    /// One evaluation of the loss, and what the optimiser makes of it. `false` if the fit had ended before.
    ///
    /// # Errors
    /// None of its own at points where the loss is not finite: the optimiser goes back from there.
    pub fn advance(&mut self) -> Result<bool> {
        if self.state.verdict.is_some() {
            return Ok(false);
        }
        let stage = self.stages[self.state.stage];
        let at = self.evaluate()?;
        self.state.evaluations += 1;
        let variables = self.variables();
        let gradient_norm = variables.norm(&self.state.x, &at.gradient);
        let point = match &at.residuals {
            Some((values, jacobian)) => Point::Residuals(values, jacobian),
            None => Point::Loss(at.loss, &at.gradient),
        };
        let mut next = self.state.x.clone();
        let variables = match (stage.sees, &self.segments) {
            (Sees::Segments(_), Some(segments)) => &segments.variables,
            _ => &self.variables,
        };
        let iteration = self.state.stage_iteration;
        let stepper = &mut self.state.stepper;
        let step = stepper.step(stage, iteration, variables, &mut next, &point);
        let taken = match step {
            Step::Accepted => true,
            Step::Searching => false,
            Step::Finished(_) => at.loss < self.state.best_loss,
        };
        // A later stage begins at a point that the one before has recorded.
        let new = self.state.stage == 0 || self.state.stage_iteration > 0;
        if taken && new && at.loss.is_finite() {
            self.state.records.push(at.loss, gradient_norm);
        }
        if self.windows.is_none() {
            let x = self.state.x.clone();
            self.note(at.loss, &x);
        }
        self.state.x = next;
        if step == Step::Accepted {
            self.state.stage_iteration += 1;
            if self.windows.is_some() && self.state.stage_iteration.is_multiple_of(LOOK_EVERY) {
                self.look();
            }
        }
        self.end_stage(stage, step)?;
        Ok(true)
    }

    /// Remembers the best point.
    fn note(&mut self, loss: f64, x: &[f64]) {
        if loss <= self.state.best_loss {
            self.state.best_loss = loss;
            self.state.best_x.copy_from_slice(x);
        }
    }

    /// The loss of all data at the present point; one that cannot be solved there is no better.
    fn look(&mut self) {
        let x = self.state.x.clone();
        if let Ok(found) = self.objective.evaluate(&self.variables.theta(&x)) {
            self.note(found.loss, &x);
        }
    }

    fn end_stage(&mut self, stage: Stage, step: Step) -> Result<()> {
        let spent = self
            .state
            .elapsed
            .map(|before| before + self.clock.elapsed().as_secs_f64());
        let limit = self.model.fit.time_limit.map(|limit| limit.as_secs_f64());
        let late = matches!((spent, limit), (Some(spent), Some(limit)) if spent >= limit);
        // The first point of a stage is where it starts: so many iterations end at one point more.
        let used_up = step == Step::Accepted && self.state.stage_iteration > stage.iterations;
        let last = self.state.stage + 1 == self.stages.len();
        let verdict = match step {
            Step::Finished(reason) => Verdict::of(reason),
            _ if late => Verdict::TimeLimit,
            _ if used_up => Verdict::IterationsUsed,
            _ => return Ok(()),
        };
        if stage.sees == Sees::Batches {
            self.look();
        }
        let next = self.stages.get(self.state.stage + 1).map(|next| next.sees);
        let next = next.filter(|_| !late);
        if let Sees::Segments(_) = stage.sees
            && !matches!(next, Some(Sees::Segments(_)))
        {
            self.join()?;
        }
        if !stage.sees.is_like(next.unwrap_or(Sees::Everything)) {
            self.state.best_loss = f64::INFINITY;
        }
        if last || late {
            if self.state.best_loss == f64::INFINITY {
                self.state.x.clone_from(&self.state.best_x);
                self.look();
            }
            self.state.verdict = Some(verdict);
            return Ok(());
        }
        self.state.stage += 1;
        self.state.stage_iteration = 0;
        self.state.x.clone_from(&self.state.best_x);
        self.state.stepper = self.stepper();
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Evaluated> {
        let by_windows = self.stages[self.state.stage].sees == Sees::Batches;
        let (stepper, evaluations) = (&self.state.stepper, self.state.evaluations as u64);
        let wants_residuals = stepper.wants_residuals();
        let seen = self.sight()?;
        let theta = seen.variables.theta(seen.x);
        let failed = Evaluated {
            loss: f64::INFINITY,
            gradient: vec![f64::NAN; seen.variables.len()],
            residuals: None,
        };
        if wants_residuals {
            return Ok(match seen.objective.residuals(seen.model, &theta) {
                Ok(residuals) => {
                    let jacobian = seen.variables.gradient(&theta, &residuals.jacobian);
                    let n = seen.variables.len();
                    let mut gradient = vec![0.0; n];
                    for (r, row) in residuals.values.iter().zip(jacobian.chunks_exact(n)) {
                        gradient
                            .iter_mut()
                            .zip(row)
                            .for_each(|(g, j)| *g += 2.0 * r * j);
                    }
                    Evaluated {
                        loss: residuals.values.iter().map(|r| r * r).sum(),
                        gradient,
                        residuals: Some((residuals.values.clone(), jacobian)),
                    }
                }
                Err(error) if error.is_numerical() => Evaluated {
                    residuals: Some((vec![f64::INFINITY], vec![f64::NAN; seen.variables.len()])),
                    ..failed
                },
                Err(error) => return Err(error),
            });
        }
        let found = match seen.windows {
            Some(windows) if by_windows => windows.evaluate(&theta, evaluations),
            _ => {
                let found = seen.objective.evaluate(&theta);
                found.map(|found| (found.loss, found.theta))
            }
        };
        Ok(match found {
            Ok((loss, a_theta)) => Evaluated {
                loss,
                gradient: seen.variables.gradient(&theta, &a_theta),
                residuals: None,
            },
            Err(_) => failed,
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

impl Verdict {
    fn of(reason: Reason) -> Self {
        match reason {
            reason if reason.is_converged() => Verdict::Converged(reason.to_string()),
            Reason::NotFinite => Verdict::Failed(
                "the loss or its gradient is not finite; a smaller learning_rate, or bounds on the parameters, may help".into(),
            ),
            reason => Verdict::Stopped(format!(
                "{reason}: usual where the solver's own error covers what is left to gain"
            )),
        }
    }
}
