//! Problems with solutions in closed form, in the arithmetic of `T` to its last digits.

use crate::problem::{Problem, number, numbers};
use num_traits::Float;

/// y′ = −y: y = e^{−t}. DETEST A1.
#[must_use]
pub fn decay<T: Float>() -> Problem<T, 1> {
    let one = T::one();
    Problem {
        name: "decay",
        field: |_, y, dy| dy[0] = -y[0],
        t0: T::zero(),
        y0: [one],
        t1: one,
        y1: [(-one).exp()],
        digits: 15,
        condition: 1.0,
    }
}

/// y′ = −y³/2: y = 1/√(1 + t). DETEST A2.
#[must_use]
pub fn reciprocal_root<T: Float>() -> Problem<T, 1> {
    let end: T = number(20.0);
    Problem {
        name: "reciprocal_root",
        field: |_, y, dy| dy[0] = -y[0] * y[0] * y[0] / number(2.0),
        t0: T::zero(),
        y0: [T::one()],
        t1: end,
        y1: [T::one() / (T::one() + end).sqrt()],
        digits: 15,
        condition: 1.0,
    }
}

/// y′ = y cos t: y = e^{sin t}. DETEST A3.
#[must_use]
pub fn cosine<T: Float>() -> Problem<T, 1> {
    let end: T = number(20.0);
    Problem {
        name: "cosine",
        field: |t, y, dy| dy[0] = y[0] * t.cos(),
        t0: T::zero(),
        y0: [T::one()],
        t1: end,
        y1: [end.sin().exp()],
        digits: 15,
        condition: 1.0,
    }
}

/// y′ = y/4 (1 − y/20): y = 20/(1 + 19 e^{−t/4}). DETEST A4.
#[must_use]
pub fn logistic<T: Float>() -> Problem<T, 1> {
    let end: T = number(20.0);
    let growth = (-end / number(4.0)).exp();
    Problem {
        name: "logistic",
        field: |_, y, dy| dy[0] = y[0] / number(4.0) * (T::one() - y[0] / number(20.0)),
        t0: T::zero(),
        y0: [T::one()],
        t1: end,
        y1: [number::<T>(20.0) / (T::one() + number::<T>(19.0) * growth)],
        digits: 15,
        condition: 1.0,
    }
}

/// y′ = (y − t)/(y + t): r = 4 e^{π/2 − φ} in polar coordinates about the origin of (t, y). DETEST A5.
#[must_use]
pub fn spiral<T: Float>() -> Problem<T, 1> {
    Problem {
        name: "spiral",
        field: |t, y, dy| dy[0] = (y[0] - t) / (y[0] + t),
        t0: T::zero(),
        y0: [number(4.0)],
        t1: number(20.0),
        y1: [number(A5_END)],
        digits: 14,
        condition: 4.0,
    }
}

/// The root y of √(400 + y²) = 4 e^{π/2 − φ} with φ = atan2(y, 20).
const A5_END: f64 = -0.788_782_668_896_401_4;

/// y₁′ = y₂, y₂′ = −y₁ once around.
#[must_use]
pub fn rotation<T: Float>() -> Problem<T, 2> {
    let end: T = number(6.5);
    Problem {
        name: "rotation",
        field: |_, y, dy| *dy = [y[1], -y[0]],
        t0: T::zero(),
        y0: [T::one(), T::zero()],
        t1: end,
        y1: [end.cos(), -end.sin()],
        digits: 15,
        condition: 1.0,
    }
}

/// The house example y′ = t y / 4 from y(3) = 3: y(5) = 3 e².
#[must_use]
pub fn house<T: Float>() -> Problem<T, 1> {
    Problem {
        name: "house",
        field: |t, y, dy| dy[0] = t * y[0] / number(4.0),
        t0: number(3.0),
        y0: [number(3.0)],
        t1: number(5.0),
        y1: [number::<T>(3.0) * number::<T>(2.0).exp()],
        digits: 15,
        condition: 1.0,
    }
}

/// y′ = a + (y − (a t + b))⁵ with a = 0.2, b = 3, on its straight solution y = a t + b. From torchdiffeq's tests.
#[must_use]
pub fn constant_power<T: Float>() -> Problem<T, 1> {
    let line = |t: T| number::<T>(0.2) * t + number(3.0);
    Problem {
        name: "constant_power",
        field: |t, y, dy| {
            dy[0] = number::<T>(0.2) + (y[0] - (number::<T>(0.2) * t + number(3.0))).powi(5)
        },
        t0: T::one(),
        y0: [line(T::one())],
        t1: number(8.0),
        y1: [line(number(8.0))],
        digits: 15,
        condition: 1.0,
    }
}

