//! Numbers that are one, or several side by side.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What a [`LaneField`](super::LaneField) computes with: an `f64`, or several in [`Lanes`]. Operations on lanes are those on each.
///
/// ```
/// use costate_ode::{Lane, Lanes};
///
/// fn distance<V: Lane>(x: V, y: V) -> V {
///     (x * x + y * y).sqrt()
/// }
/// assert_eq!(distance(3.0, 4.0), 5.0);
/// assert_eq!(distance(Lanes([3.0, 6.0]), Lanes([4.0, 8.0])), Lanes([5.0, 10.0]));
/// assert_eq!(Lanes([0.0, 1.0]).map(f64::exp), Lanes([1.0, 1.0_f64.exp()]));
/// ```
pub trait Lane:
    Copy
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The number in every lane.
    fn splat(value: f64) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// Any function, lane by lane: not vectorised unless the compiler sees through it.
    fn map(self, f: impl Fn(f64) -> f64) -> Self;
}

impl Lane for f64 {
    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        f(self)
    }
}

/// N numbers side by side.
///
/// ```
/// use costate_ode::{Lane, Lanes};
/// let x = Lanes([1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(x * x - Lanes::splat(1.0), Lanes([0.0, 3.0, 8.0, 15.0]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub struct Lanes<const N: usize>(pub [f64; N]);

impl<const N: usize> Lanes<N> {
    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self;
        for i in 0..N {
            out.0[i] = f(self.0[i], other.0[i]);
        }
        out
    }
}

impl<const N: usize> Add for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl<const N: usize> Sub for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl<const N: usize> Mul for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
}

impl<const N: usize> Div for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }
}

impl<const N: usize> Neg for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl<const N: usize> Lane for Lanes<N> {
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([value; N])
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let mut out = self;
        for i in 0..N {
            out.0[i] = f(self.0[i]);
        }
        out
    }
}
