//! Continuous normalising flows \[Chen2018, Grathwohl2019\]: the densities of two moons and of eight Gaussians from samples of them, by the exact likelihood.
//!
//! dx/dt = net(x, t) with two hidden layers of 32, tanh, the trace exact; Adam at 0.01, falling, on batches of 128 fresh points; tsit5 with tolerances of 10⁻⁵. After training: −ln p of new
//! points, for eight Gaussians beside the entropy, which no model can be below; the integral of the density over a square of side 10, which contains all of it, as a sum over cells of 1/16; and −ln p of
//! the same points with Hutchinson's estimate of the trace, averaged over so many noises, with its standard error.

use crate::{Setting, falling};
use costate_benches::cpu_seconds;
use costate_neural_ode::flow::{self, Trace};
use costate_neural_ode::layer::{ConcatTime, Layer, Mlp};
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::Training;
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Unary};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::StandardNormal;
use std::f64::consts::{PI, TAU};
use std::ops::ControlFlow::Continue;

const B: usize = 128;
/// From data to the normal density.
const BACK: (f64, f64, &[f64]) = (1.0, 0.0, &[]);
const CELL: f64 = 1.0 / 16.0;
const SIDE: f64 = 10.0;

type Random = Xoshiro256PlusPlus;

/// A density on the plane: its name, and what draws a point.
type Target = (&'static str, fn(&mut Random) -> [f64; 2]);

const TARGETS: [Target; 2] = [("two moons", moons), ("eight Gaussians", gaussians)];

/// Two half circles of radius 1 that reach into each other, with noise of 0.1.
fn moons(random: &mut Random) -> [f64; 2] {
    let upper: bool = random.random();
    let (sin, cos) = random.random_range(0.0..PI).sin_cos();
    let at = if upper {
        [cos - 0.5, sin - 0.25]
    } else {
        [0.5 - cos, 0.25 - sin]
    };
    at.map(|x| x + 0.1 * random.sample::<f64, _>(StandardNormal))
}

/// Eight on a circle of radius 2, each with a standard deviation of 0.2.
fn gaussians(random: &mut Random) -> [f64; 2] {
    let (sin, cos) = (TAU / 8.0 * f64::from(random.random_range(0..8))).sin_cos();
    [cos, sin].map(|x| 2.0 * x + 0.2 * random.sample::<f64, _>(StandardNormal))
}

fn batch(target: &Target, number: u64) -> Vec<f64> {
    let mut random = Random::seed_from_u64(number);
    (0..B).flat_map(|_| target.1(&mut random)).collect()
}

fn net() -> ConcatTime<Mlp> {
    ConcatTime(Mlp::new(&[3, 32, 32, 2], Unary::Tanh))
}

/// −ln p of a batch, on average, as a function of the points, of θ, and of noise behind θ for an estimated trace.
fn model(trace: &Trace) -> Result<Pipeline<'static, f64>, Error> {
    let (net, p) = (net(), net().parameter_len());
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

/// ∫ p over the square, row by row of cells.
fn integral(model: &mut Pipeline<'_, f64>, theta: &[f64]) -> Result<f64, Error> {
    let cells = (SIDE / CELL) as usize;
    let middle = |k: usize| CELL * (k as f64 + 0.5) - 0.5 * SIDE;
    let mut points: Vec<f64> = (0..cells * cells)
        .flat_map(|k| [middle(k / cells), middle(k % cells)])
        .collect();
    // A batch that is not full is filled up with points where there is nothing.
    points.resize(points.len().next_multiple_of(2 * B), 10.0 * SIDE);
    let mut total = 0.0;
    for points in points.chunks(2 * B) {
        for (h, x) in model
            .states(BACK, points, theta)?
            .state(0)
            .chunks(3)
            .zip(points.chunks(2))
        {
            let normal = (-0.5 * (h[0] * h[0] + h[1] * h[1])).exp() / TAU;
            if x[0] < SIDE {
                total += CELL * CELL * normal * (-h[2]).exp();
            }
        }
    }
    Ok(total)
}

/// −ln p of one batch with estimated traces: the mean over noises, and its standard error.
fn estimated(target: &Target, theta: &mut [f64], noises: usize) -> Result<[f64; 2], Error> {
    let p = net().parameter_len();
    let mut model = model(&Trace::Hutchinson(p..p + 2 * B))?;
    let (mut random, points) = (Random::seed_from_u64(9), batch(target, 1 << 40));
    let mut unused = vec![0.0; theta.len()];
    let mut values = Vec::new();
    for _ in 0..noises {
        theta[p..].fill_with(|| if random.random() { 1.0 } else { -1.0 });
        values.push(model.gradient(BACK, &points, theta, &mut unused)?);
    }
    theta[p..].fill(0.0);
    let count = noises as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0);
    Ok([mean, (variance / count).sqrt()])
}

/// Trains; θ with room for noises behind it, −ln p of new points, and the processor time in seconds.
fn learn(
    model: &mut Pipeline<'_, f64>,
    target: &Target,
    seed: u64,
    [iterations, tests]: [u64; 2],
) -> Result<(Vec<f64>, f64, f64), Error> {
    let theta = [net().initial(seed), vec![0.0; 2 * B]].concat();
    let mut training = Training::new(theta, Adam::new(0.01));
    let begin = cpu_seconds();
    training.run(
        &falling(iterations, 0.02),
        |k, theta, g| model.gradient(BACK, &batch(target, k + (seed << 32)), theta, g),
        |_| Continue(()),
    );
    let seconds = cpu_seconds() - begin;
    let theta = training.theta;
    let new: Result<Vec<f64>, Error> = (1..=tests)
        .map(|k| test(model, target, &theta, k))
        .collect();
    let new = new?.iter().sum::<f64>() / tests as f64;
    Ok((theta, new, seconds))
}

/// −ln p of one batch of new points.
fn test(
    model: &mut Pipeline<'_, f64>,
    target: &Target,
    theta: &[f64],
    k: u64,
) -> Result<f64, Error> {
    let points = batch(target, (1 << 40) + k);
    model.gradient(BACK, &points, theta, &mut vec![0.0; theta.len()])
}

/// Prints the tables.
pub(crate) fn run(setting: &Setting) -> Result<(), Error> {
    let [iterations, tests, seeds] =
        [(2000, 100), (1000, 50), (3, 3)].map(|(whole, parts)| setting.scaled(whole, parts));
    println!(
        "| density | −ln p of new points | ∫ p | one batch: exact trace | estimated trace | ms an iteration | CPU s of training |"
    );
    println!("|---|---|---|---|---|---|---|");
    for target in &TARGETS {
        let mut model = model(&Trace::Exact)?;
        let learned = (1..=seeds).map(|seed| learn(&mut model, target, seed, [iterations, tests]));
        let mut learned: Vec<_> = learned.collect::<Result<_, _>>()?;
        learned.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (mut theta, new, seconds) = learned.swap_remove(learned.len() / 2);
        let exact = test(&mut model, target, &theta, 0)?;
        let total = integral(&mut model, &theta)?;
        let [mean, error] = estimated(target, &mut theta, 100)?;
        println!(
            "| {} | {new:.3} | {total:.4} | {exact:.4} | {mean:.4} ± {error:.4} | {:.2} | {seconds:.0} |",
            target.0,
            1e3 * seconds / iterations as f64
        );
        assert!((total - 1.0).abs() < 0.01 && (mean - exact).abs() < 4.0 * error);
    }
    Ok(())
}
