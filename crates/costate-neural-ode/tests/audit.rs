//! The audit finds what is wrong, and where.

use costate_neural_ode::audit::{Audit, Jump, Pair, Variable, Verdict, kinks};
use costate_neural_ode::{
    FiniteDifference, GradientMethod, Native, Problem, Recorded, RightHandSide, Saved, VectorField,
    doc::House,
};
use costate_ode::{Options, tableau};
use costate_tape::Scalar;

const PROBLEM: Problem<'static, f64, f64> = Problem {
    h0: &[3.0],
    theta: &[0.25],
    t0: 3.0,
    t1: 5.0,
    save_at: &[4.0, 5.0],
};

/// The house example with something wrong.
#[derive(Clone, Debug, Default)]
struct Wrong {
    house: House,
    /// What each product is multiplied by: h, t, θ.
    factors: [f64; 3],
}

impl VectorField<f64> for Wrong {
    fn state_len(&self) -> usize {
        1
    }
    fn parameter_len(&self) -> usize {
        1
    }
    fn set_parameters(&mut self, theta: &[f64]) {
        self.house.set_parameters(theta);
    }
    fn eval(&mut self, frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
        self.house.eval(frame, t, h, dh);
    }
    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        let a_t = self.house.products(frame, a, a_h);
        a_h[0] *= self.factors[0];
        a_t * self.factors[1]
    }
    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        self.house.accumulate(frames);
    }
    fn finish(&mut self, a_theta: &mut [f64]) {
        self.house.finish(a_theta);
        a_theta[0] *= self.factors[2];
    }
}

fn audit<F: VectorField<f64> + Clone>(field: &F, tolerance: f64) -> Audit {
    let options = Options::tolerances(tolerance, tolerance);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let audit = Audit::new(
        field,
        &[0.0],
        tsit5,
        &options,
        &PROBLEM,
        &mut |saved, cotangents| {
            cotangents.values_mut().copy_from_slice(&[2.0, 1.0]);
            2.0 * saved.state(0)[0] + saved.state(1)[0]
        },
    );
    audit.unwrap()
}

#[test]
fn a_right_gradient_is_called_right_at_every_tolerance() {
    for tolerance in [1e-4, 1e-7, 1e-10] {
        let audit = audit(&House::default(), tolerance);
        assert_eq!(audit.verdict(), Verdict::Right, "{audit}");
        assert_eq!(
            audit.runs.len(),
            costate_neural_ode::gradient::METHODS.len()
        );
        let pairs = audit.runs.len() * (audit.runs.len() - 1) / 2;
        assert_eq!(audit.pairs.len(), pairs);
        assert!(["discrete", "forward"].contains(&audit.recommended().unwrap()));
    }
}

#[test]
fn every_wrong_product_is_found_with_its_variable() {
    let cases: [(usize, &[Variable]); 3] = [
        // A wrong ∂f/∂h is wrong everywhere.
        (0, &[]),
        (1, &[Variable::T0, Variable::T1]),
        (2, &[Variable::Theta(0)]),
    ];
    for (which, expected) in cases {
        for factor in [-1.0, 0.0, 1.001] {
            let mut field = Wrong {
                house: House::default(),
                factors: [1.0; 3],
            };
            field.factors[which] = factor;
            let audit = audit(&field, 1e-8);
            let Verdict::Wrong { worst, .. } = audit.verdict() else {
                panic!("product {which} times {factor}: {audit}");
            };
            assert!(expected.is_empty() || expected.contains(&worst), "{audit}");
            assert_eq!(audit.recommended(), None);
        }
    }
}

#[test]
fn the_report_names_variables_as_the_reader_does() {
    let field = Wrong {
        house: House::default(),
        factors: [1.0, 1.0, -1.0],
    };
    let audit = audit(&field, 1e-8);
    let name = |variable| match variable {
        Variable::Theta(0) => "growth rate".to_owned(),
        other => other.to_string(),
    };
    let text = audit.report(&name).to_string();
    assert!(
        text.contains("WRONG") && text.contains("most in growth rate"),
        "{text}"
    );
    assert!(
        text.contains("save[1]") && !text.contains("theta[0]"),
        "{text}"
    );
}

