//! Fields in two parts: additive methods against dual numbers, differences and the methods that see the sum.

use super::duals::{agrees, options};
use super::fields::{Case, case, config, loss_with_cotangents, polynomial};
use super::oracle::{Sized, Sum, distance, entries};
use costate_neural_ode::{
    Discrete, FiniteDifference, GradientMethod, Native, Problem, Recorded, RightHandSide, Split,
    VectorField,
};
use costate_ode::{DirkTableau, Method, Options};
use costate_tape::Scalar;
use proptest::prelude::*;

/// Methods with an explicit companion.
fn methods() -> Vec<Method> {
    let with_companion = DirkTableau::all()
        .iter()
        .filter(|it| !it.explicit.is_empty());
    with_companion.map(|it| Method::from(*it)).collect()
}

/// A push that depends on everything,
#[derive(Clone)]
struct Push;

impl RightHandSide<2, 3> for Push {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y]: [S; 2], t: S, [k, c, w]: [S; 3]) -> [S; 2] {
        [c * y * (w * t).sin() + k * x * y, c * t * t - w * x * x]
    }
}

/// and a stiff pull that does so too.
#[derive(Clone)]
struct Pull;

impl RightHandSide<2, 3> for Pull {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y]: [S; 2], t: S, [k, c, _]: [S; 3]) -> [S; 2] {
        let stiff = S::from_f64(40.0) * k;
        [
            -(stiff * (x - t.cos())) + c * y * y,
            c * t * x - stiff * y * x * x,
        ]
    }
}

fn field() -> Split<Native<Push, f64, 2, 3>, Native<Pull, f64, 2, 3>> {
    Split::new(Native::new(Push), Native::new(Pull))
}

const PROBLEM: Problem<'static, f64, f64> = Problem {
    h0: &[0.8, 0.5],
    theta: &[1.1, 0.7, 1.9],
    t0: 0.1,
    t1: 0.9,
    save_at: &[],
};

#[test]
fn the_adjoint_of_additive_methods_is_exact_both_ways_in_time_and_at_all_save_times() {
    let methods = methods();
    assert_eq!(methods.len(), 3);
    for method in methods {
        for (t0, t1, save_at) in [
            (0.1, 0.9, &[][..]),
            (0.1, 0.9, &[0.1, 0.45, 0.45, 0.9]),
            (0.2, 0.15, &[0.18, 0.151, 0.15]),
        ] {
            for tolerance in [1e-3, 1e-7] {
                let problem = Problem {
                    t0,
                    t1,
                    save_at,
                    ..PROBLEM
                };
                let formula = Sum(Sized(Push), Sized(Pull));
                let options = options(method, tolerance);
                agrees((&formula, field()), method, &options, problem, 1e-12).unwrap();
            }
        }
    }
}

fn of_case(case: &Case, method: Method) -> Result<(), TestCaseError> {
    let [explicit, implicit] = case.field.halves();
    let field = Split::new(explicit.record(), implicit.record());
    let pair = (&Sum(explicit, implicit), field);
    agrees(pair, method, &options(method, 1e-5), case.problem(), 1e-12)
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn additive_methods_are_dual_numbers_through_the_same_steps(
        case in case(polynomial(true)), method in prop::sample::select(methods())
    ) {
        of_case(&case, method)?;
    }
}

#[test]
fn differences_through_frozen_steps_take_the_parts_apart_too() {
    for method in methods() {
        let problem = Problem {
            save_at: &[0.3, 0.9],
            ..PROBLEM
        };
        let options = Options::tolerances(1e-6, 1e-6);
        let like = [0.0; 2];
        let mut discrete = Discrete::new(field(), &like, method, options.clone()).unwrap();
        let mut differences = FiniteDifference::new(field(), &like, method, options).unwrap();
        let expected = differences
            .gradient(&problem, &mut loss_with_cotangents)
            .unwrap();
        let found = discrete
            .gradient(&problem, &mut loss_with_cotangents)
            .unwrap();
        // Each variable by eight pairs of solves; a solve before all, and one by its steps, which stands between all pairs.
        let solves = 16 * entries(found).len() + 2;
        assert_eq!(
            solves * found.stats.forward.accepted,
            expected.stats.forward.accepted
        );
        let values: Vec<f64> = entries(expected).iter().map(|(_, value)| *value).collect();
        let (off, worst) = distance(&entries(found), &values);
        assert!(off < 1e-8, "{}: {worst:?} off by {off:e}", method.name);
    }
}

