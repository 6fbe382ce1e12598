//! Elementwise operations of two arguments, each once: name, notations, test point, value, both derivatives.
//!
//! # Adding one
//! Add a row to the table at the end of this file; the shortest example is `Add`.

use crate::op::notation::Rust;
use crate::op::special;
use crate::scalar::Scalar;
use num_traits::Float;

fn c<S: Scalar>(value: f64) -> S {
    S::from_f64(value)
}

/// 1 where a comparison holds, 0 where it does not.
fn mask<T: Float>(holds: bool) -> T {
    if holds { T::one() } else { T::zero() }
}

macro_rules! binary_operations {
    ($($(#[$doc:meta])* $op:ident {
        name: $name:literal, infix: $infix:expr, latex: $latex:literal, test: $test:expr, rust: $rust:expr,
        value: |$v:ident, $w:ident| $value:expr, derivative: |$a:ident, $b:ident, $y:ident| ($da:expr, $db:expr) $(,)?
    })*) => {
        /// An elementwise operation of two arguments.
        ///
        /// ```
        /// use costate_tape::Binary;
        /// let product = Binary::by_name("mul").expect("one of them");
        /// assert_eq!((product.value(2.0, 5.0), product.derivatives(2.0, 5.0, 10.0)), (10.0, (5.0, 2.0)));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Binary { $($(#[$doc])* $op,)* }

        impl Binary {
            /// Every operation: what tests, formulas and tables loop over.
            pub const ALL: &'static [Binary] = &[$(Binary::$op),*];

            /// The name as a function.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Binary::$op => $name),* }
            }

            /// The sign written between the arguments, and how tightly it binds (higher binds tighter), if it is written so.
            #[must_use]
            pub fn infix(self) -> Option<(&'static str, u8)> {
                match self { $(Binary::$op => $infix),* }
            }

            /// The notation in LaTeX, with `#1` and `#2` for the arguments.
            #[must_use]
            pub fn latex(self) -> &'static str {
                match self { $(Binary::$op => $latex),* }
            }

            /// A point inside the domain and away from kinks, where tests compare derivatives.
            #[must_use]
            pub fn test_point(self) -> (f64, f64) {
                match self { $(Binary::$op => $test),* }
            }

            /// The operation in Rust source.
            pub(crate) fn rust(self) -> Rust {
                match self { $(Binary::$op => $rust),* }
            }

            /// The value φ(a, b) of plain numbers.
            #[inline]
            pub fn value<T: Float>(self, a: T, b: T) -> T {
                match self { $(Binary::$op => { let ($v, $w) = (a, b); $value })* }
            }

            /// The derivatives (∂φ/∂a, ∂φ/∂b), in the arithmetic of any scalar, given a, b and y = φ(a, b).
            #[inline]
            pub fn derivatives<S: Scalar>(self, a: S, b: S, y: S) -> (S, S) {
                (self.derivative_a(a, b, y), self.derivative_b(a, b, y))
            }

            /// The derivative ∂φ/∂a.
            #[inline]
            pub fn derivative_a<S: Scalar>(self, a: S, b: S, y: S) -> S {
                match self { $(Binary::$op => { let ($a, $b, $y) = (a, b, y); let _ = ($a, $b, $y); $da })* }
            }

            /// The derivative ∂φ/∂b.
            #[inline]
            pub fn derivative_b<S: Scalar>(self, a: S, b: S, y: S) -> S {
                match self { $(Binary::$op => { let ($a, $b, $y) = (a, b, y); let _ = ($a, $b, $y); $db })* }
            }
        }
    };
}

impl Binary {
    /// The operation of this name, if there is one.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Binary> {
        Binary::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// Whether this is a comparison: its value is 1 where it holds and 0 where not, its derivatives are 0.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge | Binary::Eq | Binary::Ne
        )
    }
}

