//! Systems with events whose solutions are known.

use costate_neural_ode::hybrid::{Cotangents, Event, Formula, Hybrid, HybridGradient, Solution};
use costate_neural_ode::{Error, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Var};

pub(crate) type System = Hybrid<f64, Vec<f64>, Recorded>;

/// A recorded map of `n` states and `p` parameters.
pub(crate) fn formula<F>(n: usize, p: usize, f: F) -> Formula
where
    F: for<'t> FnOnce(Var<'t, f64>, Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>,
{
    let inputs: [(&str, &[usize]); 3] = [("h", &[n]), ("t", &[]), ("theta", &[p])];
    let function = Function::record(&inputs, |v| vec![f(v[0], v[1], v[2])]);
    Formula::new(&function.unwrap()).unwrap()
}

/// A recorded system of `n` states and `p` parameters, by the method of order 5 to these tolerances.
pub(crate) fn system<F>(n: usize, p: usize, tolerance: f64, f: F) -> System
where
    F: for<'t> FnOnce(Var<'t, f64>, Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>,
{
    let field = Recorded::record(&[n], p, f).unwrap();
    let tsit5 = tableau::by_name("tsit5").unwrap();
    Hybrid::new(
        field,
        &vec![0.0; n],
        tsit5,
        Options::tolerances(tolerance, tolerance),
    )
}

/// x″ = −θ₀ above the ground, where the part θ₁ of the speed is kept.
pub(crate) fn ball() -> System {
    let field = Recorded::record(&[2], 2, |h, _t, theta| {
        Var::stack(&[h.index(1), -theta.index(0)])
    });
    let dopri5 = tableau::by_name("dopri5").unwrap();
    Hybrid::new(
        field.unwrap(),
        &vec![0.0; 2],
        dopri5,
        Options::tolerances(1e-9, 1e-9),
    )
    .event(
        Event::crossing(formula(2, 2, |h, _t, _theta| h.index(0)))
            .falling()
            .reset(formula(2, 2, |h, _t, theta| {
                Var::stack(&[h.index(0), -theta.index(1) * h.index(1)])
            })),
    )
}

/// The gradient of `loss` by the method called `name`.
pub(crate) fn gradient(
    system: &mut System,
    name: &str,
    problem: &Problem<'_, f64, f64>,
    mut loss: impl FnMut(&Solution<f64, f64>, &mut Cotangents<f64>) -> f64,
) -> Result<HybridGradient<f64>, Error> {
    let mut method = system.method(name)?;
    system.gradient(&mut *method, problem, &mut loss).cloned()
}

#[track_caller]
pub(crate) fn close(title: &str, found: f64, expected: f64, part: f64) {
    let off = (found - expected).abs();
    assert!(
        off <= part * expected.abs().max(1.0),
        "{title}: {found} instead of {expected}, off by {off:e}"
    );
}
