//! Model files: differential equations, data and fits in one TOML file.

mod check;
mod condition;
mod data;
mod error;
mod explain;
mod expression;
mod field;
mod file;
mod fit;
mod hybrid;
mod input;
mod likelihood;
mod map;
mod model;
mod network;
mod overrides;
mod problem;
mod random;
mod schema;
mod scope;
mod settings;
mod trajectory;
mod trouble;
mod weights;

pub use check::{Check, Warning};
pub use data::Data;
pub use error::{Diagnostic, Error, Result};
pub use explain::Explanation;
pub use fit::{Bound, Fit, FittedParameter, Found, Joint, Outcome, Record, Starts, Verdict};
pub use fit::{
    Checked, Comparison, Knowledge, Known, Learned, Panel, Phase, Profile, Residuals, Review,
    Slice, Standing,
};
pub use likelihood::{Distribution, Prior};
pub use model::{Model, Observable, StateVariable};
pub use network::Network;
pub use problem::GradientReport;
pub use schema::SCHEMA;
pub use settings::{BatchSettings, FitSettings, Optimizer, Parameter, Scale, SolverSettings};
pub use trajectory::{Save, Trajectory};
