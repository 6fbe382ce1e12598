//! Hares and lynxes, the last five years left out: does a network beside the known equations foretell them better than the equations alone?
//!
//! ```text
//! d ln x/dt = α − β y + u₁(ln x, ln y)      d ln y/dt = δ x − γ + u₂(ln x, ln y)
//! ```
//!
//! Known are Lotka's and Volterra's equations; u is a network with 8 hidden units whose output begins at zero, its weights punished by λ Σ w². Four rates, both numbers of 1900 and the
//! weights are fitted to logarithms by L-BFGS, from the rates in examples/lynx-hare.toml. Three networks from different seeds are fitted, and what they foretell is averaged.
//!
//! λ, and whether u corrects hares, lynxes or both, are chosen without the last five years, and so is whether there is a network at all: fits to the first 8, 9, 10 and 11 years are asked for the five years after those, and the choice is
//! the one least off there by root mean square. Errors are those of natural logarithms.

use crate::{Setting, milliseconds, settled};
use costate_benches::cpu_seconds;
use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary, Var};
use std::ops::ControlFlow::Continue;
use std::ops::Range;

const DATA: &str = include_str!("../../../../examples/lynx-hare.csv");
const RATES: [f64; 4] = [0.55, 0.028, 0.80, 0.024];
const YEARS: usize = 21;
const FORETOLD: usize = 5;
const EARLIER: Range<usize> = 8..12;
/// ln x and ln y, ln of the rates, and behind them the weights.
const KNOWN: usize = 6;

