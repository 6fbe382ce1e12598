//! Layers and weight files against PyTorch's. The file is made by `tests/layers/pytorch_layers.py`, which says how.

use costate_neural_ode::layer::{
    Activation, Conv1d, Conv2d, Gru, Layer, Linear, Parameter, weights,
};
use costate_tape::{Function, Unary, Var};

const FILE: &[u8] = include_bytes!("pytorch.safetensors");

/// A tensor that belongs to no layer.
fn tensor(name: &str, shape: &[usize]) -> Vec<f64> {
    let parameter = Parameter {
        name: name.to_owned(),
        shape: shape.to_vec(),
    };
    weights::read("", &[parameter], FILE).unwrap()
}

/// The layer gives PyTorch's output with the weights read as they are.
fn agrees(name: &str, layer: &impl Layer, x: &[usize], y: &[usize]) {
    let theta = weights::read(name, &layer.parameters(), FILE).unwrap();
    let p = [theta.len()];
    let inputs: [(&str, &[usize]); 2] = [("x", x), ("theta", &p)];
    let f = Function::<f64>::record(&inputs, |v| vec![layer.apply(v[0], v[1])]).unwrap();
    assert_eq!(f.output_shape(0).to_vec(), y);
    let found = f.eval(&[&tensor(&format!("{name}.x"), x), &theta]).unwrap();
    close(name, &found[0], &tensor(&format!("{name}.y"), y));
    // What is written is read again.
    let bytes = weights::write(&[(name, &layer.parameters(), &theta)]);
    assert_eq!(
        weights::read(name, &layer.parameters(), &bytes).unwrap(),
        theta
    );
}

fn close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-14,
            "{name}: {found} instead of {expected}"
        );
    }
}

#[test]
fn layers_give_what_pytorch_gives_with_the_weights_of_its_file() {
    let net = (
        Linear::new(2, 4),
        Activation(Unary::Tanh),
        Linear::new(4, 1),
    );
    agrees("net", &net, &[3, 2], &[3, 1]);
    agrees("conv1", &Conv1d::new(2, 3, 3), &[2, 2, 5], &[2, 3, 5]);
    let mut conv = Conv2d::new(2, 3, 3);
    (conv.kernel, conv.padding) = ([3, 2], [1, 0]);
    agrees("conv2", &conv, &[2, 2, 4, 5], &[2, 3, 4, 4]);
    agrees("same", &Conv2d::new(1, 2, 3), &[1, 1, 4, 4], &[1, 2, 4, 4]);
}

#[test]
fn the_recurrent_cell_is_that_of_pytorch_in_both_forms() {
    let gru = Gru::new(2, 3);
    let theta = weights::read("gru", &gru.parameters(), FILE).unwrap();
    let p = [theta.len()];
    let inputs: [(&str, &[usize]); 3] = [("x", &[3, 2]), ("h", &[3, 3]), ("theta", &p)];
    let f = Function::<f64>::record(&inputs, |v| {
        let together = Var::concat(&[v[0], v[1]], 1);
        vec![gru.step(v[0], v[1], v[2]), gru.apply(together, v[2])]
    })
    .unwrap();
    let (x, h) = (tensor("gru.x", &[3, 2]), tensor("gru.h", &[3, 3]));
    for found in f.eval(&[&x, &h, &theta]).unwrap() {
        close("gru", &found, &tensor("gru.y", &[3, 3]));
    }
}

#[test]
fn singles_and_halves_are_widened_to_the_number_they_are() {
    assert_eq!(tensor("kinds.f32", &[2]), [f64::from(0.1_f32), -3.5]);
    let halves = tensor("kinds.f16", &[3]);
    assert_eq!(halves, [0.0999755859375, -3.5, 2.0_f64.powi(-24)]);
    assert_eq!(tensor("kinds.bf16", &[2]), [0.10009765625, -3.5]);
}

#[test]
fn what_does_not_fit_is_named() {
    let read = |prefix: &str, layer: &Linear| {
        weights::read(prefix, &layer.parameters(), FILE)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        read("net.0", &Linear::new(3, 4)),
        "the tensor `net.0.weight` has shape [4, 2], but the layer needs [4, 3]"
    );
    assert!(
        read("net.1", &Linear::new(2, 4))
            .starts_with("there is no tensor `net.1.weight`; there are conv1.bias, ")
    );
    let whole = Parameter {
        name: "int".to_owned(),
        shape: vec![2],
    };
    let error = weights::read("kinds", std::slice::from_ref(&whole), FILE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tensor `kinds.int` holds I64; parameters are F64, F32, F16 or BF16"
    );
    let bytes = weights::write(&[("kinds", std::slice::from_ref(&whole), &[1.0, f64::NAN])]);
    let error = weights::read("kinds", std::slice::from_ref(&whole), &bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "element 1 of the tensor `kinds.int` is NaN, which is not finite"
    );
    let error = weights::read("", &[], b"not this").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("this is no safetensors file: "),
        "{error}"
    );
}

#[test]
#[should_panic(expected = "two tensors are called `weight`: give the layers other prefixes")]
fn two_layers_of_one_name_are_refused() {
    let parameters = Linear::new(1, 1).parameters();
    let _ = weights::write(&[
        ("", &parameters, &[1.0, 2.0]),
        ("", &parameters, &[1.0, 2.0]),
    ]);
}
