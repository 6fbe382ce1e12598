//! What must hold of every right gradient, whatever computed it.

use super::duals::entries;
use super::fields::{Case, case, config, loss_with_cotangents, network, polynomial};
use super::tableaus::tableaus;
use costate_neural_ode::gradient::{METHODS, by_name};
use costate_neural_ode::{Native, Problem, Recorded, RightHandSide, VectorField};
use costate_ode::Options;
use costate_tape::{Dual, Scalar};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn a_field_that_does_not_look_at_t_has_no_gradient_by_a_shift_of_all_times(
        case in prop_oneof![case(polynomial(false)), case(network(false))]
    ) {
        prop_assume!(case.h0.len() <= 12 && case.theta.len() <= 60);
        let like = vec![0.0; case.h0.len()];
        for about in METHODS {
            let (field, options) = (case.field.record(), case.options.clone());
            let mut method = by_name(about.name, field, &like, case.tableau, options).unwrap();
            let Ok(found) = method.gradient(&case.problem(), &mut loss_with_cotangents) else { continue };
            let size = found.save.iter().fold(found.t0.abs() + found.t1.abs(), |sum, s| sum + s.abs());
            let limit = if about.name == "finite-difference" { 1e-7 } else { 1e-13 };
            prop_assert!(found.clock().abs() <= limit * size.max(1e-3), "{}: {found:?}", about.name);
        }
    }

    #[test]
    fn the_end_times_gradients_are_those_of_the_exact_flow(case in case(polynomial(true))) {
        prop_assume!(case.tableau.order >= 5);
        let case = Case { options: Options::tolerances(1e-11, 1e-11), save_at: Vec::new(), ..case };
        let like = vec![0.0; case.h0.len()];
        let rate = |h: &[f64], t| case.field.eval(h, t, &case.theta);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for name in ["discrete", "backsolve", "forward"] {
            let (field, options) = (case.field.record(), case.options.clone());
            let mut method = by_name(name, field, &like, case.tableau, options).unwrap();
            let mut last = (Vec::new(), Vec::new());
            let found = method.gradient(&case.problem(), &mut |saved, cotangents| {
                let loss = loss_with_cotangents(saved, cotangents);
                last = (saved.state(0).to_vec(), cotangents.state(0).to_vec());
                loss
            });
            let found = found.unwrap();
            let (end, a) = &last;
            let start = -dot(&found.h0, &rate(&case.h0, case.t0));
            let end = dot(a, &rate(end, case.t1));
            let size = 1.0 + start.abs() + end.abs();
            prop_assert!((found.t0 - start).abs() < 1e-7 * size, "{name}: {} {start}", found.t0);
            prop_assert!((found.t1 - end).abs() < 1e-7 * size, "{name}: {} {end}", found.t1);
        }
    }

    /// ⟨a, f_h u + f_t s + f_θ w⟩ = ⟨a·f_h, u⟩ + a·f_t s + ⟨a·f_θ, w⟩, the left side by dual numbers.
    #[test]
    fn products_are_the_transpose_of_derivatives(
        case in prop_oneof![case(polynomial(true)), case(network(true))], seed in -3.0..3.0_f64
    ) {
        let (n, p) = (case.h0.len(), case.theta.len());
        let some = |len: usize, phase: f64| -> Vec<f64> {
            (0..len).map(|i| (seed + phase + 1.7 * i as f64).sin()).collect()
        };
        let (u, w, a, s) = (some(n, 0.0), some(p, 1.0), some(n, 2.0), 0.6);
        let dual = |values: &[f64], along: &[f64]| -> Vec<Dual<f64, 1>> {
            let pairs = values.iter().zip(along);
            pairs.map(|(value, along)| Dual { value: *value, tangent: [*along] }).collect()
        };
        let t = Dual { value: case.t0, tangent: [s] };
        let along = case.field.eval(&dual(&case.h0, &u), t, &dual(&case.theta, &w));
        let left: f64 = a.iter().zip(&along).map(|(a, d)| a * d.tangent[0]).sum();
        let size: f64 = a.iter().zip(&along).map(|(a, d)| (a * d.tangent[0]).abs()).sum();

        let mut field = case.field.record();
        field.set_parameters(&case.theta);
        let pack = |field: &Recorded, natural: &[f64]| {
            let mut packed = vec![0.0; n];
            field.pack(natural, &mut packed);
            packed
        };
        let (h, packed_a, packed_u) = (pack(&field, &case.h0), pack(&field, &a), pack(&field, &u));
        let (mut dh, mut a_h, mut a_theta) = (vec![0.0; n], vec![0.0; n], vec![0.0; p]);
        field.eval(0, case.t0, &h, &mut dh);
        let a_t = field.products(0, &packed_a, &mut a_h);
        field.accumulate(&[(0, 1.0)]);
        field.finish(&mut a_theta);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let right = dot(&a_h, &packed_u) + a_t * s + dot(&a_theta, &w);
        prop_assert!((left - right).abs() <= 1e-12 * size.max(1.0), "{left} {right}");
    }

    /// The costate and a disturbance carried along by the flow keep their product: ⟨a(t₀), δh₀⟩ = ⟨a(t₁), δh(t₁)⟩.
    #[test]
    fn costate_times_disturbance_is_constant_along_the_flow(case in case(polynomial(true)), seed in -3.0..3.0_f64) {
        let case = Case { save_at: Vec::new(), ..case };
        let like = vec![0.0; case.h0.len()];
        let disturbance: Vec<f64> = (0..like.len()).map(|i| (seed + i as f64).cos()).collect();
        let mut forward = costate_neural_ode::Forward::new(case.field.record(), &like, case.tableau, case.options.clone()).unwrap();
        let (_, sensitivities) = forward.solve(&case.problem()).unwrap();
        let carried: Vec<f64> = (0..like.len())
            .map(|i| (0..like.len()).map(|j| sensitivities.h0(0, j)[i] * disturbance[j]).sum())
            .collect();
        let mut discrete = by_name("discrete", case.field.record(), &like, case.tableau, case.options.clone()).unwrap();
        let mut a = Vec::new();
        let found = discrete.gradient(&case.problem(), &mut |saved, cotangents| {
            let loss = loss_with_cotangents(saved, cotangents);
            a = cotangents.state(0).to_vec();
            loss
        });
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (before, after) = (dot(&found.unwrap().h0, &disturbance), dot(&a, &carried));
        prop_assert!((before - after).abs() <= 1e-12 * (1.0 + after.abs()), "{before} {after}");
    }
}

