//! What does a residual layer compute?

use crate::Output;
use crate::euler_layers::euler_loss;
use crate::house::{H0, T0, T1, THETA, state};
use crate::plot::{Plot, figure};
use crate::snippet;
use crate::text::{Table, fixed, scientific};

// ANCHOR: residual
/// A residual network of one unit: h ← h + tanh(w h + b), the same weights in every layer.
#[must_use]
pub fn residual_stack(h: f64, layers: usize, w: f64, b: f64) -> f64 {
    (0..layers).fold(h, |h, _| h + (w * h + b).tanh())
}

/// Euler's method on h' = tanh(w h + b): the same additions, with a step in front.
#[must_use]
pub fn euler(h: f64, t1: f64, steps: usize, w: f64, b: f64) -> f64 {
    let dt = t1 / steps as f64;
    (0..steps).fold(h, |h, _| h + dt * (w * h + b).tanh()) // book: (euler)
}
// ANCHOR_END: residual

/// The states of `steps` layers h + `scale` f(h, t), f that of the house example.
fn layers(steps: usize, scale: f64) -> Vec<(f64, f64)> {
    let dt = (T1 - T0) / steps as f64;
    let mut h = H0;
    let mut points = vec![(T0, h)];
    for n in 0..steps {
        let t = T0 + n as f64 * dt;
        h += scale * THETA * t * h;
        points.push((t + dt, h));
    }
    points
}

fn polylines() -> String {
    let mut scaled = Plot::new("h + Δ f: the layers get thin")
        .x("t", T0, T1)
        .y("h", 0.0, 30.0);
    let mut raw = Plot::new("h + ½ f, whatever N: they do not")
        .x("t", T0, T1)
        .y("h", 1.0, 1e7)
        .log_y();
    for plot in [&mut scaled, &mut raw] {
        plot.curve("ti dash", T0, T1, state);
    }
    for steps in [4, 8, 16, 64] {
        let dt = (T1 - T0) / steps as f64;
        let (thin, thick) = (layers(steps, dt), layers(steps, 0.5));
        scaled.line("st", &thin);
        scaled.dots("st", if steps < 20 { 2.5 } else { 1.2 }, &thin);
        raw.line("co", &thick);
        raw.dots("co", if steps < 20 { 2.5 } else { 1.2 }, &thick);
    }
    scaled.text("", "end", (4.97, 8.0), "N = 4");
    scaled.text("", "end", (4.6, 25.0), "exact (dashed)");
    raw.text("", "end", (4.95, 2.2), "N = 4");
    raw.text("", "end", (4.95, 100.0), "8");
    raw.text("", "end", (4.4, 2500.0), "16");
    raw.text("", "end", (3.75, 2e6), "64");
    figure(
        "residual-layer",
        "House example in N = 4, 8, 16, 64 residual layers. Left: with the factor Δ the polylines close in on one curve. Right: the raw layers of the network with N = 4 kept as they are and more of them stacked; mind the logarithmic axis.",
        &[scaled, raw],
    )
}

fn table() -> String {
    let mut table = Table::new(&[
        "$N$",
        "$h_N$ with $\\Delta f$",
        "error",
        "ratio",
        "$h_N$ with $\\tfrac12 f$",
    ]);
    let mut before = None;
    for steps in [4, 8, 16, 32, 64, 128] {
        let end = euler_loss(H0, THETA, steps);
        let error = end - state(T1);
        let ratio = before.map_or_else(|| "–".to_owned(), |b: f64| fixed(b / error, 2));
        let raw = layers(steps, 0.5)[steps].1;
        table.row(&[
            steps.to_string(),
            fixed(end, 4),
            fixed(error, 4),
            ratio,
            if raw < 1e4 {
                fixed(raw, 1)
            } else {
                scientific(raw, 1)
            },
        ]);
        before = Some(error);
    }
    table.markdown()
}

/// (y(t + Δ) − y(t))/Δ − y' for the house example at t = 4.
#[must_use]
pub fn quotient_error(dt: f64) -> f64 {
    (state(4.0 + dt) - state(4.0)) / dt - THETA * 4.0 * state(4.0)
}

fn quotient() -> String {
    let mut table = Table::new(&["$\\Delta$", "quotient $-\\; h'(4)$", "$\\Delta\\,h''(4)/2$"]);
    let second = state(4.0) * (THETA + (THETA * 4.0).powi(2));
    for dt in [0.1, 0.01, 0.001] {
        table.row(&[
            dt.to_string(),
            fixed(quotient_error(dt), 6),
            fixed(dt * second / 2.0, 6),
        ]);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    let shown = snippet::item("crates/costate-ode/src/tableau/euler.rs", "static EULER");
    vec![
        Output::new("residual-layer/polylines.svg", polylines()),
        Output::new("residual-layer/table.md", table()),
        Output::new("residual-layer/quotient.md", quotient()),
        Output::new("residual-layer/euler.rs.txt", shown),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use costate_ode::{Ivp, tableau};

    #[test]
    fn a_residual_stack_with_shared_weights_is_euler_with_step_one() {
        let (w, b) = (0.7, -0.3);
        let stack = residual_stack(0.4, 12, w, b);
        assert_eq!(stack, euler(0.4, 12.0, 12, w, b));
        let f = |_: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = (w * h[0] + b).tanh();
        let method = tableau::by_name("euler").unwrap();
        let ivp = Ivp::new(f, 0.0, [0.4], 12.0).method(method).step(1.0);
        assert_eq!(ivp.save_end().solve().unwrap().last()[0], stack);
    }

    #[test]
    fn the_exercise_euler_on_growth() {
        let error = |n: i32| (1.0 + 1.0 / f64::from(n)).powi(n) - std::f64::consts::E;
        assert!((error(10) + 0.1245).abs() < 5e-5);
        assert!((error(20) + 0.0650).abs() < 5e-5);
        assert!((error(10) / error(20) - 1.92).abs() < 5e-3);
    }

    #[test]
    fn a_difference_quotient_is_not_the_derivative_but_close() {
        assert!((quotient_error(1e-3) / quotient_error(1e-4) - 10.0).abs() < 0.02);
    }
}