#[test]
fn the_parts_are_taken_apart_only_by_methods_with_a_companion_and_all_converge_to_one_gradient() {
    let like = [0.0; 2];
    let gradient = |method: Method| {
        let options = Options::tolerances(1e-10, 1e-10);
        let mut discrete = Discrete::new(field(), &like, method, options).unwrap();
        let gradient = discrete.gradient(&PROBLEM, &mut loss_with_cotangents);
        gradient.unwrap().clone()
    };
    let tsit5 = gradient(Method::by_name("tsit5").unwrap());
    let values: Vec<f64> = entries(&tsit5).iter().map(|(_, value)| *value).collect();
    for name in [
        "kencarp3", "kencarp4", "kencarp5", "kvaerno5", "rodas5p", "radau", "auto",
    ] {
        let found = gradient(Method::by_name(name).unwrap());
        let (off, worst) = distance(&entries(&found), &values);
        assert!(off < 1e-6, "{name}: {worst:?} off by {off:e}");
    }
    // As a whole, the same field goes through kencarp4 by other steps.
    let kencarp4 = Method::by_name("kencarp4").unwrap();
    struct Whole;
    impl RightHandSide<2, 3> for Whole {
        #[inline(always)]
        fn eval<S: Scalar>(&self, h: [S; 2], t: S, theta: [S; 3]) -> [S; 2] {
            let (a, b) = (Push.eval(h, t, theta), Pull.eval(h, t, theta));
            [a[0] + b[0], a[1] + b[1]]
        }
    }
    let options = Options::tolerances(1e-6, 1e-6);
    let mut whole = Discrete::new(Native::new(Whole), &like, kencarp4, options.clone()).unwrap();
    let mut apart = Discrete::new(field(), &like, kencarp4, options).unwrap();
    let whole = whole.gradient(&PROBLEM, &mut loss_with_cotangents).unwrap();
    let apart = apart.gradient(&PROBLEM, &mut loss_with_cotangents).unwrap();
    assert_ne!(whole.h0, apart.h0);
    assert!((whole.loss - apart.loss).abs() < 1e-4);
}

#[test]
fn parts_may_keep_their_states_in_orders_of_their_own_and_sparse_parts_stay_sparse() {
    // Diffusion of 40 states, implicit, beside a batch of 20 pairs that react.
    let diffusion = Recorded::record(&[40], 2, |h, _t, theta| {
        let h: Vec<_> = (0..40).map(|i| h.index(i)).collect();
        let rate = |i: usize| {
            let (left, right) = (h[(i + 39) % 40], h[(i + 1) % 40]);
            theta.index(0) * 30.0 * (left - h[i] * 2.0 + right)
        };
        costate_tape::Var::stack(&(0..40).map(rate).collect::<Vec<_>>())
    });
    let reaction = Recorded::record(&[20, 2], 2, |h, t, theta| {
        theta.index(1) * t * h - h * h * h
    });
    let (reaction, diffusion) = (reaction.unwrap(), diffusion.unwrap());
    assert_ne!(diffusion.structure(), costate_ode::Structure::Dense);
    let field = Split::new(reaction, diffusion);
    let h0: Vec<f64> = (0..40).map(|i| (0.3 * f64::from(i)).sin()).collect();
    let problem = Problem {
        h0: &h0,
        theta: &[0.8, 1.5],
        t0: 0.2,
        t1: 0.7,
        save_at: &[0.45, 0.7],
    };
    let (method, like) = (Method::by_name("kencarp4").unwrap(), vec![0.0; 40]);
    let options = Options::tolerances(1e-4, 1e-4);
    let mut discrete = Discrete::new(field.clone(), &like, method, options.clone()).unwrap();
    let mut differences = FiniteDifference::new(field, &like, method, options).unwrap();
    let expected = differences
        .gradient(&problem, &mut loss_with_cotangents)
        .unwrap();
    let found = discrete
        .gradient(&problem, &mut loss_with_cotangents)
        .unwrap();
    let values: Vec<f64> = entries(expected).iter().map(|(_, value)| *value).collect();
    let (off, worst) = distance(&entries(found), &values);
    assert!(off < 1e-7, "{worst:?} off by {off:e}");
}

#[test]
fn a_budget_does_not_change_the_gradient_of_a_split_field() {
    for method in methods() {
        let problem = Problem {
            save_at: &[0.1, 0.3, 0.31, 0.9],
            ..PROBLEM
        };
        let options = Options::tolerances(1e-7, 1e-7);
        let made = || Discrete::new(field(), &[0.0; 2], method, options.clone()).unwrap();
        let (mut all, mut some) = (made(), made().with_budget(10_000));
        let expected = all.gradient(&problem, &mut loss_with_cotangents).unwrap();
        let values: Vec<f64> = entries(expected).iter().map(|(_, value)| *value).collect();
        let found = some.gradient(&problem, &mut loss_with_cotangents).unwrap();
        let (off, worst) = distance(&entries(found), &values);
        assert!(off < 1e-11, "{}: {worst:?} off by {off:e}", method.name);
        assert!(some.retaken() > 0);
    }
}

#[test]
fn a_frame_of_both_parts_takes_what_those_of_each_take() {
    let part = |factor: f64| {
        Recorded::<f64>::record(&[3], 3, |h, _t, theta| (h * theta).tanh() * factor).unwrap()
    };
    let (one, two) = (part(1.0), part(-2.0));
    let bytes = one.frame_bytes() + two.frame_bytes();
    assert!(one.frame_bytes() > 0 && two.frame_bytes() > 0);
    assert_eq!(Split::new(one, two).frame_bytes(), bytes);
}

#[test]
#[should_panic(expected = "both take all of them")]
fn parts_of_different_sizes_are_refused() {
    let one = Recorded::<f64>::record(&[2], 1, |h, _t, theta| h * theta.index(0)).unwrap();
    let _ = Split::new(one, Native::new(Push));
}
