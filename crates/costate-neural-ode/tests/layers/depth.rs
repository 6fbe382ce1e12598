//! Weights that vary with depth.

use costate_neural_ode::function_space::{Basis, Family};
use costate_neural_ode::layer::{Depth, Initializer, Layer, Linear, Mlp};
use costate_neural_ode::train::optimizer::{Lbfgs, Optimizer, Step};
use costate_neural_ode::{Discrete, GradientMethod, Problem, Recorded, VectorField};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Unary, check};
use std::f64::consts::TAU;

fn field(layer: &impl Layer, state: &[usize]) -> Recorded<f64> {
    Recorded::record(state, layer.parameter_len(), |h, t, theta| {
        layer.apply_at(h, t, theta)
    })
    .unwrap()
}

/// f and its three products, at a point.
fn everything(field: &mut Recorded<f64>, theta: &[f64], h: &[f64], t: f64) -> Vec<f64> {
    let n = h.len();
    let (mut dh, mut a_h, mut a_theta) = (vec![0.0; n], vec![0.0; n], vec![0.0; theta.len()]);
    let a: Vec<f64> = (0..n).map(|i| (1.0 + i as f64).sin()).collect();
    let (mut packed_h, mut packed_a) = (vec![0.0; n], vec![0.0; n]);
    field.set_parameters(theta);
    field.pack(h, &mut packed_h);
    field.pack(&a, &mut packed_a);
    field.eval(0, t, &packed_h, &mut dh);
    let a_t = field.products(0, &packed_a, &mut a_h);
    field.accumulate(&[(0, 1.0)]);
    field.finish(&mut a_theta);
    [dh, a_h, vec![a_t], a_theta].concat()
}

#[test]
fn a_constant_basis_is_the_plain_layer_to_the_bit() {
    let net = Mlp::new(&[2, 5, 2], Unary::Tanh);
    let constant = Depth::new(net.clone(), Basis::constant());
    assert_eq!(constant.parameters(), net.parameters());
    let theta = net.initial::<f64>(3);
    assert_eq!(constant.initial::<f64>(3), theta);
    let h: Vec<f64> = (0..6).map(|i| (i as f64).cos()).collect();
    let plain = everything(&mut field(&net, &[3, 2]), &theta, &h, 0.4);
    let series = everything(&mut field(&constant, &[3, 2]), &theta, &h, 0.4);
    assert_eq!(plain.len(), series.len());
    for (plain, series) in plain.iter().zip(&series) {
        assert_eq!(plain.to_bits(), series.to_bits());
    }
}

#[test]
fn the_layer_is_the_plain_one_with_the_parameters_of_that_depth() {
    let net = Mlp::new(&[2, 5, 2], Unary::Tanh);
    for family in Family::ALL {
        let terms = if family == Family::Constant { 1 } else { 4 };
        let depth = Depth::new(net.clone(), Basis::new(family, terms, 0.0, 2.0));
        let theta: Vec<f64> = (0..depth.parameter_len())
            .map(|i| (0.7 * i as f64).sin())
            .collect();
        let h: Vec<f64> = (0..6).map(|i| (i as f64).cos()).collect();
        for t in [0.0, 0.3, 1.7] {
            let series = everything(&mut field(&depth, &[3, 2]), &theta, &h, t);
            let plain = everything(&mut field(&net, &[3, 2]), &depth.at(t, &theta), &h, t);
            for i in 0..12 {
                let off = (series[i] - plain[i]).abs();
                assert!(off < 1e-13, "{family:?} at {t}: {i} is off by {off}");
            }
            // ∂/∂θ_k = φ_k(t) ∂/∂θ
            for (k, value) in depth.basis.values(t).into_iter().enumerate() {
                let len = net.parameter_len();
                for j in 0..len {
                    let off = (series[13 + k * len + j] - value * plain[13 + j]).abs();
                    assert!(off < 1e-13, "{family:?} at {t}: {k}, {j} is off by {off}");
                }
            }
        }
    }
}

