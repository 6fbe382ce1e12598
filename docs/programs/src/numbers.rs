//! What must a number be?
//!
//! Whole numbers cannot be time, because half of a step may not be one of them. This does not compile,
//!
//! ```compile_fail,E0277
//! use costate_book::numbers::bounds::explicit;
//!
//! explicit(|_t: i64, y: &[i64; 1], dy: &mut [i64; 1]| dy[0] = y[0], 1, 1);
//! ```
//!
//! and this, which differs in the type, does:
//!
//! ```
//! use costate_book::numbers::bounds::explicit;
//!
//! let e = explicit(|_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = y[0], 1.0, 1.0);
//! assert!((e - std::f64::consts::E).abs() < 1e-10);
//! ```
//!
//! Nor can a complex number be time, for it has no order,
//!
//! ```compile_fail,E0277
//! use costate_book::numbers::bounds::explicit;
//! use nalgebra::Complex;
//!
//! let one = Complex::new(1.0, 0.0);
//! explicit(|_t: Complex<f64>, y: &[Complex<f64>; 1], dy: &mut [Complex<f64>; 1]| dy[0] = y[0], one, one);
//! ```
//!
//! although it can be a component of a state that moves in real time:
//!
//! ```
//! use costate_book::numbers::bounds::explicit;
//! use nalgebra::Complex;
//!
//! let (one, i) = (Complex::new(1.0, 0.0), Complex::new(0.0, 1.0));
//! let end = explicit(|_t: f64, y: &[Complex<f64>; 1], dy: &mut [Complex<f64>; 1]| dy[0] = i * y[0], one, 1.0);
//! assert!((end - Complex::new(1.0_f64.cos(), 1.0_f64.sin())).norm() < 1e-10);
//! ```

pub mod bounds;
mod digits;
mod library;
pub mod ring;
mod structure;

use crate::Output;
use crate::house::{H0, T0, T1, THETA, e2};
use crate::text::{Table, fixed};
use bounds::gradient;
use costate_tape::Dual;
use nalgebra::Complex;
use num_rational::Ratio;
use num_traits::Num;
use ring::{Pair, Seven, slope};

fn slopes_table() -> String {
    let mut table = Table::new(&["in", "$x$", "$x^3 - 2x$", "its derivative"]);
    let mut row = |ring: &str, x: String, y: String, d: String| {
        table.row(&[ring.to_owned(), x, y, d].map(|cell| cell.replace('-', "−")));
    };
    let (whole, third, seven) = (5_i64, Ratio::new(1_i64, 3), Seven(5));
    let i = Complex::new(0.0, 1.0);
    let y = ring::cubic(whole);
    row(
        "ℤ",
        whole.to_string(),
        y.to_string(),
        slope(whole).to_string(),
    );
    let y = ring::cubic(third);
    row(
        "ℚ",
        third.to_string(),
        y.to_string(),
        slope(third).to_string(),
    );
    let y = ring::cubic(seven);
    let d = slope(seven).0;
    row(
        "seven elements",
        seven.0.to_string(),
        y.0.to_string(),
        d.to_string(),
    );
    let y = ring::cubic(i);
    row(
        "ℂ",
        "i".to_owned(),
        format!("{}i", y.im),
        slope(i).re.to_string(),
    );
    let x = Pair {
        value: 5_i64,
        slope: 1,
    };
    let (y, d) = (ring::cubic(x), slope(x));
    let pair = |pair: Pair<i64>| format!("{} + {}ε", pair.value, pair.slope);
    row("ℤ[ε]", "5 + ε".to_owned(), pair(y), pair(d));
    table.markdown()
}

// ANCHOR: rk4
/// h(1) of h' = h, h(0) = 1 by the classical method, wherever one can divide.
pub fn rk4<F: Num + Copy>(steps: u32) -> F {
    let number = |n: u32| (0..n).fold(F::zero(), |sum, _| sum + F::one());
    let (two, six) = (number(2), number(6));
    let (mut h, dt) = (F::one(), F::one() / number(steps));
    for _ in 0..steps {
        let k1 = h;
        let k2 = h + dt * k1 / two;
        let k3 = h + dt * k2 / two;
        let k4 = h + dt * k3;
        h = h + dt * (k1 + two * k2 + two * k3 + k4) / six;
    }
    h
}
// ANCHOR_END: rk4

fn rk4_table() -> String {
    let mut table = Table::new(&["steps", "`i64`", "`Ratio<i128>`", "`f32`", "`f64`"]);
    for steps in [1, 2, 4] {
        table.row(&[
            steps.to_string(),
            rk4::<i64>(steps).to_string(),
            rk4::<Ratio<i128>>(steps).to_string(),
            fixed(rk4::<f32>(steps).into(), 7),
            fixed(rk4(steps), 15),
        ]);
    }
    table.markdown()
}

/// The house example with the numbers of T: in units of e², L, ∂L/∂θ, and the slope of both in θ if T has one.
fn house_table() -> String {
    let mut table = Table::new(&[
        "`T`",
        "$L/e^2$",
        "$\\partial L/\\partial\\theta \\,/ e^2$",
        "$\\partial^2 L/\\partial\\theta^2 \\,/ e^2$",
    ]);
    let single = gradient(H0 as f32, THETA as f32, [T0 as f32, T1 as f32]).expect("solvable");
    let [l, theta] = [single.loss, single.theta[0]].map(|x| f64::from(x) / e2());
    table.row(&["`f32`", &fixed(l, 6), &fixed(theta, 5), "–"]);
    let double = gradient(H0, THETA, [T0, T1]).expect("solvable");
    let [l, theta] = [double.loss, double.theta[0]].map(|x| x / e2());
    table.row(&["`f64`", &fixed(l, 9), &fixed(theta, 8), "–"]);
    let [l, theta, second] = dual_house();
    table.row(&[
        "`Dual<f64, 1>`",
        &fixed(l, 9),
        &fixed(theta, 8),
        &fixed(second, 7),
    ]);
    table.markdown()
}

