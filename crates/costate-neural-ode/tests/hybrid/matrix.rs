//! Every variable by every gradient method through every solver: right, or refused with the name of one that is.

use super::systems::formula;
use costate_neural_ode::gradient::METHODS;
use costate_neural_ode::hybrid::{Cotangents, Event, Hybrid, HybridGradient, Solution};
use costate_neural_ode::{Error, GradientMethod, Problem, Recorded, Reversible};
use costate_ode::{Family, Method, Options, tableau};
use costate_tape::{Function, Scalar, Var};
use std::collections::BTreeMap;

type System = Hybrid<f64, Vec<f64>, Recorded>;

const N: usize = 2;
const P: usize = 9;
const SAVES: usize = 2;

/// What the loss is differentiated by, in the order of a row.
const VARIABLES: [&str; N + P + 2 + SAVES + 1] = [
    "h0: position",
    "h0: speed",
    "theta: pull",
    "theta: push",
    "theta: where the wall stands, in the event function",
    "theta: what the wall leaves of the speed, in its reset",
    "theta: when the kick comes, a scheduled time",
    "theta: the kick, in the reset at that time",
    "theta: input signal at 0",
    "theta: input signal at 1",
    "theta: input signal at 2",
    "t0",
    "t1",
    "save time, before all events",
    "save time, between them",
    "event time, given",
];

/// Of all variables.
const POINT: [f64; VARIABLES.len()] = [
    0.2, 0.9, 1.2, 0.4, 0.6, 0.7, 0.9, 0.5, 0.3, -0.2, 0.6, 0.05, 2.0, 0.2, 1.2, 1.6,
];

/// A pendulum q″ = −θ₀ sin q + θ₁ cos t + u(t)², with the input u the parabola through its three values; a wall, a kick at a time that is a parameter, and a push at
/// a given time.
fn system(solver: Method, options: Options<f64>, given: f64) -> System {
    let field = Recorded::record(&[N], P, |h, t, theta| {
        let node = |i: usize| theta.index(6 + i);
        let signal = node(0) * (t - 1.0) * (t - 2.0) * 0.5 - node(1) * t * (t - 2.0)
            + node(2) * t * (t - 1.0) * 0.5;
        let pull = -(theta.index(0) * h.index(0).sin());
        Var::stack(&[
            h.index(1),
            pull + theta.index(1) * t.cos() + signal * signal,
        ])
    });
    let wall = formula(N, P, |h, _t, theta| h.index(0) - theta.index(2));
    let bounce = formula(N, P, |h, _t, theta| {
        Var::stack(&[h.index(0), -theta.index(3) * h.index(1)])
    });
    let kick = formula(N, P, |h, t, theta| {
        Var::stack(&[h.index(0), h.index(1) + theta.index(5) * t])
    });
    let push = formula(N, P, |h, _t, _theta| {
        Var::stack(&[h.index(0) * 1.1, h.index(1) - 0.3])
    });
    let times = Function::record(&[("theta", &[P])], |v| vec![v[0].index(4)]);
    Hybrid::new(field.unwrap(), &vec![0.0; N], solver, options)
        .event(Event::crossing(wall).rising().reset(bounce))
        .event(Event::scheduled(&times.unwrap()).reset(kick))
        .event(Event::at([given]).reset(push))
}

/// A loss of everything that a loss may look at.
fn loss(solution: &Solution<f64, f64>, cotangents: &mut Cotangents<f64>) -> f64 {
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
    for (event, a) in solution.events.iter().zip(&mut cotangents.times) {
        loss += 0.3 * event.t * event.t;
        *a = 0.6 * event.t;
    }
    loss
}

/// The problem at a point. The end is saved too, so that t₁ counts.
fn problem<'a>(x: &'a [f64], save_at: &'a [f64]) -> Problem<'a, f64, f64> {
    Problem {
        h0: &x[..N],
        theta: &x[N..N + P],
        t0: x[N + P],
        t1: x[N + P + 1],
        save_at,
    }
}

fn options(solver: Method) -> Options<f64> {
    if solver.adaptive {
        let tolerance = if solver.order < 3 { 1e-7 } else { 1e-9 };
        Options::tolerances(tolerance, tolerance)
    } else {
        Options::constant_step(2e-3)
    }
}

/// How near a gradient by a solver has to come: that by a save time is no better than the slope of dense output.
fn allowed(solver: Method) -> f64 {
    match (solver.order.min(solver.dense_order), solver.adaptive) {
        (0 | 1, _) => 2e-2,
        (2, _) => 2e-3,
        (3, true) => 5e-4,
        (_, true) => 2e-5,
        (_, false) => 1e-6,
    }
}

/// The gradient as a row. Only the loss of a solution with no save at the end looks at t₁ by itself, so that it is saved by a second problem.
fn row(system: &mut System, method: &mut dyn GradientMethod<f64, f64>) -> Result<Vec<f64>, Error> {
    let saves = &POINT[N + P + 2..N + P + 2 + SAVES];
    let of = |found: &HybridGradient<f64>| -> Vec<f64> {
        let gradient = &found.gradient;
        let ends = [gradient.t0, gradient.t1];
        let mut save = gradient.save.clone();
        save.resize(SAVES, 0.0);
        let mut all = [&gradient.h0[..], &gradient.theta, &ends, &save].concat();
        all.push(found.times[2]);
        all
    };
    let with_saves = of(system.gradient(method, &problem(&POINT, saves), &mut loss)?);
    let with_end = of(system.gradient(method, &problem(&POINT, &[]), &mut loss)?);
    Ok(with_saves
        .iter()
        .zip(&with_end)
        .map(|(a, b)| a + b)
        .collect())
}

