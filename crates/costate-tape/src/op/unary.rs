//! Elementwise operations of one argument, each once: name, notations, test point, value, derivative.
//!
//! # Adding one
//! Add a row to the table at the end of this file. Duals, recording, both directions of differentiation, printing, the
//! formulas of model files and the tests over `Unary::ALL` follow. The shortest example is `Exp`. The accuracy test then asks for a
//! line in `tests/reference/make.py`, where the value is computed to many digits.

use crate::op::Binary;
use crate::op::notation::Rust;
use crate::op::special::{self, through_f64};
use crate::scalar::Scalar;
use num_traits::Float;

/// A constant in the arithmetic of a rule.
fn c<S: Scalar>(value: f64) -> S {
    S::from_f64(value)
}

/// A constant in the arithmetic of a value.
fn k<T: Float>(value: f64) -> T {
    T::from(value).expect("a float holds any f64, rounded")
}

macro_rules! unary_operations {
    ($($(#[$doc:meta])* $op:ident {
        name: $name:literal, latex: $latex:literal, test: $test:literal, rust: $rust:expr,
        value: |$v:ident| $value:expr, derivative: |$x:ident, $y:ident| $derivative:expr $(,)?
    })*) => {
        /// An elementwise operation of one argument.
        ///
        /// ```
        /// use costate_tape::{Scalar, Unary};
        /// let tanh = Unary::by_name("tanh").expect("one of them");
        /// let (x, y) = (0.5_f64, 0.5_f64.tanh());
        /// assert_eq!((tanh.value(x), tanh.derivative(x, y)), (y, 1.0 - y * y));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Unary { $($(#[$doc])* $op,)* }

        impl Unary {
            /// Every operation: what tests, formulas and tables loop over.
            pub const ALL: &'static [Unary] = &[$(Unary::$op),*];

            /// The name in formulas and printed text.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Unary::$op => $name),* }
            }

            /// The notation in LaTeX, with `#` for the argument.
            #[must_use]
            pub fn latex(self) -> &'static str {
                match self { $(Unary::$op => $latex),* }
            }

            /// A point inside the domain and away from kinks, where tests compare derivatives.
            #[must_use]
            pub fn test_point(self) -> f64 {
                match self { $(Unary::$op => $test),* }
            }

            /// The operation in Rust source.
            pub(crate) fn rust(self) -> Rust {
                match self { $(Unary::$op => $rust),* }
            }

            /// The value φ(x) of a plain number.
            #[inline]
            pub fn value<T: Float>(self, x: T) -> T {
                match self { $(Unary::$op => { let $v = x; $value })* }
            }

            /// The derivative φ′(x), in the arithmetic of any scalar, given x and y = φ(x).
            #[inline]
            pub fn derivative<S: Scalar>(self, x: S, y: S) -> S {
                match self { $(Unary::$op => { let ($x, $y) = (x, y); let _ = ($x, $y); $derivative })* }
            }
        }
    };
}

impl Unary {
    /// The operation of this name, if there is one.
    ///
    /// ```
    /// use costate_tape::Unary;
    /// assert_eq!(Unary::by_name("tanh"), Some(Unary::Tanh));
    /// assert_eq!(Unary::by_name("tanhh"), None);
    /// ```
    #[must_use]
    pub fn by_name(name: &str) -> Option<Unary> {
        Unary::ALL.iter().copied().find(|op| op.name() == name)
    }
}

const LN_2: f64 = std::f64::consts::LN_2;
const LN_10: f64 = std::f64::consts::LN_10;

