//! The audit finds what is wrong, and where.

use costate_neural_ode::audit::{Audit, Variable, Verdict};
use costate_neural_ode::{Native, Problem, Recorded, RightHandSide, VectorField, doc::House};
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
    assert!(audit.recommended().is_some());
}
