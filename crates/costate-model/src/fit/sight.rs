//! What a stage of a fit looks at: its loss, by its variables.

use super::stage::{Sees, Stage, Stepper};
use super::state::Joint;
use super::{Fit, Variables};
use crate::error::Result;
use crate::model::Model;
use crate::problem::{Objective, Segments, Windows, beginning};

/// The loss along segments, by the fit's variables and the states that segments begin with.
pub(super) struct InSegments {
    segments: Segments,
    pub(super) variables: Variables,
}

impl InSegments {
    /// The coordinates at the start.
    pub(super) fn start(&self) -> Vec<f64> {
        self.variables.start()
    }
}

/// The parts of a fit that an evaluation needs, each by itself.
pub(super) struct Sight<'a> {
    pub(super) model: &'a Model,
    pub(super) x: &'a [f64],
    pub(super) variables: &'a Variables,
    pub(super) objective: &'a mut Objective,
    pub(super) windows: Option<&'a mut Windows>,
}

impl Fit {
    pub(super) fn stage(&self) -> Stage {
        self.stages[self.state.stage]
    }

    /// Which stage the fit is in and what it looks at there: `None` where it looks at everything in one piece from the beginning.
    ///
    /// For example `stage 2 of 5: 8 segments, the penalty of gaps times 10`.
    pub fn stage_name(&self) -> Option<String> {
        let whole = |stage: &Stage| stage.sees.is_like(Sees::Everything);
        if self.stages.iter().all(whole) {
            return None;
        }
        let what = match self.stage().sees {
            Sees::Segments(factor) => {
                let times = match factor {
                    1.0 => String::new(),
                    factor => format!(", the penalty of gaps times {factor}"),
                };
                format!("{} segments{times}", self.model.fit.segments)
            }
            Sees::Beginning(part, parts) => {
                format!("the first {part}/{parts} of the measured times")
            }
            Sees::Everything | Sees::Batches => {
                let by = match self.stages.iter().filter(|stage| whole(stage)).count() {
                    ..=1 => String::new(),
                    _ => format!(", by {}", self.stage().optimizer.name()),
                };
                format!("all times in one piece{by}")
            }
        };
        let (number, all) = (self.state.stage + 1, self.stages.len());
        Some(format!("stage {number} of {all}: {what}"))
    }

    /// What the present stage varies.
    pub(super) fn variables(&self) -> &Variables {
        match (self.stage().sees, &self.segments) {
            (Sees::Segments(_), Some(segments)) => &segments.variables,
            _ => &self.variables,
        }
    }

    /// The optimiser of the present stage at its start.
    pub(super) fn stepper(&self) -> Stepper {
        Stepper::new(self.stage(), &self.model, self.variables())
    }

    /// How many states the present stage varies that segments begin with.
    pub(super) fn joints(&self) -> usize {
        match self.stage().sees {
            Sees::Segments(_) => Segments::joints(&self.model, &self.objective.measurements()),
            _ => 0,
        }
    }

    /// The loss where the fit stands.
    ///
    /// # Errors
    /// Why it cannot be had, or where it or its gradient is not finite.
    pub(super) fn usable(&mut self) -> Result<f64> {
        let seen = self.sight()?;
        let theta = seen.variables.theta(seen.x);
        let mut model = seen.model.clone();
        let own = model.theta().len();
        model.set_theta(&theta[..own]);
        let here = seen.objective.evaluate(&theta);
        let here = here.map_err(|error| model.failed(&error))?;
        if !here.loss.is_finite() {
            return Err(model.not_finite(seen.objective, &theta));
        }
        let (by_parameter, rest) = here.theta.split_at(model.parameters.len());
        let endless =
            model.without_derivative(by_parameter, &[], &rest[..own - by_parameter.len()]);
        match endless.is_empty() {
            true => Ok(here.loss),
            false => Err(model.steep_somewhere(seen.objective, &endless)),
        }
    }

    /// The loss along segments, made from the model as it was at the start where it is not there yet.
    ///
    /// # Errors
    /// As [`Objective::new`].
    pub(super) fn in_segments(&mut self) -> Result<&mut InSegments> {
        if self.segments.is_none() {
            let segments = Segments::new(&self.model, &self.objective.measurements())?;
            let variables = self
                .variables
                .with_states(&segments.start, &segments.spread);
            self.segments = Some(InSegments {
                segments,
                variables,
            });
        }
        Ok(self.segments.as_mut().expect("made before"))
    }

    /// Looks at the start, and there with smaller errors of the solver, for variables whose influence is small and yet one.
    pub(super) fn ask(&mut self) {
        let theta = self.variables.theta(&self.variables.start());
        let columns = |model: &Model, objective: &mut Objective| {
            let found = objective.residuals(model, &theta).ok()?;
            Some(found.jacobian.clone())
        };
        let finer = self.model.finer();
        let of_finer = Objective::new(&finer, self.objective.measurements()).ok();
        let both = columns(&self.model, &mut self.objective)
            .zip(of_finer.and_then(|mut objective| columns(&finer, &mut objective)));
        let both = both.map(|(own, finer)| [own, finer]);
        self.variables.ask(&theta, both);
        if let Some(segments) = &mut self.segments {
            segments.variables.faint.clone_from(&self.variables.faint);
        }
    }

    /// What the present stage looks at.
    ///
    /// # Errors
    /// As [`Objective::new`].
    pub(super) fn sight(&mut self) -> Result<Sight<'_>> {
        match self.stage().sees {
            Sees::Segments(factor) => {
                self.in_segments()?.segments.weigh(factor);
            }
            Sees::Beginning(part, parts) => {
                let known = self.beginning.as_ref().map(|(known, _)| *known);
                if known != Some((part, parts)) {
                    let measurements = self.objective.measurements();
                    let objective = beginning(&self.model, measurements, (part, parts))?;
                    self.beginning = Some(((part, parts), objective));
                }
            }
            Sees::Everything | Sees::Batches => {}
        }
        let (variables, objective) =
            match (self.stage().sees, &mut self.segments, &mut self.beginning) {
                (Sees::Segments(_), Some(own), _) => (&own.variables, &mut own.segments.objective),
                (Sees::Beginning(..), _, Some((_, objective))) => (&self.variables, objective),
                _ => (&self.variables, &mut self.objective),
            };
        Ok(Sight {
            model: &self.model,
            x: &self.state.x,
            variables,
            objective,
            windows: self.windows.as_mut(),
        })
    }

    /// Goes on with the parameters alone, and notes how well the segments met.
    pub(super) fn join(&mut self) -> Result<()> {
        let (count, best) = (self.variables.len(), self.state.best_x.clone());
        let own = self.in_segments()?;
        let theta = own.variables.theta(&best);
        let spread = own.segments.spread.clone();
        let gaps = own.segments.objective.gaps(&theta).unwrap_or_default();
        let joint = |(condition, t, gaps): (usize, f64, Vec<f64>)| {
            let relative = gaps.iter().zip(&spread).map(|(gap, spread)| gap / spread);
            let widest = relative.enumerate();
            let widest = widest.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            let (state, relative) = widest.unwrap_or((0, 0.0));
            Joint {
                experiment: self.model.conditions[condition].name.clone(),
                t,
                state: self.model.states[state].name.clone(),
                gap: gaps[state],
                relative,
            }
        };
        self.state.joints = gaps.into_iter().map(joint).collect();
        self.state.best_x.truncate(count);
        self.state.x.truncate(count);
        Ok(())
    }
}