/// What all of them should find: differences of the losses of tight solves, extrapolated.
fn expected() -> Vec<f64> {
    let verner9 = Method::by_name("verner9").unwrap();
    let at = |x: &[f64]| {
        let options = Options::tolerances(1e-14, 1e-14);
        let mut system = system(verner9, options, x[VARIABLES.len() - 1]);
        let saves = &x[N + P + 2..N + P + 2 + SAVES];
        let mut sum = 0.0;
        for save_at in [saves, &[]] {
            let solution = system.solve(&problem(x, save_at)).unwrap();
            let events: Vec<usize> = solution.events.iter().map(|event| event.event).collect();
            assert_eq!(events, [0, 1, 2], "the order of events");
            let mut cotangents = Cotangents {
                saved: solution.saved.clone(),
                times: vec![0.0; events.len()],
                states: solution.states.clone(),
            };
            sum += loss(solution, &mut cotangents);
        }
        sum
    };
    let derivative = |i: usize| {
        let central = |reach: f64| {
            let moved = |by: f64| {
                let mut x = POINT;
                x[i] += by;
                at(&x)
            };
            (moved(reach) - moved(-reach)) / (2.0 * reach)
        };
        let [a, b, c] = [8e-3, 4e-3, 2e-3].map(central);
        let (ab, bc) = (b + (b - a) / 3.0, c + (c - b) / 3.0);
        bc + (bc - ab) / 15.0
    };
    (0..VARIABLES.len()).map(derivative).collect()
}

/// The worst entry of a row, and by how much it is off.
fn worst(found: &[f64], expected: &[f64]) -> (f64, &'static str) {
    let off = found.iter().zip(expected).zip(VARIABLES);
    let off = off.map(|((a, b), name)| ((a - b).abs() / b.abs().max(1.0), name));
    off.fold((0.0, ""), |worst, this| {
        if this.0 > worst.0 || this.0.is_nan() {
            this
        } else {
            worst
        }
    })
}

#[test]
fn every_variable_by_every_method_through_every_solver_is_right_or_refused_with_one_that_is() {
    let expected = expected();
    for (name, value) in VARIABLES.iter().zip(&expected) {
        assert!(value.abs() > 1e-2, "{name} has no influence: {value}");
    }
    let mut right = BTreeMap::new();
    let (mut refused, mut wrong) = (Vec::new(), Vec::new());
    for solver in Method::all() {
        for about in &METHODS {
            // Differences take a thousand solves; one solver of each kind shows as much.
            let few = ["tsit5", "rk4", "kvaerno5", "radau", "verlet"];
            if about.name == "finite-difference" && !few.contains(&solver.name) {
                continue;
            }
            let mut system = system(solver, options(solver), POINT[VARIABLES.len() - 1]);
            let made = system.method(about.name);
            match made.and_then(|mut method| row(&mut system, &mut *method)) {
                Ok(found) => {
                    let (off, name) = worst(&found, &expected);
                    let allowed = allowed(solver);
                    if off.is_nan() || off > allowed {
                        let pair = format!("{} through {}", about.name, solver.name);
                        wrong.push(format!(
                            "{pair}: {name} is off by {off:.1e} of {allowed:.0e}"
                        ));
                    }
                    right.insert((about.name, solver.name), off);
                }
                Err(Error::Unavailable { instead, .. }) => {
                    refused.push((about.name, solver.name, instead));
                }
                Err(error) => panic!("{} through {}: {error}", about.name, solver.name),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (method, solver, instead) in &refused {
        let named = |name: &str| {
            let mut words = instead.split(|c: char| c != '_' && c != '-' && !c.is_alphanumeric());
            words.any(|word| word == name)
        };
        let by_method = right
            .keys()
            .any(|(other, through)| named(other) && through == solver);
        let by_solver = right
            .keys()
            .any(|(other, through)| other == method && named(through));
        // Where neither the method nor the solver can, another method through another solver.
        let by_both = right
            .keys()
            .any(|(other, through)| named(other) && named(through));
        assert!(
            by_method || by_solver || by_both,
            "{method} through {solver} names `{instead}`, none of which was right"
        );
    }
    println!("{} right, {} refused", right.len(), refused.len());
    assert!(right.len() > 100 && refused.len() > 50);
    for solver in ["bdf", "adams", "rock2", "rock4"] {
        assert!(
            refused
                .iter()
                .any(|(method, through, _)| *method == "discrete" && *through == solver)
        );
    }
    // Every solver of one step has an exact gradient.
    for solver in Method::all() {
        let several = matches!(
            solver.family(),
            Family::Bdf | Family::Adams | Family::Rock(_)
        );
        let has = right.contains_key(&("discrete", solver.name));
        assert_eq!(has, !several, "{}", solver.name);
    }
}

#[test]
fn reversible_solvers_have_every_variable_too() {
    let expected = expected();
    let rk4 = tableau::by_name("rk4").unwrap();
    let mut system = system(
        rk4.into(),
        Options::constant_step(2e-3),
        POINT[VARIABLES.len() - 1],
    );
    let (like, options) = (vec![0.0; N], Options::constant_step(1e-3));
    let field = || system.field().clone();
    let coupled = Reversible::coupled(field(), &like, rk4, 0.9999, options.clone()).unwrap();
    let heun = Reversible::heun(field(), &like, options).unwrap();
    for (mut method, allowed) in [(coupled, 1e-6), (heun, 1e-3)] {
        let found = row(&mut system, &mut method).unwrap();
        let (off, name) = worst(&found, &expected);
        assert!(
            off < allowed,
            "{name} is off by {off:.1e}, {allowed:.0e} allowed"
        );
    }
}
