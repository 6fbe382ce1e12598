//! The loss of a model against its data, and its gradient.

mod measurements;
mod objective;
mod observer;
mod report;
mod windows;

pub(crate) use measurements::Measurements;
pub(crate) use objective::Objective;
pub use report::GradientReport;
pub(crate) use windows::Windows;

use costate_neural_ode::gradient::METHODS;

use crate::error::nearest;

/// What `auto` means among the gradient methods.
const AUTOMATIC: &str = "discrete";

/// The registered name behind a name in a model file.
pub(crate) fn gradient_name(name: &str) -> &str {
    if name == "auto" { AUTOMATIC } else { name }
}

/// # Errors
/// If no gradient method is called `name`: the message, and what to write.
pub(crate) fn check_gradient(name: &str) -> Result<(), (String, String)> {
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
