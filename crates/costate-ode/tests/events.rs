//! Events: where they are found, what they do, and what their documentation says of the awkward cases.

use costate_ode::{Error, Event, Failure, Ivp, Method, Occurrence, Options, tableau};

const G: f64 = 9.81;

fn fall(_t: f64, y: &[f64; 2], dy: &mut [f64; 2]) {
    *dy = [y[1], -G];
}

fn ground() -> Event<f64, [f64; 2]> {
    Event::when_zero(|_t, y: &[f64; 2]| y[0]).falling()
}

fn times<Y>(events: &[Occurrence<f64, Y>]) -> Vec<f64> {
    events.iter().map(|event| event.t).collect()
}

#[test]
fn a_bouncing_ball_bounces_when_the_closed_form_says() {
    let bounces: Vec<f64> = (0..8)
        .scan((2.0 / G).sqrt(), |t, n| {
            let this = *t;
            *t += 2.0 * (2.0 / G).sqrt() * 0.8_f64.powi(n + 1);
            Some(this)
        })
        .collect();
    for tableau in tableau::tableaus() {
        // Every method of order 2 falls exactly.
        let Some(_) = tableau.embedded_order.filter(|_| tableau.order > 1) else {
            continue;
        };
        let solution = Ivp::new(fall, 0.0, [1.0, 0.0], bounces[7] + 1e-3)
            .method(*tableau)
            .event(ground().reset(|_t, y| y[1] *= -0.8))
            .solve()
            .unwrap();
        let found = times(&solution.events);
        assert_eq!(found.len(), 8, "{}", tableau.name);
        for (found, exact) in found.iter().zip(&bounces) {
            assert!(
                (found - exact).abs() < 1e-12,
                "{}: {found} {exact}",
                tableau.name
            );
        }
        // It never is below the ground.
        assert!(solution.y.iter().all(|y| y[0] > -1e-12), "{}", tableau.name);
    }
}

#[test]
fn an_event_lies_on_the_solution_itself_to_rounding() {
    for (name, tolerance) in [
        ("bosh3", 1e-4),
        ("tsit5", 1e-4),
        ("dop853", 1e-6),
        ("verner7", 1e-6),
    ] {
        let tableau = tableau::by_name(name).unwrap();
        for backward in [false, true] {
            let (t0, t1, y0) = if backward {
                (3.0, 0.0, (-3_f64).exp())
            } else {
                (0.0, 3.0, 1.0)
            };
            let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
            let ivp = Ivp::new(decay, t0, [y0], t1)
                .method(tableau)
                .rtol(tolerance)
                .atol(tolerance);
            let half = Event::when_zero(|_t, y: &[f64; 1]| y[0] - 0.5).terminal();
            let solution = ivp.event(half).dense().solve().unwrap();
            let (t, y) = (solution.events[0].t, solution.last()[0]);
            assert_eq!(*solution.t.last().unwrap(), t);
            // The state there is 1/2 to the last digits, though the time is only as good as the tolerance.
            assert!((y - 0.5).abs() < 1e-15, "{name}: {y}");
            assert!((t - 2_f64.ln()).abs() < 50.0 * tolerance, "{name}: {t}");
            assert_eq!(solution.dense.unwrap().at(t)[0], y);
        }
    }
}

#[test]
fn a_threshold_is_reached_when_it_must_be() {
    for q in [0.1, 1.0 / 3.0, 0.7, 0.99] {
        let event = Event::when_zero(move |_t, y: &[f64; 1]| y[0] - q).terminal();
        let one = |_t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = 1.0;
        let solution = Ivp::new(one, 0.0, [0.0], 1.0).event(event).solve().unwrap();
        assert!(
            (solution.events[0].t - q).abs() <= 4.0 * f64::EPSILON,
            "{:?}",
            solution.events
        );
    }
}

