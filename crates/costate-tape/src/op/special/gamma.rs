//! ln |Γ|, ψ and its derivatives, self-contained: this file also goes, as it is, into printed Rust source.
//!
//! The approximations of ln Γ are those of FreeBSD's `e_lgamma_r.c`:
//! Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business.
//! Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.

use std::f64::consts::PI;

/// Σ c\[k\] xᵏ.
fn polynomial(x: f64, c: &[f64]) -> f64 {
    c.iter().rev().fold(0.0, |sum, c| c + x * sum)
}

/// Where ψ is zero, and the rest of that number.
const ROOT: (f64, f64) = (1.461_632_144_968_362_2, 9.549_995_429_965_697e-17);
/// ln Γ at its least, and what is missing of that.
const LEAST: (f64, f64) = (-0.121_486_290_535_849_61, -3.638_676_997_039_505e-18);
/// ln Γ(2 − y) = y·(Σ aₖ yᵏ − ½).
const A: [f64; 12] = [
    0.077_215_664_901_532_87,
    0.322_467_033_424_113_6,
    0.067_352_301_053_129_27,
    0.020_580_808_432_516_733,
    0.007_385_550_860_814_029,
    0.002_890_513_836_734_156_3,
    0.001_192_707_631_833_620_7,
    0.000_510_069_792_153_511_3,
    0.000_220_862_790_713_908_39,
    0.000_108_011_567_247_583_94,
    2.521_445_654_512_573_3e-5,
    4.486_409_496_189_151_6e-5,
];
/// ln Γ(1.4616… + y) = least + y²·Σ tₖ yᵏ.
const T: [f64; 15] = [
    0.483_836_122_723_810_05,
    -0.147_587_722_994_593_9,
    0.064_624_940_239_133_39,
    -0.032_788_541_075_985_965,
    0.017_970_675_081_182_04,
    -0.010_314_224_129_834_144,
    0.006_100_538_702_462_913,
    -0.003_684_520_167_811_382_6,
    0.002_259_647_809_006_124_7,
    -0.001_403_464_699_892_328_4,
    0.000_881_081_882_437_654,
    -0.000_538_595_305_356_740_5,
    0.000_315_632_070_903_625_95,
    -0.000_312_754_168_375_120_86,
    0.000_335_529_192_635_519_1,
];
/// ln Γ(1 + y) = y·(U(y)/V(y) − ½).
const U: [f64; 6] = [
    -0.077_215_664_901_532_87,
    0.632_827_064_025_093_4,
    1.454_922_501_372_347_7,
    0.977_717_527_963_372_7,
    0.228_963_728_064_692_45,
    0.013_381_091_853_678_766,
];
/// Its denominator.
const V: [f64; 6] = [
    1.0,
    2.455_977_937_130_411_3,
    2.128_489_763_798_934,
    0.769_285_150_456_672_8,
    0.104_222_645_593_369_13,
    0.003_217_092_422_824_239,
];
/// ln Γ(2 + y) = y·(S(y)/R(y) + ½).
const S: [f64; 7] = [
    -0.077_215_664_901_532_87,
    0.214_982_415_960_608_85,
    0.325_778_796_408_931,
    0.146_350_472_652_464_45,
    0.026_642_270_303_363_86,
    0.001_840_284_514_073_377_2,
    3.194_753_265_841_009e-5,
];
/// Its denominator.
const R: [f64; 7] = [
    1.0,
    1.392_005_334_676_210_5,
    0.721_935_547_567_138_1,
    0.171_933_865_632_803_08,
    0.018_645_919_171_565_29,
    0.000_777_942_496_381_893_6,
    7.326_684_307_446_256e-6,
];
/// ln Γ(x) = (x − ½)(ln x − 1) + w₀ + Σ wₖ x^(1−2k) from 8 on.
const W: [f64; 7] = [
    0.418_938_533_204_672_7,
    0.083_333_333_333_332_97,
    -0.002_777_777_777_287_755_4,
    0.000_793_650_558_643_019_6,
    -0.000_595_187_557_450_34,
    0.000_836_339_918_996_282_1,
    -0.001_630_929_340_965_752_7,
];

