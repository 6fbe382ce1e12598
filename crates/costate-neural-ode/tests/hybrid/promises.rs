//! What is promised of events beside gradients: which happen, in which order, where exactly, and what they cost.

use super::systems::{formula, system};
use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
use costate_neural_ode::{Error, Problem, Recorded, VectorField};
use costate_ode::{Options, tableau};
use costate_tape::Function;

/// h ← 2 h.
fn double() -> Formula {
    formula(1, 1, |h, _t, _theta| 2.0 * h)
}

/// dh/dt = θ.
fn line() -> Recorded {
    Recorded::record(&[1], 1, |h, _t, theta| 0.0 * h + theta).unwrap()
}

fn long_steps() -> Hybrid<f64, Vec<f64>, Recorded> {
    let rk4 = tableau::by_name("rk4").unwrap();
    Hybrid::new(line(), &vec![0.0], rk4, Options::constant_step(10.0))
}

#[test]
fn what_is_scheduled_outside_of_the_solve_does_not_happen() {
    for (t0, t1) in [
        (2.0, 4.0),
        (4.0, 2.0),
        (-4.0, -2.0),
        (-2.0, -4.0),
        (-1.0, 4.0),
    ] {
        let (least, most) = (f64::min(t0, t1), f64::max(t0, t1));
        let times = [-5.0, -3.0, -1.5, 1.0, 3.0, 5.0];
        let mut system = long_steps().event(Event::at(times).reset(double()));
        let save_at = [t0, 0.7 * t0 + 0.3 * t1, 0.2 * t0 + 0.8 * t1, t1];
        let problem = Problem {
            h0: &[1.0],
            theta: &[0.25],
            t0,
            t1,
            save_at: &save_at,
        };
        let solution = system.solve(&problem).unwrap();
        let happened: Vec<f64> = solution.events.iter().map(|event| event.t).collect();
        let mut expected: Vec<f64> = times
            .into_iter()
            .filter(|t| (least..=most).contains(t))
            .collect();
        if t1 < t0 {
            expected.reverse();
        }
        assert_eq!(happened, expected, "{t0} to {t1}");
        for (i, time) in save_at.iter().enumerate() {
            let (mut value, mut from) = (1.0, t0);
            for event in expected
                .iter()
                .filter(|t| (**t - t0).abs() < (time - t0).abs())
            {
                value = 2.0 * (value + 0.25 * (event - from));
                from = *event;
            }
            let off = solution.saved.state(i)[0] - (value + 0.25 * (time - from));
            assert!(off.abs() < 1e-12, "{time} of {t0} to {t1}: {off:e}");
        }
    }
}

#[test]
fn events_at_one_time_happen_in_the_order_in_which_they_were_given() {
    let level = || formula(1, 1, |h, _t, _theta| h.index(0) - 1.0);
    let more = || formula(1, 1, |h, _t, _theta| h + 1.0);
    let problem = Problem {
        h0: &[0.0],
        theta: &[1.0],
        t0: 0.0,
        t1: 1.5,
        save_at: &[],
    };
    let mut first_doubled = long_steps()
        .event(Event::at([1.0 + f64::EPSILON]).reset(double()))
        .event(Event::crossing(level()).reset(more()));
    let mut first_more = long_steps()
        .event(Event::crossing(level()).reset(more()))
        .event(Event::at([1.0 + f64::EPSILON]).reset(double()));
    for (system, expected) in [(&mut first_doubled, 3.5), (&mut first_more, 4.5)] {
        let solution = system.solve(&problem).unwrap();
        let order: Vec<usize> = solution.events.iter().map(|event| event.event).collect();
        assert_eq!(order, [0, 1]);
        assert!((solution.saved.state(0)[0] - expected).abs() < 1e-12);
    }
}

