//! Latent ODE on the paper's spirals, Table 2 of \[Chen2018\]: noisy positions at some of 100 times are read by a recurrent encoder, an ODE carries a code on, a decoder says where the
//! curve is; what counts is the root mean square error over the 100 times after those, against the curve without noise.
//!
//! The data are those of the paper's program: 1000 pieces of 100 times of two spirals of opposite rotation, 500 times over 6π, noise of standard deviation 0.3. Of each piece n times are seen,
//! drawn once. The test pieces are others, with other noise; they begin where another 200 times follow on the curve.

mod recurrent;

use crate::{Setting, falling, milliseconds};
use costate_benches::cpu_seconds;
use costate_neural_ode::layer::{Gru, Layer, Linear, Mlp, pieces};
use costate_neural_ode::train::clip::Clip;
use costate_neural_ode::train::loss::recorded::{gaussian, kl_standard_normal, normal_sample};
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Scalar, Unary, Var};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus, seq::index};
use rand_distr::StandardNormal;
use std::f64::consts::PI;
use std::ops::ControlFlow::Continue;

/// With 50 pieces each, as many pieces are read as by the paper's program: 2000 times all of them.
const ITERATIONS: u64 = 40_000;
/// Pieces in a batch.
const B: usize = 50;
const PIECES: usize = 1000;
/// Times on a spiral, and in a piece.
const WHOLE: usize = 500;
const TIMES: usize = 100;
const STEP: f64 = 6.0 * PI / (WHOLE - 1) as f64;
const NOISE: f64 = 0.3;
/// Networks see positions in this unit.
const UNIT: f64 = 5.0;

const CODE: usize = 4;
const HIDDEN: usize = 20;
const RECURRENT: usize = 25;

/// Where a spiral is at its time number `i`.
fn spiral(clockwise: bool, i: usize) -> [f64; 2] {
    let angle = STEP * i as f64;
    let (radius, angle, centre) = if clockwise {
        let angle = 6.0 * PI + 1.0 - angle;
        (15.0 / angle, angle, -5.0)
    } else {
        (0.3 * angle, angle, 5.0)
    };
    [radius * angle.cos() + centre, radius * angle.sin()]
}

/// A piece of a spiral: where it begins, and what is seen of it.
struct Piece {
    clockwise: bool,
    begin: usize,
    /// The times at which it is seen, rising, and what is seen.
    seen: Vec<(usize, [f64; 2])>,
}

impl Piece {
    /// Where the curve is so many times after its beginning.
    fn truth(&self, i: usize) -> [f64; 2] {
        spiral(self.clockwise, self.begin + i)
    }
}

/// Pieces of which n times are seen, all of which begin before the last time given.
fn data(seed: u64, last: usize, n: usize) -> Vec<Piece> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut piece = || {
        let clockwise = random.random();
        let begin = random.random_range(TIMES..last);
        let mut times = index::sample(&mut random, TIMES, n).into_vec();
        times.sort_unstable();
        let mut seen = |i: usize| {
            let noisy = |x: f64| x + NOISE * random.sample::<f64, _>(StandardNormal);
            (i, spiral(clockwise, begin + i).map(noisy))
        };
        Piece {
            clockwise,
            begin,
            seen: times.into_iter().map(&mut seen).collect(),
        }
    };
    (0..PIECES).map(|_| piece()).collect()
}

/// B pieces, the same ones for the same number.
fn batch(pieces: &[Piece], number: u64) -> Vec<&Piece> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(number);
    let chosen = index::sample(&mut random, pieces.len(), B);
    chosen.into_iter().map(|i| &pieces[i]).collect()
}

/// What is seen, and how long after the time before, `[n, B, 3]`.
fn readings(batch: &[&Piece]) -> Vec<f64> {
    let reading = |piece: &Piece, k: usize| {
        let (i, [x, y]) = piece.seen[k];
        let before = if k == 0 { 0 } else { piece.seen[k - 1].0 };
        [x / UNIT, y / UNIT, STEP * (i - before) as f64]
    };
    let n = batch[0].seen.len();
    let readings = (0..n).flat_map(|k| batch.iter().flat_map(move |piece| reading(piece, k)));
    readings.collect()
}

