//! Equilibria: against long solves, and what is refused.

use costate_neural_ode::gradient::SteadyState;
use costate_neural_ode::{Discrete, Error, GradientMethod, Native, Problem, RightHandSide, Saved};
use costate_ode::{Method, Options};
use costate_tape::Scalar;

/// Two genes that repress each other, the first one driven: of its two equilibria the start decides.
struct Toggle;

impl RightHandSide<2, 4> for Toggle {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [a, b]: [S; 2], t: S, [p, q, d, w]: [S; 4]) -> [S; 2] {
        let one = S::from_f64(1.0);
        [p / (one + b * b) - d * a + w * t, q / (one + a * a) - d * b]
    }
}

const THETA: [f64; 4] = [4.0, 4.2, 1.0, 0.1];

fn loss(saved: &Saved<f64>, cotangents: &mut Saved<f64>) -> f64 {
    let (a, b) = (saved.state(0)[0], saved.state(0)[1]);
    cotangents.state_mut(0).copy_from_slice(&[b, a + 2.0 * b]);
    a * b + b * b
}

#[test]
fn the_gradient_of_an_equilibrium_is_that_of_a_long_solve() {
    /// The same with its clock stopped at t = 2.
    struct Stopped;
    impl RightHandSide<2, 4> for Stopped {
        #[inline(always)]
        fn eval<S: Scalar>(&self, h: [S; 2], _t: S, theta: [S; 4]) -> [S; 2] {
            Toggle.eval(h, S::from_f64(2.0), theta)
        }
    }
    let mut states = Vec::new();
    for h0 in [[4.0, 0.1], [0.1, 4.0]] {
        let problem = Problem {
            h0: &h0,
            theta: &THETA,
            t0: 0.0,
            t1: 2.0,
            save_at: &[],
        };
        let mut steady = SteadyState::<f64, f64, _>::new(Native::new(Toggle));
        let found = steady.gradient(&problem, &mut loss).unwrap().clone();
        let (radau, options) = (
            Method::by_name("radau").unwrap(),
            Options::tolerances(1e-11, 1e-12),
        );
        let mut long = Discrete::new(Native::new(Stopped), &[0.0; 2], radau, options).unwrap();
        let far = Problem {
            t1: 500.0,
            ..problem
        };
        let expected = long.gradient(&far, &mut loss).unwrap();
        assert!((found.loss - expected.loss).abs() < 1e-9 * expected.loss);
        for (found, expected) in found.theta.iter().zip(&expected.theta) {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }
        assert_eq!(found.h0, [0.0, 0.0]);
        // The clock moves f as the drive times θ₃ does.
        let by_drive = found.theta[3] * THETA[3] / 2.0;
        assert!(
            (found.t1 - by_drive).abs() < 1e-12,
            "{} {by_drive}",
            found.t1
        );
        states.push(found.loss);
    }
    assert!((states[0] - states[1]).abs() > 0.1, "{states:?}");
}

#[test]
fn a_recorded_field_has_the_same_equilibrium() {
    let native = Native::<_, f64, 2, 4>::new(Toggle);
    let recorded = costate_neural_ode::Recorded::new(&native.function()).unwrap();
    let problem = Problem {
        h0: &[4.0, 0.1],
        theta: &THETA,
        t0: 0.0,
        t1: 0.0,
        save_at: &[],
    };
    let mut a = SteadyState::<f64, f64, _>::new(native);
    let mut b = SteadyState::<f64, f64, _>::new(recorded);
    let a = a.gradient(&problem, &mut loss).unwrap();
    let b = b.gradient(&problem, &mut loss).unwrap();
    for (a, b) in a.theta.iter().zip(&b.theta) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
}

#[test]
fn what_is_no_function_of_the_parameters_is_refused() {
    /// a ⇌ b, which keeps a + b.
    struct Isomers;
    impl RightHandSide<2, 2> for Isomers {
        #[inline(always)]
        fn eval<S: Scalar>(&self, [a, b]: [S; 2], _t: S, [k, l]: [S; 2]) -> [S; 2] {
            [l * b - k * a, k * a - l * b]
        }
    }
    /// h grows for ever.
    struct Growth;
    impl RightHandSide<1, 1> for Growth {
        #[inline(always)]
        fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [k]: [S; 1]) -> [S; 1] {
            [k + h * h]
        }
    }
    let mut isomers = SteadyState::<f64, f64, _>::new(Native::new(Isomers));
    let problem = Problem {
        h0: &[1.0, 0.5],
        theta: &[0.3, 0.7],
        t0: 0.0,
        t1: 0.0,
        save_at: &[],
    };
    let refused = isomers.gradient(&problem, &mut |_, cotangents| {
        cotangents.state_mut(0)[0] = 1.0;
        0.0
    });
    assert!(
        matches!(refused, Err(Error::DegenerateEquilibrium)),
        "{refused:?}"
    );
    let mut growth = SteadyState::<f64, f64, _>::new(Native::new(Growth));
    let problem = Problem {
        h0: &[1.0],
        theta: &[1.0],
        t0: 0.0,
        t1: 0.0,
        save_at: &[],
    };
    let refused = growth.gradient(&problem, &mut |_, _| 0.0);
    assert!(
        matches!(refused, Err(Error::NoEquilibrium { .. })),
        "{refused:?}"
    );
    let times = Problem {
        save_at: &[0.0],
        ..problem
    };
    assert!(matches!(
        growth.gradient(&times, &mut |_, _| 0.0),
        Err(Error::Unavailable { .. })
    ));
}

/// dh/dt = 1 − e^{5(h − p)}: almost flat below p, and far too steep above.
struct Wall;

impl RightHandSide<1, 1> for Wall {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [p]: [S; 1]) -> [S; 1] {
        [S::from_f64(1.0) - ((h - p) * S::from_f64(5.0)).exp()]
    }
}

#[test]
fn equilibria_are_found_to_rounding_in_as_many_steps_as_before() {
    let at = |h0: f64, p: f64| {
        let mut steady = SteadyState::<f64, f64, _>::new(Native::<_, f64, 1, 1>::new(Wall));
        let problem = Problem {
            h0: &[h0],
            theta: &[p],
            t0: 0.0,
            t1: 1.0,
            save_at: &[],
        };
        let found = steady.gradient(&problem, &mut |saved: &Saved<f64>, cotangents| {
            cotangents.state_mut(0)[0] = 1.0;
            saved.state(0)[0]
        });
        let found = found.unwrap();
        assert!(
            (found.loss - p).abs() <= 1e-16 + 2e-16 * p,
            "{:e}",
            found.loss - p
        );
        assert!((found.theta[0] - 1.0).abs() < 1e-15);
        found.stats.forward.steps
    };
    // Steps that go too far are taken back; from zero on there is no size to go by.
    assert_eq!(
        [at(-3.0, 1.0), at(0.0, 1.0), at(4.0, 1.0), at(0.0, 1e-7)],
        [17, 49, 47, 12]
    );
}
