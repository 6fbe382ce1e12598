//! A training that is killed at any moment and resumed ends with the same bits.

use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::train::checkpoint;
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::schedule::Schedule;
use costate_neural_ode::train::training::{End, Recipe, Training, Validation};
use costate_neural_ode::{Discrete, GradientMethod, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::Unary;
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::ops::ControlFlow::Continue;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const PATH: &str = "COSTATE_KILL_TEST";

/// Trains a small network on random batches, on from the checkpoint at `path` if there is one; writes one after each iteration.
fn train(path: &Path) -> Training<f64, Adam<f64>> {
    let net = Mlp::new(&[2, 8, 2], Unary::Tanh);
    let field = Recorded::record(&[4, 2], net.parameter_len(), |h, _t, theta| {
        net.apply(h, theta)
    })
    .unwrap();
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-6, 1e-6);
    let mut method = Discrete::new(field, &vec![0.0; 8], tsit5, options).unwrap();
    let mut training = checkpoint::read(path)
        .unwrap()
        .unwrap_or_else(|| Training::new(net.initial(1), Adam::new(0.02)));
    let recipe = Recipe {
        iterations: 150,
        schedule: Schedule::Cosine {
            iterations: 150,
            last: 0.1,
        },
        validation: Some(Validation {
            every: 10,
            patience: 1000,
        }),
        ..Recipe::default()
    };
    let end = training.run_with_validation(
        &recipe,
        |iteration, theta, gradient| {
            // The batch is a function of the iteration.
            let mut random = Xoshiro256PlusPlus::seed_from_u64(iteration);
            let h0: Vec<f64> = (0..8).map(|_| 2.0 * random.random::<f64>() - 1.0).collect();
            let problem = Problem {
                h0: &h0,
                theta,
                t0: 0.0,
                t1: 1.0,
                save_at: &[],
            };
            let solved = method.gradient(&problem, &mut |saved, cotangents| {
                let mut loss = 0.0;
                for (i, h) in saved.state(0).iter().enumerate() {
                    // A quarter turn
                    let target = if i % 2 == 0 { -h0[i + 1] } else { h0[i - 1] };
                    loss += Loss::Squares.value(*h, target);
                    cotangents.state_mut(0)[i] = Loss::Squares.derivative(*h, target);
                }
                loss
            })?;
            gradient.copy_from_slice(&solved.theta);
            Ok(solved.loss)
        },
        |theta| Ok(theta.iter().map(|theta| theta.powi(2)).sum()),
        |training| {
            checkpoint::write(path, training).unwrap();
            Continue(())
        },
    );
    assert_eq!(end, End::Iterations);
    training
}

/// What the tests below start and kill.
#[test]
#[ignore = "the child of the other tests here"]
fn child() {
    if let Some(path) = std::env::var_os(PATH) {
        train(Path::new(&path));
    }
}

fn killed_and_resumed(kills: usize, seed: u64) {
    let directory = tempfile::tempdir().unwrap();
    let straight = train(&directory.path().join("straight.toml"));
    assert!(straight.history[149].loss < 0.1 * straight.history[0].loss);

    let path = directory.path().join("killed.toml");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut killed = 0;
    while killed < kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--ignored"])
            .env(PATH, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(random.random_range(5..120)));
        let done = child.try_wait().unwrap().is_some();
        if done {
            // It came to its end: once more from the start.
            std::fs::remove_file(&path).unwrap();
            continue;
        }
        child.kill().unwrap(); // SIGKILL where there are signals
        child.wait().unwrap();
        killed += 1;
    }
    let resumed = train(&path);
    assert_eq!(resumed.history.len(), 150);
    assert_eq!(resumed, straight);
}

#[test]
fn a_training_that_is_killed_and_resumed_ends_with_the_same_bits() {
    killed_and_resumed(3, 1);
}

#[test]
#[ignore = "takes a while"]
fn a_training_that_is_killed_twenty_times_ends_with_the_same_bits() {
    killed_and_resumed(20, 2);
}

#[test]
fn a_file_that_is_no_checkpoint_is_refused_and_none_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("training.toml");
    let read = || checkpoint::read::<f64, Adam<f64>>(&path);
    assert_eq!(read().unwrap(), None);
    std::fs::write(&path, "iteration = 3\n").unwrap();
    let error = read().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is no checkpoint of this training"),
        "{error}"
    );
    // What was left behind by a writer that was killed does not matter.
    std::fs::write(directory.path().join(".training.toml.new"), "half").unwrap();
    let training = Training::new(vec![0.1 + 0.2, f64::MIN_POSITIVE], Adam::new(0.1));
    checkpoint::write(&path, &training).unwrap();
    assert_eq!(read().unwrap(), Some(training));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}
