//! A neural controlled equation: dh/dt = F(h) dX/dt, driven by a path X through irregular, noisy observations. It learns which way round a spiral was drawn.
//!
//!     cargo run --release -p costate-neural-ode --example controlled

use costate_neural_ode::function_space::Basis;
use costate_neural_ode::layer::{Layer, Linear, Mlp, pieces};
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Dual, Scalar, Unary};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::ops::ControlFlow::Continue;

const B: usize = 16;
const H: usize = 4;
/// Polynomials of degree 5 through 14 observations of two components
const TERMS: usize = 6;
const PATHS: usize = B * 2 * TERMS;

/// Coefficients of the paths `[B · 2, TERMS]`, and for each path 1 for a turn to the left, 0 for one to the right.
fn batch(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut paths, mut left) = (Vec::new(), Vec::new());
    for _ in 0..B {
        left.push(f64::from(random.random::<bool>()));
        let (speed, phase) = (
            8.0 * left[left.len() - 1] - 4.0,
            6.3 * random.random::<f64>(),
        );
        let mut time = |i: u32| (f64::from(i) + random.random::<f64>()) / 14.0;
        let times: Vec<f64> = (0..14).map(&mut time).collect();
        for shift in [0.0, 0.5 * std::f64::consts::PI] {
            let mut noise = || 0.2 * random.random::<f64>() - 0.1;
            let seen = times
                .iter()
                .map(|t| (speed * t + phase - shift).cos() * (0.5 + t) + noise());
            let fit = Basis::legendre(TERMS, 0.0, 1.0).fit(&times, &seen.collect::<Vec<_>>());
            paths.extend(fit.expect("fourteen different times").coefficients);
        }
    }
    (paths, left)
}

fn main() -> Result<(), Error> {
    let (net, readout) = (Mlp::new(&[H, 16, 2 * H], Unary::Tanh), Linear::new(H, 1));
    let lengths = [net.parameter_len(), readout.parameter_len(), PATHS];
    let (p, parameters) = (lengths[0] + lengths[1], lengths.iter().sum());

    // The paths lie behind the weights in θ, where the optimiser does not reach.
    let field = Recorded::record(&[B, H], parameters, |h, t, theta| {
        let theta = pieces(theta, &lengths);
        // dX/dt = Σ c_k dφ_k/dt, the slopes by dual numbers
        let functions = Basis::legendre(TERMS, 0.0, 1.0).values(Dual::<_, 1>::variable(t, 0));
        let paths = theta[2].reshape([B * 2, TERMS]);
        let terms = functions.iter().enumerate();
        let slopes = terms.map(|(k, function)| paths.slice(1, k..k + 1) * function.tangent[0]);
        let dx = slopes.reduce(|sum, term| sum + term).expect("a term");
        let f = net.apply(h, theta[0]).tanh().reshape([B, H, 2]);
        (f * dx.reshape([B, 1, 2])).sum_axis(2)
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-4, 1e-4));
    let mut model = Pipeline::record(
        discrete(field, tsit5, options)?,
        Sizes::new(B, parameters, B * H, 1),
        |left, _theta| left.full(0.0, [B * H]),
        // −ln of the probability σ(±z) of the right turn
        |saved, left, theta| {
            let h = saved.reshape([B, H]);
            let z = readout.apply(h, pieces(theta, &lengths)[1]).reshape([B]);
            (z.softplus() - z * left).mean()
        },
    )?;
    let mut loss = |k: u64, weights: &[f64], gradient: &mut [f64]| {
        let (paths, left) = batch(k);
        let (theta, mut all) = ([weights, &paths].concat(), vec![0.0; parameters]);
        let loss = model.gradient((0.0, 1.0, &[]), &left, &theta, &mut all)?;
        gradient.copy_from_slice(&all[..p]);
        Ok::<f64, Error>(loss)
    };
    let start = [net.initial::<f64>(1), readout.initial(2)].concat();
    let mut training = Training::new(start, Adam::new(0.02));
    training.run(&Recipe::of(500), &mut loss, |_| Continue(()));

    let mut unused = vec![0.0; p];
    let losses = (0..10).map(|k| loss(1_000_000 + k, &training.theta, &mut unused));
    let mean = losses.sum::<Result<f64, Error>>()? / 10.0;
    println!("iteration    −ln p of the right turn");
    for (k, record) in training.history.iter().enumerate().step_by(100) {
        println!("{k:9}    {:.4}", record.loss);
    }
    println!("new spirals  {mean:.4}, a guess 0.6931");
    assert!(mean < 0.05);
    Ok(())
}
