//! Operations that Rust's standard library has by another name or not at all, as source.

use crate::op::Unary;

/// A small function that the source brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    Elu,
    LeakyRelu,
    Mask,
    Max,
    Min,
    Powi,
    Relu,
    Sigmoid,
    Sign,
    Silu,
    Softplus,
}

/// How an operation is written.
pub(super) enum Way {
    Method(&'static str),
    Helper(Helper),
}

/// How an operation of one argument is written; none where it would need a library.
pub(super) fn of(op: Unary) -> Option<Way> {
    Some(Way::Method(match op {
        Unary::Exp => "exp",
        Unary::Expm1 => "exp_m1",
        Unary::Ln => "ln",
        Unary::Ln1p => "ln_1p",
        Unary::Log2 => "log2",
        Unary::Log10 => "log10",
        Unary::Sqrt => "sqrt",
        Unary::Cbrt => "cbrt",
        Unary::Sin => "sin",
        Unary::Cos => "cos",
        Unary::Tan => "tan",
        Unary::Asin => "asin",
        Unary::Acos => "acos",
        Unary::Atan => "atan",
        Unary::Sinh => "sinh",
        Unary::Cosh => "cosh",
        Unary::Tanh => "tanh",
        Unary::Abs => "abs",
        Unary::Floor => "floor",
        Unary::Elu => return Some(Way::Helper(Helper::Elu)),
        Unary::LeakyRelu => return Some(Way::Helper(Helper::LeakyRelu)),
        Unary::Relu => return Some(Way::Helper(Helper::Relu)),
        Unary::Sigmoid => return Some(Way::Helper(Helper::Sigmoid)),
        Unary::Sign => return Some(Way::Helper(Helper::Sign)),
        Unary::Silu => return Some(Way::Helper(Helper::Silu)),
        Unary::Softplus => return Some(Way::Helper(Helper::Softplus)),
        _ => return None,
    }))
}

impl Helper {
    pub(super) fn name(self) -> &'static str {
        match self {
            Helper::Elu => "elu",
            Helper::LeakyRelu => "leaky_relu",
            Helper::Mask => "mask",
            Helper::Max => "max",
            Helper::Min => "min",
            Helper::Powi => "powi",
            Helper::Relu => "relu",
            Helper::Sigmoid => "sigmoid",
            Helper::Sign => "sign",
            Helper::Silu => "silu",
            Helper::Softplus => "softplus",
        }
    }

    /// Helpers that this one calls.
    pub(super) fn needs(self) -> &'static [Helper] {
        &[]
    }

    /// The helper for a number type: the same arithmetic as the operation's row.
    pub(super) fn source(self, number: &str) -> String {
        let text = match self {
            Helper::Elu => "fn elu(x: T) -> T {\n    if x > 0.0 { x } else { x.exp_m1() }\n}\n",
            Helper::LeakyRelu => {
                "fn leaky_relu(x: T) -> T {\n    if x > 0.0 { x } else { 0.01 * x }\n}\n"
            }
            Helper::Mask => "fn mask(holds: bool) -> T {\n    if holds { 1.0 } else { 0.0 }\n}\n",
            Helper::Max => {
                "fn max(a: T, b: T) -> T {\n    if a >= b || a.is_nan() { a } else { b }\n}\n"
            }
            Helper::Min => {
                "fn min(a: T, b: T) -> T {\n    if a <= b || a.is_nan() { a } else { b }\n}\n"
            }
            Helper::Powi => {
                "fn powi(x: T, n: i32) -> T {
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
"
            }
            Helper::Relu => {
                "fn relu(x: T) -> T {\n    if x > 0.0 || x.is_nan() { x } else { 0.0 }\n}\n"
            }
            Helper::Sigmoid => {
                "fn sigmoid(x: T) -> T {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}
"
            }
            Helper::Sign => {
                "fn sign(x: T) -> T {\n    if x == 0.0 || x.is_nan() { x } else { x.signum() }\n}\n"
            }
            Helper::Silu => {
                "fn silu(x: T) -> T {
    if x < 0.0 {
        let half = (x * 0.5).exp();
        x * half / (1.0 + half * half) * half
    } else {
        x / (1.0 + (-x).exp())
    }
}
"
            }
            Helper::Softplus => {
                "fn softplus(x: T) -> T {\n    if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }\n}\n"
            }
        };
        text.replace(": T", &format!(": {number}"))
            .replace("-> T", &format!("-> {number}"))
    }
}
