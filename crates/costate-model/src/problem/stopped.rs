//! Why a loss could not be had, and how that is told.

use costate_neural_ode::Error as SolverError;

use crate::error::Error;
use crate::hybrid::{System, Unreached, What};
use crate::model::Model;

/// A solution that could not be had, and of which experiment.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) condition: usize,
    pub(crate) why: Why,
}

#[derive(Debug)]
pub(crate) enum Why {
    Solver(SolverError),
    /// Events that follow each other without end before this time.
    Endless(What, f64),
    /// An event that touches zero without crossing it.
    Grazing(What, f64),
    /// A measurement behind the event that ends the solution.
    Unreached(Unreached),
}

impl From<SolverError> for Why {
    fn from(error: SolverError) -> Self {
        Why::Solver(error)
    }
}

impl Why {
    /// With the events' own meaning.
    pub(crate) fn of(error: SolverError, system: &System) -> Self {
        if let Some((what, near)) = system.slid() {
            return Why::Endless(what, near);
        }
        match error {
            SolverError::Solver(costate_ode::Error::Zeno { event, near, .. }) => {
                Why::Endless(system.what(event), near)
            }
            SolverError::Grazing { event, time } => Why::Grazing(system.what(event), time),
            error => Why::Solver(error),
        }
    }
}

impl Model {
    /// A solution that stopped on the way to a loss, with what was computed until then.
    pub(crate) fn failed(&self, stopped: &Stopped) -> Error {
        let model = self.under(stopped.condition);
        let (path, within) = (self.path().display(), model.within());
        let error = match &stopped.why {
            Why::Solver(error) => error,
            Why::Endless(what, near) => return Error::Numerical(model.endless(*what, *near)),
            Why::Grazing(what, time) => {
                let name = match what {
                    What::Event(i) => self.event_name(*i),
                    What::Switch(i) => format!("'{}'", self.switches[*i].text),
                    _ => "an event".into(),
                };
                return Error::Numerical(format!(
                    "{path}: {name} touches zero at t = {time}{within} without crossing it: its time has no derivative there; take other values"
                ));
            }
            Why::Unreached(Unreached { time, event, end }) => {
                return Error::Numerical(format!(
                    "{path}: something is measured at t = {time}{within}, but {} ends the solution at t = {end}",
                    self.event_name(*event)
                ));
            }
        };
        match error {
            SolverError::Solver(error) => match model.solve(&crate::Save::Steps) {
                Err(solve) => solve,
                Ok(_) => model.stopped(error, crate::Trajectory::default()),
            },
            SolverError::SaveTime { time, from, to, .. } => Error::Numerical(format!(
                "{path}: something is measured at t = {time}, but the model's time{within} runs from {from} to {to} at these values"
            )),
            other => Error::Argument(format!("{path}: {other}")),
        }
    }
}
