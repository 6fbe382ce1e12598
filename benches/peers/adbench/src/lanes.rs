//! Points side by side, for code by hand: arrays that the compiler makes registers of.

use crate::number::number;
use std::ops::{Add, Div, Mul, Neg, Sub};

#[derive(Clone, Copy)]
pub struct Lanes<const N: usize>(pub [f64; N]);

impl<const N: usize> Lanes<N> {
    #[inline(always)]
    fn each(mut self, f: impl Fn(f64) -> f64) -> Self {
        for i in 0..N {
            self.0[i] = f(self.0[i]);
        }
        self
    }

    #[inline(always)]
    fn with(mut self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        for i in 0..N {
            self.0[i] = f(self.0[i], other.0[i]);
        }
        self
    }

    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        self.with(other, |x, y| if x > y { x } else { y })
    }

    /// self·factor + sum, fused where the processor can.
    #[inline(always)]
    pub fn add_times(self, factor: f64, sum: Self) -> Self {
        self.with(sum, |x, y| x.mul_add(factor, y))
    }

    #[inline(always)]
    pub fn exp(&self) -> Self {
        self.each(exp)
    }

    #[inline(always)]
    pub fn ln(&self) -> Self {
        self.each(f64::ln)
    }

    #[inline(always)]
    pub fn sqrt(&self) -> Self {
        self.each(f64::sqrt)
    }

    #[inline(always)]
    pub fn sin(&self) -> Self {
        self.each(|x| sin(x, 0.0))
    }

    #[inline(always)]
    pub fn cos(&self) -> Self {
        self.each(|x| sin(x, 0.5))
    }

    #[inline(always)]
    pub fn tanh(&self) -> Self {
        self.each(|x| 1.0 - 2.0 / (exp(2.0 * x) + 1.0))
    }
}

/// eˣ without a branch, for |x| < 700: x = n·ln 2 + r and Taylor's series of eʳ.
#[inline(always)]
fn exp(x: f64) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let x = if x < -700.0 { -700.0 } else { x };
    let biased = x.mul_add(std::f64::consts::LOG2_E, MAGIC);
    let n = biased - MAGIC;
    let r = n.mul_add(-6.931_471_803_691_238e-1, x);
    let r = n.mul_add(-1.908_214_929_270_587_7e-10, r);
    let mut p = 1.0 / 479_001_600.0;
    for c in [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = r.mul_add(p, c);
    }
    // The integer is in the lowest bits; 2ⁿ in the exponent.
    p * f64::from_bits(biased.to_bits().wrapping_add(1023) << 52)
}

/// sin(x + shift·π) without a branch, for moderate x: half turns taken off, Taylor's series of what is left.
#[inline(always)]
fn sin(x: f64, shift: f64) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let biased = x.mul_add(std::f64::consts::FRAC_1_PI, shift) + MAGIC;
    let turns = biased - MAGIC - shift;
    let r = turns.mul_add(-std::f64::consts::PI, x);
    let r = turns.mul_add(-1.224_646_799_147_353_2e-16, r);
    let z = r * r;
    let mut p = 1.0 / 51_090_942_171_709_440_000.0;
    for c in [
        -1.0 / 121_645_100_408_832_000.0,
        1.0 / 355_687_428_096_000.0,
        -1.0 / 1_307_674_368_000.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
    ] {
        p = z.mul_add(p, c);
    }
    let sine = (r * z).mul_add(p, r);
    f64::from_bits(sine.to_bits() ^ (biased.to_bits() << 63))
}

macro_rules! operator {
    ($operator:ident, $method:ident, $sign:tt) => {
        impl<const N: usize> $operator for Lanes<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.with(other, |x, y| x $sign y)
            }
        }
        impl<const N: usize> $operator<f64> for Lanes<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                self.each(|x| x $sign other)
            }
        }
    };
}
operator!(Add, add, +);
operator!(Sub, sub, -);
operator!(Mul, mul, *);
operator!(Div, div, /);

impl<const N: usize> Neg for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.each(|x| -x)
    }
}

number!([const N: usize] Lanes<N>, [Lanes::<N>], &);
