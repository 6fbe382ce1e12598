//! How an elementwise operation is written in Rust source.

/// A notation in Rust; the printer fills in the arguments and the type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rust {
    /// An expression with `#` for the argument, or `#1` and `#2`.
    Inline(&'static str),
    /// A comparison with this sign, as 1 or 0.
    Mask(&'static str),
    /// A function of the operation's name, which the source brings along: what follows `fn name`, over numbers `T`.
    Function(&'static str),
    /// A function of f64 of the operation's name, in a module of this name and text.
    Module(&'static str, &'static str),
}
