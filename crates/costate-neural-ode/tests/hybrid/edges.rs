//! Events at one time, at the ends, beside save times; ones that end, graze, or never stop.

use super::systems::{close, formula, gradient, system};
use costate_neural_ode::Problem;
use costate_neural_ode::hybrid::{Event, Written};
use costate_tape::{Function, Scalar as _, Var};

#[test]
fn a_save_time_beside_an_event_shows_the_state_before_it() {
    // h' = 1, h ← 0 at t = 1
    let reset = formula(1, 1, |h, _t, _theta| 0.0 * h);
    let mut saw =
        system(1, 1, 1e-8, |h, _t, _theta| 0.0 * h + 1.0).event(Event::at([1.0]).reset(reset));
    for (beside, before) in [
        (1.0, true),
        (1.0 + f64::EPSILON, true),
        (1.0 - f64::EPSILON, true),
        (1.0 + 8.0 * f64::EPSILON, false),
    ] {
        let save_at = [beside, 1.5];
        let problem = Problem {
            h0: &[0.0],
            theta: &[0.0],
            t0: 0.0,
            t1: 2.0,
            save_at: &save_at,
        };
        let found = gradient(&mut saw, "discrete", &problem, |solution, cotangents| {
            cotangents.saved.values_mut().copy_from_slice(&[1.0, 10.0]);
            solution.saved.state(0)[0] + 10.0 * solution.saved.state(1)[0]
        });
        let found = found.unwrap();
        close("loss", found.gradient.loss, f64::from(before) + 5.0, 1e-13);
        // Before the event h(t) = h₀ + t − t₀, behind it h(t) = t − t_event.
        let by_event = if before { -10.0 } else { -11.0 };
        close("event", found.times[0], by_event, 1e-12);
        close("h0", found.gradient.h0[0], f64::from(before), 1e-12);
        close("t0", found.gradient.t0, -f64::from(before), 1e-12);
        close("save", found.gradient.save[0], 1.0, 1e-12);
        close("save", found.gradient.save[1], 10.0, 1e-12);
        close("t1", found.gradient.t1, 0.0, 1e-12);
    }
}

#[test]
fn two_balls_that_touch_the_ground_at_once_keep_times_of_their_own() {
    // States x, v, X, V; the second ball keeps nothing of the first.
    let bounce = |first: usize| {
        formula(4, 1, move |h, _t, theta| {
            let mut parts: Vec<Var<'_, f64>> = (0..4).map(|i| h.index(i)).collect();
            parts[first + 1] = -theta.index(0) * parts[first + 1];
            Var::stack(&parts)
        })
    };
    let ground = |first: usize| formula(4, 1, move |h, _t, _theta| h.index(first));
    let mut balls = system(4, 1, 1e-10, |h, _t, _theta| {
        let fall = h.index(0) * 0.0 - 10.0;
        Var::stack(&[h.index(1), fall, h.index(3), fall])
    })
    .event(Event::crossing(ground(0)).falling().reset(bounce(0)))
    .event(Event::crossing(ground(2)).falling().reset(bounce(2)));
    let h0 = [1.25, 0.0, 1.25, 0.0]; // both land at t = 1/2 with a speed of 5
    let problem = Problem {
        h0: &h0,
        theta: &[0.8],
        t0: 0.0,
        t1: 0.75,
        save_at: &[],
    };
    for (position, other) in [(0, 2), (2, 0)] {
        let found = gradient(&mut balls, "discrete", &problem, |solution, cotangents| {
            let events: Vec<usize> = solution.events.iter().map(|o| o.event).collect();
            assert_eq!(events, [0, 1]);
            cotangents.saved.state_mut(0)[position] = 1.0;
            solution.saved.state(0)[position]
        });
        let found = found.unwrap().gradient;
        // x = 4 τ − 5 τ² with τ = t − t₁; t₁ = √(x₀/5), v = √(20 x₀): ∂t₁/∂x₀ = 1/5, ∂v/∂x₀ = 2
        let tau = 0.25;
        let by_height = 0.8 * 2.0 * tau - (4.0 - 10.0 * tau) / 5.0;
        close("loss", found.loss, 4.0 * tau - 5.0 * tau * tau, 1e-11);
        close("its own height", found.h0[position], by_height, 1e-11);
        close("the other's height", found.h0[other], 0.0, 1e-11);
        close("the other's speed", found.h0[other + 1], 0.0, 1e-11);
    }
}

