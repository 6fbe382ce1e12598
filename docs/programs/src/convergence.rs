//! How fast does it converge, and when does it not?

use crate::Output;
use crate::functions::{Basis, inner};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed, scientific};
use std::f64::consts::PI;

const ON: (f64, f64) = (-1.0, 1.0);

// ANCHOR: interpolate
/// The polynomial through the values of `f` at `nodes`, at `x`: the barycentric formula.
pub fn interpolate(f: impl Fn(f64) -> f64, nodes: &[f64], weights: &[f64], x: f64) -> f64 {
    let (mut above, mut below) = (0.0, 0.0);
    for (node, weight) in nodes.iter().zip(weights) {
        if x == *node {
            return f(x);
        }
        let part = weight / (x - node);
        above += part * f(*node);
        below += part;
    }
    above / below
}

/// Chebyshev's nodes cos(jπ/n) with their weights ±1, halved at both ends.
#[must_use]
pub fn chebyshev(n: usize) -> (Vec<f64>, Vec<f64>) {
    let node = |j: usize| (j as f64 * PI / n as f64).cos();
    let weight = |j: usize| {
        let end = if j == 0 || j == n { 0.5 } else { 1.0 };
        if j.is_multiple_of(2) { end } else { -end }
    };
    ((0..=n).map(node).collect(), (0..=n).map(weight).collect())
}
// ANCHOR_END: interpolate

/// Equally spaced nodes: their weights are ± binomial coefficients.
fn equispaced(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut weights = vec![1.0];
    for j in 1..=n {
        let last = weights[j - 1];
        weights.push(-last * (n + 1 - j) as f64 / j as f64);
    }
    let node = |j: usize| -1.0 + 2.0 * j as f64 / n as f64;
    ((0..=n).map(node).collect(), weights)
}

fn runge(x: f64) -> f64 {
    1.0 / (1.0 + 25.0 * x * x)
}

/// The largest error of an interpolant of Runge's function, over 4001 points.
fn worst((nodes, weights): &(Vec<f64>, Vec<f64>)) -> f64 {
    (0..=4000)
        .map(|i| -1.0 + f64::from(i) / 2000.0)
        .map(|x| (interpolate(runge, nodes, weights, x) - runge(x)).abs())
        .fold(0.0, f64::max)
}

/// ρ of Runge's function: the sum of the half-axes of the ellipse through its poles ±i/5.
#[must_use]
pub fn rho() -> f64 {
    (1.0 + 26.0_f64.sqrt()) / 5.0 // book: (geometric-rate)
}

/// The L² error of the best polynomial of degree n, for n = 0 …, by Parseval on each half of the interval.
fn legendre_errors(f: &dyn Fn(f64) -> f64, up_to: usize) -> Vec<f64> {
    let over = |g: &dyn Fn(f64) -> f64, h: &dyn Fn(f64) -> f64| {
        inner(g, h, (-1.0, 0.0)) + inner(g, h, (0.0, 1.0))
    };
    let mut rest = over(f, f);
    (0..=up_to)
        .map(|k| {
            let phi = |x: f64| Basis::Legendre.at(k, x, ON);
            let c = over(f, &phi);
            rest -= c * c * (2.0 * k as f64 + 1.0) / 2.0;
            rest.max(0.0).sqrt()
        })
        .collect()
}

fn sign(x: f64) -> f64 {
    if x < 0.0 { -1.0 } else { 1.0 }
}

/// The partial sum 4/π Σ sin((2j+1)x)/(2j+1) of the square wave.
fn square_wave(terms: usize, x: f64) -> f64 {
    let term = |j: usize| {
        let k = (2 * j + 1) as f64;
        (k * x).sin() / k
    };
    4.0 / PI * (0..terms).map(term).sum::<f64>()
}

/// By how much the partial sum overshoots, in parts of the jump (which is 2): its first maximum is at π/(2 terms).
#[must_use]
pub fn overshoot(terms: usize) -> f64 {
    (square_wave(terms, PI / (2 * terms) as f64) - 1.0) / 2.0 // book: (gibbs)
}

