//! States at rest: their errors are zero whatever the step, and their gradients are those of the equation all the same.

use costate_neural_ode::gradient::by_name;
use costate_neural_ode::{Discrete, GradientMethod, Native, Problem, RightHandSide, Saved};
use costate_ode::{Method, Options, tableau};
use costate_tape::Scalar;

const FAST: f64 = 8.0;

/// x goes to θ₀ fast, y decays slowly, z turns with w about (1, θ₁).
#[derive(Clone)]
struct Resting;

impl RightHandSide<4, 2> for Resting {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y, z, w]: [S; 4], _t: S, theta: [S; 2]) -> [S; 4] {
        let [fast, slow, one] = [FAST, 0.1, 1.0].map(S::from_f64);
        let (u, v) = (z - one, w - theta[1]);
        [
            fast * (theta[0] - x),
            -slow * y,
            -fast * u - fast * v,
            fast * u - fast * v,
        ]
    }
}

/// ∂L/∂θ and ∂L/∂h₀ of L = x + y + z + w at the end, at rest but for y.
fn gradient(method: &mut dyn GradientMethod<f64, f64>, start: [f64; 4]) -> Vec<f64> {
    let problem = Problem {
        h0: &start,
        theta: &[start[0], start[3]],
        t0: 50.0,
        t1: 58.0,
        save_at: &[],
    };
    let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
        cotangents.values_mut().fill(1.0);
        saved.values().iter().sum()
    };
    let found = method.gradient(&problem, &mut loss).unwrap();
    [found.theta.as_slice(), &found.h0].concat()
}

