//! The tape over other scalars: nested dual numbers, and numbers of 31 digits, by the plain interpreter.

use crate::random::{self, Numbers, for_all, instructions};
use costate_problems::DoubleDouble;
use costate_tape::{Binary, Dual, Function, Scalar, Unary, Var, value_and_gradient};
use num_traits::{Float, ToPrimitive};
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Second derivatives by nesting: a value, two directions, and their mixed second derivative.
type Second = Dual<Dual<f64, 1>, 1>;

#[test]
fn nested_duals_through_any_graph_are_forward_mode_applied_twice() {
    for_all(100, &instructions(), |code| {
        let f = random::function(&code);
        let (point, mut numbers) = (random::point(31), Numbers(32));
        let u: Vec<Vec<f64>> = point.iter().map(|x| numbers.many(x.len())).collect();
        let lifted: Vec<Vec<Second>> = point
            .iter()
            .zip(&u)
            .map(|(x, u)| {
                let number = |(&x, &u): (&f64, &f64)| Dual {
                    value: Dual {
                        value: x,
                        tangent: [u],
                    },
                    tangent: [Dual {
                        value: u,
                        tangent: [0.0],
                    }],
                };
                x.iter().zip(u).map(number).collect()
            })
            .collect();
        let slices: Vec<&[Second]> = lifted.iter().map(Vec::as_slice).collect();
        let found = f.over(<Second as Scalar>::from_f64).eval(&slices).unwrap();
        // d²/dε² f(x + εu): the tangent of the tangent, whose own inputs are x, u and the direction u of x.
        let all = [0, 1, 2, 3];
        let mut inputs: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
        inputs.extend(u.iter().chain(&u).map(Vec::as_slice));
        let twice = f.jvp(&all).jvp(&all).eval(&inputs).unwrap();
        for (i, y) in found[0].iter().enumerate() {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
            assert!(
                close(y.value.value, twice[0][i])
                    && close(y.value.tangent[0], twice[1][i])
                    && close(y.tangent[0].tangent[0], twice[3][i]),
                "{y:?}, {twice:?}\n{code:?}"
            );
        }
    });
}

/// A number of 31 digits as a scalar of the tape.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Wide(DoubleDouble);

macro_rules! by_the_number {
    ($($trait:ident $method:ident $assign:ident $assigned:ident $sign:tt)*) => {$(
        impl $trait for Wide {
            type Output = Wide;
            fn $method(self, other: Wide) -> Wide {
                Wide(self.0 $sign other.0)
            }
        }

        impl $assign for Wide {
            fn $assigned(&mut self, other: Wide) {
                *self = *self $sign other;
            }
        }
    )*};
}
by_the_number! {
    Add add AddAssign add_assign +
    Sub sub SubAssign sub_assign -
    Mul mul MulAssign mul_assign *
    Div div DivAssign div_assign /
}

impl Neg for Wide {
    type Output = Wide;
    fn neg(self) -> Wide {
        Wide(-self.0)
    }
}

impl Scalar for Wide {
    fn from_f64(value: f64) -> Wide {
        Wide(DoubleDouble::new(value))
    }

    fn unary(self, op: Unary) -> Wide {
        Wide(op.value(self.0))
    }

    fn binary(self, op: Binary, other: Wide) -> Wide {
        Wide(op.value(self.0, other.0))
    }

    fn select(condition: Wide, a: Wide, b: Wide) -> Wide {
        if condition.0 == DoubleDouble::new(0.0) {
            b
        } else {
            a
        }
    }
}

fn narrow(x: Wide) -> f64 {
    x.0.to_f64().unwrap()
}

#[test]
fn graphs_over_thirty_one_digits_agree_with_double_precision() {
    for_all(100, &instructions(), |code| {
        let f = random::function(&code).vjp(&[0, 1, 2, 3]);
        let mut point = random::point(33);
        point.push(Numbers(34).many(f.output_shape(0).len()));
        let slices: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
        let expected = f.eval(&slices).unwrap().concat();
        let wide: Vec<Vec<Wide>> = point
            .iter()
            .map(|x| x.iter().map(|&x| Wide::from_f64(x)).collect())
            .collect();
        let slices: Vec<&[Wide]> = wide.iter().map(Vec::as_slice).collect();
        let found = f.over(Wide::from_f64).eval(&slices).unwrap().concat();
        let largest = expected.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        for (&found, &expected) in found.iter().zip(&expected) {
            assert!(
                (narrow(found) - expected).abs() <= 1e-11 * largest,
                "{found:?}, {expected}\n{code:?}"
            );
        }
    });
}

#[test]
fn gradients_of_thirty_one_digits_keep_them() {
    // ln(1 + eˣ sin²y)/√(1 + x²) with a linear system behind it: reverse mode beside duals, both in 31 digits.
    let f = Function::<f64>::record(&[("x", &[2])], |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        let inner = (x.exp() * y.sin() * y.sin() + 1.0).ln() / (x * x + 1.0).sqrt();
        let matrix = v[0].outer(v[0]) + v[0] + 0.5;
        vec![inner * matrix.solve(v[0]).sum() + matrix.log_abs_det() * x.cos()]
    })
    .unwrap();
    let at = [
        Wide::from_f64(0.3) / Wide::from_f64(0.7),
        Wide::from_f64(1.1),
    ];
    let one = [Wide::from_f64(1.0)];
    let gradient = f.over(Wide::from_f64).vjp(&[0]).eval(&[&at, &one]).unwrap()[1].clone();
    let dual = [0, 1].map(|i| Dual::<Wide, 2>::variable(at[i], i));
    let by_duals = f
        .over(<Dual<Wide, 2> as Scalar>::from_f64)
        .eval(&[&dual])
        .unwrap()[0][0];
    let double = f.vjp(&[0]).eval(&[&at.map(narrow), &[1.0]]).unwrap()[1].clone();
    let mut differs = false;
    for i in 0..2 {
        let (a, b) = (gradient[i].0, by_duals.tangent[i].0);
        let distance = (a - b).abs() / a.abs();
        assert!(distance < DoubleDouble::new(1e-27), "{a:?}, {b:?}");
        let rest = (a - DoubleDouble::new(double[i])).abs() / a.abs();
        assert!(rest < DoubleDouble::new(1e-13));
        differs |= rest > DoubleDouble::new(1e-20);
    }
    // Double precision knows 16 of the digits.
    assert!(differs);
}