#[test]
fn directions_choose_among_crossings() {
    let turn = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    let crossings = |event: Event<f64, [f64; 2]>, t1: f64| {
        // sin t from a little after 0, or cos-like backwards.
        let ivp = Ivp::new(turn, 0.0, [0.0, 1.0], t1)
            .rtol(1e-10)
            .atol(1e-10)
            .event(event);
        times(&ivp.solve().unwrap().events)
    };
    let sine = || Event::when_zero(|_t, y: &[f64; 2]| y[0]);
    let pi = std::f64::consts::PI;
    let near = |found: Vec<f64>, expected: &[f64]| {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(
            found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-8),
            "{found:?}"
        );
    };
    // It is zero at the start: no event there.
    near(crossings(sine(), 10.0), &[pi, 2.0 * pi, 3.0 * pi]);
    near(crossings(sine().falling(), 10.0), &[pi, 3.0 * pi]);
    near(crossings(sine().rising(), 10.0), &[2.0 * pi]);
    // Rising and falling are meant along the way: backwards, the first crossing is from below.
    near(crossings(sine().rising(), -10.0), &[-pi, -3.0 * pi]);
    near(crossings(sine().falling(), -10.0), &[-2.0 * pi]);
}

#[test]
fn grazing_zero_exactly_where_it_is_looked_at_is_an_event_and_staying_away_is_none() {
    // (t − 1)² touches zero where a step is made to end; with a little added it does not.
    for (lift, expected) in [(0.0, 1), (1e-9, 0)] {
        let event = Event::when_zero(move |t: f64, _y: &[f64; 1]| (t - 1.0) * (t - 1.0) + lift);
        let solution = Ivp::new(|_t, _y: &[f64; 1], dy| dy[0] = 1.0, 0.0, [0.0], 2.0)
            .stop_at([1.0])
            .event(event)
            .solve()
            .unwrap();
        assert_eq!(solution.events.len(), expected);
    }
}

#[test]
fn two_crossings_in_a_step_are_both_seen() {
    // One step from 0 to 2, for f is constant; the hump is 0.3 wide.
    let event = || Event::when_zero(|t: f64, _y: &[f64; 1]| 0.0225 - (t - 1.1) * (t - 1.1));
    let options = Options {
        h_init: Some(2.0),
        ..Options::tolerances(1e-6, 1e-6)
    };
    let solve = |event| {
        let ivp = Ivp::new(|_t, _y: &[f64; 1], dy| dy[0] = 1.0, 0.0, [0.0], 2.0);
        times(
            &ivp.options(options.clone())
                .event(event)
                .solve()
                .unwrap()
                .events,
        )
    };
    let found = solve(event());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        (found[0] - 0.95).abs() < 1e-12 && (found[1] - 1.25).abs() < 1e-12,
        "{found:?}"
    );
    // With no look inside steps it is missed, as documented.
    assert!(solve(event().samples(0)).is_empty());
}

#[test]
fn several_events_at_once_happen_in_their_order() {
    let line = |_t: f64, _y: &[f64; 2], dy: &mut [f64; 2]| *dy = [1.0, 2.0];
    let solution = Ivp::new(line, 0.0, [0.0, 0.0], 2.0)
        .event(Event::when_zero(|_t, y: &[f64; 2]| y[1] - 2.0).reset(|_t, y| y[0] += 10.0))
        .event(Event::when_zero(|_t, y: &[f64; 2]| y[0] - 1.0))
        .event(Event::at([1.0]))
        .event(Event::when_zero(|_t, y: &[f64; 2]| y[0] - 1.5))
        .solve()
        .unwrap();
    // The time of number 2 is given, those of the others are found, to rounding.
    let order: Vec<usize> = solution.events.iter().map(|event| event.event).collect();
    assert_eq!(order, [2, 0, 1], "{:?}", solution.events);
    assert!(
        times(&solution.events)
            .iter()
            .all(|t| (t - 1.0).abs() < 2e-15)
    );
    // The state of number 0 is that before its reset, that of number 1 the one after it.
    assert!((solution.events[1].y[0] - 1.0).abs() < 2e-15);
    assert!((solution.events[2].y[0] - 11.0).abs() < 1e-14);
}

