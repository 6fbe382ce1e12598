//! The non-stiff test set of Hull, Enright, Fellen and Sedgwick: classes A to E, five problems each, from t = 0 to 20.
//!
//! End values from two integrations in 31 digits, by methods of orders 8 and 9, which agree to twenty; `costate-ode`'s test `detest` makes them again.
//!
//! # References
//! \[Hull1972\], \[Hairer1993\] II.10.

#[rustfmt::skip]
mod ends;

use crate::problem::{Boxed, Problem, number, numbers};
use num_traits::Float;

/// All twenty-five, `detest_a1` to `detest_e5`.
///
/// ```
/// let all = costate_problems::detest::<f64>();
/// assert_eq!(all.len(), 25);
/// assert!(all.iter().all(|problem| problem.y0.len() == problem.y1.len() && problem.t1 == 20.0));
/// ```
#[must_use]
pub fn detest<T: Float + 'static>() -> Vec<Boxed<T>> {
    let mut all = single();
    all.extend(small());
    all.extend(moderate());
    all.extend(orbits());
    all.extend(second_order());
    all
}

fn c<T: Float>(value: f64) -> T {
    number(value)
}

fn problem<T: Float + 'static, const N: usize>(
    name: &'static str,
    field: crate::Field<T, N>,
    y0: [f64; N],
    y1: [f64; N],
    condition: f64,
) -> Boxed<T> {
    Problem {
        name,
        field,
        t0: T::zero(),
        y0: numbers(y0),
        t1: number(20.0),
        y1: numbers(y1),
        digits: 15,
        condition,
    }
    .boxed()
}

/// Class A: single equations.
fn single<T: Float + 'static>() -> Vec<Boxed<T>> {
    vec![
        problem("detest_a1", |_, y, dy| dy[0] = -y[0], [1.0], ends::A1, 1.0),
        problem(
            "detest_a2",
            |_, y, dy| dy[0] = -y[0] * y[0] * y[0] / c(2.0),
            [1.0],
            ends::A2,
            1.0,
        ),
        problem(
            "detest_a3",
            |t, y, dy| dy[0] = y[0] * t.cos(),
            [1.0],
            ends::A3,
            3.0,
        ),
        problem(
            "detest_a4",
            |_, y, dy| dy[0] = y[0] / c(4.0) * (T::one() - y[0] / c(20.0)),
            [1.0],
            ends::A4,
            1.0,
        ),
        problem(
            "detest_a5",
            |t, y, dy| dy[0] = (y[0] - t) / (y[0] + t),
            [4.0],
            ends::A5,
            4.0,
        ),
    ]
}

/// Class B: small systems.
fn small<T: Float + 'static>() -> Vec<Boxed<T>> {
    vec![
        // Two populations in conflict.
        problem(
            "detest_b1",
            |_, y, dy| *dy = [c::<T>(2.0) * (y[0] - y[0] * y[1]), -(y[1] - y[0] * y[1])],
            [1.0, 3.0],
            ends::B1,
            10.0,
        ),
        // A linear reaction.
        problem(
            "detest_b2",
            |_, y, dy| *dy = [-y[0] + y[1], y[0] - c::<T>(2.0) * y[1] + y[2], y[1] - y[2]],
            [2.0, 0.0, 1.0],
            ends::B2,
            1.0,
        ),
        // A reaction that is not.
        problem(
            "detest_b3",
            |_, y, dy| *dy = [-y[0], y[0] - y[1] * y[1], y[1] * y[1]],
            [1.0, 0.0, 0.0],
            ends::B3,
            1.0,
        ),
        // On the surface of a torus.
        problem(
            "detest_b4",
            |_, y, dy| {
                let radius = (y[0] * y[0] + y[1] * y[1]).sqrt();
                *dy = [
                    -y[1] - y[0] * y[2] / radius,
                    y[0] - y[1] * y[2] / radius,
                    y[0] / radius,
                ];
            },
            [3.0, 0.0, 0.0],
            ends::B4,
            10.0,
        ),
        // Euler's rigid body.
        problem(
            "detest_b5",
            |_, y, dy| *dy = [y[1] * y[2], -y[0] * y[2], c::<T>(-0.51) * y[0] * y[1]],
            [0.0, 1.0, 1.0],
            ends::B5,
            4.0,
        ),
    ]
}

/// Class C: systems of moderate size.
fn moderate<T: Float + 'static>() -> Vec<Boxed<T>> {
    vec![
        // Radioactive chains.
        problem(
            "detest_c1",
            |_, y, dy| {
                dy[0] = -y[0];
                (1..9).for_each(|i| dy[i] = y[i - 1] - y[i]);
                dy[9] = y[8];
            },
            first(),
            ends::C1,
            1.0,
        ),
        problem(
            "detest_c2",
            |_, y, dy| {
                let n = |i: usize| c::<T>(i as f64);
                dy[0] = -y[0];
                (1..9).for_each(|i| dy[i] = n(i) * y[i - 1] - n(i + 1) * y[i]);
                dy[9] = n(9) * y[8];
            },
            first(),
            ends::C2,
            1.0,
        ),
        // Diffusion along rods.
        problem(
            "detest_c3",
            |_, y, dy| diffuse(y, dy),
            first::<10>(),
            ends::C3,
            10.0,
        ),
        problem(
            "detest_c4",
            |_, y, dy| diffuse(y, dy),
            first::<51>(),
            ends::C4,
            10.0,
        ),
        // The five outer planets.
        problem(
            "detest_c5",
            |_, y, dy| planets(y, dy),
            ends::C5_START,
            ends::C5,
            1.0,
        ),
    ]
}

