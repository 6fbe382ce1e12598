//! The loop: schedules, early stopping, divergences.

use costate_neural_ode::train::clip::Clip;
use costate_neural_ode::train::optimizer::{Adam, Lbfgs, Reason, Sgd};
use costate_neural_ode::train::schedule::Schedule;
use costate_neural_ode::train::training::{
    Divergence, End, OnDivergence, Recipe, Training, Validation,
};
use costate_neural_ode::{Discrete, Error, GradientMethod, Problem, doc::House};
use costate_ode::{Options, tableau};
use std::ops::ControlFlow::{Break, Continue};

/// (θ − 3)².
fn bowl(_: u64, theta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
    gradient[0] = 2.0 * (theta[0] - 3.0);
    Ok((theta[0] - 3.0).powi(2))
}

fn recipe(iterations: u64) -> Recipe {
    Recipe {
        iterations,
        ..Recipe::default()
    }
}

#[test]
fn the_history_is_what_happened() {
    let mut training = Training::new(vec![0.0], Sgd::new(0.25));
    let schedule = Schedule::Steps {
        every: 1,
        factor: 0.5,
    };
    let recipe = Recipe {
        schedule,
        clip: Some(Clip::Norm(4.0)),
        ..recipe(2)
    };
    assert_eq!(
        training.run(&recipe, bowl, |_| Continue(())),
        End::Iterations
    );
    let [first, second] = training.history[..] else {
        panic!("two iterations")
    };
    assert_eq!(
        (first.loss, first.gradient_norm, first.learning_rate),
        (9.0, 6.0, Some(0.25))
    );
    // Clipped to 4, θ = 1; half the rate.
    assert_eq!(
        (second.loss, second.gradient_norm, second.learning_rate),
        (4.0, 4.0, Some(0.125))
    );
    assert_eq!(training.theta, [1.5]);
}

#[test]
fn a_training_in_pieces_is_the_training_in_one() {
    let schedule = Schedule::Cosine {
        iterations: 40,
        last: 0.1,
    };
    let recipe = Recipe {
        schedule,
        ..recipe(40)
    };
    let mut whole = Training::new(vec![0.0], Adam::new(0.1));
    whole.run(&recipe, bowl, |_| Continue(()));
    let mut pieces = Training::new(vec![0.0], Adam::new(0.1));
    while pieces.run(&recipe, bowl, |_| Break(())) == End::Cancelled {}
    assert_eq!(pieces, whole);
    assert_eq!(whole.history.len(), 40);
}

#[test]
fn searching_optimisers_train_too_and_step_back_from_failures() {
    // −ln θ + θ: no number for θ ≤ 0, where the first step from 0.001 leads.
    let mut training = Training::new(vec![1e-3_f64], Lbfgs::new(1));
    let end = training.run(
        &recipe(200),
        |_, theta, gradient| {
            gradient[0] = 1.0 - 1.0 / theta[0];
            Ok(theta[0] - theta[0].ln())
        },
        |_| Continue(()),
    );
    assert!(
        matches!(end, End::Finished(reason) if reason.is_converged()),
        "{end:?}"
    );
    assert!((training.theta[0] - 1.0).abs() < 1e-6 && training.setbacks.is_empty());
}

#[test]
fn a_search_without_a_first_point_says_so() {
    let mut training = Training::new(vec![1.0], Lbfgs::new(1));
    let end = training.run(&recipe(10), |_, _, _| Ok(f64::NAN), |_| Continue(()));
    assert_eq!(end, End::Finished(Reason::NotFinite));
}

#[test]
fn the_best_theta_of_the_validation_set_is_kept_when_patience_ends() {
    let mut training = Training::new(vec![0.0_f64], Sgd::new(0.5));
    let validation = Some(Validation {
        every: 2,
        patience: 6,
    });
    let end = training.run_with_validation(
        &Recipe {
            validation,
            ..recipe(100)
        },
        |_, theta, gradient| {
            gradient[0] = -1.0;
            Ok(-theta[0])
        },
        |theta| Ok((theta[0] - 4.9).abs()),
        |_| Continue(()),
    );
    assert_eq!(end, End::Patience);
    let best = training.best.as_ref().unwrap();
    assert_eq!(
        (best.iteration, training.theta[0], training.iteration),
        (10, 5.0, 16)
    );
    assert_eq!(training.history[8].validation, None);
    assert!((training.history[9].validation.unwrap() - 0.1).abs() < 1e-12);
}

