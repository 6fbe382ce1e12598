//! Gradients within a budget of bytes: what they hold at most, and what they take again for it.

use super::fields::loss_with_cotangents;
use super::memory::peak;
use costate_neural_ode::{Discrete, GradientMethod, Native, Problem, RightHandSide, Split};
use costate_ode::{Method, Options};
use costate_tape::Scalar;

/// A pendulum, pushed; in two halves for additive methods.
#[derive(Clone, Copy)]
struct Pendulum(f64);

impl RightHandSide<2, 2> for Pendulum {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [q, v]: [S; 2], t: S, [pull, push]: [S; 2]) -> [S; 2] {
        let share = S::from_f64(self.0);
        [share * v, share * (push * t.cos() - pull * q.sin())]
    }
}

const PROBLEM: Problem<'static, f64, f64> = Problem {
    h0: &[0.8, 0.1],
    theta: &[1.1, 0.4],
    t0: 0.0,
    t1: 2.0,
    save_at: &[0.7, 2.0],
};

/// Every solver with an adjoint, with whether its field is in two parts.
fn solvers() -> Vec<(Method, bool)> {
    let mut all: Vec<_> = Method::all()
        .into_iter()
        .map(|method| (method, false))
        .collect();
    all.push((Method::by_name("kencarp4").unwrap(), true));
    let has_adjoint = |method: &Method| {
        let options = Options::constant_step(0.1);
        Discrete::new(Native::new(Pendulum(1.0)), &[0.0; 2], *method, options).is_ok()
    };
    all.retain(|(method, _)| has_adjoint(method));
    all
}

/// What a gradient of about so many steps holds at most, takes again, and was expected to take again; and ∂L/∂θ.
struct Found {
    bytes: usize,
    retaken: usize,
    predicted: usize,
    steps: usize,
    theta: Vec<f64>,
}

fn run(solver: (Method, bool), budget: Option<usize>, step: f64) -> Found {
    solve(solver, budget, &Options::constant_step(step), &PROBLEM)
}

fn solve(
    (method, split): (Method, bool),
    budget: Option<usize>,
    options: &Options<f64>,
    problem: &Problem<'_, f64, f64>,
) -> Found {
    let mut found = None;
    let bytes = peak(|| {
        let (like, options) = ([0.0; 2], options.clone());
        found = Some(if split {
            let half = || Native::new(Pendulum(0.5));
            let field = Split::new(half(), half());
            gradient(
                Discrete::new(field, &like, method, options).unwrap(),
                budget,
                problem,
            )
        } else {
            let field = Native::new(Pendulum(1.0));
            gradient(
                Discrete::new(field, &like, method, options).unwrap(),
                budget,
                problem,
            )
        });
    });
    let mut found = found.unwrap();
    found.bytes = usize::try_from(bytes).unwrap();
    found
}

fn gradient<F: costate_neural_ode::VectorField<f64>>(
    method: Discrete<f64, [f64; 2], F>,
    budget: Option<usize>,
    problem: &Problem<'_, f64, f64>,
) -> Found {
    let mut method = match budget {
        Some(budget) => method.with_budget(budget),
        None => method,
    };
    let gradient = method.gradient(problem, &mut loss_with_cotangents).unwrap();
    let (theta, steps) = (gradient.theta.clone(), gradient.stats.forward.accepted);
    Found {
        bytes: 0,
        retaken: method.retaken(),
        predicted: method.predict_retaken(method.steps().count()),
        steps,
        theta,
    }
}

#[test]
fn every_solver_stays_within_its_budget_and_retakes_as_many_steps_as_predicted() {
    let mut tried = 0;
    for solver in solvers() {
        let name = solver.0.name;
        let all = run(solver, None, 1e-3);
        assert_eq!((all.retaken, all.predicted), (0, 0));
        for budget in [60_000, 120_000] {
            let some = run(solver, Some(budget), 1e-3);
            println!(
                "{name:<18} {budget:>7} bytes: {:>7} held, {:>8} without; {:>5} of {} steps again",
                some.bytes, all.bytes, some.retaken, some.steps
            );
            assert!(
                some.bytes <= budget,
                "{name}: {} of {budget} bytes",
                some.bytes
            );
            assert!(
                all.bytes > 2 * 60_000,
                "{name}: {} bytes without a budget",
                all.bytes
            );
            assert_eq!(some.retaken, some.predicted, "{name}");
            for (found, expected) in some.theta.iter().zip(&all.theta) {
                assert!(
                    (found - expected).abs() < 1e-11,
                    "{name}: {found} {expected}"
                );
            }
        }
        tried += 1;
    }
    assert!(tried > 35, "{tried}");
}

