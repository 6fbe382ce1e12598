//! Exact gradients through differential equations: neural ODEs, adjoint methods, training.

mod augmented;
mod error;
mod field;
pub mod gradient;
pub mod layer;
pub mod train;

pub use augmented::{Augmented, Quadratures};
pub use error::Error;
pub use field::{Native, Products, Recorded, RightHandSide, VectorField};
pub use gradient::{
    Backsolve, Discrete, FiniteDifference, Forward, Gradient, GradientMethod, Problem, Saved,
};

#[doc(hidden)]
pub mod doc;
