//! The most bytes that a gradient holds, by method: against the number of steps and against the number of parameters. Prints JSON; `benches/peers/memory` asks it, and other tools, and makes a table.
//!
//! ```text
//! memory METHOD STEPS WIDTH      dh/dt of a network 2-WIDTH-WIDTH-2, 20 states, Dormand–Prince 5(4) with so many equal steps from 0 to 1
//! ```
//!
//! METHOD is a gradient method, or `discrete-SIZE` for a budget of SIZE MiB. What the field and its programs hold is counted too.

use costate_benches::memory::{Counted, held};
use costate_benches::network;
use costate_neural_ode::{Discrete, Error, Gradient, GradientMethod, Problem, gradient};
use costate_ode::{Options, tableau};
use std::process::ExitCode;

const BATCH: usize = 20;

#[global_allocator]
static MEMORY: Counted = Counted;

/// The loss is the sum of the states at the end.
fn run(method: &str, steps: usize, width: usize) -> Result<Gradient<f64>, Error> {
    let field = network::field(BATCH, &[2, width, width, 2], |h| h);
    let theta: Vec<f64> = (0..width * width + 6 * width + 2)
        .map(|i| 0.1 * (0.7 * i as f64).sin())
        .collect();
    let h0: Vec<f64> = (0..2 * BATCH).map(|i| (0.3 * i as f64).cos()).collect();
    let (dopri5, options) = (
        tableau::by_name("dopri5")?,
        Options::constant_step(1.0 / steps as f64),
    );
    let mut method: Box<dyn GradientMethod<f64, f64>> = match method.strip_prefix("discrete-") {
        Some(size) => {
            let mebibytes: usize = size.parse().unwrap_or(1);
            Box::new(Discrete::new(field, &h0, dopri5, options)?.with_budget(mebibytes << 20))
        }
        None => gradient::by_name(method, field, &h0, dopri5, options)?,
    };
    let problem = Problem {
        h0: &h0,
        theta: &theta,
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let found = method.gradient(&problem, &mut |saved, cotangents| {
        cotangents.state_mut(0).fill(1.0);
        saved.state(0).iter().sum()
    })?;
    Ok(found.clone())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [method, steps, width] = &arguments[..] else {
        eprintln!("usage: memory METHOD STEPS WIDTH");
        return ExitCode::from(2);
    };
    let (Ok(steps), Ok(width)) = (steps.parse(), width.parse()) else {
        eprintln!("STEPS and WIDTH are numbers");
        return ExitCode::from(2);
    };
    let (found, _, peak) = held(|| run(method, steps, width));
    match found {
        Ok(found) => {
            let norm = found.theta.iter().map(|g| g * g).sum::<f64>().sqrt();
            println!("{{\"bytes\": {peak}, \"norm\": {norm:e}}}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