#[test]
fn a_crossing_is_noted_once_and_to_rounding_where_its_function_is_zero() {
    for tolerance in [1e-3, 1e-5, 1e-9] {
        for (i, way) in (0..40).flat_map(|i| [(i, 1.0), (i, -1.0)]) {
            let level = 0.05 + 0.017 * f64::from(i);
            let t0 = [0.0, -4.0, 4.0][i as usize % 3];
            let crossing = formula(2, 1, |h, _t, _theta| h.index(0) - level);
            // Both components turn once around, sin t and cos t.
            let mut system = system(2, 1, tolerance, |h, _t, theta| {
                costate_tape::Var::stack(&[h.index(1), -theta.index(0) * h.index(0)])
            })
            .event(Event::crossing(crossing));
            let problem = Problem {
                h0: &[0.0, way],
                theta: &[1.0],
                t0,
                t1: t0 + 1.5 * way,
                save_at: &[],
            };
            let solution = system.solve(&problem).unwrap();
            assert_eq!(
                solution.events.len(),
                1,
                "{level} to {tolerance}, from {t0}"
            );
            let off = solution.states.state(0)[0] - level;
            assert!(off.abs() < 4e-15, "{level} to {tolerance}: off by {off:e}");
        }
    }
}

#[test]
fn more_samples_find_crossings_that_lie_closer_together() {
    let twice = || {
        formula(1, 1, |h, _t, _theta| {
            (h.index(0) - 5.0) * (h.index(0) - 5.1)
        })
    };
    let problem = Problem {
        h0: &[0.0],
        theta: &[1.0],
        t0: 0.0,
        t1: 9.0,
        save_at: &[],
    };
    let count = |event| {
        long_steps()
            .event(event)
            .solve(&problem)
            .unwrap()
            .events
            .len()
    };
    assert_eq!(count(Event::crossing(twice())), 0);
    assert_eq!(count(Event::crossing(twice()).samples(300)), 2);
}

#[test]
fn what_a_solve_and_a_gradient_cost_is_that_of_the_last_one() {
    let mut system =
        system(1, 1, 1e-6, |h, _t, theta| theta * h).event(Event::at([0.5]).reset(double()));
    let problem = Problem {
        h0: &[1.0],
        theta: &[0.7],
        t0: 0.0,
        t1: 2.0,
        save_at: &[],
    };
    let once = system.solve(&problem).unwrap().stats;
    assert!(once.accepted > 5 && once.nfe > 6 * once.accepted);
    assert_eq!(system.solve(&problem).unwrap().stats, once);
    let mut backsolve = system.method("backsolve").unwrap();
    for _ in 0..2 {
        let found = system.gradient(&mut *backsolve, &problem, &mut |solution, cotangents| {
            cotangents.saved.state_mut(0)[0] = 1.0;
            solution.saved.state(0)[0]
        });
        let stats = found.unwrap().gradient.stats;
        // Each arc is solved by the system and again by the method, and once back.
        assert!(
            stats.forward.accepted.abs_diff(2 * once.accepted) <= 2,
            "{stats:?}"
        );
        assert!(
            stats.backward.accepted > 5 && stats.products > 30,
            "{stats:?}"
        );
    }
}

