//! One evaluation after the other, and from stage to stage.

use costate_neural_ode::train::optimizer::{Reason, Step};

use super::Fit;
use super::stage::{Point, Sees, Stage};
use super::state::Verdict;
use crate::error::{Error, Result};

/// With batches, the loss of all data is looked at once in so many iterations.
const LOOK_EVERY: usize = 50;

/// A loss with its gradient by the optimiser's coordinates, and as residuals where these were asked for.
struct Evaluated {
    loss: f64,
    gradient: Vec<f64>,
    residuals: Option<(Vec<f64>, Vec<f64>)>,
}

impl Fit {
    /// One evaluation of the loss, and what the optimiser makes of it. `false` if the fit had ended before.
    ///
    /// # Errors
    /// None of its own at points where the loss is not finite: the optimiser goes back from there.
    pub fn advance(&mut self) -> Result<bool> {
        if self.state.verdict.is_some() {
            return Ok(false);
        }
        let stage = self.stage();
        let at = self.evaluate()?;
        self.state.evaluations += 1;
        let variables = self.variables();
        let gradient_norm = variables.norm(&self.state.x, &at.gradient);
        let point = match &at.residuals {
            Some((values, jacobian)) => Point::Residuals(at.loss, values, jacobian),
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
        let trouble = (step == Step::Finished(Reason::NotFinite)).then(|| self.usable().err());
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
        self.end_stage(stage, step, trouble.flatten())?;
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

    fn end_stage(&mut self, stage: Stage, step: Step, trouble: Option<Error>) -> Result<()> {
        let spent = self
            .state
            .elapsed
            .map(|before| before + self.clock.elapsed().as_secs_f64());
        let limit = self.model.fit.time_limit.map(|limit| limit.as_secs_f64());
        let late = matches!((spent, limit), (Some(spent), Some(limit)) if spent >= limit);
        // The first point of a stage is where it starts: so many iterations end at one point more.
        let used_up = step == Step::Accepted && self.state.stage_iteration > stage.iterations;
        let last = self.state.stage + 1 == self.stages.len();
        let alone = self
            .stages
            .iter()
            .all(|other| other.sees.is_like(stage.sees));
        let verdict = match step {
            Step::Finished(Reason::NotFinite) if !alone && self.state.stage_iteration == 0 => {
                Verdict::Failed(
                    "the solution in one piece is not finite at the values that the stages before found; more of them, or bounds on the parameters, may help".into(),
                )
            }
            Step::Finished(reason) => Verdict::of(reason, trouble),
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
        let by_windows = self.stage().sees == Sees::Batches;
        let evaluations = self.state.evaluations as u64;
        let wants_residuals = self.state.stepper.wants_residuals();
        let seen = self.sight()?;
        let theta = seen.variables.theta(seen.x);
        let failed = Evaluated {
            loss: f64::INFINITY,
            gradient: vec![f64::NAN; seen.variables.len()],
            residuals: None,
        };
        if wants_residuals {
            return Ok(match seen.objective.residuals(seen.model, &theta) {
                Ok(residuals) if seen.variables.is_in_doubt(&theta, &residuals.jacobian) => {
                    self.ask();
                    return self.evaluate();
                }
                Ok(residuals) => {
                    let jacobian = seen.variables.jacobian(&theta, &residuals.jacobian);
                    let n = seen.variables.len();
                    let mut gradient = vec![0.0; n];
                    for (r, row) in residuals.values.iter().zip(jacobian.chunks_exact(n)) {
                        gradient
                            .iter_mut()
                            .zip(row)
                            .for_each(|(g, j)| *g += 2.0 * r * j);
                    }
                    Evaluated {
                        loss: residuals.loss,
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
}

impl Verdict {
    fn of(reason: Reason, trouble: Option<Error>) -> Self {
        match reason {
            reason if reason.is_converged() => Verdict::Converged(reason.to_string()),
            Reason::NotFinite => {
                let what = trouble.map_or_else(
                    || "the loss or its gradient is not finite".to_owned(),
                    |error| error.to_string(),
                );
                Verdict::Failed(format!(
                    "{what}; a smaller learning_rate, or bounds on the parameters, may help"
                ))
            }
            reason => Verdict::Stopped(format!(
                "{reason}: usual where the solver's own error covers what is left to gain, or where the loss jumps"
            )),
        }
    }
}
