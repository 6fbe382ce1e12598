//! The verbs: each agrees with the graph it is made of, and with differences.

use crate::random::{self, Numbers, for_all, instructions};
use costate_tape::{
    Function, Rule, Scalar, Var, check, gradient, hessian, hvp, jacobian, jvp, value_and_gradient,
    vjp,
};

/// A function of five numbers to three.
fn three<S: Scalar>(x: [S; 5]) -> [S; 3] {
    [
        x[0] * x[1].sin() + x[4],
        (x[2] * x[3]).exp() - x[0],
        x[4] * x[4] * x[1] / (x[0] * x[0] + S::from_f64(1.0)),
    ]
}

fn recorded<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    Var::stack(&three([0, 1, 2, 3, 4].map(|i| x.index(i))))
}

const X: [f64; 5] = [0.4, -1.3, 0.7, 0.2, 1.9];

#[test]
fn the_jacobian_has_the_products_as_its_rows_and_columns() {
    let j = jacobian(recorded, &X);
    check::jacobian(|x| three([x[0], x[1], x[2], x[3], x[4]]).to_vec(), &X, &j).assert();
    for i in 0..3 {
        let mut v = [0.0; 3];
        v[i] = 1.0;
        let (value, row) = vjp(recorded, &X, &v);
        assert_eq!(value, three(X));
        assert_eq!(row, &j[5 * i..5 * i + 5]);
    }
    for k in 0..5 {
        let mut u = [0.0; 5];
        u[k] = 1.0;
        let (value, column) = jvp(recorded, &X, &u);
        assert_eq!(value, three(X));
        for i in 0..3 {
            assert!((column[i] - j[5 * i + k]).abs() < 1e-15);
        }
    }
}

#[test]
fn forward_and_reverse_jacobians_are_equal() {
    // Three outputs of five inputs go by rows; with the output taken twice there are six, and they go by columns.
    let once = Function::<f64>::record(&[("x", &[5])], |v| vec![recorded(v[0])]).unwrap();
    let twice =
        Function::<f64>::record(&[("x", &[5])], |v| vec![recorded(v[0]), recorded(v[0])]).unwrap();
    let (rows, columns) = (
        once.jacobian(&[0]).eval(&[&X]).unwrap(),
        twice.jacobian(&[0]).eval(&[&X]).unwrap(),
    );
    for (a, b) in rows[0].iter().zip(&columns[0]) {
        assert!((a - b).abs() < 1e-14);
    }
    assert_eq!(columns[0], columns[1]);
    let names: Vec<String> = twice
        .jacobian(&[0])
        .outputs()
        .iter()
        .map(|port| port.name.clone())
        .collect();
    assert_eq!(names, ["jac_y0_x", "jac_y1_x"]);
}

#[test]
fn the_hessian_is_symmetric_its_products_agree_and_so_do_differences_of_the_gradient() {
    fn of<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
        (recorded(x) * recorded(x)).sum()
    }
    let h = hessian(of, &X);
    check::jacobian(|x| gradient(of, x), &X, &h).assert();
    for i in 0..5 {
        for k in 0..5 {
            assert!((h[5 * i + k] - h[5 * k + i]).abs() < 1e-13 * h[5 * i + k].abs().max(1.0));
        }
    }
    let u = [0.3, -1.0, 0.5, 2.0, -0.25];
    let product = hvp(of, &X, &u);
    for i in 0..5 {
        let expected: f64 = (0..5).map(|k| h[5 * i + k] * u[k]).sum();
        assert!((product[i] - expected).abs() < 1e-12 * expected.abs().max(1.0));
    }
    let (value, gradient) = value_and_gradient(of, &X);
    assert_eq!(value, three(X).iter().map(|y| y * y).sum::<f64>());
    check::gradient(
        |x| {
            three([x[0], x[1], x[2], x[3], x[4]])
                .iter()
                .map(|y| y * y)
                .sum()
        },
        &X,
        &gradient,
    )
    .assert();
}

#[test]
fn verbs_work_in_single_precision_and_over_branches() {
    let g = gradient(
        |x: Var<'_, f32>| {
            if x.index(0) > x.index(1) {
                x.index(0).exp()
            } else {
                x.index(1)
            }
        },
        &[1.0, 0.0],
    );
    assert_eq!(g, [1f32.exp(), 0.0]);
}

