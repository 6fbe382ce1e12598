//! What does that become as Δ → 0, and why the minus?

use crate::house::{H0, T0, T1, THETA, costate, e2, flow};
use crate::plot::{Plot, figure};
use crate::solve::{difference, end, grid, path};
use crate::text::{Table, fixed, scientific};
use crate::{Output, house};

// ANCHOR: adjoint-ode
/// a(t) of the house example: (adjoint-ode), solved from its end value back to `t`.
#[must_use]
pub fn costate_at(t: f64, sign: f64, end_value: f64) -> f64 {
    let equation = |t: f64, a: &[f64; 1], da: &mut [f64; 1]| {
        let f_h = THETA * t;
        da[0] = sign * a[0] * f_h; // book: (adjoint-ode), with sign = −1
    };
    end(equation, T1, [end_value], t)[0]
}
// ANCHOR_END: adjoint-ode

// ANCHOR: invariant
/// d/dt of a pendulum's state, of a nudge δ to it, and of its costate a.
pub fn pendulum(_t: f64, y: &[f64; 6], dy: &mut [f64; 6]) {
    let [h1, h2, d1, d2, a1, a2] = *y;
    *dy = [
        h2,
        -h1.sin(), // h' = f
        d2,
        -h1.cos() * d1, // δ' = f_h δ
        a2 * h1.cos(),
        -a1, // a' = −a f_h, so that a·δ stays: book: (invariant)
    ];
}
// ANCHOR_END: invariant

const START: [f64; 2] = [2.5, 0.0];
const TIME: f64 = 6.0;

/// Pendulum: `[h, δ, a]` from 0 to [`TIME`], with δ(0) = (1, 0) and a(TIME) = (1, 0), which is that of L = h₁(TIME).
fn pendulum_path() -> costate_ode::Trajectory<f64, [f64; 6]> {
    // Backwards from the end first, to learn a(0); h and a start there from their end values.
    let [h1, h2] = START;
    let forth = end(pendulum, 0.0, [h1, h2, 0.0, 0.0, 0.0, 0.0], TIME);
    let back = end(
        pendulum,
        TIME,
        [forth[0], forth[1], 0.0, 0.0, 1.0, 0.0],
        0.0,
    );
    path(pendulum, 0.0, [h1, h2, 1.0, 0.0, back[4], back[5]], TIME)
}

fn invariant_table() -> String {
    let path = pendulum_path();
    let mut table = Table::new(&["$t$", "$\\delta$", "$a$", "$a\\cdot\\delta$"]);
    for t in grid(0.0, TIME, 6) {
        let [_, _, d1, d2, a1, a2] = path.at(t);
        table.row(&[
            fixed(t, 0),
            format!("({}, {})", fixed(d1, 4), fixed(d2, 4)),
            format!("({}, {})", fixed(a1, 4), fixed(a2, 4)),
            fixed(a1 * d1 + a2 * d2, 8),
        ]);
    }
    table.markdown()
}

fn invariant_figure() -> String {
    let delta = |t: f64| flow(1.0, THETA, T0, t);
    let mut right = Plot::new("a' = −a·f_h: the product is flat")
        .x("t", T0, T1)
        .y("", 0.0, 9.0);
    right.curve("tan", T0, T1, delta);
    right.curve("co dash", T0, T1, costate);
    right.curve("ti", T0, T1, |t| costate(t) * delta(t));
    right.text("tan", "end", (4.6, 5.2), "δ(t)");
    right.text("co", "start", (3.1, 5.6), "a(t)");
    right.text("", "middle", (4.0, 7.65), "a·δ");
    let wrong = |t: f64| (-THETA * (T1 * T1 - t * t) / 2.0).exp();
    let mut flipped = Plot::new("a' = +a·f_h: it bends")
        .x("t", T0, T1)
        .y("", 0.0, 9.0);
    flipped.curve("tan", T0, T1, delta);
    flipped.curve("co dash", T0, T1, wrong);
    flipped.curve("ti", T0, T1, |t| wrong(t) * delta(t));
    flipped.text("tan", "end", (4.55, 5.6), "δ(t)");
    flipped.text("co", "start", (3.1, 0.5), "a(t)");
    flipped.text("", "end", (4.9, 2.4), "a·δ");
    figure(
        "invariant",
        "House example, nudge δ(3) = 1. Left: the nudge grows by as much as the worth of a unit nudge shrinks. Right: the same with the sign of the equation flipped.",
        &[right, flipped],
    )
}

