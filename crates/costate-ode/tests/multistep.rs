//! Adams methods of variable order.

use costate_ode::{Adams, Event, Integrator, Ivp, Method, Options};
use costate_problems::{Boxed, relative_error};

fn adams() -> Method {
    Method::by_name("adams").unwrap()
}

/// The relative error at the end.
fn error(problem: &Boxed<f64>, tolerance: f64, backward: bool) -> f64 {
    let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (problem.field)(t, y, dy);
    let (t0, y0, t1, y1) = if backward {
        (problem.t1, &problem.y1, problem.t0, &problem.y0)
    } else {
        (problem.t0, &problem.y0, problem.t1, &problem.y1)
    };
    let solution = Ivp::new(field, t0, y0.clone(), t1)
        .method(adams())
        .rtol(tolerance)
        .atol(tolerance)
        .save_end()
        .solve()
        .unwrap();
    relative_error(solution.last(), y1)
}

#[test]
fn errors_follow_the_tolerance_on_every_problem() {
    for problem in costate_problems::non_stiff::<f64>() {
        let known = 10_f64.powi(1 - problem.digits as i32);
        for tolerance in [1e-4, 1e-7, 1e-10] {
            let error = error(&problem, tolerance, false);
            println!("{} {tolerance:e} {error:e}", problem.name);
            // Each step leans on those before it: their errors add up.
            let allowed = 200.0 * problem.condition * tolerance + known;
            assert!(error <= allowed, "{}: {error:e}", problem.name);
        }
    }
}

#[test]
fn time_may_run_backward() {
    for problem in [
        costate_problems::growing_sine().boxed(),
        costate_problems::skew_linear().boxed(),
        costate_problems::harmonic().boxed(),
        costate_problems::house().boxed(),
    ] {
        let error = error(&problem, 1e-9, true);
        assert!(error < 1e-7, "{}: {error:e}", problem.name);
    }
}

#[test]
fn a_step_costs_two_evaluations_and_dense_output_none() {
    let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    let times: Vec<f64> = (0..1000).map(|i| 0.02 * f64::from(i)).collect();
    let solve = |save: bool| {
        let ivp = Ivp::new(field, 0.0, [1.0, 0.0], 20.0)
            .method(adams())
            .rtol(1e-9)
            .atol(1e-9);
        if save {
            ivp.save_at(times.clone()).dense()
        } else {
            ivp.save_end()
        }
        .solve()
        .unwrap()
    };
    let (with, without) = (solve(true), solve(false));
    assert_eq!(with.stats, without.stats);
    let stats = with.stats;
    // Two for the first step's size; none where the last step ends.
    assert_eq!(stats.nfe, 2 * stats.accepted + stats.rejected + 1);
    let dense = with.dense.unwrap();
    for (t, y) in with.t.iter().zip(&with.y) {
        assert!(
            (y[0] - t.cos()).abs() < 2e-7 && (y[1] + t.sin()).abs() < 2e-7,
            "{t}: {y:?}"
        );
        let again = dense.at(*t);
        assert!((y[0] - again[0]).abs() < 1e-12, "{t}: {y:?} {again:?}");
    }
}

#[test]
fn it_begins_again_after_an_event() {
    // A ball that loses a tenth of its speed each time it bounces.
    let fall = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -9.81];
    let bounce = Event::when_zero(|_t, y: &[f64; 2]| y[0])
        .falling()
        .reset(|_t, y| *y = [0.0, -0.9 * y[1]]);
    let solution = Ivp::new(fall, 0.0, [1.0, 0.0], 3.0)
        .method(adams())
        .rtol(1e-10)
        .atol(1e-10)
        .event(bounce)
        .save_end()
        .solve()
        .unwrap();
    let first = (2.0_f64 / 9.81).sqrt();
    let mut expected = first;
    let mut flight = 2.0 * first * 0.9;
    for occurrence in &solution.events {
        assert!(
            (occurrence.t - expected).abs() < 1e-9,
            "{} {expected}",
            occurrence.t
        );
        expected += flight;
        flight *= 0.9;
    }
    assert!(solution.events.len() >= 4);
}

#[test]
fn a_change_of_the_state_sets_the_order_back() {
    let field = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    let options = Options::tolerances(1e-9, 1e-9);
    let mut it = Integrator::with_engine(Adams::new(&[1.0]), field, 0.0, &[1.0], options).unwrap();
    it.set_end(10.0);
    while it.t() < 2.0 {
        it.step().unwrap();
    }
    let (order, t) = (it.engine().order(), it.t());
    it.set_y(&[5.0]);
    it.restart();
    it.step().unwrap();
    assert!(
        order > 4 && it.engine().order() <= 2,
        "{order} {}",
        it.engine().order()
    );
    while !it.finished() {
        it.step().unwrap();
    }
    assert!((it.y()[0] / (5.0 * (t - 10.0).exp()) - 1.0).abs() < 1e-5);
}

#[test]
fn smooth_problems_take_fewer_evaluations_than_runge_kutta_methods_at_tight_tolerances() {
    let problem = costate_problems::pleiades::<f64>();
    let solve = |name: &str| {
        let ivp = Ivp::new(problem.field, 0.0, problem.y0, problem.t1);
        let ivp = ivp.method(Method::by_name(name).unwrap());
        ivp.rtol(1e-10)
            .atol(1e-10)
            .save_end()
            .solve()
            .unwrap()
            .stats
    };
    let (adams, dopri5) = (solve("adams"), solve("dopri5"));
    assert!(2 * adams.nfe < dopri5.nfe, "{adams:?} {dopri5:?}");
}

/// Steps, rejected ones and evaluations at tolerances of 1e-5 and 1e-9.
const COUNTS: &[(&str, [usize; 3], [usize; 3])] = &[
    ("brusselator", [200, 8, 393], [463, 7, 920]),
    ("arenstorf", [285, 14, 557], [603, 7, 1200]),
    ("pleiades", [360, 16, 705], [812, 12, 1613]),
];

#[test]
fn counts_are_as_they_were() {
    let problems = [
        costate_problems::brusselator().boxed(),
        costate_problems::arenstorf().boxed(),
        costate_problems::pleiades().boxed(),
    ];
    let count = |problem: &Boxed<f64>, tolerance: f64| {
        let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (problem.field)(t, y, dy);
        let ivp = Ivp::new(field, problem.t0, problem.y0.clone(), problem.t1).method(adams());
        let stats = ivp
            .rtol(tolerance)
            .atol(tolerance)
            .save_end()
            .solve()
            .unwrap()
            .stats;
        [stats.steps, stats.rejected, stats.nfe]
    };
    let counts: Vec<_> = problems
        .iter()
        .map(|problem| (problem.name, count(problem, 1e-5), count(problem, 1e-9)))
        .collect();
    assert_eq!(counts, COUNTS, "\n{counts:?}");
}
