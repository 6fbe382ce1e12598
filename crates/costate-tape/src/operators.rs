//! Rust's operators on variables: `+ - * /` with each other and with plain numbers, sums and products of iterators, and
//! comparisons, which become guards.

use crate::op::{Binary, Unary};
use crate::scalar::Scalar;
use crate::var::Var;
use std::cmp::Ordering;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assigned:ident, $op:expr) => {
        impl<'t, T: Scalar> $trait for Var<'t, T> {
            type Output = Var<'t, T>;

            #[track_caller]
            fn $method(self, other: Self) -> Self {
                self.binary($op, other)
            }
        }

        impl<'t, T: Scalar> $trait<T> for Var<'t, T> {
            type Output = Var<'t, T>;

            #[track_caller]
            fn $method(self, other: T) -> Self {
                self.binary($op, Var::detached(other))
            }
        }

        impl<T: Scalar> $assign for Var<'_, T> {
            #[track_caller]
            fn $assigned(&mut self, other: Self) {
                *self = self.binary($op, other);
            }
        }

        impl<T: Scalar> $assign<T> for Var<'_, T> {
            #[track_caller]
            fn $assigned(&mut self, other: T) {
                *self = self.binary($op, Var::detached(other));
            }
        }

        operator!($trait, $method, $op, f32);
        operator!($trait, $method, $op, f64);
    };
    ($trait:ident, $method:ident, $op:expr, $number:ty) => {
        impl<'t> $trait<Var<'t, $number>> for $number {
            type Output = Var<'t, $number>;

            #[track_caller]
            fn $method(self, other: Var<'t, $number>) -> Var<'t, $number> {
                Var::detached(self).binary($op, other)
            }
        }
    };
}

operator!(Add, add, AddAssign, add_assign, Binary::Add);
operator!(Sub, sub, SubAssign, sub_assign, Binary::Sub);
operator!(Mul, mul, MulAssign, mul_assign, Binary::Mul);
operator!(Div, div, DivAssign, div_assign, Binary::Div);

impl<'t, T: Scalar> Neg for Var<'t, T> {
    type Output = Var<'t, T>;

    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

/// The terms added one by one, broadcasting. A sum of none is the plain number 0, which belongs to no tape until it meets a
/// variable of one. The elements of an array are added in one step by [`Var::sum`].
///
/// ```
/// use costate_tape::{Var, value_and_gradient};
/// let (y, slope) = value_and_gradient(|x| (0..3).map(|i| x.index(i) * x.index(i)).sum(), &[1.0, 2.0, 3.0]);
/// assert_eq!((y, slope), (14.0, vec![2.0, 4.0, 6.0]));
/// let none: [Var<f64>; 0] = [];
/// assert_eq!(none.iter().sum::<Var<f64>>().value(), Some(vec![0.0]));
/// ```
impl<T: Scalar> Sum for Var<'_, T> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms
            .reduce(|sum, term| sum + term)
            .unwrap_or_else(|| Var::from_f64(0.0))
    }
}

impl<'a, 't, T: Scalar> Sum<&'a Var<'t, T>> for Var<'t, T> {
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

/// The factors multiplied one by one, broadcasting; a product of none is the plain number 1. The elements of an array are
/// multiplied by [`Var::product_axis`].
///
/// ```
/// use costate_tape::value_and_gradient;
/// let (y, slope) = value_and_gradient(|x| (0..3).map(|i| x.index(i)).product(), &[2.0, 3.0, 5.0]);
/// assert_eq!((y, slope), (30.0, vec![15.0, 10.0, 6.0]));
/// ```
impl<T: Scalar> Product for Var<'_, T> {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        factors
            .reduce(|product, factor| product * factor)
            .unwrap_or_else(|| Var::from_f64(1.0))
    }
}

impl<'a, 't, T: Scalar> Product<&'a Var<'t, T>> for Var<'t, T> {
    fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
        factors.copied().product()
    }
}

/// Leaves a guard, as all comparisons of recorded numbers do.
impl<T: Scalar> PartialEq for Var<'_, T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.decide(Binary::Eq, *other)
    }

    // The one that is provided would take its own line for the user's.
    #[allow(clippy::partialeq_ne_impl)]
    #[track_caller]
    fn ne(&self, other: &Self) -> bool {
        !self.decide(Binary::Eq, *other)
    }
}

impl<T: Scalar> PartialOrd for Var<'_, T> {
    #[track_caller]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.decide(Binary::Lt, *other) {
            Some(Ordering::Less)
        } else if self.decide(Binary::Eq, *other) {
            Some(Ordering::Equal)
        } else if self.decide(Binary::Gt, *other) {
            Some(Ordering::Greater)
        } else {
            None
        }
    }

    #[track_caller]
    fn lt(&self, other: &Self) -> bool {
        self.decide(Binary::Lt, *other)
    }

    #[track_caller]
    fn le(&self, other: &Self) -> bool {
        self.decide(Binary::Le, *other)
    }

    #[track_caller]
    fn gt(&self, other: &Self) -> bool {
        self.decide(Binary::Gt, *other)
    }

    #[track_caller]
    fn ge(&self, other: &Self) -> bool {
        self.decide(Binary::Ge, *other)
    }
}

/// A plain number stands on the right.
impl<T: Scalar> PartialEq<T> for Var<'_, T> {
    #[track_caller]
    fn eq(&self, other: &T) -> bool {
        *self == Var::detached(*other)
    }

    #[allow(clippy::partialeq_ne_impl)]
    #[track_caller]
    fn ne(&self, other: &T) -> bool {
        *self != Var::detached(*other)
    }
}

/// A plain number stands on the right. (One on the left would leave the types of comparisons between plain numbers unknown
/// elsewhere in your code.)
///
/// ```
/// use costate_tape::Function;
/// let f = Function::<f64>::record_at(&[("x", &[], &[3.0])], |v| vec![if v[0] > 0.0 { v[0] } else { -v[0] }])?;
/// assert_eq!(f.eval(&[&[2.0]])?[0], [2.0]);
/// assert!(f.eval(&[&[-2.0]]).is_err()); // the branch that was recorded is the other one
/// # Ok::<(), costate_tape::Error>(())
/// ```
impl<T: Scalar> PartialOrd<T> for Var<'_, T> {
    #[track_caller]
    fn partial_cmp(&self, other: &T) -> Option<Ordering> {
        self.partial_cmp(&Var::detached(*other))
    }

    #[track_caller]
    fn lt(&self, other: &T) -> bool {
        *self < Var::detached(*other)
    }

    #[track_caller]
    fn le(&self, other: &T) -> bool {
        *self <= Var::detached(*other)
    }

    #[track_caller]
    fn gt(&self, other: &T) -> bool {
        *self > Var::detached(*other)
    }

    #[track_caller]
    fn ge(&self, other: &T) -> bool {
        *self >= Var::detached(*other)
    }
}
