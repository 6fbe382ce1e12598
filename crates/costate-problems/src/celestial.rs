//! Orbits.

use crate::problem::{Problem, number, numbers};
use num_traits::Float;

/// The period of [`arenstorf`]'s orbit.
pub const ARENSTORF_PERIOD: f64 = 17.065_216_560_157_964;

/// Arenstorf's orbit: the restricted problem of three bodies, μ = 0.012277471, once around.
///
/// # References
/// \[Hairer1993\] (0.1).
#[must_use]
pub fn arenstorf<T: Float>() -> Problem<T, 4> {
    Problem {
        name: "arenstorf",
        field: |_, state, slope| {
            let two: T = number(2.0);
            let mu: T = number(0.012277471);
            let nu = T::one() - mu;
            let [x, y, vx, vy] = *state;
            let cube = |x: T| {
                let square = x * x + y * y;
                square * square.sqrt()
            };
            let (d1, d2) = (cube(x + mu), cube(x - nu));
            *slope = [
                vx,
                vy,
                x + two * vy - nu * (x + mu) / d1 - mu * (x - nu) / d2,
                y - two * vx - nu * y / d1 - mu * y / d2,
            ];
        },
        t0: T::zero(),
        y0: numbers([0.994, 0.0, 0.0, -2.0015851063790824]),
        t1: number(ARENSTORF_PERIOD),
        y1: numbers([
            0.9939999999983363,
            -2.6763137062416065e-12,
            -4.4975101420874353e-10,
            -2.00158510663795,
        ]),
        digits: 8,
        condition: 500.0,
    }
}

/// Seven bodies in the plane with masses 1 … 7; order x₁ … x₇, y₁ … y₇, ẋ₁ …, ẏ₁ ….
///
/// # References
/// \[Hairer1993\] II.10.
#[must_use]
pub fn pleiades<T: Float>() -> Problem<T, 28> {
    Problem {
        name: "pleiades",
        field: |_, y, dy| {
            for i in 0..7 {
                let (mut ax, mut ay) = (T::zero(), T::zero());
                for j in (0..7).filter(|j| *j != i) {
                    let (dx, d_y) = (y[j] - y[i], y[7 + j] - y[7 + i]);
                    let square = dx * dx + d_y * d_y;
                    let pull = number::<T>((j + 1) as f64) / (square * square.sqrt());
                    ax = ax + pull * dx;
                    ay = ay + pull * d_y;
                }
                (dy[i], dy[7 + i], dy[14 + i], dy[21 + i]) = (y[14 + i], y[21 + i], ax, ay);
            }
        },
        t0: T::zero(),
        y0: numbers([
            3.0, 3.0, -1.0, -3.0, 2.0, -2.0, 2.0, 3.0, -3.0, 2.0, 0.0, 0.0, -4.0, 4.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 1.75, -1.5, 0.0, 0.0, 0.0, -1.25, 1.0, 0.0, 0.0,
        ]),
        t1: number(3.0),
        y1: numbers([
            0.3706139143739319,
            3.2372840920578434,
            -3.222559032425657,
            0.6597091455802541,
            0.34255817072064915,
            1.5621721014011771,
            -0.7003092922205695,
            -3.943437585518815,
            -3.271380973972095,
            5.225081843437858,
            -2.5906124349782735,
            1.198213693397144,
            -0.2429682344938672,
            1.0914492404342873,
            3.4170038062695367,
            1.3545845016263092,
            -2.5900655978096347,
            2.0250537347235706,
            -1.1558151001466987,
            -0.8072988170200917,
            0.5952396354095009,
            -3.741244961256504,
            0.3773459685755384,
            0.9386858869394107,
            0.3667922227228129,
            -0.3474046353728127,
            2.344915448180876,
            -1.9470204342607498,
        ]),
        digits: 8,
        condition: 10.0,
    }
}

/// Kepler's problem from the perihelion of an ellipse with eccentricity e, half the great axis 1, half a period (π): at its end the body stands at the aphelion.
///
/// State x, y, ẋ, ẏ.
///
/// # Panics
/// If e is not in [0, 1).
#[must_use]
pub fn kepler<T: Float>(e: T) -> Problem<T, 4> {
    assert!(
        T::zero() <= e && e < T::one(),
        "the eccentricity of an ellipse lies in [0, 1)"
    );
    let (zero, one) = (T::zero(), T::one());
    let speed = ((one + e) / (one - e)).sqrt();
    Problem {
        name: "kepler",
        field: |_, state, slope| {
            let [x, y, vx, vy] = *state;
            let square = x * x + y * y;
            let cube = square * square.sqrt();
            *slope = [vx, vy, -x / cube, -y / cube];
        },
        t0: zero,
        y0: [one - e, zero, zero, speed],
        // π as this type's own arithmetic has it, also where that is more than f64 can hold.
        t1: (-one).acos(),
        y1: [-one - e, zero, zero, -one / speed],
        digits: 15,
        condition: 1.0,
    }
}