/// A right-hand side with every variable in it.
#[derive(Clone)]
struct Forced;

impl RightHandSide<3, 2> for Forced {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y, z]: [S; 3], t: S, [a, b]: [S; 2]) -> [S; 3] {
        [
            a * (y - x) + t.sin(),
            x * (b - z) - y,
            x * y - (a * t).tanh() * z,
        ]
    }
}

#[test]
fn native_fields_give_the_same_products_as_their_records() {
    let mut native = Native::new(Forced);
    let mut recorded = Recorded::new(&native.function()).unwrap();
    let (theta, h, a) = ([1.3, 0.7], [0.4, -1.1, 0.9], [0.3, 0.8, -0.5]);
    let mut found = Vec::new();
    let fields: [&mut dyn VectorField<f64>; 2] = [&mut native, &mut recorded];
    for field in fields {
        assert_eq!((field.state_len(), field.parameter_len()), (3, 2));
        field.set_parameters(&theta);
        let (mut dh, mut a_h, mut a_theta) = ([0.0; 3], [0.0; 3], [0.0; 2]);
        field.eval(1, 0.6, &h, &mut dh);
        field.eval(0, 0.1, &[0.0; 3], &mut [0.0; 3]);
        let a_t = field.products(1, &a, &mut a_h);
        field.accumulate(&[(1, 2.0)]);
        field.accumulate(&[(1, 0.5)]);
        field.finish(&mut a_theta);
        found.push([&dh[..], &a_h, &[a_t], &a_theta].concat());
        field.accumulate(&[(1, 1.0)]);
        field.set_parameters(&theta);
        field.finish(&mut a_theta);
        assert_eq!(
            a_theta, [0.0; 2],
            "what was accumulated is forgotten with the parameters"
        );
    }
    for (native, recorded) in found[0].iter().zip(&found[1]) {
        assert!((native - recorded).abs() < 1e-15, "{found:?}");
    }
}

#[test]
fn native_gradients_are_those_of_the_record() {
    for (tableau, about) in tableaus()
        .iter()
        .flat_map(|t| METHODS.iter().map(move |m| (t, m)))
    {
        let options = || Options {
            step: tableau.embedded_order.is_none().then_some(0.1),
            ..Options::tolerances(1e-7, 1e-7)
        };
        for save_at in [&[][..], &[0.7, 1.9]] {
            let problem = Problem {
                h0: &[0.4, -1.1, 0.9],
                theta: &[1.3, 0.7],
                t0: 0.2,
                t1: 1.9,
                save_at,
            };
            let native: Native<_, f64, 3, 2> = Native::new(Forced);
            let recorded = Recorded::new(&native.function()).unwrap();
            let mut a = by_name(about.name, native, &[0.0; 3], *tableau, options()).unwrap();
            let mut b = by_name(about.name, recorded, &vec![0.0; 3], *tableau, options()).unwrap();
            let a = a.gradient(&problem, &mut loss_with_cotangents).unwrap();
            let b = b.gradient(&problem, &mut loss_with_cotangents).unwrap();
            // Where steps follow rounding errors in a and h, or what is subtracted is divided by little, less is the same.
            let limit = match about.name {
                "finite-difference" => 1e-7,
                _ if about.exact => 1e-12,
                _ => 1e-6,
            };
            for ((variable, a), (_, b)) in entries(a).into_iter().zip(entries(b)) {
                let title = format!("{}, {}, {variable:?}", about.name, tableau.name);
                assert!((a - b).abs() < limit * (1.0 + b.abs()), "{title}: {a} {b}");
            }
        }
    }
}
