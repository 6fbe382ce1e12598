//! The trapezoidal rule.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static TRAPEZOID: DirkTableau = DirkTableau {
    name: "trapezoid",
    title: "Trapezoidal rule",
    order: 2,
    embedded_order: None,
    gamma: C::ratio(1, 2),
    explicit_first: true,
    c: &[C::ZERO, C::ratio(1, 1)],
    a: &[&[], &[C::ratio(1, 2)]],
    b: None,
    b_err: &[],
    hermite: true,
    explicit: &[],
    when: "Oscillations and mildly stiff problems with constant steps: damps nothing.",
    reference: "[Hairer1996]",
};