/// Everything in the first component.
fn first<const N: usize>() -> [f64; N] {
    std::array::from_fn(|i| if i == 0 { 1.0 } else { 0.0 })
}

fn diffuse<T: Float, const N: usize>(y: &[T; N], dy: &mut [T; N]) {
    for i in 0..N {
        let left = if i > 0 { y[i - 1] } else { T::zero() };
        let right = if i + 1 < N { y[i + 1] } else { T::zero() };
        dy[i] = left - c::<T>(2.0) * y[i] + right;
    }
}

/// Sun and inner planets, Jupiter, Saturn, Uranus, Neptune, Pluto; in years of 100 days and astronomical units.
fn planets<T: Float>(y: &[T; 30], dy: &mut [T; 30]) {
    const MASSES: [f64; 5] = [
        0.954786104043e-3,
        0.285583733151e-3,
        0.437273164546e-4,
        0.517759138449e-4,
        0.277777777778e-5,
    ];
    let cube = |x: [T; 3]| {
        let square = x.iter().fold(T::zero(), |sum, x| sum + *x * *x);
        square * square.sqrt()
    };
    let at = |j: usize| [y[3 * j], y[3 * j + 1], y[3 * j + 2]];
    let r: [T; 5] = std::array::from_fn(|j| cube(at(j)));
    for j in 0..5 {
        let mut pull = at(j).map(|x| -(c::<T>(1.00000597682) + c(MASSES[j])) * x / r[j]);
        for k in (0..5).filter(|k| *k != j) {
            let (here, there) = (at(j), at(k));
            let way: [T; 3] = std::array::from_fn(|i| there[i] - here[i]);
            let distance = cube(way);
            for i in 0..3 {
                pull[i] = pull[i] + c::<T>(MASSES[k]) * (way[i] / distance - there[i] / r[k]);
            }
        }
        for i in 0..3 {
            dy[3 * j + i] = y[15 + 3 * j + i];
            dy[15 + 3 * j + i] = c::<T>(2.95912208286) * pull[i];
        }
    }
}

/// Class D: orbits of eccentricity 0.1, 0.3, 0.5, 0.7 and 0.9.
fn orbits<T: Float + 'static>() -> Vec<Boxed<T>> {
    let orbit = |name: &'static str, e: f64, y1: [f64; 4], condition: f64| {
        let field: crate::Field<T, 4> = |_, y, dy| {
            let square = y[0] * y[0] + y[1] * y[1];
            let cube = square * square.sqrt();
            *dy = [y[2], y[3], -y[0] / cube, -y[1] / cube];
        };
        let e: T = c(e);
        let one = T::one();
        Problem {
            name,
            field,
            t0: T::zero(),
            y0: [
                one - e,
                T::zero(),
                T::zero(),
                ((one + e) / (one - e)).sqrt(),
            ],
            t1: number(20.0),
            y1: numbers(y1),
            digits: 15,
            condition,
        }
        .boxed()
    };
    vec![
        orbit("detest_d1", 0.1, ends::D1, 50.0),
        orbit("detest_d2", 0.3, ends::D2, 50.0),
        orbit("detest_d3", 0.5, ends::D3, 50.0),
        orbit("detest_d4", 0.7, ends::D4, 100.0),
        orbit("detest_d5", 0.9, ends::D5, 100.0),
    ]
}

/// Class E: equations of second order.
fn second_order<T: Float + 'static>() -> Vec<Boxed<T>> {
    vec![
        // Bessel's equation of order ½, from x = 1.
        problem(
            "detest_e1",
            |t, y, dy| {
                let x = t + T::one();
                *dy = [
                    y[1],
                    -(y[1] / x + (T::one() - c::<T>(0.25) / (x * x)) * y[0]),
                ];
            },
            [0.671_396_707_141_803, 0.095_400_514_447_474_46],
            ends::E1,
            1.0,
        ),
        // Van der Pol's.
        problem(
            "detest_e2",
            |_, y, dy| *dy = [y[1], (T::one() - y[0] * y[0]) * y[1] - y[0]],
            [2.0, 0.0],
            ends::E2,
            10.0,
        ),
        // Duffing's.
        problem(
            "detest_e3",
            |t, y, dy| {
                let force = c::<T>(2.0) * (c::<T>(2.78535) * t).sin();
                *dy = [y[1], y[0] * y[0] * y[0] / c(6.0) - y[0] + force];
            },
            [0.0, 0.0],
            ends::E3,
            10.0,
        ),
        // A fall in air.
        problem(
            "detest_e4",
            |_, y, dy| *dy = [y[1], c::<T>(0.032) - c::<T>(0.4) * y[1] * y[1]],
            [30.0, 0.0],
            ends::E4,
            1.0,
        ),
        // A pursuit along a straight line.
        problem(
            "detest_e5",
            |t, y, dy| *dy = [y[1], (T::one() + y[1] * y[1]).sqrt() / (c::<T>(25.0) - t)],
            [0.0, 0.0],
            ends::E5,
            10.0,
        ),
    ]
}