#[test]
fn the_earlier_of_two_events_in_a_step_comes_first_and_its_reset_decides_about_the_other() {
    let line = |_t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = 1.0;
    let back = |at: f64| Event::when_zero(move |_t, y: &[f64; 1]| y[0] - at);
    let solution = Ivp::new(line, 0.0, [0.0], 3.5)
        .event(back(1.001))
        .event(back(1.0).reset(|_t, y| y[0] = 0.0))
        .solve()
        .unwrap();
    let found = times(&solution.events);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(solution.events.iter().all(|event| event.event == 1));
    assert!(
        found
            .iter()
            .zip([1.0, 2.0, 3.0])
            .all(|(a, b)| (a - b).abs() < 1e-12),
        "{found:?}"
    );
}

#[test]
fn doses_come_at_their_times_and_saved_states_are_those_before() {
    let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    let dose = || Event::at([1.0, 2.0, 7.0]).reset(|_t, y: &mut [f64; 1]| y[0] += 1.0);
    let e = |t: f64| (-t).exp();
    let solution = Ivp::new(decay, 0.0, [1.0], 3.0)
        .rtol(1e-10)
        .atol(1e-12)
        .event(dose())
        .save_at([1.0, 1.5, 2.0, 3.0])
        .dense()
        .solve()
        .unwrap();
    assert_eq!(times(&solution.events), [1.0, 2.0]);
    let (before1, before2) = (e(1.0), (e(1.0) + 1.0) * e(1.0));
    let expected = [
        before1,
        (e(1.0) + 1.0) * e(0.5),
        before2,
        (before2 + 1.0) * e(1.0),
    ];
    for (y, expected) in solution.y.iter().zip(expected) {
        assert!((y[0] - expected).abs() < 1e-9, "{:?}", solution.y);
    }
    let dense = solution.dense.unwrap();
    assert!((dense.at(1.0)[0] - before1).abs() < 1e-9);
    assert!((dense.at(1.0 + 1e-9)[0] - before1 - 1.0).abs() < 1e-8);
    assert!((dense.at(2.5)[0] - (before2 + 1.0) * e(0.5)).abs() < 1e-6);
    // Every step saved: the state after follows at the same time.
    let solution = Ivp::new(decay, 0.0, [1.0], 3.0)
        .event(dose())
        .solve()
        .unwrap();
    let at_one: Vec<f64> = solution
        .t
        .iter()
        .zip(&solution.y)
        .filter(|(t, _)| **t == 1.0)
        .map(|(_, y)| y[0])
        .collect();
    assert_eq!(at_one.len(), 2);
    assert_eq!(at_one[1] - at_one[0], 1.0);
}

#[test]
fn an_event_within_rounding_of_a_save_time_keeps_the_save() {
    for offset in [-1.0, 0.0, 1.0] {
        let save = 0.5 + offset * f64::EPSILON / 4.0;
        let line = |_t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = 1.0;
        let event = Event::when_zero(|_t, y: &[f64; 1]| y[0] - 0.5).reset(|_t, y| y[0] = -1.0);
        let solution = Ivp::new(line, 0.0, [0.0], 1.0)
            .event(event)
            .save_at([save, 1.0])
            .solve()
            .unwrap();
        assert_eq!(solution.t, [save, 1.0]);
        assert!((solution.y[0][0] - 0.5).abs() < 1e-12 || (solution.y[0][0] + 1.0).abs() < 1e-12);
        assert!((solution.y[1][0] + 0.5).abs() < 1e-12);
    }
}

#[test]
fn a_ball_that_comes_to_rest_is_reported_with_the_time_of_its_rest() {
    let failure = Ivp::new(fall, 0.0, [1.0, 0.0], 20.0)
        .event(ground().reset(|_t, y| y[1] *= -0.5))
        .solve()
        .unwrap_err();
    let Error::Zeno {
        event: 0,
        count,
        near,
        ..
    } = failure.error
    else {
        panic!("{failure}");
    };
    // T + 2 T (1/2 + 1/4 + …) = 3 T.
    let rest = 3.0 * (2.0 / G).sqrt();
    assert!(count > 10 && (near - rest).abs() < 1e-7, "{near} {rest}");
    assert!(
        failure
            .to_string()
            .contains("it would go on without end before t = ")
    );
    assert!(*failure.partial.t.last().unwrap() > 0.999 * rest);
    assert_eq!(failure.partial.events.len(), count);
}

