//! Solutions at values near those of another, for differences.

use costate_neural_ode::{FiniteDifference, Problem, Saved};
use costate_ode::Method;

use crate::field::{self, Field, Layout};
use crate::hybrid::Arcs;
use crate::model::Model;

/// The part of the tolerances at which solutions by steps of their own are compared.
const FINER: f64 = 1e-2;
/// By how large a part values are moved where solutions go by the same steps, so that rounding alone sets them apart.
const MOVED: f64 = 1e-5;

/// What solves.
pub(super) enum Nearby {
    /// Each by steps of its own, finer than others: where something happens on the way.
    Arcs(Box<Arcs>, f64),
    /// Each by the steps of the first, which has some.
    Steps(Box<FiniteDifference<f64, Vec<f64>, Field>>, bool),
}

impl Nearby {
    /// For an experiment's model; `None` if the solver cannot be taken, which its gradient method has said before.
    pub(super) fn new(model: &Model, solver: Method) -> Option<Self> {
        if !model.is_hybrid() {
            let field = field::compile(model, Layout::Single).ok()?;
            let options = model.options(&field, 1);
            let like = vec![0.0; model.states.len()];
            let differences = FiniteDifference::new(field, &like, solver, options).ok()?;
            return Some(Nearby::Steps(Box::new(differences), false));
        }
        let mut finer = model.clone();
        finer.solver.rtol = (FINER * finer.solver.rtol).max(1e-13);
        let states = finer.states.iter_mut();
        states.for_each(|state| state.atol *= FINER);
        let name = crate::problem::gradient_name("auto");
        let arcs = Arcs::new(&finer, name, solver).ok()?;
        Some(Nearby::Arcs(Box::new(arcs), finer.solver.rtol))
    }

    /// By how large a part values are to be moved. With steps of their own the cube root of the tolerance: there the solver's error, divided by the step, is as small as
    /// what central differences leave out.
    pub(super) fn part(&self) -> f64 {
        match self {
            Nearby::Arcs(_, rtol) => rtol.cbrt(),
            Nearby::Steps(..) => MOVED,
        }
    }

    /// Has `read` see the saved states, of the first solution or of one near it. Returns whether there is a solution.
    pub(super) fn solve(
        &mut self,
        problem: &Problem<'_, f64, f64>,
        first: bool,
        read: &mut dyn FnMut(&Saved<f64>),
    ) -> bool {
        match self {
            Nearby::Arcs(arcs, _) => {
                let done = arcs.loss(problem, &mut |saved, _| {
                    read(saved);
                    0.0
                });
                done.is_ok_and(|done| !done.is_nan())
            }
            Nearby::Steps(differences, goes) => {
                if first {
                    *goes = problem.t0 != problem.t1;
                }
                let saved = match !first && *goes {
                    true => differences.states_near(problem),
                    false => differences.states(problem),
                };
                saved.map(read).is_ok()
            }
        }
    }
}
