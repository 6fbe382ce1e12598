//! A classifier with a convolutional field: image → channels → dh/dt = conv(h, t) → means → classes. Bars in noise, lying, standing or none.
//!
//!     cargo run --release -p costate-neural-ode --example classifier

use costate_neural_ode::layer::{Activation, ConcatTime, Conv2d, Layer, Linear, MeanPool, pieces};
use costate_neural_ode::train::loss::recorded::cross_entropy;
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::ops::ControlFlow::Continue;

const B: usize = 12;
const SIDE: usize = 8;
const CHANNELS: usize = 4;
const CLASSES: usize = 3;
const PIXELS: usize = B * SIDE * SIDE;
const DATA: usize = PIXELS + B * CLASSES;

/// A batch of images, and behind them a 1 for the class of each.
fn batch(seed: u64) -> Vec<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut data = vec![0.0; DATA];
    for b in 0..B {
        let [class, place] = [0..CLASSES, 1..SIDE - 1].map(|range| random.random_range(range));
        for i in 0..SIDE {
            for j in 0..SIDE {
                let bar = (class == 0 && i == place) || (class == 1 && j == place);
                data[(b * SIDE + i) * SIDE + j] = f64::from(bar) + random.random::<f64>() - 0.5;
            }
        }
        data[PIXELS + b * CLASSES + class] = 1.0;
    }
    data
}

fn main() -> Result<(), Error> {
    let (stem, readout) = (
        Conv2d::new(1, CHANNELS, 3),
        Linear::new(CHANNELS * 4, CLASSES),
    );
    let net = (
        ConcatTime(Conv2d::new(CHANNELS + 1, CHANNELS, 3)),
        Activation(Unary::Tanh),
        Conv2d::new(CHANNELS, CHANNELS, 3),
    );
    let pool = MeanPool { size: SIDE / 2 };
    let lengths = [
        stem.parameter_len(),
        net.parameter_len(),
        readout.parameter_len(),
    ];
    let parameters = lengths.iter().sum();
    let shape = [B, CHANNELS, SIDE, SIDE];

    let field = Recorded::record(&shape, parameters, |h, t, theta| {
        net.apply_at(h, t, pieces(theta, &lengths)[1])
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-3, 1e-3));
    let mut model = Pipeline::record(
        discrete(field, tsit5, options)?,
        Sizes::new(DATA, parameters, PIXELS * CHANNELS, 1),
        |data, theta| {
            let images = data.slice(0, 0..PIXELS).reshape([B, 1, SIDE, SIDE]);
            stem.apply(images, pieces(theta, &lengths)[0])
        },
        |saved, data, theta| {
            let means = pool.apply(saved.reshape(shape).relu(), theta);
            let logits =
                readout.apply(means.reshape([B, CHANNELS * 4]), pieces(theta, &lengths)[2]);
            cross_entropy(logits, data.slice(0, PIXELS..DATA).reshape([B, CLASSES]))
        },
    )?;

    let start = [stem.initial::<f64>(1), net.initial(2), readout.initial(3)].concat();
    let mut training = Training::new(start, Adam::new(0.02));
    let span = (0.0, 1.0, [].as_slice());
    training.run(
        &Recipe::of(100),
        |k, theta, g| model.gradient(span, &batch(k), theta, g),
        |_| Continue(()),
    );

    // New images: exp(−loss) is the probability that the right class is given, in the geometric mean.
    let mut unused = vec![0.0; parameters];
    let mut new =
        |k: u64| model.gradient(span, &batch(1_000_000 + k), &training.theta, &mut unused);
    let loss = (0..10).map(&mut new).sum::<Result<f64, Error>>()? / 10.0;
    println!("iteration   cross-entropy");
    for (k, record) in training.history.iter().enumerate().step_by(20) {
        println!("{k:9}   {:13.4}", record.loss);
    }
    println!("new images  {loss:13.4}, a guess {:.4}", 3.0_f64.ln());
    assert!(loss < 0.1);
    Ok(())
}
