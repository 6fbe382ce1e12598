//! A latent ODE: a recurrent encoder reads noisy observations backwards, a code is drawn, an ODE carries it on, a decoder says what is seen. Trained by the evidence lower bound.
//!
//!     cargo run --release -p costate-neural-ode --example latent_ode

use costate_neural_ode::layer::{Gru, Layer, Linear, Mlp, pieces};
use costate_neural_ode::train::loss::recorded::{gaussian, kl_standard_normal, normal_sample};
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Scalar, Unary, Var};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::StandardNormal;
use std::ops::ControlFlow::Continue;

const B: usize = 16;
const CODE: usize = 3;
const HIDDEN: usize = 16;
/// What is seen, the first 10 times, and what is to be foretold.
const TIMES: usize = 16;
const NOISE: f64 = 0.1;
const DATA: usize = TIMES * B + B * CODE;

/// Waves of any phase seen with noise, `[TIMES, B]`, and noise for the codes.
fn batch(seed: u64, noise: f64) -> Vec<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let phases: [f64; B] = std::array::from_fn(|_| 6.3 * random.random::<f64>());
    let wave = |i: usize| (0.6 * (i / B) as f64 + phases[i % B]).sin();
    let mut normal = |std: f64| std * random.sample::<f64, _>(StandardNormal);
    let seen: Vec<f64> = (0..TIMES * B).map(|i| wave(i) + normal(noise)).collect();
    [seen, (0..B * CODE).map(|_| normal(1.0)).collect()].concat()
}

fn main() -> Result<(), Error> {
    let (gru, to_code) = (Gru::new(1, HIDDEN), Linear::new(HIDDEN, 2 * CODE));
    let net = Mlp::new(&[CODE, 16, CODE], Unary::Tanh);
    let decoder = Mlp::new(&[CODE, 16, 1], Unary::Tanh);
    let encoder = [gru.initial::<f64>(1), to_code.initial(2)];
    let start = [encoder, [net.initial(3), decoder.initial(4)]].concat();
    let lengths: Vec<usize> = start.iter().map(Vec::len).collect();
    let parameters = lengths.iter().sum();

    let field = Recorded::record(&[B, CODE], parameters, |z, _t, theta| {
        net.apply(z, pieces(theta, &lengths)[2])
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-4, 1e-4));
    let mut model = Pipeline::record(
        discrete(field, tsit5, options)?,
        Sizes::new(DATA, parameters, B * CODE, TIMES),
        |data, theta| {
            let (theta, mut h) = (pieces(theta, &lengths), data.full(0.0, [B, HIDDEN]));
            for i in (0..10).rev() {
                let x = data.slice(0, i * B..(i + 1) * B).reshape([B, 1]);
                h = gru.step(x, h, theta[0]);
            }
            let code = to_code.apply(h, theta[1]);
            let (mean, ln_std) = (code.slice(1, 0..CODE), code.slice(1, CODE..2 * CODE));
            let noise = data.slice(0, TIMES * B..DATA).reshape([B, CODE]);
            let z = normal_sample(mean, ln_std, noise).reshape([B * CODE]);
            Var::concat(&[z, kl_standard_normal(mean, ln_std).reshape([1])], 0)
        },
        |saved, data, theta| {
            let z = saved.reshape([TIMES * B, CODE]);
            let seen = data.slice(0, 0..TIMES * B).reshape([TIMES * B, 1]);
            let mean = decoder.apply(z, pieces(theta, &lengths)[3]);
            gaussian(mean, Var::from_f64(NOISE.ln()), seen)
        },
    )?;

    let times: Vec<f64> = (0..TIMES).map(|i| 0.3 * i as f64).collect();
    let span = (0.0, times[TIMES - 1], times.as_slice());
    let mut training = Training::new(start.concat(), Adam::new(0.01));
    training.run(
        &Recipe::of(600),
        |k, theta, g| model.gradient(span, &batch(k, NOISE), theta, g),
        |_| Continue(()),
    );

    // New waves: what comes after the times that the encoder has read, without noise
    let z = model.states(span, &batch(1 << 40, NOISE), &training.theta)?;
    let inputs: [(&str, &[usize]); 2] = [("z", &[TIMES * B, CODE]), ("theta", &[parameters])];
    let decode = Function::record(&inputs, |v| {
        vec![decoder.apply(v[0], pieces(v[1], &lengths)[3])]
    })?;
    let found = &decode.eval(&[z.values(), &training.theta])?[0];
    let later = (10 * B..TIMES * B).map(|i| (found[i] - batch(1 << 40, 0.0)[i]).powi(2));
    let rmse = (later.sum::<f64>() / (6 * B) as f64).sqrt();
    println!("root mean square error of what is foretold: {rmse:.3}; of zero: 0.707");
    println!("   t   foretold   the first wave itself");
    for i in 10..TIMES {
        println!(
            "{:.1}   {:8.3}   {:8.3}",
            times[i],
            found[i * B],
            batch(1 << 40, 0.0)[i * B]
        );
    }
    assert!(rmse < 0.25);
    Ok(())
}
