//! Dual numbers through the same frozen steps: the derivative of the numbers computed, by a way that shares nothing with the gradient methods but the solver.

use super::fields::{Case, loss};
use costate_ode::{Integrator, Options, Real};
use costate_tape::Dual;

/// Directions carried at once.
const DIRECTIONS: usize = 8;

type D = Dual<f64, DIRECTIONS>;

/// What a loss is differentiated by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Variable {
    H0(usize),
    Theta(usize),
    T0,
    T1,
    Save(usize),
}

/// ∂L/∂(each of `variables`), with these sizes of the steps but the last, which lands on t₁.
pub(crate) fn derivatives(case: &Case, steps: &[f64], variables: &[Variable]) -> Vec<f64> {
    let chunks = variables.chunks(DIRECTIONS);
    chunks
        .flat_map(|chunk| loss_along(case, steps, chunk).tangent[..chunk.len()].to_vec())
        .collect()
}

fn loss_along(case: &Case, steps: &[f64], along: &[Variable]) -> D {
    let number =
        |value: f64, variable: Variable| match along.iter().position(|other| *other == variable) {
            Some(direction) => D::variable(value, direction),
            None => D::constant(value),
        };
    let numbers = |values: &[f64], variable: fn(usize) -> Variable| -> Vec<D> {
        let values = values.iter().enumerate();
        values.map(|(i, v)| number(*v, variable(i))).collect()
    };
    let h0 = numbers(&case.h0, Variable::H0);
    let theta = numbers(&case.theta, Variable::Theta);
    let times = numbers(&case.save_at, Variable::Save);
    let (t0, t1) = (number(case.t0, Variable::T0), number(case.t1, Variable::T1));
    let system =
        |t: D, h: &Vec<D>, dh: &mut Vec<D>| dh.copy_from_slice(&case.field.eval(h, t, &theta));
    let options = Options::constant_step(D::constant(1.0));
    let mut it = Integrator::new(case.tableau, system, t0, &h0, options).unwrap();
    let mut states = Vec::new();
    let direction = case.t1 - case.t0;
    for (n, &size) in steps.iter().enumerate() {
        let last = n + 1 == steps.len();
        it.force_step(if last { t1 - it.t() } else { D::constant(size) });
        while let Some(&time) = times.get(states.len()) {
            if (time.value - it.t().value) * direction > 0.0 && !last {
                break;
            }
            states.push(dense(&mut it, time));
        }
    }
    if case.save_at.is_empty() {
        states.push(it.y().clone());
    }
    loss(&states)
}

/// Dense output by its formula, h + dt Σ w_i(σ) k_i, with the derivative by σ too.
fn dense<S: costate_ode::System<D, Vec<D>>>(it: &mut Integrator<D, Vec<D>, S>, time: D) -> Vec<D> {
    // Evaluates the slopes that only dense output needs.
    let half = <D as Real>::from_f64(0.5);
    it.interpolate(it.t_prev() + it.h() * half, &mut it.y().clone());
    let sigma = (time - it.t_prev()) / it.h();
    let (scheme, slopes) = (it.engine().scheme(), it.engine().slopes());
    let mut state = it.y_prev().clone();
    for i in (0..scheme.dense.len()).filter(|i| !scheme.dense[*i].is_empty()) {
        let weight = it.h() * scheme.dense_weight(i, sigma);
        for (out, slope) in state.iter_mut().zip(&slopes[i]) {
            *out += weight * *slope;
        }
    }
    state
}
