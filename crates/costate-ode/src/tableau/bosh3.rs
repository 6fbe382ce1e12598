//! Bogacki and Shampine's 3(2) pair.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static BOSH3: Tableau = Tableau {
    name: "bosh3",
    title: "Bogacki–Shampine 3(2)",
    order: 3,
    embedded_order: Some(2),
    c: &[C::ZERO, C::ratio(1, 2), C::ratio(3, 4), C::ratio(1, 1)],
    a: &[
        &[],
        &[C::ratio(1, 2)],
        &[C::ZERO, C::ratio(3, 4)],
        &[C::ratio(2, 9), C::ratio(1, 3), C::ratio(4, 9)],
    ],
    b: &[C::ratio(2, 9), C::ratio(1, 3), C::ratio(4, 9), C::ZERO],
    b_err: &[
        C::ratio(-5, 72),
        C::ratio(1, 12),
        C::ratio(1, 9),
        C::ratio(-1, 8),
    ],
    b_err_low: &[],
    fsal: true,
    extra: &[],
    // The cubic through both ends and their slopes, which are its first and last stages.
    dense: Dense::Hermite,
    when: "Loose tolerances (rtol above 1e-3) and cheap right-hand sides.",
    reference: "[Bogacki1989]",
};
