//! The gradient of everything a model can depend on, against differences of its loss.

mod constant_step;
#[path = "../room/mod.rs"]
mod room;

use costate_model::Model;

use room::room;

/// Initial values, end points of time, observables and a network, all of which depend on parameters and on time.
const MIXED: &str = r#"
[states]
x = "x0 * exp(-shift0)"
y = 0.6

[parameters]
x0 = 1.7
shift0 = 0.3
k = 0.9
width = 0.5
held = { value = 2.0, fixed = true }

[definitions]
flow = "k * x / (1 + x^2) * cos(width * t)"

[networks.rest]
inputs = ["x", "y * held", "t"]
outputs = ["u", "v"]
hidden = [3]
activation = "softplus"
seed = 5
l2 = 0.01
weights = "mixed.safetensors"

[equations]
x = "-flow + 0.2 * u"
y = "flow - 0.3 * y + v"

[time]
start = "0.1 * width"
end = 2.0

[solver]
rtol = 1e-10
atol = 1e-12

[observables]
sum = { is = "x + k * y + 0.1 * t^2" }
second = { is = "y", column = "second" }
shift = { is = "sin(width * t) * x" }

[data]
file = "mixed.csv"
time = "when"

[fit]
loss = "LOSS"
"#;

fn model(loss: &str) -> Model {
    given_weights(&MIXED.replace("LOSS", loss))
}

/// Noise of every kind: formulas of states, parameters and time, known error bars, distributions, and priors.
fn likelihood() -> Model {
    let changes = [
        (
            "[parameters]",
            "[parameters]\nsigma = { value = 0.3, lower = 0.01, prior = { log-normal = [-1.0, 0.4] } }",
        ),
        (
            "k = 0.9",
            "k = { value = 0.9, prior = { normal = [1.1, 0.2] } }",
        ),
        (
            "width = 0.5",
            "width = { value = 0.5, prior = { laplace = [0.4, 0.3] } }",
        ),
        (
            "0.1 * t^2\" }",
            "0.1 * t^2\", noise = \"sigma * (1 + 0.2 * x^2) + 0.01 * t\" }",
        ),
        (
            "column = \"second\" }",
            "column = \"second\", noise = { column = \"bar\" }, distribution = \"laplace\" }",
        ),
        (
            "* x\" }",
            "* x\", noise = \"0.5 * sigma * k\", distribution = \"log-normal\" }",
        ),
    ];
    let mut text = MIXED.replace("LOSS", "squares");
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    given_weights(&text)
}

fn given_weights(text: &str) -> Model {
    // A network that starts at zero would hide half of the gradient: its weights are given.
    let fresh = text.replace("weights = \"mixed.safetensors\"\n", "");
    let fresh = Model::parse(&fresh, "tests/data/mixed.toml").unwrap();
    let directory = room(&[]);
    std::fs::copy("tests/data/mixed.csv", directory.join("mixed.csv")).unwrap();
    let mut weights = fresh.weights_file().unwrap();
    let header = 8 + u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    for (i, bytes) in weights[header..]
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .enumerate()
    {
        *bytes = (0.4 * (1.0 + 2.3 * i as f64).sin()).to_le_bytes();
    }
    std::fs::write(directory.join("mixed.safetensors"), weights).unwrap();
    let model = Model::parse(text, directory.join("mixed.toml")).unwrap();
    model.gradient().unwrap();
    model
}

/// How the loss changes with this value, by Richardson's extrapolation of central differences.
fn slope(model: &Model, name: &str, value: f64) -> f64 {
    let loss = |value: f64| {
        let mut model = model.clone();
        model.set(name, value).unwrap();
        model.gradient().unwrap().loss
    };
    let central = |h: f64| (loss(value + h) - loss(value - h)) / (2.0 * h);
    (4.0 * central(1e-3) - central(2e-3)) / 3.0
}

/// Every method's gradient is the slope of the loss, in all parameters and in the initial value that is a number.
fn every_method_has_the_slopes(mut model: Model, parameters: usize, what: &str) {
    // Only the loss is read of what the slopes ask for: by the method that takes least.
    model.set_gradient("discrete").unwrap();
    let named = model.gradient().unwrap();
    assert_eq!(named.parameters.len(), parameters);
    assert_eq!(named.initial.len(), 1);
    let slopes: Vec<f64> = named
        .parameters
        .iter()
        .chain(&named.initial)
        .map(|(name, _)| {
            let parameter = model.parameters().iter().find(|p| p.name == *name);
            slope(&model, name, parameter.map_or(0.6, |p| p.value))
        })
        .collect();
    for method in ["discrete", "forward", "backsolve", "finite-difference"] {
        model.set_gradient(method).unwrap();
        let report = model.gradient().unwrap();
        assert_eq!(report.method, method);
        let gradients = report.parameters.iter().chain(&report.initial);
        for ((name, gradient), expected) in gradients.zip(&slopes) {
            assert!(
                (gradient - expected).abs() < 2e-6 * (1.0 + expected.abs()),
                "{what} by {method}: {name} {gradient} instead of {expected}"
            );
        }
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_loss_by_every_method() {
    for loss in ["squares", "huber", "absolute"] {
        every_method_has_the_slopes(model(loss), 4, loss);
    }
}

#[test]
fn the_gradient_of_a_likelihood_is_its_slope_by_every_method() {
    let model = likelihood();
    assert!(model.has_likelihood());
    every_method_has_the_slopes(model, 5, "likelihood");
}

#[test]
fn what_is_given_as_a_number_has_a_derivative_and_what_follows_from_parameters_has_not() {
    let report = model("squares").gradient().unwrap();
    assert_eq!(report.initial[0].0, "y");
    assert!(report.start.is_none() && report.end.is_some());
    assert_eq!(report.save.len(), 4);
    assert!(report.networks[0].1 > 0.0);
}

#[test]
fn weights_of_a_gradient_have_the_form_of_weights() {
    let model = model("squares");
    let (weights, gradient) = (model.weights_file().unwrap(), model.gradient().unwrap());
    let header = |bytes: &[u8]| 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let length = header(&weights);
    assert_eq!(weights[..length], gradient.weights[..length]);
    let numbers = gradient.weights[length..]
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&bytes| f64::from_le_bytes(bytes));
    let norm = numbers.map(|g| g * g).sum::<f64>().sqrt();
    assert!((norm / gradient.networks[0].1 - 1.0).abs() < 1e-12);
}