/// ln Γ(x) for 0 < x < 2 without the pole: what is to be added to −ln x below 0.9, itself above.
fn near_one(x: f64) -> f64 {
    let below = x <= 0.9;
    let whole = if below { 1.0 } else { 2.0 };
    let y = whole - x;
    if y <= 0.268_4 {
        let z = y * y;
        let even = [A[0], A[2], A[4], A[6], A[8], A[10]];
        let odd = [A[1], A[3], A[5], A[7], A[9], A[11]];
        return y * polynomial(z, &even) + z * polynomial(z, &odd) - 0.5 * y;
    }
    if y <= 0.768_4 {
        // The distance to the least, which lies between 1 and 2.
        let y = if below {
            x - (ROOT.0 - 1.0)
        } else {
            x - ROOT.0
        };
        let (z, w) = (y * y, y * y * y);
        let part = |first: usize| {
            polynomial(
                w,
                &[
                    T[first],
                    T[first + 3],
                    T[first + 6],
                    T[first + 9],
                    T[first + 12],
                ],
            )
        };
        let p = z * part(0) - (LEAST.1 - w * (part(1) + y * part(2)));
        return LEAST.0 + p;
    }
    let y = if below { x } else { x - 1.0 };
    -0.5 * y + y * polynomial(y, &U) / polynomial(y, &V)
}

/// ln Γ(x) for x > 0.
fn right(x: f64) -> f64 {
    if x == 1.0 || x == 2.0 {
        0.0
    } else if x < 2f64.powi(-70) {
        -x.ln()
    } else if x < 2.0 {
        let near = near_one(x);
        if x <= 0.9 { near - x.ln() } else { near }
    } else if x < 8.0 {
        let y = x - x.floor();
        let mut sum = 0.5 * y + y * polynomial(y, &S) / polynomial(y, &R);
        let mut product = 1.0;
        // Γ(x) = (x − 1)(x − 2)…(y + 2) Γ(y + 2).
        for k in (2..x as i32).rev() {
            product *= y + f64::from(k);
        }
        if x >= 3.0 {
            sum += product.ln();
        }
        sum
    } else if x < 2f64.powi(58) {
        let z = 1.0 / x;
        let w = W[0] + z * polynomial(z * z, &W[1..]);
        (x - 0.5) * (x.ln() - 1.0) + w
    } else {
        x * (x.ln() - 1.0)
    }
}

/// ln |Γ(x)|; ∞ at the poles 0, −1, −2, …
pub(crate) fn lgamma(x: f64) -> f64 {
    if x.is_nan() || x.is_infinite() {
        return x * x;
    }
    if x > 0.0 {
        return right(x);
    }
    let x = -x;
    if x < 2f64.powi(-70) {
        return -x.ln();
    }
    // Γ(x)Γ(−x) = −π/(x sin πx); the distance to the nearest whole number is exact, and so is the sine at the poles.
    let sine = (PI * (x - x.round())).sin().abs();
    if sine == 0.0 {
        f64::INFINITY
    } else {
        (PI / (sine * x)).ln() - right(x)
    }
}

/// ψ(x)/(x − root) on [1, 2] by Chebyshev polynomials of 2x − 3.
const NEAR_ROOT: [f64; 23] = [
    0.983_570_260_441_567,
    -0.227_064_086_334_644_4,
    0.033_368_899_023_930_11,
    -0.005_320_077_271_596_548,
    0.000_878_865_693_782_050_5,
    -0.000_147_734_926_506_060_44,
    2.506_054_346_835_914_6e-5,
    -4.272_103_402_999_332_4e-6,
    7.302_769_272_465_923e-7,
    -1.250_288_681_355_959_4e-7,
    2.142_500_932_235_947_2e-8,
    -3.673_295_918_565_179e-9,
    6.299_717_236_108_931e-10,
    -1.080_593_028_883_266e-10,
    1.853_735_192_053_638e-11,
    -3.180_235_365_825_53e-12,
    5.456_147_570_322_795e-13,
    -9.360_993_131_036_438e-14,
    1.606_064_636_295_075e-14,
    -2.755_543_137_743_881_5e-15,
    4.727_736_178_601_912e-16,
    -8.111_484_203_465_09e-17,
    1.391_707_769_474_154e-17,
];

/// B₂ₖ, the Bernoulli numbers, k = 1 … 12.
const BERNOULLI: [f64; 12] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
];

