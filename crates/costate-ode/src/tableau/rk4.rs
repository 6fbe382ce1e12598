//! The classical Runge–Kutta method.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static RK4: Tableau = Tableau {
    name: "rk4",
    title: "classical Runge–Kutta",
    order: 4,
    embedded_order: None,
    c: &[C::ZERO, C::ratio(1, 2), C::ratio(1, 2), C::ratio(1, 1)],
    a: &[
        &[],
        &[C::ratio(1, 2)],
        &[C::ZERO, C::ratio(1, 2)],
        &[C::ZERO, C::ZERO, C::ratio(1, 1)],
    ],
    b: &[
        C::ratio(1, 6),
        C::ratio(1, 3),
        C::ratio(1, 3),
        C::ratio(1, 6),
    ],
    b_err: &[],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    // The one continuous solution of order 3 that its own four stages allow.
    dense: Dense::Polynomial {
        order: 3,
        weights: &[
            &[C::ratio(1, 1), C::ratio(-3, 2), C::ratio(2, 3)],
            &[C::ZERO, C::ratio(1, 1), C::ratio(-2, 3)],
            &[C::ZERO, C::ratio(1, 1), C::ratio(-2, 3)],
            &[C::ZERO, C::ratio(-1, 2), C::ratio(2, 3)],
        ],
    },
    when: "Constant steps, when the same steps must be taken whatever the state.",
    reference: "[Hairer1993] II.1",
};