#[derive(Clone)]
struct Kink;

impl RightHandSide<1, 1> for Kink {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [theta]: [S; 1]) -> [S; 1] {
        // |h − θ| has its kink exactly where the solution begins.
        [(h - theta).abs() + S::from_f64(1.0)]
    }
}

#[test]
fn a_kink_on_the_trajectory_is_told_from_a_right_gradient() {
    let field = Recorded::new(&Native::<_, f64, 1, 1>::new(Kink).function()).unwrap();
    let problem = Problem {
        h0: &[0.5],
        theta: &[0.5],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-6, 1e-6);
    let audit = Audit::new(
        &field,
        &[0.0],
        tsit5,
        &options,
        &problem,
        &mut |saved, cotangents| {
            cotangents.values_mut().fill(1.0);
            saved.state(0)[0]
        },
    );
    let audit = audit.unwrap();
    let Verdict::NotSmooth { worst } = audit.verdict() else {
        panic!("{audit}");
    };
    assert!(
        matches!(worst, Variable::H0(0) | Variable::Theta(0)),
        "{audit}"
    );
    let [kink] = audit.kinks[..] else {
        panic!("{:?}", audit.kinks)
    };
    assert_eq!((kink.component, kink.jump), (0, Jump::Slope));
    assert!(kink.time.abs() < 1e-12, "{kink:?}");
    let text = audit.to_string();
    assert!(
        text.contains("component 0 (that of h0[0]) has a kink at t = "),
        "{text}"
    );
}

/// Smooth in its first component; the second has a kink where the first is θ, the third jumps where it is 2 θ.
#[derive(Clone)]
struct Three;

impl RightHandSide<3, 1> for Three {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y, z]: [S; 3], t: S, [theta]: [S; 1]) -> [S; 3] {
        [
            S::from_f64(1.0) + x * S::from_f64(0.0),
            S::from_f64(0.5) * (x - theta).abs() - y,
            (x - theta - theta).sign() + t.cos() - z,
        ]
    }
}

#[test]
fn kinks_are_found_with_their_component_and_time() {
    let dopri5 = tableau::by_name("dopri5").unwrap();
    let options = Options::tolerances(1e-6, 1e-6);
    let problem = |t1: f64| Problem {
        h0: &[0.0, 1.0, 1.0],
        theta: &[0.7],
        t0: 0.0,
        t1,
        save_at: &[],
    };
    let mut native: Native<_, f64, 3, 1> = Native::new(Three);
    for t1 in [2.0, -1.0] {
        let found = kinks(&mut native, &[0.0; 3], dopri5, &options, &problem(t1)).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|k| (k.component, k.jump, k.time))
            .collect();
        if t1 < 0.0 {
            assert!(found.is_empty(), "{found:?}");
            continue;
        }
        let [(1, Jump::Slope, first), (2, Jump::Value, second)] = found[..] else {
            panic!("{found:?}")
        };
        assert!(
            (first - 0.7).abs() < 1e-9 && (second - 1.4).abs() < 1e-9,
            "{found:?}"
        );
    }
}

#[test]
fn a_smooth_field_has_no_kinks_however_sharp_it_is() {
    let field = Recorded::<f64>::record(&[1], 1, |h, t, theta| {
        theta.index(0) * ((t - 0.5) * 2000.0).tanh() - h
    });
    let problem = Problem {
        h0: &[0.0],
        theta: &[3.0],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-6, 1e-6);
    let found = kinks(&mut field.unwrap(), &vec![0.0], tsit5, &options, &problem);
    assert!(found.unwrap().is_empty());
}

