//! Transcendental functions on groups of registers.
//!
//! Each works on a group of registers in lock step: the polynomial of one is a chain of dependent multiplications, and several
//! chains together keep the multipliers busy. Errors are at most 2.5 units in the last place, at every argument, with and without
//! fused multiplication; zeros keep their sign, NaN stays NaN.

#![allow(
    clippy::excessive_precision,
    reason = "coefficients are printed as the fit found them"
)]

mod exponential;
mod logarithm;
mod trigonometric;

pub(crate) use exponential::{elu, exp, expm1, sigmoid, silu, tanh};
pub(crate) use logarithm::{ln, softplus};
pub(crate) use trigonometric::{cos, sin, too_large};

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
    /// ln 2 in parts for tanh, which an error of n·ln 2 concerns the less the larger n is.
    const LN_2_OF_TANH: &'static [Self];
    /// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2: minimax in eʳ − 1, lowest power first; in f32 closer where roundings of tanh add up,
    /// before r = ⅛ and ¼.
    const EXP: &'static [Self];
    /// Below and above, eˣ is 0 and ∞.
    const EXP_RANGE: [Self; 2];
    /// Below, x·σ(x) rounds to −0.
    const SILU_LEAST: Self;
    /// From here on, tanh(x/2) rounds to 1 and eˣ − 1 to eˣ.
    const TANH_ONE: Self;
    const INFINITY: Self;
    /// Sixteen numbers of which all bits are set, then sixteen zeros: a mask of the first i numbers begins at 16 − i.
    const ONES_THEN_ZEROS: &'static [Self; 32];
    const ROOT_2: Self;
    /// The bits of 1, whose exponent field is the bias.
    const MANTISSA: Self;
    /// Adding the bits of a small integer to this power of two adds the integer.
    const COUNTER: Self;
    /// The bias of the exponent, and that power of two.
    const BIAS: Self;
    /// The smallest normal number, and a power of two that makes every subnormal number normal, with its exponent.
    const NORMAL: [Self; 3];
    /// ln((1 + s)/(1 − s)) = 2s + s³·(this in s²), lowest power first.
    const LN: &'static [Self];
    /// ln 2 in two parts for [`ln`].
    const LN_2_OF_LN: [Self; 2];
    /// π in parts so short that their products with the number of half turns are exact, but for the last.
    const PI: &'static [Self];
    /// Arguments beyond which these parts do not reach.
    const MOST_TURNS: Self;
    const ONE_OVER_PI: Self;
    /// Adding it rounds to an integer and leaves it in the lowest bits.
    const ROUND: Self;
    /// Adding it brings the lowest bit of a small integer to where [`Vector::bits_to_exponent`] makes it the sign.
    const TO_SIGN: Self;
    /// (sin r − r)/r³ in r² for |r| ≤ π/2: minimax in sin r, relative to it, lowest power first.
    const SIN: &'static [Self];
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
    const LN_2_OF_TANH: &'static [f64] = &Self::LN_2;
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
    const SILU_LEAST: f64 = -760.0;
    const TANH_ONE: f64 = 40.0;
    const INFINITY: f64 = f64::INFINITY;
    const ONES_THEN_ZEROS: &'static [f64; 32] = &{
        let mut mask = [0.0; 32];
        let mut i = 0;
        while i < 16 {
            mask[i] = f64::from_bits(u64::MAX);
            i += 1;
        }
        mask
    };
    const ROOT_2: f64 = core::f64::consts::SQRT_2;
    const MANTISSA: f64 = f64::from_bits((1 << 52) - 1);
    const COUNTER: f64 = 4_503_599_627_370_496.0;
    const BIAS: f64 = 1023.0;
    const NORMAL: [f64; 3] = [f64::MIN_POSITIVE, 18_014_398_509_481_984.0, 54.0];
    const LN: &'static [f64] = &[
        6.666_666_666_666_735_130e-1,
        3.999_999_999_940_941_908e-1,
        2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1,
        1.818_357_216_161_805_012e-1,
        1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ];
    const LN_2_OF_LN: [f64; 2] = [
        6.931_471_803_691_238_164_90e-1,
        1.908_214_929_270_587_700_02e-10,
    ];
    const PI: &'static [f64] = &[
        3.141_592_653_584_666_6,
        5.126_688_303_167_911_6e-12,
        2.112_599_813_397_485_5e-23,
    ];
    const MOST_TURNS: f64 = 1e5;
    const ONE_OVER_PI: f64 = core::f64::consts::FRAC_1_PI;
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const TO_SIGN: f64 = Self::ROUND / 2048.0;
    const SIN: &'static [f64] = &[
        -1.666_666_666_666_666_556_86e-1,
        8.333_333_333_333_194_204_499e-3,
        -1.984_126_984_120_918_224_894e-4,
        2.755_731_921_113_086_799_675e-6,
        -2.505_210_687_220_594_077_455e-8,
        1.605_893_967_537_046_751_36e-10,
        -7.642_990_679_764_163_581_003e-13,
        2.721_166_276_021_970_068_398e-15,
    ];
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
    const LN_2_OF_TANH: &'static [f32] = &[core::f32::consts::LN_2];
    const EXP: &'static [f32] = &[
        0.500_000_059_605,
        0.166_665_539_146,
        0.041_665_494_442,
        0.008_365_451_358_26,
        0.001_397_377_112_88,
    ];
    const EXP_RANGE: [f32; 2] = [-104.5, 89.0];
    const SILU_LEAST: f32 = -112.0;
    const TANH_ONE: f32 = 20.0;
    const INFINITY: f32 = f32::INFINITY;
    const ONES_THEN_ZEROS: &'static [f32; 32] = &{
        let mut mask = [0.0; 32];
        let mut i = 0;
        while i < 16 {
            mask[i] = f32::from_bits(u32::MAX);
            i += 1;
        }
        mask
    };
    const ROOT_2: f32 = core::f32::consts::SQRT_2;
    const MANTISSA: f32 = f32::from_bits((1 << 23) - 1);
    const COUNTER: f32 = 8_388_608.0;
    const BIAS: f32 = 127.0;
    const NORMAL: [f32; 3] = [f32::MIN_POSITIVE, 33_554_432.0, 25.0];
    const LN: &'static [f32] = &[
        0.666_666_626_93,
        0.400_009_721_52,
        0.284_987_866_88,
        0.242_790_788_41,
    ];
    const LN_2_OF_LN: [f32; 2] = [6.931_381_225_6e-1, 9.058_000_614_5e-6];
    const PI: &'static [f32] = &[
        2.0 * 1.570_312_5,
        2.0 * 4.837_512_969_970_703e-4,
        2.0 * 7.549_533_620_476_723e-8,
        2.0 * 2.563_344_068_257_089_6e-12,
    ];
    const MOST_TURNS: f32 = 8192.0;
    const ONE_OVER_PI: f32 = core::f32::consts::FRAC_1_PI;
    const ROUND: f32 = 12_582_912.0;
    const TO_SIGN: f32 = Self::ROUND / 256.0;
    const SIN: &'static [f32] = &[
        -1.666_665_954_747_633_936e-1,
        8.333_066_164_123_742_503e-3,
        -1.980_959_648_859_251_669e-4,
        2.605_765_641_042_261_225e-6,
    ];
}

/// A polynomial in every lane of a group, lowest power first.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn polynomial<V: Vector, const A: usize>(z: [V; A], coefficients: &[V::T]) -> [V; A] {
    // SAFETY: the caller's.
    unsafe {
        let last = coefficients.len() - 1;
        let mut p = [V::splat(coefficients[last]); A];
        for i in (0..last).rev() {
            let c = V::splat(coefficients[i]);
            for a in 0..A {
                p[a] = p[a].fma(z[a], c);
            }
        }
        p
    }
}
