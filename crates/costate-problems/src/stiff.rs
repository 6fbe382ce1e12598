//! Stiff systems.
//!
//! End values from two independent integrations (SciPy's DOP853 or Radau at tolerances of 1e-13), which agree to the digits stated.

use crate::problem::{Problem, number, numbers};
use num_traits::Float;

/// Robertson's reaction, to t = 10⁵.
///
/// # References
/// \[Hairer1996\] IV.10.
#[must_use]
pub fn robertson<T: Float>() -> Problem<T, 3> {
    Problem {
        name: "robertson",
        field: |_, y, dy| {
            let c = number::<T>;
            let (a, b, e) = (c(0.04) * y[0], c(1e4) * y[1] * y[2], c(3e7) * y[1] * y[1]);
            *dy = [b - a, a - b - e, e];
        },
        t0: T::zero(),
        y0: numbers([1.0, 0.0, 0.0]),
        t1: number(100000.0),
        y1: numbers([
            0.017865921142100144,
            7.274751468436549e-08,
            0.9821340061103919,
        ]),
        digits: 10,
        condition: 1.0,
    }
}

/// The high irradiance response of plants.
///
/// # References
/// \[Hairer1996\] IV.10.
#[must_use]
pub fn hires<T: Float>() -> Problem<T, 8> {
    Problem {
        name: "hires",
        field: |_, y, dy| {
            let c = number::<T>;
            let light = c(280.0) * y[5] * y[7];
            *dy = [
                -c(1.71) * y[0] + c(0.43) * y[1] + c(8.32) * y[2] + c(0.0007),
                c(1.71) * y[0] - c(8.75) * y[1],
                -c(10.03) * y[2] + c(0.43) * y[3] + c(0.035) * y[4],
                c(8.32) * y[1] + c(1.71) * y[2] - c(1.12) * y[3],
                -c(1.745) * y[4] + c(0.43) * y[5] + c(0.43) * y[6],
                -light + c(0.69) * y[3] + c(1.71) * y[4] - c(0.43) * y[5] + c(0.69) * y[6],
                light - c(1.81) * y[6],
                -light + c(1.81) * y[6],
            ];
        },
        t0: T::zero(),
        y0: numbers([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057]),
        t1: number(321.8122),
        y1: numbers([
            0.0007371312573325697,
            0.00014424857263161902,
            5.888729740967628e-05,
            0.0011756513432831536,
            0.0023863561988314262,
            0.0062389682527431356,
            0.002849998395185812,
            0.00285000160481415,
        ]),
        digits: 10,
        condition: 1.0,
    }
}

/// Van der Pol's oscillator with μ = 1000.
///
/// # References
/// \[Hairer1996\] IV.10.
#[must_use]
pub fn van_der_pol<T: Float>() -> Problem<T, 2> {
    Problem {
        name: "van_der_pol",
        field: |_, y, dy| {
            let c = number::<T>;
            *dy = [y[1], c(1000.0) * (c(1.0) - y[0] * y[0]) * y[1] - y[0]];
        },
        t0: T::zero(),
        y0: numbers([2.0, 0.0]),
        t1: number(2000.0),
        y1: numbers([1.7061677321704642, -0.0008928097010248173]),
        digits: 10,
        condition: 1.0,
    }
}

/// The Belousov–Zhabotinskii reaction.
///
/// # References
/// \[Hairer1996\] IV.10.
#[must_use]
pub fn oregonator<T: Float>() -> Problem<T, 3> {
    Problem {
        name: "oregonator",
        field: |_, y, dy| {
            let c = number::<T>;
            *dy = [
                c(77.27) * (y[1] + y[0] * (c(1.0) - c(8.375e-6) * y[0] - y[1])),
                (y[2] - (c(1.0) + y[0]) * y[1]) / c(77.27),
                c(0.161) * (y[0] - y[2]),
            ];
        },
        t0: T::zero(),
        y0: numbers([1.0, 2.0, 3.0]),
        t1: number(30.0),
        y1: numbers([1.0006614671804968, 1512.778937348251, 10358.543127672254]),
        digits: 9,
        condition: 1.0,
    }
}
