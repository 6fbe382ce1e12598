//! Every elementwise operation of one argument: first and second derivatives by every way there is.

use crate::random::Numbers;
use costate_tape::{Dual, Function, Scalar, Unary, check};

/// Points inside the domain and away from kinks: the operation's own test point, and others.
fn points(op: Unary) -> Vec<f64> {
    let smooth = |x: f64| {
        let near = |kink: f64| (x - kink).abs() < 0.1;
        match op {
            Unary::Abs
            | Unary::Sign
            | Unary::Relu
            | Unary::Elu
            | Unary::LeakyRelu
            | Unary::Cbrt => !near(0.0),
            Unary::Floor => !near(x.round()),
            Unary::Tan => x.cos().abs() > 0.1,
            Unary::Lgamma | Unary::Digamma => x > 0.2 || !near(x.round()),
            _ => true,
        }
    };
    let inside = |x: f64| {
        [x - 0.1, x, x + 0.1]
            .iter()
            .all(|&x| op.value(x).is_finite())
    };
    let mut numbers = Numbers(11);
    std::iter::once(op.test_point())
        .chain(numbers.many(40).into_iter().map(|x| 4.0 * x))
        .filter(|&x| inside(x) && smooth(x))
        .collect()
}

/// The named method of each operation.
fn method<S: Scalar>(op: Unary, x: S) -> Option<S> {
    Some(match op {
        Unary::Neg => -x,
        Unary::Exp => x.exp(),
        Unary::Expm1 => x.exp_m1(),
        Unary::Ln => x.ln(),
        Unary::Ln1p => x.ln_1p(),
        Unary::Log2 => x.log2(),
        Unary::Log10 => x.log10(),
        Unary::Sqrt => x.sqrt(),
        Unary::Cbrt => x.cbrt(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        Unary::Asin => x.asin(),
        Unary::Acos => x.acos(),
        Unary::Atan => x.atan(),
        Unary::Sinh => x.sinh(),
        Unary::Cosh => x.cosh(),
        Unary::Tanh => x.tanh(),
        Unary::Abs => x.abs(),
        Unary::Sign => x.sign(),
        Unary::Floor => x.floor(),
        Unary::Sigmoid => x.sigmoid(),
        Unary::Softplus => x.softplus(),
        Unary::Relu => x.relu(),
        Unary::Silu => x.silu(),
        Unary::Erf => x.erf(),
        Unary::Erfc => x.erfc(),
        Unary::Lgamma => x.lgamma(),
        Unary::Digamma => x.digamma(),
        Unary::Gelu => x.gelu(),
        Unary::Elu => x.elu(),
        Unary::LeakyRelu => x.leaky_relu(),
        _ => return None,
    })
}

#[test]
fn every_operation_has_a_method_in_generic_code() {
    for &op in Unary::ALL.iter().filter(|&&op| op != Unary::Identity) {
        let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].unary(op)]).unwrap();
        let same = Function::<f64>::record(&[("x", &[])], |v| {
            vec![method(op, v[0]).unwrap_or_else(|| panic!("{op:?} has none"))]
        });
        assert_eq!(same.unwrap().to_string(), f.to_string());
        for x in points(op) {
            assert_eq!(method(op, x), Some(op.value(x)), "{op:?}");
            let y = method(op, Dual::<f64, 1>::variable(x, 0)).unwrap();
            let slope = check::derivative(|x| op.value(x), x).value;
            assert!(close(y.tangent[0], slope, 1e-8), "{op:?} at {x}");
        }
    }
}

#[test]
fn lgamma_digamma_and_polygamma_are_derivatives_of_each_other() {
    for x in [0.3, 2.7, 11.0] {
        let dual = Dual::<f64, 1>::variable(x, 0);
        assert_eq!(dual.lgamma().tangent[0], x.digamma());
        assert_eq!(dual.digamma().tangent[0], x.polygamma(1));
        assert_eq!(dual.polygamma(1).tangent[0], x.polygamma(2));
        assert!(x.polygamma(1) > 0.0 && x.polygamma(2) < 0.0);
    }
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1.0)
}

#[test]
fn every_operation_has_a_name_a_notation_and_points() {
    for (i, &op) in Unary::ALL.iter().enumerate() {
        assert_eq!(Unary::by_name(op.name()), Some(op));
        assert!(
            Unary::ALL[..i]
                .iter()
                .all(|other| other.name() != op.name())
        );
        assert!(op.latex().contains('#'), "{}", op.name());
        assert!(points(op).len() >= 5, "{}", op.name());
        assert_eq!(
            points(op)[0],
            op.test_point(),
            "{} has its test point inside",
            op.name()
        );
    }
}

#[test]
fn the_derivative_is_the_limit_of_differences() {
    for &op in Unary::ALL {
        for x in points(op) {
            let slope = op.derivative(x, op.value(x));
            let differences = check::derivative(|x| op.value(x), x);
            assert!(
                close(slope, differences.value, 1e-8),
                "{} at {x}: {slope}, {differences:?}",
                op.name()
            );
        }
    }
}

