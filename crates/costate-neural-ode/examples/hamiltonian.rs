//! A Hamiltonian model: dq/dt = p, dp/dt = −∂V/∂q with V a network, trained through a symplectic solver, which keeps the energy for ever.
//!
//!     cargo run --release -p costate-neural-ode --example hamiltonian

use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::observations::Observations;
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::pipeline::{discrete, states};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Problem, Recorded};
use costate_ode::{Method, Options};
use costate_tape::{Function, Scalar, Unary, Var};
use std::ops::ControlFlow::Continue;

const B: usize = 5;

/// q, and as many p behind them.
fn halves<'t>(h: Var<'t, f64>) -> (Var<'t, f64>, Var<'t, f64>) {
    let b = h.shape().len() / 2;
    (h.slice(0, 0..b), h.slice(0, b..2 * b))
}

/// The field of b states. V is the network; its slope comes from the tape.
fn field(net: &Mlp, b: usize) -> Result<Recorded, Error> {
    let (q, p) = ([b], [net.parameter_len()]);
    let inputs: [(&str, &[usize]); 2] = [("q", &q), ("theta", &p)];
    let v = Function::record(&inputs, |v| {
        vec![net.apply(v[0].reshape([b, 1]), v[1]).sum()]
    })?;
    let slope = v.gradient(&[0]);
    Recorded::record(&[2 * b], p[0], |h, _t, theta| {
        let (q, p) = halves(h);
        Var::concat(&[p, -slope.call(&[q, theta])[0]], 0)
    })
}

fn main() -> Result<(), Error> {
    // Pendulums let go at five angles: dp/dt = −sin q
    let times: Vec<f64> = (1..=16).map(|i| 0.4 * f64::from(i)).collect();
    let h0 = [0.4, 0.8, 1.2, 1.6, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let truth = Recorded::record(&[2 * B], 0, |h, _t, _theta| {
        let (q, p) = halves(h);
        Var::concat(&[p, -q.sin()], 0)
    })?;
    let problem = Problem {
        h0: &h0,
        theta: &[],
        t0: 0.0,
        t1: times[15],
        save_at: &times,
    };
    let mut truth = discrete(
        truth,
        Method::by_name("tsit5")?,
        Options::tolerances(1e-8, 1e-8),
    )?;
    let seen = Observations::of_states(1, &times, &states(truth.as_mut(), &problem)?);

    let net = Mlp::new(&[1, 16, 1], Unary::Tanh);
    let options = Options::constant_step(0.05);
    let mut method = discrete(field(&net, B)?, Method::by_name("verlet")?, options.clone())?;
    let mut training = Training::new(net.initial(3), Lbfgs::new(net.parameter_len()));
    training.run(
        &Recipe::of(150),
        |_, theta, g| seen.gradient(method.as_mut(), Loss::Squares, (&h0, 0.0), theta, g),
        |_| Continue(()),
    );

    // A thousand units of time, a hundred and fifty times as long as what was seen. The energy of the true pendulum at (q, p) is ½ p² + 1 − cos q.
    let energy = |h: &[f64]| 0.5 * h[1] * h[1] + 1.0 - h[0].cos();
    let late: Vec<f64> = (1..=1000).map(f64::from).collect();
    let mut off = Vec::new();
    for name in ["verlet", "heun"] {
        let mut method = discrete(field(&net, 1)?, Method::by_name(name)?, options.clone())?;
        let (h0, theta) = ([1.0, 0.0], training.theta.as_slice());
        let path = states(
            method.as_mut(),
            &Problem {
                h0: &h0,
                theta,
                t0: 0.0,
                t1: 1000.0,
                save_at: &late,
            },
        )?;
        let energies = (0..path.len()).map(|i| (energy(path.state(i)) / energy(&h0) - 1.0).abs());
        off.push(energies.collect::<Vec<_>>());
    }
    // The largest until then
    let worst = |k: usize, t: usize| off[k][..t].iter().copied().fold(0.0, f64::max);
    println!("until t   energy off by, verlet and heun");
    for t in [1, 10, 100, 1000] {
        println!(
            "{t:7}   {:.2} %  {:.2} %",
            1e2 * worst(0, t),
            1e2 * worst(1, t)
        );
    }
    assert!(worst(0, 1000) < 0.02 && worst(1, 1000) > 3.0 * worst(0, 1000));
    Ok(())
}
