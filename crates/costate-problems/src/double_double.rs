//! A number of 31 digits, for tests in which `f64` runs out of them.

use num_traits::{Float, Num, NumCast, One, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::num::FpCategory;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

/// The unevaluated sum of two `f64`, the second at most half a unit in the last place of the first.
///
/// Arithmetic, `sqrt`, `exp`, `ln`, sine, cosine and the inverse tangent are good to about 30 digits, and what is made of them nearly so.
///
/// ```
/// use costate_problems::DoubleDouble;
/// use num_traits::Float;
///
/// let third = DoubleDouble::new(1.0) / DoubleDouble::new(3.0);
/// assert!((third * 3.0.into() - 1.0.into()).abs() < 1e-31.into());
/// ```
///
/// # References
/// T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18 (1971).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleDouble(f64, f64);

impl DoubleDouble {
    const PI: Self = Self(std::f64::consts::PI, 1.224_646_799_147_353_2e-16);
    const LN_2: Self = Self(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);

    /// The number `value`, exactly.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self(value, 0.0)
    }

    fn sum(a: f64, b: f64) -> Self {
        let sum = a + b;
        let part = sum - a;
        Self(sum, (a - (sum - part)) + (b - part))
    }

    fn scale(self, power: i32) -> Self {
        Self(self.0 * 2_f64.powi(power), self.1 * 2_f64.powi(power))
    }

    /// Newton's step for the root of `f` near an approximation good to 16 digits, given f and its slope there.
    fn refine(self, f: Self, slope: Self) -> Self {
        self - f / slope
    }

    /// Σ x^n/n! from n = `from` in steps of `step`, with signs alternating if `step` is 2.
    fn series(self, from: i32, step: i32) -> Self {
        let (mut term, mut sum) = (self.powi(from), self.powi(from));
        let square = if step == 2 { -self * self } else { self };
        let mut n = from;
        while n < 60 {
            let next = (0..step).fold(Self::one(), |product, i| {
                product * Self::new((n + 1 + i).into())
            });
            term = term * square / next;
            sum = sum + term;
            n += step;
        }
        sum
    }
}

impl From<f64> for DoubleDouble {
    fn from(value: f64) -> Self {
        Self(value, 0.0)
    }
}

impl Add for DoubleDouble {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, low) = (Self::sum(self.0, other.0), Self::sum(self.1, other.1));
        let first = Self::sum(high.0, high.1 + low.0);
        Self::sum(first.0, first.1 + low.1)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl Sub for DoubleDouble {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = self.0 * other.0;
        let error = self.0.mul_add(other.0, -product);
        Self::sum(product, error + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Div for DoubleDouble {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.0 / other.0;
        if !first.is_finite() || other.0.is_infinite() {
            return Self(first, 0.0);
        }
        let rest = self - other * first.into();
        let second = rest.0 / other.0;
        let rest = rest - other * second.into();
        Self::sum(first, second) + Self(rest.0 / other.0, 0.0)
    }
}

impl Rem for DoubleDouble {
    type Output = Self;
    fn rem(self, other: Self) -> Self {
        self - (self / other).trunc() * other
    }
}

impl PartialOrd for DoubleDouble {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(
            self.0
                .partial_cmp(&other.0)?
                .then(self.1.partial_cmp(&other.1)?),
        )
    }
}

impl Zero for DoubleDouble {
    fn zero() -> Self {
        Self(0.0, 0.0)
    }
    fn is_zero(&self) -> bool {
        self.0 == 0.0
    }
}

impl One for DoubleDouble {
    fn one() -> Self {
        Self(1.0, 0.0)
    }
}

impl Num for DoubleDouble {
    type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        f64::from_str_radix(text, radix).map(Self::new)
    }
}

impl ToPrimitive for DoubleDouble {
    fn to_i64(&self) -> Option<i64> {
        self.0.to_i64()
    }
    fn to_u64(&self) -> Option<u64> {
        self.0.to_u64()
    }
    fn to_f64(&self) -> Option<f64> {
        Some(self.0)
    }
}

impl NumCast for DoubleDouble {
    fn from<N: ToPrimitive>(value: N) -> Option<Self> {
        value.to_f64().map(|value| Self(value, 0.0))
    }
}