/// y′ = 2y/t + t⁴ sin 2t − t² + 4t³, from t = 1 to 8. From torchdiffeq's tests.
#[must_use]
pub fn growing_sine<T: Float>() -> Problem<T, 1> {
    let c = number::<T>;
    // y = t² (−t²/2 cos 2t + t/2 sin 2t + 1/4 cos 2t − t + 2t² + (π − 1/4)).
    let solution = |t: T| {
        let (sin, cos) = (c(2.0) * t).sin_cos();
        let square = t * t;
        square
            * (-square / c(2.0) * cos + t / c(2.0) * sin + cos / c(4.0) - t
                + c(2.0) * square
                + c(std::f64::consts::PI)
                - c(0.25))
    };
    Problem {
        name: "growing_sine",
        field: |t, y, dy| {
            let c = number::<T>;
            let square = t * t;
            dy[0] = c(2.0) * y[0] / t + square * square * (c(2.0) * t).sin() - square
                + c(4.0) * square * t;
        },
        t0: T::one(),
        y0: [solution(T::one())],
        t1: c(8.0),
        y1: [solution(c(8.0))],
        digits: 14,
        condition: 1.0,
    }
}

/// y′ = −2 t y: y = e^{−t²}.
#[must_use]
pub fn scaled_exponential<T: Float>() -> Problem<T, 1> {
    let end: T = number(1.5);
    Problem {
        name: "scaled_exponential",
        field: |t, y, dy| dy[0] = -number::<T>(2.0) * t * y[0],
        t0: T::zero(),
        y0: [T::one()],
        t1: end,
        y1: [(-end * end).exp()],
        digits: 15,
        condition: 2.0,
    }
}

/// y′ = sin y: tan(y/2) grows like e^t.
#[must_use]
pub fn sine<T: Float>() -> Problem<T, 1> {
    let (end, half): (T, T) = (number(2.0), number(0.5));
    Problem {
        name: "sine",
        field: |_, y, dy| dy[0] = y[0].sin(),
        t0: T::zero(),
        y0: [T::one()],
        t1: end,
        y1: [number::<T>(2.0) * (end.exp() * half.tan()).atan()],
        digits: 15,
        condition: 1.0,
    }
}

/// Five rotations at angular speeds 0.1 to 0.5, coupled by a shift of names: a skew-symmetric linear system of ten equations, as in torchdiffeq's tests.
#[must_use]
pub fn skew_linear<T: Float>() -> Problem<T, 10> {
    let end: T = number(7.0);
    let mut y1 = [T::zero(); 10];
    for pair in 0..5 {
        let (sin, cos) = (speed::<T>(pair) * end).sin_cos();
        (y1[pair], y1[pair + 5]) = (cos - sin, sin + cos);
    }
    Problem {
        name: "skew_linear",
        field: |_, y, dy| {
            for pair in 0..5 {
                (dy[pair], dy[pair + 5]) =
                    (-speed::<T>(pair) * y[pair + 5], speed::<T>(pair) * y[pair]);
            }
        },
        t0: T::zero(),
        y0: numbers([1.0; 10]),
        t1: end,
        y1,
        digits: 15,
        condition: 1.0,
    }
}

/// Two oscillators q″ = −κ q with κ = 0.05 and 0.16, from q = q′ = 1 at t = 0, between t = 1 and 8. State q₁, q₂, q₁′, q₂′. As in torchdiffeq's tests.
#[must_use]
pub fn harmonic<T: Float>() -> Problem<T, 4> {
    let solution = |t: T| {
        let at = [0.05, 0.16].map(|kappa| {
            let w = number::<T>(kappa).sqrt();
            let (sin, cos) = (w * t).sin_cos();
            (cos + sin / w, cos - w * sin)
        });
        [at[0].0, at[1].0, at[0].1, at[1].1]
    };
    let end = number(8.0);
    Problem {
        name: "harmonic",
        field: |_, y, dy| {
            *dy = [
                y[2],
                y[3],
                -number::<T>(0.05) * y[0],
                -number::<T>(0.16) * y[1],
            ]
        },
        t0: T::one(),
        y0: solution(T::one()),
        t1: end,
        y1: solution(end),
        digits: 15,
        condition: 1.0,
    }
}

fn speed<T: Float>(pair: usize) -> T {
    number::<T>(0.1) * number((pair + 1) as f64)
}

/// y′ = y² from y(0) = 1: y = 1/(1 − t) ends at t = 1. Its end here is t = 0.5.
#[must_use]
pub fn blow_up<T: Float>() -> Problem<T, 1> {
    Problem {
        name: "blow_up",
        field: |_, y, dy| dy[0] = y[0] * y[0],
        t0: T::zero(),
        y0: [T::one()],
        t1: number(0.5),
        y1: [number(2.0)],
        digits: 15,
        condition: 1.0,
    }
}
