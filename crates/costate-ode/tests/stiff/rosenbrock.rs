//! Rosenbrock–Wanner methods are what their data say.

use crate::trees::{
    Rows, elementary_weights, inverse, row_times, stability_at_infinity, trees, violation,
};
use costate_ode::{Coefficient, RosenbrockTableau};
use costate_problems::DoubleDouble as Number;
use num_traits::{Float, One, ToPrimitive, Zero};

/// Published with 16 digits.
const TOLERANCE: f64 = 2e-13;

/// The method in its first variables, k_i = Γ⁻¹-transformed u_i: α_ij, γ_ij and what turns weights of u into weights of k.
struct Original {
    alpha: Rows,
    beta: Rows,
    gamma: Rows,
}

fn original(tableau: &RosenbrockTableau) -> Original {
    let s = tableau.stages();
    let entry = |rows: &[&[Coefficient]], i: usize, j: usize| -> Number {
        rows[i].get(j).map_or(Number::zero(), |c| c.to())
    };
    let diagonal = Number::one() / tableau.gamma.to::<Number>();
    let inverse_gamma: Rows = (0..s)
        .map(|i| {
            let at = |j| {
                let diagonal = if i == j { diagonal } else { Number::zero() };
                diagonal - entry(tableau.c, i, j)
            };
            (0..s).map(at).collect()
        })
        .collect();
    let gamma = inverse(&inverse_gamma);
    let a: Rows = (0..s)
        .map(|i| (0..s).map(|j| entry(tableau.a, i, j)).collect())
        .collect();
    let alpha: Rows = a.iter().map(|row| row_times(row, &gamma)).collect();
    let add =
        |(a, g): (&Vec<Number>, &Vec<Number>)| a.iter().zip(g).map(|(a, g)| *a + *g).collect();
    let beta = alpha.iter().zip(&gamma).map(add).collect();
    Original { alpha, beta, gamma }
}

fn converted(weights: &[Coefficient]) -> Vec<Number> {
    weights.iter().map(|w| w.to()).collect()
}

#[test]
fn solutions_and_embedded_ones_have_exactly_the_order_claimed() {
    for tableau in RosenbrockTableau::all() {
        let original = original(tableau);
        let m = converted(tableau.m);
        let embedded: Vec<Number> = m
            .iter()
            .zip(tableau.m_err)
            .map(|(m, e)| *m - e.to())
            .collect();
        for (weights, claimed) in [(m, tableau.order), (embedded, tableau.embedded_order)] {
            let b = row_times(&weights, &original.gamma);
            let trees = trees(claimed + 1);
            let phi = elementary_weights(&trees, &original.beta, &original.alpha);
            for order in 1..=claimed {
                let off = violation(&b, order, 1.0, &trees, &phi);
                assert!(
                    off < TOLERANCE,
                    "{}: order {order} is missed by {off:e}",
                    tableau.name
                );
            }
            let off = violation(&b, claimed + 1, 1.0, &trees, &phi);
            assert!(off > 1e-7, "{} has a higher order", tableau.name);
        }
    }
}

#[test]
fn rows_sum_to_the_times_of_their_stages() {
    for tableau in RosenbrockTableau::all() {
        let original = original(tableau);
        let sum = |row: &[Number]| row.iter().fold(Number::zero(), |sum, x| sum + *x);
        for i in 0..tableau.stages() {
            for (row, claimed) in [
                (&original.alpha[i], tableau.alpha[i]),
                (&original.gamma[i], tableau.gamma_sum[i]),
            ] {
                let off = (sum(row) - claimed.to()).abs().to_f64().unwrap();
                assert!(off < TOLERANCE, "{} row {i}: {off:e}", tableau.name);
            }
        }
    }
}

#[test]
fn dense_output_has_the_order_claimed_in_every_power_of_sigma() {
    for tableau in RosenbrockTableau::all() {
        let original = original(tableau);
        let trees = trees(tableau.dense_order);
        let phi = elementary_weights(&trees, &original.beta, &original.alpha);
        let polynomials = tableau.dense_polynomials::<Number>();
        for power in 1..=polynomials[0].len() {
            let weights: Vec<Number> = polynomials.iter().map(|row| row[power - 1]).collect();
            let b = row_times(&weights, &original.gamma);
            for order in 1..=tableau.dense_order {
                let target = if order == power { 1.0 } else { 0.0 };
                let off = violation(&b, order, target, &trees, &phi);
                assert!(
                    off < 30.0 * TOLERANCE,
                    "{}: σ^{power}, order {order} is missed by {off:e}",
                    tableau.name
                );
            }
        }
    }
}

#[test]
fn infinitely_stiff_components_are_damped_as_the_method_says() {
    for tableau in RosenbrockTableau::all() {
        let original = original(tableau);
        let b = row_times(&converted(tableau.m), &original.gamma);
        let damping = stability_at_infinity(&b, &original.beta);
        let claimed = match tableau.name {
            "ros3p" => 1.0 - 3.0_f64.sqrt(),
            _ => 0.0,
        };
        assert!(
            (damping - claimed).abs() < TOLERANCE,
            "{}: {damping}",
            tableau.name
        );
    }
}
