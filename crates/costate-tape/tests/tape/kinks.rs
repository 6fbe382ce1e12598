//! Where a derivative is a choice, it is the documented one, the same in every way of differentiating.

use costate_tape::{Binary, Dual, Function, Scalar, Unary, Var};

/// φ′(x) by the rule, duals, reverse and forward mode: all the same bits.
fn slope(op: Unary, x: f64) -> f64 {
    let rule = op.derivative(x, op.value(x));
    let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].unary(op)]).unwrap();
    let dual = Dual::<f64, 1>::variable(x, 0).unary(op).tangent[0];
    let reverse = f.vjp(&[0]).eval(&[&[x], &[1.0]]).unwrap()[1][0];
    let forward = f.jvp(&[0]).eval(&[&[x], &[1.0]]).unwrap()[1][0];
    for other in [dual, reverse, forward] {
        assert!(
            other == rule || other.is_nan() && rule.is_nan(),
            "{} at {x}: {rule}, {other}",
            op.name()
        );
    }
    rule
}

fn slopes(op: Binary, a: f64, b: f64) -> [f64; 2] {
    let (da, db) = op.derivatives(a, b, op.value(a, b));
    let f = Function::<f64>::record(&[("a", &[]), ("b", &[])], |v| vec![v[0].binary(op, v[1])])
        .unwrap();
    let out = f.vjp(&[0, 1]).eval(&[&[a], &[b], &[1.0]]).unwrap();
    let same = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan();
    assert!(
        same(out[1][0], da) && same(out[2][0], db),
        "{} at {a}, {b}",
        op.name()
    );
    [da, db]
}

#[test]
fn kinks_of_one_argument_have_the_documented_slope() {
    assert_eq!(slope(Unary::Abs, 0.0), 0.0);
    assert_eq!(slope(Unary::Relu, 0.0), 0.0);
    assert_eq!(slope(Unary::Elu, 0.0), 1.0);
    assert_eq!(slope(Unary::LeakyRelu, 0.0), 0.01);
    assert_eq!(slope(Unary::Sign, 0.0), 0.0);
    assert_eq!(slope(Unary::Floor, 2.0), 0.0);
    assert_eq!(slope(Unary::Sqrt, 0.0), f64::INFINITY);
    assert_eq!(slope(Unary::Ln, 0.0), f64::INFINITY);
    assert_eq!(slope(Unary::Cbrt, 0.0), f64::INFINITY);
    assert_eq!(slope(Unary::Asin, 1.0), f64::INFINITY);
    assert_eq!(slope(Unary::Acos, -1.0), f64::NEG_INFINITY);
}

#[test]
fn a_tie_belongs_to_the_first_argument() {
    assert_eq!(slopes(Binary::Min, 2.0, 2.0), [1.0, 0.0]);
    assert_eq!(slopes(Binary::Max, 2.0, 2.0), [1.0, 0.0]);
}

#[test]
fn powers_at_base_zero_have_finite_slopes_where_the_exponent_allows() {
    assert_eq!(slopes(Binary::Pow, 0.0, 2.0), [0.0, 0.0]);
    assert_eq!(slopes(Binary::Pow, 0.0, 1.0), [1.0, 0.0]);
    assert_eq!(slopes(Binary::Pow, 0.0, 0.0), [0.0, 0.0]);
    assert_eq!(slopes(Binary::Pow, 0.0, 0.5), [f64::INFINITY, 0.0]);
    // A negative base with a whole exponent: the base has a slope, the exponent none.
    let [base, exponent] = slopes(Binary::Pow, -2.0, 3.0);
    assert_eq!(base, 12.0);
    assert!(exponent.is_nan());
}

#[test]
fn the_origin_has_no_angle_and_no_direction() {
    assert!(slopes(Binary::Atan2, 0.0, 0.0).iter().all(|d| d.is_nan()));
    assert!(slopes(Binary::Hypot, 0.0, 0.0).iter().all(|d| d.is_nan()));
}

