//! The gradient of one experiment's loss by every method.

use costate_neural_ode::audit::{Audit, relative_tolerance};
use costate_neural_ode::{GradientMethod, Problem, Saved};
use costate_ode::Method as Solver;

use super::{Part, Stretch};
use crate::error::Result;
use crate::field::{self, Layout};
use crate::hybrid::{Arcs, SOLVER, differences};
use crate::model::Model;
use crate::problem::observer::Observer;
use crate::problem::stopped::{Stopped, Why};

impl Part {
    /// The gradient through the solution by every method, compared with each other and with differences.
    pub(crate) fn audit(
        &mut self,
        model: &Model,
        solver: Solver,
        theta: &[f64],
        observer: &mut Observer,
    ) -> Result<Audit> {
        let begin = self.begin(theta, observer);
        let (measurements, stretch) = (&self.measurements, Stretch::whole(&self.measurements));
        let mut a_time = vec![0.0; measurements.times.len()];
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            stretch.score(measurements, observer, saved, cotangents, &mut a_time)
        };
        let problem = begin.problem(&measurements.times);
        if self.arcs.is_some() {
            let model = model.under(self.condition);
            return audit_arcs(&model, solver, &problem, &mut loss);
        }
        let field = field::compile(model, Layout::Single)?;
        let options = model.options(&field, 1);
        let like = vec![0.0; model.states.len()];
        let audit = Audit::new(&field, &like, solver, &options, &problem, &mut loss);
        audit.map_err(|error| {
            model.failed(&Stopped {
                condition: self.condition,
                why: Why::Solver(error),
            })
        })
    }
}

/// The gradient along arcs by every method, compared with differences of whole solutions at finer tolerances.
fn audit_arcs(
    model: &Model,
    solver: Solver,
    problem: &Problem<'_, f64, f64>,
    loss: &mut dyn FnMut(&Saved<f64>, &mut Saved<f64>) -> f64,
) -> Result<Audit> {
    let mut finer = model.clone();
    finer.solver.rtol = (1e-3 * model.solver.rtol).max(1e-13);
    for state in &mut finer.states {
        state.atol *= 1e-3;
    }
    let failed = |why| {
        model.failed(&Stopped {
            condition: model.selected,
            why,
        })
    };
    let exact = crate::problem::gradient_name("auto");
    let mut arcs = Arcs::new(&finer, exact, solver)?;
    let rtol = model.solver.rtol;
    let (slopes, unsure) = differences(&mut arcs, problem, loss).map_err(failed)?;
    let atol = model.states.iter().map(|state| state.atol);
    let tolerance = relative_tolerance(rtol, atol.zip(problem.h0.iter().copied()));
    let mut refused = None;
    let mut make = |name: &str| match Arcs::by_name(model, name, solver) {
        Ok(made) => made.map(|arcs| Box::new(arcs) as Box<dyn GradientMethod<f64, f64>>),
        Err(error) => {
            refused = Some(error);
            Err(costate_neural_ode::Error::UnknownMethod {
                name: name.to_owned(),
                known: String::new(),
            })
        }
    };
    let differences = (&slopes, &unsure, SOLVER * rtol);
    let audit = Audit::of(problem, loss, differences, tolerance, &mut make);
    match refused {
        Some(error) => Err(error),
        None => Ok(audit),
    }
}
