//! How would I know the gradient is right?

use crate::Output;
use crate::house::{H0, T0, T1, THETA, e2, flow};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed, scientific};
use costate_ode::Ivp;

/// L(θ) of the house example.
fn loss(theta: f64) -> f64 {
    flow(H0, theta, T0, T1)
}

// ANCHOR: tests
/// A central difference.
pub fn central(loss: impl Fn(f64) -> f64, x: f64, e: f64) -> f64 {
    (loss(x + e) - loss(x - e)) / (2.0 * e) // book: (central-difference)
}

/// Taylor's test: by what power of ε does L(x + ε) − L(x) − ε g fall? 2 for the right g, 1 for any other.
pub fn taylor_slope(loss: impl Fn(f64) -> f64, x: f64, g: f64, e: f64) -> f64 {
    let left = |e: f64| (loss(x + e) - loss(x) - e * g).abs(); // book: (taylor-test)
    (left(e) / left(e / 2.0)).log2()
}
// ANCHOR_END: tests

const GRADIENT: f64 = 24.0;

fn v_figure() -> String {
    let exact = GRADIENT * e2();
    let sizes = || (4..=52).map(|k| 10_f64.powf(-0.25 * f64::from(k)));
    let error = |value: f64| (value / exact - 1.0).abs().max(1e-16);
    let mut left = Plot::new("error of difference quotients")
        .x("ε", 1e-13, 0.1)
        .log_x()
        .y("relative error", 1e-12, 1.0)
        .log_y();
    let one: Vec<_> = sizes()
        .map(|e| (e, error((loss(THETA + e) - loss(THETA)) / e)))
        .collect();
    let two: Vec<_> = sizes()
        .map(|e| (e, error(central(loss, THETA, e))))
        .collect();
    left.line("ti", &one);
    left.line("st", &two);
    left.line("co dash", &[(6e-6, 1e-12), (6e-6, 1.0)]);
    left.text("", "end", (3e-10, 2e-10), "one-sided");
    left.text("st", "start", (2e-5, 1e-11), "central");
    left.text("co", "end", (4.5e-6, 0.3), "ε = 6e−6");
    let mut right = Plot::new("Taylor's test")
        .x("ε", 1e-7, 0.1)
        .log_x()
        .y("|L(θ+ε) − L(θ) − ε g|", 1e-11, 1e2)
        .log_y();
    let sizes = || (4..=28).map(|k| 10_f64.powf(-0.25 * f64::from(k)));
    let remainder = |g: f64| {
        sizes()
            .map(|e| (e, (loss(THETA + e) - loss(THETA) - e * g).abs().max(1e-16)))
            .collect::<Vec<_>>()
    };
    right.line("pa", &remainder(exact));
    right.line("co dash", &remainder(-exact));
    right.line("ti dash", &remainder(exact * 1.001));
    right.text("pa", "start", (1.5e-5, 1e-9), "g right: slope 2");
    right.text("co", "end", (1e-4, 0.3), "sign flipped");
    right.text("", "start", (1.2e-4, 4e-7), "g wrong by 0.1 %");
    figure(
        "check",
        "House example, ∂L/∂θ = 24e². Left: truncation falls from the right, rounding rises to the left; the bottom of a central difference is near the cube root of the machine precision. Right: Taylor's test tells right from nearly right.",
        &[left, right],
    )
}

/// y₁(12) of van der Pol's oscillator by the library, at a tolerance.
fn oscillator(mu: f64, tolerance: f64) -> f64 {
    let f = move |_: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
        *dy = [y[1], mu * (1.0 - y[0] * y[0]) * y[1] - y[0]];
    };
    let ivp = Ivp::new(f, 0.0, [2.0, 0.0], 12.0)
        .rtol(tolerance)
        .atol(tolerance);
    ivp.save_end().solve().expect("it is solvable").last()[0]
}

fn stairs_table() -> String {
    let exact = crate::solve::difference(|mu| oscillator(mu, 1e-13), 5.0, 1e-2);
    let mut table = Table::new(&[
        "$\\varepsilon$",
        "rtol $10^{-3}$",
        "rtol $10^{-6}$",
        "rtol $10^{-12}$",
    ]);
    for e in [1e-2, 1e-3, 1e-4, 1e-6, 1e-8] {
        let mut row = vec![scientific(e, 0)];
        row.extend(
            [1e-3, 1e-6, 1e-12]
                .map(|tolerance| fixed(central(|mu| oscillator(mu, tolerance), 5.0, e), 5)),
        );
        table.row(&row);
    }
    format!(
        "{}\nThe true derivative is {}.\n",
        table.markdown(),
        fixed(exact, 5)
    )
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::local("check/v.svg", v_figure()),
        Output::local("check/stairs.md", stairs_table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taylors_test_tells_right_from_nearly_right() {
        let exact = GRADIENT * e2();
        let slope = |g: f64| taylor_slope(loss, THETA, g, 1e-5);
        assert!((slope(exact) - 2.0).abs() < 0.05);
        assert!((slope(-exact) - 1.0).abs() < 0.01);
        assert!((slope(exact * 1.001) - 1.0).abs() < 0.2);
    }

    #[test]
    fn the_exercise_the_best_step_of_a_central_difference() {
        let best = f64::EPSILON.cbrt();
        assert!((best - 6.06e-6).abs() < 1e-8);
        let error = |e: f64| (central(loss, THETA, e) / (GRADIENT * e2()) - 1.0).abs();
        assert!(error(best) < 1e-9);
        assert!(error(best * 1e3) > 1e-5 && error(best * 1e-6) > 1e-6);
    }
}
