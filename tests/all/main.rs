//! Tests that cross crates.

mod allocation;
mod resume;
