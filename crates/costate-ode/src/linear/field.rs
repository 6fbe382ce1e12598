//! Elements that equations can be solved in.

use crate::{Element, Real};
use num_traits::One;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// An [`Element`] with the four operations: what implicit methods need to solve for a state.
///
/// It is implemented for every type that can: all floating-point types and complex numbers do.
///
/// ```
/// use costate_ode::Field;
///
/// fn half<T, E: Field<T>>() -> E {
///     E::one() / (E::one() + E::one())
/// }
/// assert_eq!(half::<f64, f32>(), 0.5);
/// ```
pub trait Field<T>:
    Element<T> + One + Add<Output = Self> + Sub<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// The scalar `value` as an element.
    #[inline]
    #[must_use]
    fn real(value: T) -> Self {
        Self::zero().add_scaled(Self::weight(value), Self::one())
    }
}

impl<T, E> Field<T> for E where
    E: Element<T> + One + Add<Output = E> + Sub<Output = E> + Div<Output = E> + Neg<Output = E>
{
}

/// re + i·im over any elements, for equations that are complex whatever the state is made of.
///
/// Over complex elements its i is another one than theirs, so that one complex system stands for the two that they need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair<E> {
    pub(crate) re: E,
    pub(crate) im: E,
}

impl<E> Pair<E> {
    #[inline]
    pub(crate) fn real<T>(re: E) -> Self
    where
        E: Element<T>,
    {
        let im = E::zero();
        Self { re, im }
    }
}

impl<E: Add<Output = E>> Add for Pair<E> {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

impl<E: Sub<Output = E>> Sub for Pair<E> {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }
}

impl<E: Neg<Output = E>> Neg for Pair<E> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self {
            re: -self.re,
            im: -self.im,
        }
    }
}

impl<E: Copy + Mul<Output = E> + Add<Output = E> + Sub<Output = E>> Mul for Pair<E> {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

impl<E> Div for Pair<E>
where
    E: Copy + Mul<Output = E> + Add<Output = E> + Sub<Output = E> + Div<Output = E>,
{
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        let norm = other.re * other.re + other.im * other.im;
        Self {
            re: (self.re * other.re + self.im * other.im) / norm,
            im: (self.im * other.re - self.re * other.im) / norm,
        }
    }
}

impl<E: Copy + One + Add<Output = E> + Sub<Output = E>> One for Pair<E> {
    #[inline]
    fn one() -> Self {
        Self {
            re: E::one(),
            im: E::one() - E::one(),
        }
    }
}

impl<T: Real, E: Field<T>> Element<T> for Pair<E> {
    type Weight = E::Weight;

    #[inline]
    fn zero() -> Self {
        Self {
            re: E::zero(),
            im: E::zero(),
        }
    }
    #[inline]
    fn weight(value: T) -> E::Weight {
        E::weight(value)
    }
    #[inline]
    fn add_scaled(self, weight: E::Weight, other: Self) -> Self {
        Self {
            re: self.re.add_scaled(weight, other.re),
            im: self.im.add_scaled(weight, other.im),
        }
    }
    /// |re| + |im|: what a pivot is chosen by.
    #[inline]
    fn magnitude(self) -> T {
        self.re.magnitude() + self.im.magnitude()
    }
    #[inline]
    fn epsilon() -> T {
        E::epsilon()
    }
}