#[test]
fn a_state_saved_at_a_start_with_an_event_moves_with_both_times() {
    let mut system =
        system(1, 1, 1e-9, |h, _t, theta| theta * h).event(Event::at([0.3]).reset(double()));
    let problem = Problem {
        h0: &[2.0],
        theta: &[0.7],
        t0: 0.3,
        t1: 1.0,
        save_at: &[0.3],
    };
    let mut discrete = system.method("discrete").unwrap();
    let found = system.gradient(&mut *discrete, &problem, &mut |solution, cotangents| {
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    let gradient = &found.unwrap().gradient;
    assert_eq!((gradient.loss, gradient.h0[0]), (2.0, 1.0));
    assert!((gradient.save[0] - 1.4).abs() < 1e-14 && (gradient.t0 + 1.4).abs() < 1e-14);
}

#[test]
fn save_times_out_of_place_are_named() {
    let problem = Problem {
        h0: &[0.0],
        theta: &[1.0],
        t0: 0.0,
        t1: 1.0,
        save_at: &[0.5, 0.4],
    };
    let found = long_steps().solve(&problem).map(|_| ());
    assert!(
        matches!(found, Err(Error::SaveTime { index: 1, .. })),
        "{found:?}"
    );
}

#[test]
fn times_may_come_from_several_outputs() {
    let times = Function::record(&[("theta", &[2])], |v| {
        vec![2.0 * v[0].index(0), v[0] * 3.0]
    });
    let mut system = system(1, 2, 1e-10, |h, _t, theta| theta.index(0) * h)
        .event(Event::scheduled(&times.unwrap()).reset(formula(1, 2, |h, _t, _theta| h + 1.0)));
    let problem = Problem {
        h0: &[1.0],
        theta: &[0.5, 0.2],
        t0: 0.0,
        t1: 2.0,
        save_at: &[],
    };
    let mut discrete = system.method("discrete").unwrap();
    let found = system.gradient(&mut *discrete, &problem, &mut |solution, cotangents| {
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    // h(2) = e^(2 k) + Σ e^(k (2 − t)), with k = θ₀ and t of 2 θ₀, 3 θ₀, 3 θ₁
    let (found, k) = (&found.unwrap().gradient, 0.5_f64);
    let times = [1.0, 1.5, 0.6];
    let jumps = times.map(|t: f64| (k * (2.0 - t)).exp());
    let by_k = 2.0 * (2.0 * k).exp() + (0..3).map(|i| jumps[i] * (2.0 - times[i])).sum::<f64>()
        - k * (2.0 * jumps[0] + 3.0 * jumps[1]);
    assert!(
        (found.theta[0] - by_k).abs() < 1e-8,
        "{} {by_k}",
        found.theta[0]
    );
    assert!((found.theta[1] + 3.0 * k * jumps[2]).abs() < 1e-8);
}

#[test]
fn states_are_in_their_natural_order_whatever_order_the_field_keeps() {
    // Nine points that turn with the angle w t, in a product that keeps its batch in panels.
    let (samples, w) = (9, 1.3_f64);
    let field = Recorded::record(&[samples, 2], 4, |h, _t, theta| {
        h.matmul_with(theta.reshape([2, 2]), false, false)
    });
    let (field, like) = (field.unwrap(), vec![0.0; 2 * samples]);
    let h0: Vec<f64> = (0..18).map(|i| f64::from(i).sin()).collect();
    let mut packed = like.clone();
    field.pack(&h0, &mut packed);
    assert_ne!(packed, h0, "the field has an order of its own");
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-10, 1e-10);
    let mut system = Hybrid::new(field, &like, tsit5, options).event(Event::at([0.5]));
    let problem = Problem {
        h0: &h0,
        theta: &[0.0, w, -w, 0.0],
        t0: 0.0,
        t1: 1.0,
        save_at: &[0.25, 0.75],
    };
    let solution = system.solve(&problem).unwrap();
    let (saved, states) = (&solution.saved, &solution.states);
    for (t, state) in [
        (0.25, saved.state(0)),
        (0.5, states.state(0)),
        (0.75, saved.state(1)),
    ] {
        let (sin, cos) = (w * t).sin_cos();
        for (start, found) in h0.chunks(2).zip(state.chunks(2)) {
            let expected = [
                cos * start[0] - sin * start[1],
                sin * start[0] + cos * start[1],
            ];
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() < 1e-8,
                    "{t}: {found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn a_map_that_is_written_goes_by_the_last_parameters_and_the_last_state() {
    use costate_neural_ode::hybrid::{Map, Written};
    let mut map = Written::new(
        1,
        |h: &[f64], t, theta: &[f64], out: &mut [f64]| out[0] = theta[0] * h[0] * h[0] + t,
        |h: &[f64], _t, theta: &[f64], a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]| {
            (a_h[0], a_theta[0]) = (a[0] * 2.0 * theta[0] * h[0], a[0] * h[0] * h[0]);
            a[0]
        },
    );
    for (theta, h) in [(2.0, 3.0), (5.0, 7.0)] {
        let (mut out, mut a_h, mut a_theta) = ([0.0], [0.0], [0.0]);
        map.set_parameters(&[theta]);
        map.eval(&[h], 1.5, &mut out);
        let a_t = map.products(&[2.0], &mut a_h, &mut a_theta);
        assert_eq!(out, [theta * h * h + 1.5]);
        assert_eq!((a_h, a_theta, a_t), ([4.0 * theta * h], [2.0 * h * h], 2.0));
    }
}
