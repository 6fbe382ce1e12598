//! Heun's method of order 2 with Euler's as the embedded one.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static HEUN: Tableau = Tableau {
    name: "heun",
    title: "Heun 2(1)",
    order: 2,
    embedded_order: Some(1),
    c: &[C::ZERO, C::ratio(1, 1)],
    a: &[&[], &[C::ratio(1, 1)]],
    b: &[C::ratio(1, 2), C::ratio(1, 2)],
    b_err: &[C::ratio(-1, 2), C::ratio(1, 2)],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    dense: Dense::Polynomial {
        order: 2,
        weights: &[
            &[C::ratio(1, 1), C::ratio(-1, 2)],
            &[C::ZERO, C::ratio(1, 2)],
        ],
    },
    when: "Loose tolerances, right-hand sides that are not smooth.",
    reference: "[Hairer1993] II.1",
};
