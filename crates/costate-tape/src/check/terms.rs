//! How large the terms are that a derivative is the sum of: what is left of them by rounding, where they cancel, is no error.

use super::function::LANES;
use crate::op::{Binary, Unary};
use crate::scalar::Scalar;
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A value, and the chain rule's terms for each of several directions, added without their signs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    value: f64,
    pub(super) sizes: [f64; LANES],
}

impl Terms {
    pub(super) fn constant(value: f64) -> Terms {
        Terms {
            value,
            sizes: [0.0; LANES],
        }
    }

    /// The sizes after a step with this slope. A direction that the value has nothing to do with stays so: 0 · ∞ is no size.
    fn times(self, slope: f64) -> [f64; LANES] {
        let scaled = |size: f64| if size == 0.0 { 0.0 } else { size * slope.abs() };
        self.sizes.map(scaled)
    }
}

impl Scalar for Terms {
    fn from_f64(value: f64) -> Self {
        Terms::constant(value)
    }

    fn unary(self, op: Unary) -> Self {
        let value = self.value.unary(op);
        Terms {
            value,
            sizes: self.times(op.derivative(self.value, value)),
        }
    }

    fn binary(self, op: Binary, other: Self) -> Self {
        let value = self.value.binary(op, other.value);
        let (da, db) = op.derivatives(self.value, other.value, value);
        let (mut sizes, more) = (self.times(da), other.times(db));
        sizes
            .iter_mut()
            .zip(more)
            .for_each(|(size, more)| *size += more);
        Terms { value, sizes }
    }

    fn select(condition: Self, a: Self, b: Self) -> Self {
        if condition.value == 0.0 { b } else { a }
    }
}

macro_rules! operators {
    ($($trait:ident::$method:ident, $assign:ident::$assigned:ident => $op:ident;)*) => {$(
        impl $trait for Terms {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                self.binary(Binary::$op, other)
            }
        }

        impl $assign for Terms {
            fn $assigned(&mut self, other: Self) {
                *self = self.binary(Binary::$op, other);
            }
        }
    )*};
}

operators! {
    Add::add, AddAssign::add_assign => Add;
    Sub::sub, SubAssign::sub_assign => Sub;
    Mul::mul, MulAssign::mul_assign => Mul;
    Div::div, DivAssign::div_assign => Div;
}

impl Neg for Terms {
    type Output = Self;

    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Terms {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}
