//! What printed source brings along: small functions and modules that Rust's standard library does not have.

use crate::op::notation::Rust;
use crate::op::{Binary, Unary};

/// A piece of source beside the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    /// A function of this name: what follows `fn name`, over numbers `T`.
    Function(&'static str, &'static str),
    /// A module of this name and text.
    Module(&'static str, &'static str),
}

/// Linear systems: the interpreter's own elimination, over the scalar that follows.
pub(super) const LINEAR: Helper = Helper::Module("linear", include_str!("../../op/special/lu.rs"));

/// What elimination asks of a scalar, in place of the line that imports it.
const SCALAR: &str = "
pub(crate) trait Scalar:
    Copy
    + PartialOrd
    + std::ops::Neg<Output = Self>
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
{
    fn from_f64(value: f64) -> Self;
    fn abs(self) -> Self;
    fn ln(self) -> Self;
}

impl Scalar for T {
    fn from_f64(value: f64) -> T {
        value as T
    }

    fn abs(self) -> T {
        self.abs()
    }

    fn ln(self) -> T {
        self.ln()
    }
}
";

/// A comparison as a number.
pub(super) const MASK: Helper = Helper::Function(
    "mask",
    "(holds: bool) -> T {\n    if holds { 1.0 } else { 0.0 }\n}\n",
);

/// A whole power by the multiplications of the interpreter.
pub(super) const POWI: Helper = Helper::Function(
    "powi",
    "(x: T, n: i32) -> T {
    let mut rest = n.unsigned_abs();
    let mut square = x;
    let mut product = None;
    while rest > 0 {
        if rest & 1 == 1 {
            product = Some(product.map_or(square, |p| p * square));
        }
        rest >>= 1;
        if rest > 0 {
            square *= square;
        }
    }
    let power = product.unwrap_or(1.0);
    if n < 0 { 1.0 / power } else { power }
}
",
);

impl Helper {
    /// The source beside a function of this name, for a number type: the same arithmetic as the interpreter's.
    pub(super) fn source(self, function: &str, number: &str) -> String {
        match self {
            Helper::Function(name, text) => {
                let text = text
                    .replace(": T", &format!(": {number}"))
                    .replace("-> T", &format!("-> {number}"));
                format!("fn {}{text}", beside(name, function))
            }
            Helper::Module(name, text) => {
                let scalar = SCALAR
                    .replace("for T", &format!("for {number}"))
                    .replace("-> T", &format!("-> {number}"))
                    .replace("as T", &format!("as {number}"));
                let text = text.replace("use super::Scalar;\n", &scalar);
                format!("#[allow(dead_code)]\nmod {name} {{\n{text}}}\n")
            }
        }
    }
}

/// What a helper function is called beside the function that needs it: no input's name ends so.
pub(super) fn beside(helper: &str, function: &str) -> String {
    let mark = if helper == function { "_" } else { "" };
    format!("{helper}{mark}")
}

/// Whether printed source may bring along a function of this name.
pub(super) fn is_function(name: &str) -> bool {
    let elementwise = Unary::by_name(name)
        .map(Unary::rust)
        .or_else(|| Binary::by_name(name).map(Binary::rust));
    let own = [MASK, POWI].map(|helper| matches!(helper, Helper::Function(own, _) if own == name));
    matches!(elementwise, Some(Rust::Function(_))) || own.contains(&true)
}

/// An elementwise operation applied to expressions in a function, and the helper that it calls.
pub(super) fn applied(
    name: &'static str,
    rust: Rust,
    x: &[String],
    function: &str,
    number: &str,
) -> (String, Option<Helper>) {
    let all = x.join(", ");
    match rust {
        Rust::Inline(text) => {
            let text = match x {
                [x] => text.replace('#', x),
                // The second first: an argument may contain a mark only if a name does, and names have none.
                _ => text.replace("#2", &x[1]).replace("#1", &x[0]),
            };
            (text, None)
        }
        Rust::Mask(sign) => {
            let mask = beside("mask", function);
            (format!("{mask}({} {sign} {})", x[0], x[1]), Some(MASK))
        }
        Rust::Function(text) => {
            let call = format!("{}({all})", beside(name, function));
            (call, Some(Helper::Function(name, text)))
        }
        Rust::Module(module, text) => {
            let call = if number == "f64" {
                format!("{module}::{name}({all})")
            } else {
                let wide: Vec<String> = x.iter().map(|x| format!("f64::from({x})")).collect();
                format!("({module}::{name}({}) as {number})", wide.join(", "))
            };
            (call, Some(Helper::Module(module, text)))
        }
    }
}
