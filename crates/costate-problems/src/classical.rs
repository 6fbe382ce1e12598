//! Well-known systems that are not stiff.
//!
//! End values from two independent integrations (SciPy's DOP853 or Radau at tolerances of 1e-13), which agree to the digits stated.

use crate::problem::{Problem, number, numbers};
use num_traits::Float;

/// Hares and lynxes: y₁′ = 0.55 y₁ − 0.028 y₁ y₂, y₂′ = −0.80 y₂ + 0.024 y₁ y₂.
#[must_use]
pub fn lotka_volterra<T: Float>() -> Problem<T, 2> {
    Problem {
        name: "lotka_volterra",
        field: |_, y, dy| {
            let c = number::<T>;
            *dy = [
                c(0.55) * y[0] - c(0.028) * y[0] * y[1],
                -c(0.80) * y[1] + c(0.024) * y[0] * y[1],
            ];
        },
        t0: T::zero(),
        y0: numbers([33.0, 5.9]),
        t1: number(20.0),
        y1: numbers([29.326525424456015, 5.99693540099207]),
        digits: 11,
        condition: 1.0,
    }
}

/// Lorenz's system with σ = 10, ρ = 28, β = 8/3, for a time short enough to be computed.
#[must_use]
pub fn lorenz<T: Float>() -> Problem<T, 3> {
    Problem {
        name: "lorenz",
        field: |_, y, dy| {
            let c = number::<T>;
            *dy = [
                c(10.0) * (y[1] - y[0]),
                y[0] * (c(28.0) - y[2]) - y[1],
                y[0] * y[1] - c(8.0) / c(3.0) * y[2],
            ];
        },
        t0: T::zero(),
        y0: numbers([1.0, 1.0, 1.0]),
        t1: number(10.0),
        y1: numbers([-4.90268754113666, -3.7438729218034736, 24.69085810279465]),
        digits: 10,
        condition: 10.0,
    }
}

/// The Brusselator: y₁′ = 1 + y₁² y₂ − 4 y₁, y₂′ = 3 y₁ − y₁² y₂.
///
/// # References
/// \[Hairer1993\] (0.15).
#[must_use]
pub fn brusselator<T: Float>() -> Problem<T, 2> {
    Problem {
        name: "brusselator",
        field: |_, y, dy| {
            let c = number::<T>;
            let square = y[0] * y[0] * y[1];
            *dy = [c(1.0) + square - c(4.0) * y[0], c(3.0) * y[0] - square];
        },
        t0: T::zero(),
        y0: numbers([1.5, 3.0]),
        t1: number(20.0),
        y1: numbers([0.4986370712683294, 4.596780349451964]),
        digits: 11,
        condition: 1.0,
    }
}
