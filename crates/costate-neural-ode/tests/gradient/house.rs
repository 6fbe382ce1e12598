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
fn every_method_with_every_tableau_finds_the_five_numbers() {
    for about in METHODS {
        for tableau in tableau::tableaus() {
            let adaptive = tableau.embedded_order.is_some();
            let step = if tableau.order == 1 { 1e-4 } else { 1e-2 };
            let (options, tolerance) = if adaptive {
                (Options::tolerances(1e-10, 1e-10), 1e-6)
            } else {
                let error = 100.0 * f64::powi(step, tableau.order as i32);
                (Options::constant_step(step), error + 1e-7)
            };
            let mut method =
                by_name(about.name, House::default(), &[0.0], *tableau, options).unwrap();
            let gradient = method.gradient(&PROBLEM, &mut |saved, cotangents| {
                cotangents.state_mut(0)[0] = 1.0;
                saved.state(0)[0]
            });
            check(about.name, gradient.unwrap(), tolerance);
        }
    }
}

#[test]
fn the_costate_jumps_at_a_save_time() {
    // L = 2 h(4) + h(5): ∂L/∂h₀ = 2 exp(7/8) + e².
    let expected = 2.0 * 0.875_f64.exp() + 2.0_f64.exp();
    for about in METHODS {
        let tsit5 = tableau::by_name("tsit5").unwrap();
        let options = Options::tolerances(1e-10, 1e-10);
        let mut method = by_name(about.name, House::default(), &[0.0], tsit5, options).unwrap();
        let problem = Problem {
            save_at: &[4.0, 5.0],
            ..PROBLEM
        };
        let found = method.gradient(&problem, &mut |saved, cotangents| {
            cotangents.state_mut(0)[0] = 2.0;
            cotangents.state_mut(1)[0] = 1.0;
            2.0 * saved.state(0)[0] + saved.state(1)[0]
        });
        let found = found.unwrap();
        assert!((found.h0[0] - expected).abs() < 1e-7, "{}", about.name);
        // 2 θ t h at t = 4, and θ t h at t = 5; the end itself has no part in the loss.
        let (h4, h5) = (3.0 * 0.875_f64.exp(), 3.0 * 2.0_f64.exp());
        let slopes = [2.0 * h4, 1.25 * h5];
        for (found, expected) in found.save.iter().zip(slopes) {
            assert!(
                (found - expected).abs() < 1e-5,
                "{}: {found} {expected}",
                about.name
            );
        }
        assert!(found.t1.abs() < 1e-6, "{}: {}", about.name, found.t1);
    }
}
