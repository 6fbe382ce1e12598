//! Initial value problems for ordinary differential equations, generic over num-traits scalars and states.

mod coefficient;
mod combine;
mod controller;
mod diagnosis;
mod engine;
mod error;
mod integrator;
mod ivp;
mod method;
mod norm;
mod options;
mod scalar;
mod solution;
mod state;
mod stats;
mod system;
pub mod tableau;

pub use coefficient::Coefficient;
pub use combine::{Term, Terms, combine};
pub use controller::Controller;
pub use diagnosis::{Cause, Diagnosis, Try, Worst};
pub use engine::{Engine, RungeKutta, Scheme, Span};
pub use error::Error;
pub use integrator::{Attempt, Integrator};
pub use ivp::Ivp;
pub use method::Method;
pub use norm::{Norm, Scale, Tolerance, UserNorm};
pub use options::Options;
pub use scalar::Real;
pub use solution::{Failure, Solution, Trajectory};
pub use state::{Element, State};
pub use stats::Stats;
pub use system::System;
pub use tableau::{Dense, Tableau};
