//! What symplectic methods ask of a model.

use costate_ode::Family;

use super::{Layout, right_side};
use crate::error::{Error, Result};
use crate::model::Model;

/// Whether the model's method can integrate it: every method but a symplectic one can.
///
/// # Errors
/// [`Error::Argument`] where a symplectic method would be wrong: the states are not positions and then as many velocities, positions change with
/// positions or velocities with velocities, or something happens on the way, for which the state holds more than those.
pub(crate) fn check_separable(model: &Model, layout: Layout) -> Result<()> {
    let method = model.solver.method;
    if !matches!(method.family(), Family::Symplectic(_)) {
        return Ok(());
    }
    let refused = |why: String| {
        Err(Error::Argument(format!(
            "{}: {why}; {} is for positions, which velocities alone move, and then as many velocities, which positions alone change: take another method, such as gauss4",
            model.path().display(),
            method.name
        )))
    };
    if model.is_hybrid() {
        return refused("the model has events, inputs from data or comparisons".into());
    }
    if layout.copies() > 1 {
        return refused("windows of data are solved side by side".into());
    }
    let n = model.states.len();
    if !n.is_multiple_of(2) {
        return refused(format!("the number of states, {n}, is odd"));
    }
    let half = |i: usize| i / (n / 2);
    let pattern = right_side(model, Layout::Single)?.jacobian_pattern(0);
    match pattern.entries().find(|(i, j)| half(*i) == half(*j)) {
        None => Ok(()),
        Some((i, j)) => {
            let name = |i: usize| &model.states[i].name;
            refused(format!(
                "the equation of {} depends on {}",
                name(i),
                name(j)
            ))
        }
    }
}
