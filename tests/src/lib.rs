//! Tests that cross crates; the tests themselves are in `tests/all/`.

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
