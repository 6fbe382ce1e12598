//! Reverse-mode automatic differentiation on a symbolic tape.
//!
//! *A closed set of operations, an open set of interpreters over them.* A function is recorded once as a graph ([`Function`]).
//! Differentiating the graph gives another graph, so derivatives of derivatives, printing, simplifying and compiling work on all of
//! them alike:
//!
//! | step | by | gives |
//! |---|---|---|
//! | record | [`Function::record`], [`Function::record_at`] | the formulas, as a graph of [`Op`]s |
//! | differentiate | [`vjp`](Function::vjp), [`jvp`](Function::jvp), [`gradient`](Function::gradient), [`hvp`](Function::hvp) … | a `Function` again, to any order |
//! | read | `to_string`, [`latex`](Function::latex), [`dot`](Function::dot), [`rust`](Function::rust) | text, mathematics, a picture, source |
//! | simplify | [`simplify_with`](Function::simplify_with) | the same function by [`Rule`]s, exact ones or all |
//! | run | [`eval`](Function::eval); [`Program`] | values: by the reference interpreter; compiled, without allocation |
//!
//! ```
//! use costate_tape::{Function, Names, Program, Rule, Scalar, Var};
//!
//! // Two species: dh/dt = f(h, θ).
//! let f = Function::<f64>::record(&[("h", &[2]), ("theta", &[4])], |v| {
//!     let (h, p) = (v[0], v[1]);
//!     let eaten = h.index(0) * h.index(1);
//!     vec![Var::stack(&[p.index(0) * h.index(0) - p.index(1) * eaten, p.index(2) * eaten - p.index(3) * h.index(1)])]
//! })?;
//! // a·∂f/∂h and a·∂f/∂θ in one function: its last input is a.
//! let products = f.vjp(&[0, 1]);
//! let (h, theta, a) = ([30.0, 4.0], [0.5, 0.02, 0.02, 0.8], [1.0, 0.0]);
//! let out = products.eval(&[&h, &theta, &a])?;
//! assert_eq!(out[1], [0.5 - 0.02 * 4.0, -0.02 * 30.0]);
//! assert_eq!(out[2], [30.0, -120.0, 0.0, 0.0]);
//!
//! // The same numbers, compiled: f, a·∂f/∂h and a·∂f/∂θ one after another.
//! let program = Program::compile(&products)?;
//! let mut numbers = [0.0; 8];
//! program.eval(&mut program.workspace(1), 0, &[&h, &theta, &a], &mut numbers);
//! assert_eq!(numbers[2..], [0.5 - 0.02 * 4.0, -0.02 * 30.0, 30.0, -120.0, 0.0, 0.0]);
//!
//! // And as one would write it, with the model's own names.
//! let names = Names::new().elements("h", &["prey", "predator"]).elements("theta", &["alpha", "beta", "gamma", "delta"]);
//! let read = f.elements(&names)?.simplify_with(&Rule::ALL);
//! assert_eq!(read.to_string(), "\
//! f(prey, predator, alpha, beta, gamma, delta):
//!   v1 = prey*predator
//!   y[0] = alpha*prey - beta*v1
//!   y[1] = gamma*v1 - delta*predator
//! ");
//! # Ok::<(), costate_tape::Error>(())
//! ```
//!
//! For one derivative at one point there are [`gradient`], [`jacobian`], [`hessian`] and their kin; for large sparse ones
//! [`SparseJacobian`] and [`SparseHessian`]; and [`check`] says whether a derivative, yours or this crate's, is right. Code over
//! [`Scalar`] runs on plain numbers, on [`Dual`]s and on [`Var`]s, which record it.
//!
//! # Kinks, and ends of domains
//! Each row of [`Unary`] and [`Binary`] says what happens there. In general: where one side has a slope and the other another, the
//! documented one is taken, in every way of differentiating (0 for |x| and relu at 0; a tie of `min` or `max` belongs to the first);
//! outside of a domain values are NaN, as std's are; where a slope is infinite it is infinite, and times a cotangent of 0 it is NaN.
//! [`Scalar::select`] keeps a side that is not taken out of the derivative, so √ and ln can be continued past 0 by hand. Comparisons
//! and rounding have derivative 0. A branch on a recorded value holds where it was recorded, and says so elsewhere
//! ([`Error::GuardFailed`]).
//!
//! # When this crate is not the right one
//! For a handful of derivatives of a small function, [`Dual`] numbers alone are simpler; for code whose control flow depends on the
//! numbers at every call, a recorded graph does not fit, and says so by its guards.

// Sums stand as their formulas do, and what goes along with printed source asks no more of a number than arithmetic.
#![allow(clippy::assign_op_pattern)]

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

/// The README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
