//! The house example: f = θ t h, θ = 1/4, t from 3 to 5, h₀ = 3, L = h(5). Every answer is a different multiple of e².

use costate_neural_ode::doc::House;
use costate_neural_ode::gradient::{METHODS, by_name};
use costate_neural_ode::{Gradient, Problem};
use costate_ode::{Options, tableau};

const PROBLEM: Problem<'static, f64, f64> = Problem {
    h0: &[3.0],
    theta: &[0.25],
    t0: 3.0,
    t1: 5.0,
    save_at: &[],
};

fn check(name: &str, gradient: &Gradient<f64>, tolerance: f64) {
    let e2 = 2.0_f64.exp();
    let found = [
        gradient.loss,
        gradient.h0[0],
        gradient.theta[0],
        gradient.t1,
        gradient.t0,
        gradient.clock(),
    ];
    for (found, expected) in found.iter().zip([3.0, 1.0, 24.0, 3.75, -2.25, 1.5]) {
        assert!(
            (found / e2 - expected).abs() < tolerance,
            "{name}: {} instead of {expected}",
            found / e2
        );
    }
}

#[test]
fn every_method_finds_the_five_numbers() {
    for about in METHODS {
        for tableau in ["bosh3", "dopri5", "tsit5"] {
            let tableau = tableau::by_name(tableau).unwrap();
            let mut method = by_name(
                about.name,
                House::default(),
                &[0.0],
                tableau,
                Options::tolerances(1e-10, 1e-10),
            )
            .unwrap();
            let gradient = method.gradient(&PROBLEM, &mut |saved, cotangents| {
                cotangents.state_mut(0)[0] = 1.0;
                saved.state(0)[0]
            });
            let gradient = gradient.unwrap();
            check(about.name, gradient, 1e-6);
        }
    }
}
