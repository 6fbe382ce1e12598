//! What can go wrong.

/// Every error of this crate.
///
/// ```
/// use costate_neural_ode::{Discrete, Error, GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Method, Options, tableau};
///
/// let options = Options::tolerances(1e-6, 1e-6);
/// // A multistep method has no exact gradient, and the message says what to take.
/// let refused = Discrete::new(House::default(), &[0.0], Method::by_name("bdf")?, options.clone()).unwrap_err();
/// assert!(matches!(refused, Error::Unavailable { .. }) && refused.to_string().contains("take"), "{refused}");
///
/// let mut discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[4.0, 6.0] };
/// let late = discrete.gradient(&problem, &mut |_, _| 0.0).unwrap_err();
/// assert!(matches!(late, Error::SaveTime { index: 1, .. }), "{late}");
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The solver refused its options or stopped on the way; on the way back in time too.
    #[error(transparent)]
    Solver(#[from] costate_ode::Error),
    /// A function that was recorded cannot be compiled.
    #[error(transparent)]
    Tape(#[from] costate_tape::Error),
    /// A save time that no step reaches, or that comes before the one before it.
    #[error(
        "save time {index} is {time}, but save times must lie between {from} and {to}, in this order; sort them, or move the end"
    )]
    SaveTime {
        /// Which.
        index: usize,
        /// Its value.
        time: f64,
        /// The earliest it may be: the start, or the save time before.
        from: f64,
        /// The end.
        to: f64,
    },
    /// A memory budget that does not even hold the sizes of the steps.
    #[error(
        "a budget of {bytes} bytes holds the sizes of {steps} steps and no more; allow at least 10 bytes for each step, or loosen the tolerances"
    )]
    Budget {
        /// The budget.
        bytes: usize,
        /// The steps taken until there was no room for another.
        steps: usize,
    },
    /// The equations of a step backwards have no solution.
    #[error(
        "the equations of the step of {step} at t = {time} are singular on the way back; take smaller steps or another solver"
    )]
    Singular {
        /// Where the step begins.
        time: f64,
        /// Its size.
        step: f64,
    },
    /// No equilibrium was found.
    #[error(
        "no equilibrium was found in {steps} steps from the start: |f| is still {residual}; begin nearer to one, or solve for longer to see whether there is one"
    )]
    NoEquilibrium {
        /// Steps taken.
        steps: usize,
        /// The largest component of f where they ended.
        residual: f64,
    },
    /// An equilibrium that is no function of the parameters.
    #[error(
        "∂f/∂h is singular at the equilibrium, so that it is no function of the parameters alone; if the system conserves a quantity, leave one of its states out"
    )]
    DegenerateEquilibrium,
    /// A gradient method that cannot give what is asked for.
    #[error("{method} cannot give {what}; take {instead}")]
    Unavailable {
        /// The method.
        method: &'static str,
        /// What it cannot give.
        what: &'static str,
        /// One that can.
        instead: &'static str,
    },
    /// More events than are allowed.
    #[error(
        "more than {count} events had happened at t = {time}; allow more, or let an event end the solution"
    )]
    TooManyEvents {
        /// How many are allowed.
        count: usize,
        /// When the last of them was.
        time: f64,
    },
    /// A crossing whose time has no derivative.
    #[error(
        "event {event} grazes zero at t = {time}: its time has no derivative there; change the event function, or start from elsewhere"
    )]
    Grazing {
        /// The number of the event.
        event: usize,
        /// When.
        time: f64,
    },
    /// A sample of a batch that failed.
    #[error("sample {index} of the batch: {source}")]
    Sample {
        /// Its place in the batch.
        index: usize,
        /// Why.
        source: Box<Error>,
    },
    /// There is no gradient method of this name.
    #[error("there is no gradient method `{name}`; choose one of: {known}")]
    UnknownMethod {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
}
