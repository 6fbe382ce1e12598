//! Every method converges at the order it claims, forward and backward in time.

use costate_ode::{Integrator, Options, System, Tableau, tableau};
use costate_problems::{Boxed, DoubleDouble as Number};
use num_traits::{Float, ToPrimitive};

/// An integration of `problem` in equal steps of the size returned.
fn integrator(
    tableau: &'static Tableau,
    problem: &Boxed<Number>,
    steps: usize,
    backward: bool,
) -> (
    Integrator<Number, Vec<Number>, impl System<Number, Vec<Number>>>,
    Number,
) {
    let (t0, y0, t1) = if backward {
        (problem.t1, &problem.y1, problem.t0)
    } else {
        (problem.t0, &problem.y0, problem.t1)
    };
    let h = (t1 - t0) / Number::new(steps as f64);
    let field = |t: Number, y: &Vec<Number>, dy: &mut Vec<Number>| (problem.field)(t, y, dy);
    let options = Options::constant_step(h.abs());
    (Integrator::new(tableau, field, t0, y0, options).unwrap(), h)
}

/// The states at eight times on the way, the end among them, by equal steps, 8 · `eighth` in number.
fn way(
    tableau: &'static Tableau,
    problem: &Boxed<Number>,
    eighth: usize,
    backward: bool,
) -> Vec<Number> {
    let (mut it, h) = integrator(tableau, problem, 8 * eighth, backward);
    let mut states = Vec::new();
    for _ in 0..8 {
        for _ in 0..eighth {
            it.force_step(h);
        }
        states.extend_from_slice(it.y());
    }
    states
}

/// The slope of log error against log h: of the largest error on the way, for at a single point the leading one may cancel.
fn observed_order(
    tableau: &'static Tableau,
    problem: &Boxed<Number>,
    eighth: usize,
    backward: bool,
) -> f64 {
    let [coarse, middle, fine] = [1, 2, 4].map(|n| way(tableau, problem, n * eighth, backward));
    let (first, second) = (distance(&coarse, &middle), distance(&middle, &fine));
    // And what it converges to is the solution.
    let exact = if backward { &problem.y0 } else { &problem.y1 };
    assert!(distance(&fine[fine.len() - exact.len()..], exact) <= second * Number::new(1.1));
    (first / second).to_f64().unwrap().log2()
}

/// The largest error of dense output within the first of `steps` equal steps, which begins on the solution itself: at several points, for at a
/// single one the leading error may happen to be small.
fn dense_error(
    tableau: &'static Tableau,
    problem: &Boxed<Number>,
    steps: usize,
    backward: bool,
) -> f64 {
    let (mut it, h) = integrator(tableau, problem, steps, backward);
    it.force_step(h);
    let best = tableau::tableaus()
        .iter()
        .max_by_key(|tableau| tableau.order);
    let mut middle = it.y().clone();
    let error = |sigma: f64| {
        it.interpolate(it.t_prev() + Number::new(sigma) * h, &mut middle);
        // The solution to all digits that matter.
        let (mut fine, _) = integrator(best.unwrap(), problem, steps, backward);
        for _ in 0..12 {
            fine.force_step(Number::new(sigma) * h / Number::new(12.0));
        }
        distance(&middle, fine.y())
    };
    let errors = [0.15, 0.35, 0.55, 0.75, 0.95].map(error);
    errors
        .into_iter()
        .fold(Number::new(0.0), Number::max)
        .to_f64()
        .unwrap()
}

/// The largest difference of two components.
fn distance(a: &[Number], b: &[Number]) -> Number {
    a.iter()
        .zip(b)
        .fold(Number::new(0.0), |max, (a, b)| max.max((*a - *b).abs()))
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
                let length = (problem.t1 - problem.t0).to_f64().unwrap();
                let eighth = match tableau.order {
                    1 => 20.0,
                    2..=5 => 10.0,
                    6..=7 => 40.0,
                    _ => 5.0,
                } * length;
                let order = observed_order(tableau, &problem, eighth as usize, backward);
                let name = format!("{} on {}, backward: {backward}", tableau.name, problem.name);
                println!("{name}: {order:.2}");
                let claimed = tableau.order as f64;
                assert!((order - claimed).abs() < 0.2, "{name}: {order}");
            }
        }
    }
}

#[test]
fn dense_output_has_at_least_the_order_claimed() {
    for tableau in tableau::tableaus() {
        for problem in problems() {
            for backward in [false, true] {
                let steps = (50.0 * (problem.t1 - problem.t0).to_f64().unwrap()) as usize;
                let error = |steps| dense_error(tableau, &problem, steps, backward);
                // In a single step the error is of one order more; and dense output, of which the solution is a part, can be lucky by one.
                let order = (error(steps) / error(2 * steps)).log2() - 1.0;
                let claimed = tableau.dense_order().min(tableau.order) as f64;
                assert!(
                    order > claimed - 0.2,
                    "{} on {}: {order}",
                    tableau.name,
                    problem.name
                );
            }
        }
    }
}
