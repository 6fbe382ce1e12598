//! Random systems against differences of their losses.

use super::systems::{System, close, formula};
use costate_neural_ode::hybrid::{Cotangents, Event, Hybrid, Solution};
use costate_neural_ode::{Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Scalar, Var};
use proptest::prelude::*;

const N: usize = 3;
const P: usize = 5;

/// dh/dt = θ₀ tanh(A h) + θ₁ cos t − h/2, with a crossing of b·h + θ₂ t/4 = c that throws h elsewhere, and two doses whose times and size are parameters.
pub(crate) fn system(seed: f64, name: &str, options: Options<f64>) -> System {
    let number = move |k: f64| (seed + 1.7 * k).sin();
    let field = Recorded::record(&[N], P, |h, t, theta| {
        let rows: Vec<_> = (0..N)
            .map(|i| {
                let terms = (0..N).map(|j| h.index(j) * (2.0 * number((i * N + j) as f64)));
                let sum = terms.reduce(|a, b| a + b).unwrap();
                theta.index(0) * sum.tanh() + theta.index(1) * (t + i as f64).cos()
                    - 0.5 * h.index(i)
            })
            .collect();
        Var::stack(&rows)
    });
    let level = formula(N, P, |h, t, theta| {
        let terms = (0..N).map(|j| h.index(j) * number(20.0 + j as f64));
        terms.reduce(|a, b| a + b).unwrap() + 0.25 * theta.index(2) * t - 0.4 * number(30.0)
    });
    let throw = formula(N, P, |h, t, theta| {
        let rows: Vec<_> = (0..N)
            .map(|i| {
                let (this, next) = (h.index(i), h.index((i + 1) % N));
                0.6 * this - theta.index(3) * next * this + 0.3 * t.sin() + number(40.0 + i as f64)
            })
            .collect();
        Var::stack(&rows)
    });
    let times = Function::record(&[("theta", &[P])], |v| {
        vec![Var::stack(&[
            v[0].index(4),
            v[0].index(4) + 0.5 + 0.1 * v[0].index(3),
        ])]
    });
    let dose = formula(N, P, |h, _t, theta| h + 0.5 * theta.index(1));
    let tableau = tableau::by_name(name).unwrap();
    Hybrid::new(field.unwrap(), &vec![0.0; N], tableau, options)
        .event(Event::crossing(level).reset(throw))
        .event(Event::scheduled(&times.unwrap()).reset(dose))
}

pub(crate) fn loss(solution: &Solution<f64, f64>, cotangents: &mut Cotangents<f64>) -> f64 {
    let mut loss = 0.0;
    for (kept, out, shift) in [
        (&solution.saved, &mut cotangents.saved, 0.0),
        (&solution.states, &mut cotangents.states, 0.4),
    ] {
        for (i, (h, a)) in kept.values().iter().zip(out.values_mut()).enumerate() {
            let w = (shift + 2.1 * i as f64).cos();
            loss += w * (h + 0.25 * h * h);
            *a = w * (1.0 + 0.5 * h);
        }
    }
    for (i, (event, a)) in solution
        .events
        .iter()
        .zip(&mut cotangents.times)
        .enumerate()
    {
        let w = 0.3 + 0.2 * i as f64;
        loss += w * event.t * event.t;
        *a = 2.0 * w * event.t;
    }
    loss
}

/// The variables in one list: h₀, θ, t₀, t₁, save times.
pub(crate) fn losses(system: &mut System, x: &[f64]) -> Option<(f64, Vec<usize>)> {
    let (h0, rest) = x.split_at(N);
    let (theta, rest) = rest.split_at(P);
    let problem = Problem {
        h0,
        theta,
        t0: rest[0],
        t1: rest[1],
        save_at: &rest[2..],
    };
    let solution = system.solve(&problem).ok()?;
    let events: Vec<usize> = solution.events.iter().map(|o| o.event).collect();
    let mut cotangents = Cotangents {
        saved: solution.saved.clone(),
        times: vec![0.0; events.len()],
        states: solution.states.clone(),
    };
    Some((loss(solution, &mut cotangents), events))
}