/// The root mean square distance from the curve, by component, over the times after those that were seen; `positions` gives `[TIMES, B, 2]` for a batch.
fn error(
    pieces: &[Piece],
    mut positions: impl FnMut(&[&Piece]) -> Result<Vec<f64>, Error>,
) -> Result<f64, Error> {
    let mut sum = 0.0;
    for batch in pieces.chunks(B) {
        let batch: Vec<&Piece> = batch.iter().collect();
        let found = positions(&batch)?;
        for (row, found) in found.chunks(2 * B).enumerate() {
            for (piece, found) in batch.iter().zip(found.chunks(2)) {
                let truth = piece.truth(TIMES + row);
                sum += (found[0] - truth[0]).powi(2) + (found[1] - truth[1]).powi(2);
            }
        }
    }
    Ok((sum / (2 * TIMES * pieces.len()) as f64).sqrt())
}

fn recipe(iterations: u64) -> Recipe {
    Recipe {
        clip: Some(Clip::Norm(100.0)),
        ..falling(iterations, 0.01)
    }
}

/// The model's parts.
struct Latent {
    encoder: Gru,
    to_code: Linear,
    net: Mlp,
    decoder: Mlp,
    lengths: [usize; 4],
}

impl Latent {
    fn new() -> Self {
        let (encoder, to_code) = (Gru::new(3, RECURRENT), Linear::new(RECURRENT, 2 * CODE));
        let net = Mlp::new(&[CODE, HIDDEN, HIDDEN, CODE], Unary::Elu);
        let decoder = Mlp::new(&[CODE, HIDDEN, 2], Unary::Tanh);
        let lengths = [
            encoder.parameter_len(),
            to_code.parameter_len(),
            net.parameter_len(),
            decoder.parameter_len(),
        ];
        Self {
            encoder,
            to_code,
            net,
            decoder,
            lengths,
        }
    }

    fn initial(&self, seed: u64) -> Vec<f64> {
        let seeds = [0, 1, 2, 3].map(|part| 4 * seed + part);
        let parts = [
            self.encoder.initial(seeds[0]),
            self.to_code.initial(seeds[1]),
            self.net.initial(seeds[2]),
            self.decoder.initial(seeds[3]),
        ];
        parts.concat()
    }

