//! Every method converges at the order it claims, forward and backward in time.

use costate_ode::{Integrator, Options, Tableau, tableau};
use costate_problems::{Boxed, DoubleDouble as Number};
use num_traits::{Float, ToPrimitive};

/// The error at the end after `steps` equal steps, and the largest within the first by dense output.
fn errors(
    tableau: &'static Tableau,
    problem: &Boxed<Number>,
    steps: usize,
    backward: bool,
) -> (f64, f64) {
    let (t0, t1) = if backward {
        (problem.t1, problem.t0)
    } else {
        (problem.t0, problem.t1)
    };
    let (y0, y1) = if backward {
        (&problem.y1, &problem.y0)
    } else {
        (&problem.y0, &problem.y1)
    };
    let h = (t1 - t0) / Number::new(steps as f64);
    let field = |t: Number, y: &Vec<Number>, dy: &mut Vec<Number>| (problem.field)(t, y, dy);
    let mut it = Integrator::new(tableau, field, t0, y0, Options::constant_step(h.abs())).unwrap();
    // Dense output is judged in the first step, which begins on the solution itself, at several points: at a single one the leading error may happen to be small.
    it.force_step(h);
    let mut dense = Number::new(0.0);
    let mut middle = y0.clone();
    for sigma in [0.15, 0.35, 0.55, 0.75, 0.95] {
        let t = it.t_prev() + Number::new(sigma) * h;
        it.interpolate(t, &mut middle);
        dense = dense.max(distance(&middle, &fine(field, t0, y0, t)));
    }
    for _ in 1..steps {
        it.force_step(h);
    }
    let end = distance(it.y(), y1);
    (end.to_f64().unwrap(), dense.to_f64().unwrap())
}

/// The largest difference of two components.
fn distance(a: &[Number], b: &[Number]) -> Number {
    a.iter()
        .zip(b)
        .fold(Number::new(0.0), |max, (a, b)| max.max((*a - *b).abs()))
}

/// The solution through (t0, y0) at t1, nearby, to all digits that matter.
fn fine(
    field: impl Fn(Number, &Vec<Number>, &mut Vec<Number>),
    t0: Number,
    y0: &Vec<Number>,
    t1: Number,
) -> Vec<Number> {
    let best = tableau::tableaus()
        .iter()
        .max_by_key(|tableau| tableau.order)
        .unwrap();
    let steps = 12;
    let h = (t1 - t0) / Number::new(steps.into());
    let mut it = Integrator::new(best, field, t0, y0, Options::constant_step(h.abs())).unwrap();
    for _ in 0..steps {
        it.force_step(h);
    }
    it.y().clone()
}

/// Slopes of log error against log h: at the end, and of dense output.
fn observed_orders(
    tableau: &'static Tableau,
    problem: &Boxed<Number>,
    backward: bool,
) -> (f64, f64) {
    let steps = (match tableau.order {
        1 => 1000.0,
        2 => 400.0,
        3 => 200.0,
        4 => 100.0,
        5 => 1600.0,
        _ => 100.0,
    } * (problem.t1 - problem.t0).to_f64().unwrap()
        / 6.0) as usize;
    let (coarse, fine) = (
        errors(tableau, problem, steps, backward),
        errors(tableau, problem, 2 * steps, backward),
    );
    // In a single step the error is of one order more.
    ((coarse.0 / fine.0).log2(), (coarse.1 / fine.1).log2() - 1.0)
}

fn problems() -> Vec<Boxed<Number>> {
    vec![
        costate_problems::rotation().boxed(),
        costate_problems::house().boxed(),
        costate_problems::sine().boxed(),
    ]
}

#[test]
fn the_observed_order_is_the_claimed_one() {
    for tableau in tableau::tableaus() {
        for problem in problems() {
            for backward in [false, true] {
                let (order, dense) = observed_orders(tableau, &problem, backward);
                println!(
                    "{} {} {backward} {order:.2} {dense:.2}",
                    tableau.name, problem.name
                );
                assert!(
                    (order - tableau.order as f64).abs() < 0.2,
                    "{} on {}: {order}",
                    tableau.name,
                    problem.name
                );
                // The solution itself is part of dense output's error, which can also be lucky by an order.
                let claimed = tableau.dense_order().min(tableau.order) as f64;
                assert!(
                    dense > claimed - 0.2,
                    "dense output of {} on {}: {dense}",
                    tableau.name,
                    problem.name
                );
            }
        }
    }
}