/// The derivative by variable `i`, by central differences extrapolated twice; `None` where events come or go.
fn difference(system: &mut System, x: &[f64], i: usize) -> Option<f64> {
    let (_, events) = losses(system, x)?;
    let mut at = |by: f64| {
        let mut moved = x.to_vec();
        moved[i] += by;
        let (value, found) = losses(system, &moved)?;
        (found == events).then_some(value)
    };
    let mut central = |reach: f64| Some((at(reach)? - at(-reach)?) / (2.0 * reach));
    let [a, b, c] = [central(2e-3)?, central(1e-3)?, central(5e-4)?];
    let (ab, bc) = (b + (b - a) / 3.0, c + (c - b) / 3.0);
    let best = bc + (bc - ab) / 15.0;
    // Where a step comes or goes the numbers computed jump a little.
    ((bc - ab).abs() < 1e-5 * best.abs().max(1.0)).then_some(best)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_240_517),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(40))]

    /// With steps as long as these the numbers computed are far from the solution, and their derivative from its.
    #[test]
    fn the_gradient_is_that_of_the_numbers_computed(
        seed in 0.0..100.0_f64, forward in any::<bool>(),
        name in prop::sample::select(vec!["tsit5", "rk4", "dopri5", "heun"]),
        method in prop::sample::select(vec!["discrete", "forward"]),
    ) {
        let way = if forward { 1.0 } else { -1.0 };
        let mut system = system(seed, name, Options::constant_step(0.11));
        let theta = [1.1, 0.6, 0.5, 0.2, 0.83 * way];
        let mut x = vec![0.3, -0.4, 0.2];
        x.extend(theta);
        x.extend([0.05 * way, 3.0 * way, 0.412 * way, 1.873 * way, 2.633 * way]);
        let problem = Problem { h0: &x[..N], theta: &x[N..N + P], t0: x[8], t1: x[9], save_at: &x[10..] };
        let mut by = system.method(method).unwrap();
        let found = match system.gradient(&mut *by, &problem, &mut loss) {
            Ok(found) => found.clone(),
            Err(_) => return Err(TestCaseError::reject("events without end")),
        };
        let gradient = &found.gradient;
        let mut all = [&gradient.h0[..], &gradient.theta, &[gradient.t0, gradient.t1]].concat();
        all.extend(&gradient.save);
        for (i, value) in all.iter().enumerate() {
            if let Some(expected) = difference(&mut system, &x, i) {
                close(&format!("{name}, {method}, variable {i}"), *value, expected, 2e-6);
            }
        }
    }

    #[test]
    fn methods_of_the_exact_solution_come_near(
        seed in 0.0..100.0_f64,
        method in prop::sample::select(vec!["backsolve", "interpolating", "gauss", "finite-difference"]),
    ) {
        let mut system = system(seed, "tsit5", Options::tolerances(1e-11, 1e-11));
        let problem = Problem {
            h0: &[0.3, -0.4, 0.2],
            theta: &[1.1, 0.6, 0.5, 0.2, 0.83],
            t0: 0.05,
            t1: 2.0,
            save_at: &[0.4, 1.9],
        };
        let mut discrete = system.method("discrete").unwrap();
        let Ok(expected) = system.gradient(&mut *discrete, &problem, &mut loss).cloned() else {
            return Err(TestCaseError::reject("events without end"));
        };
        prop_assume!(expected.gradient.h0.iter().all(|g| g.abs() < 1e3));
        let mut by = system.method(method).unwrap();
        let found = system.gradient(&mut *by, &problem, &mut loss).unwrap();
        let (a, b) = (&found.gradient, &expected.gradient);
        let pairs = a.h0.iter().zip(&b.h0).chain(a.theta.iter().zip(&b.theta));
        let pairs = pairs.chain(a.save.iter().zip(&b.save)).chain([(&a.t0, &b.t0), (&a.t1, &b.t1)]);
        for (found, expected) in pairs.chain(found.times.iter().zip(&expected.times)) {
            close(method, *found, *expected, 1e-5);
        }
    }
}

#[test]
fn most_differences_settle() {
    // Otherwise the first property above would prove little.
    let (mut settled, mut all, mut crossings) = (0, 0, 0);
    for seed in 0..12 {
        let mut system = system(7.3 * f64::from(seed), "tsit5", Options::constant_step(0.11));
        let x = [
            0.3, -0.4, 0.2, 1.1, 0.6, 0.5, 0.2, 0.83, 0.05, 3.0, 0.412, 1.873, 2.633,
        ];
        let Some((_, events)) = losses(&mut system, &x) else {
            continue;
        };
        crossings += events.iter().filter(|event| **event == 0).count();
        for i in 0..x.len() {
            all += 1;
            settled += usize::from(difference(&mut system, &x, i).is_some());
        }
    }
    assert!(10 * settled > 8 * all, "{settled} of {all}");
    assert!(crossings >= 10, "{crossings} crossings");
}

#[test]
fn without_clocks_a_shift_of_all_times_changes_nothing() {
    // h' = −h²/2, thrown up by 1 at scheduled times and by 2 where it has fallen to 0.4.
    let field = Recorded::record(&[1], 1, |h, _t, _theta| -0.5 * h * h).unwrap();
    let tableau = tableau::by_name("dopri5").unwrap();
    let low = formula(1, 1, |h, _t, _theta| h.index(0) - 0.4);
    let mut system = Hybrid::new(field, &vec![0.0], tableau, Options::tolerances(1e-4, 1e-4))
        .event(Event::at([0.7, 9.1]).reset(formula(1, 1, |h, _t, _theta| h + 1.0)))
        .event(Event::crossing(low).reset(formula(1, 1, |h, _t, _theta| h + 2.0)));
    let problem = Problem {
        h0: &[1.0],
        theta: &[0.0],
        t0: 0.0,
        t1: 12.0,
        save_at: &[0.5, 3.0, 11.0],
    };
    let mut discrete = system.method("discrete").unwrap();
    let found = system.gradient(&mut *discrete, &problem, &mut |solution, cotangents| {
        cotangents
            .saved
            .values_mut()
            .copy_from_slice(&[1.0, -2.0, 3.0]);
        let h = solution.saved.values();
        h[0] - 2.0 * h[1] + 3.0 * h[2]
    });
    let found = found.unwrap().clone();
    let events = &system.solve(&problem).unwrap().events;
    let scheduled = events
        .iter()
        .zip(&found.times)
        .filter(|(o, _)| o.event == 0);
    let sum = found.gradient.clock() + scheduled.map(|(_, time)| time).sum::<f64>();
    assert!(events.len() > 2 && sum.abs() < 1e-12, "{sum}");
}
