//! Exponential, hyperbolic tangent and logistic function, and what is made of them.

use super::Constants;
use crate::kernel::vector::Vector;

/// A group of registers.
type Group<V, const A: usize, const B: usize> = [[V; A]; B];

/// n and eʳ − 1 with x = n·ln 2 + r, |r| ≤ ½ ln 2; n still carries [`Constants::MAGIC`].
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn reduce<V: Vector, const A: usize, const B: usize>(
    x: Group<V, A, B>,
) -> (Group<V, A, B>, Group<V, A, B>) {
    let coefficients = V::T::EXP;
    // SAFETY: the caller's.
    let (log2_e, magic, hi, lo, last) = unsafe {
        (
            V::splat(V::T::LOG2_E),
            V::splat(V::T::MAGIC),
            V::splat(V::T::LN_2[0]),
            V::splat(V::T::LN_2[1]),
            V::splat(coefficients[coefficients.len() - 1]),
        )
    };
    let (mut biased, mut r, mut p) = (x, x, [[last; A]; B]);
    for b in 0..B {
        for a in 0..A {
            biased[b][a] = x[b][a].fma(log2_e, magic);
            let n = biased[b][a].sub(magic);
            r[b][a] = n.fnma(lo, n.fnma(hi, x[b][a]));
        }
    }
    for i in (0..coefficients.len() - 1).rev() {
        // SAFETY: the caller's.
        let c = unsafe { V::splat(coefficients[i]) };
        for b in 0..B {
            for a in 0..A {
                p[b][a] = p[b][a].fma(r[b][a], c);
            }
        }
    }
    for b in 0..B {
        for a in 0..A {
            p[b][a] = r[b][a].mul(r[b][a]).fma(p[b][a], r[b][a]);
        }
    }
    (biased, p)
}

/// eˣ, into the subnormal numbers.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn exp<V: Vector, const A: usize, const B: usize>(
    mut x: Group<V, A, B>,
) -> Group<V, A, B> {
    // SAFETY: the caller's.
    let (least, most, magic, one) = unsafe {
        (
            V::splat(V::T::EXP_RANGE[0]),
            V::splat(V::T::EXP_RANGE[1]),
            V::splat(V::T::MAGIC),
            V::splat(V::T::ONE),
        )
    };
    for b in 0..B {
        for a in 0..A {
            // In this order a NaN passes both.
            x[b][a] = most.min(least.max(x[b][a]));
        }
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(x) };
    for b in 0..B {
        for a in 0..A {
            x[b][a] = one.add(p[b][a]).scale(biased[b][a].sub(magic));
        }
    }
    x
}

/// eˣ − 1, as 2ⁿ(eʳ − 1) + (2ⁿ − 1) so that small arguments keep their digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn expm1<V: Vector, const A: usize, const B: usize>(
    x: Group<V, A, B>,
) -> Group<V, A, B> {
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
    for b in 0..B {
        for a in 0..A {
            // In this order a NaN passes both. Below `least` the result is −1.
            y[b][a] = most.min(least.max(x[b][a]));
        }
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(y) };
    for b in 0..B {
        for a in 0..A {
            let power = biased[b][a].bits_to_exponent();
            let small = power.fma(p[b][a], power.sub(one));
            // Here the 1 is lost in rounding, and 2ⁿ may be too large for a factor.
            let whole = one.add(p[b][a]).scale(biased[b][a].sub(magic));
            let value = V::select(y[b][a].lt(large), small, whole);
            y[b][a] = value.abs().with_sign(x[b][a]);
        }
    }
    y
}

/// x above 0, eˣ − 1 below.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn elu<V: Vector, const A: usize, const B: usize>(
    x: Group<V, A, B>,
) -> Group<V, A, B> {
    // SAFETY: the caller's.
    let (zero, mut y) = unsafe { (V::splat(V::T::ZERO), expm1(x)) };
    for b in 0..B {
        for a in 0..A {
            y[b][a] = V::select(zero.lt(x[b][a]), x[b][a], y[b][a]);
        }
    }
    y
}

/// tanh x = (e²ˣ − 1)/(e²ˣ + 1), from e²ˣ − 1 so that small arguments keep their digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn tanh<V: Vector, const A: usize, const B: usize>(
    x: Group<V, A, B>,
) -> Group<V, A, B> {
    // SAFETY: the caller's.
    let (most, one, two) = unsafe {
        (
            V::splat(V::T::TANH_ONE),
            V::splat(V::T::ONE),
            V::splat(V::T::TWO),
        )
    };
    let mut y = x;
    for b in 0..B {
        for a in 0..A {
            let magnitude = x[b][a].abs();
            y[b][a] = most.min(magnitude.add(magnitude));
        }
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(y) };
    for b in 0..B {
        for a in 0..A {
            let power = biased[b][a].bits_to_exponent();
            let expm1 = power.fma(p[b][a], power.sub(one));
            y[b][a] = expm1.div(expm1.add(two)).with_sign(x[b][a]);
        }
    }
    y
}

/// 1/(1 + e⁻ˣ), from e^(−|x|) so that the left tail keeps its digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn sigmoid<V: Vector, const A: usize, const B: usize>(
    x: Group<V, A, B>,
) -> Group<V, A, B> {
    // SAFETY: the caller's.
    let (zero, one) = unsafe { (V::splat(V::T::ZERO), V::splat(V::T::ONE)) };
    let mut y = x;
    for b in 0..B {
        for a in 0..A {
            y[b][a] = x[b][a].abs().neg();
        }
    }
    // SAFETY: the caller's.
    y = unsafe { exp(y) };
    for b in 0..B {
        for a in 0..A {
            let numerator = V::select(x[b][a].lt(zero), y[b][a], one);
            y[b][a] = numerator.div(one.add(y[b][a]));
        }
    }
    y
}

/// x·σ(x) = x·e^(−|x|)/(1 + e^(−|x|)) on the left, x/(1 + e⁻ˣ) on the right. The power of two comes last, so that results as small
/// as there are rest on a σ(x) with all its digits.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn silu<V: Vector, const A: usize, const B: usize>(
    x: Group<V, A, B>,
) -> Group<V, A, B> {
    // SAFETY: the caller's.
    let (zero, one, least, magic, infinity, nan) = unsafe {
        (
            V::splat(V::T::ZERO),
            V::splat(V::T::ONE),
            V::splat(V::T::SILU_LEAST),
            V::splat(V::T::MAGIC),
            V::splat(V::T::INFINITY),
            V::splat(V::T::NAN),
        )
    };
    let mut y = x;
    for b in 0..B {
        for a in 0..A {
            // In this order a NaN passes.
            y[b][a] = least.max(x[b][a].abs().neg());
        }
    }
    // SAFETY: the caller's.
    let (biased, p) = unsafe { reduce(y) };
    for b in 0..B {
        for a in 0..A {
            let x = x[b][a];
            let n = biased[b][a].sub(magic);
            let power = one.add(p[b][a]).scale(n);
            let left = x.lt(zero);
            // Left of `least` the result is −0 whatever stands for x.
            let numerator = V::select(left, y[b][a].fma(p[b][a], y[b][a]), x);
            let quotient = numerator.div(one.add(power));
            let silu = quotient.scale(V::select(left, n, zero));
            // −∞·0
            y[b][a] = V::select(x.eq(infinity.neg()), nan, silu);
        }
    }
    y
}
