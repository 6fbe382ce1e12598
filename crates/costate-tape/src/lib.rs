//! Reverse-mode automatic differentiation on a symbolic tape.
//!
//! *A closed set of operations, an open set of interpreters over them.* A function is recorded once as a graph
//! ([`Function`]). Differentiating the graph gives another graph, so derivatives of derivatives, printing, simplifying and
//! compiling work on all of them alike.
//!
//! ```
//! use costate_tape::{Function, Scalar};
//!
//! // Two species: dh/dt = f(h, θ).
//! let f = Function::<f64>::record(&[("h", &[2]), ("theta", &[4])], |v| {
//!     let (h, p) = (v[0], v[1]);
//!     let eaten = h.index(0) * h.index(1);
//!     vec![costate_tape::Var::stack(&[
//!         p.index(0) * h.index(0) - p.index(1) * eaten,
//!         p.index(2) * eaten - p.index(3) * h.index(1),
//!     ])]
//! })?;
//! // a·∂f/∂h and a·∂f/∂θ in one function.
//! let products = f.vjp(&[0, 1]);
//! let out = products.eval(&[&[30.0, 4.0], &[0.5, 0.02, 0.02, 0.8], &[1.0, 0.0]])?;
//! assert_eq!(out[1], [0.5 - 0.02 * 4.0, -0.02 * 30.0]);
//! assert_eq!(out[2], [30.0, -120.0, 0.0, 0.0]);
//! # Ok::<(), costate_tape::Error>(())
//! ```
//!
//! The product reads as one would write it, with the model's own names:
//!
//! ```
//! # use costate_tape::{Function, Names, Rule};
//! # let f = Function::<f64>::record(&[("h", &[2]), ("k", &[])], |v| vec![v[1] * v[0].index(0) * v[0].index(1)])?;
//! let names = Names::new().elements("h", &["prey", "predator"]);
//! let gradient = f.gradient(&[0]).elements(&names)?.simplify_with(&Rule::ALL);
//! assert_eq!(gradient.to_string(), "\
//! f(prey, predator, k):
//!   grad_h[0] = predator*k
//!   grad_h[1] = k*prey
//! ");
//! # Ok::<(), costate_tape::Error>(())
//! ```
//!
//! For one derivative at one point there are [`gradient`], [`jacobian`], [`hessian`] and their kin; for large sparse ones
//! [`SparseJacobian`] and [`SparseHessian`]; and [`check`] says whether a derivative, yours or this crate's, is right.
//!
//! When this crate is not the right one: for a handful of derivatives of a small function, [`Dual`] numbers alone are simpler;
//! for code whose control flow depends on the numbers at every call, a recorded graph does not fit, and says so by its guards.

pub mod check;
mod differentiate;
mod display;
mod dual;
mod error;
mod function;
mod graph;
mod interpret;
mod kernel;
mod op;
mod operators;
mod program;
mod scalar;
mod shape;
mod simplify;
mod sparsity;
mod tape;
mod var;
mod verbs;

pub use display::{Formula, Formulas, Names, Notation, Plain};
pub use dual::Dual;
pub use error::Error;
pub use function::{Function, Guard, NonFinite, Port};
pub use graph::{Graph, Node, NodeId};
pub use kernel::dispatch::Isa;
pub use op::{Binary, Op, Unary};
pub use program::{Cost, Lane, Program, Work, Workspace};
pub use scalar::Scalar;
pub use shape::Shape;
pub use simplify::Rule;
pub use sparsity::{
    Colouring, Pattern, SparseHessian, SparseJacobian, column_colouring, row_colouring,
    star_colouring,
};
pub use tape::Tape;
pub use var::Var;
pub use verbs::{gradient, hessian, hvp, jacobian, jvp, value_and_gradient, vjp};