/// What a number of 31 digits computes by itself; the others pass through `f64` or are not implemented for it.
const OWN: [Unary; 16] = [
    Unary::Neg,
    Unary::Exp,
    Unary::Ln,
    Unary::Sqrt,
    Unary::Cbrt,
    Unary::Sin,
    Unary::Cos,
    Unary::Tan,
    Unary::Atan,
    Unary::Abs,
    Unary::Sign,
    Unary::Floor,
    Unary::Sigmoid,
    Unary::Relu,
    Unary::Silu,
    Unary::LeakyRelu,
];

#[test]
fn every_operation_is_defined_over_thirty_one_digits_and_most_have_them_all() {
    for &op in Unary::ALL {
        let x = op.test_point();
        let y = narrow(Wide::from_f64(x).unary(op));
        let exact = op.value(x);
        assert!(
            (y - exact).abs() <= 1e-14 * exact.abs(),
            "{}: {y} {exact}",
            op.name()
        );
    }
    for &op in Binary::ALL {
        let (a, b) = op.test_point();
        let y = narrow(Wide::from_f64(a).binary(op, Wide::from_f64(b)));
        let exact = op.value(a, b);
        assert!(
            (y - exact).abs() <= 1e-14 * exact.abs(),
            "{}: {y} {exact}",
            op.name()
        );
    }
    for op in OWN {
        // The slope of the operation by a central difference of step 10⁻¹⁰, good to 19 digits if the value has 30.
        let (x, h) = (op.test_point(), 1e-10);
        let [x, h] = [x, h].map(Wide::from_f64);
        let slope = ((x + h).unary(op) - (x - h).unary(op)) / (h + h);
        let exact = op.derivative(x, x.unary(op));
        let distance = (slope - exact).0.abs();
        assert!(
            distance < DoubleDouble::new(3e-18),
            "{}: {distance:?}",
            op.name()
        );
    }
}

/// Every operator that assigns, and sums and products, over any scalar.
fn assigned<S: Scalar + Sum + Product>(x: [S; 3]) -> S {
    let mut y = x[0];
    y *= x[1]; // x₀x₁
    y += x[2]; // x₀x₁ + x₂
    y /= x[1]; // x₀ + x₂/x₁
    y -= x[0] * x[0]; // x₀ + x₂/x₁ − x₀²
    y += x.into_iter().sum::<S>() * x.into_iter().product::<S>();
    y
}

#[test]
fn what_operators_assign_has_the_derivatives_of_what_is_written_out() {
    let x = [0.7, 1.3, -2.1];
    let (sum, product) = (x[0] + x[1] + x[2], x[0] * x[1] * x[2]);
    let expected = [
        1.0 - 2.0 * x[0] + product + sum * x[1] * x[2],
        -x[2] / (x[1] * x[1]) + product + sum * x[0] * x[2],
        1.0 / x[1] + product + sum * x[0] * x[1],
    ];
    let value = x[0] + x[2] / x[1] - x[0] * x[0] + sum * product;
    let (y, gradient) = value_and_gradient(|v| assigned([v.index(0), v.index(1), v.index(2)]), &x);
    let dual = assigned([0, 1, 2].map(|i| Dual::<f64, 3>::variable(x[i], i)));
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs().max(1.0);
    assert!(close(assigned(x), value) && close(y, value) && close(dual.value, value));
    for i in 0..3 {
        assert!(
            close(gradient[i], expected[i]),
            "{gradient:?}, {expected:?}"
        );
        assert!(
            close(dual.tangent[i], expected[i]),
            "{dual:?}, {expected:?}"
        );
    }
}

#[test]
fn plain_numbers_may_stand_to_the_right_of_operators_that_assign() {
    let (y, slope) = value_and_gradient(
        |x| {
            let mut y = x;
            y += 1.0;
            y *= 3.0;
            y -= 0.5;
            y /= 4.0;
            y.sum() // (3(x + 1) − 1/2)/4
        },
        &[2.0],
    );
    assert_eq!((y, slope), (8.5 / 4.0, vec![0.75]));
}

#[test]
fn sums_and_products_of_none_are_plain_numbers() {
    let none: [Var<f64>; 0] = [];
    assert_eq!(none.iter().sum::<Var<f64>>().value(), Some(vec![0.0]));
    assert_eq!(none.iter().product::<Var<f64>>().value(), Some(vec![1.0]));
    let none: [Dual<f64, 1>; 0] = [];
    assert_eq!(none.into_iter().sum::<Dual<f64, 1>>().value, 0.0);
    assert_eq!(none.into_iter().product::<Dual<f64, 1>>().value, 1.0);
    // What they meet brings the tape, and no node is recorded for the 0 that a sum begins with.
    let f = Function::<f64>::record(&[("x", &[2])], |v| {
        let none: [Var<f64>; 0] = [];
        vec![
            none.iter().sum::<Var<f64>>() + v[0].index(0),
            [v[0].index(1)].iter().sum(),
        ]
    })
    .unwrap();
    assert_eq!(f.eval(&[&[2.0, 3.0]]).unwrap(), [[2.0], [3.0]]);
}