#[test]
fn the_second_derivative_is_the_limit_of_differences_of_the_first() {
    for &op in Unary::ALL {
        for x in points(op) {
            let outer = Dual {
                value: Dual::<f64, 1>::variable(x, 0),
                tangent: [Dual::from_f64(1.0)],
            };
            let second = outer.unary(op).tangent[0].tangent[0];
            let differences = check::derivative(|x| op.derivative(x, op.value(x)), x);
            assert!(
                close(second, differences.value, 1e-8),
                "{} at {x}: {second}, {differences:?}",
                op.name()
            );
        }
    }
}

#[test]
fn duals_carry_the_value_and_the_rule_to_the_bit() {
    for &op in Unary::ALL {
        for x in points(op) {
            let y = Dual::<f64, 2> {
                value: x,
                tangent: [1.0, -2.0],
            }
            .unary(op);
            let slope = op.derivative(x, op.value(x));
            assert_eq!(y.value.to_bits(), op.value(x).to_bits(), "{}", op.name());
            assert_eq!(y.tangent, [slope, slope * -2.0], "{}", op.name());
        }
    }
}

#[test]
fn reverse_and_forward_agree_with_duals_to_second_order_in_every_shape() {
    let shapes: [&[usize]; 3] = [&[], &[5], &[2, 3]];
    for &op in Unary::ALL {
        let all = points(op);
        for shape in shapes {
            let len: usize = shape.iter().product();
            let x: Vec<f64> = all.iter().cycle().take(len).copied().collect();
            let f = Function::<f64>::record(&[("x", shape)], |v| vec![v[0].unary(op)]).unwrap();
            let one = vec![1.0; len];
            let nested: Vec<_> = x
                .iter()
                .map(|&x| {
                    Dual {
                        value: Dual::<f64, 1>::variable(x, 0),
                        tangent: [Dual::from_f64(1.0)],
                    }
                    .unary(op)
                })
                .collect();
            let same = |found: &[f64], order: usize, way: &str| {
                for (i, y) in nested.iter().enumerate() {
                    let expected = if order == 1 {
                        y.tangent[0].value
                    } else {
                        y.tangent[0].tangent[0]
                    };
                    assert!(
                        close(found[i], expected, 1e-13),
                        "{} {way} at {}: {}, not {expected}",
                        op.name(),
                        x[i],
                        found[i]
                    );
                }
            };
            let (reverse, forward) = (f.vjp(&[0]), f.jvp(&[0]));
            same(&reverse.eval(&[&x, &one]).unwrap()[1], 1, "vjp");
            same(&forward.eval(&[&x, &one]).unwrap()[1], 1, "jvp");
            let zero = vec![0.0; len];
            // Inputs x, bar_y, bar_of_y, bar_of_bar_x: the second cotangent of x is bar · φ″.
            let twice = reverse.vjp(&[0]).eval(&[&x, &one, &zero, &one]).unwrap();
            same(&twice[2], 2, "vjp of vjp");
            let over = reverse.jvp(&[0]).eval(&[&x, &one, &one]).unwrap();
            same(&over[3], 2, "jvp of vjp");
            let under = forward.vjp(&[0]).eval(&[&x, &one, &zero, &one]).unwrap();
            same(&under[2], 2, "vjp of jvp");
            let straight = forward.jvp(&[0]).eval(&[&x, &one, &one]).unwrap();
            same(&straight[3], 2, "jvp of jvp");
        }
    }
}

#[test]
fn single_precision_follows_double_precision() {
    for &op in Unary::ALL {
        for x in points(op) {
            let (single, double) = (x as f32, f64::from(x as f32));
            let y = op.value(single);
            assert!(
                close(f64::from(y), op.value(double), 1e-6),
                "{} at {x}",
                op.name()
            );
            let slope = op.derivative(double, op.value(double));
            let tolerance = 1e-5 * slope.abs().max(1.0);
            assert!(
                close(f64::from(op.derivative(single, y)), slope, tolerance),
                "{}′ at {x}",
                op.name()
            );
            let f = Function::<f32>::record(&[("x", &[])], |v| vec![v[0].unary(op)]).unwrap();
            let out = f.vjp(&[0]).eval(&[&[single], &[1.0]]).unwrap();
            assert_eq!(out[0][0].to_bits(), y.to_bits());
            assert!(
                close(f64::from(out[1][0]), slope, tolerance),
                "{}: vjp in f32 at {x}",
                op.name()
            );
        }
    }
}

#[test]
fn whole_powers_and_their_derivatives_are_those_of_repeated_products() {
    for n in -5_i32..=7 {
        for x in [1.7, -0.6, 0.3] {
            let exact = (0..n.abs()).fold(1.0, |product, _| product * x);
            let exact: f64 = if n < 0 { 1.0 / exact } else { exact };
            let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].powi(n) + v[0] * 0.0])
                .unwrap();
            assert!(close(f.eval(&[&[x]]).unwrap()[0][0], exact, 1e-13));
            for report in check::function(&f, &[&[x]]).unwrap() {
                report.assert();
            }
            for report in check::function(&f.vjp(&[0]), &[&[x], &[1.0]]).unwrap() {
                report.assert();
            }
        }
    }
}
