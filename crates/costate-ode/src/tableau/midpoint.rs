//! The explicit midpoint rule.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static MIDPOINT: Tableau = Tableau {
    name: "midpoint",
    title: "explicit midpoint",
    order: 2,
    embedded_order: None,
    c: &[C::ZERO, C::ratio(1, 2)],
    a: &[&[], &[C::ratio(1, 2)]],
    b: &[C::ZERO, C::ratio(1, 1)],
    b_err: &[],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    dense: Dense::Polynomial {
        order: 2,
        weights: &[
            &[C::ratio(1, 1), C::ratio(-1, 1)],
            &[C::ZERO, C::ratio(1, 1)],
        ],
    },
    when: "Two evaluations per constant step, for rough answers.",
    reference: "[Hairer1993] II.1",
};
