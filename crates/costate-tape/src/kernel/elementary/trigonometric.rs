//! Sine and cosine.

use super::{Constants, polynomial};
use crate::kernel::vector::Vector;

/// Whether an argument is so large that its quarter turns cannot be taken off here; infinities are.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn too_large<V: Vector, const A: usize>(x: [V; A]) -> bool {
    // SAFETY: the caller's.
    let most = unsafe { V::splat(V::T::MOST_TURNS) };
    let mut any = false;
    for a in 0..A {
        any |= V::any(most.lt(x[a].abs()));
    }
    any
}

/// sin x for arguments that are not [`too_large`].
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn sin<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    unsafe { turned::<V, A, false>(x) }
}

/// cos x for arguments that are not [`too_large`].
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn cos<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    unsafe { turned::<V, A, true>(x) }
}

/// With x = n·π + r the sine is (−1)ⁿ sin r; with x = (n + ½)·π + r the cosine is −(−1)ⁿ sin r. One polynomial reaches to
/// |r| = π/2, and nothing has to be chosen.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn turned<V: Vector, const A: usize, const COSINE: bool>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    unsafe {
        let [zero, half] = [V::T::ZERO, V::T::HALF].map(|c| V::splat(c));
        let (round, to_sign, sign) = (
            V::splat(V::T::ROUND),
            V::splat(V::T::TO_SIGN),
            V::splat(V::T::SIGN),
        );
        let (mut turns, mut r, mut z) = (x, x, x);
        for a in 0..A {
            let one_over_pi = V::splat(V::T::ONE_OVER_PI);
            let half_turns = if COSINE {
                x[a].fma(one_over_pi, half.neg()).add(round).sub(round)
            } else {
                x[a].fma(one_over_pi, round).sub(round)
            };
            let taken = if COSINE {
                half_turns.add(half)
            } else {
                half_turns
            };
            for &part in V::T::PI {
                r[a] = taken.fnma(V::splat(part), r[a]);
            }
            z[a] = r[a].mul(r[a]);
            turns[a] = half_turns;
        }
        let p = polynomial(z, V::T::SIN);
        let mut y = x;
        for a in 0..A {
            let sine = r[a].mul(z[a]).fma(p[a], r[a]);
            let sine = V::select(z[a].eq(zero), r[a], sine);
            let odd = turns[a].add(to_sign).bits_to_exponent();
            let odd = if COSINE { odd.xor(sign) } else { odd };
            y[a] = sine.xor(odd.and(sign));
        }
        y
    }
}
