//! num-traits for dual numbers, so that code generic over `Float` carries derivatives. Rounding functions have derivative zero,
//! and what asks for a number's representation is answered by the value.

use crate::dual::Dual;
use crate::op::{Binary, Unary};
use crate::scalar::Scalar;
use num_traits::{Float, FromPrimitive, Num, NumCast, One, ToPrimitive, Zero};
use std::num::FpCategory;
use std::ops::Rem;

impl<T: Scalar, const N: usize> Zero for Dual<T, N> {
    fn zero() -> Self {
        Scalar::from_f64(0.0)
    }

    fn is_zero(&self) -> bool {
        self.value == T::from_f64(0.0)
    }
}

impl<T: Scalar, const N: usize> One for Dual<T, N> {
    fn one() -> Self {
        Scalar::from_f64(1.0)
    }
}

impl<T: Scalar + Float, const N: usize> Rem for Dual<T, N> {
    type Output = Self;

    /// a − b·trunc(a/b): the quotient is a constant between its jumps.
    fn rem(self, other: Self) -> Self {
        let quotient = Dual::constant(Float::trunc(self.value / other.value));
        let mut rest = self - other * quotient;
        rest.value = self.value % other.value;
        rest
    }
}

impl<T: Scalar + Float, const N: usize> Num for Dual<T, N> {
    type FromStrRadixErr = T::FromStrRadixErr;

    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        T::from_str_radix(text, radix).map(Dual::constant)
    }
}

impl<T: Scalar + Float, const N: usize> ToPrimitive for Dual<T, N> {
    fn to_i64(&self) -> Option<i64> {
        self.value.to_i64()
    }

    fn to_u64(&self) -> Option<u64> {
        self.value.to_u64()
    }

    fn to_f64(&self) -> Option<f64> {
        self.value.to_f64()
    }
}

impl<T: Scalar + Float, const N: usize> NumCast for Dual<T, N> {
    fn from<P: ToPrimitive>(number: P) -> Option<Self> {
        <T as NumCast>::from(number).map(Dual::constant)
    }
}

impl<T: Scalar + Float, const N: usize> FromPrimitive for Dual<T, N> {
    fn from_i64(number: i64) -> Option<Self> {
        <Self as NumCast>::from(number)
    }

    fn from_u64(number: u64) -> Option<Self> {
        <Self as NumCast>::from(number)
    }

    fn from_f64(number: f64) -> Option<Self> {
        <Self as NumCast>::from(number)
    }
}

/// Methods that are one elementwise operation.
macro_rules! unary_methods {
    ($($method:ident => $op:ident),* $(,)?) => {
        $(fn $method(self) -> Self {
            self.unary(Unary::$op)
        })*
    };
}

/// Methods that ask the value.
macro_rules! asked_of_the_value {
    ($($method:ident -> $answer:ty),* $(,)?) => {
        $(fn $method(self) -> $answer {
            Float::$method(self.value)
        })*
    };
}

/// Constants of the value's type.
macro_rules! constants {
    ($($method:ident),* $(,)?) => {
        $(fn $method() -> Self {
            Dual::constant(<T as Float>::$method())
        })*
    };
}

/// Methods that are constant between jumps.
macro_rules! rounded {
    ($($method:ident),* $(,)?) => {
        $(fn $method(self) -> Self {
            Dual::constant(Float::$method(self.value))
        })*
    };
}

impl<T: Scalar + Float, const N: usize> Float for Dual<T, N> {
    constants! { nan, infinity, neg_infinity, neg_zero, min_value, min_positive_value, max_value, epsilon }
    asked_of_the_value! { is_nan -> bool, is_infinite -> bool, is_finite -> bool, is_normal -> bool, classify -> FpCategory,
    is_sign_positive -> bool, is_sign_negative -> bool, integer_decode -> (u64, i16, i8) }
    rounded! { ceil, round, trunc, signum }
    unary_methods! { floor => Floor, abs => Abs, sqrt => Sqrt, exp => Exp, ln => Ln, log2 => Log2, log10 => Log10, cbrt => Cbrt,
    sin => Sin, cos => Cos, tan => Tan, asin => Asin, acos => Acos, atan => Atan, exp_m1 => Expm1, ln_1p => Ln1p, sinh => Sinh,
    cosh => Cosh, tanh => Tanh }

    fn fract(self) -> Self {
        self - Float::trunc(self)
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }

    fn recip(self) -> Self {
        Self::one() / self
    }

    fn powi(self, n: i32) -> Self {
        Scalar::powi(self, n)
    }

    fn powf(self, exponent: Self) -> Self {
        self.binary(Binary::Pow, exponent)
    }

    fn exp2(self) -> Self {
        (self * Scalar::from_f64(std::f64::consts::LN_2)).unary(Unary::Exp)
    }

    fn log(self, base: Self) -> Self {
        self.unary(Unary::Ln) / base.unary(Unary::Ln)
    }

    fn max(self, other: Self) -> Self {
        // num-traits' max passes over a NaN; the operation of this crate does not.
        if self.value.is_nan() {
            other
        } else if other.value.is_nan() {
            self
        } else {
            self.binary(Binary::Max, other)
        }
    }

    fn min(self, other: Self) -> Self {
        if self.value.is_nan() {
            other
        } else if other.value.is_nan() {
            self
        } else {
            self.binary(Binary::Min, other)
        }
    }

    fn abs_sub(self, other: Self) -> Self {
        if self.value <= other.value {
            Self::zero()
        } else {
            self - other
        }
    }

    fn hypot(self, other: Self) -> Self {
        self.binary(Binary::Hypot, other)
    }

    fn atan2(self, other: Self) -> Self {
        self.binary(Binary::Atan2, other)
    }

    fn sin_cos(self) -> (Self, Self) {
        (self.unary(Unary::Sin), self.unary(Unary::Cos))
    }

    fn asinh(self) -> Self {
        let slope = <T as One>::one() / Float::sqrt(self.value * self.value + <T as One>::one());
        self.chain(Float::asinh(self.value), slope)
    }

    fn acosh(self) -> Self {
        let slope = <T as One>::one() / Float::sqrt(self.value * self.value - <T as One>::one());
        self.chain(Float::acosh(self.value), slope)
    }

    fn atanh(self) -> Self {
        let slope = <T as One>::one() / (<T as One>::one() - self.value * self.value);
        self.chain(Float::atanh(self.value), slope)
    }
}
