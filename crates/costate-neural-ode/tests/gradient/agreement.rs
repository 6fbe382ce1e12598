//! The gradient methods against each other.

use super::duals::{entries, magnified};
use super::fields::{Case, case, config, linear, loss_with_cotangents, network, polynomial};
use super::oracle::Variable;
use costate_neural_ode::gradient::{METHODS, by_name};
use costate_neural_ode::{
    Backsolve, Discrete, Error, Forward, Gradient, GradientMethod, Problem, Quadratures,
};
use costate_ode::Options;
use proptest::prelude::*;

fn gradient_by(name: &str, case: &Case) -> Result<Gradient<f64>, Error> {
    let (field, like) = (case.field.record(), vec![0.0; case.h0.len()]);
    let mut method = by_name(name, field, &like, case.tableau, case.options.clone())?;
    let found = method.gradient(&case.problem(), &mut loss_with_cotangents)?;
    Ok(found.clone())
}

/// The largest difference of two gradients, in units of the largest entry of the kind.
pub(crate) fn distance(found: &Gradient<f64>, expected: &Gradient<f64>) -> f64 {
    let kind = |variable: &Variable| match variable {
        Variable::H0(_) => 0,
        Variable::Theta(_) => 1,
        _ => 2,
    };
    let expected = entries(expected);
    let mut sizes = [1e-3_f64; 3];
    for (variable, value) in &expected {
        let size = &mut sizes[kind(variable)];
        *size = size.max(value.abs());
    }
    let pairs = entries(found).into_iter().zip(&expected);
    let differences =
        pairs.map(|((v, found), (_, expected))| (found - expected).abs() / sizes[kind(&v)]);
    differences.fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn forward_is_discrete(case in prop_oneof![case(linear(true)), case(polynomial(true)), case(network(true))]) {
        prop_assume!(case.h0.len() <= 20 && case.theta.len() <= 100);
        let (forward, discrete) = (gradient_by("forward", &case).unwrap(), gradient_by("discrete", &case).unwrap());
        let off = distance(&forward, &discrete);
        prop_assert!(off <= 1e-12 * magnified(&case), "{off:e} through {}", case.tableau.name);
        prop_assert_eq!(forward.loss, discrete.loss);
    }

    #[test]
    fn a_memory_budget_does_not_change_a_bit(
        case in case(polynomial(true)), bytes in prop::sample::select(vec![1_000, 5_000, 20_000, 100_000])
    ) {
        let like = vec![0.0; case.h0.len()];
        let method = || Discrete::new(case.field.record(), &like, case.tableau, case.options.clone()).unwrap();
        let mut all = method();
        let expected = all.gradient(&case.problem(), &mut loss_with_cotangents).unwrap().clone();
        let steps: Vec<f64> = all.steps().collect();
        let mut some = method().with_budget(bytes);
        for _ in 0..2 {
            match some.gradient(&case.problem(), &mut loss_with_cotangents) {
                Ok(found) => prop_assert_eq!(found, &expected),
                Err(Error::Budget { .. }) => prop_assert!(steps.len() * 10 > bytes - 80),
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
        if steps.len() * 10 <= bytes - 80 {
            prop_assert_eq!(some.steps().collect::<Vec<_>>(), steps);
        }
    }

    #[test]
    fn sensitivities_are_the_gradients_of_single_components(case in case(polynomial(true)), pick in 0_usize..1000) {
        let like = vec![0.0; case.h0.len()];
        let (field, options) = (case.field.record(), case.options.clone());
        let mut forward = Forward::new(field, &like, case.tableau, options).unwrap();
        let (_, columns) = forward.solve(&case.problem()).unwrap();
        let (save, i) = (pick % case.problem().times().len(), pick % like.len());
        let mut discrete = by_name("discrete", case.field.record(), &like, case.tableau, case.options.clone()).unwrap();
        let found = discrete.gradient(&case.problem(), &mut |saved, cotangents| {
            cotangents.state_mut(save)[i] = 1.0;
            saved.state(save)[i]
        });
        let found = found.unwrap();
        let size = found.h0.iter().chain(&found.theta).fold(1.0 + found.t0.abs(), |max, g| max.max(g.abs()));
        let close = |column: &[f64], expected: f64| (column[i] - expected).abs() <= 1e-12 * size;
        prop_assert!((0..like.len()).all(|j| close(columns.h0(save, j), found.h0[j])));
        prop_assert!((0..case.theta.len()).all(|k| close(columns.theta(save, k), found.theta[k])));
        prop_assert!(close(columns.t0(save), found.t0) && close(columns.t1(save), found.t1));
        let by_time = found.save.get(save).copied().unwrap_or(0.0);
        prop_assert!(close(columns.time(save), by_time));
    }

    #[test]
    fn differences_confirm_every_variable(case in prop_oneof![case(linear(true)), case(polynomial(true))]) {
        let (differences, discrete) = (gradient_by("finite-difference", &case).unwrap(), gradient_by("discrete", &case).unwrap());
        let off = distance(&differences, &discrete);
        prop_assert!(off <= 1e-7, "{off:e}: {differences:?} {discrete:?}");
    }

    #[test]
    fn backsolve_is_the_same_with_quadratures_in_the_state(case in case(polynomial(true))) {
        prop_assume!(case.tableau.embedded_order.is_some());
        let like = vec![0.0; case.h0.len()];
        let by = |quadratures| {
            let (field, options) = (case.field.record(), case.options.clone());
            let mut method = Backsolve::with_quadratures(field, &like, case.tableau, options, quadratures).unwrap();
            method.gradient(&case.problem(), &mut loss_with_cotangents).cloned()
        };
        if let (Ok(apart), Ok(inside)) = (by(Quadratures::Apart), by(Quadratures::InState)) {
            prop_assert!(distance(&apart, &inside) <= 1e-12);
            prop_assert_eq!(apart.stats, inside.stats);
        }
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn methods_of_the_exact_solution_approach_discrete_as_the_tolerance_falls(
        case in prop_oneof![case(linear(true)), case(polynomial(true)), case(network(true))],
        about in prop::sample::select(METHODS.iter().filter(|about| !about.exact).collect::<Vec<_>>()),
    ) {
        prop_assume!(case.tableau.order >= 5);
        let mut errors = Vec::new();
        for tolerance in [1e-4, 1e-7, 1e-10] {
            let case = Case { options: Options::tolerances(tolerance, tolerance), ..case.clone() };
            errors.push(distance(&gradient_by(about.name, &case).unwrap(), &gradient_by("discrete", &case).unwrap()));
        }
        prop_assert!(errors[2] <= errors[0].max(errors[1]) * 0.02 + 1e-8, "{errors:?}");
            prop_assert!(errors[2] <= 1e-6, "{errors:?}");
    }

    #[test]
    fn a_method_used_again_forgets_what_was_before(
        first in case(polynomial(true)), seed in 0.5..2.0
    ) {
        let like = vec![0.0; first.h0.len()];
        for about in METHODS {
            let (field, options) = (first.field.record(), first.options.clone());
            let mut method = by_name(about.name, field, &like, first.tableau, options).unwrap();
            let once = method.gradient(&first.problem(), &mut loss_with_cotangents);
            let Ok(once) = once.cloned() else { continue };
            let other = Problem { t1: first.t1 * 0.5 + first.t0 * 0.5, save_at: &[], ..first.problem() };
            let h0: Vec<f64> = first.h0.iter().map(|h| h * seed).collect();
            let _ = method.gradient(&Problem { h0: &h0, ..other }, &mut loss_with_cotangents);
            let again = method.gradient(&first.problem(), &mut loss_with_cotangents).unwrap();
            prop_assert_eq!(&once, again, "{}", about.name);
        }
    }
}
