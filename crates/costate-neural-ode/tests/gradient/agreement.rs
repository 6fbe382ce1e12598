//! The gradient methods against each other.

use super::duals::entries;
use super::fields::{Case, case, config, loss_with_cotangents, network, polynomial, tableaus};
use super::oracle::Variable;
use costate_neural_ode::gradient::{METHODS, by_name};
use costate_neural_ode::{
    Backsolve, Discrete, Error, FiniteDifference, Forward, Gradient, GradientMethod, Problem,
    Quadratures, Saved, doc::House,
};
use costate_ode::{Options, tableau};
use proptest::prelude::*;

fn gradient_by(name: &str, case: &Case) -> Result<Gradient<f64>, Error> {
    let (field, like) = (case.field.record(), vec![0.0; case.h0.len()]);
    let mut method = by_name(name, field, &like, case.tableau, case.options.clone())?;
    let found = method.gradient(&case.problem(), &mut loss_with_cotangents)?;
    Ok(found.clone())
}

/// The largest difference of two gradients, in units of the largest entry of the kind.
fn distance(found: &Gradient<f64>, expected: &Gradient<f64>) -> f64 {
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
    fn forward_is_discrete(case in prop_oneof![case(polynomial(true)), case(network(true))]) {
        prop_assume!(case.h0.len() <= 12 && case.theta.len() <= 100);
        let (forward, discrete) = (gradient_by("forward", &case).unwrap(), gradient_by("discrete", &case).unwrap());
        let off = distance(&forward, &discrete);
        prop_assert!(off <= 1e-12, "{off:e}");
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
    fn differences_confirm_every_variable(case in case(polynomial(true))) {
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
        case in prop_oneof![case(polynomial(true)), case(network(true))],
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

#[test]
fn a_solve_of_no_length_still_has_all_gradients() {
    for tableau in tableaus() {
        for save_at in [&[][..], &[3.0], &[3.0, 3.0]] {
            for about in METHODS {
                let options = Options {
                    step: tableau.embedded_order.is_none().then_some(0.1),
                    ..Options::tolerances(1e-8, 1e-8)
                };
                let field = House::default();
                let mut method = by_name(about.name, field, &[0.0], tableau, options).unwrap();
                // Something before, whose slopes must not be taken for those of the next solve.
                for t1 in [5.0, 3.0] {
                    let problem = Problem {
                        h0: &[3.0],
                        theta: &[0.25],
                        t0: 3.0,
                        t1,
                        save_at,
                    };
                    let found = method.gradient(&problem, &mut |saved, cotangents| {
                        cotangents.values_mut().fill(1.0);
                        saved.values().iter().sum()
                    });
                    if t1 == 3.0 && about.name == "finite-difference" {
                        let message = found.unwrap_err().to_string();
                        assert!(message.contains("discrete"), "{message}");
                        continue;
                    }
                    let found = found.unwrap();
                    if t1 == 5.0 {
                        continue;
                    }
                    let (name, count) = (about.name, save_at.len().max(1) as f64);
                    let rate = 0.25 * 3.0 * 3.0; // f
                    let close = |x: f64, y: f64| (x - y).abs() < 1e-7;
                    assert!(close(found.h0[0], count), "{name}: {found:?}");
                    assert!(close(found.theta[0], 0.0), "{name}: {found:?}");
                    assert!(close(found.t0, -rate * count), "{name}: {found:?}");
                    let ends = if save_at.is_empty() { rate } else { 0.0 };
                    assert!(close(found.t1, ends), "{name}, {}: {found:?}", tableau.name);
                    assert!(
                        found.save.iter().all(|save| close(*save, rate)),
                        "{name}: {found:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn exact_methods_take_one_product_for_each_evaluation_that_counts() {
    let problem = Problem {
        h0: &[3.0],
        theta: &[0.25],
        t0: 3.0,
        t1: 5.0,
        save_at: &[],
    };
    for tableau in tableaus() {
        let stats = |name: &str| {
            let options = Options {
                step: tableau.embedded_order.is_none().then_some(0.1),
                ..Options::tolerances(1e-6, 1e-6)
            };
            // A small state and one whose length is found out at run time.
            let (field, like) = (House::default(), vec![0.0]);
            let mut small = by_name(name, field.clone(), &[0.0], tableau, options.clone()).unwrap();
            let mut any = by_name(name, field, &like, tableau, options).unwrap();
            let mut loss = |_: &Saved<f64>, cotangents: &mut Saved<f64>| {
                cotangents.state_mut(0)[0] = 1.0;
                0.0
            };
            let small = small.gradient(&problem, &mut loss).unwrap().stats;
            assert_eq!(any.gradient(&problem, &mut loss).unwrap().stats, small);
            small
        };
        let stages = tableau.stages();
        let counts = |i: usize| {
            let weighs = |c: costate_ode::Coefficient| !c.is_zero();
            weighs(tableau.b[i]) || (i + 1..stages).any(|j| weighs(tableau.a(j, i)))
        };
        // The last stage of an FSAL method is the next step's first.
        let (discrete, used) = (
            stats("discrete"),
            (0..tableau.next()).filter(|i| counts(*i)),
        );
        let expected = used.count() * discrete.forward.accepted;
        assert_eq!(discrete.products, expected, "{}", tableau.name);

        let forward = stats("forward");
        let steps = forward.forward.accepted;
        let expected = tableau.next() * steps + usize::from(tableau.fsal);
        assert_eq!(forward.products, expected, "{}", tableau.name);
        assert_eq!(forward.forward, discrete.forward);

        // Along the path one for each evaluation of the costate, and with Gauss three for each step.
        let (along, gauss) = (stats("interpolating"), stats("gauss"));
        assert_eq!(along.products, along.backward.nfe, "{}", tableau.name);
        let expected = gauss.backward.nfe + 3 * gauss.backward.accepted;
        assert_eq!(gauss.products, expected, "{}", tableau.name);
    }
}

#[test]
fn backsolve_tells_how_well_it_rebuilt_the_past() {
    let options = Options::tolerances(1e-8, 1e-8);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut method = Backsolve::new(House::default(), &[0.0], tsit5, options).unwrap();
    let mut within = |theta: f64, save_at: &[f64]| {
        let problem = Problem {
            h0: &[3.0],
            theta: &[theta],
            t0: 3.0,
            t1: 5.0,
            save_at,
        };
        let found = method.gradient(&problem, &mut |_, cotangents| {
            cotangents.values_mut().fill(1.0);
            0.0
        });
        found.unwrap();
        method.rebuilt_within()
    };
    // h falls by e⁻²⁴ on the whole way: what was lost does not come back.
    let lost = within(-3.0, &[5.0]);
    assert!(lost > 1e-2, "{lost}");
    // Between the save times at the end it falls most; where it begins there is almost nothing left to lose.
    let lost = within(-3.0, &[3.001, 5.0]);
    assert!(lost > 1e-2, "{lost}");
    // The next gradient speaks of itself alone.
    let kept = within(0.25, &[4.0, 5.0]);
    assert!(kept > 0.0 && kept < 1e-6, "{kept}");
}

#[test]
fn single_precision_states_have_single_precision_gradients() {
    #[derive(Default)]
    struct House32 {
        theta: f32,
        frames: Vec<[f32; 3]>,
        sum: f32,
    }
    impl costate_neural_ode::VectorField<f32> for House32 {
        fn state_len(&self) -> usize {
            1
        }
        fn parameter_len(&self) -> usize {
            1
        }
        fn set_parameters(&mut self, theta: &[f32]) {
            (self.theta, self.sum) = (theta[0], 0.0);
        }
        fn eval(&mut self, frame: usize, t: f32, h: &[f32], dh: &mut [f32]) {
            self.frames
                .resize(self.frames.len().max(frame + 1), [0.0; 3]);
            self.frames[frame] = [t, h[0], 0.0];
            dh[0] = self.theta * t * h[0];
        }
        fn products(&mut self, frame: usize, a: &[f32], a_h: &mut [f32]) -> f32 {
            let [t, h, kept] = &mut self.frames[frame];
            *kept = a[0];
            a_h[0] = a[0] * self.theta * *t;
            a[0] * self.theta * *h
        }
        fn accumulate(&mut self, frames: &[(usize, f32)]) {
            for &(frame, weight) in frames {
                let [t, h, a] = self.frames[frame];
                self.sum += weight * a * t * h;
            }
        }
        fn finish(&mut self, a_theta: &mut [f32]) {
            a_theta[0] = std::mem::take(&mut self.sum);
        }
    }
    // Time and error norm in double precision, the state in single.
    let options = Options::<f64>::tolerances(1e-5, 1e-5);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    for about in METHODS
        .iter()
        .filter(|about| about.name != "finite-difference")
    {
        let mut method = by_name(
            about.name,
            House32::default(),
            &[0.0_f32],
            tsit5,
            options.clone(),
        )
        .unwrap();
        let problem = Problem {
            h0: &[3.0_f32],
            theta: &[0.25],
            t0: 3.0,
            t1: 5.0,
            save_at: &[],
        };
        let found = method.gradient(&problem, &mut |saved: &Saved<f32>, cotangents| {
            cotangents.state_mut(0)[0] = 1.0;
            saved.state(0)[0]
        });
        let found = found.unwrap();
        let e2 = 2.0_f32.exp();
        let pairs = [
            (found.h0[0], 1.0),
            (found.theta[0], 24.0),
            (found.t1, 3.75),
            (found.t0, -2.25),
        ];
        for (found, expected) in pairs {
            assert!(
                (found / e2 - expected).abs() < 2e-3 * expected.abs(),
                "{}: {found}",
                about.name
            );
        }
    }
}

#[test]
fn save_times_out_of_place_are_named() {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let problem = |save_at| Problem {
        h0: &[3.0],
        theta: &[0.25],
        t0: 3.0,
        t1: 5.0,
        save_at,
    };
    for about in METHODS {
        let options = Options::tolerances(1e-6, 1e-6);
        let mut method = by_name(about.name, House::default(), &[0.0], tsit5, options).unwrap();
        for (save_at, wrong) in [
            (&[4.0, 3.5][..], 1),
            (&[2.9], 0),
            (&[4.0, 5.1], 1),
            (&[f64::NAN], 0),
        ] {
            match method.gradient(&problem(save_at), &mut |_, _| 0.0) {
                Err(Error::SaveTime { index, .. }) => assert_eq!(index, wrong),
                other => panic!("{}: {other:?}", about.name),
            }
        }
    }
    let unknown = by_name(
        "discreet",
        House::default(),
        &[0.0],
        tsit5,
        Options::tolerances(1e-6, 1e-6),
    );
    let message = unwrap_err(unknown.map(|_| ())).to_string();
    assert!(
        message.contains("discreet") && message.contains("backsolve"),
        "{message}"
    );
}

fn unwrap_err(result: Result<(), Error>) -> Error {
    result.unwrap_err()
}

#[test]
fn differences_with_varying_steps_come_near_where_tolerances_are_tight() {
    let options = || Options::tolerances(1e-10, 1e-10);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let problem = Problem {
        h0: &[3.0],
        theta: &[0.25],
        t0: 3.0,
        t1: 5.0,
        save_at: &[3.7, 5.0],
    };
    let mut varying = FiniteDifference::new(House::default(), &[0.0], tsit5, options())
        .unwrap()
        .with_varying_steps();
    let mut forward = Forward::new(House::default(), &[0.0], tsit5, options()).unwrap();
    let varying = varying
        .gradient(&problem, &mut loss_with_cotangents)
        .unwrap();
    let forward = forward
        .gradient(&problem, &mut loss_with_cotangents)
        .unwrap();
    assert!(
        distance(varying, forward) < 1e-6,
        "{}",
        distance(varying, forward)
    );
}
