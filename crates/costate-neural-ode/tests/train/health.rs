//! The report on a trained model.

use costate_neural_ode::train::health::Health;
use costate_neural_ode::{Problem, Recorded, Saved};
use costate_ode::{Options, tableau};

/// dh/dt = θ h, and the square of what the end is off 4, over one.
fn health(theta: f64, t1: f64, solver: &str, options: &Options<f64>) -> Health {
    let field = Recorded::record(&[1], 1, |h, _t, theta| h * theta.index(0)).unwrap();
    let problem = Problem {
        h0: &[1.0],
        theta: &[theta],
        t0: 0.0,
        t1,
        save_at: &[],
    };
    let solver = tableau::by_name(solver).unwrap();
    let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
        let off = saved.state(0)[0] - 4.0;
        cotangents.state_mut(0)[0] = 2.0 * off;
        1.0 + off * off
    };
    Health::of(&field, &problem, solver, options, &mut loss).unwrap()
}

#[test]
fn a_model_of_its_steps_is_told_from_one_of_an_equation() {
    let steps = health(2.0, 1.0, "euler", &Options::constant_step(0.5));
    assert!(steps.depends_on_its_steps());
    // Trained to 4 by two steps; the equation gives e².
    let exact = 1.0 + (2.0_f64.exp() - 4.0).powi(2);
    assert_eq!(steps.trials[0].loss, Ok(1.0));
    assert!((steps.trials[3].loss.clone().unwrap() / exact - 1.0).abs() < 1e-8);
    assert!((steps.dependence() - (1.0 - 1.0 / exact)).abs() < 1e-8);
    let losses: Vec<f64> = steps
        .trials
        .iter()
        .map(|trial| trial.loss.clone().unwrap())
        .collect();
    assert!(losses.is_sorted(), "{losses:?}");
    assert!(
        steps
            .to_string()
            .contains("worry: the loss changes by 92 % with an accurate solver"),
        "{steps}"
    );

    let equation = health(4.0_f64.ln(), 1.0, "tsit5", &Options::tolerances(1e-6, 1e-6));
    assert!(
        equation.worries().is_empty() && equation.dependence() < 1e-8,
        "{equation}"
    );
    assert!(
        equation.to_string().ends_with("nothing to worry about\n"),
        "{equation}"
    );
}

#[test]
fn a_system_that_forgets_and_one_whose_costate_grows_are_noticed() {
    // exp(−20·2) cannot be gone back from.
    let damped = health(-20.0, 2.0, "dopri5", &Options::tolerances(1e-4, 1e-6));
    assert!(
        damped.rebuilt.as_ref().is_ok_and(|off| *off > 0.1) || damped.rebuilt.is_err(),
        "{damped}"
    );
    assert!(
        damped
            .worries()
            .iter()
            .any(|worry| worry.contains("backsolve")),
        "{damped}"
    );
    let growing = health(10.0, 1.0, "dopri5", &Options::tolerances(1e-6, 1e-6));
    assert!((growing.cost.growth().ln() - 10.0).abs() < 1e-3);
    assert!(
        growing
            .worries()
            .iter()
            .any(|worry| worry.contains("the costate grows 2e4-fold")),
        "{growing}"
    );
}
