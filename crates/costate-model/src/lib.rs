//! Model files: differential equations, data and fits in one TOML file.
//!
//! A file names states, parameters and formulas, dh/dt = f(h, t, θ), and what was measured; this crate records the formulas as a vector field, so that solutions,
//! exact gradients ∂L/∂θ = ∫ a·∂f/∂θ dt and fits come out of the same lines. It is what the program `costate` runs on.
//!
//! ```
//! use costate_model::{Fit, Model, Save};
//!
//! let text = r#"
//! [states]
//! cup = 80.0                                  # degrees
//! [parameters]
//! k = { value = 0.1, unit = "1/min" }
//! room = 15.0
//! [equations]
//! cup = "-k * (cup - room)"
//! [time]
//! start = 0.0
//! end = 40.0
//! [data]
//! file = "cooling.csv"
//! time = "t"
//! "#;
//! # let folder = std::env::temp_dir().join(format!("costate-model-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! std::fs::write(folder.join("cooling.csv"), "t,cup\n0,80\n10,56.4\n20,42.1\n40,28.1\n")?;
//! let model = Model::parse(text, folder.join("cooling.toml"))?; // data are looked for beside the file
//!
//! let solution = model.solve(&Save::At(vec![10.0]))?;
//! assert!((solution.row(0)[0] - (15.0 + 65.0 * (-1.0_f64).exp())).abs() < 1e-3);
//!
//! let gradient = model.gradient()?; // of the mean square error, at the file's own values
//! assert_eq!(gradient.parameters[0].0, "k");
//! assert!(gradient.parameters[0].1 > 0.0); // it cools too fast: k must go down
//!
//! let mut fit = Fit::new(model)?;
//! while fit.advance()? {} // between two calls it can be saved and resumed
//! let found = fit.found()?;
//! assert!((found.parameters[0].value - 0.05).abs() < 1e-3);
//! assert!((found.parameters[1].value - 20.0).abs() < 0.5);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | take |
//! |---|---|
//! | read a file, and be told what is wrong in it, where, and what was perhaps meant | [`Model::open`], [`Model::parse`], [`Model::check`] |
//! | solve it, and compute what is observed | [`Model::solve`], [`Model::observe`] |
//! | the gradient of its loss; all methods against each other and against differences | [`Model::gradient`], [`Model::audit`] |
//! | fit it, stop, save and go on to the same bits | [`Fit`], [`Found`] |
//! | read how its gradients are derived, in its own names | [`Model::explain`] |
//! | help an editor | [`SCHEMA`] |
//!
//! Networks (`[networks]`) stand in formulas like any function; events, doses, inputs from tables and experiments are sections of the file too. The book's page
//! *Commands and the model file* has every key.
//!
//! **When not to use it.** Equations that are made by a program, or fields in arrays (images, grids): record them with `costate-neural-ode`, which this crate calls. Algebraic
//! equations of an index above one, delays and noise in the equations cannot be written in a file.

mod check;
mod condition;
mod consistent;
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
#[cfg(test)]
#[path = "../tests/room/mod.rs"]
mod room;
mod schema;
mod scope;
mod settings;
mod start;
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

/// The README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
