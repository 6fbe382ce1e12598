//! Model files: differential equations, data and fits in one TOML file.

mod data;
mod error;
mod expression;
mod field;
mod file;
mod fit;
mod model;
mod network;
mod problem;
mod random;
mod scope;
mod trajectory;
mod weights;

pub use data::Data;
pub use error::{Diagnostic, Error, Result};
pub use fit::{Bound, Fit, FittedParameter, Found, Record, Verdict};
pub use model::{
    BatchSettings, FitSettings, Model, Observable, Optimizer, Parameter, Scale, SolverSettings,
    StateVariable,
};
pub use network::Network;
pub use problem::GradientReport;
pub use trajectory::{Save, Trajectory};