#[test]
fn dual_numbers_confirm_every_variable_and_find_what_is_wrong() {
    let native: Native<_, f64, 3, 1> = Native::new(Smooth);
    let function = native.function();
    let saves = [0.0, 0.31, 0.9, 1.2];
    let problem = Problem {
        h0: &[0.2, 1.0, -0.4],
        theta: &[0.7],
        t0: 0.0,
        t1: 1.2,
        save_at: &saves,
    };
    for name in ["tsit5", "rk4"] {
        let tableau = tableau::by_name(name).unwrap();
        let options = Options::constant_step(0.13);
        for sign in [1.0, -1.0] {
            let mut loss = |saved: &Saved<f64>, out: &mut Saved<f64>| {
                let pairs = out.values_mut().iter_mut().zip(saved.values());
                pairs.for_each(|(out, h)| *out = sign * 2.0 * h);
                saved.values().iter().map(|h| h * h).sum()
            };
            let recorded = Recorded::new(&function).unwrap();
            let like = vec![0.0; 3];
            let mut audit =
                Audit::new(&recorded, &like, tableau, &options, &problem, &mut loss).unwrap();
            let before = audit.runs.len();
            for _ in 0..2 {
                let confirmed =
                    audit.confirm_by_duals(&function, tableau, &options, &problem, &mut loss);
                confirmed.unwrap();
                assert_eq!(audit.runs.len(), before + 1);
            }
            let exact = |pair: &&Pair| pair.methods[0] == "discrete" && pair.methods[1] == "duals";
            let pair = audit.pairs.iter().find(exact).unwrap();
            assert!(pair.difference < 1e-11, "{name}: {pair:?}");
            if sign > 0.0 {
                assert_eq!(audit.verdict(), Verdict::Right, "{audit}");
            } else {
                assert!(matches!(audit.verdict(), Verdict::Wrong { .. }), "{audit}");
            }
            assert_ne!(audit.recommended(), Some("duals"));
        }
    }
}

#[derive(Clone)]
struct Smooth;

impl RightHandSide<3, 1> for Smooth {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y, z]: [S; 3], t: S, [theta]: [S; 1]) -> [S; 3] {
        [y * theta + t.sin(), z - x * y, (theta * x * t).tanh() - z]
    }
}

#[test]
fn the_condition_names_what_the_loss_depends_on_most_sharply() {
    // L = 2 h(4) + h(5), and by θ: 3.5 times the one, 8 times the other.
    let audit = audit(&House::default(), 1e-9);
    let (variable, number) = audit.condition.unwrap();
    let (a, b) = (2.0 * 3.0 * 0.875_f64.exp(), 3.0 * 2.0_f64.exp());
    let by_time = (0.75 * (a + b)) * 2.0 / (a + b);
    let by_end = 1.25 * b * 2.0 / (a + b);
    let by_theta = 0.25 * (3.5 * a + 8.0 * b) / (a + b);
    assert_eq!(variable, Variable::Theta(0));
    assert!(by_theta > by_time && by_theta > by_end, "{by_end}");
    assert!((number - by_theta).abs() < 1e-6, "{number} {by_theta}");
}

#[test]
fn a_past_that_cannot_be_rebuilt_speaks_against_backsolve_alone() {
    let problem = Problem {
        theta: &[-4.0],
        save_at: &[],
        ..PROBLEM
    };
    let options = Options::tolerances(1e-6, 1e-6);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let field = House::default();
    let audit = Audit::new(
        &field,
        &[0.0],
        tsit5,
        &options,
        &problem,
        &mut |saved, cotangents| {
            cotangents.values_mut().fill(1.0);
            saved.state(0)[0]
        },
    );
    let audit = audit.unwrap();
    let verdict = audit.verdict();
    assert!(
        matches!(
            verdict,
            Verdict::Inaccurate {
                method: "backsolve",
                ..
            }
        ),
        "{verdict:?} {audit}"
    );
    let inaccurate = audit.inaccurate();
    assert!(inaccurate[0] == "backsolve", "{inaccurate:?}");
    assert_eq!(inaccurate.len(), {
        let apart = audit.pairs.iter().filter(|pair| !pair.agrees());
        let with = apart.filter(|pair| pair.methods[0] == "discrete");
        with.count()
    });
    assert!(audit.recommended().is_some());
    let rebuilt = audit.runs.iter().filter_map(|run| run.rebuilt_within);
    let rebuilt: Vec<f64> = rebuilt.collect();
    assert!(rebuilt.len() == 1 && rebuilt[0] > 1e-3, "{rebuilt:?}");
    assert!(
        audit
            .to_string()
            .contains("rebuilt the states going back to within")
    );
}

