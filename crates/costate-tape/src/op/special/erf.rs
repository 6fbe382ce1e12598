//! The error function and its kin, self-contained: this file also goes, as it is, into printed Rust source.
//!
//! The rational approximations are those of FreeBSD's `s_erf.c`:
//! Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business.
//! Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.

/// Σ c\[k\] xᵏ.
fn polynomial(x: f64, c: &[f64]) -> f64 {
    c.iter().rev().fold(0.0, |sum, c| c + x * sum)
}

/// erf 1, to 24 bits.
const ERX: f64 = 0.845_062_911_510_467_5;
/// erf x = x + x·P(x²)/Q(x²) for |x| below 0.84375.
const PP: [f64; 5] = [
    0.128_379_167_095_512_56,
    -0.325_042_107_247_001_5,
    -0.028_481_749_575_598_51,
    -0.005_770_270_296_489_442,
    -2.376_301_665_665_016_3e-5,
];
/// Its denominator.
const QQ: [f64; 6] = [
    1.0,
    0.397_917_223_959_155_35,
    0.065_022_249_988_767_3,
    0.005_081_306_281_875_766,
    0.000_132_494_738_004_321_64,
    -3.960_228_278_775_368e-6,
];
/// erf x = erf 1 + P(s)/Q(s) with s = |x| − 1 up to 1.25.
const PA: [f64; 7] = [
    -0.002_362_118_560_752_659_4,
    0.414_856_118_683_748_33,
    -0.372_207_876_035_701_3,
    0.318_346_619_901_161_75,
    -0.110_894_694_282_396_68,
    0.035_478_304_325_618_236,
    -0.002_166_375_594_868_791,
];
/// Its denominator.
const QA: [f64; 7] = [
    1.0,
    0.106_420_880_400_844_23,
    0.540_397_917_702_171,
    0.071_828_654_414_196_27,
    0.126_171_219_808_761_64,
    0.013_637_083_912_029_05,
    0.011_984_499_846_799_107,
];
/// erfc x = exp(−x² − 0.5625 + R(1/x²)/S(1/x²))/x up to 1/0.35.
const RA: [f64; 8] = [
    -0.009_864_944_034_847_148,
    -0.693_858_572_707_181_8,
    -10.558_626_225_323_291,
    -62.375_332_450_326_006,
    -162.396_669_462_573_47,
    -184.605_092_906_711_04,
    -81.287_435_506_306_6,
    -9.814_329_344_169_145,
];
/// Its denominator.
const SA: [f64; 9] = [
    1.0,
    19.651_271_667_439_257,
    137.657_754_143_519_04,
    434.565_877_475_229_23,
    645.387_271_733_267_9,
    429.008_140_027_567_83,
    108.635_005_541_779_44,
    6.570_249_770_319_282,
    -0.060_424_415_214_858_1,
];
/// The same beyond, up to 28.
const RB: [f64; 7] = [
    -0.009_864_942_924_700_1,
    -0.799_283_237_680_523,
    -17.757_954_917_754_752,
    -160.636_384_855_821_92,
    -637.566_443_368_389_6,
    -1_025.095_131_611_077_2,
    -483.519_191_608_651_4,
];
/// Its denominator.
const SB: [f64; 8] = [
    1.0,
    30.338_060_743_482_46,
    325.792_512_996_573_9,
    1_536.729_586_084_437,
    3_199.858_219_508_595_5,
    2_553.050_406_433_164_4,
    474.528_541_206_955_37,
    -22.440_952_446_585_82,
];

/// erfc |x| for |x| of at least 0.84375.
fn tail(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.25 {
        let s = x - 1.0;
        return 1.0 - ERX - polynomial(s, &PA) / polynomial(s, &QA);
    }
    if x >= 28.0 {
        return 0.0;
    }
    let s = 1.0 / (x * x);
    let exponent = if x < 1.0 / 0.35 {
        polynomial(s, &RA) / polynomial(s, &SA)
    } else {
        polynomial(s, &RB) / polynomial(s, &SB)
    };
    // The square of the upper half of the digits is exact.
    let z = f64::from_bits(x.to_bits() >> 32 << 32);
    (-z * z - 0.5625).exp() * ((z - x) * (z + x) + exponent).exp() / x
}

/// 2/√π ∫₀ˣ e^(−s²) ds.
pub(crate) fn erf(x: f64) -> f64 {
    if x.abs() < 0.843_75 {
        if x.abs() < 2f64.powi(-28) {
            // 2/√π x, of the smallest numbers too.
            return 0.125 * (8.0 * x + 1.027_033_336_764_100_7 * x);
        }
        let z = x * x;
        return x + x * (polynomial(z, &PP) / polynomial(z, &QQ));
    }
    if x.is_nan() {
        x
    } else {
        (1.0 - tail(x)).copysign(x)
    }
}

/// 1 − erf x, with all digits in the right tail.
pub(crate) fn erfc(x: f64) -> f64 {
    if x.abs() < 0.843_75 {
        let z = x * x;
        let y = polynomial(z, &PP) / polynomial(z, &QQ);
        return if x < 0.25 {
            1.0 - (x + x * y)
        } else {
            0.5 - (x - 0.5 + x * y)
        };
    }
    if x.is_nan() {
        x
    } else if x < 0.0 {
        2.0 - tail(x)
    } else {
        tail(x)
    }
}

/// x·Φ(x) = ½ x erfc(−x/√2). In the left tail erfc magnifies the rounding of x/√2 by x²: what was rounded away is put back to
/// first order.
pub(crate) fn gelu(x: f64) -> f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
    /// 1/√2 beyond [`FRAC_1_SQRT_2`].
    const BEYOND: f64 = -4.833_646_656_726_457e-17;
    if x == f64::NEG_INFINITY {
        return -0.0;
    }
    let z = -x * FRAC_1_SQRT_2;
    let rest = f64::mul_add(-x, FRAC_1_SQRT_2, -z) - x * BEYOND;
    let tail = erfc(z);
    let slope = FRAC_2_SQRT_PI * (-z * z).exp();
    0.5 * x
        * if rest.is_finite() {
            tail - slope * rest
        } else {
            tail
        }
}
