//! Discrete against dual numbers.

use super::fields::{Case, case, config, linear, loss_with_cotangents, network, polynomial};
use super::oracle::{Engine, Formula, Sized, Solve, distance, entries};
use costate_neural_ode::{
    Discrete, Error, FiniteDifference, GradientMethod, Native, Problem, RightHandSide, VectorField,
};
use costate_ode::{Family, Method, Options};
use costate_tape::Scalar;
use proptest::prelude::*;

/// Every solver with an adjoint of its own, but symplectic ones, which need a field of their own.
pub(super) fn methods() -> Vec<Method> {
    let all = Method::all().into_iter();
    all.filter(|method| {
        method.tableau().is_none()
            && !matches!(method.family(), Family::Symplectic(_))
            && Discrete::new(logistic(), &[0.0], *method, options(*method, 1e-3)).is_ok()
    })
    .collect()
}

#[derive(Clone)]
pub(super) struct Logistic;

impl RightHandSide<1, 2> for Logistic {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [rate, most]: [S; 2]) -> [S; 1] {
        [rate * h * (most - h) * (S::from_f64(1.0) + t * t)]
    }
}

pub(super) fn logistic() -> Native<Logistic, f64, 1, 2> {
    Native::new(Logistic)
}

pub(crate) fn options(method: Method, tolerance: f64) -> Options<f64> {
    if method.adaptive {
        Options::tolerances(tolerance, tolerance)
    } else {
        Options::constant_step(0.07)
    }
}

/// Whether the gradient by `field` is that of dual numbers through the same steps, to `limit` of the largest entry of its kind.
pub(crate) fn agrees<R: Formula, F: VectorField<f64>>(
    (formula, field): (&R, F),
    method: Method,
    options: &Options<f64>,
    problem: Problem<'_, f64, f64>,
    limit: f64,
) -> Result<(), TestCaseError> {
    let like = vec![0.0; problem.h0.len()];
    let mut discrete = Discrete::new(field, &like, method, options.clone()).unwrap();
    let mut largest = 0.0_f64;
    let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
        largest = saved.values().iter().fold(0.0, |max, h| max.max(h.abs()));
        loss_with_cotangents(saved, cotangents)
    });
    // Where the solution explodes there are no digits to compare.
    let Ok(gradient) = gradient else {
        return Err(TestCaseError::reject("no solution"));
    };
    if largest.is_nan() || largest >= 50.0 {
        return Err(TestCaseError::reject("the solution explodes"));
    }
    let found = entries(gradient);
    let steps: Vec<f64> = discrete.steps().collect();
    let solve = Solve {
        formula,
        engine: Engine::Method(method),
        options,
        problem,
        steps: &steps,
    };
    let variables: Vec<_> = found.iter().map(|(variable, _)| *variable).collect();
    let expected = solve.derivatives(&variables);
    let (off, worst) = distance(&found, &expected);
    let at = variables.iter().position(|variable| *variable == worst);
    prop_assert!(
        off <= limit,
        "{}, {} steps: {worst:?} is {:?} by the sweep, {:?} by duals: off by {off:e}",
        method.name,
        steps.len(),
        at.map(|at| found[at].1),
        at.map(|at| expected[at]),
    );
    Ok(())
}