/// A large parameter beside a small one.
struct Mixed;

impl RightHandSide<1, 2> for Mixed {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [large, small]: [S; 2]) -> [S; 1] {
        [-small * (S::from_f64(1.0) + S::from_f64(1e-10) * large) * h]
    }
}

#[test]
fn differences_by_a_small_parameter_do_not_depend_on_large_ones_beside_it() {
    let options = Options::tolerances(1e-10, 1e-12);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let field = Recorded::new(&Native::<_, f64, 1, 2>::new(Mixed).function()).unwrap();
    let mut differences = FiniteDifference::new(field, &vec![0.0], tsit5, options).unwrap();
    let problem = Problem {
        h0: &[1.0],
        theta: &[1e6, 1e-4],
        t0: 0.0,
        t1: 1e4,
        save_at: &[],
    };
    let found = differences
        .gradient(&problem, &mut |saved, _| saved.state(0)[0])
        .unwrap();
    // h(t) = exp(−θ₁ (1 + 10⁻¹⁰ θ₀) t): moved by a thousandth of θ₀, θ₁ would be ten million times itself.
    let rate = 1e-4 * (1.0 + 1e-4);
    let exact = -1e4 * (1.0 + 1e-4) * f64::exp(-rate * 1e4);
    assert!(
        (found.theta[1] / exact - 1.0).abs() < 1e-7,
        "{} {exact}",
        found.theta[1]
    );
}

#[test]
fn two_that_can_be_trusted_less_may_be_apart_from_each_other() {
    let mut audit = audit(&House::default(), 1e-9);
    let between = |pair: &&mut Pair| pair.methods == ["backsolve", "interpolating"];
    let pair = audit.pairs.iter_mut().find(between).unwrap();
    pair.difference = 2.0 * pair.allowed;
    assert_eq!(audit.verdict(), Verdict::Right);
    assert!(audit.inaccurate().is_empty());
}

/// A stone thrown up against drag by its speed, which bends where it turns.
#[derive(Clone)]
struct Stone;

impl RightHandSide<2, 2> for Stone {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [_x, v]: [S; 2], _t: S, [g, c]: [S; 2]) -> [S; 2] {
        [v, -g - c * v.abs()]
    }
}

#[test]
fn a_solution_that_bends_sharply_is_the_reason_not_the_methods() {
    let problem = Problem {
        h0: &[0.0, 10.0],
        theta: &[9.81, 0.1],
        t0: 0.0,
        t1: 2.0,
        save_at: &[],
    };
    let (tsit5, options) = (
        tableau::by_name("tsit5").unwrap(),
        Options::tolerances(1e-9, 1e-9),
    );
    let audit = Audit::new(
        &Native::new(Stone),
        &[0.0; 2],
        tsit5,
        &options,
        &problem,
        &mut |saved, cotangents| {
            cotangents.state_mut(0)[0] = 1.0;
            saved.state(0)[0]
        },
    );
    let audit = audit.unwrap();
    let verdict = audit.verdict();
    assert!(
        matches!(verdict, Verdict::Inaccurate { .. }),
        "{verdict:?} {audit}"
    );
    assert_eq!(audit.inaccurate(), ["backsolve", "interpolating", "gauss"]);
    assert!(
        audit
            .to_string()
            .contains(", as where the equations bend sharply (abs, min, max; a branch"),
        "{audit}"
    );
}
