//! Weights that vary with depth: points that turn now one way and now the other, which one W for all depths cannot do and three terms of a Fourier series can.
//!
//!     cargo run --release -p costate-neural-ode --example depth_varying

use costate_neural_ode::function_space::Basis;
use costate_neural_ode::layer::{Depth, Layer, Linear};
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::observations::Observations;
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::pipeline::discrete;
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use std::f64::consts::TAU;
use std::ops::ControlFlow::Continue;

/// How fast the points turn at depth t, and by how much they have turned.
fn turning(t: f64) -> [f64; 2] {
    let (sin, cos) = (TAU * t).sin_cos();
    [2.0 + 6.0 * cos, 2.0 * t + 6.0 * sin / TAU]
}

/// Fits dh/dt = W(t) h + b(t) with every entry in this basis; the mean square error, and W₂₁ at some depths, which should be how fast the points turn.
fn learn(basis: Basis, depths: &[f64]) -> Result<(f64, Vec<f64>), Error> {
    let h0 = [1.0, 0.0, 0.0, 0.5, -0.7, 0.2];
    let mut seen = Observations::new(3, 2);
    for i in 1..=20 {
        let t = 0.05 * f64::from(i);
        let (sin, cos) = turning(t)[1].sin_cos();
        for (b, h) in h0.chunks(2).enumerate() {
            seen.push(b, t, &[cos * h[0] - sin * h[1], sin * h[0] + cos * h[1]]);
        }
    }
    let layer = Depth::new(Linear::new(2, 2), basis);
    let parameters = layer.parameter_len();
    let field = Recorded::record(&[3, 2], parameters, |h, t, theta| {
        layer.apply_at(h, t, theta)
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-8, 1e-8));
    let mut method = discrete(field, tsit5, options)?;
    let mut training = Training::new(vec![0.0; parameters], Lbfgs::new(parameters));
    training.run(
        &Recipe::of(300),
        |_, theta, g| seen.gradient(method.as_mut(), Loss::Squares, (&h0, 0.0), theta, g),
        |_| Continue(()),
    );
    let last = training.history.last().expect("an iteration");
    let found = depths.iter().map(|t| layer.at(*t, &training.theta)[2]);
    Ok((last.loss, found.collect()))
}

fn main() -> Result<(), Error> {
    let depths = [0.0, 0.25, 0.5, 0.75, 1.0];
    let (constant, _) = learn(Basis::constant(), &depths)?;
    let (series, found) = learn(Basis::fourier(3, 0.0, 1.0), &depths)?;
    println!("mean square error: {constant:.1e} with one W, {series:.1e} with three terms");
    for (t, found) in depths.iter().zip(&found) {
        let exact = turning(*t)[0];
        println!("W₂₁({t}) = {found:.4}, and the points turn at {exact:.4}");
        assert!((found - exact).abs() < 1e-3);
    }
    assert!(constant > 1e-2 && series < 1e-8);
    Ok(())
}
