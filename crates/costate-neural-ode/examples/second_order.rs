//! A second-order model: x″ = net(x, x′), learned from positions alone, without ever seeing a velocity.
//!
//!     cargo run --release -p costate-neural-ode --example second_order

use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::observations::Observations;
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::pipeline::{discrete, states};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary, Var};
use std::ops::ControlFlow::Continue;

const B: usize = 6;

fn main() -> Result<(), Error> {
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-6, 1e-6));
    let times: Vec<f64> = (1..=20).map(|i| 0.25 * f64::from(i)).collect();

    // A pendulum with friction, let go at six angles: x″ = −sin x − 0.2 x′
    let truth = Recorded::record(&[B, 2], 0, |h, _t, _theta| {
        let (x, v) = (h.slice(1, 0..1), h.slice(1, 1..2));
        Var::concat(&[v, -x.sin() - v * 0.2], 1)
    })?;
    let mut pendulum = discrete(truth, tsit5, options.clone())?;
    let angles = |first: f64| -> Vec<f64> {
        (0..B)
            .flat_map(|i| [first + 0.45 * i as f64, 0.0])
            .collect()
    };
    let (trained, tested) = (angles(0.25), angles(0.1));
    let problem = Problem {
        h0: &trained,
        theta: &[],
        t0: 0.0,
        t1: 5.0,
        save_at: &times,
    };
    let path = states(pendulum.as_mut(), &problem)?;
    let mut seen = Observations::new(B, 2);
    for (i, t) in times.iter().enumerate() {
        for (sample, h) in path.state(i).chunks(2).enumerate() {
            seen.push(sample, *t, &[h[0], f64::NAN]); // the velocity is missing
        }
    }

    // dx/dt = v is known; only the acceleration is a network.
    let net = Mlp::new(&[2, 16, 1], Unary::Tanh);
    let field = Recorded::record(&[B, 2], net.parameter_len(), |h, _t, theta| {
        Var::concat(&[h.slice(1, 1..2), net.apply(h, theta)], 1)
    })?;
    let mut model = discrete(field, tsit5, options)?;
    let mut training = Training::new(net.initial(2), Lbfgs::new(net.parameter_len()));
    training.run(
        &Recipe::of(200),
        |_, theta, g| seen.gradient(model.as_mut(), Loss::Squares, (&trained, 0.0), theta, g),
        |_| Continue(()),
    );

    // Six other angles
    let problem = Problem {
        h0: &tested,
        ..problem
    };
    let truth = states(pendulum.as_mut(), &problem)?;
    let learned = states(
        model.as_mut(),
        &Problem {
            theta: &training.theta,
            ..problem
        },
    )?;
    let off = |component: usize| {
        let pairs = learned.values().iter().zip(truth.values());
        let component = pairs.skip(component).step_by(2);
        component
            .map(|(found, exact)| (found - exact).abs())
            .fold(0.0, f64::max)
    };
    println!(
        "largest error at other angles: position {:.4}, velocity {:.4}",
        off(0),
        off(1)
    );
    assert!(off(0) < 0.02 && off(1) < 0.05);

    println!("   t   position, learned   velocity, learned");
    for i in (3..20).step_by(4) {
        let ([x, v], [x1, v1]) = (
            [0, 1].map(|c| truth.state(i)[8 + c]),
            [0, 1].map(|c| learned.state(i)[8 + c]),
        );
        println!("{:.2}   {x:7.4}  {x1:7.4}   {v:7.4}  {v1:7.4}", times[i]);
    }
    Ok(())
}
