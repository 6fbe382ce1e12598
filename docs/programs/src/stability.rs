//! When does stability rather than accuracy set the step?

use crate::Output;
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed, scientific};
use costate_ode::{Ivp, Method, Tableau, tableau};
use nalgebra::Complex;
use std::f64::consts::TAU;

fn method(name: &str) -> &'static Tableau {
    tableau::by_name(name).expect("it is registered")
}

// ANCHOR: growth
/// R(z): by what a step of the method multiplies h in h' = λh, with z = Δλ.
#[must_use]
pub fn growth(method: &Tableau, z: Complex<f64>) -> Complex<f64> {
    let mut k: Vec<Complex<f64>> = Vec::new();
    for i in 0..method.stages() {
        let one = Complex::from(1.0);
        let at = (0..i).fold(one, |at, j| at + k[j] * method.a(i, j).to::<f64>());
        k.push(z * at); // Δ k_i, where h = 1
    }
    let terms = k.iter().zip(method.b);
    terms.fold(Complex::from(1.0), |r, (k, b)| r + k * b.to::<f64>()) // book: (stability)
}
// ANCHOR_END: growth

/// The largest x with |R(−x)| ≤ 1 that is reached from 0 without leaving the disc.
#[must_use]
pub fn real_limit(method: &Tableau) -> f64 {
    let stable = |x: f64| growth(method, Complex::from(-x)).norm() <= 1.0 + 1e-12;
    let mut x = 0.0;
    while stable(x + 1e-3) {
        x += 1e-3;
    }
    let (mut low, mut high) = (x, x + 1e-3);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if stable(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The curve R(z) = e^{iφ}, followed from z = 0 by Newton's method until it closes.
fn boundary(method: &Tableau) -> Vec<(f64, f64)> {
    let mut z = Complex::from(0.0);
    let mut points = vec![(0.0, 0.0)];
    for n in 1..20_000 {
        let target = Complex::from_polar(1.0, TAU * f64::from(n) / 400.0);
        for _ in 0..20 {
            let e = 1e-6;
            let slope = (growth(method, z + e) - growth(method, z - e)) / (2.0 * e);
            z -= (growth(method, z) - target) / slope;
        }
        points.push((z.re, z.im));
        if n % 400 == 0 && z.norm() < 1e-3 {
            break;
        }
    }
    points
}

fn regions() -> String {
    let mut plot = Plot::new("where |R(Δλ)| ≤ 1")
        .x("Re Δλ", -4.6, 1.4)
        .y("Im Δλ", -3.4, 3.4)
        .height(505.0); // a disc is round
    plot.line("ti thin", &[(0.0, -3.4), (0.0, 3.4)]);
    plot.line("ti thin", &[(-4.6, 0.0), (1.4, 0.0)]);
    for (name, class, at) in [
        ("dopri5", "pa", (-2.4, 2.75)),
        ("rk4", "co", (-1.4, 2.55)),
        ("bosh3", "tan", (-0.8, 1.7)),
        ("euler", "st", (-1.0, 0.35)),
    ] {
        let line = boundary(method(name));
        plot.area(class, &line);
        plot.line(class, &line);
        plot.text(class, "middle", at, name);
    }
    // The Jacobian of van der Pol's oscillator, μ = 5, along its cycle, times a step of 0.25.
    let f = |_: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
        *dy = [y[1], 5.0 * (1.0 - y[0] * y[0]) * y[1] - y[0]];
    };
    let path = crate::solve::path(f, 0.0, [2.0, 0.0], 20.0);
    let mut dots = Vec::new();
    for t in crate::solve::grid(8.0, 20.0, 70) {
        let [x, v] = path.at(t);
        let (trace, det) = (5.0 * (1.0 - x * x), 1.0 + 10.0 * x * v);
        let root = Complex::from(trace * trace / 4.0 - det).sqrt();
        for sign in [-1.0, 1.0] {
            let lambda = root * sign + trace / 2.0;
            dots.push((lambda.re * 0.25, lambda.im * 0.25));
        }
    }
    plot.dots("ti", 2.5, &dots);
    figure(
        "regions",
        "Stability regions. Dots: eigenvalues of the Jacobian of van der Pol's oscillator (μ = 5) along its cycle, times Δ = 0.25. Most of the time the oscillator sits at the far left, where Euler's method would explode; for a moment it is to the right, where growth is real and every method must resolve it.",
        &[plot],
    )
}

fn relax(lambda: f64) -> impl FnMut(f64, &[f64; 1], &mut [f64; 1]) + Clone {
    move |t, h, dh| dh[0] = -lambda * (h[0] - t.cos())
}

// ANCHOR: implicit
/// h(end) of h' = −λ (h − cos t) from 0, in steps whose slope is that at their end.
#[must_use]
pub fn implicit(lambda: f64, dt: f64, end: f64) -> f64 {
    let euler = Method::by_name("implicit_euler").expect("it is registered"); // book: (implicit-euler)
    let ivp = Ivp::new(relax(lambda), 0.0, [0.0], end);
    let solved = ivp.method(euler).step(dt).save_end().solve();
    solved.expect("it is stable").last()[0]
}
// ANCHOR_END: implicit

fn explosion() -> String {
    let panel = |dt: f64| {
        let mut plot = Plot::new(&format!("Euler, Δ = {dt}: Δλ = {}", fixed(-50.0 * dt, 2)))
            .x("t", 0.0, 1.5)
            .y("h", -2.0, 2.2);
        let ivp = Ivp::new(relax(50.0), 0.0, [0.0], 1.5)
            .method(method("euler"))
            .step(dt);
        let solution = ivp.solve().expect("it is linear");
        let points: Vec<_> = solution
            .t
            .iter()
            .copied()
            .zip(solution.y.iter().map(|y| y[0]))
            .collect();
        plot.line("st", &points);
        plot.dots("st", 2.5, &points);
        plot.curve("ti dash", 0.0, 1.5, f64::cos);
        plot
    };
    figure(
        "explosion",
        "h' = −50(h − cos t) from h(0) = 0. After a moment the solution is as smooth as a cosine (dashed), and yet a step of 0.041 destroys it.",
        &[panel(0.038), panel(0.041)],
    )
}

fn limits() -> String {
    let mut table = Table::new(&[
        "method",
        "real limit $x$",
        "largest $\\Delta$ at $\\lambda=-50$",
        "evaluations for each unit of $\\lambda T$",
    ]);
    for name in ["euler", "midpoint", "bosh3", "rk4", "dopri5", "tsit5"] {
        let limit = real_limit(method(name));
        let stages = method(name).stages() - usize::from(method(name).fsal);
        table.row(&[
            format!("`{name}`"),
            fixed(limit, 4),
            fixed(limit / 50.0, 4),
            fixed(stages as f64 / limit, 2),
        ]);
    }
    table.markdown()
}

fn counts() -> String {
    let mut table = Table::new(&[
        "$\\lambda$",
        "tolerance",
        "steps of `tsit5`",
        "$\\lambda T/3.5$",
        "rejected",
    ]);
    for lambda in [5.0, 50.0, 500.0, 5000.0] {
        for tolerance in [1e-3, 1e-6] {
            let ivp = Ivp::new(relax(lambda), 0.0, [1.0], 10.0)
                .rtol(tolerance)
                .atol(tolerance);
            let stats = ivp.save_end().solve().expect("it is solvable").stats;
            table.row(&[
                fixed(lambda, 0),
                scientific(tolerance, 0),
                stats.accepted.to_string(),
                fixed(lambda * 10.0 / 3.5, 0),
                stats.rejected.to_string(),
            ]);
        }
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("stability/regions.svg", regions()),
        Output::new("stability/explosion.svg", explosion()),
        Output::new("stability/limits.md", limits()),
        Output::local("stability/counts.md", counts()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eulers_growth_is_one_plus_z() {
        let z = Complex::new(-0.7, 1.3);
        assert!((growth(method("euler"), z) - (z + 1.0)).norm() < 1e-15);
        let exact = z.exp();
        assert!(
            (growth(method("dopri5"), z * 0.01) - (z * 0.01).exp()).norm() < 1e-12 * exact.norm()
        );
    }

    #[test]
    fn the_exercise_largest_stable_steps() {
        assert!((real_limit(method("euler")) / 50.0 - 0.04).abs() < 1e-6);
        assert!((real_limit(method("rk4")) / 50.0 - 0.0557).abs() < 5e-5);
        assert!((real_limit(method("rk4")) - 2.785).abs() < 5e-4);
    }

    #[test]
    fn beyond_the_limit_errors_grow_and_before_it_they_do_not() {
        let end = |dt: f64| {
            let ivp = Ivp::new(relax(50.0), 0.0, [0.0], 4.0)
                .method(method("euler"))
                .step(dt);
            (ivp.save_end().solve().unwrap().last()[0] - 4.0_f64.cos()).abs()
        };
        assert!(end(0.039) < 0.1 && end(0.0415) > 1.0);
    }

    #[test]
    fn an_implicit_step_may_have_any_size() {
        let (lambda, dt, end) = (5000.0, 0.5, 10.0);
        let exact =
            (lambda * lambda * f64::cos(end) + lambda * f64::sin(end)) / (lambda * lambda + 1.0);
        assert!((implicit(lambda, dt, end) - exact).abs() < 1e-4);
        assert!((dt / (2.0 / lambda) - 1250.0).abs() < 1e-9);
        let explicit = Ivp::new(relax(lambda), 0.0, [0.0], end)
            .method(method("euler"))
            .step(dt)
            .save_end()
            .solve();
        assert!(!explicit.is_ok_and(|solution| solution.last()[0].abs() < 1e6));
        // One step with z = −2 from 0: h₊ = R(z) · 2 cos 1.
        assert!((implicit(2.0, 1.0, 1.0) - 2.0 * f64::cos(1.0) / 3.0).abs() < 1e-12);
    }
}
