//! Every method against gradients that are formulas.

use costate_neural_ode::gradient::{METHODS, by_name};
use costate_neural_ode::{
    Gradient, Integral, Native, Problem, Recorded, RightHandSide, VectorField,
};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Scalar};
use nalgebra::{DMatrix, DVector};

/// The gradient of Σ w h(t₁) by the method called `name`.
fn gradient<F: VectorField<f64>>(
    name: &str,
    field: F,
    (h0, theta): (&[f64], &[f64]),
    t1: f64,
    weights: &[f64],
) -> Gradient<f64> {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-12, 1e-12);
    let mut method = by_name(name, field, &h0.to_vec(), tsit5, options).unwrap();
    let problem = Problem {
        h0,
        theta,
        t0: 0.0,
        t1,
        save_at: &[],
    };
    let found = method.gradient(&problem, &mut |saved, cotangents| {
        cotangents.state_mut(0).copy_from_slice(weights);
        saved.state(0).iter().zip(weights).map(|(h, w)| h * w).sum()
    });
    found.unwrap().clone()
}

#[track_caller]
fn close(title: &str, found: f64, expected: f64) {
    let off = (found - expected).abs();
    assert!(
        off < 1e-8 * expected.abs().max(1.0),
        "{title}: {found} instead of {expected}, off by {off:e}"
    );
}

/// dh/dt = A h, all of A a parameter: ∂(w·e^{A t} h₀)/∂A along E is w·L(A t, E t) h₀, with Fréchet's derivative L of the exponential, the upper right block of
/// the exponential of ((A, E), (0, A)).
#[test]
fn linear_systems_have_the_frechet_derivative_of_the_exponential() {
    for n in [1, 2, 5] {
        let field = Recorded::record(&[n], n * n, |h, _t, theta| {
            theta.reshape([n, n]).matmul(h.reshape([n, 1])).reshape([n])
        });
        let field = field.unwrap();
        let number = |i: usize| (1.0 + 1.7 * i as f64).sin();
        let a = DMatrix::from_fn(n, n, |i, j| number(n * i + j));
        let theta: Vec<f64> = (0..n * n).map(number).collect();
        let h0: Vec<f64> = (0..n).map(|i| number(i + 40)).collect();
        let weights: Vec<f64> = (0..n).map(|i| number(i + 60)).collect();
        let (h, w) = (
            DVector::from_column_slice(&h0),
            DVector::from_column_slice(&weights),
        );
        for t1 in [1.3, -0.9] {
            let flow = (&a * t1).exp();
            for about in &METHODS {
                let found = gradient(about.name, field.clone(), (&h0, &theta), t1, &weights);
                let title = format!("{}, {n} states to {t1}", about.name);
                close(&title, found.loss, w.dot(&(&flow * &h)));
                let by_h0 = flow.transpose() * &w;
                for i in 0..n {
                    close(&title, found.h0[i], by_h0[i]);
                }
                for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                    let mut both = DMatrix::zeros(2 * n, 2 * n);
                    both.view_mut((0, 0), (n, n)).copy_from(&(&a * t1));
                    both.view_mut((n, n), (n, n)).copy_from(&(&a * t1));
                    both[(i, n + j)] = t1;
                    let along = both.exp().view((0, n), (n, n)).into_owned();
                    close(&title, found.theta[n * i + j], w.dot(&(along * &h)));
                }
                close(&title, found.t1, w.dot(&(&a * &flow * &h)));
                close(&title, found.t0, -w.dot(&(&flow * &a * &h)));
            }
        }
    }
}

#[derive(Clone)]
struct Logistic;

impl RightHandSide<1, 2> for Logistic {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [rate, most]: [S; 2]) -> [S; 1] {
        [rate * h * (S::from_f64(1.0) - h / most)]
    }
}

/// h(t) = K h₀ / (h₀ + (K − h₀) e^{−r t}).
#[test]
fn logistic_growth_has_the_derivatives_of_its_formula() {
    let (r, most, start, t) = (0.8_f64, 3.0_f64, 0.4_f64, 2.5_f64);
    let fall = (-r * t).exp();
    let below = start + (most - start) * fall;
    let end = most * start / below;
    for about in &METHODS {
        let field: Native<_, f64, 1, 2> = Native::new(Logistic);
        let found = gradient(about.name, field, (&[start], &[r, most]), t, &[1.0]);
        close(about.name, found.loss, end);
        close(
            about.name,
            found.theta[0],
            end * (most - start) * t * fall / below,
        );
        close(
            about.name,
            found.theta[1],
            start * start * (1.0 - fall) / (below * below),
        );
        close(
            about.name,
            found.h0[0],
            most * most * fall / (below * below),
        );
    }
}

/// dh/dt = −k h: ∫ c h² dt = c h₀² (1 − e^{−2 k t}) / (2 k).
#[test]
fn an_integral_cost_has_its_known_answer() {
    let (k, c, start, t) = (0.6_f64, 1.7_f64, 1.3_f64, 2.0_f64);
    let field = Recorded::record(&[1], 2, |h, _t, theta| -theta.index(0) * h).unwrap();
    let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[2])];
    let cost = Function::record(&inputs, |v| vec![(v[0] * v[0]).sum() * v[2].index(1)]);
    let field = Integral::new(field, &cost.unwrap()).unwrap();
    let fall = (-2.0 * k * t).exp();
    let whole = c * start * start * (1.0 - fall) / (2.0 * k);
    for about in &METHODS {
        let found = gradient(
            about.name,
            field.clone(),
            (&[start, 0.0], &[k, c]),
            t,
            &[0.0, 1.0],
        );
        close(about.name, found.loss, whole);
        close(about.name, found.theta[1], whole / c);
        close(
            about.name,
            found.theta[0],
            c * start * start * t * fall / k - whole / k,
        );
        close(about.name, found.h0[0], 2.0 * whole / start);
        close(about.name, found.t1, c * start * start * fall);
    }
}