#[test]
fn the_smaller_the_budget_the_more_is_taken_again_as_predicted() {
    let tsit5 = (Method::by_name("tsit5").unwrap(), false);
    let radau = (Method::by_name("radau").unwrap(), false);
    for solver in [tsit5, radau] {
        let mut before = 0;
        for budget in [1_000_000, 100_000, 40_000, 25_000, 10_000] {
            let found = run(solver, Some(budget), 2e-4);
            assert_eq!(found.retaken, found.predicted);
            assert!(found.retaken >= before, "{} of {before}", found.retaken);
            before = found.retaken;
        }
        assert!(before > 20_000, "{before}");
    }
}

#[test]
fn equal_steps_need_no_limit() {
    let rk4 = (Method::by_name("rk4").unwrap(), false);
    // 400 000 steps within what the sizes of 10 000 would take.
    let found = run(rk4, Some(80_000), 5e-6);
    assert!(
        found.steps >= 400_000 && found.bytes <= 80_000,
        "{} bytes",
        found.bytes
    );
    assert_eq!(found.retaken, found.predicted);
}

#[test]
fn a_budget_that_the_sizes_of_the_steps_fill_is_kept_too() {
    for name in ["bosh3", "kvaerno3"] {
        let solver = (Method::by_name(name).unwrap(), false);
        let options = Options::tolerances(1e-11, 1e-11);
        let problem = Problem {
            t1: 30.0,
            ..PROBLEM
        };
        let all = solve(solver, None, &options, &problem);
        let budget = all.steps * 10 + all.steps / 2;
        let some = solve(solver, Some(budget), &options, &problem);
        println!(
            "{name}: {} steps, {} of {budget} bytes",
            some.steps, some.bytes
        );
        assert!(
            all.steps > 5_000 && some.bytes > budget / 2,
            "{name}: {} steps",
            all.steps
        );
        assert!(
            some.bytes <= budget,
            "{name}: {} of {budget} bytes",
            some.bytes
        );
        assert_eq!(some.retaken, some.predicted, "{name}");
    }
}

#[test]
fn a_later_gradient_within_the_budget_takes_no_more_memory() {
    for options in [
        Options::constant_step(1e-3),
        Options::tolerances(1e-9, 1e-9),
    ] {
        let tsit5 = Method::by_name("tsit5").unwrap();
        let field = Native::new(Pendulum(1.0));
        let made = Discrete::new(field, &[0.0; 2], tsit5, options).unwrap();
        let mut method = made.with_budget(20_000);
        let mut run = || {
            let found = method.gradient(&PROBLEM, &mut |saved, cotangents| {
                cotangents.state_mut(1)[0] = 1.0;
                saved.state(1)[0]
            });
            found.unwrap();
        };
        assert!(peak(&mut run) > 0);
        assert_eq!(peak(&mut run), 0);
    }
}

/// dx/dt = −k (x − cos t) y, dy/dt = 1 − y: not stiff at first, and stiff when y has grown.
struct Stiffening;

impl RightHandSide<2, 2> for Stiffening {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y]: [S; 2], t: S, [k, c]: [S; 2]) -> [S; 2] {
        [-(k * (x - t.cos()) * y), c - y]
    }
}

#[test]
fn auto_takes_every_step_again_by_the_method_that_took_it_first() {
    let auto = Method::by_name("auto").unwrap();
    let problem = Problem {
        h0: &[0.8, 0.0],
        theta: &[3e3, 1.0],
        ..PROBLEM
    };
    let options = Options::tolerances(1e-7, 1e-7);
    let made = || {
        let field = Native::new(Stiffening);
        Discrete::new(field, &[0.0; 2], auto, options.clone()).unwrap()
    };
    let (mut all, mut some) = (made(), made().with_budget(15_000));
    let expected = all.gradient(&problem, &mut loss_with_cotangents).unwrap();
    // Both methods had their turn: one solves equations, the other leaves more steps than factorisations.
    let stats = expected.stats.forward;
    assert!(stats.factorisations > 5 && stats.accepted > stats.factorisations + 5);
    let found = some.gradient(&problem, &mut loss_with_cotangents).unwrap();
    for (a, b) in found
        .theta
        .iter()
        .chain(&found.h0)
        .zip(expected.theta.iter().chain(&expected.h0))
    {
        assert!((a - b).abs() < 1e-10 * b.abs() + 1e-16, "{a} {b}");
    }
    assert!(some.retaken() > 20);
}
