//! Shu and Osher's method of order 3 that preserves strong stability.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static SSPRK3: Tableau = Tableau {
    name: "ssprk3",
    title: "Shu–Osher SSP 3",
    order: 3,
    embedded_order: None,
    c: &[C::ZERO, C::ratio(1, 1), C::ratio(1, 2)],
    a: &[&[], &[C::ratio(1, 1)], &[C::ratio(1, 4), C::ratio(1, 4)]],
    b: &[C::ratio(1, 6), C::ratio(1, 6), C::ratio(2, 3)],
    b_err: &[],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    dense: Dense::Hermite,
    when: "Hyperbolic equations with limiters: whatever norm does not grow in small Euler steps does not grow here.",
    reference: "[Shu1988]",
};
