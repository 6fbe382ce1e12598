//! The workloads: what is timed, and what is compared with the other tools.

mod ensemble;
mod fit;
mod network_gradient;
mod spiral;

pub use ensemble::Lorenz;
pub use fit::LotkaVolterra;
pub use spiral::Spiral;

use crate::definition::Definitions;
use costate_neural_ode::gradient;
use costate_ode::{Controller, Options, Real};
use serde::Serialize;

/// A piece of work that is done again and again.
pub trait Workload {
    /// Does it once and tells what came out.
    fn check(&mut self) -> Outcome;

    /// Does it [`units`](Workload::units) times: what is timed. Returns some number that depends on all of it.
    fn sample(&mut self) -> f64;

    /// How many units of work a sample is.
    fn units(&self) -> usize {
        1
    }
}

/// What a workload computed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// The loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Its gradient.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gradient: Vec<f64>,
    /// The loss of the last iteration of a training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_loss: Option<f64>,
    /// States at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
    /// Steps.
    pub counts: Counts,
}

/// Steps and evaluations of a whole sample.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// Accepted steps of the solve.
    pub accepted: usize,
    /// Rejected ones.
    pub rejected: usize,
    /// Accepted steps of the solve back, for methods that have one.
    #[serde(rename = "backward accepted", skip_serializing_if = "is_zero")]
    pub backward_accepted: usize,
    /// Rejected ones.
    #[serde(rename = "backward rejected", skip_serializing_if = "is_zero")]
    pub backward_rejected: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // The signature is serde's.
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Counts {
    /// Adds those of a gradient.
    pub fn add(&mut self, stats: &gradient::Stats) {
        self.accepted += stats.forward.accepted;
        self.rejected += stats.forward.rejected;
        self.backward_accepted += stats.backward.accepted;
        self.backward_rejected += stats.backward.rejected;
    }
}

/// The cases that [`build`] knows: workload, gradient method and number type, then, after a colon, another way to the same.
pub const CASES: &[&str] = &[
    "w1-discrete-f64",
    "w1-discrete-f32",
    "w1-backsolve-f64",
    "w1-backsolve-f32",
    "w2-discrete-f64",
    "w2-discrete-f32",
    "w3-discrete-f64",
    "w3-discrete-f64:recorded",
    "w3-backsolve-f64",
    "w3-backsolve-f64:recorded",
    "w3-forward-f64",
    "w4-solve-f64",
    "w4-solve-f64:one-by-one",
];

/// The workload of the case called `name`; `None` if there is none.
#[must_use]
pub fn build(name: &str) -> Option<Box<dyn Workload>> {
    let definitions = Definitions::load();
    let (case, way) = name.split_once(':').unwrap_or((name, ""));
    let mut parts = case.split('-');
    let (workload, method, kind) = (parts.next()?, parts.next()?, parts.next()?);
    CASES.contains(&name).then(|| match (workload, kind) {
        ("w1", "f32") => spiral::build::<f32>(&definitions.w1, method, kind),
        ("w1", _) => spiral::build::<f64>(&definitions.w1, method, kind),
        ("w2", "f32") => network_gradient::build::<f32>(&definitions.w2, method),
        ("w2", _) => network_gradient::build::<f64>(&definitions.w2, method),
        ("w3", _) => fit::build(&definitions.w3, method, way),
        _ => ensemble::build(&definitions.w4, way),
    })
}

/// The options that all tools can be given alike: the elementary controller, and no choice of the first step.
#[must_use]
pub fn options<T: Real>([rtol, atol]: [f64; 2], first_step: f64) -> Options<T> {
    Options {
        controller: Controller::I,
        h_init: Some(T::from_f64(first_step)),
        ..Options::tolerances(T::from_f64(rtol), T::from_f64(atol))
    }
}

/// A number in the type of the workload; apart because tape numbers have a `from_f64` too.
pub(crate) fn number<T: Real>(value: f64) -> T {
    T::from_f64(value)
}

/// Numbers in the type of the workload.
pub(crate) fn cast<T: Real>(values: impl IntoIterator<Item = f64>) -> Vec<T> {
    values.into_iter().map(number).collect()
}

/// And back.
pub(crate) fn widen<T: Real>(values: &[T]) -> impl Iterator<Item = f64> + '_ {
    values.iter().map(|value| value.as_f64())
}