#[test]
fn a_crossing_undone_by_an_earlier_reset_has_the_time_of_that_event() {
    // h' = 1: at h = q, event 0 takes h to h − 2, event 1 doubles it: h(t) = 2 (q − 2) + t − t_q
    let level = || formula(1, 1, |h, _t, theta| h.index(0) - theta.index(0));
    let mut steps = system(1, 1, 1e-10, |h, _t, _theta| 0.0 * h + 1.0)
        .event(
            Event::crossing(level())
                .rising()
                .reset(formula(1, 1, |h, _t, _theta| h - 2.0)),
        )
        .event(
            Event::crossing(level())
                .rising()
                .reset(formula(1, 1, |h, _t, _theta| 2.0 * h)),
        );
    let problem = Problem {
        h0: &[0.0],
        theta: &[1.0],
        t0: 0.0,
        t1: 1.5,
        save_at: &[],
    };
    let found = gradient(&mut steps, "discrete", &problem, |solution, cotangents| {
        assert_eq!(solution.events.len(), 2);
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    let found = found.unwrap().gradient;
    close("loss", found.loss, -1.5, 1e-13);
    close("q", found.theta[0], 1.0, 1e-12);
    close("h0", found.h0[0], 1.0, 1e-12);
}

#[test]
fn scheduled_events_at_one_time_happen_in_the_order_given_and_have_times_of_their_own() {
    // h' = h; at t = 1 first h ← h + 1, then h ← 2 h
    let (add, double) = (
        formula(1, 1, |h, _t, _theta| h + 1.0),
        formula(1, 1, |h, _t, _theta| 2.0 * h),
    );
    let mut both = system(1, 1, 1e-12, |h, _t, _theta| h * 1.0)
        .event(Event::at([1.0]).reset(add))
        .event(Event::at([1.0]).reset(double));
    let problem = Problem {
        h0: &[1.0],
        theta: &[0.0],
        t0: 0.0,
        t1: 2.0,
        save_at: &[],
    };
    let found = gradient(&mut both, "discrete", &problem, |solution, cotangents| {
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    let found = found.unwrap();
    // With the first at s and the second at u behind it: h(2) = 2 (e^s + 1) e^(u − s) e^(2 − u)
    let e = 1_f64.exp();
    close("loss", found.gradient.loss, 2.0 * (e + 1.0) * e, 1e-10);
    close("first", found.times[0], -2.0 * e, 1e-9);
    close("second", found.times[1], 0.0, 1e-9);
}

#[test]
fn a_dose_at_the_start_counts_and_one_at_the_end_comes_too_late() {
    let times = Function::record(&[("theta", &[2])], |v| {
        vec![Var::stack(&[v[0].index(1), v[0].index(1) + 2.0])]
    });
    let dose = formula(1, 2, |h, _t, _theta| h + 1.0);
    let mut decay = system(1, 2, 1e-12, |h, _t, theta| -theta.index(0) * h)
        .event(Event::scheduled(&times.unwrap()).reset(dose));
    let problem = Problem {
        h0: &[0.5],
        theta: &[0.3, 1.0],
        t0: 1.0,
        t1: 3.0,
        save_at: &[],
    };
    let found = gradient(&mut decay, "discrete", &problem, |solution, cotangents| {
        assert_eq!(solution.events.len(), 2);
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    let found = found.unwrap();
    let left = (-0.6_f64).exp();
    close("loss", found.gradient.loss, 1.5 * left, 1e-11);
    // h(t₁) = h₀ e^(−k (t₁ − t₀)) + e^(−k (t₁ − s))
    close("h0", found.gradient.h0[0], left, 1e-11);
    close("dose time", found.gradient.theta[1], 0.3 * left, 1e-11);
    close("t0", found.gradient.t0, 0.15 * left, 1e-11);
    close("t1", found.gradient.t1, -0.45 * left, 1e-11);
    close("late dose", found.times[1], 0.0, 1e-13);
}

#[test]
fn a_crossing_at_the_end_leaves_the_end_its_gradient() {
    // h' = 1, thrown back when a clock reaches q, one unit in the last place before t₁ = 1.
    let level = formula(1, 1, |h, t, theta| t - theta.index(0) + 0.0 * h.index(0));
    let back = formula(1, 1, |h, _t, _theta| h - 5.0);
    let mut rise = system(1, 1, 1e-10, |h, _t, _theta| 0.0 * h + 1.0)
        .event(Event::crossing(level).reset(back));
    let problem = Problem {
        h0: &[0.0],
        theta: &[1.0 - f64::EPSILON],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let found = gradient(&mut rise, "discrete", &problem, |solution, cotangents| {
        assert_eq!(solution.events.len(), 1);
        cotangents.saved.state_mut(0)[0] = 1.0;
        cotangents.times[0] = 3.0;
        solution.saved.state(0)[0] + 3.0 * solution.events[0].t
    });
    let found = found.unwrap().gradient;
    close("loss", found.loss, 4.0, 2e-15);
    close("t1", found.t1, 1.0, 1e-14);
    close("t0", found.t0, -1.0, 1e-14);
    close("h0", found.h0[0], 1.0, 1e-14);
    close("q", found.theta[0], 3.0, 1e-14);
}

#[test]
fn a_terminal_event_ends_what_is_saved_and_its_time_is_a_variable() {
    // h' = −k h until h = c, at t = ln(h₀/c)/k
    let low = || formula(1, 2, |h, _t, theta| h.index(0) - theta.index(1));
    let mut decay = system(1, 2, 1e-12, |h, _t, theta| -theta.index(0) * h)
        .event(Event::crossing(low()).terminal());
    let (k, c, h0) = (0.5_f64, 0.25_f64, 2.0_f64);
    let time = (h0 / c).ln() / k;
    let problem = Problem {
        h0: &[h0],
        theta: &[k, c],
        t0: 0.0,
        t1: 100.0,
        save_at: &[1.0, 3.0, 50.0],
    };
    let found = gradient(&mut decay, "discrete", &problem, |solution, cotangents| {
        assert_eq!(solution.saved.len(), 2);
        cotangents.times[0] = 1.0;
        solution.events[0].t
    });
    let found = found.unwrap().gradient;
    close("time", found.loss, time, 1e-11);
    close("k", found.theta[0], -time / k, 1e-10);
    close("c", found.theta[1], -1.0 / (k * c), 1e-10);
    close("h0", found.h0[0], 1.0 / (k * h0), 1e-10);
    assert_eq!((found.save.len(), found.t1), (3, 0.0));

    // Without save times the end is saved: h there is c whatever else is done.
    let problem = Problem {
        save_at: &[],
        ..problem
    };
    let found = gradient(&mut decay, "discrete", &problem, |solution, cotangents| {
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    let found = found.unwrap().gradient;
    close("loss", found.loss, c, 1e-14);
    close("k", found.theta[0], 0.0, 1e-13);
    close("c", found.theta[1], 1.0, 1e-13);
    close("h0", found.h0[0], 0.0, 1e-13);
}

#[test]
fn only_crossings_in_the_direction_asked_for_count() {
    // h = sin t: the sign that counts is that of the way, forwards and backwards.
    let zero = || formula(2, 1, |h, _t, _theta| h.index(0));
    for (way, rising, expected) in [
        (1.0, true, std::f64::consts::TAU),
        (1.0, false, std::f64::consts::PI),
        (-1.0, true, -std::f64::consts::PI),
        (-1.0, false, -std::f64::consts::TAU),
    ] {
        let event = Event::crossing(zero());
        let event = if rising {
            event.rising()
        } else {
            event.falling()
        };
        let mut circle = system(2, 1, 1e-12, |h, _t, theta| {
            let w = theta.index(0);
            Var::stack(&[w * h.index(1), -w * h.index(0)])
        })
        .event(event.terminal());
        let problem = Problem {
            h0: &[0.0, 1.0],
            theta: &[1.0],
            t0: 0.0,
            t1: 10.0 * way,
            save_at: &[],
        };
        let found = gradient(&mut circle, "discrete", &problem, |solution, cotangents| {
            cotangents.times[0] = 1.0;
            solution.events[0].t
        });
        let found = found.unwrap().gradient;
        close("time", found.loss, expected, 1e-10);
        close("frequency", found.theta[0], -expected, 1e-9);
    }
}

#[test]
fn a_crossing_that_rounding_leaves_short_of_zero_happens_once() {
    // A driven swing with another drag on either side. Its kink lies on the crossing, so that a step that ends there does not end quite where a longer one passes.
    let kept = || formula(2, 1, |h, _t, _theta| h * 1.0);
    let level = || formula(2, 1, |h, _t, _theta| h.index(0));
    let mut swing = system(2, 1, 1e-13, |h, t, theta| {
        let (x, y) = (h.index(0), h.index(1));
        let drive = theta.index(0) * (t * 1.1).sin();
        let drag = x * 0.4 + x.abs() * 0.2;
        Var::stack(&[drive - drag, x.abs() * 0.5 - y * 0.3])
    })
    .event(Event::crossing(level()).rising().reset(kept()))
    .event(Event::crossing(level()).falling().reset(kept()));
    for k in 0..20 {
        let problem = Problem {
            h0: &[1.0, 0.0],
            theta: &[1.4 + 0.01 * f64::from(k)],
            t0: 0.0,
            t1: 12.0,
            save_at: &[],
        };
        let solution = swing.solve(&problem).unwrap();
        let found: Vec<usize> = solution.events.iter().map(|at| at.event).collect();
        assert_eq!(found, [1, 0, 1], "{k}");
    }
}

#[test]
fn reset_maps_may_see_the_time() {
    // h' = 0, h ← t² at h-independent time s = θ₀: L = h(1) = s²
    let time = Function::record(&[("theta", &[1])], |v| vec![v[0].index(0)]).unwrap();
    let mut clock = system(1, 1, 1e-8, |h, _t, _theta| 0.0 * h)
        .event(Event::scheduled(&time).reset(formula(1, 1, |h, t, _theta| 0.0 * h + t * t)));
    let problem = Problem {
        h0: &[7.0],
        theta: &[0.3],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let found = gradient(&mut clock, "discrete", &problem, |solution, cotangents| {
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    let found = found.unwrap().gradient;
    close("loss", found.loss, 0.09, 1e-15);
    close("time", found.theta[0], 0.6, 1e-15);
}

#[test]
fn written_maps_and_recorded_ones_give_the_same() {
    let recorded = || {
        let level = formula(1, 2, |h, t, theta| h.index(0) - theta.index(0) * t);
        let reset = formula(1, 2, |h, _t, theta| theta.index(1) * h);
        Event::crossing(level).reset(reset)
    };
    let written = || {
        let level = Written::new(
            1,
            |h: &[f64], t, theta: &[f64], out: &mut [f64]| out[0] = h[0] - theta[0] * t,
            |_h: &[f64], t, theta: &[f64], a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]| {
                a_h[0] = a[0];
                a_theta.copy_from_slice(&[-a[0] * t, 0.0]);
                -a[0] * theta[0]
            },
        );
        let reset = Written::new(
            1,
            |h: &[f64], _t, theta: &[f64], out: &mut [f64]| out[0] = theta[1] * h[0],
            |h: &[f64], _t, theta: &[f64], a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]| {
                a_h[0] = a[0] * theta[1];
                a_theta.copy_from_slice(&[0.0, a[0] * h[0]]);
                0.0
            },
        );
        Event::crossing(level).reset(reset)
    };
    let problem = Problem {
        h0: &[3.0],
        theta: &[0.9, 0.4],
        t0: 0.0,
        t1: 4.0,
        save_at: &[],
    };
    let by = |event: Event<f64, f64>| {
        let mut decay = system(1, 2, 1e-8, |h, _t, _theta| -0.3 * h).event(event);
        let found = gradient(&mut decay, "discrete", &problem, |solution, cotangents| {
            assert_eq!(solution.events.len(), 1);
            cotangents.saved.state_mut(0)[0] = 1.0;
            solution.saved.state(0)[0]
        });
        found.unwrap().gradient
    };
    let (a, b) = (by(recorded()), by(written()));
    for (a, b) in a.theta.iter().chain(&a.h0).zip(b.theta.iter().chain(&b.h0)) {
        close("entry", *a, *b, 1e-13);
    }
}
