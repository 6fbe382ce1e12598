//! Differentiation, graph → graph. The rules stand with the operations; here is only the order in which they are applied.

mod forward;
mod reverse;

pub(crate) use forward::{forward, tangents_of};
pub(crate) use reverse::{cotangents_of, reverse};
