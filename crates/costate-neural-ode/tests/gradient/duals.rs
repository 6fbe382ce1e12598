//! Discrete against dual numbers.

use super::fields::{Case, Field, case, config, linear, loss_with_cotangents, network, polynomial};
use super::oracle::{Variable, derivatives};
use costate_neural_ode::gradient::Gradient;
use costate_neural_ode::{Discrete, GradientMethod};
use proptest::prelude::*;

/// Entries of a gradient side by side with their variables: all times, and of many parameters some.
pub(crate) fn entries(gradient: &Gradient<f64>) -> Vec<(Variable, f64)> {
    let some = |values: &[f64], variable: fn(usize) -> Variable| -> Vec<(Variable, f64)> {
        let stride = values.len().div_ceil(13);
        let chosen = (0..values.len()).step_by(stride.max(1));
        chosen.map(|i| (variable(i), values[i])).collect()
    };
    let mut all = some(&gradient.h0, Variable::H0);
    all.extend(some(&gradient.theta, Variable::Theta));
    all.push((Variable::T0, gradient.t0));
    all.push((Variable::T1, gradient.t1));
    let saves = gradient.save.iter().enumerate();
    all.extend(saves.map(|(s, value)| (Variable::Save(s), *value)));
    all
}

/// Weights of dense output far above 1 magnify rounding.
pub(crate) fn magnified(case: &Case) -> f64 {
    let mut weights = vec![0.0_f64; case.tableau.dense_len()];
    let mut magnified = 1.0_f64;
    for sigma in [0.1, 0.3, 0.5, 0.7, 0.9] {
        case.tableau.dense_weight_derivatives(sigma, &mut weights);
        magnified = magnified.max(0.1 * weights.iter().map(|w| w.abs()).sum::<f64>());
    }
    magnified
}

