//! What gradients are taken by, and what size it has.

use crate::gradient::{Gradient, Problem};
use costate_ode::Real;

/// What a gradient is taken by.
///
/// ```
/// use costate_neural_ode::audit::Variable;
/// assert_eq!([Variable::Theta(3), Variable::T1].map(|variable| variable.to_string()), ["theta[3]", "t1"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variable {
    /// A component of h₀.
    H0(usize),
    /// A component of θ.
    Theta(usize),
    /// t₀.
    T0,
    /// t₁.
    T1,
    /// A save time.
    Save(usize),
}

impl std::fmt::Display for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::H0(i) => write!(f, "h0[{i}]"),
            Self::Theta(k) => write!(f, "theta[{k}]"),
            Self::T0 => f.write_str("t0"),
            Self::T1 => f.write_str("t1"),
            Self::Save(s) => write!(f, "save[{s}]"),
        }
    }
}

/// A gradient as one list.
pub(super) fn entries<E: Real>(gradient: &Gradient<E>) -> (Vec<Variable>, Vec<f64>) {
    let h0 = gradient
        .h0
        .iter()
        .enumerate()
        .map(|(i, g)| (Variable::H0(i), g));
    let theta = gradient
        .theta
        .iter()
        .enumerate()
        .map(|(k, g)| (Variable::Theta(k), g));
    let ends = [(Variable::T0, &gradient.t0), (Variable::T1, &gradient.t1)];
    let save = gradient
        .save
        .iter()
        .enumerate()
        .map(|(s, g)| (Variable::Save(s), g));
    let all = h0.chain(theta).chain(ends).chain(save);
    all.map(|(variable, g)| (variable, g.as_f64())).unzip()
}

/// Entries below these sizes do not matter: a ten-thousandth of what the largest does to the loss when its variable changes by a part of its size.
pub(super) fn sizes<T: Real, E: Real>(
    variables: &[Variable],
    slopes: &[f64],
    problem: &Problem<'_, T, E>,
) -> Vec<f64> {
    let size = |variable: &Variable| size(*variable, problem);
    let effects = variables
        .iter()
        .zip(slopes)
        .map(|(v, slope)| slope.abs() * size(v));
    let most = effects.fold(f64::MIN_POSITIVE, f64::max);
    variables.iter().map(|v| 1e-4 * most / size(v)).collect()
}

/// How large a variable is, or 1 where it is zero; for times, the length of the solve.
fn size<T: Real, E: Real>(variable: Variable, problem: &Problem<'_, T, E>) -> f64 {
    let size = match variable {
        Variable::H0(i) => problem.h0[i].abs().as_f64(),
        Variable::Theta(k) => problem.theta[k].abs().as_f64(),
        _ => (problem.t1 - problem.t0).abs().as_f64(),
    };
    if size > 0.0 { size } else { 1.0 }
}

/// The variable x with the largest |x ∂L/∂x / L|, and that.
pub(super) fn condition<T: Real, E: Real>(
    variables: &[Variable],
    slopes: &[f64],
    loss: f64,
    problem: &Problem<'_, T, E>,
) -> Option<(Variable, f64)> {
    let pairs = variables.iter().zip(slopes);
    let numbers = pairs.map(|(v, slope)| (*v, (slope * size(*v, problem) / loss).abs()));
    let finite = numbers.filter(|(_, number)| number.is_finite());
    finite.max_by(|a, b| a.1.total_cmp(&b.1))
}
