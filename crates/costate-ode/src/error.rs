//! What can go wrong.

use crate::{Diagnosis, Method};

/// Every error of this crate.
///
/// ```
/// use costate_ode::{Error, Ivp, Method};
///
/// let error = Method::by_name("dopri").unwrap_err();
/// assert!(error.to_string().starts_with("there is no method `dopri`; choose one of: "));
///
/// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
/// let failure = Ivp::new(decay, 0.0, [1.0], 1.0).rtol(-1.0).solve().unwrap_err();
/// assert_eq!(failure.to_string(), "rtol = -1e0 for component 0: it must be zero or positive");
/// let failure = Ivp::new(decay, 0.0, [1.0], 1.0).save_at([0.5, 2.0]).solve().unwrap_err();
/// assert!(matches!(failure.error, Error::SaveTime { t: 2.0, .. }));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no method of this name.
    #[error("there is no method `{name}`; choose one of: {known}")]
    UnknownMethod {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A tableau whose parts do not fit together.
    #[error("the tableau `{name}` is not valid: {what}")]
    Tableau {
        /// Its name.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// A tolerance that cannot be used.
    #[error("{which} = {value:e} for component {component}: {reason}")]
    Tolerance {
        /// `rtol` or `atol`.
        which: &'static str,
        /// The first component concerned.
        component: usize,
        /// Its value.
        value: f64,
        /// Why not.
        reason: &'static str,
    },
    /// A number of entries that does not fit the state.
    #[error("{what} has {found} entries, but the state has {expected}")]
    Length {
        /// What has them.
        what: &'static str,
        /// The length of the state.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A start that is no state.
    #[error("component {component} of the start is {value}: a start is of finite numbers")]
    Start {
        /// The first component concerned.
        component: usize,
        /// Its value, or the magnitude of what is no plain number.
        value: f64,
    },
    /// An option whose value makes no sense.
    #[error("{what} = {value}: {reason}")]
    Option {
        /// Which.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// A save time outside the integration, or not in its order.
    #[error(
        "the save time {t} is not between {before} and {end}: save times lie within the integration, in its order"
    )]
    SaveTime {
        /// The time.
        t: f64,
        /// The start, or the save time before it.
        before: f64,
        /// The end.
        end: f64,
    },
    /// A method without error estimate needs a constant step.
    #[error(
        "{method} has no error estimate to choose its steps by: give it a constant step, or take a pair such as dopri5 or tsit5"
    )]
    NoErrorEstimate {
        /// The method's name.
        method: &'static str,
    },
    /// A system to be solved without matrices, by a method that needs them or with a mass matrix.
    #[error(
        "{method} cannot solve this system without matrices: take bdf or a diagonally implicit method, and no mass matrix"
    )]
    MatrixFree {
        /// The method's name.
        method: &'static str,
    },
    /// A mass matrix for a method that cannot take one.
    #[error(
        "{method} cannot solve systems with a mass matrix: take {}",
        with_mass()
    )]
    MassMatrix {
        /// The method's name.
        method: &'static str,
    },
    /// A differential-algebraic system whose equations without derivatives do not determine its algebraic variables.
    #[error(
        "rows {rows:?} of the system have no derivative and do not determine the algebraic variables (its index is above 1): differentiate these equations, or choose other variables"
    )]
    Index {
        /// The rows concerned.
        rows: Vec<usize>,
    },
    /// A start that does not satisfy the equations without derivatives, and from which no solution of them was found.
    #[error(
        "rows {rows:?} of the system have no derivative, and no values of the algebraic variables were found that satisfy them at t = {t} (a residual of {residual:e} is left): start nearer to a consistent state"
    )]
    Inconsistent {
        /// The rows with the largest residuals.
        rows: Vec<usize>,
        /// Where.
        t: f64,
        /// The largest residual.
        residual: f64,
    },
    /// A state without two halves, for a symplectic method.
    #[error(
        "{method} takes positions and as many velocities, in this order, but the state has {found} components"
    )]
    Halves {
        /// The method's name.
        method: &'static str,
        /// The length of the state.
        found: usize,
    },
    /// Resets that follow each other faster and faster, as when a ball comes to rest.
    #[error(
        "event {event} has happened {count} times, ever sooner (last after {interval:e}): it would go on without end before t = {near}. Let the reset end it, or make it terminal"
    )]
    Zeno {
        /// The number of the event.
        event: usize,
        /// How often it has happened.
        count: usize,
        /// The time from the last but one to the last.
        interval: f64,
        /// Where the times accumulate.
        near: f64,
    },
    /// The function of an event has no value where the solution went.
    #[error(
        "the function of event {event} is not a number at t = {t}; it must be one wherever the solution goes"
    )]
    Event {
        /// The number of the event.
        event: usize,
        /// The end of the step, where it was asked.
        t: f64,
    },
    /// Whoever watches the steps wanted to stop.
    #[error("stopped at t = {t} as was asked")]
    Cancelled {
        /// The last time that was reached.
        t: f64,
    },
    /// The integration could not go on.
    #[error("{0}")]
    Stopped(Box<Diagnosis>),
}

/// The names of the methods that take a mass matrix.
fn with_mass() -> String {
    let names: Vec<_> = Method::all()
        .into_iter()
        .filter(|method| method.mass)
        .map(|method| method.name)
        .collect();
    names.join(", ")
}