#[test]
fn random_gradients_jacobians_and_hessian_products_agree() {
    for_all(60, &instructions(), |code| {
        let f = Function::<f64>::record(&random::INPUTS, |v| vec![random::run(&code, v).sum()])
            .unwrap();
        let point = random::point(51);
        let at: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
        let gradient = f.gradient(&[0, 2]);
        let both = f.value_and_gradient(&[0, 2]).eval(&at).unwrap();
        assert_eq!(both[1..], gradient.eval(&at).unwrap());
        assert_eq!(both[0], f.eval(&at).unwrap()[0]);
        let short = f.hessian(2);
        let (h, shape) = (
            short.eval(&at).unwrap().swap_remove(0),
            f.input_shape(2).len(),
        );
        let direction = Numbers(52).many(shape);
        let mut with = at.clone();
        with.push(&direction);
        let product = f.hvp(&[2]).eval(&with).unwrap().swap_remove(0);
        for i in 0..shape {
            let expected: f64 = (0..shape).map(|k| h[i * shape + k] * direction[k]).sum();
            assert!(
                (product[i] - expected).abs() < 1e-11 * expected.abs().max(1.0),
                "{code:?}"
            );
        }
        let simplified = short
            .simplify_with(&Rule::ALL)
            .eval(&at)
            .unwrap()
            .swap_remove(0);
        for (a, b) in simplified.iter().zip(&h) {
            assert!((a - b).abs() < 1e-10 * b.abs().max(1.0), "{code:?}");
        }
    });
}

#[test]
fn an_input_that_is_named_twice_moves_by_both_tangents() {
    let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0] * v[0]]).unwrap();
    let found = f.jvp(&[0, 0]).eval(&[&[3.0], &[1.0], &[10.0]]).unwrap();
    assert_eq!(found[1], [66.0]);
}

#[test]
#[should_panic(expected = "a gradient is that of one number")]
fn the_gradient_of_an_array_is_refused() {
    let _ = gradient(|x| x * 2.0, &[1.0, 2.0]);
}

#[test]
#[should_panic(expected = "cotangent: 2 numbers given, 3 expected")]
fn a_cotangent_of_the_wrong_length_is_refused() {
    let _ = vjp(recorded, &X, &[1.0, 2.0]);
}

#[test]
fn the_first_value_that_is_not_finite_is_named_and_a_dead_side_is_not() {
    let f = Function::<f64>::record(&[("x", &[2]), ("k", &[])], |v| {
        let rate = (v[0] / v[1]).sqrt();
        vec![rate.sum() + 1.0, v[1] * 2.0]
    })
    .unwrap();
    assert!(
        f.first_non_finite(&[&[1.0, 2.0], &[3.0]])
            .unwrap()
            .is_none()
    );
    let cause = f
        .first_non_finite(&[&[1.0, -2.0], &[3.0]])
        .unwrap()
        .unwrap();
    assert_eq!(
        cause.to_string(),
        "sqrt(x/k) is NaN in element 1, where x/k = -0.6666666666666666"
    );
    assert_eq!(cause.operation, "sqrt");
    let cause = f.first_non_finite(&[&[1.0, 2.0], &[0.0]]).unwrap().unwrap();
    assert_eq!(cause.to_string(), "x/k is inf, where x = 1.0, k = 0.0");
    let cause = f
        .first_non_finite(&[&[1.0, f64::NAN], &[1.0]])
        .unwrap()
        .unwrap();
    assert_eq!(cause.to_string(), "x is NaN in element 1");
    let safe = Function::<f64>::record(&[("x", &[])], |v| {
        let zero = Var::from_f64(0.0);
        vec![Var::select(
            v[0].binary(costate_tape::Binary::Gt, zero),
            v[0].ln(),
            zero,
        )]
    })
    .unwrap();
    assert!(safe.first_non_finite(&[&[-1.0]]).unwrap().is_none());
}

#[test]
fn an_infinite_derivative_leaves_other_entries_of_a_jacobian_alone() {
    // By rows: fewer outputs than inputs; by columns: more.
    let rows = Function::<f64>::record(&[("x", &[3])], |v| {
        let [x, y, z] = [0, 1, 2].map(|i| v[0].index(i));
        vec![Var::stack(&[x * y, z.sqrt()]), y * z]
    });
    let found = rows.unwrap().jacobian(&[0]).eval(&[&[2.0, 3.0, 0.0]]);
    assert_eq!(
        found.unwrap(),
        [
            vec![3.0, 2.0, 0.0, 0.0, 0.0, f64::INFINITY],
            vec![0.0, 0.0, 3.0]
        ]
    );
    let columns = Function::<f64>::record(&[("x", &[2])], |v| {
        let [x, y] = [0, 1].map(|i| v[0].index(i));
        vec![Var::stack(&[x * x, y.sqrt(), x * y])]
    });
    let found = columns.unwrap().jacobian(&[0]).eval(&[&[2.0, 0.0]]);
    assert_eq!(found.unwrap(), [[4.0, 0.0, 0.0, f64::INFINITY, 0.0, 2.0]]);
}