#[test]
fn a_ball_that_comes_to_rest_does_not_fall_through_the_floor_however_long_the_steps_after_a_bounce()
{
    // A count of the bounces makes the state large, and what its error may be with it.
    let counted = |t: f64, y: &[f64; 3], dy: &mut [f64; 3]| {
        let mut ball = [0.0; 2];
        fall(t, &[y[0], y[1]], &mut ball);
        *dy = [ball[0], ball[1], 0.0];
    };
    for method in Method::all() {
        // BDF begins again with straight lines behind each bounce: they do not leave the floor.
        if !method.adaptive || method.name.starts_with("rock") || method.name == "bdf" {
            continue;
        }
        let bounce = Event::when_zero(|_t, y: &[f64; 3]| y[0]).falling();
        let failure = Ivp::new(counted, 0.0, [0.0, 3.0, 0.0], 5.0)
            .method(method)
            .event(bounce.reset(|_t, y| *y = [0.0, -0.5 * y[1], y[2] + 1.0]))
            .solve();
        let Err(failure) = failure else {
            panic!("{} fell through", method.name);
        };
        let Error::Zeno { near, .. } = failure.error else {
            panic!("{}: {failure}", method.name);
        };
        let rest = 4.0 * 3.0 / G;
        assert!((near - rest).abs() < 1e-5, "{}: {near} {rest}", method.name);
    }
}

#[test]
fn implicit_methods_find_events_too() {
    for method in Method::all()
        .into_iter()
        .filter(|method| method.stiff && method.adaptive)
    {
        // 1/(1 + t), until it is 1/2; then 2/(1 + 2 (t − 1)).
        let field = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0] * y[0];
        let event = Event::when_zero(|_t, y: &[f64; 1]| y[0] - 0.5).reset(|_t, y| y[0] = 2.0);
        let solution = Ivp::new(field, 0.0, [1.0], 3.0)
            .method(method)
            .rtol(1e-7)
            .atol(1e-7)
            .event(event)
            .save_at([0.5, 1.25, 3.0])
            .dense()
            .solve()
            .unwrap();
        let found = times(&solution.events);
        assert_eq!(found.len(), 2, "{}", method.name);
        let near = |a: f64, b: f64, allowed: f64| {
            assert!((a - b).abs() < allowed, "{}: {a} {b}", method.name)
        };
        near(found[0], 1.0, 1e-4);
        near(found[1], 2.5, 1e-4);
        for (y, expected) in solution.y.iter().zip([1.0 / 1.5, 2.0 / 1.5, 1.0]) {
            near(y[0], expected, 1e-4);
        }
        near(solution.dense.unwrap().at(1.5)[0], 1.0, 1e-3);
    }
}

#[test]
fn constant_steps_end_on_events_too() {
    let rk4 = tableau::by_name("rk4").unwrap();
    let solution = Ivp::new(fall, 0.0, [1.0, 0.0], 1.0)
        .method(rk4)
        .step(0.1)
        .event(ground().reset(|_t, y| y[1] *= -1.0))
        .solve()
        .unwrap();
    assert_eq!(solution.events.len(), 1);
    assert!((solution.events[0].t - (2.0 / G).sqrt()).abs() < 1e-13);
    // Without loss it is as high as it was, the same time later.
    let t = 2.0 * solution.events[0].t - 1.0;
    assert!((solution.last()[0] - (1.0 - 0.5 * G * t * t)).abs() < 1e-12);
}