/// ψ(x) = Γ′(x)/Γ(x); ∓∞ at ±0, NaN at the other poles.
pub(crate) fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -1.0 / x;
    }
    if x < 0.0 {
        // ψ(1 − x) − π cot πx.
        let rest = x - x.round();
        return if rest == 0.0 || x.is_infinite() {
            f64::NAN
        } else if x > -0.5 {
            digamma(1.0 + x) - 1.0 / x
        } else {
            digamma(1.0 - x) - PI / (PI * rest).tan()
        };
    }
    if x < 1.0 {
        return digamma(x + 1.0) - 1.0 / x;
    }
    if x <= 2.0 {
        let t = 2.0 * x - 3.0;
        let (mut b1, mut b2) = (0.0, 0.0);
        for c in NEAR_ROOT[1..].iter().rev() {
            (b1, b2) = (c + 2.0 * t * b1 - b2, b1);
        }
        return (x - ROOT.0 - ROOT.1) * (NEAR_ROOT[0] + t * b1 - b2);
    }
    if x < 8.0 {
        let (mut at, mut sum) = (x, 0.0);
        while at > 2.0 {
            at -= 1.0;
            sum += 1.0 / at;
        }
        return sum + digamma(at);
    }
    let square = 1.0 / (x * x);
    let mut series = 0.0;
    for (k, b) in BERNOULLI.iter().enumerate().take(10).rev() {
        series = square * (b / (2 * (k + 1)) as f64 + series);
    }
    x.ln() - 0.5 / x - series
}

/// n! x^−(n+1), factor by factor: neither the factorial nor the power leaves the range before their product does.
fn term(n: u32, x: f64) -> f64 {
    (1..=n).fold(1.0 / x, |product, k| product * (f64::from(k) / x))
}

/// n! Σ (x + k)^−(n+1) over k = 0, 1, … for x > 0: Hurwitz' ζ(n + 1, x) by the formula of Euler and Maclaurin.
fn zeta(n: u32, x: f64) -> f64 {
    let s = f64::from(n) + 1.0;
    let (mut at, mut sum) = (x, 0.0);
    while at < s + 8.0 {
        sum += term(n, at);
        at += 1.0;
    }
    let last = term(n, at);
    // B₂ⱼ/(2j)! · s(s+1)…(s+2j−2) · at^(1−2j), from the smallest on.
    let mut series = 0.0;
    for (j, b) in BERNOULLI.iter().enumerate().rev() {
        let j = (j + 1) as f64;
        let next = (s + 2.0 * j - 1.0) * (s + 2.0 * j) / ((2.0 * j + 1.0) * (2.0 * j + 2.0));
        series = b + series * next / (at * at);
    }
    // The first coefficient is B₂ s/2.
    sum + last * (at / (s - 1.0) + 0.5 + 0.5 * s * series / at)
}

/// ψ⁽ⁿ⁾(x) of order ⌊n⌋ from 0 to 170: ψ itself for 0, NaN for other orders. At the poles +∞ for odd orders; for even ones ∓∞ at ±0 and NaN elsewhere.
pub(crate) fn polygamma(n: f64, x: f64) -> f64 {
    let n = n.floor();
    if n == 0.0 {
        return digamma(x);
    }
    // 171! is beyond the numbers.
    if !(0.0..=170.0).contains(&n) || x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    let n = n as u32;
    let sign = if n % 2 == 1 { 1.0 } else { -1.0 };
    if x == f64::INFINITY {
        return sign * 0.0;
    }
    if x > 0.0 {
        return sign * zeta(n, x);
    }
    // The sum over all whole numbers has period 1: that of the distance to the nearest one, less the terms that are not there.
    let rest = x - x.round();
    if rest == 0.0 {
        return if n % 2 == 1 {
            f64::INFINITY
        } else if x == 0.0 {
            -1.0 / x
        } else {
            f64::NAN
        };
    }
    let mirrored = |y: f64| sign * zeta(n, y);
    let nearest = term(n, rest);
    // Half way between two poles of opposite signs they cancel pair by pair.
    let whole = if n.is_multiple_of(2) && rest.abs() == 0.5 {
        0.0
    } else if nearest.is_infinite() {
        nearest
    } else {
        nearest + zeta(n, 1.0 + rest) + mirrored(1.0 - rest)
    };
    sign * (whole - mirrored(1.0 - x))
}
