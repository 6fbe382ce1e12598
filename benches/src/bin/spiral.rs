//! The spiral of the neural ODE paper's demonstration: how far from the whole trajectory a network is after training, with the demonstration's recipe and with one of this library.
//!
//!     cargo run --release -p costate-benches --bin spiral              # both, five seeds each
//!     cargo run --release -p costate-benches --bin spiral -- --reduced # a few iterations, to see that it runs
//!
//! d(x, y)/dt = (x³, y³) A from (2, 0), 1000 times from 0 to 25; dh/dt = net(h³) with one hidden layer of 50, tanh, weights of N(0, 0.1²). The figure is the mean absolute error over all
//! times and both components, the trajectory solved from (2, 0). The demonstration: 2000 iterations of RMSprop at a rate of 10⁻³ on the mean absolute error over 20 random windows of
//! 10 times. The library's: 1000 of Adam on squares over such windows, then L-BFGS on the trajectory, up to a horizon that grows to all of it.

use costate_neural_ode::layer::{Initializer, Layer, Mlp};
use costate_neural_ode::train::horizon::Horizon;
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::observations::Observations;
use costate_neural_ode::train::optimizer::{Adam, Lbfgs, Optimizer, RmsProp};
use costate_neural_ode::train::pipeline::{discrete, states};
use costate_neural_ode::train::schedule::Schedule;
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, GradientMethod, Problem, Recorded, Saved};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary, Var};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::ops::ControlFlow::Continue;

const TIMES: usize = 1000;
const WINDOWS: usize = 20;
const LENGTH: usize = 10;
const START: [f64; 2] = [2.0, 0.0];

type Method = Box<dyn GradientMethod<f64, f64>>;

fn method(field: Recorded<f64>, tolerance: f64) -> Result<Method, Error> {
    discrete(
        field,
        tableau::by_name("dopri5")?,
        Options::tolerances(tolerance, tolerance),
    )
}

/// The data, and what is trained on them.
struct Spiral {
    times: Vec<f64>,
    /// The state at each time, the start among them.
    truth: Saved<f64>,
    net: Mlp,
}

impl Spiral {
    fn new() -> Result<Self, Error> {
        let times: Vec<f64> = (0..TIMES)
            .map(|i| 25.0 * i as f64 / (TIMES - 1) as f64)
            .collect();
        let field = Recorded::record(&[2], 0, |h, _t, _theta| {
            let (x, y) = (h.index(0).powi(3), h.index(1).powi(3));
            Var::stack(&[x * -0.1 - y * 2.0, x * 2.0 - y * 0.1])
        })?;
        let problem = Problem {
            h0: &START,
            theta: &[],
            t0: 0.0,
            t1: 25.0,
            save_at: &times,
        };
        Ok(Self {
            truth: states(method(field, 1e-10)?.as_mut(), &problem)?,
            times,
            net: Mlp::new(&[2, 50, 2], Unary::Tanh).initializer(Initializer::Normal { std: 0.1 }),
        })
    }

    fn method(&self, batch: usize) -> Result<Method, Error> {
        let parameters = self.net.parameter_len();
        let field = Recorded::record(&[batch, 2], parameters, |h, _t, theta| {
            self.net.apply(h.powi(3), theta)
        })?;
        method(field, 1e-6)
    }

    /// Trains on random windows.
    fn windows<O: Optimizer<f64> + Clone>(
        &self,
        seed: u64,
        optimizer: O,
        loss: Loss,
        recipe: &Recipe,
    ) -> Result<Vec<f64>, Error> {
        let mut method = self.method(WINDOWS)?;
        let mut training = Training::new(self.net.initial(seed), optimizer);
        training.run(
            recipe,
            |iteration, theta, gradient| {
                let mut random = Xoshiro256PlusPlus::seed_from_u64(1000 * (seed + 1) + iteration);
                let (mut h0, mut seen) = (Vec::new(), Observations::new(WINDOWS, 2));
                for window in 0..WINDOWS {
                    let begin = random.random_range(0..TIMES - LENGTH);
                    h0.extend(self.truth.state(begin));
                    for i in 1..LENGTH {
                        seen.push(window, self.times[i], self.truth.state(begin + i));
                    }
                }
                seen.gradient(method.as_mut(), loss, (&h0, 0.0), theta, gradient)
            },
            |_| Continue(()),
        );
        Ok(training.theta)
    }

    /// Trains on the trajectory, in so many pieces of growing length, with so many iterations each.
    fn trajectory(
        &self,
        mut theta: Vec<f64>,
        pieces: u64,
        iterations: u64,
    ) -> Result<Vec<f64>, Error> {
        let mut method = self.method(1)?;
        let horizon = Horizon {
            first: 25.0 / pieces as f64,
            last: 25.0,
            iterations: pieces - 1,
        };
        for piece in 0..pieces {
            let mut seen = Observations::new(1, 2);
            for i in 1..horizon.saves(piece, &self.times) {
                seen.push(0, self.times[i], self.truth.state(i));
            }
            let mut training = Training::new(theta, Lbfgs::new(self.net.parameter_len()));
            training.run(
                &Recipe::of(iterations),
                |_, theta, g| {
                    seen.gradient(method.as_mut(), Loss::Squares, (&START, 0.0), theta, g)
                },
                |_| Continue(()),
            );
            theta = match &training.optimizer.search {
                Some(search) => search.x.clone(),
                None => training.theta,
            };
        }
        Ok(theta)
    }

    /// The mean absolute error over the trajectory.
    fn error(&self, theta: &[f64]) -> Result<f64, Error> {
        let problem = Problem {
            h0: &START,
            theta,
            t0: 0.0,
            t1: 25.0,
            save_at: &self.times,
        };
        let found = states(self.method(1)?.as_mut(), &problem)?;
        let pairs = found.values().iter().zip(self.truth.values());
        Ok(pairs
            .map(|(found, exact)| (found - exact).abs())
            .sum::<f64>()
            / (2 * TIMES) as f64)
    }
}

fn main() -> Result<(), Error> {
    let reduced = std::env::args().any(|argument| argument == "--reduced");
    let (seeds, scale) = if reduced { (1, 20) } else { (5, 1) };
    let spiral = Spiral::new()?;
    let mut figures = [const { Vec::new() }; 2];
    for seed in 0..seeds {
        let recipe = Recipe::of(2000 / scale);
        let theta = spiral.windows(seed, RmsProp::new(1e-3), Loss::Absolute, &recipe)?;
        figures[0].push(spiral.error(&theta)?);

        let iterations = 1000 / scale;
        let schedule = Schedule::Cosine {
            iterations,
            last: 0.05,
        };
        let recipe = Recipe {
            schedule,
            ..Recipe::of(iterations)
        };
        let theta = spiral.windows(seed, Adam::new(0.01), Loss::Squares, &recipe)?;
        let theta = spiral.trajectory(theta, 5, 400 / scale)?;
        figures[1].push(spiral.error(&theta)?);
        println!(
            "seed {seed}: demonstration {:.4}, library {:.4}",
            figures[0][seed as usize], figures[1][seed as usize]
        );
    }
    for (name, figures) in ["demonstration", "library"].iter().zip(&mut figures) {
        figures.sort_by(f64::total_cmp);
        println!(
            "{name}: mean absolute error, median of {} seeds: {:.4}",
            figures.len(),
            figures[figures.len() / 2]
        );
    }
    Ok(())
}
