//! Known end values of stiff problems, over tolerances.

use costate_ode::{Ivp, Method, Solution};
use costate_problems::Boxed;

fn solve(method: Method, problem: &Boxed<f64>, rtol: f64, atol: f64) -> Solution<f64, Vec<f64>> {
    let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (problem.field)(t, y, dy);
    Ivp::new(field, problem.t0, problem.y0.clone(), problem.t1)
        .method(method)
        .rtol(rtol)
        .atol(atol)
        .save_end()
        .solve()
        .unwrap_or_else(|failure| panic!("{} at {rtol:e}: {failure}", problem.name))
}

/// Robertson's second component never exceeds 4e-5, those of HIRES end at 1e-5: absolute tolerances far below.
fn atol(problem: &str, rtol: f64) -> f64 {
    match problem {
        "robertson" => rtol * 1e-6,
        "hires" => rtol * 1e-4,
        _ => rtol * 1e-2,
    }
}

#[test]
fn errors_at_the_end_follow_the_tolerance() {
    for method in Method::all().into_iter().filter(|m| m.stiff && m.adaptive) {
        for problem in costate_problems::stiff::<f64>() {
            for rtol in [1e-4, 1e-7, 1e-10] {
                // With a low order, many steps add up many errors.
                if (rtol < 1e-8 && method.order < 4) || (rtol < 1e-5 && method.order < 3) {
                    continue;
                }
                let atol = atol(problem.name, rtol);
                let solution = solve(method, &problem, rtol, atol);
                let error = solution
                    .last()
                    .iter()
                    .zip(&problem.y1)
                    .map(|(y, y1)| (y - y1).abs() / (atol + rtol * y1.abs()))
                    .fold(0.0, f64::max);
                let stats = solution.stats;
                println!(
                    "{:12} {:12} {rtol:e}: error {error:8.2} steps {:6} rejected {:5} nfe {:7} jac {:6} lu {:6} solves {:7}",
                    method.name,
                    problem.name,
                    stats.steps,
                    stats.rejected,
                    stats.nfe,
                    stats.jacobians,
                    stats.factorisations,
                    stats.solves
                );
                // Errors add up where steps are many: at order 2, and where each step leans on those before.
                let many = method.order < 3 || method.variable_order;
                let allowed = if many { 200.0 } else { 50.0 };
                assert!(error < allowed, "{} on {}", method.name, problem.name);
            }
        }
    }
}