binary_operations! {
    /// a + b
    Add { name: "add", infix: Some(("+", 4)), latex: "#1 + #2", test: (0.7, 1.3), rust: Rust::Inline("(#1 + #2)"),
        value: |a, b| a + b, derivative: |_a, _b, _y| (c::<S>(1.0), c::<S>(1.0)) }
    /// a − b
    Sub { name: "sub", infix: Some(("-", 4)), latex: "#1 - #2", test: (0.7, 1.3), rust: Rust::Inline("(#1 - #2)"),
        value: |a, b| a - b, derivative: |_a, _b, _y| (c::<S>(1.0), c::<S>(-1.0)) }
    /// a·b
    Mul { name: "mul", infix: Some(("*", 5)), latex: r"#1\,#2", test: (0.7, 1.3), rust: Rust::Inline("(#1 * #2)"),
        value: |a, b| a * b, derivative: |a, b, _y| (b, a) }
    /// a/b
    Div { name: "div", infix: Some(("/", 5)), latex: r"\frac{#1}{#2}", test: (0.7, 1.3), rust: Rust::Inline("(#1 / #2)"), value: |a, b| a / b,
        derivative: |_a, b, y| (c::<S>(1.0) / b, -(y * (c::<S>(1.0) / b))) }
    /// aᵇ of real numbers; NaN for a negative base and an exponent that is not whole. ∂/∂b is 0 at base 0
    Pow { name: "pow", infix: Some(("^", 7)), latex: "#1^{#2}", test: (1.7, 1.3), rust: Rust::Inline("#1.powf(#2)"), value: |a, b| a.powf(b),
        derivative: |a, b, y| (
            S::select(b.binary(Binary::Eq, c(0.0)), c(0.0), b * a.powf(b - c(1.0))),
            { let zero = a.binary(Binary::Eq, c(0.0)); S::select(zero, c(0.0), y * S::select(zero, c(1.0), a).ln()) }
        ) }
    /// the angle of the point (b, a): atan2(a, b), undefined at the origin
    Atan2 { name: "atan2", infix: None, latex: r"\operatorname{atan2}(#1, #2)", test: (0.7, 1.3), rust: Rust::Inline("#1.atan2(#2)"),
        value: |a, b| a.atan2(b),
        // Twice by √(a² + b²): the squares may leave the range of numbers.
        derivative: |a, b, _y| (b / a.hypot(b) / a.hypot(b), -(a / a.hypot(b) / a.hypot(b))) }
    /// √(a² + b²) without overflow; not differentiable at the origin
    Hypot { name: "hypot", infix: None, latex: r"\sqrt{#1^2 + #2^2}", test: (0.7, 1.3), rust: Rust::Inline("#1.hypot(#2)"), value: |a, b| a.hypot(b),
        derivative: |a, b, y| (a / y, b / y) }
    /// the smaller one; at a tie the derivative belongs to a. NaN if either is
    Min { name: "min", infix: None, latex: r"\min(#1, #2)", test: (0.7, 1.3), rust: Rust::Function("(a: T, b: T) -> T {\n    if a <= b || a.is_nan() { a } else { b }\n}\n"),
        value: |a, b| if a <= b || a.is_nan() { a } else { b },
        derivative: |a, b, _y| (a.binary(Binary::Le, b), a.binary(Binary::Gt, b)) }
    /// the larger one; at a tie the derivative belongs to a. NaN if either is
    Max { name: "max", infix: None, latex: r"\max(#1, #2)", test: (0.7, 1.3), rust: Rust::Function("(a: T, b: T) -> T {\n    if a >= b || a.is_nan() { a } else { b }\n}\n"),
        value: |a, b| if a >= b || a.is_nan() { a } else { b },
        derivative: |a, b, _y| (a.binary(Binary::Ge, b), a.binary(Binary::Lt, b)) }
    /// ψ⁽ⁿ⁾(x), the derivative of order n = ⌊a⌋ of ψ = digamma at x = b: polygamma(1, x) is trigamma. Orders 0 … 170, NaN for others.
    /// At the poles +∞ for odd orders; for even ones ∓∞ at ±0 and NaN at −1, −2, … The derivative to the order is 0, also at its jumps
    Polygamma { name: "polygamma", infix: None, latex: r"\psi^{(#1)}\!\left(#2\right)", test: (1.3, 2.7), rust: special::GAMMA,
        value: |a, b| special::both_through_f64(a, b, special::gamma::polygamma),
        derivative: |a, b, _y| (c(0.0), (a + c(1.0)).binary(Binary::Polygamma, b)) }
    /// 1 where a < b, else 0
    Lt { name: "lt", infix: Some(("<", 3)), latex: "[#1 < #2]", test: (0.7, 1.3), rust: Rust::Mask("<"),
        value: |a, b| mask(a < b), derivative: |_a, _b, _y| (c(0.0), c(0.0)) }
    /// 1 where a ≤ b, else 0
    Le { name: "le", infix: Some(("<=", 3)), latex: r"[#1 \le #2]", test: (0.7, 1.3), rust: Rust::Mask("<="),
        value: |a, b| mask(a <= b), derivative: |_a, _b, _y| (c(0.0), c(0.0)) }
    /// 1 where a > b, else 0
    Gt { name: "gt", infix: Some((">", 3)), latex: "[#1 > #2]", test: (0.7, 1.3), rust: Rust::Mask(">"),
        value: |a, b| mask(a > b), derivative: |_a, _b, _y| (c(0.0), c(0.0)) }
    /// 1 where a ≥ b, else 0
    Ge { name: "ge", infix: Some((">=", 3)), latex: r"[#1 \ge #2]", test: (0.7, 1.3), rust: Rust::Mask(">="),
        value: |a, b| mask(a >= b), derivative: |_a, _b, _y| (c(0.0), c(0.0)) }
    /// 1 where a = b, else 0
    Eq { name: "eq", infix: Some(("==", 3)), latex: "[#1 = #2]", test: (0.7, 1.3), rust: Rust::Mask("=="),
        value: |a, b| mask(a == b), derivative: |_a, _b, _y| (c(0.0), c(0.0)) }
    /// 1 where a ≠ b, else 0
    Ne { name: "ne", infix: Some(("!=", 3)), latex: r"[#1 \ne #2]", test: (0.7, 1.3), rust: Rust::Mask("!="),
        value: |a, b| mask(a != b), derivative: |_a, _b, _y| (c(0.0), c(0.0)) }
}

/// The comparison `op` as a fact about plain numbers.
pub(crate) fn holds<T: Scalar>(op: Binary, a: T, b: T) -> bool {
    a.binary(op, b) != T::from_f64(0.0)
}
