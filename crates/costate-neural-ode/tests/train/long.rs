//! Long solutions: growing horizons and multiple shooting find what one piece does not.

use costate_neural_ode::train::horizon::Horizon;
use costate_neural_ode::train::optimizer::{Adam, Lbfgs};
use costate_neural_ode::train::shooting::Shooting;
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Discrete, Error, GradientMethod, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Var, check};
use std::ops::ControlFlow::Continue;

/// An oscillator: x″ = −θ x.
fn method() -> Discrete<f64, Vec<f64>, Recorded<f64>> {
    let field = Recorded::record(&[2], 1, |h, _t, theta| {
        Var::stack(&[h.index(1), -theta.index(0) * h.index(0)])
    });
    let options = Options::tolerances(1e-8, 1e-8);
    Discrete::new(
        field.unwrap(),
        &vec![0.0; 2],
        tableau::by_name("tsit5").unwrap(),
        options,
    )
    .unwrap()
}

/// What is measured, with θ = 4, at 0, 0.25, …, 20: x and x′.
fn truth(i: usize) -> [f64; 2] {
    let t = 0.25 * i as f64;
    [(2.0 * t).cos(), -2.0 * (2.0 * t).sin()]
}

fn times() -> Vec<f64> {
    (0..=80).map(|i| 0.25 * f64::from(i)).collect()
}

/// The squared distance of state i from what is measured.
fn distance(i: usize, h: &[f64], cotangent: &mut [f64]) -> f64 {
    let truth = truth(i);
    (0..2)
        .map(|j| {
            let off = h[j] - truth[j];
            cotangent[j] += 2.0 * off / 80.0;
            off * off / 80.0
        })
        .sum()
}

/// In one piece, up to a number of save times.
fn in_one(
    method: &mut Discrete<f64, Vec<f64>, Recorded<f64>>,
    saves: usize,
    theta: &[f64],
    gradient: &mut [f64],
) -> Result<f64, Error> {
    let times = &times()[1..=saves];
    let problem = Problem {
        h0: &[1.0, 0.0],
        theta,
        t0: 0.0,
        t1: times[saves - 1],
        save_at: times,
    };
    let solved = method.gradient(&problem, &mut |saved, cotangents| {
        (0..saved.len())
            .map(|i| distance(i + 1, saved.state(i), cotangents.state_mut(i)))
            .sum()
    })?;
    gradient.copy_from_slice(&solved.theta);
    Ok(solved.loss)
}

#[test]
fn in_one_piece_a_wrong_frequency_stays_wrong_and_a_growing_horizon_finds_it() {
    let mut method = method();
    let recipe = Recipe {
        iterations: 400,
        ..Recipe::default()
    };
    let mut whole = Training::new(vec![1.0], Adam::new(0.03));
    whole.run(
        &recipe,
        |_, theta, g| in_one(&mut method, 80, theta, g),
        |_| Continue(()),
    );
    assert!((whole.theta[0] - 4.0).abs() > 1.0, "{:?}", whole.theta);

    let horizon = Horizon {
        first: 1.0,
        last: 20.0,
        iterations: 300,
    };
    let mut growing = Training::new(vec![1.0], Adam::new(0.03));
    let saves = |iteration| horizon.saves(iteration, &times()[1..]);
    growing.run(
        &recipe,
        |k, theta, g| in_one(&mut method, saves(k), theta, g),
        |_| Continue(()),
    );
    assert!((growing.theta[0] - 4.0).abs() < 1e-2, "{:?}", growing.theta);
    assert_eq!((saves(0), saves(400)), (4, 80));
}

#[test]
fn multiple_shooting_finds_it_too() {
    let (mut method, shooting) = (method(), Shooting::new(&times(), 4, 2));
    assert_eq!(shooting.windows(), 20);
    let mut x = vec![1.0];
    x.extend((0..20).flat_map(|w| truth(shooting.begin(w))));
    let mut training = Training::new(x, Lbfgs::new(41));
    training.run(
        &Recipe {
            iterations: 200,
            ..Recipe::default()
        },
        |_, x, gradient| shooting.gradient(&mut method, 0.1, x, gradient, distance),
        |_| Continue(()),
    );
    assert!(
        (training.theta[0] - 4.0).abs() < 1e-4,
        "{:?}",
        &training.theta[..3]
    );
}

#[test]
fn the_gradient_of_pieces_is_that_of_differences() {
    let mut method = method();
    // Windows of 3, 3 and 2 steps
    let shooting = Shooting::new(&times()[..9], 3, 2);
    assert_eq!(shooting.windows(), 3);
    let x = [2.0, 1.0, 0.1, 0.5, -1.0, -0.3, 0.4];
    let (mut gradient, mut unused) = ([0.0; 7], [0.0; 7]);
    shooting
        .gradient(&mut method, 0.7, &x, &mut gradient, distance)
        .unwrap();
    let loss = |x: &[f64]| {
        shooting
            .gradient(&mut method, 0.7, x, &mut unused, distance)
            .unwrap()
    };
    check::gradient(loss, &x, &gradient).within(1e-5).assert();
}

#[test]
fn pieces_that_meet_are_the_solution_in_one() {
    let (mut method, theta) = (method(), [1.7]);
    let mut whole = [0.0];
    let loss = in_one(&mut method, 8, &theta, &mut whole).unwrap();
    let states = |t: f64| {
        [
            (theta[0].sqrt() * t).cos(),
            -theta[0].sqrt() * (theta[0].sqrt() * t).sin(),
        ]
    };
    let mut x = theta.to_vec();
    x.extend(states(0.0).into_iter().chain(states(1.0)));
    let shooting = Shooting::new(&times()[..9], 4, 2);
    let pieces = shooting
        .gradient(&mut method, 1.0, &x, &mut [0.0; 5], distance)
        .unwrap();
    assert!((loss - pieces).abs() < 1e-6, "{loss} {pieces}");
}
