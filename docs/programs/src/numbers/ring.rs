//! Rings, and what differentiation needs of a number.

use num_traits::{One, Zero};
use std::fmt::Debug;
use std::ops::{Add, Mul, Neg, Sub};

// ANCHOR: ring
/// A commutative ring: 0, 1, +, −, ×. Nothing is divided and nothing compared by size.
pub trait Ring:
    Copy + Debug + PartialEq + Zero + One + Sub<Output = Self> + Neg<Output = Self>
{
}

impl<R> Ring for R where R: Copy + Debug + PartialEq + Zero + One + Sub<Output = R> + Neg<Output = R>
{}

/// v + d ε with ε² = 0, over any ring: a ring again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<R> {
    /// v.
    pub value: R,
    /// d.
    pub slope: R,
}

impl<R: Ring> Mul for Pair<R> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            slope: self.value * other.slope + self.slope * other.value, // book: (dual-ring)
        }
    }
}
// ANCHOR_END: ring

impl<R: Ring> Add for Pair<R> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            slope: self.slope + other.slope,
        }
    }
}

impl<R: Ring> Neg for Pair<R> {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            value: -self.value,
            slope: -self.slope,
        }
    }
}

impl<R: Ring> Sub for Pair<R> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<R: Ring> Zero for Pair<R> {
    fn zero() -> Self {
        Self {
            value: R::zero(),
            slope: R::zero(),
        }
    }

    fn is_zero(&self) -> bool {
        *self == Self::zero()
    }
}

impl<R: Ring> One for Pair<R> {
    fn one() -> Self {
        Self {
            value: R::one(),
            slope: R::zero(),
        }
    }
}

/// A whole number modulo 7: a field of seven elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seven(pub u8);

impl Seven {
    /// 1/x, found by trying.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        (0..7).map(Self).find(|y| self * *y == Self(1))
    }
}

impl Add for Seven {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self((self.0 + other.0) % 7)
    }
}

impl Mul for Seven {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0 % 7)
    }
}

impl Neg for Seven {
    type Output = Self;

    fn neg(self) -> Self {
        Self((7 - self.0) % 7)
    }
}

impl Sub for Seven {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Zero for Seven {
    fn zero() -> Self {
        Self(0)
    }

    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl One for Seven {
    fn one() -> Self {
        Self(1)
    }
}

// ANCHOR: cubic
/// x³ − 2x, in any ring.
pub fn cubic<R: Ring>(x: R) -> R {
    x * x * x - (x + x)
}

/// The same and its derivative, in any ring.
pub fn slope<R: Ring>(x: R) -> R {
    let x = Pair {
        value: x,
        slope: R::one(),
    };
    cubic(x).slope
}
// ANCHOR_END: cubic
