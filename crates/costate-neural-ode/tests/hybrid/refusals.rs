//! Systems that have no solution with events, and what is said of them.

use super::systems::{ball, close, system};
use costate_neural_ode::hybrid::{Event, Occurrence};
use costate_neural_ode::{Error, Problem};
use costate_tape::{Function, Scalar};

#[test]
fn a_ball_that_comes_to_rest_ends_in_an_error_that_says_where() {
    let mut ball = ball();
    let problem = Problem {
        h0: &[1.0, 0.0],
        theta: &[9.81, 0.5],
        t0: 0.0,
        t1: 10.0,
        save_at: &[],
    };
    match ball.solve(&problem) {
        Err(Error::Solver(costate_ode::Error::Zeno { event: 0, near, .. })) => {
            close("near", near, 3.0 * (2.0_f64 / 9.81).sqrt(), 1e-6);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn more_events_than_allowed_are_an_error() {
    let mut decay = system(1, 1, 1e-8, |h, _t, _theta| -0.3 * h)
        .event(Event::at([0.1, 0.2, 0.3, 0.4]))
        .max_events(3);
    let problem = Problem {
        h0: &[1.0],
        theta: &[0.0],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    assert!(matches!(
        decay.solve(&problem),
        Err(Error::TooManyEvents { count: 3, .. })
    ));
    let mut decay = decay.max_events(4);
    let solution = decay.solve(&problem).unwrap();
    let expected = [0.1, 0.2, 0.3, 0.4].map(|t| Occurrence { event: 0, t });
    assert_eq!(solution.events, expected);
}

#[test]
fn a_scheduled_time_that_is_not_a_number_is_an_error() {
    let time = Function::record(&[("theta", &[1])], |v| vec![v[0].index(0).ln()]).unwrap();
    let mut decay = system(1, 1, 1e-8, |h, _t, _theta| -0.3 * h).event(Event::scheduled(&time));
    let problem = Problem {
        h0: &[1.0],
        theta: &[-1.0],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    assert!(matches!(
        decay.solve(&problem),
        Err(Error::Solver(costate_ode::Error::Option { .. }))
    ));
}
