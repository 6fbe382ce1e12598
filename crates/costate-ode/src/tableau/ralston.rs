//! Ralston's method of order 2, with the least bound of its error, and Euler's as the embedded one.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static RALSTON: Tableau = Tableau {
    name: "ralston",
    title: "Ralston 2(1)",
    order: 2,
    embedded_order: Some(1),
    c: &[C::ZERO, C::ratio(2, 3)],
    a: &[&[], &[C::ratio(2, 3)]],
    b: &[C::ratio(1, 4), C::ratio(3, 4)],
    b_err: &[C::ratio(-3, 4), C::ratio(3, 4)],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    dense: Dense::Polynomial {
        order: 2,
        weights: &[
            &[C::ratio(1, 1), C::ratio(-3, 4)],
            &[C::ZERO, C::ratio(3, 4)],
        ],
    },
    when: "Loose tolerances, right-hand sides that are not smooth.",
    reference: "[Ralston1962]",
};
