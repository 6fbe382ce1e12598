//! How do parameters enter?

use crate::Output;
use crate::house::{H0, T0, T1, THETA, costate, e2, flow, state};
use crate::plot::{Plot, figure};
use crate::solve::{difference, end, grid, path};
use crate::text::{Table, fixed};

// ANCHOR: quadrature
/// ∂L/∂θ of the house example as an integral: Simpson's rule on `n` double steps.
#[must_use]
pub fn by_simpson(n: usize) -> f64 {
    let earned = |t: f64| costate(t) * t * state(t); // a ∂f/∂θ: book: (parameter-gradient)
    let dt = (T1 - T0) / (2 * n) as f64;
    let weight = |i: usize| match i {
        0 => 1.0,
        i if i == 2 * n => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=2 * n)
        .map(|i| dt / 3.0 * weight(i) * earned(T0 + i as f64 * dt))
        .sum()
}
// ANCHOR_END: quadrature

// ANCHOR: state
/// a and a_θ of the house example at `t`, solved together from t₁ back to `t`.
#[must_use]
pub fn as_state(t: f64) -> [f64; 2] {
    let equation = |t: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
        let a = y[0];
        *dy = [-a * THETA * t, -a * t * state(t)]; // book: (parameter-costate)
    };
    end(equation, T1, [1.0, 0.0], t)
}
// ANCHOR_END: state

fn along() -> String {
    let mut table = Table::new(&[
        "$t$",
        "$a$",
        "$a\\,f_\\theta\\div e^2$",
        "$a_\\theta(t)\\div e^2$",
    ]);
    for t in grid(T1, T0, 4) {
        let [a, a_theta] = as_state(t);
        table.row(&[
            fixed(t, 1),
            fixed(a, 4),
            fixed(a * t * state(t) / e2(), 3),
            fixed(a_theta / e2(), 3),
        ]);
    }
    table.markdown()
}

/// A pendulum's gravity, damping, and where it starts.
const PENDULUM: [f64; 2] = [4.0, 0.15];
const START: [f64; 2] = [1.0, 0.0];
const TIME: f64 = 8.0;

fn swing(theta: [f64; 2]) -> impl FnMut(f64, &[f64; 2], &mut [f64; 2]) {
    let [g, c] = theta;
    move |_t, h, dh| *dh = [h[1], -g * h[0].sin() - c * h[1]]
}

/// h₁ at the end, for other parameters.
fn swing_end(theta: [f64; 2]) -> f64 {
    end(swing(theta), 0.0, START, TIME)[0]
}

/// a·∂f/∂g and a·∂f/∂c along the way, and their integrals.
fn pendulum() -> (Vec<[f64; 3]>, [f64; 2]) {
    let h = path(swing(PENDULUM), 0.0, START, TIME);
    let [g, c] = PENDULUM;
    let adjoint = |t: f64, y: &[f64; 4], dy: &mut [f64; 4]| {
        let ([h1, h2], [a1, a2]) = (h.at(t), [y[0], y[1]]);
        *dy = [
            a2 * g * h1.cos(),
            -a1 + a2 * c,
            a2 * h1.sin(), // −a·∂f/∂g
            a2 * h2,       // −a·∂f/∂c
        ];
    };
    let a = path(adjoint, TIME, [1.0, 0.0, 0.0, 0.0], 0.0);
    let rows = grid(0.0, TIME, 240)
        .into_iter()
        .map(|t| {
            let ([h1, h2], a) = (h.at(t), a.at(t));
            [t, -a[1] * h1.sin(), -a[1] * h2]
        })
        .collect();
    let start = a.at(0.0);
    (rows, [start[2], start[3]])
}

fn areas() -> String {
    let mut house = Plot::new("house example: a·f_θ = 3e²t")
        .x("t", T0, T1)
        .y("a·f_θ", 0.0, 130.0);
    let mut points: Vec<_> = grid(T0, T1, 60)
        .into_iter()
        .map(|t| (t, costate(t) * t * state(t)))
        .collect();
    house.line("pa", &points);
    points.extend([(T1, 0.0), (T0, 0.0)]);
    house.area("pa", &points);
    house.text("pa", "middle", (4.0, 40.0), "area 24e² = ∂L/∂θ");
    let (rows, _) = pendulum();
    let mut swing = Plot::new("pendulum, L = h₁(8)")
        .x("t", 0.0, TIME)
        .y("a·f_θ", -0.4, 0.8);
    let of = |k: usize| rows.iter().map(|row| (row[0], row[k])).collect::<Vec<_>>();
    let mut gravity = of(1);
    swing.line("pa", &gravity);
    gravity.extend([(TIME, 0.0), (0.0, 0.0)]);
    swing.area("pa", &gravity);
    swing.line("ti dash", &of(2));
    swing.text("pa", "start", (0.2, -0.27), "gravity (filled)");
    swing.text("", "start", (0.2, -0.36), "damping (dashed)");
    figure(
        "earned",
        "Which moments earned the gradient. The area under each curve is a component of ∂L/∂θ.",
        &[house, swing],
    )
}

fn pendulum_table() -> String {
    let (_, gradient) = pendulum();
    let mut table = Table::new(&["parameter", "$\\int a f_\\theta\\,dt$", "finite difference"]);
    for (k, name) in ["gravity", "damping"].into_iter().enumerate() {
        let loss = |x: f64| {
            let mut theta = PENDULUM;
            theta[k] = x;
            swing_end(theta)
        };
        table.row(&[
            name.to_owned(),
            fixed(gradient[k], 6),
            fixed(difference(loss, PENDULUM[k], 1e-3), 6),
        ]);
    }
    table.markdown()
}

/// ∂L/∂θ of the house example with a penalty w θ²/2: what a_θ starts from.
#[must_use]
pub fn with_penalty(w: f64) -> (f64, f64) {
    let adjoint = w * THETA + as_state(T0)[1];
    let loss = |theta: f64| flow(H0, theta, T0, T1) + w * theta * theta / 2.0;
    (adjoint, difference(loss, THETA, 1e-3))
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("parameters/along.md", along()),
        Output::new("parameters/earned.svg", areas()),
        Output::new("parameters/pendulum.md", pendulum_table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_and_the_state_give_24_e_squared() {
        assert!(
            (by_simpson(1) / e2() - 24.0).abs() < 1e-12,
            "a·f_θ is linear in t"
        );
        assert!((as_state(T0)[1] / e2() - 24.0).abs() < 1e-9);
        assert!(
            (difference(|theta| flow(H0, theta, T0, T1), THETA, 1e-3) / e2() - 24.0).abs() < 1e-6
        );
    }

    #[test]
    fn a_theta_starts_from_the_penalty() {
        let (adjoint, difference) = with_penalty(40.0);
        assert!((adjoint - difference).abs() < 1e-5);
        assert!((adjoint - 24.0 * e2() - 10.0).abs() < 1e-6);
    }

    #[test]
    fn both_parameters_of_the_pendulum_agree_with_differences() {
        let (_, gradient) = pendulum();
        let by_g = difference(|g| swing_end([g, PENDULUM[1]]), PENDULUM[0], 1e-3);
        let by_c = difference(|c| swing_end([PENDULUM[0], c]), PENDULUM[1], 1e-3);
        assert!((gradient[0] - by_g).abs() < 1e-7, "{gradient:?} {by_g}");
        assert!((gradient[1] - by_c).abs() < 1e-7, "{gradient:?} {by_c}");
    }
}
