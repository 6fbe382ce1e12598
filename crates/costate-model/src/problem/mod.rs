//! The loss of a model against its data, and its gradient.

mod curriculum;
mod measurements;
mod objective;
mod observer;
mod part;
mod penalties;
mod report;
mod segments;
mod stopped;
mod windows;

pub(crate) use curriculum::{beginning, check_curriculum};
pub(crate) use measurements::Measurements;
pub(crate) use objective::Objective;
pub use report::GradientReport;
pub(crate) use segments::Segments;
pub(crate) use stopped::Why;
pub(crate) use windows::Windows;

use costate_neural_ode::gradient::METHODS;
use costate_ode::Method;

use crate::error::{Error, nearest};
use crate::model::Model;

/// What `auto` means among the gradient methods.
const AUTOMATIC: &str = "discrete";

/// What `auto` among the solvers begins with.
const EXPLICIT: &str = "tsit5";

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
    /// The solver that gradients are taken through. `auto` is that where a solution has stretches that are stiff, and otherwise the explicit
    /// method that it begins with, which every gradient method can go through.
    pub(crate) fn gradient_solver(&self) -> Method {
        let method = self.solver.method;
        let exact = [AUTOMATIC, "finite-difference"].contains(&gradient_name(&self.fit.gradient));
        if method.name != crate::overrides::AUTOMATIC {
            return method;
        }
        let stiff = |condition: usize| {
            let model = self.under(condition);
            let (_, end) = model.span();
            match model.solve(&crate::Save::At(vec![end])) {
                Ok(solution) => solution.stats.jacobians > 0,
                Err(_) => false,
            }
        };
        match exact && (0..self.conditions.len()).any(stiff) {
            true => method,
            false => Method::by_name(EXPLICIT).expect("a registered method"),
        }
    }

    /// A gradient method that refuses the solver.
    pub(crate) fn refused(&self, error: &costate_neural_ode::Error) -> Error {
        Error::Argument(format!("{}: {error}", self.path().display()))
    }
}
