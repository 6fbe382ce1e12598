//! Inputs, switches and events: solutions against closed forms, gradients against differences of the loss.

mod comparisons;
mod events;
mod inputs;
#[path = "../room/mod.rs"]
mod room;

use costate_model::{Model, Save};

use room::room;

fn parse(text: &str, files: &[(&str, &str)]) -> Model {
    Model::parse(text, room(files).join("m.toml")).unwrap_or_else(|error| panic!("{error}"))
}

fn message(text: &str, files: &[(&str, &str)]) -> String {
    Model::parse(text, room(files).join("m.toml"))
        .unwrap_err()
        .to_string()
}

/// The first state at some times.
fn first(model: &Model, times: &[f64]) -> Vec<f64> {
    let solution = model.solve(&Save::At(times.to_vec())).unwrap();
    (0..solution.len()).map(|i| solution.row(i)[0]).collect()
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let size = 1.0 + expected.abs();
        assert!(
            (found - expected).abs() < tolerance * size,
            "{found} instead of {expected}"
        );
    }
}

/// Every gradient method against differences of the loss, in every parameter and initial number.
#[track_caller]
fn gradients_are_slopes(model: &Model, methods: &[&str], tolerance: f64) {
    let loss = |name: &str, value: f64| {
        let mut model = model.clone();
        model.set(name, value).unwrap();
        model.gradient().unwrap().loss
    };
    for method in methods {
        let mut model = model.clone();
        model.set_gradient(method).unwrap();
        let report = model.gradient().unwrap();
        for (name, gradient) in &report.parameters {
            let at = model
                .parameters()
                .iter()
                .find(|p| p.name == *name)
                .unwrap()
                .value;
            let h = 1e-3 * at.abs().max(0.1);
            let central = |h: f64| (loss(name, at + h) - loss(name, at - h)) / (2.0 * h);
            let expected = (4.0 * central(h) - central(2.0 * h)) / 3.0;
            assert!(
                (gradient - expected).abs() < tolerance * (1.0 + expected.abs()),
                "by {method}: {name} {gradient} instead of {expected}"
            );
            assert!(expected.abs() > 1e-4, "{name} tests nothing: {expected}");
        }
    }
}

const METHODS: &[&str] = &["discrete", "forward", "backsolve", "interpolating"];
