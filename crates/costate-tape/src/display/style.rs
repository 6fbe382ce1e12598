//! What a notation has to say: how each operation is written, and how tightly it binds.

use crate::op::{Binary, Unary};

/// How tightly an expression binds; higher binds tighter. Those of [`Binary::infix`] lie between.
pub(super) const LOOSE: u8 = 0;
pub(super) const SUM: u8 = 4;
pub(super) const PRODUCT: u8 = 5;
pub(super) const POWER: u8 = 7;
pub(super) const ATOM: u8 = 9;

/// A written expression.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) binds: u8,
}

impl Piece {
    pub(super) fn atom(text: impl Into<String>) -> Piece {
        Piece {
            text: text.into(),
            binds: ATOM,
        }
    }
}

/// A number as Rust writes it, without a fraction that is none, and without a sign of zero.
pub(super) fn shortened(rust: &str) -> &str {
    match rust.strip_suffix(".0").unwrap_or(rust) {
        "-0" => "0",
        text => text,
    }
}

/// A notation. Arguments come without parentheses; the style sets them where the binding asks for it.
pub(super) trait Style {
    /// A number as Rust writes it.
    fn number(&self, rust: &str) -> Piece;
    /// An input, an output, an intermediate value.
    fn name(&self, name: &str) -> Piece;
    /// Elements of an array: the index is written by [`index`](Style::index).
    fn indexed(&self, array: Piece, index: &str) -> Piece;
    fn unary(&self, op: Unary, x: Piece) -> Piece;
    fn binary(&self, op: Binary, a: Piece, b: Piece) -> Piece;
    fn power(&self, x: Piece, n: i32) -> Piece;
    fn select(&self, condition: Piece, a: Piece, b: Piece) -> Piece;
    fn sum(&self, x: Piece, axes: Option<&[usize]>) -> Piece;
    fn matmul(&self, a: Piece, b: Piece) -> Piece;
    /// The product of two arrays element by element.
    fn elementwise(&self, a: Piece, b: Piece) -> Piece {
        self.binary(Binary::Mul, a, b)
    }
    fn transpose(&self, x: Piece) -> Piece;
    fn vector(&self, parts: &[Piece]) -> Piece;
    /// Any other operation: a name and arguments.
    fn call(&self, name: &str, arguments: &[String]) -> Piece;
    /// From this many characters on, an operand becomes a value of its own.
    fn long(&self) -> usize;
}