    fn parameters(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Positions, in this order of the codes.
    fn decode<'t>(&self, codes: Var<'t, f64>, theta: Var<'t, f64>) -> Var<'t, f64> {
        self.decoder.apply(codes, pieces(theta, &self.lengths)[3]) * UNIT
    }

    /// Minus the evidence lower bound of a batch of which n times are seen, by piece, but for a constant. Data: readings `[n, B, 3]`, positions `[TIMES, B, 2]` where they were seen, a weight of 1 there,
    /// `[TIMES, B, 1]`, and noise for the codes.
    fn pipeline(&self, n: usize) -> Result<Pipeline<'_, f64>, Error> {
        let parameters = self.parameters();
        let field = Recorded::record(&[B, CODE], parameters, |z, _t, theta| {
            self.net.apply(z, pieces(theta, &self.lengths)[2])
        })?;
        let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-4, 1e-4));
        let ends = [3 * n * B, 2 * TIMES * B, TIMES * B, B * CODE];
        Pipeline::record(
            discrete(field, tsit5, options)?,
            Sizes::new(ends.iter().sum(), parameters, B * CODE, TIMES),
            |data, theta| {
                let (theta, data) = (pieces(theta, &self.lengths), pieces(data, &ends));
                let readings = data[0].reshape([n, B, 3]);
                let mut h = readings.full(0.0, [B, RECURRENT]);
                for k in (0..n).rev() {
                    let reading = readings.slice(0, k..k + 1).reshape([B, 3]);
                    h = self.encoder.step(reading, h, theta[0]);
                }
                let code = self.to_code.apply(h, theta[1]);
                let (mean, ln_std) = (code.slice(1, 0..CODE), code.slice(1, CODE..2 * CODE));
                let z = normal_sample(mean, ln_std, data[3].reshape([B, CODE]));
                let divergence = kl_standard_normal(mean, ln_std) * (1.0 / B as f64);
                Var::concat(&[z.reshape([B * CODE]), divergence.reshape([1])], 0)
            },
            |saved, data, theta| {
                let data = pieces(data, &ends);
                let rows = [TIMES * B, 2];
                let found = self.decode(saved.reshape([TIMES * B, CODE]), theta);
                // Where nothing was seen, what is found counts as seen.
                let off = (found - data[1].reshape(rows)) * data[2].reshape([TIMES * B, 1]);
                let zero = off.full(0.0, rows);
                gaussian(off, Var::from_f64(NOISE.ln()), zero) * (1.0 / B as f64)
            },
        )
    }

    /// A batch as the pipeline takes it.
    fn data(&self, batch: &[&Piece], noise: &[f64]) -> Vec<f64> {
        let (mut positions, mut weights) = (vec![0.0; 2 * TIMES * B], vec![0.0; TIMES * B]);
        for (b, piece) in batch.iter().enumerate() {
            for &(i, at) in &piece.seen {
                positions[2 * (i * B + b)..][..2].copy_from_slice(&at);
                weights[i * B + b] = 1.0;
            }
        }
        [&readings(batch), &positions, &weights, noise].concat()
    }

    /// Trains on pieces of which n times are seen; the error on other pieces, and the processor time of an iteration in milliseconds.
    fn learn(&self, n: usize, iterations: u64) -> Result<[f64; 2], Error> {
        let train = data(1, WHOLE - TIMES, n);
        let mut model = self.pipeline(n)?;
        let times: Vec<f64> = (0..2 * TIMES).map(|i| STEP * i as f64).collect();
        let span = |saves: usize| (0.0, times[saves - 1], &times[..saves]);
        let mut training = Training::new(self.initial(1), Adam::new(0.01));
        let begin = cpu_seconds();
        training.run(
            &recipe(iterations),
            |k, theta, g| {
                let mut random = Xoshiro256PlusPlus::seed_from_u64(!k);
                let noise: Vec<f64> = (0..B * CODE)
                    .map(|_| random.sample(StandardNormal))
                    .collect();
                let data = self.data(&batch(&train, k), &noise);
                model.gradient(span(TIMES), &data, theta, g)
            },
            |training| {
                if training.iteration.is_multiple_of(2000) {
                    let recent = &training.history[training.history.len() - 2000..];
                    let loss = recent.iter().map(|record| record.loss).sum::<f64>() / 2000.0;
                    eprintln!("n = {n}, iteration {}: {loss:.2}", training.iteration);
                }
                Continue(())
            },
        );
        let each = milliseconds(begin, iterations);
        let rows = TIMES * B;
        let inputs: [(&str, &[usize]); 2] = [("z", &[rows, CODE]), ("theta", &[self.parameters()])];
        let decode = Function::record(&inputs, |v| vec![self.decode(v[0], v[1])])?;
        let error = error(&data(2, WHOLE - 2 * TIMES, n), |batch| {
            // The most probable code: the mean, without noise.
            let data = self.data(batch, &[0.0; B * CODE]);
            let codes = model.states(span(2 * TIMES), &data, &training.theta)?;
            let later = &codes.values()[rows * CODE..];
            Ok(decode.eval(&[later, &training.theta])?.swap_remove(0))
        })?;
        Ok([error, each])
    }
}

/// Prints the table.
pub(crate) fn run(setting: &Setting) -> Result<(), Error> {
    let latent = Latent::new();
    let cases = [
        (30, 0.3937, 0.1642),
        (50, 0.3202, 0.1502),
        (100, 0.1813, 0.1346),
    ];
    let cases = if setting.reduced { &cases[..1] } else { &cases };
    println!(
        "| seen of 100 | RNN, published | RNN, here | latent ODE, published | latent ODE, here | ms an iteration |"
    );
    println!("|---|---|---|---|---|---|");
    for &(n, rnn, published) in cases {
        let iterations = setting.scaled(ITERATIONS, 400);
        let [found, each] = latent.learn(n, iterations)?;
        let baseline = recurrent::learn(n, iterations)?;
        println!("| {n} | {rnn} | {baseline:.4} | {published} | {found:.4} | {each:.2} |");
        assert!(found < if setting.reduced { 5.0 } else { baseline });
    }
    Ok(())
}
