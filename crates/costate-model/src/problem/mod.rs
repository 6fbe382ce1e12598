//! The loss of a model against its data, and its gradient.

mod measurements;
mod objective;
mod observer;
mod part;
mod penalties;
mod report;
mod windows;

pub(crate) use measurements::Measurements;
pub(crate) use objective::Objective;
pub use report::GradientReport;
pub(crate) use windows::Windows;

use costate_neural_ode::gradient::METHODS;
use costate_ode::{Method, Tableau};

use crate::error::{Error, Result, nearest};
use crate::model::Model;

/// What `auto` means among the gradient methods.
const AUTOMATIC: &str = "discrete";

/// The registered name behind a name in a model file.
pub(crate) fn gradient_name(name: &str) -> &str {
    if name == "auto" { AUTOMATIC } else { name }
}

/// # Errors
/// If no gradient method is called `name`: the message, and what to write.
pub(crate) fn check_gradient(name: &str) -> std::result::Result<(), (String, String)> {
    let known: Vec<&str> = METHODS.iter().map(|about| about.name).collect();
    if name == "auto" || known.contains(&name) {
        return Ok(());
    }
    let help = match nearest(name, known.iter().copied().chain(["auto"])) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("gradient methods: auto, {}", known.join(", ")),
    };
    Err((format!("no gradient method is called '{name}'"), help))
}

impl Model {
    /// The tableau of the solver, through which gradients are taken.
    ///
    /// # Errors
    /// [`Error::Argument`] for a method that is no explicit Runge–Kutta method.
    pub(crate) fn tableau(&self) -> Result<&'static Tableau> {
        let method = self.solver.method;
        method.tableau().ok_or_else(|| {
            let explicit = Method::all().into_iter().filter(|method| method.adaptive && method.tableau().is_some());
            let names: Vec<&str> = explicit.map(|method| method.name).collect();
            Error::Argument(format!(
                "{}: gradients through the method '{}' are not available in this release; take one of {}",
                self.path().display(),
                method.name,
                names.join(", ")
            ))
        })
    }
}
