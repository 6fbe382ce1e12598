//! What a neural ODE cannot do: g(x) = −x in one dimension. Paths of one dimension never cross; with one more dimension, which begins at zero, they need not.
//!
//!     cargo run --release -p costate-neural-ode --example augmented

use costate_neural_ode::Recorded;
use costate_neural_ode::layer::{ConcatTime, Layer, Mlp};
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_ode::{Options, tableau};
use costate_tape::Unary;
use std::ops::ControlFlow::Continue;

const SAMPLES: usize = 9;

/// Trains with so many dimensions; the mean square error, and what becomes of x.
fn learn(dimensions: usize, x: &[f64]) -> Result<(f64, Vec<f64>), costate_neural_ode::Error> {
    let net = ConcatTime(Mlp::new(&[dimensions + 1, 16, dimensions], Unary::Tanh));
    let parameters = net.parameter_len();
    let field = Recorded::record(&[SAMPLES, dimensions], parameters, |h, t, theta| {
        net.apply_at(h, t, theta)
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-6, 1e-6));
    let method = discrete(field, tsit5, options)?;
    let sizes = Sizes::new(SAMPLES, parameters, SAMPLES * dimensions, 1);
    let mut model = Pipeline::record(
        method,
        sizes,
        // x, and zeros beside it
        |x, _theta| x.reshape([SAMPLES, 1]).pad(1, 0, dimensions),
        |h, x, _theta| {
            let off = h.reshape([SAMPLES, dimensions]).slice(1, 0..1) + x.reshape([SAMPLES, 1]);
            (off * off).mean()
        },
    )?;
    let mut training = Training::new(net.initial(1), Lbfgs::new(parameters));
    let recipe = Recipe::of(200);
    training.run(
        &recipe,
        |_, theta, g| model.gradient((0.0, 1.0, &[]), x, theta, g),
        |_| Continue(()),
    );
    let error = model.gradient(
        (0.0, 1.0, &[]),
        x,
        &training.theta,
        &mut vec![0.0; parameters],
    )?;
    let ends = model.states((0.0, 1.0, &[]), x, &training.theta)?;
    Ok((
        error,
        ends.state(0).iter().step_by(dimensions).copied().collect(),
    ))
}

fn main() -> Result<(), costate_neural_ode::Error> {
    let x: Vec<f64> = (0..SAMPLES).map(|i| -1.0 + 0.25 * i as f64).collect();
    let mean_square = x.iter().map(|x| x * x).sum::<f64>() / SAMPLES as f64;

    let (plain, one) = learn(1, &x)?;
    println!("one dimension:  mean square error {plain:.5}");
    // Order is kept, so the best is to send everything to one place: the error of the constant 0.
    assert!(one.windows(2).all(|pair| pair[0] < pair[1] + 1e-4));
    assert!(plain > 0.9 * mean_square);

    let (augmented, two) = learn(2, &x)?;
    println!("two dimensions: mean square error {augmented:.5}");
    assert!(two.windows(2).all(|pair| pair[0] > pair[1]));
    assert!(augmented < 1e-3);

    println!("    x    becomes in one, in two dimensions");
    for ((x, one), two) in x.iter().zip(one).zip(two) {
        println!("{x:5.2}    {one:14.4} {two:7.4}");
    }
    Ok(())
}
