//! A number in a type, and the same number in a field.

// ANCHOR: sizes
/// The number 5 in the type: `A<5>`.
#[derive(Clone, Copy, Debug)]
pub struct A<const N: u64>;

impl<const N: u64> A<N> {
    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        N
    }
}

/// A number in a field.
#[derive(Clone, Copy, Debug)]
pub struct B {
    /// The number.
    pub x: u64,
}
// ANCHOR_END: sizes