#[test]
fn stops_are_met_exactly_and_jumps_cost_no_rejections() {
    let switched =
        |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = if t < 1.0 { -y[0] } else { 50.0 - y[0] };
    let run = |jumps: &[f64], backward: bool| {
        let exact = 50.0 + ((-1_f64).exp() - 50.0) * (-1_f64).exp();
        let (t0, y0, t1) = if backward {
            (2.0, exact, 0.0)
        } else {
            (0.0, 1.0, 2.0)
        };
        let ivp = Ivp::new(switched, t0, [y0], t1)
            .rtol(1e-8)
            .atol(1e-8)
            .stop_at([0.3, 1.7, 9.0]);
        let solution = ivp.jump_at(jumps).solve().unwrap();
        assert!(solution.t.contains(&0.3) && solution.t.contains(&1.7));
        let end = if backward { 1.0 } else { exact };
        (solution.stats.rejected, (solution.last()[0] - end).abs())
    };
    for backward in [false, true] {
        let (rejected, error) = run(&[1.0], backward);
        assert!(rejected == 0 && error < 1e-6, "{rejected} {error}");
        assert!(run(&[], backward).0 > 3);
    }
}

#[test]
fn a_jump_at_the_end_leaves_the_end_and_what_is_due_there() {
    for (t0, t1) in [(0.0, 2.0), (2.0, 0.0)] {
        let slope = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| {
            dy[0] = if (0.0..2.0).contains(&t) { 1.0 } else { 9.0 }
        };
        let ivp = Ivp::new(slope, t0, [t0], t1).jump_at([t0, t1]);
        let is_end = |t: f64, y: &[f64; 1]| t == t1 && (y[0] - t1).abs() < 1e-14;
        let steps = ivp.clone().dense().solve().unwrap();
        assert!(is_end(*steps.t.last().unwrap(), steps.last()));
        assert!(is_end(t1, &steps.dense.unwrap().at(t1)));
        let saved = ivp.clone().save_at([1.0, t1]).solve().unwrap();
        assert_eq!(saved.t, [1.0, t1]);
        assert!(is_end(saved.t[1], saved.last()));
        let ended = ivp
            .save_end()
            .event(Event::at([t1]).reset(|_t, y: &mut [f64; 1]| y[0] += 5.0));
        let ended = ended.solve().unwrap();
        assert!((ended.last()[0] - t1 - 5.0).abs() < 1e-14, "{ended:?}");
    }
}

#[test]
fn an_event_whose_function_is_not_a_number_is_an_error_and_no_crossing() {
    let falls = |_t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1.0;
    let ivp = Ivp::new(falls, 0.0, [1.0], 3.0).event(Event::when_zero(|t, _y: &[f64; 1]| t - 9.0));
    let root = Event::when_zero(|_t, y: &[f64; 1]| y[0].sqrt() + 0.1).terminal();
    let failure = ivp.clone().event(root).solve().unwrap_err();
    assert!(matches!(failure.error, costate_ode::Error::Event { event: 1, t } if t > 1.0));
    assert!(failure.partial.events.is_empty());
    // Where another one ends it before, nothing is asked beyond.
    let floor = Event::when_zero(|_t, y: &[f64; 1]| y[0]).terminal();
    let root = Event::when_zero(|_t, y: &[f64; 1]| y[0].sqrt() + 0.1);
    let solution = ivp.event(root).event(floor).solve().unwrap();
    assert!((solution.t.last().unwrap() - 1.0).abs() < 1e-14);
}

#[test]
fn a_failure_keeps_its_events() {
    let failure: Failure<f64, [f64; 1]> =
        Ivp::new(|_t, y: &[f64; 1], dy| dy[0] = y[0] * y[0], 0.0, [1.0], 2.0)
            .event(Event::when_zero(|_t, y: &[f64; 1]| y[0] - 2.0))
            .solve()
            .unwrap_err();
    assert_eq!(failure.partial.events.len(), 1);
    assert!((failure.partial.events[0].t - 0.5).abs() < 1e-5);
}

#[test]
fn a_method_that_switches_keeps_a_continuous_solution_of_all_its_parts() {
    let auto = Method::by_name("auto").unwrap();
    let ivp = Ivp::new(fall, 0.0, [1.0, 0.0], 2.0)
        .method(auto)
        .rtol(1e-8)
        .atol(1e-8);
    let dense = ivp.dense().solve().unwrap().dense.unwrap();
    for n in 1..40 {
        let t = 0.05 * f64::from(n);
        assert!(
            (dense.at(t)[0] - (1.0 - 0.5 * G * t * t)).abs() < 1e-12,
            "{t}"
        );
    }
}
