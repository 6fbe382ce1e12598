//! The implicit midpoint rule.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static IMPLICIT_MIDPOINT: DirkTableau = DirkTableau {
    name: "implicit_midpoint",
    title: "Implicit midpoint",
    order: 2,
    embedded_order: None,
    gamma: C::ratio(1, 2),
    explicit_first: false,
    c: &[C::ratio(1, 2)],
    a: &[&[]],
    b: Some(&[C::ratio(1, 1)]),
    b_err: &[],
    hermite: false,
    explicit: &[],
    when: "Hamiltonian systems with constant steps: symplectic, keeps quadratic invariants. Its dense output is a straight line.",
    reference: "[Hairer1996]",
};
