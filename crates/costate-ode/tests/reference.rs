//! Problems with known answers: errors follow the tolerance, forward and backward, in single and double precision.

use costate_ode::{Ivp, Real, Tableau, tableau};
use costate_problems::{Boxed, relative_error};

fn adaptive() -> impl Iterator<Item = &'static Tableau> {
    let all = tableau::tableaus().iter().copied();
    all.filter(|tableau| tableau.embedded_order.is_some())
}

/// Tolerances that suit the order.
fn tolerances(tableau: &Tableau) -> [f64; 3] {
    match tableau.order {
        1 | 2 => [1e-3, 1e-4, 1e-5],
        3 => [1e-4, 1e-6, 1e-8],
        _ => [1e-4, 1e-7, 1e-10],
    }
}

/// How many times the tolerance the error may be: more for a method that goes on with the solution whose error it measures, not with the better one.
fn allowed(tableau: &Tableau) -> f64 {
    if tableau.embedded_order > Some(tableau.order) {
        500.0
    } else {
        50.0
    }
}

/// The relative error at the end, where every step may err by `tolerance`.
fn error<T: Real + 'static>(
    tableau: &'static Tableau,
    problem: &Boxed<T>,
    tolerance: f64,
    backward: bool,
) -> f64 {
    let field = |t: T, y: &Vec<T>, dy: &mut Vec<T>| (problem.field)(t, y, dy);
    let (t0, y0, t1, y1) = if backward {
        (problem.t1, &problem.y1, problem.t0, &problem.y0)
    } else {
        (problem.t0, &problem.y0, problem.t1, &problem.y1)
    };
    let solution = Ivp::new(field, t0, y0.clone(), t1)
        .method(tableau)
        .rtol(T::from_f64(tolerance))
        .atol(T::from_f64(tolerance))
        .save_end()
        .solve()
        .unwrap();
    relative_error(solution.last(), y1).as_f64()
}

/// What single precision may lose in a hundred steps: its rounding, as far as the coefficients magnify it.
fn rounding(tableau: &Tableau) -> f64 {
    let size: f64 = tableau.b.iter().map(|b| b.to::<f64>().abs()).sum();
    100.0 * size * f64::from(f32::EPSILON)
}

#[test]
fn errors_follow_the_tolerance_on_every_problem() {
    for problem in costate_problems::non_stiff::<f64>() {
        // What the end value itself is good for.
        let known = 10_f64.powi(1 - problem.digits as i32);
        for tableau in adaptive() {
            for tolerance in tolerances(tableau) {
                let error = error(tableau, &problem, tolerance, false);
                let allowed = allowed(tableau) * problem.condition * tolerance + known;
                println!("{} {} {tolerance:e} {error:e}", problem.name, tableau.name);
                assert!(
                    error <= allowed,
                    "{} with {}: {error:e} at tolerance {tolerance:e}",
                    problem.name,
                    tableau.name
                );
            }
        }
    }
}

/// torchdiffeq's test problems, tests/problems.py.
fn torchdiffeq<T: Real + 'static>() -> [Boxed<T>; 4] {
    [
        costate_problems::constant_power().boxed(),
        costate_problems::growing_sine().boxed(),
        costate_problems::skew_linear().boxed(),
        costate_problems::harmonic().boxed(),
    ]
}

#[test]
fn torchdiffeqs_problems_are_solved_forward_and_backward_in_both_precisions() {
    for tableau in adaptive() {
        for backward in [false, true] {
            let [_, tolerance, tight] = tolerances(tableau);
            let tight = if tableau.order < 4 { tolerance } else { tight };
            for problem in torchdiffeq::<f64>() {
                let error = error(tableau, &problem, tight, backward);
                assert!(
                    error <= allowed(tableau) * tight,
                    "{} f64 {}: {error:e}",
                    tableau.name,
                    problem.name
                );
            }
            for problem in torchdiffeq::<f32>() {
                let error = error(tableau, &problem, 1e-5, backward);
                assert!(
                    error <= allowed(tableau) * 1e-5 + rounding(tableau),
                    "{} f32 {}: {error:e}",
                    tableau.name,
                    problem.name
                );
            }
        }
    }
}

#[test]
fn methods_of_constant_step_solve_torchdiffeqs_problems_too() {
    for tableau in tableau::tableaus() {
        for problem in torchdiffeq::<f64>() {
            for backward in [false, true] {
                let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (problem.field)(t, y, dy);
                let (t0, y0, t1, y1) = if backward {
                    (problem.t1, &problem.y1, problem.t0, &problem.y0)
                } else {
                    (problem.t0, &problem.y0, problem.t1, &problem.y1)
                };
                let (step, allowed) = match tableau.order {
                    1 => (1e-4, 2e-3),
                    2 => (1e-2, 1e-3),
                    _ => (1e-2, 1e-4),
                };
                let solution = Ivp::new(field, t0, y0.clone(), t1)
                    .method(*tableau)
                    .step(step);
                let solution = solution.save_end().solve().unwrap();
                let error = relative_error(solution.last(), y1);
                assert!(
                    error < allowed,
                    "{} {}: {error:e}",
                    tableau.name,
                    problem.name
                );
            }
        }
    }
}

#[test]
fn a_single_precision_state_over_double_precision_time_keeps_to_its_tolerance() {
    for tableau in adaptive() {
        let field = |_t: f64, y: &[f32; 2], dy: &mut [f32; 2]| *dy = [y[1], -y[0]];
        let solution = Ivp::new(field, 0.0, [1.0, 0.0], 6.5)
            .method(tableau)
            .rtol(1e-5)
            .atol(1e-5)
            .solve()
            .unwrap();
        let error = (f64::from(solution.last()[0]) - 6.5_f64.cos()).abs();
        assert!(error < 50.0 * 1e-5, "{}: {error:e}", tableau.name);
    }
}
