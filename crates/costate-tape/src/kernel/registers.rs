//! Elementwise operations that take a few instructions on a register: to the bit what the operation's own rule gives.

use super::elementary::Constants;
use super::vector::Vector;
use crate::op::{Binary, Unary};

/// φ of each register, if it is one of these operations.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn unary<V: Vector, const G: usize>(op: Unary, mut x: [V; G]) -> Option<[V; G]> {
    // SAFETY: the caller's.
    let (zero, one) = unsafe { (V::splat(V::T::ZERO), V::splat(V::T::ONE)) };
    match op {
        Unary::Identity => {}
        Unary::Neg => {
            for g in 0..G {
                x[g] = x[g].neg();
            }
        }
        Unary::Abs => {
            for g in 0..G {
                x[g] = x[g].abs();
            }
        }
        Unary::Sqrt => {
            for g in 0..G {
                x[g] = x[g].sqrt();
            }
        }
        Unary::Sign => {
            for g in 0..G {
                let sign = V::select(x[g].eq(zero), x[g], one.with_sign(x[g]));
                x[g] = V::select(x[g].eq(x[g]), sign, x[g]);
            }
        }
        Unary::Relu => {
            for g in 0..G {
                let below = V::select(x[g].eq(x[g]), zero, x[g]);
                x[g] = V::select(zero.lt(x[g]), x[g], below);
            }
        }
        _ => return None,
    }
    Some(x)
}

/// φ of each pair of registers, if it is one of these operations.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn binary<V: Vector, const G: usize>(
    op: Binary,
    a: [V; G],
    b: [V; G],
) -> Option<[V; G]> {
    // SAFETY: the caller's.
    let (zero, one) = unsafe { (V::splat(V::T::ZERO), V::splat(V::T::ONE)) };
    let mut y = a;
    match op {
        Binary::Lt => {
            for g in 0..G {
                y[g] = V::select(a[g].lt(b[g]), one, zero);
            }
        }
        Binary::Gt => {
            for g in 0..G {
                y[g] = V::select(b[g].lt(a[g]), one, zero);
            }
        }
        Binary::Le => {
            for g in 0..G {
                y[g] = V::select(a[g].lt(b[g]), one, V::select(a[g].eq(b[g]), one, zero));
            }
        }
        Binary::Ge => {
            for g in 0..G {
                y[g] = V::select(b[g].lt(a[g]), one, V::select(a[g].eq(b[g]), one, zero));
            }
        }
        Binary::Eq => {
            for g in 0..G {
                y[g] = V::select(a[g].eq(b[g]), one, zero);
            }
        }
        Binary::Ne => {
            for g in 0..G {
                y[g] = V::select(a[g].eq(b[g]), zero, one);
            }
        }
        // At a tie the first; a NaN of either is the result.
        Binary::Min => {
            for g in 0..G {
                let other = V::select(a[g].eq(a[g]), b[g], a[g]);
                y[g] = V::select(a[g].lt(b[g]), a[g], V::select(a[g].eq(b[g]), a[g], other));
            }
        }
        Binary::Max => {
            for g in 0..G {
                let other = V::select(a[g].eq(a[g]), b[g], a[g]);
                y[g] = V::select(b[g].lt(a[g]), a[g], V::select(a[g].eq(b[g]), a[g], other));
            }
        }
        _ => return None,
    }
    Some(y)
}
