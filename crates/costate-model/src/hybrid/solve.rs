//! Solving without a gradient, by any method.

use costate_neural_ode::{Solvable, VectorField};
use costate_ode::{Failure, Ivp, Solution};

use super::system::{System, What};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::trajectory::Trajectory;

impl Model {
    /// As [`Model::solve`], for a model with arcs; `save` are times, or every step.
    pub(crate) fn solve_arcs(&self, save: Option<Vec<f64>>) -> Result<Trajectory> {
        let mut system = System::new(self)?;
        let (start, end) = self.span();
        let phi = self.phi();
        let h0 = system.begin(&phi, &self.initial(), start, end);
        let mut field = system.field.clone();
        field.set_parameters(&phi);
        let mut problem = Ivp::with_system(Solvable::new(&mut field), start, h0, end)
            .method(self.solver.method)
            .options(system.options(self));
        for event in system.events(&phi) {
            problem = problem.event(event);
        }
        if let Some(times) = save {
            problem = problem.save_at(times);
        }
        match problem.solve() {
            Ok(solution) => Ok(self.told(&system, &solution)),
            Err(Failure { error, partial, .. }) => {
                let partial = self.told(&system, &partial);
                if let Some((what, near)) = system.slid() {
                    return Err(Error::Solve {
                        message: self.endless(what, near),
                        partial: Box::new(partial),
                    });
                }
                Err(match &error {
                    costate_ode::Error::Zeno { event, near, .. } => Error::Solve {
                        message: self.endless(system.what(*event), *near),
                        partial: Box::new(partial),
                    },
                    _ => self.stopped(&error, partial),
                })
            }
        }
    }

    /// Why a solution cannot get past a time.
    pub(crate) fn endless(&self, what: What, near: f64) -> String {
        let path = self.path().display();
        let within = self.within();
        match what {
            What::Switch(i) => format!(
                "{path}: the answer of '{}' changes without end at t = {near}{within}: on both sides the equations lead back to it; a smooth switch, sigmoid((a - b) / width), has a solution there",
                self.switches[i].text
            ),
            What::Event(i) => format!(
                "{path}: {} happens ever sooner and without end before t = {near}{within}: let it end there with terminal = true, or set the states so that it stops",
                self.event_name(i)
            ),
            _ => format!("{path}: events follow each other without end before t = {near}{within}"),
        }
    }

    fn told(&self, system: &System, solution: &Solution<f64, Vec<f64>>) -> Trajectory {
        let n = self.states.len();
        let (mut times, mut values): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        for (&t, h) in solution.t.iter().zip(&solution.y) {
            // Where only the rest of the state has changed, there is nothing new to show.
            let again = times.last() == Some(&t) && values.ends_with(&h[..n]);
            // A solution that slides along a comparison is ended by what is no state.
            if !again && h[..n].iter().all(|h| h.is_finite()) {
                times.push(t);
                values.extend(&h[..n]);
            }
        }
        let happened = solution.events.iter().filter_map(|happened| {
            let name = match system.what(happened.event) {
                What::Event(i) => self.event_name(i),
                What::Switch(i) if !self.switches[i].is_scheduled => self.switches[i].text.clone(),
                _ => return None,
            };
            Some((name, happened.t))
        });
        Trajectory {
            names: self.states.iter().map(|state| state.name.clone()).collect(),
            times,
            values,
            stats: solution.stats,
            events: happened.collect(),
        }
    }
}
