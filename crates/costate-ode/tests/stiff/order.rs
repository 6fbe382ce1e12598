//! The observed order of every method that is not an explicit tableau, on problems that are not stiff, in 31 digits.

use costate_ode::{Ivp, Method, Options, SymplecticTableau};
use costate_problems::{Boxed, DoubleDouble as Number};
use num_traits::{Float, ToPrimitive};

fn distance(a: &[Number], b: &[Number]) -> f64 {
    let largest = a
        .iter()
        .zip(b)
        .fold(Number::new(0.0), |max, (a, b)| max.max((*a - *b).abs()));
    largest.to_f64().unwrap()
}

/// y at t₁ from y₀ at t₀ with `steps` equal steps, and y at 0.3 of the first.
fn solve(
    method: Method,
    problem: &Boxed<Number>,
    (t0, y0, t1): (Number, &[Number], Number),
    steps: usize,
) -> (Vec<Number>, Vec<Number>) {
    let field = |t: Number, y: &Vec<Number>, dy: &mut Vec<Number>| (problem.field)(t, y, dy);
    let h = (t1 - t0) / Number::new(steps as f64);
    let options = Options {
        step: Some(h.abs()),
        ..Options::tolerances(Number::new(1e-13), Number::new(1e-13))
    };
    let solution = Ivp::new(field, t0, y0.to_vec(), t1)
        .method(method)
        .options(options)
        .save_at([t0 + h * Number::new(0.3), t1])
        .solve()
        .unwrap();
    (solution.y[1].clone(), solution.y[0].clone())
}

/// Slopes of log error against log h: at the end, and of dense output in the first step.
fn observed(method: Method, problem: &Boxed<Number>, backward: bool) -> (f64, f64) {
    let (t0, t1) = (problem.t0, problem.t1);
    let whole = if backward {
        (t1, &problem.y1[..], t0)
    } else {
        (t0, &problem.y0[..], t1)
    };
    let end = if backward { &problem.y0 } else { &problem.y1 };
    let length = (t1 - t0).to_f64().unwrap();
    let per_unit = [160.0, 80.0, 40.0, 16.0, 16.0, 8.0][method.order - 1];
    let steps = (per_unit * length).ceil() as usize;
    let errors = [steps, 2 * steps].map(|steps| {
        let (last, middle) = solve(method, problem, whole, steps);
        let h = (whole.2 - whole.0) / Number::new(steps as f64);
        let to = whole.0 + h * Number::new(0.3);
        let best = Method::by_name("dopri5").unwrap();
        let (exact, _) = solve(best, problem, (whole.0, whole.1, to), 20);
        (distance(&last, end), distance(&middle, &exact))
    });
    let order = (errors[0].0 / errors[1].0).log2();
    // In a single step the error is of one order more.
    (order, (errors[0].1 / errors[1].1).log2() - 1.0)
}

#[test]
fn the_observed_order_is_the_claimed_one() {
    let problems = [
        costate_problems::rotation().boxed(),
        costate_problems::house().boxed(),
        costate_problems::sine().boxed(),
    ];
    // One that changes between two methods may take another one with half the step; symplectic ones need a problem of their own.
    let symplectic = |m: &Method| SymplecticTableau::all().iter().any(|t| t.name == m.name);
    let fixed = |m: &Method| {
        m.tableau().is_none() && !m.variable_order && m.name != "auto" && !symplectic(m)
    };
    for method in Method::all().into_iter().filter(fixed) {
        // Some problem is lucky with some method; the order is that of the worst.
        let (mut worst, mut worst_dense) = (f64::INFINITY, f64::INFINITY);
        for problem in &problems {
            // With h also the next power of it changes sign: the mean of both directions sees it half gone.
            let (forward, backward) = (
                observed(method, problem, false),
                observed(method, problem, true),
            );
            let order = (forward.0 + backward.0) / 2.0;
            let dense = (forward.1 + backward.1) / 2.0;
            println!("{} on {}: {order:.2} {dense:.2}", method.name, problem.name);
            (worst, worst_dense) = (worst.min(order), worst_dense.min(dense));
        }
        let name = method.name;
        assert!((worst - method.order as f64).abs() < 0.2, "{name}: {worst}");
        assert!(
            (worst_dense - method.dense_order as f64).abs() < 0.2,
            "{name}: {worst_dense}"
        );
    }
}
