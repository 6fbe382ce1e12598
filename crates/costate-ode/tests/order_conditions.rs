//! Every tableau meets the order conditions it claims, by rooted trees ([Hairer1993] II.2).

use costate_ode::Tableau;
use costate_ode::tableau::tableaus;
use costate_problems::{DoubleDouble as Number, Rows, Tree, trees, violation};
use num_traits::Zero;

/// The conditions are checked in 31 digits, as the coefficients are held, of which methods with coefficients of 10⁵ lose some.
const TOLERANCE: f64 = 1e-22;

/// The elementary weights Φ_i of every tree, for all slopes of the method, dense output's included.
fn elementary_weights(tableau: &Tableau, trees: &[Tree]) -> Rows {
    let a = |i: usize| (0..i).map(|j| tableau.a(i, j).to()).collect();
    let a: Rows = (0..tableau.dense_len()).map(a).collect();
    costate_problems::elementary_weights(trees, |_, _| &a)
}

#[test]
fn trees_are_counted_as_cayley_did() {
    let all = trees(9);
    let counts: Vec<usize> = (1..=9)
        .map(|n| all.iter().filter(|tree| tree.order == n).count())
        .collect();
    assert_eq!(counts, [1, 1, 2, 4, 9, 20, 48, 115, 286]);
}

#[test]
fn every_tableau_is_valid() {
    for tableau in tableaus() {
        tableau.validate().unwrap();
    }
}

#[test]
fn solutions_have_exactly_the_order_claimed() {
    for tableau in tableaus() {
        let trees = trees(tableau.order + 1);
        let phi = elementary_weights(tableau, &trees);
        let b: Vec<Number> = tableau.b.iter().map(|b| b.to()).collect();
        for order in 1..=tableau.order {
            let off = violation(&b, order, 1.0, &trees, &phi);
            assert!(
                off < TOLERANCE,
                "{}: order {order} is missed by {off:e}",
                tableau.name
            );
        }
        let off = violation(&b, tableau.order + 1, 1.0, &trees, &phi);
        assert!(
            off > 1e-7,
            "{} has a higher order than it says",
            tableau.name
        );
    }
}

#[test]
fn embedded_solutions_have_exactly_the_order_claimed() {
    for tableau in tableaus() {
        let Some(embedded_order) = tableau.embedded_order else {
            continue;
        };
        let trees = trees(embedded_order + 1);
        let phi = elementary_weights(tableau, &trees);
        let embedded: Vec<Number> = tableau
            .b
            .iter()
            .zip(tableau.b_err)
            .map(|(b, e)| b.to::<Number>() - e.to())
            .collect();
        for order in 1..=embedded_order {
            // book: (order-conditions)
            let off = violation(&embedded, order, 1.0, &trees, &phi);
            assert!(
                off < TOLERANCE,
                "{}: order {order} is missed by {off:e}",
                tableau.name
            );
        }
        let off = violation(&embedded, embedded_order + 1, 1.0, &trees, &phi);
        assert!(
            off > 1e-7,
            "the embedded solution of {} has a higher order than it says",
            tableau.name
        );
    }
}

#[test]
fn dense_output_has_the_order_claimed_in_every_power_of_sigma() {
    for tableau in tableaus() {
        let trees = trees(tableau.dense_order());
        let phi = elementary_weights(tableau, &trees);
        let polynomials = tableau.dense_polynomials::<Number>();
        let degree = polynomials.iter().map(Vec::len).max().unwrap();
        for power in 1..=degree {
            let coefficients: Vec<Number> = polynomials
                .iter()
                .map(|row| row.get(power - 1).copied().unwrap_or(Number::zero()))
                .collect();
            for order in 1..=tableau.dense_order() {
                let target = if order == power { 1.0 } else { 0.0 };
                let off = violation(&coefficients, order, target, &trees, &phi);
                assert!(
                    off < TOLERANCE,
                    "{}: σ^{power}, order {order} is missed by {off:e}",
                    tableau.name
                );
            }
        }
    }
}

#[test]
fn dense_output_ends_in_the_solution_and_its_slopes_are_its_derivative() {
    for tableau in tableaus() {
        let n = tableau.dense_len();
        let (mut weights, mut above, mut below, mut slopes) =
            (vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        tableau.dense_weights(1.0, &mut weights);
        for i in 0..n {
            let b = tableau.b.get(i).map_or(0.0, |b| b.to::<f64>());
            assert!(
                (weights[i] - b).abs() < 1e-13 * (1.0 + 1e2 * b.abs()),
                "{}: w_{i}(1) = {} is not {b}",
                tableau.name,
                weights[i]
            );
        }
        let sigma = 0.3_f64;
        tableau.dense_weights(sigma + 1e-5, &mut above);
        tableau.dense_weights(sigma - 1e-5, &mut below);
        tableau.dense_weight_derivatives(sigma, &mut slopes);
        for i in 0..n {
            let difference = (above[i] - below[i]) / 2e-5;
            assert!(
                (slopes[i] - difference).abs() < 1e-6,
                "{}: w_{i}′ = {}, not {difference}",
                tableau.name,
                slopes[i]
            );
        }
    }
}
