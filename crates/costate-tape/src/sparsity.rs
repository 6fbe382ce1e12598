//! Sparse derivatives: which entries of a Jacobian or Hessian can be other than zero, which columns can be found together, and the
//! evaluation of only those.

mod colouring;
mod hessian;
mod jacobian;
mod pattern;

pub use colouring::{Colouring, column_colouring, row_colouring, star_colouring};
pub use hessian::SparseHessian;
pub use jacobian::SparseJacobian;
pub use pattern::Pattern;