fn signs_table() -> String {
    let mut table = Table::new(&[
        "equation",
        "$a(5)$",
        "$a(3)$",
        "$a\\cdot\\delta$ at 3, 4, 5",
        "equals $\\partial L/\\partial h_0$ by differences",
    ]);
    let truth = difference(|h0| flow(h0, THETA, T0, T1), H0, 1e-2);
    for (sign, name) in [(-1.0, "$a' = -a f_h$"), (1.0, "$a' = +a f_h$")] {
        for end_value in [1.0, -1.0] {
            let a = costate_at(T0, sign, end_value);
            let product =
                |t: f64| fixed(costate_at(t, sign, end_value) * flow(1.0, THETA, T0, t), 3);
            table.row(&[
                name.to_owned(),
                fixed(end_value, 0),
                fixed(a, 4),
                format!("{}, {}, {}", product(3.0), product(4.0), product(5.0)),
                if (a - truth).abs() < 1e-6 {
                    "yes"
                } else {
                    "no"
                }
                .to_owned(),
            ]);
        }
    }
    table.markdown()
}

/// The same sum with the sign, the end value or both left out.
fn notes() -> String {
    let integral = |sign: f64| {
        // ∫ a f_θ dt over the house example with a = sign · ∂L/∂h.
        let dy = |t: f64, _: &[f64; 1], dy: &mut [f64; 1]| {
            dy[0] = sign * costate(t) * t * house::state(t);
        };
        end(dy, T0, [0.0], T1)[0]
    };
    let bare = end(
        |t: f64, _: &[f64; 1], dy: &mut [f64; 1]| dy[0] = costate(t) * THETA * t,
        T0,
        [0.0],
        T1,
    )[0];
    let theta = difference(|theta| flow(H0, theta, T0, T1), THETA, 1e-3);
    let residual = |sign: f64| {
        let a = |t: f64| sign * costate(t);
        difference(a, 4.0, 1e-3) + a(4.0) * THETA * 4.0
    };
    let mut table = Table::new(&["written", "gives", "the difference quotient says"]);
    table.row(&[
        "$a = -\\partial L/\\partial h$ together with $\\int a f_\\theta$".to_owned(),
        format!("{}$\\,e^2$", fixed(integral(-1.0) / e2(), 3)),
        format!("{}$\\,e^2$", fixed(theta / e2(), 3)),
    ]);
    table.row(&[
        "$a(t_0) = \\int a f_h$, without an end value".to_owned(),
        fixed(bare, 3),
        fixed(e2(), 3),
    ]);
    table.row(&[
        "residual of (adjoint-ode) at $t=4$ for $+a$ and for $-a$".to_owned(),
        format!("{} and {}", tiny(residual(1.0)), tiny(residual(-1.0))),
        "0".to_owned(),
    ]);
    table.markdown()
}

fn tiny(x: f64) -> String {
    if x.abs() < 1e-8 {
        "0".to_owned()
    } else {
        scientific(x, 1)
    }
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("adjoint-ode/invariant.svg", invariant_figure()),
        Output::new("adjoint-ode/invariant.md", invariant_table()),
        Output::new("adjoint-ode/signs.md", signs_table()),
        Output::new("adjoint-ode/notes.md", notes()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_costate_of_the_house_example_begins_at_e_squared() {
        assert!((costate_at(T0, -1.0, 1.0) - e2()).abs() < 1e-9);
        assert!((costate_at(T0, 1.0, 1.0) - 1.0 / e2()).abs() < 1e-9);
    }

    #[test]
    fn the_worth_of_a_nudge_does_not_depend_on_when_one_looks() {
        let path = pendulum_path();
        let worth = |t: f64| {
            let [_, _, d1, d2, a1, a2] = path.at(t);
            a1 * d1 + a2 * d2
        };
        for t in grid(0.0, TIME, 12) {
            assert!((worth(t) - worth(0.0)).abs() < 1e-8, "at {t}");
        }
    }

    #[test]
    fn the_exercise_the_costate_of_a_decaying_state() {
        // h' = −2h on [0, 1], L = h(1)²/2 from h₀ = 1: a(0) = e^{−2}·e^{−2}.
        let a1 = (-2.0_f64).exp();
        let a0 = end(
            |_, a: &[f64; 1], da: &mut [f64; 1]| da[0] = 2.0 * a[0],
            1.0,
            [a1],
            0.0,
        )[0];
        let loss = |h0: f64| (h0 * (-2.0_f64).exp()).powi(2) / 2.0;
        assert!((a0 - (-4.0_f64).exp()).abs() < 1e-10);
        assert!((a0 - difference(loss, 1.0, 1e-2)).abs() < 1e-9);
    }
}
