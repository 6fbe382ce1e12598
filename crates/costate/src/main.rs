//! The `costate` program.

fn main() {}
