//! A continuous normalising flow learns the density of points on two moons, from samples, by the exact log-likelihood.
//!
//!     cargo run --release -p costate-neural-ode --example normalising_flow

use costate_neural_ode::flow::{self, Trace};
use costate_neural_ode::layer::{ConcatTime, Layer, Mlp};
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Unary};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::StandardNormal;
use std::f64::consts::{PI, TAU};
use std::ops::ControlFlow::Continue;

const B: usize = 64;
/// A cell of the grid over which densities are summed.
const CELL: f64 = 0.125;

/// Points on two half circles that reach into each other, with noise.
fn moons(seed: u64) -> Vec<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut point = |b: usize| {
        let (sin, cos) = (PI * random.random::<f64>()).sin_cos();
        let centre = if b < B / 2 {
            [cos - 0.5, sin - 0.25]
        } else {
            [0.5 - cos, 0.25 - sin]
        };
        centre.map(|x| x + 0.15 * random.sample::<f64, _>(StandardNormal))
    };
    (0..B).flat_map(&mut point).collect()
}

/// −ln p of a batch, on average, as a function of the points, of θ, and of noise behind θ for an estimated trace.
fn model<'m>(net: &impl Layer, trace: &Trace) -> Result<Pipeline<'m, f64>, Error> {
    let p = net.parameter_len();
    let inputs: [(&str, &[usize]); 3] = [("x", &[B, 2]), ("t", &[]), ("theta", &[p + 2 * B])];
    let f = Function::record(&inputs, |v| {
        vec![net.apply_at(v[0], v[1], v[2].slice(0, 0..p))]
    })?;
    let field = Recorded::new(&flow::with_log_density(&f, trace))?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-5, 1e-5));
    Pipeline::record(
        discrete(field, tsit5, options)?,
        Sizes::new(2 * B, p + 2 * B, 3 * B, 1),
        |x, _theta| x.reshape([B, 2]).pad(1, 0, 3), // and ℓ = 0
        |h, _x, _theta| {
            let h = h.reshape([B, 3]);
            let ln_p = flow::standard_normal(h.slice(1, 0..2)) - h.slice(1, 2..3).reshape([B]);
            -ln_p.mean()
        },
    )
}

fn main() -> Result<(), Error> {
    let net = ConcatTime(Mlp::new(&[3, 24, 2], Unary::Tanh));
    let p = net.parameter_len();
    let mut exact = model(&net, &Trace::Exact)?;
    let back = (1.0, 0.0, [].as_slice()); // from data to the normal density
    let theta = [net.initial(2), vec![0.0; 2 * B]].concat();
    let mut training = Training::new(theta, Adam::new(0.02));
    let fit = |k: u64, theta: &[f64], g: &mut [f64]| exact.gradient(back, &moons(k), theta, g);
    training.run(&Recipe::of(250), fit, |_| Continue(()));
    let theta = &mut training.theta;

    let (mut test, mut unused) = (0.0, vec![0.0; theta.len()]);
    for k in 0..8 {
        test += exact.gradient(back, &moons(1_000_000 + k), theta, &mut unused)? / 8.0;
    }
    // ∫ p over the square from −4 to 4, row by row of cells, and a picture of its middle
    let mut total = 0.0;
    for i in (0..B).rev() {
        let middle = |k: usize| CELL * (k as f64 + 0.5) - 4.0;
        let row: Vec<f64> = (0..B).flat_map(|j| [middle(j), middle(i)]).collect();
        let mut line = String::new();
        for h in exact.states(back, &row, theta)?.state(0).chunks(3) {
            let p = (-0.5 * (h[0] * h[0] + h[1] * h[1]) - h[2]).exp() / TAU;
            total += CELL * CELL * p;
            line.push([' ', '.', ':', '+', '#'][((12.0 * p) as usize).min(4)]);
        }
        if i % 2 == 0 && (22..42).contains(&i) {
            println!("{}", &line[12..52]);
        }
    }
    // The estimated trace, with a new noise of ±1 each time
    let (mut random, points) = (Xoshiro256PlusPlus::seed_from_u64(9), moons(1_000_000));
    let mut estimate = model(&net, &Trace::Hutchinson(p..p + 2 * B))?;
    let (mut mean, truth) = (0.0, exact.gradient(back, &points, theta, &mut unused)?);
    for _ in 0..50 {
        theta[p..].fill_with(|| if random.random() { 1.0 } else { -1.0 });
        mean += estimate.gradient(back, &points, theta, &mut unused)? / 50.0;
    }
    println!("new points: −ln p = {test:.3}; ∫ p = {total:.4}");
    println!("−ln p of one batch: {truth:.4} by exact traces, {mean:.4} by estimates");
    assert!(test < 2.0 && (total - 1.0).abs() < 0.01 && (mean - truth).abs() < 0.03);
    Ok(())
}
