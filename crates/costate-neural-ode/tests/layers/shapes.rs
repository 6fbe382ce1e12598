//! Every layer: names, numbers of parameters, derivatives, and series of its parameters.

use costate_neural_ode::function_space::Basis;
use costate_neural_ode::layer::{
    Activation, ConcatTime, Conv1d, Conv2d, Depth, Gru, Initializer, Layer, Linear, MeanPool, Mlp,
    Residual,
};
use costate_tape::{Function, Unary, check};

const TANH: Activation = Activation(Unary::Tanh);

/// y(x, t, θ) as a function.
fn record(layer: &impl Layer, x: &[usize]) -> Function<f64> {
    let p = [layer.parameter_len()];
    let inputs: [(&str, &[usize]); 3] = [("x", x), ("t", &[]), ("theta", &p)];
    Function::record(&inputs, |v| vec![layer.apply_at(v[0], v[1], v[2])]).unwrap()
}

fn wave(len: usize, step: f64) -> Vec<f64> {
    (0..len).map(|i| (step * i as f64 + 0.3).sin()).collect()
}

/// Derivatives are those of differences and dual numbers; a series of parameters is the layer at θ(t); initial values follow the seed.
fn holds(layer: &(impl Layer + Clone), x: &[usize], y: &[usize]) {
    let (p, len) = (layer.parameter_len(), x.iter().product());
    let f = record(layer, x);
    assert_eq!(f.output_shape(0).to_vec(), y);
    let (at, theta) = (wave(len, 0.7), wave(p, 1.3));
    for report in check::function(&f, &[&at, &[0.4], &theta]).unwrap() {
        report.assert();
    }
    let depth = Depth::new(layer.clone(), Basis::legendre(3, 0.0, 1.0));
    assert_eq!(depth.parameter_len(), 3 * p);
    let theta = wave(3 * p, 1.3);
    let series = record(&depth, x).eval(&[&at, &[0.4], &theta]).unwrap();
    let plain = f.eval(&[&at, &[0.4], &depth.at(0.4, &theta)]).unwrap();
    for (series, plain) in series[0].iter().zip(&plain[0]) {
        assert!(
            (series - plain).abs() < 1e-13,
            "{series} instead of {plain}"
        );
    }
    let initial = layer.initial::<f64>(4);
    assert_eq!(initial, layer.initial::<f64>(4));
    assert!(initial.iter().all(|theta| *theta != 0.0), "{initial:?}");
}

#[test]
fn every_layer_has_the_derivatives_of_its_value_and_takes_series_of_parameters() {
    holds(&Linear::new(3, 2), &[4, 3], &[4, 2]);
    holds(&Mlp::new(&[3, 4, 2], Unary::Softplus), &[4, 3], &[4, 2]);
    holds(&TANH, &[4, 3], &[4, 3]);
    holds(&Conv1d::new(2, 3, 3), &[2, 2, 5], &[2, 3, 5]);
    holds(&Conv2d::new(2, 2, 3), &[2, 2, 3, 4], &[2, 2, 3, 4]);
    holds(&MeanPool { size: 2 }, &[2, 3, 4, 2], &[2, 3, 2, 1]);
    holds(&Gru::new(2, 3), &[2, 5], &[2, 3]);
    holds(&Residual(Linear::new(3, 3)), &[4, 3], &[4, 3]);
    holds(&ConcatTime(Linear::new(4, 3)), &[5, 3], &[5, 3]);
    holds(&ConcatTime(Linear::new(4, 2)), &[3], &[2]);
    holds(
        &ConcatTime(Conv2d::new(3, 2, 3)),
        &[2, 2, 3, 3],
        &[2, 2, 3, 3],
    );
    let block = (
        ConcatTime(Linear::new(3, 4)),
        TANH,
        Residual(Linear::new(4, 4)),
        TANH,
        Linear::new(4, 2),
        TANH,
    );
    holds(&block, &[3, 2], &[3, 2]);
}

#[test]
fn the_parts_of_a_sequence_have_the_names_of_pytorch() {
    let net = (
        (Conv2d::new(1, 2, 3), TANH),
        Residual((Linear::new(2, 3), TANH, Linear::new(3, 2))),
    );
    let names: Vec<_> = net.parameters().into_iter().map(|p| p.name).collect();
    assert_eq!(
        names,
        [
            "0.0.weight",
            "0.0.bias",
            "1.0.weight",
            "1.0.bias",
            "1.2.weight",
            "1.2.bias"
        ]
    );
    assert_eq!(net.parameter_len(), 18 + 2 + 9 + 8);
}

#[test]
fn a_residual_block_is_a_step_of_eulers_method() {
    let (layer, x, theta) = (Linear::new(2, 2), [0.5, -1.0], wave(6, 1.3));
    let f = record(&layer, &[2]).eval(&[&x, &[0.0], &theta]).unwrap();
    let block = record(&Residual(layer), &[2])
        .eval(&[&x, &[0.0], &theta])
        .unwrap();
    for i in 0..2 {
        assert_eq!(block[0][i], x[i] + f[0][i]);
    }
}

#[test]
fn without_a_time_layers_are_what_they_are_at_zero() {
    let layers = (
        ConcatTime(Linear::new(3, 2)),
        Depth::new(Linear::new(2, 2), Basis::chebyshev(3, 0.0, 1.0)),
    );
    let theta = layers.initial::<f64>(1);
    let p = [theta.len()];
    let inputs: [(&str, &[usize]); 2] = [("x", &[4, 2]), ("theta", &p)];
    let plain = Function::<f64>::record(&inputs, |v| vec![layers.apply(v[0], v[1])]).unwrap();
    let (x, at_zero) = (wave(8, 0.9), record(&layers, &[4, 2]));
    assert_eq!(
        plain.eval(&[&x, &theta]).unwrap(),
        at_zero.eval(&[&x, &[0.0], &theta]).unwrap()
    );
}

#[test]
fn a_recurrent_cell_begins_as_pytorch_does_or_gate_by_gate() {
    let mut gru = Gru::new(2, 16);
    let bound = 0.25;
    assert!(
        gru.initial::<f64>(2)
            .iter()
            .all(|theta| theta.abs() <= bound)
    );
    gru.initializer = Initializer::Orthogonal { gain: 1.0 };
    let theta = gru.initial::<f64>(2);
    // W_hr, W_hz, W_hn are each orthogonal: rows have length 1.
    for row in theta[3 * 16 * 2..3 * 16 * 18].chunks(16) {
        let norm: f64 = row.iter().map(|w| w * w).sum();
        assert!((norm - 1.0).abs() < 1e-13);
    }
    assert!(theta[3 * 16 * 18..].iter().all(|bias| *bias == 0.0));
}
