//! Euler's method.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static EULER: Tableau = Tableau {
    name: "euler",
    title: "Euler",
    order: 1,
    embedded_order: None,
    c: &[C::ZERO],
    a: &[&[]],
    b: &[C::ratio(1, 1)],
    b_err: &[],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    dense: Dense::Polynomial {
        order: 1,
        weights: &[&[C::ratio(1, 1)]],
    },
    when: "To see what a residual network computes; for accuracy every other method is better.",
    reference: "[Hairer1993] I.7",
};
