//! The trait generic user code is written in: plain numbers, dual numbers and recorded variables alike.

use crate::op::{Binary, Unary};
use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A number that code can be written over once: `f32`, `f64`, [`Dual`](crate::Dual) (forward-mode derivatives) and
/// [`Var`](crate::Var) (recording).
///
/// All elementwise operations go through [`unary`](Scalar::unary) and [`binary`](Scalar::binary); the named methods are
/// written over them, and have std's names where std has them. Comparisons of recorded values become guards, so `if` is allowed;
/// where both sides must be kept, use [`select`](Scalar::select).
///
/// ```
/// use costate_tape::{Dual, Scalar};
///
/// fn lorenz<S: Scalar>([x, y, z]: [S; 3], rho: S) -> [S; 3] {
///     let (sigma, beta) = (S::from_f64(10.0), S::from_f64(8.0 / 3.0));
///     [sigma * (y - x), x * (rho - z) - y, x * y - beta * z]
/// }
///
/// assert_eq!(lorenz([1.0, 2.0, 3.0], 28.0), [10.0, 23.0, -6.0]);
/// // The same function gives the derivative of each component with respect to ρ.
/// let rho = Dual::<f64, 1>::variable(28.0, 0);
/// let d = lorenz([1.0, 2.0, 3.0].map(Dual::from_f64), rho);
/// assert_eq!(d.map(|component| component.tangent[0]), [0.0, 1.0, 0.0]);
/// ```
///
/// # Beside `Float`
/// num-traits' `Float` has methods of the same names. Where both traits are imported, a plain `f64` has its own, and generic code and
/// dual numbers say which is meant: `Scalar::exp(x)`. So does who calls `erf` or `erfc` on a plain `f64` and wants no warning that std
/// may have them one day: `Scalar::erf(x)`.
///
/// # Adding one
/// Implement the four required methods and the operators; for a type with num-traits' `Float`, `unary` is `op.value(self)` and `binary` is
/// `op.value(self, other)`.
pub trait Scalar:
    Copy
    + Debug
    + PartialEq
    + PartialOrd
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// A constant: its derivative is zero.
    fn from_f64(value: f64) -> Self;

    /// φ(self), elementwise.
    fn unary(self, op: Unary) -> Self;

    /// φ(self, other), elementwise.
    fn binary(self, op: Binary, other: Self) -> Self;

    /// `a` where `condition` is not zero, else `b`. Both sides are evaluated, and a NaN in the side that is not taken does not
    /// reach derivatives: a cotangent that is zero stays zero on its way back through the side that is left out.
    ///
    /// ```
    /// use costate_tape::{Binary, Function, Scalar, Var};
    /// // √x, continued by 0: the root of a negative number is no number, and neither is its slope.
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| {
    ///     let zero = Var::from_f64(0.0);
    ///     vec![Var::select(v[0].binary(Binary::Gt, zero), v[0].sqrt(), zero)]
    /// })?;
    /// let out = f.vjp(&[0]).eval(&[&[4.0, -1.0], &[1.0, 1.0]])?;
    /// assert_eq!(out, [[2.0, 0.0], [0.25, 0.0]]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    fn select(condition: Self, a: Self, b: Self) -> Self;

    /// A key by which equal constants are stored once, for types that have one.
    fn constant_key(self) -> Option<u64> {
        None
    }

    /// selfⁿ for a whole exponent, by repeated multiplication.
    #[inline]
    fn powi(self, n: i32) -> Self {
        whole_power(self, n)
    }

    /// self^exponent of real numbers.
    #[inline]
    #[track_caller]
    fn powf(self, exponent: Self) -> Self {
        self.binary(Binary::Pow, exponent)
    }

    /// The smaller of two.
    #[inline]
    #[track_caller]
    fn min(self, other: Self) -> Self {
        self.binary(Binary::Min, other)
    }

    /// The larger of two.
    #[inline]
    #[track_caller]
    fn max(self, other: Self) -> Self {
        self.binary(Binary::Max, other)
    }

    /// √(self² + other²).
    #[inline]
    #[track_caller]
    fn hypot(self, other: Self) -> Self {
        self.binary(Binary::Hypot, other)
    }

    /// The angle of the point (other, self).
    #[inline]
    #[track_caller]
    fn atan2(self, other: Self) -> Self {
        self.binary(Binary::Atan2, other)
    }

    /// eˣ
    #[inline]
    fn exp(self) -> Self {
        self.unary(Unary::Exp)
    }

    /// eˣ − 1, accurate near 0.
    #[inline]
    fn exp_m1(self) -> Self {
        self.unary(Unary::Expm1)
    }

    /// Natural logarithm.
    #[inline]
    fn ln(self) -> Self {
        self.unary(Unary::Ln)
    }

    /// ln(1 + x), accurate near 0; −∞ at −1, NaN below.
    #[inline]
    fn ln_1p(self) -> Self {
        self.unary(Unary::Ln1p)
    }

    /// Logarithm to base 10.
    #[inline]
    fn log10(self) -> Self {
        self.unary(Unary::Log10)
    }

    /// Logarithm to base 2.
    #[inline]
    fn log2(self) -> Self {
        self.unary(Unary::Log2)
    }

    /// Square root.
    #[inline]
    fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }

    /// Cube root, of negative numbers too; its derivative is infinite at 0.
    #[inline]
    fn cbrt(self) -> Self {
        self.unary(Unary::Cbrt)
    }

    /// Sine.
    #[inline]
    fn sin(self) -> Self {
        self.unary(Unary::Sin)
    }

    /// Cosine.
    #[inline]
    fn cos(self) -> Self {
        self.unary(Unary::Cos)
    }

    /// Tangent.
    #[inline]
    fn tan(self) -> Self {
        self.unary(Unary::Tan)
    }

    /// Inverse sine; NaN outside of [−1, 1], its derivative infinite at the ends.
    #[inline]
    fn asin(self) -> Self {
        self.unary(Unary::Asin)
    }

    /// Inverse cosine; NaN outside of [−1, 1], its derivative −∞ at the ends.
    #[inline]
    fn acos(self) -> Self {
        self.unary(Unary::Acos)
    }

    /// Inverse tangent; of a quotient, [`atan2`](Scalar::atan2) keeps the quadrant.
    #[inline]
    fn atan(self) -> Self {
        self.unary(Unary::Atan)
    }

    /// Hyperbolic sine.
    #[inline]
    fn sinh(self) -> Self {
        self.unary(Unary::Sinh)
    }

    /// Hyperbolic cosine.
    #[inline]
    fn cosh(self) -> Self {
        self.unary(Unary::Cosh)
    }

    /// Hyperbolic tangent.
    #[inline]
    fn tanh(self) -> Self {
        self.unary(Unary::Tanh)
    }

    /// 1/(1 + e⁻ˣ)
    #[inline]
    fn sigmoid(self) -> Self {
        self.unary(Unary::Sigmoid)
    }

    /// ln(1 + eˣ)
    #[inline]
    fn softplus(self) -> Self {
        self.unary(Unary::Softplus)
    }

    /// max(x, 0)
    #[inline]
    fn relu(self) -> Self {
        self.unary(Unary::Relu)
    }

    /// x above 0, x/100 below; the derivative at the kink 0 is 1/100.
    #[inline]
    fn leaky_relu(self) -> Self {
        self.unary(Unary::LeakyRelu)
    }

    /// x above 0, eˣ − 1 below.
    #[inline]
    fn elu(self) -> Self {
        self.unary(Unary::Elu)
    }

    /// x/(1 + e⁻ˣ)
    #[inline]
    fn silu(self) -> Self {
        self.unary(Unary::Silu)
    }

    /// x·Φ(x) with the normal distribution function Φ (the exact form, by [`erfc`](Scalar::erfc)).
    #[inline]
    fn gelu(self) -> Self {
        self.unary(Unary::Gelu)
    }

    /// |x|
    #[inline]
    fn abs(self) -> Self {
        self.unary(Unary::Abs)
    }

    /// −1, 0 or 1.
    #[inline]
    fn sign(self) -> Self {
        self.unary(Unary::Sign)
    }

    /// The largest whole number not above x; its derivative is 0, also at the jumps.
    #[inline]
    fn floor(self) -> Self {
        self.unary(Unary::Floor)
    }

    /// The error function 2/√π ∫₀ˣ e^(−s²) ds.
    ///
    /// ```
    /// use costate_tape::{Dual, Scalar};
    /// let x = Dual::<f64, 1>::variable(0.5, 0);
    /// assert!((x.erf().value - 0.520_499_877_813_046_5).abs() < 1e-15);
    /// let slope = std::f64::consts::FRAC_2_SQRT_PI * (-0.25_f64).exp();
    /// assert!((x.erf().tangent[0] - slope).abs() < 1e-15);
    /// ```
    #[inline]
    fn erf(self) -> Self {
        self.unary(Unary::Erf)
    }

    /// 1 − erf x, with all digits in the right tail.
    #[inline]
    fn erfc(self) -> Self {
        self.unary(Unary::Erfc)
    }

    /// ln |Γ(x)|; ∞ at the poles 0, −1, −2, …
    ///
    /// ```
    /// use costate_tape::Scalar;
    /// assert!((5.0_f64.lgamma() - 24.0_f64.ln()).abs() < 1e-14); // Γ(5) = 4!
    /// ```
    #[inline]
    fn lgamma(self) -> Self {
        self.unary(Unary::Lgamma)
    }

    /// ψ(x) = Γ′(x)/Γ(x), the derivative of [`lgamma`](Scalar::lgamma); ∓∞ at ±0, NaN at −1, −2, …
    #[inline]
    fn digamma(self) -> Self {
        self.unary(Unary::Digamma)
    }

    /// ψ⁽ⁿ⁾(x), the derivative of this order of ψ = [`digamma`](Scalar::digamma); NaN for orders above 170.
    ///
    /// ```
    /// use costate_tape::Scalar;
    /// let pi = std::f64::consts::PI;
    /// assert!((1.0_f64.polygamma(1) - pi * pi / 6.0).abs() < 1e-14); // trigamma
    /// ```
    #[inline]
    #[track_caller]
    fn polygamma(self, order: u32) -> Self {
        Self::from_f64(f64::from(order)).binary(Binary::Polygamma, self)
    }
}

