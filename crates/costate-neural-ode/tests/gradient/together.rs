//! Methods along the path evaluate a network at several points at once: the same as one after another, but for rounding.

use super::fields::Plain;
use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::{
    Discrete, Gauss, Gradient, GradientMethod, Interpolating, Problem, Recorded, Saved, VectorField,
};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary, Var};

/// Three numbers of every gradient, then all of ∂L/∂θ.
fn numbers(gradient: &Gradient<f64>) -> Vec<f64> {
    let times = [gradient.loss, gradient.t0, gradient.t1];
    let rest = gradient.save.iter().chain(&gradient.h0);
    times
        .iter()
        .chain(rest)
        .chain(&gradient.theta)
        .copied()
        .collect()
}

fn far(a: &[f64], b: &[f64]) -> f64 {
    let largest = a.iter().fold(0.0_f64, |most, a| most.max(a.abs()));
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f64::max) / largest
}

/// A network of `states` states that looks at t, and its weights.
fn network(states: usize) -> (Recorded, Vec<f64>) {
    let net = Mlp::new(&[states + 1, 20, 20, states], Unary::Tanh);
    let field = Recorded::record(&[1, states], net.parameter_len(), |h, t, theta| {
        let t = t.sin().broadcast_to([1, 1]);
        net.apply(Var::concat(&[h, t], 1), theta)
    });
    (field.unwrap(), net.initial(3))
}

/// L = ½ Σ h² over all saved states.
fn squares(saved: &Saved<f64>, cotangents: &mut Saved<f64>) -> f64 {
    cotangents.values_mut().copy_from_slice(saved.values());
    saved.values().iter().map(|h| 0.5 * h * h).sum()
}

#[test]
fn several_evaluations_at_once_are_those_one_after_another() {
    let (field, theta) = network(5);
    let field = || field.clone();
    assert!(field().evaluates_at_once() > 1 && Plain(field()).evaluates_at_once() == 1);
    // The last stage is the next step's first, or is not; dense output has stages of its own.
    for name in ["tsit5", "verner6", "rk4", "dop853"] {
        let method = tableau::by_name(name).unwrap();
        let options = if method.b_err.is_empty() {
            Options::constant_step(0.05)
        } else {
            Options::tolerances(1e-9, 1e-9)
        };
        for save_at in [&[][..], &[0.9, 0.4, 0.4, 0.1]] {
            let problem = Problem {
                h0: &[0.7, -0.4, 0.2, 0.5, -0.1],
                theta: &theta,
                t0: 1.0,
                t1: 0.0,
                save_at,
            };
            let run = |method: &mut dyn GradientMethod<f64, f64>| {
                let found = method.gradient(&problem, &mut squares).unwrap();
                (numbers(found), found.stats.products)
            };
            let like = vec![0.0; 5];
            let exact = run(&mut Discrete::new(field(), &like, method, options.clone()).unwrap()).0;
            let pairs: [[Box<dyn GradientMethod<f64, f64>>; 2]; 2] = [
                [
                    Box::new(Gauss::new(field(), &like, method, options.clone()).unwrap()),
                    Box::new(Gauss::new(Plain(field()), &like, method, options.clone()).unwrap()),
                ],
                [
                    Box::new(Interpolating::new(field(), &like, method, options.clone()).unwrap()),
                    Box::new(
                        Interpolating::new(Plain(field()), &like, method, options.clone()).unwrap(),
                    ),
                ],
            ];
            for [mut several, mut one] in pairs {
                let (several, one) = (run(&mut *several), run(&mut *one));
                assert_eq!(several.1, one.1, "{name}: products");
                assert!(
                    far(&several.0, &one.0) < 1e-12,
                    "{name} {}",
                    far(&several.0, &one.0)
                );
                assert!(
                    far(&several.0, &exact) < 1e-6,
                    "{name} {}",
                    far(&several.0, &exact)
                );
            }
        }
    }
}