/// Gradient descent on θ⁴ from 1 with a rate at which it diverges, the faster the further out it is.
fn quartic(_: u64, theta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
    gradient[0] = 4.0 * theta[0].powi(3);
    Ok(theta[0].powi(4))
}

#[test]
fn a_training_that_explodes_goes_on_with_a_smaller_step() {
    let mut training = Training::new(vec![1.0], Sgd::new(0.8));
    let mut seen = Vec::new();
    let end = training.run(&recipe(200), quartic, |training| {
        seen.push(training.iteration);
        Continue(())
    });
    assert_eq!(end, End::Iterations);
    assert!(!training.setbacks.is_empty() && training.rate <= 0.5);
    assert!(
        training.setbacks[0].contains(" was at most "),
        "{:?}",
        training.setbacks
    );
    assert!(training.history.last().unwrap().loss < 1e-3);
    assert_eq!(training.history.len(), 200);
    assert!(
        training
            .history
            .windows(2)
            .all(|pair| pair[1].iteration == pair[0].iteration + 1)
    );
    assert!(
        seen.windows(2).any(|pair| pair[1] <= pair[0]),
        "it never went back"
    );
}

#[test]
fn a_training_that_diverges_stops_where_it_was_good_if_asked() {
    let mut training = Training::new(vec![1.0], Sgd::new(0.8));
    let recipe = Recipe {
        on_divergence: OnDivergence::Stop,
        keep_every: 1,
        ..recipe(200)
    };
    let end = training.run(&recipe, quartic, |_| Continue(()));
    let End::Diverged(Divergence::Explosion {
        what, value, usual, ..
    }) = end
    else {
        panic!("{end:?}")
    };
    assert!(value > 1e4 * usual, "{what}: {value} {usual}");
    assert!(training.theta[0].is_finite());
    assert_eq!(training.setbacks.len(), 1);
}

#[test]
fn what_cannot_be_computed_is_explained() {
    let end_of = |loss: f64, slope: f64| {
        let mut training = Training::new(vec![1.0], Adam::new(0.1));
        let recipe = Recipe {
            on_divergence: OnDivergence::Stop,
            ..recipe(5)
        };
        match training.run(
            &recipe,
            |_, _, g| {
                g[0] = slope;
                Ok(loss)
            },
            |_| Continue(()),
        ) {
            End::Diverged(divergence) => divergence.to_string(),
            end => panic!("{end:?}"),
        }
    };
    assert!(end_of(f64::NAN, 0.0).starts_with("iteration 0: the loss is NaN. "));
    let text = end_of(1.0, f64::INFINITY);
    assert!(
        text.starts_with("iteration 0: the loss is finite, but entry 0 of its gradient is not. "),
        "{text}"
    );
}

#[test]
fn a_solve_whose_steps_collapse_is_a_divergence_with_the_solvers_own_words() {
    // f = θ t h with few steps allowed: after a step of the optimiser that is too long, the solve does not come to its end.
    let mut options = Options::tolerances(1e-8, 1e-8);
    options.max_steps = 60;
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut method = Discrete::new(House::default(), &[0.0], tsit5, options).unwrap();
    let mut training = Training::new(vec![0.1], Sgd::new(1.0));
    let end = training.run(
        &recipe(60),
        |_, theta, gradient| {
            let problem = Problem {
                h0: &[3.0],
                theta,
                t0: 3.0,
                t1: 5.0,
                save_at: &[],
            };
            let solved = method.gradient(&problem, &mut |saved, cotangents| {
                let off = saved.state(0)[0] - 10.0;
                cotangents.state_mut(0)[0] = 2.0 * off;
                off * off
            })?;
            gradient.copy_from_slice(&solved.theta);
            Ok(solved.loss)
        },
        |_| Continue(()),
    );
    let text = &training.setbacks[0];
    assert!(
        text.contains("the solve failed") && text.contains("steps"),
        "{text}"
    );
    // Five halvings are not enough for a rate a thousand times too large.
    assert!(
        matches!(
            end,
            End::Diverged(Divergence::Solve { .. } | Divergence::Explosion { .. })
        ),
        "{end:?}"
    );
    assert_eq!(training.setbacks.len(), 6);
    assert_eq!(training.theta, [0.1]);
}
