//! Encoder, solve and readout as one function of θ.

use costate_neural_ode::layer::{Layer, Linear, Mlp};
use costate_neural_ode::train::loss::recorded;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes};
use costate_neural_ode::{Discrete, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary, Var, check};

#[test]
fn the_gradient_of_all_parts_together_is_that_of_differences() {
    // data: x [3, 2], then y [3, 1]; θ: encoder to (mean, ln σ) of two codes, field, readout
    let (encoder, net, readout) = (
        Linear::new(2, 4),
        Mlp::new(&[2, 4, 2], Unary::Tanh),
        Linear::new(2, 1),
    );
    let (e, n) = (encoder.parameter_len(), net.parameter_len());
    let parameters = e + n + readout.parameter_len();
    let field = Recorded::record(&[3, 2], parameters, |h, _t, theta| {
        net.apply(h, theta.slice(0, e..e + n))
    })
    .unwrap();
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-8, 1e-8);
    let method = Discrete::new(field, &vec![0.0; 6], tsit5, options).unwrap();
    let sizes = Sizes {
        data: 9,
        parameters,
        states: 6,
        saves: 2,
    };
    let mut pipeline = Pipeline::record(
        Box::new(method),
        sizes,
        |data, theta| {
            let code = encoder.apply(data.slice(0, 0..6).reshape([3, 2]), theta.slice(0, 0..e));
            let (mean, ln_std) = (code.slice(1, 0..2), code.slice(1, 2..4));
            let sample = recorded::normal_sample(mean, ln_std, mean.full(0.3, [3, 2]));
            let divergence = recorded::kl_standard_normal(mean, ln_std);
            Var::concat(&[sample.reshape([6]), divergence.reshape([1])], 0)
        },
        |saved, data, theta| {
            let y = readout.apply(saved.reshape([6, 2]), theta.slice(0, e + n..parameters));
            let off = y.reshape([2, 3]) - data.slice(0, 6..9);
            (off * off).mean() + theta.index(0).sin()
        },
    )
    .unwrap();
    let data = [0.5, -0.2, 1.0, 0.3, -0.7, 0.1, 1.0, 0.0, -1.0];
    let theta: Vec<f64> = (0..parameters)
        .map(|i| 0.5 * (1.7 * i as f64).sin())
        .collect();
    let mut gradient = vec![0.0; parameters];
    let span = (0.0, 1.0, [0.5, 1.0]);
    let mut at = |theta: &[f64], gradient: &mut [f64]| {
        let span = (span.0, span.1, span.2.as_slice());
        pipeline.gradient(span, &data, theta, gradient).unwrap()
    };
    at(&theta, &mut gradient);
    let mut unused = vec![0.0; parameters];
    check::gradient(|theta| at(theta, &mut unused), &theta, &gradient)
        .within(1e-5)
        .assert();
    let states = pipeline
        .states((0.0, 1.0, &[0.5, 1.0]), &data, &theta)
        .unwrap();
    assert_eq!((states.len(), states.width()), (2, 6));
}
