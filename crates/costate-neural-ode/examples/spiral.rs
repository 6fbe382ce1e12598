//! A neural ODE learns a spiral: dh/dt = net(h³), from windows of one trajectory and then from the whole of it.
//!
//!     cargo run --release -p costate-neural-ode --example spiral

use costate_neural_ode::layer::{Initializer, Layer, Mlp};
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::observations::Observations;
use costate_neural_ode::train::optimizer::{Adam, Lbfgs};
use costate_neural_ode::train::pipeline::{discrete, states};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary, Var};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::ops::ControlFlow::Continue;

fn main() -> Result<(), Error> {
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-6, 1e-6));
    let times: Vec<f64> = (1..=200).map(|i| 0.025 * f64::from(i)).collect();
    // The truth: d(x, y)/dt = (x³, y³) A, from (2, 0)
    let truth = Recorded::record(&[2], 0, |h, _t, _theta| {
        let (x, y) = (h.index(0).powi(3), h.index(1).powi(3));
        Var::stack(&[x * -0.1 - y * 2.0, x * 2.0 - y * 0.1])
    })?;
    let whole = Problem {
        h0: &[2.0, 0.0],
        theta: &[],
        t0: 0.0,
        t1: 5.0,
        save_at: &times,
    };
    let truth = states(discrete(truth, tsit5, options.clone())?.as_mut(), &whole)?;

    let net = Mlp::new(&[2, 50, 2], Unary::Tanh).initializer(Initializer::Normal { std: 0.1 });
    let field = |batch| {
        Recorded::record(&[batch, 2], net.parameter_len(), |h, _t, theta| {
            net.apply(h.powi(3), theta)
        })
    };

    // Twenty windows at a time, of ten points from random measured states: short solves, which cannot go far astray
    let mut method = discrete(field(20)?, tsit5, options.clone())?;
    let mut training = Training::new(net.initial(0), Adam::new(0.01));
    training.run(
        &Recipe::of(600),
        |iteration, theta, gradient| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(iteration);
            let (mut h0, mut seen) = (Vec::new(), Observations::new(20, 2));
            for window in 0..20 {
                let begin = random.random_range(0..190);
                h0.extend(truth.state(begin));
                for i in 1..10 {
                    seen.push(window, times[i - 1], truth.state(begin + i));
                }
            }
            seen.gradient(method.as_mut(), Loss::Squares, (&h0, 0.0), theta, gradient)
        },
        |_| Continue(()),
    );

    // The whole trajectory, which knows of errors that build up along it
    let mut method = discrete(field(1)?, tsit5, options)?;
    let seen = Observations::of_states(1, &times, &truth);
    let mut polish = Training::new(training.theta.clone(), Lbfgs::new(net.parameter_len()));
    polish.run(
        &Recipe::of(500),
        |_, theta, g| seen.gradient(method.as_mut(), Loss::Squares, (whole.h0, 0.0), theta, g),
        |_| Continue(()),
    );

    let mut error = |theta: &[f64]| -> Result<f64, Error> {
        let learned = states(method.as_mut(), &Problem { theta, ..whole })?;
        let pairs = learned.values().iter().zip(truth.values());
        Ok(pairs
            .map(|(found, exact)| (found - exact).abs())
            .sum::<f64>()
            / 400.0)
    };
    let (windows, all) = (error(&training.theta)?, error(&polish.theta)?);
    println!(
        "mean absolute error: {windows:.4} after windows, {all:.4} after the whole trajectory"
    );
    assert!(all < 0.02 && all < windows);

    let theta = &polish.theta;
    let learned = states(method.as_mut(), &Problem { theta, ..whole })?;
    println!("   t        x        y   learned        and");
    for i in (39..200).step_by(40) {
        let (h, found) = (truth.state(i), learned.state(i));
        let [x, y, x1, y1] = [h[0], h[1], found[0], found[1]];
        println!("{:.2}  {x:7.4}  {y:7.4}   {x1:7.4}    {y1:7.4}", times[i]);
    }
    Ok(())
}
