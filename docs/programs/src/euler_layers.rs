//! What does backprop through N Euler layers compute?

use crate::Output;
use crate::house::{H0, House, T0, T1, THETA, costate, e2, state};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed};
use costate_neural_ode::VectorField;

// ANCHOR: backprop
/// The rows a_0, …, a_N and ∂L/∂θ of L = Σ h_N after `steps` Euler layers.
pub fn backprop(
    field: &mut impl VectorField<f64>,
    (t0, t1, steps): (f64, f64, usize),
    h0: &[f64],
    theta: &[f64],
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let dt = (t1 - t0) / steps as f64;
    let (mut h, mut dh) = (h0.to_vec(), vec![0.0; h0.len()]);
    field.set_parameters(theta);
    for n in 0..steps {
        field.eval(n, t0 + n as f64 * dt, &h, &mut dh); // frame n keeps (h_n, t_n)
        for (h, dh) in h.iter_mut().zip(&dh) {
            *h += dt * dh; // book: (euler)
        }
    }
    let mut rows = vec![vec![1.0; h.len()]]; // a_N = ∂ℓ/∂h_N
    for n in (0..steps).rev() {
        let (mut a, mut a_h) = (rows[0].clone(), vec![0.0; h.len()]);
        field.products(n, &a, &mut a_h); // a_{n+1} ∂f/∂h (h_n, t_n)
        field.accumulate(&[(n, dt)]); // book: (discrete-parameters)
        for (a, a_h) in a.iter_mut().zip(&a_h) {
            *a += dt * a_h; // book: (discrete-costate)
        }
        rows.insert(0, a);
    }
    let mut gradient = vec![0.0; theta.len()];
    field.finish(&mut gradient);
    (rows, gradient)
}
// ANCHOR_END: backprop

/// L of the house example after `steps` Euler layers.
#[must_use]
pub fn euler_loss(h0: f64, theta: f64, steps: usize) -> f64 {
    let dt = (T1 - T0) / steps as f64;
    (0..steps).fold(h0, |h, n| h + dt * theta * (T0 + n as f64 * dt) * h)
}

/// ∂L/∂θ of that by differences, extrapolated once.
#[must_use]
pub fn euler_difference(steps: usize) -> f64 {
    let central =
        |e: f64| (euler_loss(H0, THETA + e, steps) - euler_loss(H0, THETA - e, steps)) / (2.0 * e);
    (4.0 * central(1e-4) - central(2e-4)) / 3.0
}

fn table() -> String {
    let mut table = Table::new(&[
        "$N$",
        "$\\partial L/\\partial\\theta$ by backprop, $\\div\\,e^2$",
        "finite difference of the program",
        "$\\partial L/\\partial h_0$, $\\div\\,e^2$",
        "both, of the differential equation",
    ]);
    for steps in [4, 16, 64, 256, 1024] {
        let (rows, gradient) = backprop(&mut House::default(), (T0, T1, steps), &[H0], &[THETA]);
        table.row(&[
            steps.to_string(),
            fixed(gradient[0] / e2(), 4),
            fixed(euler_difference(steps) / e2(), 4),
            fixed(rows[0][0] / e2(), 4),
            "24 and 1".to_owned(),
        ]);
    }
    table.markdown()
}

fn bars() -> String {
    let panel = |steps: usize| {
        let dt = (T1 - T0) / steps as f64;
        let (rows, _) = backprop(&mut House::default(), (T0, T1, steps), &[H0], &[THETA]);
        let time = |n: usize| T0 + n as f64 * dt;
        let points: Vec<_> = rows
            .iter()
            .enumerate()
            .map(|(n, a)| (time(n), a[0]))
            .collect();
        let mut h = H0;
        let line: Vec<_> = (0..=steps)
            .map(|n| {
                let point = (time(n), h / 3.0);
                h += dt * THETA * time(n) * h;
                point
            })
            .collect();
        let mut plot = Plot::new(&format!("N = {steps}"))
            .x("t", 2.85, 5.15)
            .y("", 0.0, 8.0)
            .height(270.0);
        plot.bars("co", 0.1 * (4.0 / steps as f64).sqrt(), &points);
        plot.curve("co dash", T0, T1, costate);
        plot.curve("st thin", T0, T1, |t| state(t) / 3.0);
        plot.line("st", &line);
        plot.dots("st", 3.0, &line);
        plot.text("co", "start", (3.02, 7.6), "a(t)");
        plot.text("st", "end", (4.98, 7.6), "h(t)/3");
        plot
    };
    figure(
        "euler-layers",
        "House example. Bars: the rows a_n that backprop passes down, under the polyline of the states h_n that go up (divided by 3). Thin and dashed: the limits h(t)/3 and a(t), both of which end near e² = 7.389, at opposite ends.",
        &[panel(4), panel(16)],
    )
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("euler-layers/table.md", table()),
        Output::new("euler-layers/bars.svg", bars()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backprop_through_four_layers_is_the_finite_difference_of_the_program() {
        let (_, gradient) = backprop(&mut House::default(), (T0, T1, 4), &[H0], &[THETA]);
        assert!((gradient[0] / e2() - 9.5578).abs() < 5e-5);
        assert!((gradient[0] - euler_difference(4)).abs() < 1e-8);
    }

    #[test]
    fn the_exercise_two_layers_by_hand() {
        // Δ = 1: factors 1 + 3/4 and 1 + 4/4.
        let (rows, gradient) = backprop(&mut House::default(), (T0, T1, 2), &[H0], &[THETA]);
        assert_eq!(rows, [[3.5], [2.0], [1.0]]);
        assert_eq!(gradient, [2.0 * 3.0 * 3.0 + 1.0 * 4.0 * 5.25]);
    }
}
