//! Kutta's 3/8 rule.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static RK38: Tableau = Tableau {
    name: "rk38",
    title: "Kutta 3/8",
    order: 4,
    embedded_order: None,
    c: &[C::ZERO, C::ratio(1, 3), C::ratio(2, 3), C::ratio(1, 1)],
    a: &[
        &[],
        &[C::ratio(1, 3)],
        &[C::ratio(-1, 3), C::ratio(1, 1)],
        &[C::ratio(1, 1), C::ratio(-1, 1), C::ratio(1, 1)],
    ],
    b: &[
        C::ratio(1, 8),
        C::ratio(3, 8),
        C::ratio(3, 8),
        C::ratio(1, 8),
    ],
    b_err: &[],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    // The one continuous solution of order 3 that its own four stages allow.
    dense: Dense::Polynomial {
        order: 3,
        weights: &[
            &[C::ratio(1, 1), C::ratio(-15, 8), C::ratio(1, 1)],
            &[C::ZERO, C::ratio(15, 8), C::ratio(-3, 2)],
            &[C::ZERO, C::ratio(3, 8)],
            &[C::ZERO, C::ratio(-3, 8), C::ratio(1, 2)],
        ],
    },
    when: "As rk4: slightly smaller errors, slightly more terms.",
    reference: "[Hairer1993] II.1",
};
