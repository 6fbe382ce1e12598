//! What digits buy: one solver, three kinds of number.

use crate::house::{H0, T0, T1, THETA};
use crate::plot::{Plot, figure};
use costate_ode::{Ivp, Real, tableau};
use costate_problems::DoubleDouble;
use num_traits::Float;

/// Evaluations, and the error of h(5) of the house example relative to it.
fn work<T: Real>(tolerance: f64, error: impl Fn(T) -> f64) -> (f64, f64) {
    let [h0, t0, t1, theta, rtol] = [H0, T0, T1, THETA, tolerance].map(T::from_f64);
    let field = |t: T, h: &[T; 1], dh: &mut [T; 1]| dh[0] = theta * t * h[0];
    let verner9 = tableau::by_name("verner9").expect("it is registered");
    let ivp = Ivp::new(field, t0, [h0], t1).method(verner9);
    let ivp = ivp.rtol(rtol).atol(rtol).max_steps(100_000).save_end();
    let solution = ivp.solve().expect("it is solvable");
    (
        solution.stats.nfe as f64,
        error(solution.last()[0]).max(1e-32),
    )
}

/// The work of three kinds of number against their digits.
pub(super) fn figure_of_work() -> String {
    let mut plot = Plot::new("house example, verner9")
        .x("evaluations of f", 30.0, 6_000.0)
        .log_x()
        .y("relative error of h(5)", 1e-32, 1e-2)
        .log_y();
    let exact = DoubleDouble::new(3.0) * DoubleDouble::new(2.0).exp();
    let off = |h: DoubleDouble| ((h - exact) / exact).abs().as_f64();
    let powers = |last: i32| (2..=last).map(|k| 10_f64.powi(-k));
    let single: Vec<_> = powers(6)
        .map(|tol| work(tol, |h: f32| off(f64::from(h).into())))
        .collect();
    let double: Vec<_> = powers(14)
        .map(|tol| work(tol, |h: f64| off(h.into())))
        .collect();
    let wide: Vec<_> = (1..=14).map(|k| work(10_f64.powi(-2 * k), off)).collect();
    for (class, points) in [("pa", &single), ("st", &double), ("co", &wide)] {
        plot.line(class, points);
        plot.dots(class, 3.0, points);
    }
    plot.text("pa", "start", (150.0, 1e-6), "f32");
    plot.text("st", "start", (500.0, 3e-16), "f64");
    plot.text("co", "end", (3_000.0, 1e-29), "double-double");
    figure(
        "digits",
        "One solver, three kinds of number, tolerances from 1e−2 down. Each kind follows the same line, that of the method, to the floor of its own rounding errors.",
        &[plot],
    )
}
