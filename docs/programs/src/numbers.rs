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
pub mod ring;

use crate::Output;
use crate::house::{H0, T0, T1, THETA, e2};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed, scientific};
use bounds::{Is, Not, OnTape, Taken, gradient, taken};
use costate_ode::{Ivp, Lanes, Real, tableau};
use costate_problems::DoubleDouble;
use costate_tape::Dual;
use nalgebra::Complex;
use num_rational::Ratio;
use num_traits::{Float, Num};
use ring::{Pair, Ring, Seven, slope};

/// How far samples are from a ring, whether some are zero divisors, and whether all but 0 have an inverse.
struct Structure {
    broken: f64,
    zero_divisors: bool,
    inverses: bool,
}

/// Tries the laws on samples; `size` is 0 for zero alone.
fn structure<R: Ring>(
    samples: &[R],
    size: impl Fn(R) -> f64,
    inverse: impl Fn(R) -> Option<R>,
) -> Structure {
    let mut found = Structure {
        broken: 0.0,
        zero_divisors: false,
        inverses: true,
    };
    for &x in samples {
        for &y in samples {
            for &z in samples {
                let scale = 1.0 + size(x) * (size(y) + size(z)) + size(x) + size(y) + size(z);
                for off in [x + y + z - (x + (y + z)), x * (y + z) - (x * y + x * z)] {
                    found.broken = found.broken.max(size(off) / scale);
                }
            }
            found.zero_divisors |= size(x) > 0.0 && size(y) > 0.0 && size(x * y) == 0.0;
        }
        let has = inverse(x).is_some_and(|y| size(x * y - R::one()) < 1e-6);
        found.inverses &= has || size(x) == 0.0;
    }
    found
}

/// The number types of this chapter, what they are, and what was found by trying.
fn structures() -> Vec<(&'static str, &'static str, Structure)> {
    let whole = [0, 1, 2, -3, 12, 5];
    let ratio = whole.map(|n| Ratio::new(n, 3));
    let double = whole.map(|n| n as f64 / 10.0);
    let single = double.map(|x| x as f32);
    let wide = whole.map(|n| DoubleDouble::new(n as f64) / DoubleDouble::new(10.0));
    let complex = double.map(|x| Complex::new(x, 0.3 - x));
    let dual = [0, 1, 2, 3, 4, 5].map(|i| Dual {
        value: double[i],
        tangent: [double[5 - i]],
    });
    let part = |x: Dual<f64, 1>| x.value.abs() + x.tangent[0].abs();
    vec![
        (
            "`i64`",
            "the ring ℤ",
            structure(&whole, |x: i64| x.abs() as f64, |x| 1_i64.checked_div(x)),
        ),
        (
            "`Ratio<i64>`",
            "the ordered field ℚ",
            structure(
                &ratio,
                |x| (*x.numer() as f64 / *x.denom() as f64).abs(),
                |x| (*x.numer() != 0).then(|| x.recip()),
            ),
        ),
        (
            "`Seven`",
            "the field of seven elements",
            structure(
                &whole.map(|n| Seven(n.rem_euclid(7) as u8)),
                |x| x.0.into(),
                Seven::inverse,
            ),
        ),
        (
            "`f32`",
            "ℝ to 7 digits",
            structure(&single, |x| x.abs().into(), |x| Some(1.0 / x)),
        ),
        (
            "`f64`",
            "ℝ to 16 digits",
            structure(&double, f64::abs, |x| Some(1.0 / x)),
        ),
        (
            "`DoubleDouble`",
            "ℝ to 31 digits",
            structure(&wide, |x| x.abs().as_f64(), |x| Some(x.recip())),
        ),
        (
            "`Complex<f64>`",
            "ℂ to 16 digits",
            structure(&complex, |x| x.norm(), |x| Some(1.0 / x)),
        ),
        (
            "`Pair<i64>`",
            "ℤ[ε], ε² = 0",
            structure(
                &[(0, 0), (1, 0), (0, 1), (2, -3), (0, 5)]
                    .map(|(value, slope)| Pair { value, slope }),
                |x: Pair<i64>| (x.value.abs() + x.slope.abs()) as f64,
                |_| None,
            ),
        ),
        (
            "`Dual<f64, 1>`",
            "ℝ[ε], ε² = 0",
            structure(&dual, part, |x| Some(Dual::constant(1.0) / x)),
        ),
    ]
}

fn structure_table() -> String {
    let mut table = Table::words(&[
        "type",
        "what it is",
        "laws broken by",
        "zero divisors",
        "$1/x$ for all $x \\ne 0$",
    ]);
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    for (name, words, found) in structures() {
        let broken = if found.broken == 0.0 {
            "nothing".to_owned()
        } else {
            scientific(10_f64.powf(found.broken.log10().ceil()), 0)
        };
        table.row(&[
            name.to_owned(),
            words.to_owned(),
            format!("{}{broken}", if found.broken > 0.0 { "< " } else { "" }),
            yes(found.zero_divisors),
            yes(found.inverses),
        ]);
    }
    table.markdown()
}

