//! Exact gradients through differential equations: neural ODEs, adjoint methods, training.
//!
//! The solution of dh/dt = f(h, t, θ) is a function of its start, of its parameters and of all its times; this crate gives the gradient of
//! anything computed from it.
//!
//! ```
//! use costate_neural_ode::layer::{Layer, Mlp};
//! use costate_neural_ode::train::optimizer::{Adam, Optimizer};
//! use costate_neural_ode::{Discrete, GradientMethod, Problem, Recorded};
//! use costate_ode::{Options, tableau};
//! use costate_tape::Unary;
//!
//! // dh/dt = net(h³), for four states of two components at once
//! let net = Mlp::new(&[2, 16, 2], Unary::Tanh);
//! let field = Recorded::record(&[4, 2], net.parameter_len(), |h, _t, theta| net.apply(h * h * h, theta))?;
//!
//! let options = Options::tolerances(1e-6, 1e-8);
//! let mut discrete = Discrete::new(field, &vec![0.0; 8], tableau::by_name("tsit5")?, options)?;
//! let mut theta: Vec<f64> = net.initial(1);
//! let mut optimizer = Adam::new(0.01);
//! let h0 = [1.0, 0.0, 0.8, 0.2, 0.6, 0.4, 0.4, 0.6];
//! let mut losses = Vec::new();
//! for _ in 0..50 {
//!     let problem = Problem { h0: &h0, theta: &theta, t0: 0.0, t1: 1.0, save_at: &[0.5, 1.0] };
//!     // L = Σ (h − h₀)²: stay where you began.
//!     let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
//!         let mut loss = 0.0;
//!         for (i, h) in saved.values().iter().enumerate() {
//!             let off = h - h0[i % 8];
//!             loss += off * off;
//!             cotangents.values_mut()[i] = 2.0 * off;
//!         }
//!         loss
//!     })?;
//!     losses.push(gradient.loss);
//!     optimizer.step(&mut theta, gradient.loss, &gradient.theta);
//! }
//! assert!(losses[49] < 0.05 * losses[0]);
//! # Ok::<(), costate_neural_ode::Error>(())
//! ```
//!
//! # The parts
//! - A [`VectorField`] is f with its three products a·∂f/∂h, a·∂f/∂θ, a·∂f/∂t: [`Recorded`] from the tape, for networks and whatever else is
//!   written with arrays; [`Native`] for a few states, in plain Rust; or your own.
//! - A [`GradientMethod`] gives ∂L/∂h₀, ∂L/∂θ, ∂L/∂t₀, ∂L/∂t₁ and ∂L/∂(each save time): [`Discrete`] by default; the table in
//!   [`gradient`] says when another.
//! - [`Augmented`] is the adjoint system of the derivation, and what [`Backsolve`] solves.
//! - [`hybrid`] takes any of them through events: states that jump, doses at scheduled times, ends that are found on the way.
//! - [`batch`] takes the gradients of many samples, each with times and steps of its own, over all threads, to the same bits.
//! - [`second_order`] has Hessian–vector and Gauss–Newton products, [`Jacobian`] several outputs at once.
//! - [`audit`](audit::Audit) compares all methods on your own problem and says whether the gradient is right.
//! - [`layer`] has the networks, [`function_space`] the bases in which their weights can vary with t, [`train`] the losses, optimisers, schedules
//!   and the loop around them; [`flow`] carries densities along a field. The folder `examples` has eleven models of the field, a page each.
//!
//! # When not to use it
//! Solutions without gradients: `costate-ode` alone. Derivatives without differential equations: `costate-tape` alone. Layers thousands wide, convolutions over large
//! images, anything that wants a GPU: a tensor library. Equations with noise or delays, and gradients through mass matrices or through multistep methods, are not here;
//! asking for one is an error that names what works.
//!
//! # Words
//! The **costate** a(t) = +∂L/∂h(t) obeys da/dt = −a·∂f/∂h; the **gradient** is what comes out at the end. θ is always the last argument.
//! Nothing in this crate differentiates step sizes: see [`gradient`](crate::gradient#what-is-constant).

pub mod audit;
mod augmented;
pub mod batch;
mod error;
mod field;
pub mod flow;
pub mod function_space;
pub mod gradient;
pub mod hybrid;
mod jacobian;
pub mod layer;
pub mod second_order;
pub mod train;

pub use augmented::{Augmented, Quadratures};
pub use error::Error;
pub use field::{
    Integral, Native, Parts, Products, Recorded, RightHandSide, Solvable, Split, VectorField,
};
pub use gradient::{
    Backsolve, Discrete, FiniteDifference, Forward, Gauss, Gradient, GradientMethod, Interpolating,
    Problem, Reversible, Saved, SteadyState,
};
pub use jacobian::{Jacobian, Mode, OutputsFn};

#[doc(hidden)]
pub mod doc;

/// The README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