fn is_the_derivative_of_the_numbers_computed(case: &Case) -> Result<(), TestCaseError> {
    let like = vec![0.0; case.h0.len()];
    let (field, options) = (case.field.record(), case.options.clone());
    let mut discrete = Discrete::new(field, &like, case.tableau, options).unwrap();
    let gradient = discrete
        .gradient(&case.problem(), &mut loss_with_cotangents)
        .unwrap();
    let found = entries(gradient);
    let steps: Vec<f64> = discrete.steps().collect();
    let variables: Vec<Variable> = found.iter().map(|(variable, _)| *variable).collect();
    let expected = derivatives(case, &steps, &variables);
    // Times have their cotangents' size in common: those of all saves cancel in that of t₀.
    let size = |of: fn(&Variable) -> bool| {
        let these = variables.iter().zip(&expected).filter(|(v, _)| of(v));
        these.fold(1e-3, |max: f64, (_, d)| max.max(d.abs()))
    };
    let sizes = [
        size(|v| matches!(v, Variable::H0(_))),
        size(|v| matches!(v, Variable::Theta(_))),
        size(|v| matches!(v, Variable::T0 | Variable::T1 | Variable::Save(_))),
    ];
    let magnified = magnified(case);
    for ((variable, found), expected) in found.iter().zip(&expected) {
        let size = match variable {
            Variable::H0(_) => sizes[0],
            Variable::Theta(_) => sizes[1],
            _ => sizes[2],
        };
        prop_assert!(
            (found - expected).abs() <= 1e-12 * magnified * size,
            "{variable:?}: {found} by the sweep, {expected} by duals, {} steps of {}",
            steps.len(),
            case.tableau.name
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(120))]

    #[test]
    fn discrete_is_dual_numbers_through_the_same_steps_for_polynomials(case in case(polynomial(true))) {
        is_the_derivative_of_the_numbers_computed(&case)?;
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn discrete_is_dual_numbers_through_the_same_steps_for_linear_systems(case in case(linear(true))) {
        is_the_derivative_of_the_numbers_computed(&case)?;
    }

    #[test]
    fn discrete_is_dual_numbers_through_the_same_steps_for_networks(case in case(network(true))) {
        is_the_derivative_of_the_numbers_computed(&case)?;
    }

    #[test]
    fn recorded_fields_are_their_formulas(case in case(network(true))) {
        use costate_neural_ode::VectorField;
        let mut field = case.field.record();
        field.set_parameters(&case.theta);
        let n = case.h0.len();
        let (mut packed, mut dh, mut natural) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        field.pack(&case.h0, &mut packed);
        field.eval(0, case.t0, &packed, &mut dh);
        field.unpack(&dh, &mut natural);
        let expected = Field::eval(&case.field, &case.h0, case.t0, &case.theta);
        let size = expected.iter().fold(1.0_f64, |max, x| max.max(x.abs()));
        for (found, expected) in natural.iter().zip(&expected) {
            prop_assert!((found - expected).abs() <= 1e-13 * size);
        }
    }
}

/// An integral cost is the same problem with one more equation: ∫ Σ h_i² θ_0 (1 + t²) dt, written both ways.
#[test]
fn an_integral_cost_is_one_more_equation() {
    use costate_neural_ode::layer::{Layer, Mlp};
    use costate_neural_ode::{Integral, Problem, Recorded, Saved};
    use costate_ode::{Method, Options};
    use costate_tape::{Function, Unary, Var};

    let net = Mlp::new(&[2, 4, 2], Unary::Tanh);
    let p = net.parameter_len();
    // A batch, which keeps its states in an order of its own; and one long state with the integral as its last component.
    let batch = Recorded::<f64>::record(&[5, 2], p, |h, _, theta| net.apply(h, theta)).unwrap();
    let inputs: [(&str, &[usize]); 3] = [("h", &[5, 2]), ("t", &[]), ("theta", &[p])];
    let cost = Function::record(&inputs, |v| {
        vec![(v[0] * v[0]).sum() * v[2].index(0) * (v[1] * v[1] + Var::detached(1.0))]
    });
    let cost = cost.unwrap();
    let whole = Recorded::<f64>::record(&[11], p, |state, t, theta| {
        let h = state.slice(0, 0..10).reshape([5, 2]);
        let dq = cost.call(&[h, t, theta])[0].reshape([1]);
        Var::concat(&[net.apply(h, theta).reshape([10]), dq], 0)
    });
    let mut h0: Vec<f64> = (0..10).map(|i| (0.7 * f64::from(i)).cos()).collect();
    h0.push(0.0);
    let theta: Vec<f64> = net.initial(2);
    let problem = Problem {
        h0: &h0,
        theta: &theta,
        t0: -0.3,
        t1: 1.1,
        save_at: &[0.4, 1.1],
    };
    let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
        cotangents.state_mut(0)[10] = 0.5;
        cotangents.state_mut(1)[10] = 1.0;
        cotangents.state_mut(1)[3] = 2.0;
        0.5 * saved.state(0)[10] + saved.state(1)[10] + 2.0 * saved.state(1)[3]
    };
    let like = vec![0.0; 11];
    let field = Integral::new(batch, &cost).unwrap();
    let whole = whole.unwrap();
    // Rosenbrock methods take second derivatives of the cost too, and `auto` them where the problem is stiff.
    for (name, options) in [
        ("tsit5", Options::constant_step(0.1)),
        ("kvaerno3", Options::constant_step(0.1)),
        ("radau", Options::constant_step(0.1)),
        ("rodas4", Options::constant_step(0.1)),
        ("ros3p", Options::constant_step(0.1)),
        ("auto", Options::tolerances(1e-5, 1e-5)),
    ] {
        let method = Method::by_name(name).unwrap();
        let mut apart = Discrete::new(field.clone(), &like, method, options.clone()).unwrap();
        let mut whole = Discrete::new(whole.clone(), &like, method, options).unwrap();
        let apart = apart.gradient(&problem, &mut loss).unwrap();
        let whole = whole.gradient(&problem, &mut loss).unwrap();
        assert!((apart.loss - whole.loss).abs() < 1e-13, "{name}");
        for ((variable, a), (_, b)) in entries(apart).into_iter().zip(entries(whole)) {
            assert!(
                (a - b).abs() < 1e-12 * (1.0 + b.abs()),
                "{name}, {variable:?}: {a} {b}"
            );
        }
    }
}
