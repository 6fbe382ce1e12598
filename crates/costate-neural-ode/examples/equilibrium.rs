//! An equilibrium model: y = readout of where dh/dt = tanh(W (h, x) + b) − h comes to rest, a network as deep as it needs to be. It learns the exclusive or.
//!
//!     cargo run --release -p costate-neural-ode --example equilibrium

use costate_neural_ode::layer::{Layer, Linear};
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Scalar, Var};
use std::ops::ControlFlow::Continue;

const B: usize = 4;
const H: usize = 6;
/// The four pairs of signs, and 1 where they differ.
const X: [f64; 2 * B] = [-1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0];
const Y: [f64; B] = [-1.0, 1.0, 1.0, -1.0];

/// Numbers on the tape of h.
fn numbers<'t, const N: usize>(h: Var<'t, f64>, values: [f64; N]) -> Var<'t, f64> {
    Var::stack(&values.map(|value| h.full(value, [1])))
}

/// Σ (y − Y)².
fn squares<'t>(readout: &Linear, h: Var<'t, f64>, theta: Var<'t, f64>) -> Var<'t, f64> {
    let own = theta.shape().len() - readout.parameter_len()..theta.shape().len();
    let off = readout.apply(h.reshape([B, H]), theta.slice(0, own)) - numbers(h, Y);
    (off * off).sum()
}

fn main() -> Result<(), Error> {
    let (inner, readout) = (Linear::new(H + 2, H), Linear::new(H, 1));
    let p = inner.parameter_len();
    let (state, theta) = ([B, H], [p + readout.parameter_len()]);
    let inputs: [(&str, &[usize]); 3] = [("h", &state), ("t", &[]), ("theta", &theta)];
    let f = Function::record(&inputs, |v| {
        let seen = Var::concat(&[v[0], numbers(v[0], X).reshape([B, 2])], 1);
        vec![inner.apply(seen, v[2].slice(0, 0..p)).tanh() - v[0]]
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-8, 1e-8));
    let mut model = Pipeline::record(
        discrete(Recorded::new(&f)?, tsit5, options)?,
        Sizes::new(0, theta[0], B * H, 1),
        |_data, theta| theta.full(0.0, [B * H]),
        |saved, _data, theta| squares(&readout, saved, theta),
    )?;
    let start = [inner.initial::<f64>(7), readout.initial(8)].concat();
    let mut training = Training::new(start, Lbfgs::new(theta[0]));
    let span = (0.0, 100.0, [].as_slice()); // long enough to come to rest
    let recipe = Recipe::of(300);
    training.run(
        &recipe,
        |_, theta, g| model.gradient(span, &[], theta, g),
        |_| Continue(()),
    );

    // Not quite what was learned, where the gradient is not zero
    let theta: Vec<f64> = training.theta.iter().map(|theta| 0.9 * theta).collect();
    let mut gradient = vec![0.0; theta.len()];
    let error = model.gradient(span, &[], &training.theta, &mut gradient)?;
    model.gradient(span, &[], &theta, &mut gradient)?;
    let rest = model.states(span, &[], &theta)?;
    let at = [rest.state(0), &[0.0], &theta];
    let moving = f.eval(&at)?[0]
        .iter()
        .fold(0.0_f64, |most, dh| most.max(dh.abs()));
    println!("sum of squares {error:.2e}; at the end |dh/dt| is at most {moving:.1e}");
    assert!(error < 1e-3 && moving < 1e-6);
    let all = [B * H, theta.len()];
    let inputs: [(&str, &[usize]); 2] = [("h", &all[..1]), ("theta", &all[1..])];
    let y = Function::record(&inputs, |v| {
        vec![readout.apply(v[0].reshape([B, H]), v[1].slice(0, p..all[1]))]
    })?;
    let learned = model.states(span, &[], &training.theta)?;
    println!("  x₁   x₂   y at rest");
    for (x, y) in X
        .chunks(2)
        .zip(&y.eval(&[learned.state(0), &training.theta])?[0])
    {
        println!("{:4} {:4}   {y:9.5}", x[0], x[1]);
    }

    // At rest the implicit function theorem gives the gradient without the way there: −∂L/∂h (∂f/∂h)⁻¹ ∂f/∂θ, and what the readout has itself.
    let inputs: [(&str, &[usize]); 2] = [("h", &[B * H]), ("theta", &[theta.len()])];
    let loss = Function::record(&inputs, |v| vec![squares(&readout, v[0], v[1])])?;
    let [by_h, by_theta] = &loss.gradient(&[0, 1]).eval(&[at[0], at[2]])?[..] else {
        unreachable!("two gradients")
    };
    let jacobian =
        nalgebra::DMatrix::from_column_slice(B * H, B * H, &f.jacobian(&[0]).eval(&at)?[0]);
    let solved = jacobian
        .lu()
        .solve(&-nalgebra::DVector::from_column_slice(by_h));
    let a = solved.expect("a point of rest that moves with θ");
    let implicit = &f.vjp(&[2]).eval(&[at[0], at[1], at[2], a.as_slice()])?[1];
    for (i, found) in gradient.iter().enumerate() {
        assert!(
            (found - implicit[i] - by_theta[i]).abs() < 1e-5,
            "{i}: {found}"
        );
    }
    Ok(())
}