/// Each type, and what the compiler says it is taken for.
fn all_taken() -> Vec<(&'static str, Taken)> {
    vec![
        ("`i64`", taken!(i64)),
        ("`Ratio<i64>`", taken!(Ratio<i64>)),
        ("`Seven`", taken!(Seven)),
        ("`f32`", taken!(f32)),
        ("`f64`", taken!(f64)),
        ("`DoubleDouble`", taken!(DoubleDouble)),
        ("`Complex<f64>`", taken!(Complex<f64>)),
        ("`Dual<f64, 1>`", taken!(Dual<f64, 1>)),
        ("`Dual<Dual<f64, 1>, 1>`", taken!(Dual<Dual<f64, 1>, 1>)),
        ("`Lanes<8>`", taken!(Lanes<8>)),
        ("`Var`", taken!(OnTape)),
    ]
}

fn library_table() -> String {
    let mut table = Table::words(&[
        "type",
        "`Element`: in states",
        "`Field`: in states of implicit methods",
        "`Real`: time, steps, norms",
        "`Scalar`: recorded, differentiated",
        "tape's `Lane`: compiled programs",
        "solvers' `Lane`: ensembles",
    ]);
    for (name, taken) in all_taken() {
        let mut row = vec![name.to_owned()];
        let columns = [
            taken.element,
            taken.field,
            taken.real,
            taken.scalar,
            taken.lane,
            taken.side,
        ];
        row.extend(columns.map(|yes| if yes { "yes" } else { "–" }.to_owned()));
        table.row(&row);
    }
    table.markdown()
}

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

/// Evaluations, and the error of h(5) of the house example relative to it.
fn work<T: Real>(tolerance: f64, error: impl Fn(T) -> f64) -> (f64, f64) {
    let [h0, t0, t1, theta, rtol] = [H0, T0, T1, THETA, tolerance].map(T::from_f64);
    let field = |t: T, h: &[T; 1], dh: &mut [T; 1]| dh[0] = theta * t * h[0];
    let verner9 = tableau::by_name("verner9").expect("it is registered");
    let ivp = Ivp::new(field, t0, [h0], t1).method(verner9);
    let ivp = ivp.rtol(rtol).atol(rtol).max_steps(100_000).save_end();
    let solution = ivp.solve().expect("it is solvable");
    (
        solution.stats.nfe as f64,
        error(solution.last()[0]).max(1e-32),
    )
}

fn digits_figure() -> String {
    let mut plot = Plot::new("house example, verner9")
        .x("evaluations of f", 30.0, 6_000.0)
        .log_x()
        .y("relative error of h(5)", 1e-32, 1e-2)
        .log_y();
    let exact = DoubleDouble::new(3.0) * DoubleDouble::new(2.0).exp();
    let off = |h: DoubleDouble| ((h - exact) / exact).abs().as_f64();
    let powers = |last: i32| (2..=last).map(|k| 10_f64.powi(-k));
    let single: Vec<_> = powers(6)
        .map(|tol| work(tol, |h: f32| off(f64::from(h).into())))
        .collect();
    let double: Vec<_> = powers(14)
        .map(|tol| work(tol, |h: f64| off(h.into())))
        .collect();
    let wide: Vec<_> = (1..=14).map(|k| work(10_f64.powi(-2 * k), off)).collect();
    for (class, points) in [("pa", &single), ("st", &double), ("co", &wide)] {
        plot.line(class, points);
        plot.dots(class, 3.0, points);
    }
    plot.text("pa", "start", (150.0, 1e-6), "f32");
    plot.text("st", "start", (500.0, 3e-16), "f64");
    plot.text("co", "end", (3_000.0, 1e-29), "double-double");
    figure(
        "digits",
        "One solver, three kinds of number, tolerances from 1e−2 down. Each kind follows the same line, that of the method, to the floor of its own rounding errors.",
        &[plot],
    )
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("numbers/structure.md", structure_table()),
        Output::new("numbers/library.md", library_table()),
        Output::new("numbers/slopes.md", slopes_table()),
        Output::new("numbers/rk4.md", rk4_table()),
        Output::new("numbers/house.md", house_table()),
        Output::local("numbers/digits.svg", digits_figure()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use bounds::{House, compiled, implicit, recorded};
    use costate_neural_ode::VectorField;
    use costate_ode::LaneField;
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
    fn exact_rings_break_no_law_and_rounded_ones_do() {
        for (name, _, found) in structures() {
            let exact = ["`i64`", "`Ratio<i64>`", "`Seven`", "`Pair<i64>`"].contains(&name);
            assert_eq!(found.broken == 0.0, exact, "{name}");
            assert_eq!(
                found.zero_divisors,
                name.contains("Pair") || name.contains("Dual"),
                "{name}"
            );
            let field = !["`i64`", "`Pair<i64>`", "`Dual<f64, 1>`"].contains(&name);
            assert_eq!(found.inverses, field, "{name}");
        }
    }

    #[test]
    fn the_compiler_takes_no_whole_number_for_anything() {
        let none = Taken {
            element: false,
            field: false,
            real: false,
            scalar: false,
            lane: false,
            side: false,
        };
        for (name, taken) in all_taken() {
            match name {
                "`f64`" => assert_eq!(
                    taken,
                    Taken {
                        element: true,
                        field: true,
                        real: true,
                        scalar: true,
                        lane: true,
                        side: true
                    }
                ),
                "`f32`" => assert!(taken.element && taken.real && taken.lane && !taken.side),
                "`i64`" | "`Ratio<i64>`" | "`Seven`" => assert_eq!(taken, none, "{name}"),
                "`Complex<f64>`" => assert!(taken.field && !taken.real && !taken.scalar),
                "`Var`" => assert_eq!(
                    taken,
                    Taken {
                        scalar: true,
                        ..none
                    }
                ),
                _ => {}
            }
        }
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