#[test]
fn comparisons_are_masks_without_slope() {
    let table = [
        (Binary::Lt, [1.0, 0.0, 0.0]),
        (Binary::Le, [1.0, 1.0, 0.0]),
        (Binary::Gt, [0.0, 0.0, 1.0]),
    ];
    let more = [
        (Binary::Ge, [0.0, 1.0, 1.0]),
        (Binary::Eq, [0.0, 1.0, 0.0]),
        (Binary::Ne, [1.0, 0.0, 1.0]),
    ];
    for (op, expected) in table.into_iter().chain(more) {
        let found = [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)].map(|(a, b): (f64, f64)| op.value(a, b));
        assert_eq!(found, expected, "{}", op.name());
        assert_eq!(slopes(op, 1.0, 2.0), [0.0, 0.0]);
        let of_nan = op.value(f64::NAN, 1.0);
        assert_eq!(
            of_nan,
            if op == Binary::Ne { 1.0 } else { 0.0 },
            "{} of NaN",
            op.name()
        );
    }
}

#[test]
fn not_a_number_passes_through_minimum_maximum_and_the_hinges() {
    for op in [
        Binary::Min,
        Binary::Max,
        Binary::Add,
        Binary::Hypot,
        Binary::Atan2,
    ] {
        assert!(
            op.value(f64::NAN, 1.0).is_nan() && op.value(1.0, f64::NAN).is_nan(),
            "{}",
            op.name()
        );
    }
    for op in [
        Unary::Relu,
        Unary::Softplus,
        Unary::Elu,
        Unary::Sign,
        Unary::Sigmoid,
        Unary::Abs,
    ] {
        assert!(op.value(f64::NAN).is_nan(), "{}", op.name());
    }
}

#[test]
fn binary_values_follow_the_c_library_at_infinities_and_zeros() {
    assert_eq!(
        Binary::Hypot.value(f64::INFINITY, f64::NEG_INFINITY),
        f64::INFINITY
    );
    assert!((Binary::Hypot.value(3e200, 4e200) / 5e200 - 1.0_f64).abs() < 1e-15);
    assert_eq!(Binary::Atan2.value(0.0, -1.0), std::f64::consts::PI);
    assert_eq!(Binary::Atan2.value(-0.0, -1.0), -std::f64::consts::PI);
    assert_eq!(
        Binary::Atan2.value(f64::INFINITY, f64::INFINITY),
        std::f64::consts::FRAC_PI_4
    );
    assert_eq!(Binary::Pow.value(f64::NAN, 0.0), 1.0);
    assert_eq!(Binary::Pow.value(1.0, f64::NAN), 1.0);
    assert_eq!(Binary::Pow.value(0.0, -1.0), f64::INFINITY);
    assert_eq!(Binary::Pow.value(-0.0, -1.0), f64::NEG_INFINITY);
    assert!(Binary::Pow.value(-2.0_f64, 0.5).is_nan());
    assert_eq!(Binary::Div.value(1.0, -0.0), f64::NEG_INFINITY);
    assert!(Binary::Div.value(0.0_f64, 0.0).is_nan());
}

#[test]
fn the_side_that_select_leaves_out_cannot_poison_the_derivative() {
    // √x below zero is not a number; the other side is taken there.
    let f = Function::<f64>::record(&[("x", &[3])], |v| {
        let x = v[0];
        vec![Var::select(
            x.binary(Binary::Gt, Var::from_f64(0.0)),
            x.sqrt(),
            x * 2.0,
        )]
    })
    .unwrap();
    let x = [-1.0, 4.0, -9.0];
    let out = f.vjp(&[0]).eval(&[&x, &[1.0; 3]]).unwrap();
    assert_eq!(out[0], [-2.0, 2.0, -18.0]);
    let forward = f.jvp(&[0]).eval(&[&x, &[1.0; 3]]).unwrap();
    assert_eq!(forward[1], [2.0, 0.25, 2.0]);
    assert_eq!(out[1], [2.0, 0.25, 2.0]);
}
