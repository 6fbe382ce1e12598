//! What holds for the gradient through every solver of steps.

use super::duals::{Logistic, logistic, methods, options};
use super::fields::{Plain, loss_with_cotangents};
use super::oracle::entries;
use costate_neural_ode::{
    Discrete, Error, FiniteDifference, GradientMethod, Native, Problem, RightHandSide,
};
use costate_ode::{Method, Options};
use costate_tape::Scalar;

const PROBLEM: Problem<'static, f64, f64> = Problem {
    h0: &[0.1],
    theta: &[2.0, 1.5],
    t0: 0.2,
    t1: 1.4,
    save_at: &[0.7, 1.1, 1.4],
};

#[test]
fn a_method_used_again_forgets_what_was_before() {
    let other = Problem {
        h0: &[0.4],
        theta: &[1.0, 2.5],
        t1: 0.9,
        save_at: &[],
        ..PROBLEM
    };
    let inside = Problem {
        save_at: &[0.47, 0.61],
        ..other
    };
    for method in methods() {
        let made = || Discrete::new(logistic(), &[0.0], method, options(method, 1e-5)).unwrap();
        for other in [other, inside] {
            let mut used = made();
            used.gradient(&PROBLEM, &mut loss_with_cotangents).unwrap();
            let again = used.gradient(&other, &mut loss_with_cotangents).unwrap();
            let mut fresh = made();
            let expected = fresh.gradient(&other, &mut loss_with_cotangents).unwrap();
            assert_eq!(entries(again), entries(expected), "{}", method.name);
        }
    }
}

fn kvaerno() -> Discrete<f64, [f64; 1], Native<Logistic, f64, 1, 2>> {
    let options = Options::tolerances(1e-5, 1e-5);
    Discrete::new(
        logistic(),
        &[0.0],
        Method::by_name("kvaerno5").unwrap(),
        options,
    )
    .unwrap()
}

#[test]
fn save_times_out_of_place_are_refused_with_their_number() {
    let problem = Problem {
        save_at: &[0.7, 1.5],
        ..PROBLEM
    };
    let mut method = kvaerno();
    let found = method.gradient(&problem, &mut loss_with_cotangents);
    assert!(
        matches!(found, Err(Error::SaveTime { index: 1, .. })),
        "{found:?}"
    );
}

#[test]
#[should_panic(expected = "h0 has 2 components and the field 1, but the method was made for 1")]
fn a_state_of_another_length_is_refused_with_both_lengths() {
    let problem = Problem {
        h0: &[0.1, 0.2],
        ..PROBLEM
    };
    let _ = kvaerno().gradient(&problem, &mut loss_with_cotangents);
}

#[test]
fn options_that_make_no_sense_are_refused_before_anything_is_solved() {
    for method in methods().into_iter().filter(|method| method.adaptive) {
        let made = Discrete::new(logistic(), &[0.0], method, Options::tolerances(-1.0, 1e-5));
        assert!(matches!(made, Err(Error::Solver(_))), "{}", method.name);
    }
}

#[test]
fn a_field_without_second_derivatives_is_refused_where_they_are_needed_and_told_what_to_take() {
    for (name, refused) in [("rodas5p", true), ("auto", true), ("kvaerno5", false)] {
        let (method, options) = (
            Method::by_name(name).unwrap(),
            Options::tolerances(1e-5, 1e-5),
        );
        let made = Discrete::new(Plain(logistic()), &[0.0], method, options);
        match made {
            Err(Error::Unavailable { instead, .. }) => {
                assert!(refused && instead.contains("kvaerno5"), "{name}: {instead}");
            }
            Err(other) => panic!("{name}: {other}"),
            Ok(_) => assert!(!refused, "{name}"),
        }
    }
}

/// The oscillator of van der Pol, stiff but for its leaps.
#[derive(Clone)]
struct Relaxing;

impl RightHandSide<2, 1> for Relaxing {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y]: [S; 2], _t: S, [mu]: [S; 1]) -> [S; 2] {
        [y, mu * ((S::from_f64(1.0) - x * x) * y - x)]
    }
}

#[test]
fn steps_of_auto_are_taken_again_and_halved_each_by_its_own_method() {
    let problem = Problem {
        h0: &[2.0, -0.66],
        theta: &[1e4],
        t0: 0.0,
        t1: 0.7,
        save_at: &[0.3, 0.7],
    };
    let (auto, options) = (
        Method::by_name("auto").unwrap(),
        Options::tolerances(1e-6, 1e-8),
    );
    let field = || Native::<_, f64, 2, 1>::new(Relaxing);
    let mut discrete = Discrete::new(field(), &[0.0; 2], auto, options.clone()).unwrap();
    let bar = discrete
        .error_bar(&problem, &mut loss_with_cotangents)
        .unwrap();
    let found = bar.gradient.h0[0];
    // By explicit steps of the sizes that the stiff method took nothing finite would come out.
    assert!(
        bar.error.h0[0] < 1e-3 * found.abs(),
        "{} of {found}",
        bar.error.h0[0]
    );
    assert!(discrete.steps().count() < 400);
    let mut differences = FiniteDifference::new(field(), &vec![0.0; 2], auto, options).unwrap();
    let by_differences = differences
        .gradient(&problem, &mut loss_with_cotangents)
        .unwrap();
    let off = (by_differences.h0[0] / found - 1.0).abs();
    assert!(off < 1e-5, "{} {found}", by_differences.h0[0]);
}

#[test]
fn a_rosenbrock_step_has_a_product_and_a_second_derivative_for_each_stage() {
    for (name, stages) in [("ros3p", 3), ("rodas4", 6), ("rodas5p", 8)] {
        let method = Method::by_name(name).unwrap();
        let mut discrete =
            Discrete::new(logistic(), &[0.0], method, options(method, 1e-5)).unwrap();
        let problem = Problem {
            save_at: &[],
            ..PROBLEM
        };
        let found = discrete
            .gradient(&problem, &mut loss_with_cotangents)
            .unwrap();
        let steps = found.stats.forward.accepted;
        assert_eq!(found.stats.products, 2 * stages * steps, "{name}");
    }
}
