//! Can one backward solve do all of it?

use crate::house::{H0, House, T0, T1, THETA, e2};
use crate::plot::{Plot, figure};
use crate::snippet;
use crate::text::{Table, fixed, scientific};
use crate::{Output, house};
use costate_neural_ode::{Augmented, Backsolve, GradientMethod, Problem, Quadratures, VectorField};
use costate_ode::{Options, System, tableau};

/// The problem of the house example.
pub(crate) const PROBLEM: Problem<'static, f64, f64> = Problem {
    h0: &[H0],
    theta: &[THETA],
    t0: T0,
    t1: T1,
    save_at: &[],
};

/// Length of `[h, a, a_θ, a_τ]` for `states` states and `parameters` parameters.
#[must_use]
pub fn augmented_len(states: usize, parameters: usize) -> usize {
    2 * states + parameters + 1
}

/// ∂(rate)/∂(state) of the augmented system of the house example at a point, by differences.
#[must_use]
pub fn jacobian(t: f64, state: &[f64; 4]) -> [[f64; 4]; 4] {
    let mut field = House::default();
    field.set_parameters(&[THETA]);
    let mut system = Augmented::new(field, Quadratures::InState);
    let mut rate = |state: Vec<f64>| {
        let mut rate = vec![0.0; 4];
        system.eval(t, &state, &mut rate);
        rate
    };
    let mut jacobian = [[0.0; 4]; 4];
    for j in 0..4 {
        let mut moved = |by: f64| {
            let mut state = state.to_vec();
            state[j] += by;
            rate(state)
        };
        let (up, down) = (moved(0.5), moved(-0.5));
        for i in 0..4 {
            jacobian[i][j] = up[i] - down[i];
        }
    }
    jacobian
}

fn blocks() -> String {
    let names = ["h", "a", "a_θ", "a_τ"];
    let ticks: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(k, name)| (k as f64 + 0.5, *name))
        .collect();
    let flipped: Vec<_> = ticks.iter().map(|(k, name)| (4.0 - k, *name)).collect();
    let mut plot = Plot::new("who feeds whom")
        .x("depends on", 0.0, 4.0)
        .y("rate of", 0.0, 4.0)
        .x_ticks(&ticks)
        .y_ticks(&flipped)
        .height(340.0);
    let found = jacobian(4.0, &[house::state(4.0), house::costate(4.0), 0.0, 0.0]);
    let blocks = [
        ["∂f/∂h", "", "", ""],
        ["−a ∂²f/∂h²", "−∂f/∂h", "", ""],
        ["−a ∂²f/∂h∂θ", "−∂f/∂θ", "", ""],
        ["−a ∂²f/∂h∂t", "−∂f/∂t", "", ""],
    ];
    for (i, row) in blocks.iter().enumerate() {
        for (j, block) in row.iter().enumerate() {
            let (x, y) = (j as f64, 3.0 - i as f64);
            let corners = [
                (x + 0.03, y + 0.03),
                (x + 0.97, y + 0.03),
                (x + 0.97, y + 0.97),
                (x + 0.03, y + 0.97),
            ];
            if block.is_empty() {
                plot.text("tick", "middle", (x + 0.5, y + 0.45), "0");
                continue;
            }
            plot.area(if j == 0 { "st" } else { "co" }, &corners);
            plot.text("", "middle", (x + 0.5, y + 0.55), block);
            plot.text(
                "tick",
                "middle",
                (x + 0.5, y + 0.22),
                &fixed(found[i][j], 3),
            );
        }
    }
    figure(
        "blocks",
        "Jacobian of the augmented system. The numbers are the house example's at t = 4, by differences of the library's Augmented. The columns of a_θ and a_τ are empty: nothing depends on them.",
        &[plot],
    )
}

fn gradient(quadratures: Quadratures, tolerance: f64) -> costate_neural_ode::Gradient<f64> {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let options = Options::tolerances(tolerance, tolerance);
    let mut method =
        Backsolve::with_quadratures(House::default(), &vec![0.0], tsit5, options, quadratures)
            .expect("the options make sense");
    let loss = &mut |saved: &costate_neural_ode::Saved<f64>,
                     cotangents: &mut costate_neural_ode::Saved<f64>| {
        cotangents.state_mut(0)[0] = 1.0;
        saved.state(0)[0]
    };
    method
        .gradient(&PROBLEM, loss)
        .expect("the house example is solvable")
        .clone()
}

fn table() -> String {
    let mut table = Table::new(&[
        "tolerance",
        "$a_\\theta, a_\\tau$",
        "state",
        "steps back",
        "products",
        "$\\partial L/\\partial\\theta\\div e^2$",
        "$\\int a f_t\\div e^2$",
    ]);
    for tolerance in [1e-4, 1e-8] {
        for (quadratures, name, len) in [
            (Quadratures::InState, "in the state", 4),
            (Quadratures::Apart, "apart", 2),
        ] {
            let found = gradient(quadratures, tolerance);
            table.row(&[
                scientific(tolerance, 0),
                name.to_owned(),
                len.to_string(),
                found.stats.backward.accepted.to_string(),
                found.stats.products.to_string(),
                fixed(found.theta[0] / e2(), 6),
                fixed(found.clock() / e2(), 6),
            ]);
        }
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    let shown = snippet::item(
        "crates/costate-neural-ode/src/augmented.rs",
        "fn eval(&mut self, t: T",
    );
    vec![
        Output::new("augmented/eval.rs.txt", shown),
        Output::new("augmented/blocks.svg", blocks()),
        Output::new("augmented/table.md", table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_depends_on_the_quadratures() {
        let jacobian = jacobian(4.0, &[7.0, 3.0, 2.0, -1.0]);
        assert!(jacobian.iter().all(|row| row[2] == 0.0 && row[3] == 0.0));
        // The clock's row: −a θ by h, −θ h by a.
        assert!((jacobian[3][0] + 3.0 * THETA).abs() < 1e-12);
        assert!((jacobian[3][1] + THETA * 7.0).abs() < 1e-12);
    }

    #[test]
    fn quadratures_in_the_state_and_apart_give_the_same_numbers() {
        let (one, other) = (
            gradient(Quadratures::InState, 1e-8),
            gradient(Quadratures::Apart, 1e-8),
        );
        assert!((one.theta[0] - other.theta[0]).abs() < 1e-9 * one.theta[0]);
        assert!((one.clock() - other.clock()).abs() < 1e-9 * one.clock());
    }

    #[test]
    fn the_exercise_a_field_of_two_fifty_two() {
        let parameters = 2 * 50 + 50 + 50 * 2 + 2;
        assert_eq!(parameters, 252);
        assert_eq!(augmented_len(2, parameters), 257);
    }
}
