//! Rust's operators on variables: `+ - * /` with each other and with plain numbers, and comparisons, which become guards.

use crate::op::{Binary, Unary};
use crate::scalar::Scalar;
use crate::var::Var;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! operator {
    ($trait:ident, $method:ident, $op:expr) => {
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

operator!(Add, add, Binary::Add);
operator!(Sub, sub, Binary::Sub);
operator!(Mul, mul, Binary::Mul);
operator!(Div, div, Binary::Div);

impl<'t, T: Scalar> Neg for Var<'t, T> {
    type Output = Var<'t, T>;

    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

impl<T: Scalar> PartialEq for Var<'_, T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.decide(Binary::Eq, *other)
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
