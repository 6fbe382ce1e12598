//! Diagonally implicit methods are what their data say.

use crate::trees::{Rows, elementary_weights, trees, violation};
use costate_ode::{Coefficient, DirkTableau};
use costate_problems::DoubleDouble as Number;
use num_traits::{Float, ToPrimitive, Zero};

/// The coefficients of Kennedy and Carpenter are fractions near to the true ones.
const TOLERANCE: f64 = 1e-24;

fn matrix(tableau: &DirkTableau) -> Rows {
    let s = tableau.stages();
    let row = |i: usize| {
        let upto = (0..=i).map(|j| tableau.a(i, j).to());
        let zeros = (i + 1..s).map(|_| Number::zero());
        upto.chain(zeros).collect()
    };
    (0..s).map(row).collect()
}

fn weights(tableau: &DirkTableau) -> Vec<Number> {
    (0..tableau.stages()).map(|i| tableau.b(i).to()).collect()
}

#[test]
fn solutions_and_embedded_ones_have_exactly_the_order_claimed() {
    for tableau in DirkTableau::all() {
        let (a, b) = (matrix(tableau), weights(tableau));
        let mut solutions = vec![(b.clone(), tableau.order)];
        if let Some(order) = tableau.embedded_order {
            let less = |(b, e): (&Number, &Coefficient)| *b - e.to();
            solutions.push((b.iter().zip(tableau.b_err).map(less).collect(), order));
        }
        for (weights, claimed) in solutions {
            let trees = trees(claimed + 1);
            let phi = elementary_weights(&trees, &a, &a);
            for order in 1..=claimed {
                let off = violation(&weights, order, 1.0, &trees, &phi);
                assert!(
                    off < TOLERANCE,
                    "{}: order {order} is missed by {off:e}",
                    tableau.name
                );
            }
            let off = violation(&weights, claimed + 1, 1.0, &trees, &phi);
            assert!(off > 1e-6, "{} has a higher order: {off:e}", tableau.name);
        }
    }
}

#[test]
fn rows_sum_to_the_times_of_their_stages() {
    for tableau in DirkTableau::all() {
        for (row, c) in matrix(tableau).iter().zip(tableau.c) {
            let sum = row.iter().fold(Number::zero(), |sum, x| sum + *x);
            let off = (sum - c.to()).abs().to_f64().unwrap();
            assert!(off < TOLERANCE, "{}: {off:e}", tableau.name);
        }
    }
}

#[test]
fn dense_output_has_the_order_claimed_in_every_power_of_sigma() {
    for tableau in DirkTableau::all() {
        let a = matrix(tableau);
        let trees = trees(tableau.dense_order());
        let phi = elementary_weights(&trees, &a, &a);
        let polynomials = tableau.dense_polynomials::<Number>();
        for power in 1..=polynomials[0].len() {
            let weights: Vec<Number> = polynomials.iter().map(|row| row[power - 1]).collect();
            for order in 1..=tableau.dense_order() {
                let target = if order == power { 1.0 } else { 0.0 };
                let off = violation(&weights, order, target, &trees, &phi);
                assert!(
                    off < TOLERANCE,
                    "{}: σ^{power}, order {order}: {off:e}",
                    tableau.name
                );
            }
        }
    }
}

/// R(z) = 1 + z b (1 − zA)⁻¹ 1 as a pair of real and imaginary part, by substitution: A is lower triangular.
fn stability(tableau: &DirkTableau, z: (f64, f64)) -> (f64, f64) {
    let z = num(z);
    let s = tableau.stages();
    let mut x = Vec::new();
    for i in 0..s {
        let below = (0..i).fold(num((1.0, 0.0)), |sum, j| {
            let a: f64 = tableau.a(i, j).to();
            sum + z * x[j] * a
        });
        let diagonal: f64 = tableau.a(i, i).to();
        x.push(below / (num((1.0, 0.0)) - z * diagonal));
    }
    let sum = (0..s).fold(num((1.0, 0.0)), |sum, i| {
        let b: f64 = tableau.b(i).to();
        sum + z * x[i] * b
    });
    (sum.re, sum.im)
}

fn num((re, im): (f64, f64)) -> nalgebra::Complex<f64> {
    nalgebra::Complex::new(re, im)
}

#[test]
fn every_method_is_a_stable_and_damps_at_infinity_as_it_says() {
    for tableau in DirkTableau::all() {
        for exponent in -40..40 {
            let y = 10_f64.powf(f64::from(exponent) / 10.0);
            let (re, im) = stability(tableau, (0.0, y));
            assert!(
                re.hypot(im) < 1.0 + 1e-9,
                "{} at {y}i: {}",
                tableau.name,
                re.hypot(im)
            );
        }
        let (damping, _) = stability(tableau, (-1e8, 0.0));
        let claimed = match tableau.name {
            "implicit_midpoint" | "trapezoid" => -1.0,
            "kvaerno4" => 0.7175,
            _ => 0.0,
        };
        assert!(
            (damping - claimed).abs() < 1e-4,
            "{}: {damping}",
            tableau.name
        );
    }
}