impl Float for DoubleDouble {
    fn nan() -> Self {
        Self(f64::NAN, 0.0)
    }
    fn infinity() -> Self {
        Self(f64::INFINITY, 0.0)
    }
    fn neg_infinity() -> Self {
        -Self::infinity()
    }
    fn neg_zero() -> Self {
        Self(-0.0, 0.0)
    }
    fn min_value() -> Self {
        -Self::max_value()
    }
    fn min_positive_value() -> Self {
        Self(f64::MIN_POSITIVE, 0.0)
    }
    fn max_value() -> Self {
        Self(f64::MAX, 0.0)
    }
    fn epsilon() -> Self {
        Self(2_f64.powi(-104), 0.0)
    }
    fn is_nan(self) -> bool {
        self.0.is_nan()
    }
    fn is_infinite(self) -> bool {
        self.0.is_infinite()
    }
    fn is_finite(self) -> bool {
        self.0.is_finite()
    }
    fn is_normal(self) -> bool {
        self.0.is_normal()
    }
    fn classify(self) -> FpCategory {
        self.0.classify()
    }
    fn floor(self) -> Self {
        let high = self.0.floor();
        if high == self.0 {
            Self::sum(high, self.1.floor())
        } else {
            Self(high, 0.0)
        }
    }
    fn ceil(self) -> Self {
        -(-self).floor()
    }
    fn round(self) -> Self {
        (self.abs() + 0.5.into()).floor() * self.signum()
    }
    fn trunc(self) -> Self {
        self.abs().floor() * self.signum()
    }
    fn fract(self) -> Self {
        self - self.trunc()
    }
    fn abs(self) -> Self {
        if self.is_sign_negative() { -self } else { self }
    }
    fn signum(self) -> Self {
        Self(self.0.signum(), 0.0)
    }
    fn is_sign_positive(self) -> bool {
        self.0.is_sign_positive()
    }
    fn is_sign_negative(self) -> bool {
        self.0.is_sign_negative()
    }
    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
    fn recip(self) -> Self {
        Self::one() / self
    }
    fn powi(self, n: i32) -> Self {
        let power = num_traits::pow(self, n.unsigned_abs() as usize);
        if n < 0 { power.recip() } else { power }
    }
    fn powf(self, n: Self) -> Self {
        (n * self.ln()).exp()
    }
    fn sqrt(self) -> Self {
        let root = Self(self.0.sqrt(), 0.0);
        if root.0 > 0.0 && root.is_finite() {
            root.refine(root * root - self, root.scale(1))
        } else {
            root
        }
    }
    fn exp(self) -> Self {
        if self.0.abs() > 700.0 || self.is_nan() {
            return Self(self.0.exp(), 0.0);
        }
        let power = (self.0 / Self::LN_2.0).round();
        let reduced = (self - Self::LN_2 * power.into()).scale(-4);
        let mut exp = reduced.series(0, 1);
        for _ in 0..4 {
            exp = exp * exp;
        }
        exp.scale(power as i32)
    }
    fn exp2(self) -> Self {
        (self * Self::LN_2).exp()
    }
    fn ln(self) -> Self {
        let ln = Self(self.0.ln(), 0.0);
        if ln.is_finite() {
            ln.refine(Self::one() - self * (-ln).exp(), Self::one())
        } else {
            ln
        }
    }
    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }
    fn log2(self) -> Self {
        self.ln() / Self::LN_2
    }
    fn log10(self) -> Self {
        self.log(10.0.into())
    }
    fn max(self, other: Self) -> Self {
        if self < other || self.is_nan() {
            other
        } else {
            self
        }
    }
    fn min(self, other: Self) -> Self {
        if self > other || self.is_nan() {
            other
        } else {
            self
        }
    }
    fn abs_sub(self, other: Self) -> Self {
        (self - other).max(Self::zero())
    }
    fn cbrt(self) -> Self {
        let root = Self(self.0.cbrt(), 0.0);
        if root.is_zero() {
            root
        } else {
            root.refine(root * root * root - self, root * root * 3.0.into())
        }
    }
    fn hypot(self, other: Self) -> Self {
        (self * self + other * other).sqrt()
    }
    fn sin(self) -> Self {
        self.sin_cos().0
    }
    fn cos(self) -> Self {
        self.sin_cos().1
    }
    fn tan(self) -> Self {
        let (sin, cos) = self.sin_cos();
        sin / cos
    }
    fn sin_cos(self) -> (Self, Self) {
        let half = Self::PI.scale(-1);
        let turns = (self.0 / half.0).round();
        let reduced = self - half * turns.into();
        let (sin, cos) = (reduced.series(1, 2), reduced.series(0, 2));
        match turns.rem_euclid(4.0) as i32 {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        }
    }
    fn asin(self) -> Self {
        self.atan2((Self::one() - self * self).sqrt())
    }
    fn acos(self) -> Self {
        (Self::one() - self * self).sqrt().atan2(self)
    }
    fn atan(self) -> Self {
        self.atan2(Self::one())
    }
    fn atan2(self, x: Self) -> Self {
        let angle = Self(self.0.atan2(x.0), 0.0);
        let (sin, cos) = angle.sin_cos();
        let length = self.hypot(x);
        if length.is_zero() {
            angle
        } else {
            angle + (self * cos - x * sin) / length
        }
    }
    fn exp_m1(self) -> Self {
        if self.abs() < 0.1.into() {
            self.series(1, 1)
        } else {
            self.exp() - Self::one()
        }
    }
    fn ln_1p(self) -> Self {
        (Self::one() + self).ln()
    }
    fn sinh(self) -> Self {
        (self.exp_m1() - (-self).exp_m1()).scale(-1)
    }
    fn cosh(self) -> Self {
        (self.exp() + (-self).exp()).scale(-1)
    }
    fn tanh(self) -> Self {
        self.sinh() / self.cosh()
    }
    fn asinh(self) -> Self {
        (self + (self * self + Self::one()).sqrt()).ln()
    }
    fn acosh(self) -> Self {
        (self + (self * self - Self::one()).sqrt()).ln()
    }
    fn atanh(self) -> Self {
        ((Self::one() + self) / (Self::one() - self)).ln().scale(-1)
    }
    fn integer_decode(self) -> (u64, i16, i8) {
        self.0.integer_decode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_their_inverses_cancel_to_thirty_digits() {
        for i in 1..60_i32 {
            let x = DoubleDouble::new(0.1) * DoubleDouble::new(i.into()) + DoubleDouble(1e-18, 0.0);
            let (sin, cos) = x.sin_cos();
            let pairs = [
                (x.exp().ln(), x),
                (x.ln().exp(), x),
                (x.sqrt() * x.sqrt(), x),
                (x.cbrt().powi(3), x),
                (sin * sin + cos * cos, DoubleDouble::one()),
                ((x * 0.2.into()).tan().atan(), x * 0.2.into()),
                (x * x.recip(), DoubleDouble::one()),
            ];
            for (j, (a, b)) in pairs.iter().enumerate() {
                assert!(
                    (*a - *b).abs() < DoubleDouble(1e-29, 0.0) * (DoubleDouble::one() + b.abs()),
                    "identity {j} at {x:?}: {a:?}, not {b:?}"
                );
            }
        }
    }
}
