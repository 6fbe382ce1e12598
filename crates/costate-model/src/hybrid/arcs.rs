//! Gradients along a chain of arcs.

use costate_neural_ode::gradient::{self, Gradient};
use costate_neural_ode::hybrid::Hybrid;
use costate_neural_ode::{Error as SolverError, GradientMethod, Problem, Saved};
use costate_ode::Method;

use super::driven::Driven;
use super::system::{System, What};
use crate::error::Result;
use crate::model::Model;
use crate::problem::Why;

/// The solutions of one experiment with everything that happens, and a gradient method for their arcs.
pub(crate) struct Arcs {
    system: System,
    hybrid: Hybrid<f64, Vec<f64>, Driven>,
    method: Box<dyn GradientMethod<f64, f64>>,
    states: usize,
    /// The latest gradient, by the model's own states.
    found: Gradient<f64>,
    /// Each event of the file that happened, its time and the derivative by it.
    events: Vec<(usize, f64, f64)>,
}

/// A measurement behind the event that ends the solution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unreached {
    pub(crate) time: f64,
    /// The number of the event in the file, and its time.
    pub(crate) event: usize,
    pub(crate) end: f64,
}

impl Arcs {
    pub(crate) fn new(model: &Model, name: &str, solver: Method) -> Result<Self> {
        Self::by_name(model, name, solver)?.map_err(|error| model.refused(&error))
    }

    /// With the gradient method called `name`, or why there is none for this solver.
    pub(crate) fn by_name(
        model: &Model,
        name: &str,
        solver: Method,
    ) -> Result<Result<Self, SolverError>> {
        let system = System::new(model)?;
        let hybrid = system.hybrid(model, solver);
        let like = vec![0.0; system.shape.width];
        let options = system.options(model);
        let method = gradient::by_name(name, system.field.clone(), &like, solver, options);
        Ok(method.map(|method| Arcs {
            method,
            hybrid,
            states: model.states.len(),
            system,
            found: Gradient::default(),
            events: Vec::new(),
        }))
    }

    /// The loss and its gradient; an error for the first save time that the solution does not reach.
    pub(crate) fn gradient(
        &mut self,
        problem: &Problem<'_, f64, f64>,
        loss: &mut dyn FnMut(&Saved<f64>, &mut Saved<f64>) -> f64,
    ) -> Result<&Gradient<f64>, Why> {
        let (start, end) = (problem.t0, problem.t1);
        let h0 = self.system.begin(problem.theta, problem.h0, start, end);
        let longer = Problem {
            h0: &h0,
            ..*problem
        };
        let (system, mut unreached, mut happened) = (&self.system, None, Vec::new());
        let found =
            self.hybrid
                .gradient(&mut *self.method, &longer, &mut |solution, cotangents| {
                    happened.clear();
                    happened.extend(solution.events.iter().copied());
                    let reached = solution.saved.len();
                    if reached < problem.times().len() {
                        let last = solution.events.last();
                        unreached = last.map(|last| Unreached {
                            time: problem.times()[reached],
                            event: match system.what(last.event) {
                                What::Event(i) => i,
                                _ => 0,
                            },
                            end: last.t,
                        });
                        return f64::NAN;
                    }
                    loss(&solution.saved, &mut cotangents.saved)
                });
        let found = found.map_err(|error| Why::of(error, system))?;
        if let Some(unreached) = unreached {
            return Err(Why::Unreached(unreached));
        }
        self.found.clone_from(&found.gradient);
        self.found.h0.truncate(self.states);
        self.events.clear();
        for (occurrence, derivative) in happened.iter().zip(&found.times) {
            if let What::Event(i) = system.what(occurrence.event) {
                self.events.push((i, occurrence.t, *derivative));
            }
        }
        // With its time an infusion moves as a whole: its end is part of it.
        for (occurrence, derivative) in happened.iter().zip(&found.times) {
            if let What::InfusionEnds(i, over) = system.what(occurrence.event) {
                let began = occurrence.t - over;
                let distance = |event: &(usize, f64, f64)| (event.1 - began).abs();
                let own = self.events.iter_mut().filter(|event| event.0 == i);
                if let Some(event) = own.min_by(|a, b| distance(a).total_cmp(&distance(b))) {
                    event.2 += derivative;
                }
            }
        }
        Ok(&self.found)
    }

    /// The loss alone.
    pub(crate) fn loss(
        &mut self,
        problem: &Problem<'_, f64, f64>,
        loss: &mut dyn FnMut(&Saved<f64>, &mut Saved<f64>) -> f64,
    ) -> Result<f64, Why> {
        let (start, end) = (problem.t0, problem.t1);
        let h0 = self.system.begin(problem.theta, problem.h0, start, end);
        let longer = Problem {
            h0: &h0,
            ..*problem
        };
        let solution = self.hybrid.solve(&longer);
        let solution = solution.map_err(|error| Why::of(error, &self.system))?;
        if solution.saved.len() < problem.times().len() {
            return Ok(f64::NAN);
        }
        let mut cotangents = solution.saved.clone();
        cotangents.values_mut().fill(0.0);
        Ok(loss(&solution.saved, &mut cotangents))
    }

    /// Each event of the file that happened on the latest way, with its time and the derivative of the loss by it.
    pub(crate) fn events(&self) -> &[(usize, f64, f64)] {
        &self.events
    }
}
