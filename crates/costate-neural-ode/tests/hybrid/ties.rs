//! Events that share their time with another event, with a save time or with their own past.

use super::systems::{close, formula, gradient, system};
use costate_neural_ode::Problem;
use costate_neural_ode::hybrid::Event;
use costate_tape::Var;

/// From `h0` at t = 0 to t = 1.5.
fn problem<'a>(h0: &'a [f64], theta: &'a [f64]) -> Problem<'a, f64, f64> {
    Problem {
        h0,
        theta,
        t0: 0.0,
        t1: 1.5,
        save_at: &[],
    }
}

#[test]
fn a_tied_event_moves_with_the_event_that_undid_it() {
    // h' = 1: at h = θ₀, event 0 takes h to h − 2; event 1, due at h = θ₁ at the same time, doubles it then: h(t) = 2 (θ₀ − 2) + t − (θ₀ − h₀)
    let level = |i: usize| formula(1, 2, move |h, _t, theta| h.index(0) - theta.index(i));
    let mut steps = system(1, 2, 1e-10, |h, _t, _theta| 0.0 * h + 1.0)
        .event(
            Event::crossing(level(0))
                .rising()
                .reset(formula(1, 2, |h, _t, _theta| h - 2.0)),
        )
        .event(
            Event::crossing(level(1))
                .rising()
                .reset(formula(1, 2, |h, _t, _theta| 2.0 * h)),
        );
    let found = gradient(
        &mut steps,
        "discrete",
        &problem(&[0.0], &[1.0, 1.0]),
        |solution, cotangents| {
            assert_eq!(solution.events.len(), 2);
            cotangents.saved.state_mut(0)[0] = 1.0;
            solution.saved.state(0)[0]
        },
    );
    let found = found.unwrap().gradient;
    close("loss", found.loss, -1.5, 1e-13);
    close("the level that was met", found.theta[0], 1.0, 1e-12);
    close("the level that was tied to it", found.theta[1], 0.0, 1e-12);
    close("h0", found.h0[0], 1.0, 1e-12);
}

#[test]
fn a_tied_event_whose_map_sees_the_time_has_a_derivative_by_it() {
    // As above, but event 1 adds t²: h(t) = θ − 2 + s² + t − s with s = θ − h₀
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
                .reset(formula(1, 1, |h, t, _theta| h + t * t)),
        );
    let found = gradient(
        &mut steps,
        "discrete",
        &problem(&[0.25], &[1.0]),
        |solution, cotangents| {
            assert_eq!(solution.events.len(), 2);
            cotangents.saved.state_mut(0)[0] = 1.0;
            solution.saved.state(0)[0]
        },
    );
    let found = found.unwrap().gradient;
    close("loss", found.loss, 1.0 - 2.0 + 0.75 * 0.75 + 0.75, 1e-13);
    close("level", found.theta[0], 1.5, 1e-12);
    close("h0", found.h0[0], 1.0 - 1.5, 1e-12);
}

#[test]
fn a_save_at_the_start_shows_the_start_whatever_happens_there() {
    let mut decay = system(1, 1, 1e-10, |h, _t, theta| -theta.index(0) * h)
        .event(Event::at([1.0]).reset(formula(1, 1, |h, _t, _theta| 3.0 * h)));
    let problem = Problem {
        h0: &[0.5],
        theta: &[0.3],
        t0: 1.0,
        t1: 3.0,
        save_at: &[1.0, 3.0],
    };
    let found = gradient(&mut decay, "discrete", &problem, |solution, cotangents| {
        cotangents.saved.state_mut(0)[0] = 1.0;
        cotangents.saved.state_mut(1)[0] = 10.0;
        solution.saved.state(0)[0] + 10.0 * solution.saved.state(1)[0]
    });
    let found = found.unwrap().gradient;
    let left = 3.0 * (-0.6_f64).exp();
    close("loss", found.loss, 0.5 + 5.0 * left, 1e-9);
    close("h0", found.h0[0], 1.0 + 10.0 * left, 1e-9);
}

#[test]
fn an_event_within_a_unit_in_the_last_place_of_the_end_leaves_end_and_saves_their_gradients() {
    // h' = 2, doubled at an event that cannot be told from the end; both ways in time.
    for way in [1.0, -1.0] {
        for off in [-f64::EPSILON, 0.0, f64::EPSILON] {
            for save_at in [&[][..], &[0.5 * way, way]] {
                let mut rise = system(1, 1, 1e-10, |h, _t, _theta| 0.0 * h + 2.0)
                    .event(Event::at([way + off]).reset(formula(1, 1, |h, _t, _theta| 2.0 * h)));
                let problem = Problem {
                    h0: &[3.0],
                    theta: &[0.0],
                    t0: 0.0,
                    t1: way,
                    save_at,
                };
                let found = gradient(&mut rise, "discrete", &problem, |solution, cotangents| {
                    assert_eq!(solution.events.len(), 1);
                    let last = solution.saved.len() - 1;
                    cotangents.saved.state_mut(last)[0] = 1.0;
                    solution.saved.state(last)[0]
                });
                let found = found.unwrap();
                let title = format!("{way} {off:e} {save_at:?}");
                close(&title, found.gradient.loss, 3.0 + 2.0 * way, 1e-14);
                close(&title, found.gradient.h0[0], 1.0, 1e-13);
                close(&title, found.gradient.t0, -2.0, 1e-12);
                let by_end = if save_at.is_empty() {
                    found.gradient.t1
                } else {
                    found.gradient.save[1]
                };
                close(&title, by_end, 2.0, 1e-12);
                // What is saved is before the event, wherever that is.
                close(&title, found.times[0], 0.0, 1e-12);
            }
        }
    }
}

#[test]
fn a_bounce_in_either_direction_is_one_event() {
    // The height is zero when the ball leaves the ground again: that is not another crossing.
    let mut ball = system(2, 1, 1e-10, |h, _t, _theta| {
        Var::stack(&[h.index(1), h.index(0) * 0.0 - 10.0])
    })
    .event(
        Event::crossing(formula(2, 1, |h, _t, _theta| h.index(0))).reset(formula(
            2,
            1,
            |h, _t, theta| Var::stack(&[h.index(0), -theta.index(0) * h.index(1)]),
        )),
    );
    let problem = Problem {
        t1: 0.75,
        ..problem(&[1.25, 0.0], &[0.8])
    };
    let found = gradient(&mut ball, "discrete", &problem, |solution, cotangents| {
        assert_eq!(solution.events.len(), 1);
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    });
    // 5 θ τ − 5 τ² with τ = 1/4 after the ground at t = 1/2
    let found = found.unwrap().gradient;
    close("loss", found.loss, 5.0 * 0.8 * 0.25 - 5.0 * 0.0625, 1e-11);
    close("what is kept", found.theta[0], 5.0 * 0.25, 1e-11);
}
