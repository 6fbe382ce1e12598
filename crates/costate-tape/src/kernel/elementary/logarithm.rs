//! Natural logarithm and softplus.

use super::{Constants, exp, polynomial};
use crate::kernel::vector::Vector;

/// ln x; −∞ at 0, NaN below.
///
/// With x = 2ᵏ·m and m between √½ and √2, s = (m − 1)/(m + 1): ln x = k·ln 2 + ln((1 + s)/(1 − s)).
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn ln<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    unsafe {
        let [zero, half, one, two] =
            [V::T::ZERO, V::T::HALF, V::T::ONE, V::T::TWO].map(|c| V::splat(c));
        let [least, larger, exponent] = V::T::NORMAL.map(|c| V::splat(c));
        let (mantissa, counter, bias) = (
            V::splat(V::T::MANTISSA),
            V::splat(V::T::COUNTER),
            V::splat(V::T::BIAS),
        );
        let [high, low] = V::T::LN_2_OF_LN.map(|c| V::splat(c));
        let (mut k, mut f, mut s, mut z) = (x, x, x, x);
        for a in 0..A {
            let subnormal = x[a].lt(least);
            let scaled = V::select(subnormal, x[a].mul(larger), x[a]);
            let offset = V::select(subnormal, bias.add(exponent), bias);
            k[a] = scaled
                .exponent_to_bits()
                .or(counter)
                .sub(counter)
                .sub(offset);
            let m = scaled.and(mantissa).or(one);
            let large = V::splat(V::T::ROOT_2).lt(m);
            k[a] = V::select(large, k[a].add(one), k[a]);
            f[a] = V::select(large, m.mul(half), m).sub(one);
            s[a] = f[a].div(two.add(f[a]));
            z[a] = s[a].mul(s[a]);
        }
        let mut y = polynomial(z, V::T::LN);
        for a in 0..A {
            let square = f[a].mul(f[a]).mul(half);
            let rest = s[a].mul(z[a].fma(y[a], square));
            let part = square.sub(k[a].fma(low, rest));
            y[a] = k[a].fma(high, f[a].sub(part));
            // Outside the positive finite numbers: x itself, −∞ or NaN.
            let infinity = V::splat(V::T::INFINITY);
            y[a] = V::select(x[a].lt(infinity), y[a], x[a]);
            y[a] = V::select(zero.lt(x[a]), y[a], V::splat(V::T::NAN));
            y[a] = V::select(x[a].eq(zero), infinity.neg(), y[a]);
            y[a] = V::select(x[a].eq(x[a]), y[a], x[a]);
        }
        y
    }
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + u) with u = e^(−|x|).
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn softplus<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    unsafe {
        let (zero, one) = (V::splat(V::T::ZERO), V::splat(V::T::ONE));
        let mut u = x;
        for a in 0..A {
            u[a] = x[a].abs().neg();
        }
        let u = exp(u);
        let mut w = u;
        for a in 0..A {
            w[a] = one.add(u[a]);
        }
        let mut y = ln(w);
        for a in 0..A {
            // What rounding 1 + u lost.
            let lost = u[a].sub(w[a].sub(one));
            y[a] = zero.max(x[a]).add(y[a].add(lost.div(w[a])));
        }
        y
    }
}
