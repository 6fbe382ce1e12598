//! Implicit solvers on the way to an event: they have the derivatives of the field, and its parts, as the gradient methods have them.

use super::systems::{close, formula};
use costate_neural_ode::hybrid::{Event, Hybrid};
use costate_neural_ode::{Problem, Recorded, Split};
use costate_ode::{Method, Options};
use costate_tape::{Scalar, Var};

/// Four springs that follow the cosine, each stiffer than the one before.
fn springs() -> Recorded {
    let field = Recorded::record(&[4], 2, |h, t, theta| {
        let rows: Vec<_> = (0..4)
            .map(|i| {
                let stiffness = theta.index(0) * 5.0_f64.powi(i);
                stiffness * (theta.index(1) * t.cos() - h.index(i as usize))
            })
            .collect();
        Var::stack(&rows)
    });
    field.unwrap()
}

#[test]
fn no_evaluation_goes_into_differences() {
    let rodas5p = Method::by_name("rodas5p").unwrap();
    let options = Options::tolerances(1e-6, 1e-8);
    let half = formula(4, 2, |h, _t, _theta| 0.5 * h);
    let mut system = Hybrid::new(springs(), &vec![0.0; 4], rodas5p, options)
        .event(Event::at([0.7, 1.3]).reset(half));
    let problem = Problem {
        h0: &[1.0; 4],
        theta: &[10.0, 1.0],
        t0: 0.0,
        t1: 2.0,
        save_at: &[],
    };
    let stats = system.solve(&problem).unwrap().stats;
    // Eight stages a step, and two evaluations to choose the first step of each of three arcs.
    assert!(stats.steps > 30 && stats.jacobians > 30);
    assert!(stats.nfe <= 8 * stats.steps + 6, "{stats:?}");
}

/// Half of the springs' forces with the cosine, and half without.
fn part(follows: bool) -> Recorded {
    let field = Recorded::record(&[2], 3, |h, t, theta| {
        let push = theta.index(1) * (t + theta.index(2)).cos();
        let row = |i: usize| {
            if follows {
                push * h.index(1 - i)
            } else {
                -(theta.index(0) * (1.0 + i as f64)) * h.index(i)
            }
        };
        Var::stack(&[row(0), row(1)])
    });
    field.unwrap()
}

#[test]
fn a_field_in_parts_is_solved_in_parts_on_the_way_to_an_event_too() {
    for name in ["kencarp3", "kencarp4", "kencarp5"] {
        let solver = Method::by_name(name).unwrap();
        // Long steps: taken whole the numbers would be others.
        let options = Options {
            rtol: 1e-12.into(),
            atol: 1e-12.into(),
            ..Options::constant_step(0.2)
        };
        let level = formula(2, 3, |h, t, theta| {
            h.index(0) - 0.3 - theta.index(2) * t * 0.1
        });
        let throw = formula(2, 3, |h, _t, theta| h + theta.index(1));
        let field = Split::new(part(true), part(false));
        let mut system = Hybrid::new(field, &vec![0.0; 2], solver, options)
            .event(Event::crossing(level).falling().reset(throw));
        let (h0, theta) = ([0.9, 0.7], [1.3, 0.4, 0.2]);
        let loss = |h: &[f64]| h[0] + 2.0 * h[1] * h[1];
        let mut discrete = system.method("discrete").unwrap();
        let problem = Problem {
            h0: &h0,
            theta: &theta,
            t0: 0.0,
            t1: 2.5,
            save_at: &[],
        };
        let found = system.gradient(&mut *discrete, &problem, &mut |solution, cotangents| {
            let h = solution.saved.state(0);
            assert!(!solution.events.is_empty());
            let out = cotangents.saved.state_mut(0);
            (out[0], out[1]) = (1.0, 4.0 * h[1]);
            loss(h)
        });
        let found = found.unwrap().gradient.clone();
        for k in 0..3 {
            let mut central = |reach: f64| {
                let mut at = |by: f64| {
                    let mut theta = theta;
                    theta[k] += by;
                    let problem = Problem {
                        theta: &theta,
                        ..problem
                    };
                    loss(system.solve(&problem).unwrap().saved.state(0))
                };
                (at(reach) - at(-reach)) / (2.0 * reach)
            };
            let (wide, near) = (central(2e-4), central(1e-4));
            let expected = near + (near - wide) / 3.0;
            close(&format!("{name}, {k}"), found.theta[k], expected, 1e-7);
        }
    }
}
