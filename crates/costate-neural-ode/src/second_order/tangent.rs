//! Numbers that carry a tangent through a solve.

use costate_ode::Element;
use costate_tape::{Binary, Dual, Scalar, Unary};
use num_traits::{Float, Num, NumCast, One, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::num::FpCategory;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, Sub, SubAssign};

/// A number with its derivative in one direction: the element of states over plain time, so that error norms, and with them all steps, see the values alone.
///
/// Its arithmetic is that of [`Dual`]; comparisons look at the value.
///
/// ```
/// use costate_neural_ode::second_order::Tangent;
///
/// let x = Tangent { value: 3.0, tangent: 1.0 };
/// let y = x * x * x;
/// assert_eq!((y.value, y.tangent), (27.0, 27.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tangent {
    /// The value.
    pub value: f64,
    /// Its derivative.
    pub tangent: f64,
}

impl Tangent {
    /// A number whose derivative is zero.
    #[inline(always)]
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self {
            value,
            tangent: 0.0,
        }
    }

    #[inline(always)]
    fn dual(self) -> Dual<f64, 1> {
        Dual {
            value: self.value,
            tangent: [self.tangent],
        }
    }
}

impl From<Dual<f64, 1>> for Tangent {
    #[inline(always)]
    fn from(dual: Dual<f64, 1>) -> Self {
        Self {
            value: dual.value,
            tangent: dual.tangent[0],
        }
    }
}

/// A constant.
impl From<f64> for Tangent {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Self::constant(value)
    }
}

impl Element<f64> for Tangent {
    type Weight = f64;

    #[inline]
    fn zero() -> Self {
        Self::constant(0.0)
    }
    #[inline]
    fn weight(value: f64) -> f64 {
        value
    }
    #[inline]
    fn add_scaled(self, weight: f64, other: Self) -> Self {
        Self {
            value: self.value + weight * other.value,
            tangent: self.tangent + weight * other.tangent,
        }
    }
    #[inline]
    fn magnitude(self) -> f64 {
        self.value.abs()
    }
    #[inline]
    fn epsilon() -> f64 {
        f64::EPSILON
    }
}

impl Scalar for Tangent {
    #[inline]
    fn from_f64(value: f64) -> Self {
        Self::constant(value)
    }
    #[inline]
    fn unary(self, op: Unary) -> Self {
        self.dual().unary(op).into()
    }
    #[inline]
    fn binary(self, op: Binary, other: Self) -> Self {
        self.dual().binary(op, other.dual()).into()
    }
    #[inline]
    fn select(condition: Self, a: Self, b: Self) -> Self {
        Dual::select(condition.dual(), a.dual(), b.dual()).into()
    }
    #[inline]
    fn powi(self, n: i32) -> Self {
        Scalar::powi(self.dual(), n).into()
    }
}

impl PartialEq for Tangent {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Tangent {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

/// Operators are those of dual numbers.
macro_rules! operators {
    ($($trait:ident :: $method:ident),*) => {
        $(impl $trait for Tangent {
            type Output = Self;

            #[inline]
            fn $method(self, other: Self) -> Self {
                $trait::$method(self.dual(), other.dual()).into()
            }
        })*
    };
}

operators!(Add::add, Sub::sub, Mul::mul, Div::div, Rem::rem);

macro_rules! assigned {
    ($($trait:ident :: $method:ident $sign:tt),*) => {
        $(impl $trait for Tangent {
            #[inline]
            fn $method(&mut self, other: Self) {
                *self = *self $sign other;
            }
        })*
    };
}

assigned!(AddAssign::add_assign +, SubAssign::sub_assign -, MulAssign::mul_assign *, DivAssign::div_assign /);

impl Neg for Tangent {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        (-self.dual()).into()
    }
}

impl Zero for Tangent {
    #[inline]
    fn zero() -> Self {
        Self::constant(0.0)
    }
    /// Whether value and tangent are.
    #[inline]
    fn is_zero(&self) -> bool {
        self.value == 0.0 && self.tangent == 0.0
    }
}

impl One for Tangent {
    #[inline]
    fn one() -> Self {
        Self::constant(1.0)
    }
}

impl Num for Tangent {
    type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;

    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        <f64 as Num>::from_str_radix(text, radix).map(Self::constant)
    }
}

impl ToPrimitive for Tangent {
    fn to_i64(&self) -> Option<i64> {
        self.value.to_i64()
    }
    fn to_u64(&self) -> Option<u64> {
        self.value.to_u64()
    }
    fn to_f64(&self) -> Option<f64> {
        Some(self.value)
    }
}

impl NumCast for Tangent {
    fn from<P: ToPrimitive>(number: P) -> Option<Self> {
        number.to_f64().map(Self::constant)
    }
}

/// Methods of num-traits' `Float`, as dual numbers have them: constants, of one number, of two, and questions.
macro_rules! float {
    (
        constants: $($constant:ident),*; of_one: $($one:ident),*; of_two: $($two:ident),*;
        questions: $($question:ident -> $answer:ty),*;
    ) => {
        impl Float for Tangent {
            $(#[inline] fn $constant() -> Self {
                Self::constant(<f64 as Float>::$constant())
            })*
            $(#[inline] fn $one(self) -> Self {
                Float::$one(self.dual()).into()
            })*
            $(#[inline] fn $two(self, other: Self) -> Self {
                Float::$two(self.dual(), other.dual()).into()
            })*
            $(#[inline] fn $question(self) -> $answer {
                Float::$question(self.value)
            })*
            #[inline]
            fn mul_add(self, a: Self, b: Self) -> Self {
                self * a + b
            }
            #[inline]
            fn powi(self, n: i32) -> Self {
                Scalar::powi(self, n)
            }
            #[inline]
            fn sin_cos(self) -> (Self, Self) {
                (Float::sin(self), Float::cos(self))
            }
        }
    };
}

float! {
    constants: nan, infinity, neg_infinity, neg_zero, min_value, min_positive_value, max_value, epsilon;
    of_one: floor, ceil, round, trunc, fract, abs, signum, recip, sqrt, cbrt, exp, exp2, exp_m1, ln, log2, log10, ln_1p, sin, cos,
        tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh;
    of_two: powf, log, max, min, abs_sub, hypot, atan2;
    questions: is_nan -> bool, is_infinite -> bool, is_finite -> bool, is_normal -> bool, classify -> FpCategory,
        is_sign_positive -> bool, is_sign_negative -> bool, integer_decode -> (u64, i16, i8);
}