// ANCHOR: second
/// L, ∂L/∂θ and ∂²L/∂θ² in units of e²: the gradient, computed with numbers that know their slope in θ.
#[must_use]
pub fn dual_house() -> [f64; 3] {
    let [h0, t0, t1] = [H0, T0, T1].map(Dual::constant);
    let theta = Dual::<f64, 1>::variable(THETA, 0);
    let found = gradient(h0, theta, [t0, t1]).expect("it is solvable");
    let by_theta = found.theta[0];
    [found.loss.value, by_theta.value, by_theta.tangent[0]].map(|x| x / e2())
}
// ANCHOR_END: second

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("numbers/structure.md", structure::table()),
        Output::new("numbers/library.md", library::table()),
        Output::new("numbers/slopes.md", slopes_table()),
        Output::new("numbers/rk4.md", rk4_table()),
        Output::new("numbers/house.md", house_table()),
        Output::local("numbers/digits.svg", digits::figure_of_work()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use bounds::{House, compiled, implicit, recorded};
    use costate_neural_ode::VectorField;
    use costate_ode::{LaneField, Lanes};
    use costate_tape::Scalar;

    #[test]
    fn one_rule_differentiates_in_every_ring() {
        assert_eq!(slope(5_i64), 73);
        assert_eq!(slope(Seven(5)), Seven(73 % 7));
        assert_eq!(slope(Ratio::new(1_i64, 3)), Ratio::new(-5, 3));
        assert_eq!(slope(Complex::new(0.0, 1.0)), Complex::new(-5.0, 0.0));
        // Twice: 6x.
        assert_eq!(
            slope(Pair {
                value: 5_i64,
                slope: 1
            })
            .slope,
            30
        );
        // The tape agrees, over numbers that it can take.
        assert_eq!(recorded(5.0), 73.0);
        let nested = recorded(Dual::<f64, 1>::variable(5.0, 0));
        assert_eq!((nested.value, nested.tangent), (73.0, [30.0]));
    }

    #[test]
    fn whole_numbers_stay_where_they_are() {
        assert_eq!(rk4::<i64>(1), 1 + 1); // six halves and thirds, rounded to zero, but for the last
        assert_eq!(rk4::<Ratio<i128>>(1), Ratio::new(65, 24)); // 1 + 1 + 1/2 + 1/6 + 1/24
    }

    #[test]
    fn a_gradient_over_duals_has_the_second_derivative() {
        let [l, first, second] = dual_house();
        assert!(
            (l - 3.0).abs() < 1e-8 && (first - 24.0).abs() < 1e-7 && (second - 192.0).abs() < 1e-6
        );
    }

    #[test]
    fn implicit_steps_take_complex_components() {
        let i = Complex::new(0.0, 1.0);
        let f = |_t: f64, y: &[Complex<f64>; 1], dy: &mut [Complex<f64>; 1]| dy[0] = i * y[0];
        let end = implicit(f, Complex::new(1.0, 0.0), 1.0);
        assert!((end - i.exp()).norm() < 1e-5);
    }

    #[test]
    fn one_field_serves_registers_and_programs() {
        let mut field = compiled::<f32>().unwrap();
        field.set_parameters(&[0.25]);
        let mut dh = [0.0];
        field.eval(0, 4.0, &[3.0], &mut dh);
        assert_eq!(dh, [3.0]);
        let side = LaneField::eval(
            &House,
            Lanes([4.0; 8]),
            &[Lanes([3.0; 8])],
            &[Lanes([0.25; 8])],
        );
        assert_eq!(side[0].0, [3.0; 8]);
    }

    #[test]
    fn the_exercise_the_inverse_of_a_dual_is_the_derivative_of_one_over_x() {
        let x = Dual {
            value: 4.0,
            tangent: [3.0],
        };
        let inverse = Dual::constant(1.0) / x;
        assert_eq!((inverse.value, inverse.tangent), (0.25, [-3.0 / 16.0]));
        assert_eq!((x * inverse).tangent, [0.0]);
        // ε is not zero, its square is, and it has no inverse.
        let epsilon = Dual::<f64, 1>::variable(0.0, 0);
        let square = epsilon * epsilon;
        assert_eq!((square.value, square.tangent), (0.0, [0.0]));
        let none = Dual::constant(1.0) / epsilon;
        assert!(!none.tangent[0].is_finite());
    }

    #[test]
    fn equal_duals_need_not_be_the_same() {
        // f(x) = x, written with a branch that looks at the value alone
        fn identity<S: Scalar>(x: S) -> S {
            if x == S::from_f64(0.0) {
                S::from_f64(0.0)
            } else {
                x
            }
        }
        assert_eq!(identity(Dual::<f64, 1>::variable(1.0, 0)).tangent, [1.0]);
        assert_eq!(identity(Dual::<f64, 1>::variable(0.0, 0)).tangent, [0.0]);
    }
}