fn of_case(case: &Case, method: Method) -> Result<(), TestCaseError> {
    let tolerance = match &case.options.rtol {
        costate_ode::Tolerance::Scalar(rtol) => *rtol,
        other => panic!("{other:?}"),
    };
    let options = options(method, tolerance);
    let pair = (&case.field, case.field.record());
    agrees(pair, method, &options, case.problem(), 1e-12)
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn discrete_is_dual_numbers_through_the_same_steps_for_polynomials(
        case in case(polynomial(true)), method in prop::sample::select(methods())
    ) {
        of_case(&case, method)?;
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn discrete_is_dual_numbers_through_the_same_steps_for_linear_systems(
        case in case(linear(true)), method in prop::sample::select(methods())
    ) {
        of_case(&case, method)?;
    }

    #[test]
    fn discrete_is_dual_numbers_through_the_same_steps_for_networks(
        case in case(network(true)), method in prop::sample::select(methods())
    ) {
        prop_assume!(case.h0.len() <= 12 && case.theta.len() <= 200);
        of_case(&case, method)?;
    }
}

#[test]
fn every_solver_has_an_adjoint_or_says_which_one_has() {
    let mut with = 0;
    for method in Method::all() {
        if matches!(method.family(), Family::Symplectic(_)) {
            continue;
        }
        let made = Discrete::new(logistic(), &[0.0], method, options(method, 1e-6));
        match made {
            Ok(mut discrete) => {
                with += 1;
                let problem = Problem {
                    h0: &[0.1],
                    theta: &[2.0, 1.0],
                    t0: 0.0,
                    t1: 1.0,
                    save_at: &[],
                };
                discrete
                    .gradient(&problem, &mut loss_with_cotangents)
                    .unwrap();
            }
            Err(Error::Unavailable { instead, .. }) => assert!(
                Method::all()
                    .iter()
                    .any(|other| instead.contains(other.name)),
                "{instead}"
            ),
            Err(other) => panic!("{}: {other}", method.name),
        }
    }
    assert!(with > 25, "{with}");
}

#[test]
fn native_fields_have_the_same_adjoints_both_ways_in_time_and_at_all_save_times() {
    for method in methods() {
        for (t0, t1, save_at) in [
            (0.0, 1.0, &[][..]),
            (0.0, 1.0, &[0.0, 0.35, 0.35, 1.0]),
            (0.7, -0.5, &[0.6, -0.49, -0.5]),
        ] {
            let options = options(method, 1e-5);
            let problem = Problem {
                h0: &[0.1],
                theta: &[2.0, 1.5],
                t0,
                t1,
                save_at,
            };
            let pair = (&Sized(Logistic), logistic());
            agrees(pair, method, &options, problem, 1e-12).unwrap();
        }
    }
}

#[test]
fn a_memory_budget_does_not_change_the_gradient() {
    for method in methods() {
        let problem = Problem {
            h0: &[0.1],
            theta: &[2.0, 1.5],
            t0: 0.2,
            t1: 1.9,
            save_at: &[0.2, 0.7, 0.71, 1.3, 1.9],
        };
        let options = Options {
            step: (!method.adaptive).then_some(0.01),
            ..Options::tolerances(1e-8, 1e-8)
        };
        let made = || Discrete::new(logistic(), &[0.0], method, options.clone()).unwrap();
        let (mut all, mut some) = (made(), made().with_budget(10_000));
        let expected = all.gradient(&problem, &mut loss_with_cotangents).unwrap();
        for _ in 0..2 {
            let found = some.gradient(&problem, &mut loss_with_cotangents).unwrap();
            let values = |gradient| entries(gradient).into_iter().map(|(_, value)| value);
            let (off, worst) = distance(&entries(found), &values(expected).collect::<Vec<_>>());
            assert!(off < 1e-11, "{}: {worst:?} off by {off:e}", method.name);
        }
        let steps: Vec<f64> = all.steps().collect();
        assert_eq!(some.steps().collect::<Vec<_>>(), steps, "{}", method.name);
        let most = some.retaken() >= steps.len() / 2 || steps.len() < 20;
        assert!(
            most,
            "{}: {} of {}",
            method.name,
            some.retaken(),
            steps.len()
        );
    }
}

/// Two pendulums in a row, pushed.
struct Pendulums;

impl RightHandSide<4, 3> for Pendulums {
    #[inline(always)]
    fn eval<S: Scalar>(
        &self,
        [q, r, v, w]: [S; 4],
        t: S,
        [stiffness, coupling, push]: [S; 3],
    ) -> [S; 4] {
        let pull = coupling * (q - r);
        [
            v + push * t,
            w,
            -(stiffness * q.sin()) - pull,
            pull - stiffness * r.sin() + push * t * t,
        ]
    }
}

#[test]
fn symplectic_solvers_have_exact_adjoints_too() {
    let all = Method::all().into_iter();
    for method in all.filter(|method| matches!(method.family(), Family::Symplectic(_))) {
        for (t0, t1, save_at) in [
            (0.0, 1.0, &[][..]),
            (0.0, 1.0, &[0.0, 0.35, 0.36, 0.98, 1.0]),
            (0.7, -0.5, &[0.6, -0.49, -0.5]),
        ] {
            let problem = Problem {
                h0: &[0.4, -0.3, 0.2, 0.9],
                theta: &[2.0, 1.5, 0.7],
                t0,
                t1,
                save_at,
            };
            let pair = (&Sized(Pendulums), Native::new(Pendulums));
            let options = Options::constant_step(0.07);
            agrees(pair, method, &options, problem, 1e-12).unwrap();
        }
    }
}

#[test]
fn a_solve_of_no_length_has_the_slope_of_f_at_all_its_times() {
    for method in methods() {
        for (save_at, within) in [(&[][..], false), (&[0.3, 0.3], false), (&[0.3, 0.3], true)] {
            let problem = Problem {
                h0: &[0.1],
                theta: &[2.0, 1.5],
                t0: 0.3,
                t1: 0.3,
                save_at,
            };
            let options = options(method, 1e-5);
            let mut discrete = Discrete::new(logistic(), &[0.0], method, options).unwrap();
            if within {
                discrete = discrete.with_budget(10_000);
            }
            let found = discrete.gradient(&problem, &mut |saved, cotangents| {
                let last = saved.len() - 1;
                cotangents.state_mut(last)[0] = 2.0;
                2.0 * saved.state(last)[0]
            });
            // 2 f(0.1, 0.3) = 2 · 2 · 0.1 · (1.5 − 0.1) · (1 + 0.09)
            let (found, slope) = (found.unwrap(), 2.0 * 0.28 * 1.09);
            let by_end = found.save.last().copied().unwrap_or(found.t1);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-14;
            let all = near(found.loss, 0.2) && near(found.h0[0], 2.0);
            assert!(all && near(by_end, slope), "{}: {found:?}", method.name);
            assert!(near(found.t0, -slope), "{}: {found:?}", method.name);
            assert_eq!(found.theta, [0.0, 0.0]);
        }
    }
}

#[test]
fn a_save_time_that_is_moved_behind_the_end_is_on_the_way_that_goes_on() {
    let problem = Problem {
        h0: &[0.1],
        theta: &[2.0, 1.5],
        t0: 0.2,
        t1: 1.4,
        save_at: &[0.7, 1.4],
    };
    for method in methods().into_iter().filter(|method| method.adaptive) {
        let options = options(method, 1e-6);
        let differences =
            FiniteDifference::new(logistic(), &vec![0.0], method, options.clone()).unwrap();
        let mut differences = differences.with_varying_steps();
        let by_differences = differences.gradient(&problem, &mut loss_with_cotangents);
        let by_differences = by_differences.unwrap().save[1];
        let mut discrete = Discrete::new(logistic(), &[0.0], method, options).unwrap();
        let found = discrete.gradient(&problem, &mut loss_with_cotangents);
        let found = found.unwrap().save[1];
        // Dense output is of a lower order, and bends where it goes on.
        let off = (found / by_differences - 1.0).abs();
        assert!(off < 1e-3, "{}: {found} {by_differences}", method.name);
    }
}

#[test]
fn an_audit_goes_through_stiff_solvers_too() {
    use costate_neural_ode::audit::{Audit, Verdict};
    let problem = Problem {
        h0: &[0.1],
        theta: &[2.0, 1.5],
        t0: 0.2,
        t1: 1.4,
        save_at: &[0.7, 1.4],
    };
    for method in methods() {
        let options = options(method, 1e-6);
        let loss = &mut loss_with_cotangents;
        let audit = Audit::new(&logistic(), &[0.0], method, &options, &problem, loss).unwrap();
        let name = method.name;
        assert_eq!(audit.verdict(), Verdict::Right, "{name}:\n{audit}");
        assert_eq!(audit.recommended(), Some("discrete"), "{name}");
        for run in &audit.runs {
            let expected = ["discrete", "finite-difference"].contains(&run.about.name);
            assert_eq!(run.gradient.is_ok(), expected, "{name}, {}", run.about.name);
        }
    }
}