#[test]
fn derivatives_by_depth_are_those_of_differences() {
    let depth = Depth::new(Linear::new(2, 2), Basis::fourier(5, 0.0, 1.0));
    let p = [depth.parameter_len()];
    let inputs: [(&str, &[usize]); 3] = [("h", &[3, 2]), ("t", &[]), ("theta", &p)];
    let f = Function::<f64>::record(&inputs, |v| vec![depth.apply_at(v[0], v[1], v[2])]).unwrap();
    let theta: Vec<f64> = (0..p[0]).map(|i| (i as f64).sin()).collect();
    let h = [0.3, -0.2, 1.0, 0.5, 0.1, -0.9];
    for report in check::function(&f, &[&h, &[0.37], &theta]).unwrap() {
        report.assert();
    }
}

#[test]
fn training_begins_with_weights_that_do_not_vary() {
    for family in [
        Family::Fourier,
        Family::Legendre,
        Family::Chebyshev,
        Family::PiecewiseLinear,
    ] {
        let depth = Depth::new(Linear::new(3, 2), Basis::new(family, 4, 0.0, 1.0));
        let plain = Linear::new(3, 2).initial::<f64>(5);
        for t in [0.0, 0.21, 1.0] {
            for (found, plain) in depth.at(t, &depth.initial::<f64>(5)).iter().zip(&plain) {
                assert!((found - plain).abs() < 1e-15, "{family:?}");
            }
        }
    }
}

/// The mean square error of a trained `dh/dt = w(t) h + b(t)` on h₀ exp(∫w) at ten times, and its parameters.
fn learn(basis: Basis, exponent: fn(f64) -> f64) -> (f64, Vec<f64>) {
    let mut linear = Linear::new(1, 1);
    linear.initializer = Initializer::Zeros;
    let layer = Depth::new(linear, basis);
    let options = Options::tolerances(1e-9, 1e-9);
    let h0 = [1.0, -0.5, 2.0];
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut method = Discrete::new(field(&layer, &[3, 1]), &h0.to_vec(), tsit5, options).unwrap();
    let times: Vec<f64> = (1..=10).map(|i| f64::from(i) / 10.0).collect();
    let mut theta = layer.initial::<f64>(0);
    let mut optimizer = Lbfgs::new(theta.len());
    for _ in 0..100 {
        let problem = Problem {
            h0: &h0,
            theta: &theta,
            t0: 0.0,
            t1: 1.0,
            save_at: &times,
        };
        let gradient = method
            .gradient(&problem, &mut |saved, cotangents| {
                let mut loss = 0.0;
                for (i, t) in times.iter().enumerate() {
                    for (j, start) in h0.iter().enumerate() {
                        let off = saved.state(i)[j] - start * exponent(*t).exp();
                        loss += off * off / 30.0;
                        cotangents.state_mut(i)[j] = off / 15.0;
                    }
                }
                loss
            })
            .unwrap();
        let (loss, gradient) = (gradient.loss, gradient.theta.clone());
        if let Step::Finished(_) = optimizer.step(&mut theta, loss, &gradient) {
            return (loss, theta);
        }
    }
    panic!("no end after 100 steps with {basis:?}");
}

#[test]
fn a_target_that_needs_weights_of_depth_is_learned_with_few_terms_and_not_without() {
    // w(t) = 3 cos τt: h = h₀ exp(3 sin(τt)/τ) comes back to h₀, which constant weights cannot do.
    let wave: fn(f64) -> f64 = |t| 3.0 * (TAU * t).sin() / TAU;
    let (error, theta) = learn(Basis::fourier(3, 0.0, 1.0), wave);
    assert!(error < 1e-10, "{error}");
    // w, b of 1, cos τt, sin τt
    for (found, exact) in theta.iter().zip([0.0, 0.0, 3.0, 0.0, 0.0, 0.0]) {
        assert!((found - exact).abs() < 1e-3, "{theta:?}");
    }
    let (without, _) = learn(Basis::constant(), wave);
    assert!(without > 0.1, "{without}");

    // w(t) = 3 − 6t, a polynomial: −3 s.
    let hill: fn(f64) -> f64 = |t| 3.0 * t * (1.0 - t);
    for basis in [
        Basis::legendre(2, 0.0, 1.0),
        Basis::piecewise_linear(2, 0.0, 1.0),
    ] {
        let (error, _) = learn(basis, hill);
        assert!(error < 1e-10, "{error}");
    }
    let (without, _) = learn(Basis::constant(), hill);
    assert!(without > 0.05, "{without}");
}
