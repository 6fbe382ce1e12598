//! Known equations and a network: hares that grow and lynxes that starve are known, what happens when they meet is learned.
//!
//!     dx/dt = a x − u₁(x, y)      dy/dt = u₂(x, y) − d y
//!
//!     cargo run --release -p costate-neural-ode --example hybrid

use costate_neural_ode::layer::{Initializer, Layer, Mlp};
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::observations::Observations;
use costate_neural_ode::train::optimizer::{Adam, Lbfgs};
use costate_neural_ode::train::pipeline::{discrete, states};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Unary, Var};
use std::ops::ControlFlow::Continue;

const B: usize = 3;
const GROWTH: f64 = 1.3;
const DEATH: f64 = 1.8;

/// dh/dt, with what meetings take from hares and give to lynxes.
fn rates<'t>(h: Var<'t, f64>, taken: Var<'t, f64>, given: Var<'t, f64>) -> Var<'t, f64> {
    let (x, y) = (h.slice(1, 0..1), h.slice(1, 1..2));
    Var::concat(&[x * GROWTH - taken, given - y * DEATH], 1)
}

fn main() -> Result<(), Error> {
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-7, 1e-7));
    let times: Vec<f64> = (1..=30).map(|i| 0.1 * f64::from(i)).collect();
    let h0 = [1.0, 1.0, 2.0, 0.5, 0.6, 2.0];
    // The truth: every meeting takes 0.9 hares and gives 0.8 lynxes.
    let truth = Recorded::record(&[B, 2], 0, |h, _t, _theta| {
        let meetings = h.slice(1, 0..1) * h.slice(1, 1..2);
        rates(h, meetings * 0.9, meetings * 0.8)
    })?;
    let problem = Problem {
        h0: &h0,
        theta: &[],
        t0: 0.0,
        t1: 3.0,
        save_at: &times,
    };
    let path = states(discrete(truth, tsit5, options.clone())?.as_mut(), &problem)?;
    let seen = Observations::of_states(B, &times, &path);

    let net = Mlp::new(&[2, 12, 2], Unary::Tanh).initializer(Initializer::Normal { std: 0.3 });
    let field = Recorded::record(&[B, 2], net.parameter_len(), |h, _t, theta| {
        let u = net.apply(h, theta);
        rates(h, u.slice(1, 0..1), u.slice(1, 1..2))
    })?;
    let mut model = discrete(field, tsit5, options)?;
    let mut fit = |theta: &[f64], g: &mut [f64]| {
        seen.gradient(model.as_mut(), Loss::Squares, (&h0, 0.0), theta, g)
    };
    // Adam finds the valley, L-BFGS its bottom.
    let recipe = Recipe::of(500);
    let mut rough = Training::new(net.initial(1), Adam::new(0.03));
    rough.run(&recipe, |_, theta, g| fit(theta, g), |_| Continue(()));
    let mut training = Training::new(rough.theta, Lbfgs::new(net.parameter_len()));
    training.run(
        &Recipe::of(2000),
        |_, theta, g| fit(theta, g),
        |_| Continue(()),
    );

    // What the network has found, where there were data
    let p = [net.parameter_len()];
    let inputs: [(&str, &[usize]); 2] = [("h", &[B, 2]), ("theta", &p)];
    let learned = Function::record(&inputs, |v| vec![net.apply(v[0], v[1])])?;
    let (mut off, mut size) = (0.0, 0.0);
    for i in 0..path.len() {
        let u = learned.eval(&[path.state(i), &training.theta])?;
        for (h, u) in path.state(i).chunks(2).zip(u[0].chunks(2)) {
            let exact = [0.9 * h[0] * h[1], 0.8 * h[0] * h[1]];
            off += (u[0] - exact[0]).powi(2) + (u[1] - exact[1]).powi(2);
            size += exact[0].powi(2) + exact[1].powi(2);
        }
    }
    let loss = training
        .history
        .last()
        .map_or(f64::NAN, |record| record.loss);
    println!(
        "mean square error {loss:.2e}; the learned term is off by {:.2} %",
        100.0 * (off / size).sqrt()
    );
    println!("   x     y   learned u₁   0.9 x y");
    let (last, theta) = (path.state(path.len() / 2), &training.theta);
    for (h, u) in last
        .chunks(2)
        .zip(learned.eval(&[last, theta])?[0].chunks(2))
    {
        println!(
            "{:.2}  {:.2}   {:10.3}   {:7.3}",
            h[0],
            h[1],
            u[0],
            0.9 * h[0] * h[1]
        );
    }
    assert!((off / size).sqrt() < 0.05);
    Ok(())
}
