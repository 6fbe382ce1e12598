//! Dual numbers: forward mode for a few directions, without a tape.

mod float;

use crate::op::{Binary, Unary};
use crate::scalar::Scalar;
use std::cmp::Ordering;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A value and its derivatives in N directions, v + Σ dᵢ εᵢ with εᵢεⱼ = 0.
///
/// With one direction, a product is
#[cfg_attr(doc, doc = include_str!("../formulas/dual-ring.html"))]
///
/// Nesting gives higher derivatives. Comparisons look at the value alone. It implements num-traits' `Float` too, so generic
/// numerical code (a differential equation solver, say) carries derivatives without change.
///
/// ```
/// use costate_tape::{Dual, Scalar};
/// let x = Dual::<f64, 1>::variable(2.0, 0);
/// let y = x * x * x;
/// assert_eq!((y.value, y.tangent), (8.0, [12.0]));
/// // Second derivative by nesting.
/// let x = Dual { value: Dual::variable(2.0, 0), tangent: [Dual::<f64, 1>::from_f64(1.0)] };
/// assert_eq!((x * x * x).tangent[0].tangent[0], 12.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dual<T, const N: usize> {
    /// The value.
    pub value: T,
    /// The derivative in each direction.
    pub tangent: [T; N],
}

impl<T: Scalar, const N: usize> Dual<T, N> {
    /// A number whose derivatives are zero.
    #[inline]
    pub fn constant(value: T) -> Self {
        Dual {
            value,
            tangent: [T::from_f64(0.0); N],
        }
    }

    /// The variable that direction `direction` belongs to.
    ///
    /// # Panics
    /// If there are not that many directions.
    ///
    /// ```
    /// use costate_tape::{Dual, Scalar};
    /// let (x, y) = (Dual::<f64, 2>::variable(3.0, 0), Dual::variable(5.0, 1));
    /// assert_eq!((x * y + Dual::constant(1.0)).tangent, [5.0, 3.0]);
    /// ```
    #[inline]
    #[track_caller]
    pub fn variable(value: T, direction: usize) -> Self {
        let mut variable = Dual::constant(value);
        variable.tangent[direction] = T::from_f64(1.0);
        variable
    }

    /// The value φ(v) with the derivatives φ′(v)·dᵢ.
    #[inline]
    fn chain(self, value: T, slope: T) -> Self {
        Dual {
            value,
            tangent: self.tangent.map(|d| slope * d),
        }
    }
}

impl<T: Scalar, const N: usize> Add for Dual<T, N> {
    type Output = Self;

    #[inline]
    fn add(mut self, other: Self) -> Self {
        self.value = self.value + other.value;
        for i in 0..N {
            self.tangent[i] = self.tangent[i] + other.tangent[i];
        }
        self
    }
}

impl<T: Scalar, const N: usize> Sub for Dual<T, N> {
    type Output = Self;

    #[inline]
    fn sub(mut self, other: Self) -> Self {
        self.value = self.value - other.value;
        for i in 0..N {
            self.tangent[i] = self.tangent[i] - other.tangent[i];
        }
        self
    }
}

impl<T: Scalar, const N: usize> Neg for Dual<T, N> {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Dual {
            value: -self.value,
            tangent: self.tangent.map(|d| -d),
        }
    }
}

impl<T: Scalar, const N: usize> Mul for Dual<T, N> {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        self.binary(Binary::Mul, other)
    }
}

impl<T: Scalar, const N: usize> Div for Dual<T, N> {
    type Output = Self;

    #[inline]
    fn div(self, other: Self) -> Self {
        self.binary(Binary::Div, other)
    }
}

macro_rules! assigned {
    ($($trait:ident::$method:ident $sign:tt)*) => {$(
        impl<T: Scalar, const N: usize> $trait for Dual<T, N> {
            #[inline]
            fn $method(&mut self, other: Self) {
                *self = *self $sign other;
            }
        }
    )*};
}

assigned! { AddAssign::add_assign + SubAssign::sub_assign - MulAssign::mul_assign * DivAssign::div_assign / }

impl<T: Scalar, const N: usize> Sum for Dual<T, N> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms
            .reduce(|sum, term| sum + term)
            .unwrap_or_else(|| Scalar::from_f64(0.0))
    }
}

impl<T: Scalar, const N: usize> Product for Dual<T, N> {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        factors
            .reduce(|product, factor| product * factor)
            .unwrap_or_else(|| Scalar::from_f64(1.0))
    }
}

impl<T: Scalar, const N: usize> PartialEq for Dual<T, N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Scalar, const N: usize> PartialOrd for Dual<T, N> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Scalar, const N: usize> Scalar for Dual<T, N> {
    #[inline]
    fn from_f64(value: f64) -> Self {
        Dual::constant(T::from_f64(value))
    }

    #[inline]
    fn unary(self, op: Unary) -> Self {
        let value = self.value.unary(op);
        self.chain(value, op.derivative(self.value, value))
    }

    #[inline]
    fn binary(self, op: Binary, other: Self) -> Self {
        let value = self.value.binary(op, other.value);
        let (da, db) = op.derivatives(self.value, other.value, value);
        let mut tangent = self.tangent;
        for i in 0..N {
            tangent[i] = da * self.tangent[i] + db * other.tangent[i]; // book: (dual-ring)
        }
        Dual { value, tangent }
    }

    #[inline]
    fn select(condition: Self, a: Self, b: Self) -> Self {
        let mut tangent = a.tangent;
        for i in 0..N {
            tangent[i] = T::select(condition.value, a.tangent[i], b.tangent[i]);
        }
        Dual {
            value: T::select(condition.value, a.value, b.value),
            tangent,
        }
    }

    #[inline]
    fn powi(self, n: i32) -> Self {
        match n {
            0 => Dual::constant(T::from_f64(1.0)),
            1 => self,
            _ => self.chain(
                self.value.powi(n),
                T::from_f64(f64::from(n)) * self.value.powi(n - 1),
            ),
        }
    }
}
