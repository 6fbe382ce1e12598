//! Initial value problems for ordinary differential equations, generic over num-traits scalars and states.
//!
//! dy/dt = f(t, y), y(t₀) = y₀, forward or backward in time. A closure that writes dy/dt is all it takes:
//!
//! ```
//! use costate_ode::Ivp;
//!
//! // Hares and lynxes for twenty years.
//! let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
//!     *dy = [0.55 * y[0] - 0.028 * y[0] * y[1], -0.80 * y[1] + 0.024 * y[0] * y[1]];
//! };
//! let solution = Ivp::new(field, 0.0, [33.0, 5.9], 20.0).rtol(1e-8).atol(1e-8).save_at([10.0, 20.0]).solve()?;
//! assert_eq!(solution.t, [10.0, 20.0]);
//! assert!((solution.y[1][0] - 29.326525).abs() < 1e-5);
//! # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
//! ```
//!
//! | to | take |
//! |---|---|
//! | solve and be done | [`Ivp`]: tolerances, method, save times, continuous solution |
//! | hold the stepping in your hands | [`Integrator`] |
//! | choose a method by name, list them | [`Method`], [`tableau`](mod@tableau) |
//! | bring your own method | a [`Tableau`] in a `static`, or an [`Engine`] |
//! | change how steps are chosen | [`Options`], [`Controller`], [`Norm`], [`Tolerance`] |
//! | use another kind of state or number | [`State`], [`Element`], [`Real`] |
//! | stop, or change the state, where something happens | [`Event`], [`Ivp::jump_at`] |
//! | take one part of f explicitly and the other implicitly | [`Split`] |
//! | find a start that satisfies algebraic equations | [`make_consistent`]; [`Ivp`] does it by itself |
//! | solve for many parameters or starts | [`ensemble`](fn@ensemble), for small systems [`lane_ensemble`] |
//! | learn why it stopped | [`Failure`], [`Diagnosis`] |
//!
//! **Sizes.** `[f64; N]` and nalgebra's `SVector` keep the size in the type: the stages unroll and nothing lives on the heap. `Vec<f64>` and
//! `DVector` take sizes known at run time. Steps allocate nothing in either case. A size in the type lies between one component and 64 KiB; others do not compile,
//! and the message says why:
//!
//! ```compile_fail,E0080
//! // error: a state held in an array may have 64 KiB at most (8192 components of f64): take a Vec or a DVector for larger ones
//! let field = |_t: f64, y: &[f64; 10_000], dy: &mut [f64; 10_000]| *dy = *y;
//! let ivp = costate_ode::Ivp::new(field, 0.0, [1.0; 10_000], 1.0);
//! ```
//!
//! ```compile_fail,E0080
//! // error: a state needs at least one component: this array has none
//! let engine = costate_ode::RungeKutta::<f64, [f64; 0]>::new(costate_ode::tableau::by_name("tsit5").unwrap(), &[]);
//! ```
//!
//! ```
//! // The largest there is.
//! let field = |_t: f64, y: &[f64; 8192], dy: &mut [f64; 8192]| *dy = *y;
//! let ivp = costate_ode::Ivp::new(field, 0.0, [1.0; 8192], 1.0);
//! ```
//!
//! **Which method.** The default, `tsit5`, is right for most non-stiff problems at tolerances from 1e-3 to 1e-9. Constant steps
//! ([`Ivp::step`]) make the numbers a smooth function of the data, as methods without error estimate need them anyway. If a solve stops with
//! "looks stiff", steps were held down by stability, not accuracy: take a method whose [`stiff`](Method::stiff) is set.
//!
//! **When not to use it.** Boundary value problems, delays, noise and partial differential equations that are not yet discretised
//! are not for this crate. Gradients of what a solution gives with respect to its parameters: `costate-neural-ode`, which is built on it.
//!
//! **Precision.** An `f32` state may have its time and error norm in `f64`: [`Element`] says how. Tolerances that the number type cannot
//! reach are refused.

mod coefficient;
mod combine;
mod consistent;
mod controller;
mod diagnosis;
mod engine;
mod ensemble;
mod error;
mod event;
mod integrator;
mod ivp;
mod jacobian;
mod linear;
mod method;
mod norm;
mod options;
mod scalar;
mod size;
mod solution;
mod state;
mod stats;
mod system;
pub mod tableau;

pub use coefficient::Coefficient;
pub use combine::{Term, Terms, combine};
pub use consistent::make_consistent;
pub use controller::Controller;
pub use diagnosis::{Cause, Diagnosis, Try, Worst};
pub use engine::{
    Adams, Auto, Bdf, Dirk, DirkTableau, Engine, Gauss, GaussTableau, Imex, Part, Radau,
    Reversible, Rock, RockTableau, Rosenbrock, RosenbrockTableau, RungeKutta, Scheme, Span,
    Symplectic, SymplecticTableau,
};
pub use ensemble::{Ended, Lane, LaneField, Lanes, Member, ensemble, lane_ensemble};
pub use error::Error;
pub use event::{Event, Occurrence, Zeno};
pub use integrator::{Attempt, Integrator};
pub use ivp::{Ivp, Progress};
pub use linear::{Field, Krylov, Lu, Matrix, Pattern, Structure};
pub use method::{Family, Method};
pub use norm::{Norm, Scale, Tolerance, UserNorm};
pub use options::Options;
pub use scalar::Real;
pub use solution::{Failure, Solution, Trajectory};
pub use state::{Element, State};
pub use stats::Stats;
pub use system::{
    Attachment, Autonomous, GivenJacobian, GivenPreconditioner, GivenSpectralRadius,
    GivenTimeDerivative, MatrixFree, Parts, Split, System, With, WithJacobian, WithMass,
    WithPreconditioner, WithSpectralRadius, WithStructure, WithTimeDerivative,
};
pub use tableau::{Dense, Tableau};

/// The README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
