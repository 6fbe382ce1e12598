//! Every degree by itself.

use super::*;
use crate::{Integrator, Options, Stats};
use costate_problems::{DoubleDouble as Number, Rows, elementary_weights, trees, violation};
use num_traits::{One, ToPrimitive};

/// Stages of a degree as a Runge–Kutta method, f(t + h, y₁) the last of them: its rows of a, and b_err.
fn stages(tableau: &RockTableau, index: usize) -> (Rows, Vec<Number>) {
    let m = usize::from(tableau.degrees[index]);
    let n = m + tableau.last + 1;
    let number = |x: &f64| Number::new(*x);
    let (first, rest) = tableau.recurrence(index).split_first().unwrap();
    let mut before = vec![Number::new(0.0); n];
    let mut state = before.clone();
    state[0] = number(first);
    let mut a = vec![before.clone()];
    for (i, pair) in rest.chunks_exact(2).enumerate() {
        a.push(state.clone());
        let [mu, kappa] = [number(&pair[0]), number(&pair[1])];
        let mut next: Vec<Number> = (0..n)
            .map(|j| state[j] + kappa * (state[j] - before[j]))
            .collect();
        next[i + 1] = next[i + 1] + mu;
        before = std::mem::replace(&mut state, next);
    }
    let [lower, b, b_err] = tableau.last_stages::<Number>(index);
    let mut lower = &lower[..];
    for j in 0..tableau.last {
        let (row, more) = lower.split_at(j);
        let mut stage = state.clone();
        stage[m..m + j].copy_from_slice(row);
        a.push(stage);
        lower = more;
    }
    state[m..m + tableau.last].copy_from_slice(&b);
    a.push(state);
    let mut error = vec![Number::new(0.0); n];
    error[m..m + b_err.len()].copy_from_slice(&b_err);
    (a, error)
}

#[test]
fn every_degree_meets_the_order_conditions_of_solution_and_embedded_one() {
    for tableau in RockTableau::all() {
        for index in 0..tableau.degrees.len() {
            let (a, error) = stages(tableau, index);
            let b = a[a.len() - 1].clone();
            let embedded: Vec<Number> = b.iter().zip(&error).map(|(b, e)| *b - *e).collect();
            for (weights, claimed) in [(b, tableau.order), (embedded, tableau.embedded_order)] {
                let trees = trees(claimed + 1);
                let phi = elementary_weights(&trees, |_, _| &a);
                for order in 1..=claimed {
                    let off = violation(&weights, order, 1.0, &trees, &phi);
                    let name = (tableau.name, tableau.degrees[index]);
                    assert!(off < 1e-13, "{name:?}: order {order} is missed by {off:e}");
                }
                let off = violation(&weights, claimed + 1, 1.0, &trees, &phi);
                assert!(off > 1e-5, "{} has a higher order: {off:e}", tableau.name);
            }
        }
    }
}

/// R(z) of a degree, by its recurrence.
fn stability(tableau: &RockTableau, index: usize, z: f64) -> f64 {
    let z = Number::new(z);
    let (first, rest) = tableau.recurrence(index).split_first().unwrap();
    let (mut before, mut u) = (Number::one(), Number::one() + z * Number::new(*first));
    for pair in rest.chunks_exact(2) {
        let [mu, kappa] = [Number::new(pair[0]), Number::new(pair[1])];
        let next = u + kappa * (u - before) + z * mu * u;
        before = std::mem::replace(&mut u, next);
    }
    let [lower, b, _] = tableau.last_stages::<Number>(index);
    let (mut lower, mut k) = (&lower[..], Vec::new());
    for j in 0..tableau.last {
        let (row, more) = lower.split_at(j);
        let sum = row.iter().zip(&k).fold(u, |sum, (a, k)| sum + *a * *k);
        k.push(z * sum);
        lower = more;
    }
    let end = b.iter().zip(&k).fold(u, |sum, (b, k)| sum + *b * *k);
    end.to_f64().unwrap()
}

#[test]
fn every_degree_is_stable_along_the_negative_axis_as_far_as_it_says_and_damps_there() {
    for tableau in RockTableau::all() {
        for index in 0..tableau.degrees.len() {
            let stages = usize::from(tableau.degrees[index]) + tableau.last;
            let end = tableau.reach * (stages * stages) as f64 - tableau.offset;
            let mut largest = 0.0_f64;
            for i in 1..=2000 {
                let z = -end * f64::from(i) / 2000.0;
                let r = stability(tableau, index, z).abs();
                assert!(
                    r <= 1.0,
                    "{} with {stages} stages: R({z}) = {r}",
                    tableau.name
                );
                if z < -0.1 * end {
                    largest = largest.max(r);
                }
            }
            assert!(
                largest < 0.99,
                "{} with {stages} stages: {largest}",
                tableau.name
            );
        }
    }
}

#[test]
fn the_stages_taken_are_the_fewest_that_are_stable_and_the_solution_is_that_of_their_polynomial() {
    for tableau in RockTableau::all() {
        for product in [0.5, 30.0, 500.0, 5000.0] {
            let field = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -product * y[0];
            let engine = Rock::new(tableau, &[1.0]);
            let options = Options::constant_step(1.0);
            let mut it = Integrator::with_engine(engine, field, 0.0, &[1.0], options).unwrap();
            it.force_step(1.0);
            let (found, radius) = (it.engine().stages(), it.engine().spectral_radius());
            assert!(
                (radius / product - 1.2).abs() < 1e-3,
                "{radius} for {product}"
            );
            assert_eq!(Some(found), tableau.stages(1.2 * product));
            let index = tableau.degree(radius).unwrap();
            let expected = stability(tableau, index, -product);
            assert!(
                (it.y()[0] - expected).abs() < 1e-9,
                "{} {product}",
                tableau.name
            );
        }
    }
}

#[test]
fn an_estimate_is_kept_for_a_while_and_a_given_bound_is_taken_as_it_is() {
    let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-40.0 * y[0], -y[1]];
    let tableau = RockTableau::all()[0];
    let count = |steps: usize, given: bool| -> Stats {
        let options = Options::constant_step(0.01);
        let y0 = [1.0, 1.0];
        let system = crate::WithSpectralRadius::new(field, |_t: f64, _y: &[f64; 2]| 40.0);
        let engine = Rock::new(tableau, &y0);
        if given {
            let mut it = Integrator::with_engine(engine, system, 0.0, &y0, options).unwrap();
            (0..steps).for_each(|_| it.force_step(0.01));
            return *it.stats();
        }
        let mut it = Integrator::with_engine(engine, field, 0.0, &y0, options).unwrap();
        (0..steps).for_each(|_| it.force_step(0.01));
        *it.stats()
    };
    let stages = tableau.stages(0.4).unwrap();
    assert_eq!(count(50, true).nfe, 50 * stages);
    let (first, many, again) = (count(1, false), count(25, false), count(26, false));
    assert_eq!(many.nfe, first.nfe + 24 * stages);
    assert!(again.nfe > many.nfe + stages, "{again:?}");
}
