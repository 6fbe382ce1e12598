//! Exponential, hyperbolic tangent and logistic function, and what is made of them.

use super::Constants;
use crate::kernel::vector::Vector;

/// n and eʳ − 1 with x = n·ln 2 + r, |r| ≤ ½ ln 2, from ln 2 in parts; n still carries [`Constants::MAGIC`].
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn reduce<V: Vector, const A: usize>(x: [V; A], ln_2: &[V::T]) -> ([V; A], [V; A]) {
    let coefficients = V::T::EXP;
    // SAFETY: the caller's.
    let (log2_e, magic, last) = unsafe {
        (
            V::splat(V::T::LOG2_E),
            V::splat(V::T::MAGIC),
            V::splat(coefficients[coefficients.len() - 1]),
        )
    };
    let (mut biased, mut r, mut p) = (x, x, [last; A]);
    for a in 0..A {
        biased[a] = x[a].fma(log2_e, magic);
        let n = biased[a].sub(magic);
        for &part in ln_2 {
            // SAFETY: the caller's.
            r[a] = n.fnma(unsafe { V::splat(part) }, r[a]);
        }
    }
    for i in (0..coefficients.len() - 1).rev() {
        // SAFETY: the caller's.
        let c = unsafe { V::splat(coefficients[i]) };
        for a in 0..A {
            p[a] = p[a].fma(r[a], c);
        }
    }
    for a in 0..A {
        p[a] = r[a].mul(r[a]).fma(p[a], r[a]);
    }
    (biased, p)
}

/// eˣ, into the subnormal numbers.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn exp<V: Vector, const A: usize>(mut x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    let (least, most, magic, one) = unsafe {
        (
            V::splat(V::T::EXP_RANGE[0]),
            V::splat(V::T::EXP_RANGE[1]),
            V::splat(V::T::MAGIC),
            V::splat(V::T::ONE),
        )
    };
    for a in 0..A {
        // In this order a NaN passes both.
        x[a] = most.min(least.max(x[a]));
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(x, &V::T::LN_2) };
    for a in 0..A {
        x[a] = one.add(p[a]).scale(biased[a].sub(magic));
    }
    x
}

/// eˣ − 1, as 2ⁿ(eʳ − 1) + (2ⁿ − 1) so that small arguments keep their digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn expm1<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    let (least, most, large, magic, one) = unsafe {
        (
            V::splat(V::T::TANH_ONE).neg(),
            V::splat(V::T::EXP_RANGE[1]),
            V::splat(V::T::TANH_ONE),
            V::splat(V::T::MAGIC),
            V::splat(V::T::ONE),
        )
    };
    let mut y = x;
    for a in 0..A {
        // In this order a NaN passes both. Below `least` the result is −1.
        y[a] = most.min(least.max(x[a]));
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(y, &V::T::LN_2) };
    for a in 0..A {
        let power = biased[a].bits_to_exponent();
        let small = power.fma(p[a], power.sub(one));
        // Here the 1 is lost in rounding, and 2ⁿ may be too large for a factor.
        let whole = one.add(p[a]).scale(biased[a].sub(magic));
        let value = V::select(y[a].lt(large), small, whole);
        y[a] = value.abs().with_sign(x[a]);
    }
    y
}

/// x above 0, eˣ − 1 below.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn elu<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    let (zero, mut y) = unsafe { (V::splat(V::T::ZERO), expm1(x)) };
    for a in 0..A {
        y[a] = V::select(zero.lt(x[a]), x[a], y[a]);
    }
    y
}

/// tanh x = (e²ˣ − 1)/(e²ˣ + 1), from e²ˣ − 1 so that small arguments keep their digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn tanh<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    let (most, one, two) = unsafe {
        (
            V::splat(V::T::TANH_ONE),
            V::splat(V::T::ONE),
            V::splat(V::T::TWO),
        )
    };
    let mut y = x;
    for a in 0..A {
        let magnitude = x[a].abs();
        y[a] = most.min(magnitude.add(magnitude));
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(y, V::T::LN_2_OF_TANH) };
    for a in 0..A {
        let power = biased[a].bits_to_exponent();
        let expm1 = power.fma(p[a], power.sub(one));
        y[a] = expm1.div(expm1.add(two)).with_sign(x[a]);
    }
    y
}

/// 1/(1 + e⁻ˣ), from e^(−|x|) so that the left tail keeps its digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn sigmoid<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    let (zero, one) = unsafe { (V::splat(V::T::ZERO), V::splat(V::T::ONE)) };
    let mut y = x;
    for a in 0..A {
        y[a] = x[a].abs().neg();
    }
    // SAFETY: the caller's.
    y = unsafe { exp(y) };
    for a in 0..A {
        let numerator = V::select(x[a].lt(zero), y[a], one);
        y[a] = numerator.div(one.add(y[a]));
    }
    y
}

/// x·σ(x) = x/(1 + e⁻ˣ) = 2⁻ᵏ·x/(2⁻ᵏ + 2⁻ᵏe⁻ˣ), with the k that brings e⁻ˣ between √½ and √2 where it is larger, else 0. The power of two comes
/// last, so that results as small as there are rest on a quotient with all its digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn silu<V: Vector, const A: usize>(x: [V; A]) -> [V; A] {
    // SAFETY: the caller's.
    let (zero, least, lost, magic, bias, infinity, nan) = unsafe {
        (
            V::splat(V::T::ZERO),
            V::splat(V::T::SILU_LEAST),
            V::splat(V::T::TANH_ONE).neg(),
            V::splat(V::T::MAGIC),
            V::splat(V::T::BIAS),
            V::splat(V::T::INFINITY),
            V::splat(V::T::NAN),
        )
    };
    let (mut numerator, mut y) = (x, x);
    for a in 0..A {
        // In this order a NaN passes both. Left of `least` the result is −0 whatever stands for x; below `lost` e⁻ˣ is nothing beside 1.
        numerator[a] = least.max(x[a]);
        y[a] = lost.max(numerator[a].neg());
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(y, &V::T::LN_2) };
    for a in 0..A {
        let n = biased[a].sub(magic);
        let k = zero.max(n);
        let power = n.sub(k).add(magic).bits_to_exponent();
        // 0 where there is no such number.
        let scaled_one = magic.sub(bias.min(k)).bits_to_exponent();
        let denominator = power.fma(p[a], power.add(scaled_one));
        let silu = numerator[a].div(denominator).scale(zero.sub(k));
        // −∞·0
        y[a] = V::select(x[a].eq(infinity.neg()), nan, silu);
    }
    y
}
