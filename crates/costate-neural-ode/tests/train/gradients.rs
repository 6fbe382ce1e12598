//! Clipping and weight decay, against PyTorch 2.15: the numbers are printed by `python crates/costate-neural-ode/tests/train/pytorch_steps.py`.

use costate_neural_ode::train::clip::Clip;
use costate_neural_ode::train::decay;
use costate_neural_ode::train::optimizer::{Adam, Optimizer, RmsProp, Sgd, Step};

const GRADIENTS: [[f64; 2]; 4] = [[0.5, -3.0], [-0.25, 2.0], [1.5, 0.125], [0.0, -1.0]];

/// Four steps from (1, −2), with something done to each gradient.
fn run(mut optimizer: impl Optimizer<f64>, change: impl Fn(&[f64], &mut [f64])) -> [f64; 2] {
    let mut x = [1.0, -2.0];
    for mut gradient in GRADIENTS {
        change(&x, &mut gradient);
        assert_eq!(optimizer.step(&mut x, 0.0, &gradient), Step::Accepted);
    }
    x
}

#[track_caller]
fn close(found: [f64; 2], expected: [f64; 2], tolerance: f64) {
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < tolerance,
            "{found} instead of {expected}"
        );
    }
}

fn nothing(_x: &[f64], _gradient: &mut [f64]) {}

fn l2(x: &[f64], gradient: &mut [f64]) {
    decay::l2(0.2, x, gradient);
}

#[test]
fn adam_w_takes_the_steps_of_pytorch() {
    let expected = [0.6820375728210301, -1.7053609055827974];
    close(run(Adam::decoupled(0.1, 0.2), nothing), expected, 1e-14);
}

#[test]
fn decay_in_the_gradient_takes_the_steps_of_pytorch() {
    let expected = [0.6966178634633481, -1.8053645876393598];
    close(run(Adam::new(0.1), l2), expected, 1e-14);
    let mut sgd = Sgd::new(0.1);
    sgd.momentum = 0.9;
    close(run(sgd, l2), [0.44532496, -1.12117552], 1e-14);
    let expected = [-0.5015899755619947, -1.1049058703857895];
    close(run(RmsProp::new(0.1), l2), expected, 1e-14);
}

#[test]
fn clipped_gradients_take_the_steps_of_pytorch() {
    // PyTorch divides by the norm plus 1e-6.
    let by_norm = run(Sgd::new(0.1), |_, gradient| {
        Clip::Norm(1.0).apply(gradient);
    });
    close(by_norm, [0.8963090643623103, -1.9088930209578658], 1e-6);
    let by_value = run(Sgd::new(0.1), |_, gradient| {
        Clip::Value(1.0).apply(gradient);
    });
    close(by_value, [0.875, -1.9125], 1e-15);
}

#[test]
fn a_gradient_within_bounds_is_left_as_it_is() {
    for clip in [Clip::Norm(5.0), Clip::Value(4.0)] {
        let mut gradient = [3.0, -4.0];
        assert_eq!(clip.apply(&mut gradient), 5.0);
        assert_eq!(gradient, [3.0, -4.0]);
    }
}

#[test]
fn a_gradient_that_is_not_finite_stays_so_that_the_optimiser_sees_it() {
    for clip in [Clip::Norm(1.0), Clip::Value(1.0)] {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut gradient = [1.0, bad];
            assert!(!clip.apply(&mut gradient).is_finite());
            assert!(!gradient[1].is_finite(), "{clip:?}: {gradient:?}");
        }
    }
}

#[test]
fn the_decay_is_the_slope_of_its_penalty() {
    let (x, h) = ([0.7, -1.3], 1e-6);
    let mut gradient = [0.0; 2];
    decay::l2(0.3, &x, &mut gradient);
    for i in 0..2 {
        let at = |shift: f64| {
            let mut x = x;
            x[i] += shift;
            decay::l2(0.3, &x, &mut [0.0; 2])
        };
        assert!((gradient[i] - (at(h) - at(-h)) / (2.0 * h)).abs() < 1e-9);
    }
}