/// xⁿ by squaring; 1/x^|n| for a negative exponent.
#[inline]
pub(crate) fn whole_power<S: Scalar>(x: S, n: i32) -> S {
    let mut rest = n.unsigned_abs();
    let mut square = x;
    let mut product = None;
    while rest > 0 {
        if rest & 1 == 1 {
            product = Some(product.map_or(square, |p| p * square));
        }
        rest >>= 1;
        if rest > 0 {
            square = square * square;
        }
    }
    let power = product.unwrap_or_else(|| S::from_f64(1.0));
    if n < 0 {
        S::from_f64(1.0) / power
    } else {
        power
    }
}

macro_rules! plain_scalar {
    ($type:ty) => {
        impl Scalar for $type {
            #[inline]
            fn from_f64(value: f64) -> Self {
                value as $type
            }

            #[inline]
            fn unary(self, op: Unary) -> Self {
                op.value(self)
            }

            #[inline]
            fn binary(self, op: Binary, other: Self) -> Self {
                op.value(self, other)
            }

            #[inline]
            fn select(condition: Self, a: Self, b: Self) -> Self {
                if condition != 0.0 { a } else { b }
            }

            fn constant_key(self) -> Option<u64> {
                Some(u64::from(self.to_bits()))
            }
        }
    };
}

plain_scalar!(f32);
plain_scalar!(f64);
