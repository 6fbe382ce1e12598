//! Exponential, hyperbolic tangent and logistic function on groups of registers.
//!
//! Each works on a group of registers, [A registers; B rows], in lock step: the polynomial of one is a chain of dependent
//! multiplications, and several chains together keep the multipliers busy. Errors are at most 2.5 units in the last place, at every argument, with and
//! without fused multiplication; zeros keep their sign, NaN stays NaN.

#![allow(
    clippy::excessive_precision,
    reason = "coefficients are printed as the fit found them"
)]

use super::vector::Vector;
use crate::scalar::Scalar;

/// What the kernels need to know about a lane.
pub(crate) trait Constants: Scalar + Send + Sync + 'static {
    const ZERO: Self;
    const HALF: Self;
    const ONE: Self;
    const TWO: Self;
    const NAN: Self;
    /// Only the sign bit set.
    const SIGN: Self;
    /// All but the sign bit set.
    const MAGNITUDE: Self;
    /// Adding it rounds to an integer and leaves that integer, biased as an exponent, in the lowest bits.
    const MAGIC: Self;
    const LOG2_E: Self;
    /// ln 2 in two parts; the first has so few bits that its product with any exponent is exact.
    const LN_2: [Self; 2];
    /// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2: minimax in eʳ − 1, lowest power first.
    const EXP: &'static [Self];
    /// Below and above, eˣ is 0 and ∞.
    const EXP_RANGE: [Self; 2];
    /// From here on, tanh(x/2) rounds to 1.
    const TANH_ONE: Self;
}

impl Constants for f64 {
    const ZERO: f64 = 0.0;
    const HALF: f64 = 0.5;
    const ONE: f64 = 1.0;
    const TWO: f64 = 2.0;
    const NAN: f64 = f64::NAN;
    const SIGN: f64 = -0.0;
    const MAGNITUDE: f64 = f64::from_bits(u64::MAX >> 1);
    const MAGIC: f64 = 6_755_399_441_055_744.0 + 1023.0;
    const LOG2_E: f64 = core::f64::consts::LOG2_E;
    const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    const EXP: &'static [f64] = &[
        0.500_000_000_000_000_557_29,
        0.166_666_666_666_666_860_36,
        0.041_666_666_666_573_320_178,
        0.008_333_333_333_314_563_966_3,
        0.001_388_888_893_248_523_972_3,
        0.000_198_412_699_030_965_090_77,
        0.000_024_801_504_311_062_697_626,
        2.755_722_789_002_619_907e-6,
        2.762_638_261_568_226_394_8e-7,
        2.511_449_491_653_231_441_8e-8,
    ];
    const EXP_RANGE: [f64; 2] = [-746.0, 710.0];
    const TANH_ONE: f64 = 40.0;
}

impl Constants for f32 {
    const ZERO: f32 = 0.0;
    const HALF: f32 = 0.5;
    const ONE: f32 = 1.0;
    const TWO: f32 = 2.0;
    const NAN: f32 = f32::NAN;
    const SIGN: f32 = -0.0;
    const MAGNITUDE: f32 = f32::from_bits(u32::MAX >> 1);
    const MAGIC: f32 = 12_582_912.0 + 127.0;
    const LOG2_E: f32 = core::f32::consts::LOG2_E;
    const LN_2: [f32; 2] = [0.693_359_375, -2.121_944_4e-4];
    const EXP: &'static [f32] = &[
        0.500_000_006_247,
        0.166_665_427_994,
        0.041_666_279_922_3,
        0.008_366_610_332_44,
        0.001_394_659_337_67,
    ];
    const EXP_RANGE: [f32; 2] = [-104.5, 89.0];
    const TANH_ONE: f32 = 20.0;
}

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
