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
    unsafe { turned(x, V::splat(V::T::ZERO)) }
}

/// cos x for arguments that are not [`too_large`].
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn cos<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    unsafe { turned(x, V::splat(V::T::ONE)) }
}

/// sin(x + quarters·π/2): with x = n·π/2 + r, ± the sine or the cosine of r by the last two bits of n + quarters.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn turned<V: Vector, const A: usize>(x: [V; A], quarters: V) -> [V; A] {
    // SAFETY: the caller's.
    unsafe {
        let [zero, half, one] = [V::T::ZERO, V::T::HALF, V::T::ONE].map(|c| V::splat(c));
        let (round, to_sign, sign) = (
            V::splat(V::T::ROUND),
            V::splat(V::T::TO_SIGN),
            V::splat(V::T::SIGN),
        );
        let parts = V::T::HALF_PI.map(|c| V::splat(c));
        let (mut turns, mut r, mut z) = (x, x, x);
        for a in 0..A {
            let n = x[a].fma(V::splat(V::T::TWO_OVER_PI), round).sub(round);
            for part in parts {
                r[a] = n.fnma(part, r[a]);
            }
            z[a] = r[a].mul(r[a]);
            turns[a] = n.add(quarters);
        }
        let (sine, cosine) = (polynomial(z, V::T::SIN), polynomial(z, V::T::COS));
        let mut y = x;
        for a in 0..A {
            let sine = r[a].mul(z[a]).fma(sine[a], r[a]);
            let sine = V::select(z[a].eq(zero), r[a], sine);
            // 1 − z/2 rounds; what it loses is added to the rest.
            let near = half.fnma(z[a], one);
            let lost = one.sub(near).sub(half.mul(z[a]));
            let cosine = near.add(z[a].mul(z[a]).fma(cosine[a], lost));
            let lowest = turns[a].fma(to_sign, round).bits_to_exponent().and(sign);
            let odd = one.or(lowest).lt(zero);
            let next = turns[a]
                .mul(half)
                .fma(to_sign, round)
                .bits_to_exponent()
                .and(sign);
            y[a] = V::select(odd, cosine, sine).xor(next);
        }
        y
    }
}
