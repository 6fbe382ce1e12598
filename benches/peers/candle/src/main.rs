//! W1 in candle: its tensors and its reverse mode, over Dormand and Prince's steps written by hand.
//!
//! The same commands as those of `benches/src/bin/workload.rs`.

mod solve;

use candle_core::{DType, Device, Result, Tensor, Var};
use costate_benches::definition::{Definitions, Spiral};
use costate_benches::workload::Counts;
use costate_benches::{Outcome, Workload, serve};
use solve::Solver;
use std::process::ExitCode;

const CASES: [&str; 2] = ["w1-discrete-f64", "w1-discrete-f32"];

fn main() -> ExitCode {
    serve(&CASES, |case| {
        let kind = case.strip_prefix("w1-discrete-")?;
        let training = Training::new(Definitions::load().w1, kind);
        Some(Box::new(training.expect("the definition has these shapes")))
    })
}

/// Training a neural ODE on windows of a spiral: dh/dt = network(h³), RMSprop on the mean absolute error.
struct Training {
    definition: Spiral,
    solver: Solver,
    /// \[times, windows, 2\]
    windows: Tensor,
    h0: Tensor,
    /// Weights and biases, layer by layer.
    start: Vec<Tensor>,
}

impl Training {
    fn new(definition: Spiral, kind: &str) -> Result<Self> {
        let kind_of = if kind == "f32" {
            DType::F32
        } else {
            DType::F64
        };
        let array = |numbers: &[f64], shape: &[usize]| {
            Tensor::from_slice(numbers, shape, &Device::Cpu)?.to_dtype(kind_of)
        };
        let numbers: Vec<f64> = definition
            .windows
            .iter()
            .flatten()
            .flatten()
            .copied()
            .collect();
        let (times, count) = (definition.times.len(), definition.windows[0].len());
        let windows = array(&numbers, &[times, count, 2])?;
        let (theta, mut start) = (definition.theta.numbers(&definition.widths), Vec::new());
        let mut rest = theta.as_slice();
        for pair in definition.widths.windows(2) {
            let (weights, after) = rest.split_at(pair[0] * pair[1]);
            let (biases, after) = after.split_at(pair[1]);
            start.push(array(weights, &[pair[1], pair[0]])?);
            start.push(array(biases, &[pair[1]])?);
            rest = after;
        }
        let solver = Solver::new(
            definition.tolerances[kind],
            definition.first_step["discrete"],
        );
        let h0 = windows.get(0)?;
        Ok(Self {
            definition,
            solver,
            windows,
            h0,
            start,
        })
    }

    /// The loss, its gradient by each array of θ, and the steps taken.
    fn gradient(&self, theta: &[Var]) -> Result<(Tensor, Vec<Tensor>, Counts)> {
        let network = |y: &Tensor| {
            let hidden = (y.sqr()? * y)?
                .matmul(&theta[0].t()?)?
                .broadcast_add(&theta[1])?
                .tanh()?;
            hidden.matmul(&theta[2].t()?)?.broadcast_add(&theta[3])
        };
        let (saved, counts) = self
            .solver
            .solve(network, &self.h0, &self.definition.times)?;
        let loss = (Tensor::stack(&saved, 0)? - &self.windows)?
            .abs()?
            .mean_all()?;
        let gradients = loss.backward()?;
        let each = theta
            .iter()
            .map(|array| Ok(gradients.get(array).expect("a variable").clone()));
        Ok((loss, each.collect::<Result<_>>()?, counts))
    }

    fn variables(&self) -> Result<Vec<Var>> {
        self.start.iter().map(Var::from_tensor).collect()
    }

    /// Trains from the initial parameters; the loss of the last iteration, and all steps.
    fn train(&self) -> Result<(f64, Counts)> {
        let theta = self.variables()?;
        let mut squares: Vec<Tensor> = self
            .start
            .iter()
            .map(Tensor::zeros_like)
            .collect::<Result<_>>()?;
        let (mut last, mut counts) = (0.0, Counts::default());
        for _ in 0..self.definition.iterations {
            let (loss, gradient, steps) = self.gradient(&theta)?;
            for ((array, square), g) in theta.iter().zip(&mut squares).zip(&gradient) {
                *square = ((&*square * 0.99)? + (g.sqr()? * 0.01)?)?;
                let step = (g / (square.sqrt()? + 1e-8)?)?;
                array.set(
                    &(array.as_tensor() - (step * self.definition.learning_rate)?)?.detach(),
                )?;
            }
            counts.accepted += steps.accepted;
            counts.rejected += steps.rejected;
            last = number(&loss)?;
        }
        Ok((last, counts))
    }
}

impl Workload for Training {
    fn check(&mut self) -> Outcome {
        let found = self
            .variables()
            .and_then(|theta| self.gradient(&theta))
            .and_then(|(loss, gradient, _)| {
                let (last_loss, counts) = self.train()?;
                let numbers = |array: &Tensor| array.flatten_all()?.to_dtype(DType::F64)?.to_vec1();
                let gradient: Vec<Vec<f64>> =
                    gradient.iter().map(numbers).collect::<Result<_>>()?;
                Ok(Outcome {
                    loss: Some(number(&loss)?),
                    gradient: gradient.concat(),
                    last_loss: Some(last_loss),
                    counts,
                    ..Outcome::default()
                })
            });
        found.expect("the shapes fit")
    }

    fn sample(&mut self) -> f64 {
        self.train().expect("the shapes fit").0
    }

    fn units(&self) -> usize {
        self.definition.iterations
    }
}

/// The number of a tensor that has one.
fn number(tensor: &Tensor) -> Result<f64> {
    tensor.to_dtype(DType::F64)?.to_scalar()
}
