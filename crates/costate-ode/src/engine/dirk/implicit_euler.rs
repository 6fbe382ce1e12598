//! The implicit Euler method.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static IMPLICIT_EULER: DirkTableau = DirkTableau {
    name: "implicit_euler",
    title: "Implicit Euler",
    order: 1,
    embedded_order: None,
    gamma: C::ratio(1, 1), // book: (implicit-euler)
    explicit_first: false,
    c: &[C::ratio(1, 1)],
    a: &[&[]],
    b: None,
    b_err: &[],
    hermite: false,
    explicit: &[],
    when: "Stiff problems with constant steps where robustness is all: it damps everything.",
    reference: "[Hairer1996]",
};