unary_operations! {
    /// −x
    Neg { name: "neg", latex: "-#", test: 0.7, rust: Rust::Inline("(-#)"), value: |x| -x, derivative: |_x, _y| c::<S>(-1.0) }
    /// eˣ
    Exp { name: "exp", latex: r"\exp #", test: 0.7, rust: Rust::Inline("#.exp()"), value: |x| x.exp(), derivative: |_x, y| y }
    /// eˣ − 1, accurate near 0
    Expm1 { name: "expm1", latex: r"\operatorname{expm1} #", test: 0.7, rust: Rust::Inline("#.exp_m1()"),
        value: |x| x.exp_m1(), derivative: |_x, y| y + c(1.0) }
    /// natural logarithm; −∞ at 0, NaN below
    Ln { name: "ln", latex: r"\ln #", test: 1.7, rust: Rust::Inline("#.ln()"), value: |x| x.ln(), derivative: |x, _y| c::<S>(1.0) / x }
    /// ln(1 + x), accurate near 0; −∞ at −1, NaN below
    Ln1p { name: "ln_1p", latex: r"\operatorname{ln1p} #", test: 0.7, rust: Rust::Inline("#.ln_1p()"),
        value: |x| x.ln_1p(), derivative: |x, _y| c::<S>(1.0) / (c::<S>(1.0) + x) }
    /// logarithm to base 2; −∞ at 0, NaN below
    Log2 { name: "log2", latex: r"\log_2 #", test: 1.7, rust: Rust::Inline("#.log2()"),
        value: |x| x.log2(), derivative: |x, _y| c::<S>(1.0 / LN_2) / x }
    /// logarithm to base 10; −∞ at 0, NaN below
    Log10 { name: "log10", latex: r"\log_{10} #", test: 1.7, rust: Rust::Inline("#.log10()"),
        value: |x| x.log10(), derivative: |x, _y| c::<S>(1.0 / LN_10) / x }
    /// square root; NaN below 0, its derivative infinite at 0
    Sqrt { name: "sqrt", latex: r"\sqrt{#}", test: 1.7, rust: Rust::Inline("#.sqrt()"), value: |x| x.sqrt(), derivative: |_x, y| c::<S>(0.5) / y }
    /// cube root, of negative numbers too; its derivative is infinite at 0
    Cbrt { name: "cbrt", latex: r"\sqrt[3]{#}", test: 1.7, rust: Rust::Inline("#.cbrt()"),
        value: |x| x.cbrt(), derivative: |_x, y| c::<S>(1.0) / (c::<S>(3.0) * (y * y)) }
    /// sine
    Sin { name: "sin", latex: r"\sin #", test: 0.7, rust: Rust::Inline("#.sin()"), value: |x| x.sin(), derivative: |x, _y| x.cos() }
    /// cosine
    Cos { name: "cos", latex: r"\cos #", test: 0.7, rust: Rust::Inline("#.cos()"), value: |x| x.cos(), derivative: |x, _y| -x.sin() }
    /// tangent; at the floats nearest to its poles large and finite
    Tan { name: "tan", latex: r"\tan #", test: 0.7, rust: Rust::Inline("#.tan()"), value: |x| x.tan(), derivative: |_x, y| c::<S>(1.0) + y * y }
    /// inverse sine; NaN outside of [−1, 1], its derivative infinite at the ends
    Asin { name: "asin", latex: r"\arcsin #", test: 0.4, rust: Rust::Inline("#.asin()"),
        value: |x| x.asin(), derivative: |x, _y| c::<S>(1.0) / (c::<S>(1.0) - x * x).sqrt() }
    /// inverse cosine; NaN outside of [−1, 1], its derivative −∞ at the ends
    Acos { name: "acos", latex: r"\arccos #", test: 0.4, rust: Rust::Inline("#.acos()"),
        value: |x| x.acos(), derivative: |x, _y| c::<S>(-1.0) / (c::<S>(1.0) - x * x).sqrt() }
    /// inverse tangent
    Atan { name: "atan", latex: r"\arctan #", test: 0.7, rust: Rust::Inline("#.atan()"),
        value: |x| x.atan(), derivative: |x, _y| c::<S>(1.0) / (c::<S>(1.0) + x * x) }
    /// hyperbolic sine
    Sinh { name: "sinh", latex: r"\sinh #", test: 0.7, rust: Rust::Inline("#.sinh()"), value: |x| x.sinh(), derivative: |x, _y| x.cosh() }
    /// hyperbolic cosine
    Cosh { name: "cosh", latex: r"\cosh #", test: 0.7, rust: Rust::Inline("#.cosh()"), value: |x| x.cosh(), derivative: |x, _y| x.sinh() }
    /// hyperbolic tangent
    Tanh { name: "tanh", latex: r"\tanh #", test: 0.7, rust: Rust::Inline("#.tanh()"), value: |x| x.tanh(), derivative: |_x, y| c::<S>(1.0) - y * y }
    /// |x|; the derivative at the kink 0 is 0
    Abs { name: "abs", latex: r"\left|#\right|", test: -0.7, rust: Rust::Inline("#.abs()"), value: |x| x.abs(), derivative: |x, _y| x.sign() }
    /// −1, 0 or 1; its derivative is 0
    Sign { name: "sign", latex: r"\operatorname{sign} #", test: 0.7, rust: Rust::Function("(x: T) -> T {\n    if x == 0.0 || x.is_nan() { x } else { x.signum() }\n}\n"),
        value: |x| if x.is_zero() || x.is_nan() { x } else { x.signum() }, derivative: |_x, _y| c(0.0) }
    /// the largest whole number not above x; its derivative is 0, also at the jumps
    Floor { name: "floor", latex: r"\left\lfloor #\right\rfloor", test: 0.7, rust: Rust::Inline("#.floor()"),
        value: |x| x.floor(), derivative: |_x, _y| c(0.0) }
    /// 1/(1 + e⁻ˣ), without overflow on either side
    Sigmoid { name: "sigmoid", latex: r"\sigma #", test: 0.7, rust: Rust::Function("(x: T) -> T {\n    let e = (-x.abs()).exp();\n    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }\n}\n"),
        value: |x| { let e = (-x.abs()).exp(); let small = e / (T::one() + e); if x < T::zero() { small } else { T::one() / (T::one() + e) } },
        derivative: |_x, y| y * (c::<S>(1.0) - y) }
    /// ln(1 + eˣ), without overflow
    Softplus { name: "softplus", latex: r"\operatorname{softplus} #", test: 0.7, rust: Rust::Function("(x: T) -> T {\n    if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }\n}\n"),
        value: |x| if x.is_nan() { x } else { x.max(T::zero()) + (-x.abs()).exp().ln_1p() }, derivative: |x, _y| x.sigmoid() }
    /// max(x, 0); the derivative at the kink 0 is 0
    Relu { name: "relu", latex: r"\operatorname{relu} #", test: 0.7, rust: Rust::Function("(x: T) -> T {\n    if x > 0.0 || x.is_nan() { x } else { 0.0 }\n}\n"),
        value: |x| if x > T::zero() || x.is_nan() { x } else { T::zero() }, derivative: |x, _y| x.binary(Binary::Gt, c(0.0)) }
    /// x·σ(x)
    Silu { name: "silu", latex: r"\operatorname{silu} #", test: 0.7, rust: Rust::Function("(x: T) -> T {\n    if x < 0.0 {\n        let half = (x * 0.5).exp();\n        x * half / (1.0 + half * half) * half\n    } else {\n        x / (1.0 + (-x).exp())\n    }\n}\n"),
        value: |x| if x < T::zero() { let half = (x * k(0.5)).exp(); x * half / (T::one() + half * half) * half } else { x / (T::one() + (-x).exp()) },
        derivative: |x, y| { let s = x.sigmoid(); s + y * (c::<S>(1.0) - s) } }
    /// the error function 2/√π ∫₀ˣ e^(−s²) ds
    Erf { name: "erf", latex: r"\operatorname{erf} #", test: 0.7, rust: special::ERF,
        value: |x| through_f64(x, special::erf::erf), derivative: |x, _y| c::<S>(std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp() }
    /// 1 − erf x, with all digits in the right tail
    Erfc { name: "erfc", latex: r"\operatorname{erfc} #", test: 0.7, rust: special::ERF,
        value: |x| through_f64(x, special::erf::erfc), derivative: |x, _y| c::<S>(-std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp() }
    /// ln |Γ(x)|, with all digits near its zeros 1 and 2, not near those left of −2; ∞ at the poles 0, −1, −2, …
    Lgamma { name: "lgamma", latex: r"\ln\Gamma #", test: 2.7, rust: special::GAMMA,
        value: |x| through_f64(x, special::gamma::lgamma), derivative: |x, _y| x.unary(Unary::Digamma) }
    /// ψ(x) = Γ′(x)/Γ(x), with all digits near its zero 1.4616…, not near those left of 0; ∓∞ at ±0, NaN at −1, −2, …
    Digamma { name: "digamma", latex: r"\psi #", test: 2.7, rust: special::GAMMA,
        value: |x| through_f64(x, special::gamma::digamma), derivative: |x, _y| c::<S>(1.0).binary(Binary::Polygamma, x) }
    /// x·Φ(x) with the normal distribution function Φ (the exact form, by erfc)
    Gelu { name: "gelu", latex: r"\operatorname{gelu} #", test: 0.7, rust: special::ERF,
        value: |x| through_f64(x, special::erf::gelu),
        derivative: |x, _y| {
            let normal = c::<S>(0.5) * (x * c(-std::f64::consts::FRAC_1_SQRT_2)).unary(Unary::Erfc);
            let density = c::<S>(0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2) * (c::<S>(-0.5) * (x * x)).exp();
            normal + x * density
        } }
    /// x above 0, eˣ − 1 below; differentiable once at 0, where the second derivative is taken from the left
    Elu { name: "elu", latex: r"\operatorname{elu} #", test: -0.7, rust: Rust::Function("(x: T) -> T {\n    if x > 0.0 { x } else { x.exp_m1() }\n}\n"),
        value: |x| if x > T::zero() { x } else { x.exp_m1() },
        derivative: |x, y| S::select(x.binary(Binary::Gt, c(0.0)), c(1.0), y + c(1.0)) }
    /// x above 0, x/100 below; the derivative at the kink 0 is 1/100
    LeakyRelu { name: "leaky_relu", latex: r"\operatorname{leaky\,relu} #", test: -0.7, rust: Rust::Function("(x: T) -> T {\n    if x > 0.0 { x } else { 0.01 * x }\n}\n"),
        value: |x| if x > T::zero() { x } else { k::<T>(0.01) * x },
        derivative: |x, _y| S::select(x.binary(Binary::Gt, c(0.0)), c(1.0), c(0.01)) }
    /// itself
    Identity { name: "identity", latex: "#", test: 0.7, rust: Rust::Inline("#"), value: |x| x, derivative: |_x, _y| c::<S>(1.0) }
}