fn panels() -> String {
    let mut gibbs = Plot::new("a jump: overshoot never shrinks")
        .x("x", -0.2, 1.6)
        .y("", -0.4, 1.4);
    for (terms, class) in [(4, "ti"), (16, "st"), (64, "pa")] {
        let points: Vec<_> = (0..=600)
            .map(|i| -0.2 + 1.8 * f64::from(i) / 600.0)
            .map(|x| (x, square_wave(terms, x)))
            .collect();
        gibbs.line(class, &points);
    }
    gibbs.line("co dash", &[(-0.2, 1.0 + 0.179), (1.6, 1.0 + 0.179)]);
    gibbs.text("co", "end", (1.55, 1.25), "1 + 2 · 8.949 %");
    let mut horns = Plot::new("1/(1 + 25x²) by degree 20")
        .x("x", -1.0, 1.0)
        .y("", -0.6, 1.4);
    let (even, cheb) = (equispaced(20), chebyshev(20));
    let of = |n: &(Vec<f64>, Vec<f64>)| {
        (0..=800)
            .map(|i| -1.0 + f64::from(i) / 400.0)
            .map(|x| (x, interpolate(runge, &n.0, &n.1, x)))
            .collect::<Vec<_>>()
    };
    horns.line("co dash", &of(&even));
    horns.line("st", &of(&cheb));
    horns.text(
        "co",
        "middle",
        (0.0, -0.45),
        "dashed: equispaced nodes, off the chart",
    );
    horns.text("st", "start", (0.15, 1.0), "Chebyshev nodes");
    let mut algebraic = Plot::new("Legendre: jump and kink")
        .x("degree", 1.0, 100.0)
        .log_x()
        .y("L² error", 1e-4, 2.0)
        .log_y();
    let log = |errors: Vec<f64>| {
        errors
            .into_iter()
            .enumerate()
            .skip(1)
            .step_by(2)
            .map(|(n, e)| (n as f64, e))
            .collect::<Vec<_>>()
    };
    algebraic.line("co dash", &log(legendre_errors(&sign, 99)));
    algebraic.line("st", &log(legendre_errors(&f64::abs, 99)));
    algebraic.text("co", "end", (95.0, 0.4), "sign x: n^−1/2");
    algebraic.text("st", "end", (60.0, 5e-4), "|x|: n^−3/2");
    let mut geometric = Plot::new("1/(1 + 25x²): a straight line, or disaster")
        .x("degree", 0.0, 100.0)
        .y("largest error", 1e-10, 1e8)
        .log_y();
    let degrees: Vec<usize> = (2..=100).step_by(2).collect();
    let chebyshev_line: Vec<_> = degrees
        .iter()
        .map(|n| (*n as f64, worst(&chebyshev(*n))))
        .collect();
    let even: Vec<_> = degrees
        .iter()
        .map(|n| (*n as f64, worst(&equispaced(*n))))
        .collect();
    geometric.line("st", &chebyshev_line);
    geometric.line("co dash", &even);
    geometric.curve("ti dash", 2.0, 100.0, |n| rho().powf(-n));
    geometric.text("st", "start", (4.0, 1e-7), "Chebyshev; thin: 1.2198^−n");
    geometric.text("co", "start", (52.0, 2e4), "equispaced");
    figure(
        "rates",
        "Four ways to converge, or not. Above: Fourier sums of a square wave with 4, 16, 64 terms; interpolation of Runge's function. Below: a jump and a kink give slopes on logarithmic axes; an analytic function gives a straight line on a half-logarithmic one.",
        &[gibbs, horns, algebraic, geometric],
    )
}

fn tables() -> String {
    let mut legendre = Table::new(&["$n$", "sign $x$", "$\\lvert x\\rvert$", "slope"]);
    let (jump, kink) = (legendre_errors(&sign, 64), legendre_errors(&f64::abs, 64));
    let mut before: Option<f64> = None;
    for n in [8, 16, 32, 64] {
        let slope = before.map_or_else(|| "–".to_owned(), |b| fixed((b / kink[n]).log2(), 2));
        legendre.row(&[n.to_string(), fixed(jump[n], 4), fixed(kink[n], 5), slope]);
        before = Some(kink[n]);
    }
    let mut nodes = Table::new(&["$n$", "Chebyshev nodes", "$\\rho^{-n}$", "equispaced nodes"]);
    for n in [10, 20, 40, 80] {
        nodes.row(&[
            n.to_string(),
            scientific(worst(&chebyshev(n)), 1),
            scientific(rho().powi(-(n as i32)), 1),
            scientific(worst(&equispaced(n)), 1),
        ]);
    }
    format!(
        "$L^2$ errors of the best polynomial:\n\n{}\nLargest errors of interpolants of $1/(1+25x^2)$:\n\n{}",
        legendre.markdown(),
        nodes.markdown()
    )
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::local("convergence/rates.svg", panels()),
        Output::new("convergence/tables.md", tables()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exercise_overshoot_and_rho() {
        assert!((overshoot(1000) - 0.08949).abs() < 1e-5);
        assert!((rho() - 1.2198).abs() < 5e-5);
    }

    #[test]
    fn a_jump_costs_half_an_order_and_a_kink_three_halves() {
        let slope = |f: &dyn Fn(f64) -> f64| {
            let errors = legendre_errors(f, 64);
            (errors[32] / errors[64]).log2() // book: (algebraic-rate)
        };
        assert!((slope(&sign) - 0.5).abs() < 0.02);
        assert!((slope(&f64::abs) - 1.5).abs() < 0.06);
    }

    #[test]
    fn runges_function_needs_the_right_nodes() {
        assert!((worst(&chebyshev(40)) / rho().powi(-40) - 1.0).abs() < 0.1);
        assert!(worst(&equispaced(40)) > 1e4);
    }
}
