//! The checks themselves: they agree with what is right, and name what is wrong.

use costate_tape::{Function, Scalar, check};

#[test]
fn differences_know_a_smooth_derivative_to_nine_digits_and_bound_their_error() {
    type Slope = fn(f64) -> f64;
    let cases: [(Slope, Slope, f64); 7] = [
        (f64::exp, f64::exp, 3.0),
        (f64::sin, f64::cos, 100.0),
        (f64::ln, |x| 1.0 / x, 1e-3),
        (f64::sqrt, |x| 0.5 / x.sqrt(), 0.02),
        (f64::tan, |x| 1.0 + x.tan().powi(2), 1.4),
        (|x| 1.0 / x, |x| -1.0 / (x * x), 0.01),
        (|x| (50.0 * x).sin(), |x| 50.0 * (50.0 * x).cos(), 0.3),
    ];
    for (i, (value, slope, x)) in cases.into_iter().enumerate() {
        let (found, exact) = (check::derivative(value, x), slope(x));
        let off = (found.value - exact).abs();
        assert!(off <= 1e-9 * exact.abs(), "case {i}: {found:?}, {exact}");
        assert!(
            off <= 10.0 * found.error,
            "case {i}: off by {off:e}, claimed {:e}",
            found.error
        );
    }
}

#[test]
fn differences_of_a_function_that_is_nowhere_finite_are_not_a_number() {
    let found = check::derivative(|_| f64::NAN, 1.0);
    assert!(found.value.is_nan() && found.error == f64::INFINITY);
}

#[test]
fn a_kink_is_not_decided() {
    // At the kink itself the two one-sided slopes are 0 and 1.
    let report = check::gradient(|x| x[0].max(0.0).sqrt(), &[0.0], &[0.0]);
    assert!(!report.holds(), "{report}");
}

#[test]
fn a_wrong_component_is_named_by_every_check() {
    let f = |x: &[f64]| vec![x[0] * x[1], x[1] * x[2]];
    let x = [2.0, 3.0, 5.0];
    let right = [3.0, 2.0, 0.0, 0.0, 5.0, 3.0];
    check::jacobian(f, &x, &right).assert();
    for wrong in 0..6 {
        let mut found = right;
        found[wrong] += 1e-5;
        let report = check::jacobian(f, &x, &found);
        assert!(!report.holds());
        let name = format!("∂f[{}]/∂x[{}]", wrong / 3, wrong % 3);
        assert_eq!(report.worst().unwrap().name, name);
        assert!(report.to_string().contains(&name), "{report}");
    }
}

#[test]
fn a_derivative_that_is_not_a_number_is_wrong() {
    let report = check::gradient(|x| x[0] * x[1], &[1.0, 2.0], &[2.0, f64::NAN]);
    assert!(!report.holds());
    assert_eq!(report.worst().unwrap().name, "∂f/∂x[1]");
}

#[test]
fn what_rounding_leaves_of_a_derivative_that_is_zero_is_no_alarm() {
    let softmax = Function::<f64>::record(&[("x", &[2, 5])], |v| vec![v[0].softmax(0).sum()]);
    let unit = Function::<f64>::record(&[("x", &[2, 5])], |v| {
        vec![(v[0] / (v[0] * v[0]).sum().sqrt()).powi(2).sum()]
    });
    let x: &[f64] = &[0.3, -1.0, 0.7, 2.0, 0.1, 0.9, -0.4, 1.3, -2.0, 0.6];
    for f in [softmax.unwrap(), unit.unwrap()] {
        for report in check::function(&f, &[x]).unwrap() {
            report.assert();
        }
    }
}

#[test]
fn a_reverse_sweep_that_is_no_transpose_fails_the_dot_product_test() {
    let jvp = |u: &[f64]| vec![2.0 * u[0] - u[1], u[0]];
    check::products(jvp, |v| vec![2.0 * v[0] + v[1], -v[0]], 2, 2).assert();
    assert!(!check::products(jvp, |v| vec![2.0 * v[0] + v[1], v[0]], 2, 2).holds());
}

#[test]
fn steps_do_not_cross_a_branch_of_the_record() {
    let at: &[f64] = &[0.01];
    let f = Function::<f64>::record_at(&[("x", &[1], at)], |v| {
        let x = v[0].index(0);
        vec![if x > costate_tape::Var::from_f64(0.0) {
            x.sqrt()
        } else {
            -x
        }]
    })
    .unwrap();
    for report in check::function(&f, &[at]).unwrap() {
        report.assert();
    }
}

#[test]
fn components_carry_the_names_of_inputs_and_outputs() {
    let f = Function::<f64>::record(&[("t", &[]), ("w", &[2, 3])], |v| vec![v[1].abs() * v[0]])
        .unwrap()
        .with_output_names(&["rate"]);
    let report = check::by_differences(&f, &[&[2.0], &[1.0, 2.0, 3.0, 4.0, 5.0, -0.5]]).unwrap();
    report.assert();
    assert_eq!(report.components, 6 * 7);
    assert!(report.worst().unwrap().name.starts_with("∂rate["));
}

#[test]
#[should_panic(expected = "do NOT agree with central differences")]
fn assert_panics_with_the_report() {
    check::gradient(|x| x[0], &[1.0], &[-1.0]).assert();
}