/// A network beside the equations: what of u is taken, and λ.
#[derive(Clone, Copy)]
struct Network {
    corrects: (&'static str, [f64; 2]),
    punishment: f64,
}

fn net() -> Mlp {
    Mlp::new(&[2, 8, 2], Unary::Tanh)
}

/// The logarithms of both numbers, year by year.
fn data() -> Vec<f64> {
    let rows = DATA.lines().skip(1);
    let numbers = rows.flat_map(|row| row.split(',').skip(1).map(|x| x.parse::<f64>()));
    numbers.map(|x| x.expect("a number").ln()).collect()
}

/// Fits to so many years, with a network or without; the logarithms of both numbers in those years and the five after them, and the processor time of a gradient in milliseconds.
fn fit(
    network: Option<(Network, u64)>,
    years: usize,
    iterations: u64,
) -> Result<(Vec<f64>, f64), Error> {
    let data = data();
    let mut theta = [&data[..2], &RATES.map(f64::ln)].concat();
    if let Some((_, seed)) = network {
        let mut weights: Vec<f64> = net().initial(seed);
        let outputs = weights.len() - 2 * 8 - 2..;
        weights[outputs].fill(0.0);
        theta.extend(weights);
    }
    let parameters = theta.len();
    let field = Recorded::record(&[2], parameters, |h, _t, theta| {
        let (x, y) = (h.index(0), h.index(1));
        let [alpha, beta, gamma, delta] = [2, 3, 4, 5].map(|i| theta.index(i).exp());
        let known = Var::stack(&[alpha - beta * y.exp(), delta * x.exp() - gamma]);
        let Some((network, _)) = network else {
            return known;
        };
        // Logarithms are between 1 and 4.4.
        let u = net().apply(h - 3.0, theta.slice(0, KNOWN..parameters));
        let [for_x, for_y] = network.corrects.1;
        known + Var::stack(&[u.index(0) * for_x, u.index(1) * for_y])
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-7, 1e-7));
    let mut model = Pipeline::record(
        discrete(field, tsit5, options)?,
        Sizes::new(2 * years, parameters, 2, years),
        |_data, theta| theta.slice(0, 0..2),
        |saved, data, theta| {
            let off = saved.reshape([2 * years]) - data;
            let loss = (off * off).mean();
            let Some((network, _)) = network else {
                return loss;
            };
            let weights = theta.slice(0, KNOWN..parameters);
            loss + (weights * weights).sum() * network.punishment
        },
    )?;
    let times: Vec<f64> = (0..YEARS).map(|year| year as f64).collect();
    let seen = (0.0, times[years - 1], &times[..years]);
    let mut training = Training::new(theta, Lbfgs::new(parameters));
    let (begin, mut gradients) = (cpu_seconds(), 0);
    training.run(
        &Recipe::of(iterations),
        |_, theta, g| {
            gradients += 1;
            model.gradient(seen, &data[..2 * years], theta, g)
        },
        |_| Continue(()),
    );
    let each = milliseconds(begin, gradients);
    let until = years + FORETOLD;
    let all = (0.0, times[until - 1], &times[..until]);
    let found = model.states(all, &data[..2 * years], &settled(training))?;
    Ok((found.values().to_vec(), each))
}

/// The mean squares of what is off in the years that were fitted, and in those after them.
fn off(network: Option<Network>, years: usize, setting: &Setting) -> Result<[f64; 2], Error> {
    let (seeds, iterations) = (setting.scaled(3, 3), setting.scaled(600, 30));
    let found = match network {
        None => fit(None, years, iterations)?.0,
        Some(network) => {
            let fit = |seed| Ok(fit(Some((network, seed)), years, iterations)?.0);
            let fits = (0..seeds).map(fit);
            let fits: Vec<Vec<f64>> = fits.collect::<Result<_, Error>>()?;
            let mean = |i: usize| fits.iter().map(|fit| fit[i]).sum::<f64>() / seeds as f64;
            (0..fits[0].len()).map(mean).collect()
        }
    };
    let data = data();
    let mean_square = |range: Range<usize>| {
        let pairs = found[range.clone()].iter().zip(&data[range.clone()]);
        pairs
            .map(|(found, seen)| (found - seen).powi(2))
            .sum::<f64>()
            / range.len() as f64
    };
    Ok([0..2 * years, 2 * years..2 * (years + FORETOLD)].map(mean_square))
}

/// The root mean square of what is off in the five years after the earlier fits; infinite if a solution cannot be carried on to there.
fn earlier(network: Option<Network>, setting: &Setting) -> f64 {
    let squares =
        EARLIER.map(|years| off(network, years, setting).map_or(f64::INFINITY, |[_, after]| after));
    (squares.sum::<f64>() / EARLIER.len() as f64).sqrt()
}

/// Prints the table.
pub(crate) fn run(setting: &Setting) -> Result<(), Error> {
    println!("| model | corrected | λ | earlier years foretold | 1900–1915 | 1916–1920 foretold |");
    println!("|---|---|---|---|---|---|");
    let row = |network: Option<Network>| -> Result<[f64; 2], Error> {
        let score = earlier(network, setting);
        let [fitted, after] = off(network, YEARS - FORETOLD, setting)?.map(f64::sqrt);
        let (name, corrects, punishment) = match network {
            None => ("equations", "", String::new()),
            Some(network) => (
                "and a network",
                network.corrects.0,
                format!("{:.0e}", network.punishment),
            ),
        };
        println!("| {name} | {corrects} | {punishment} | {score:.3} | {fitted:.3} | {after:.3} |");
        Ok([score, after])
    };
    let known = row(None)?;
    let mut best = known;
    for corrects in [
        ("hares", [1.0, 0.0]),
        ("lynxes", [0.0, 1.0]),
        ("both", [1.0, 1.0]),
    ] {
        for punishment in [1.0, 1e-1, 1e-2, 1e-3] {
            let found = row(Some(Network {
                corrects,
                punishment,
            }))?;
            if found[0] < best[0] {
                best = found;
            }
        }
    }
    println!(
        "\n1916–1920 as chosen by earlier years: {:.3}; by the equations alone: {:.3}.",
        best[1], known[1]
    );
    let network = Network {
        corrects: ("both", [1.0, 1.0]),
        punishment: 1.0,
    };
    let (_, each) = fit(
        Some((network, 0)),
        YEARS - FORETOLD,
        setting.scaled(600, 30),
    )?;
    println!("A gradient with the network: {each:.3} ms.");
    Ok(())
}