#[test]
fn what_rests_at_zero_or_elsewhere_has_the_gradient_of_its_equation() {
    // x and w follow their parameters; nothing but y remembers the start.
    let expected = [1.0, 1.0, 0.0, (-0.8_f64).exp(), 0.0, 0.0];
    for y in [0.0, 2.0] {
        for (x, w) in [(0.0, 0.0), (0.7, -0.4)] {
            let start = [x, y, 1.0, w];
            for name in [
                "bosh3", "tsit5", "dop853", "verner9", "auto", "kvaerno5", "radau", "rodas5p",
            ] {
                let solver = Method::by_name(name).unwrap();
                for about in ["discrete", "forward", "finite-difference"] {
                    if about == "forward" && solver.tableau().is_none() {
                        continue;
                    }
                    let (field, like) = (Native::<_, f64, 4, 2>::new(Resting), vec![0.0; 4]);
                    let options = Options::tolerances(1e-6, 1e-9);
                    let mut method = by_name(about, field, &like, solver, options).unwrap();
                    for (i, found) in gradient(&mut *method, start).iter().enumerate() {
                        assert!(
                            (found - expected[i]).abs() < 1e-5,
                            "{name}, {about}, from {start:?}, entry {i}: {found} and {}",
                            expected[i]
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_state_that_nothing_moves_is_not_held_back() {
    /// dh/dt = 0, until θ moves it.
    struct Still;
    impl RightHandSide<2, 1> for Still {
        #[inline(always)]
        fn eval<S: Scalar>(&self, _h: [S; 2], _t: S, [a]: [S; 1]) -> [S; 2] {
            [a, a * S::from_f64(0.0)]
        }
    }
    let options = Options::tolerances(1e-6, 1e-6);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut discrete = Discrete::new(Native::new(Still), &[0.0; 2], tsit5, options).unwrap();
    let problem = Problem {
        h0: &[3.0, 1.0],
        theta: &[0.0],
        t0: 0.0,
        t1: 1e6,
        save_at: &[],
    };
    let found = discrete.gradient(&problem, &mut |saved, cotangents| {
        cotangents.values_mut().fill(1.0);
        saved.values().iter().sum()
    });
    assert!((found.unwrap().theta[0] - 1e6).abs() < 1.0);
    assert!(discrete.steps().count() < 20);
}

#[test]
fn what_rests_holds_steps_back_by_its_own_rate_alone() {
    /// x follows cos t fast, z decays slowly.
    struct Beside;
    impl RightHandSide<2, 1> for Beside {
        #[inline(always)]
        fn eval<S: Scalar>(&self, [x, z]: [S; 2], t: S, [fast]: [S; 1]) -> [S; 2] {
            [fast * (t.cos() - x), -z * S::from_f64(0.01)]
        }
    }
    let options = Options::tolerances(1e-6, 1e-6);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut discrete = Discrete::new(Native::new(Beside), &[0.0; 2], tsit5, options).unwrap();
    let mut steps = |z| {
        let problem = Problem {
            h0: &[1.0, z],
            theta: &[30.0],
            t0: 0.0,
            t1: 10.0,
            save_at: &[],
        };
        let found = discrete.gradient(&problem, &mut |saved, cotangents| {
            cotangents.values_mut().fill(1.0);
            saved.values().iter().sum()
        });
        let found = found.unwrap();
        assert!((found.h0[1] - (-0.1_f64).exp()).abs() < 1e-6);
        found.stats.forward.accepted
    };
    // At zero it rests; so small it moves, and no error shows.
    assert_eq!(steps(0.0), steps(1e-200));
}

#[test]
fn a_fast_rest_for_long_is_no_reason_for_short_steps_of_auto() {
    /// All rests, x at a rate of 1e6.
    struct Fast;
    impl RightHandSide<2, 1> for Fast {
        #[inline(always)]
        fn eval<S: Scalar>(&self, [x, z]: [S; 2], _t: S, [at]: [S; 1]) -> [S; 2] {
            let fast = S::from_f64(1e6);
            [fast * (at - x), -z]
        }
    }
    let auto = Method::by_name("auto").unwrap();
    let options = Options::tolerances(1e-6, 1e-9);
    let mut discrete = Discrete::new(Native::new(Fast), &vec![0.0; 2], auto, options).unwrap();
    let problem = Problem {
        h0: &[0.5, 0.0],
        theta: &[0.5],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let found = discrete.gradient(&problem, &mut |saved, cotangents| {
        cotangents.values_mut().fill(1.0);
        saved.values().iter().sum()
    });
    let found = found.unwrap();
    assert!(found.h0[0].abs() < 1e-9 && (found.theta[0] - 1.0).abs() < 1e-9);
    assert!(
        found.stats.forward.steps < 200,
        "{}",
        found.stats.forward.steps
    );
}

#[test]
fn a_method_used_again_forgets_where_it_rested() {
    let rest = [0.7, 0.0, 1.0, -0.4];
    let (names, budgets) = (["tsit5", "auto", "kvaerno5"], [None, Some(1_000_000)]);
    for (name, budget) in names.iter().flat_map(|name| budgets.map(|own| (name, own))) {
        let solver = Method::by_name(name).unwrap();
        let method = |budget: Option<usize>| {
            let (field, like) = (Native::<_, f64, 4, 2>::new(Resting), vec![0.0; 4]);
            let options = Options::tolerances(1e-6, 1e-6);
            let method = Discrete::new(field, &like, solver, options).unwrap();
            match budget {
                Some(budget) => method.with_budget(budget),
                None => method,
            }
        };
        // Within a budget the steps are the same.
        let (mut used, mut fresh) = (method(budget), method(None));
        let elsewhere = Problem {
            h0: &rest,
            theta: &[0.7, -0.4],
            t0: 0.0,
            t1: 1e3,
            save_at: &[],
        };
        let mut last = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            cotangents.values_mut()[0] = 1.0;
            saved.values()[0]
        };
        used.gradient(&elsewhere, &mut last).unwrap();
        assert_eq!(
            gradient(&mut used, rest),
            gradient(&mut fresh, rest),
            "{name}"
        );
        assert!(used.steps().eq(fresh.steps()), "{name}");
    }
}