/// ∂f/∂h at the nodes of the steps of the solve stands for the field: the gradient is as near that of the exact solution as with a field that is asked all the way back.
#[test]
fn few_states_are_asked_for_their_jacobian_at_the_nodes_of_the_steps_alone() {
    let (field, theta) = network(2);
    let like = vec![0.0; 2];
    for name in ["tsit5", "verner6", "dop853"] {
        let method = tableau::by_name(name).unwrap();
        for save_at in [&[][..], &[2.9, 1.4, 1.4, 1.1]] {
            let problem = Problem {
                h0: &[0.7, -0.4],
                theta: &theta,
                t0: 3.0,
                t1: 0.0,
                save_at,
            };
            let tight = Options::tolerances(1e-13, 1e-13);
            let mut discrete = Discrete::new(field.clone(), &like, method, tight).unwrap();
            let exact = numbers(discrete.gradient(&problem, &mut squares).unwrap());
            for tolerance in [1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10] {
                let options = Options::tolerances(tolerance, tolerance);
                let mut few = Gauss::new(field.clone(), &like, method, options.clone()).unwrap();
                let single = Plain(field.clone());
                let mut all = Gauss::new(single, &like, method, options).unwrap();
                let few = few.gradient(&problem, &mut squares).unwrap();
                let all = all.gradient(&problem, &mut squares).unwrap();
                let errors = [few, all].map(|found| far(&numbers(found), &exact));
                assert!(
                    errors[0] < 4.0 * errors[1] && errors[0] < 100.0 * tolerance,
                    "{name} at {tolerance:e}: {errors:?}"
                );
                // Three nodes of each step of the solve, each with two rows of ∂f/∂h and with a.
                if save_at.is_empty() {
                    let steps = few.stats.forward.accepted;
                    assert_eq!(few.stats.products, 3 * 3 * steps, "{name}");
                }
            }
        }
    }
}

#[test]
fn save_times_may_lie_at_the_end_of_a_step_or_beside_it() {
    let (field, theta) = network(2);
    let (like, options) = (vec![0.0; 2], Options::constant_step(0.25));
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let times = [0.25, 0.5_f64.next_down(), 0.5, 0.5_f64.next_up(), 0.75, 2.0];
    let problem = Problem {
        h0: &[0.7, -0.4],
        theta: &theta,
        t0: 0.0,
        t1: 2.0,
        save_at: &times,
    };
    let mut gauss = Gauss::new(field.clone(), &like, tsit5, options.clone()).unwrap();
    let found = numbers(gauss.gradient(&problem, &mut squares).unwrap());
    let mut discrete = Discrete::new(field, &like, tsit5, options).unwrap();
    let exact = numbers(discrete.gradient(&problem, &mut squares).unwrap());
    assert!(far(&found, &exact) < 1e-5, "{}", far(&found, &exact));
}

#[test]
fn a_way_back_that_fails_leaves_nothing_behind() {
    for states in [2, 5] {
        let (field, theta) = network(states);
        let (h0, like) = (vec![0.4; states], vec![0.0; states]);
        let problem = |t0, save_at| Problem::<'_, f64, f64> {
            h0: &h0,
            theta: &theta,
            t0,
            t1: 0.0,
            save_at,
        };
        // The way back stops at all of them.
        let saves: Vec<f64> = (1..15).map(|k| 3.0 - 0.2 * f64::from(k)).collect();
        let long = problem(3.0, &saves);
        let made = |max_steps| {
            let options = Options {
                max_steps,
                ..Options::tolerances(1e-6, 1e-6)
            };
            Gauss::new(
                field.clone(),
                &like,
                tableau::by_name("tsit5").unwrap(),
                options,
            )
            .unwrap()
        };
        let all = made(1000).gradient(&long, &mut squares).unwrap().stats;
        assert!(all.forward.steps < all.backward.steps);
        // Enough to go forth, but not back.
        let mut gauss = made(all.backward.steps - 1);
        gauss.gradient(&long, &mut squares).unwrap_err();
        let short = problem(0.3, &[]);
        let found = numbers(gauss.gradient(&short, &mut squares).unwrap());
        let fresh = numbers(made(1000).gradient(&short, &mut squares).unwrap());
        assert!(far(&found, &fresh) < 1e-6, "{}", far(&found, &fresh));
    }
}
