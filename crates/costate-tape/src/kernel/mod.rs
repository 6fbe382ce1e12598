//! Machine kernels.
#![allow(unsafe_code)]

pub(crate) mod array;
pub(crate) mod dispatch;
pub(crate) mod dots;
pub(crate) mod elementary;
pub(crate) mod elementwise;
pub(crate) mod lanes;
pub(crate) mod matmul;
pub(crate) mod narrow;
pub(crate) mod packed;
pub(crate) mod panel;
pub(crate) mod panel_grad;
pub(crate) mod registers;
pub(crate) mod rows;
pub(crate) mod straight;
pub(crate) mod tail;
#[cfg(test)]
mod tests;
pub(crate) mod vector;
