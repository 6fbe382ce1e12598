//! Solutions with events: states that jump, times that are scheduled or found on the way, and their gradients by any method.

mod backward;
mod event;
mod forward;
mod leg;
mod map;
mod shift;
mod through;
mod watch;

pub use event::Event;
pub use map::{Formula, Map, Written};
pub use through::Through;

use crate::gradient::{self, Gradient, GradientMethod, Rows, Saved};
use crate::{Error, VectorField};
use costate_ode::{Method, Options, Real, State};
use event::When;
use forward::Arc;
use watch::Watched;

/// The most events that a solution may have, unless told otherwise.
const MOST: usize = 10_000;

/// A hybrid system: a vector field whose solution jumps, bends or ends at events.
///
/// A solution is a chain of *arcs*. Arc k runs from (t_k, h_k⁺) along dh/dt = f(h, t, θ) to t_{k+1}, which is scheduled, t_{k+1} = s(θ), or a zero of an event
/// function on the solution itself, g(h, t, θ) = 0; then h⁺ = r(h⁻, t, θ). Backwards, with a⁺ and ∂L/∂t₀ from the arc behind,
///
/// ```text
/// a⁻ = a⁺·∂r/∂h                                     the costate jumps
/// C  = ∂L/∂t₁ of the arc + ∂L/∂t₀ of the next + a⁺·∂r/∂t + ∂ℓ/∂t      what the event's time does to the loss
/// dt = −(∂g/∂h δh + ∂g/∂θ δθ) / (∂g/∂h·f + ∂g/∂t)   how a crossing's time moves
/// ```
///
/// The last in full, where δh and δθ are what the state and the parameters change by:
#[cfg_attr(doc, doc = include_str!("../formulas/saltation.html"))]
///
/// so that a crossing adds −C/(∂g/∂h·f + ∂g/∂t) ∂g/∂h to a⁻ (the saltation) and the like to ∂L/∂θ; a scheduled time's C goes through ∂s/∂θ. Each arc is a
/// [`Problem`](gradient::Problem) like any other, so the gradient within it is taken by whatever [`GradientMethod`] you give. With an exact one the result is the
/// derivative of the numbers computed, and f above stands for the derivative of the computed step by its own size.
///
/// - A crossing is located by [`costate_ode::Event`] and then corrected until g vanishes, to the rounding of t, on the arc as the gradient method will
///   solve it.
/// - States saved at the time of an event (within two units in the last place) are those before it.
/// - Events at one time happen in the order in which they were given. The time of a crossing among them is its own where an earlier reset leaves its g at zero (two
///   balls that touch the ground together), otherwise that of the event before.
/// - Implicit solvers solve their equations here to the accuracy that their tolerances ask for, their gradient methods to rounding: by so little the two differ.
/// - Over numbers with tangents ([`second_order`](crate::second_order)) the ends of arcs move with the events: by a midpoint step of no length, whose tangent is
///   that of the exact flow. The gradient found beside it is that of this, apart from the one over plain numbers by the local error of the step that ends an arc.
/// - Derivatives are those of the order of events found; where two events change places, or a trajectory grazes g = 0, there is none.
///
/// An arc is solved twice where it ends in a crossing, and once more by each gradient; memory is one arc's and two states an event. A crossing takes two calls of the
/// method, a scheduled time one.
///
/// ```
/// use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::{Function, Scalar, Var};
///
/// // dh/dt = −k h with a dose at θ₁ that adds θ₂: h(t) = (h₀ e^(−k θ₁) + θ₂) e^(−k (t − θ₁))
/// let decay = Recorded::record(&[1], 3, |h, _t, theta| -theta.index(0) * h)?;
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[3])];
/// let time = Function::record(&[("theta", &[3])], |v| vec![v[0].index(1)])?;
/// let dose = Formula::new(&Function::record(&inputs, |v| vec![v[0] + v[2].index(2)])?)?;
///
/// let options = Options::tolerances(1e-10, 1e-12);
/// let mut hybrid = Hybrid::new(decay, &vec![0.0], tableau::by_name("tsit5")?, options)
///     .event(Event::scheduled(&time).reset(dose));
/// let mut discrete = hybrid.method("discrete")?;
/// let problem = Problem { h0: &[1.0], theta: &[0.5, 2.0, 3.0], t0: 0.0, t1: 4.0, save_at: &[] };
/// let found = hybrid.gradient(&mut *discrete, &problem, &mut |solution, cotangents| {
///     cotangents.saved.state_mut(0)[0] = 1.0;
///     solution.saved.state(0)[0] // L = h(4)
/// })?;
/// let after = (-0.5 * 2.0_f64).exp();
/// assert!((found.gradient.theta[2] - after).abs() < 1e-9); // by the dose
/// assert!((found.gradient.theta[1] - 3.0 * 0.5 * after).abs() < 1e-9); // by its time: k · dose · e^(−k (4 − θ₁))
/// assert!((found.times[0] - 3.0 * 0.5 * after).abs() < 1e-9);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Galan1999\]
pub struct Hybrid<T: Real, Y: State<T>, F> {
    field: F,
    solver: Method,
    options: Options<T>,
    zero: Y,
    events: Vec<Event<T, Y::Element>>,
    most: usize,
    /// Whether the numbers of the problem carry tangents.
    carries: bool,
    /// The crossings as the solver watches for them; made when a solve begins.
    watched: Vec<Watched<T, Y>>,
    /// The Jacobian, for solvers that take it; made when a solve begins.
    rows: Option<Rows<Y::Element>>,
    arcs: Vec<Arc<T, Y::Element>>,
    solution: Solution<T, Y::Element>,
    cotangents: Cotangents<Y::Element>,
    found: HybridGradient<Y::Element>,
}

/// An event that happened.
///
/// ```
/// use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Function;
///
/// // dh/dt = −θ h stops where h falls to 1: from 3 at t = ln 3/θ.
/// let decay = Recorded::record(&[1], 1, |h, _t, theta| -theta.index(0) * h)?;
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
/// let above = Formula::new(&Function::record(&inputs, |v| vec![v[0].index(0) - 1.0])?)?;
/// let mut hybrid = Hybrid::new(decay, &vec![0.0_f64], tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-12))
///     .event(Event::crossing(above).falling().terminal());
/// let problem = Problem { h0: &[3.0], theta: &[0.5], t0: 0.0, t1: 10.0, save_at: &[] };
/// let solution = hybrid.solve(&problem)?;
/// assert_eq!(solution.events[0].event, 0);
/// assert!((solution.events[0].t - 3.0_f64.ln() / 0.5).abs() < 1e-9);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence<T> {
    /// Which: its number in the order in which the events were given.
    pub event: usize,
    /// When.
    pub t: T,
}

/// What a solve gives, and what a loss may look at.
///
/// ```
/// use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Function;
///
/// // dh/dt = −θ h stops where h falls to 1: from 3 at t = ln 3/θ.
/// let decay = Recorded::record(&[1], 1, |h, _t, theta| -theta.index(0) * h)?;
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
/// let above = Formula::new(&Function::record(&inputs, |v| vec![v[0].index(0) - 1.0])?)?;
/// let mut hybrid = Hybrid::new(decay, &vec![0.0_f64], tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-12))
///     .event(Event::crossing(above).falling().terminal());
/// let problem = Problem { h0: &[3.0], theta: &[0.5], t0: 0.0, t1: 10.0, save_at: &[] };
/// let solution = hybrid.solve(&problem)?;
/// // No save times: the end, which is the event; its state stands with the events too.
/// assert!((solution.saved.state(0)[0] - 1.0).abs() < 1e-9 && (solution.states.state(0)[0] - 1.0).abs() < 1e-9);
/// assert_eq!((solution.events.len(), solution.saved.len()), (1, 1));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Solution<T, E> {
    /// The states at the save times that were reached before a terminal event; if there are no save times, that at the end.
    pub saved: Saved<E>,
    /// The events that happened, in the order of the solve.
    pub events: Vec<Occurrence<T>>,
    /// The states at these events, before their resets.
    pub states: Saved<E>,
    /// What it cost.
    pub stats: costate_ode::Stats,
}

/// ∂L/∂ everything that a loss may look at; zero where the loss does not write.
///
/// ```
/// use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Function;
///
/// // dh/dt = −θ h stops where h falls to 1: from 3 at t = ln 3/θ.
/// let decay = Recorded::record(&[1], 1, |h, _t, theta| -theta.index(0) * h)?;
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
/// let above = Formula::new(&Function::record(&inputs, |v| vec![v[0].index(0) - 1.0])?)?;
/// let mut hybrid = Hybrid::new(decay, &vec![0.0_f64], tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-12))
///     .event(Event::crossing(above).falling().terminal());
/// let problem = Problem { h0: &[3.0], theta: &[0.5], t0: 0.0, t1: 10.0, save_at: &[] };
/// // L = the time it takes: ln(h₀)/θ.
/// let mut method = hybrid.method("discrete")?;
/// let found = hybrid.gradient(&mut *method, &problem, &mut |solution, cotangents| {
///     cotangents.times[0] = 1.0;
///     solution.events[0].t
/// })?;
/// assert!((found.gradient.h0[0] - 1.0 / (0.5 * 3.0)).abs() < 1e-8);
/// assert!((found.gradient.theta[0] + 3.0_f64.ln() / 0.25).abs() < 1e-7);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cotangents<E> {
    /// Of the saved states.
    pub saved: Saved<E>,
    /// Of the times of the events.
    pub times: Vec<E>,
    /// Of the states at the events, before their resets.
    pub states: Saved<E>,
}

/// A gradient through events.
///
/// The example at [`Cotangents`] takes one of the time of a crossing.
#[derive(Clone, Debug, PartialEq)]
pub struct HybridGradient<E> {
    /// By the initial state, parameters, t₀, t₁ and save times. θ includes what event functions, resets and scheduled times depend on. A save time that was not
    /// reached has no influence, nor has t₁ behind a terminal event.
    pub gradient: Gradient<E>,
    /// By the time of each event that happened, as if that time were a variable of its own: for a time given with [`Event::at`] its gradient; for a crossing,
    /// whose time is none, C of the formula.
    pub times: Vec<E>,
}

/// A loss of a solution with events: returns L and writes its derivatives into its second argument, which is zero before.
///
/// ```
/// use costate_neural_ode::hybrid::{Event, Formula, Hybrid, HybridLoss};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Function;
///
/// // The time of the last event, if there was one.
/// let last: &mut HybridLoss<f64, f64> = &mut |solution, cotangents| {
///     let Some((last, before)) = solution.events.split_last() else { return 0.0 };
///     cotangents.times[before.len()] = 1.0;
///     last.t
/// };
/// // u′ = 1 from 0 reaches θ at t = θ.
/// let clock = Recorded::record(&[1], 1, |h, _t, _theta| h * 0.0 + 1.0)?;
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
/// let reached = Formula::new(&Function::record(&inputs, |v| vec![v[0].index(0) - v[2].index(0)])?)?;
/// let mut hybrid = Hybrid::new(clock, &vec![0.0], tableau::by_name("tsit5")?, Options::tolerances(1e-8, 1e-8))
///     .event(Event::crossing(reached));
/// let problem = Problem { h0: &[0.0], theta: &[0.7], t0: 0.0, t1: 1.0, save_at: &[] };
/// let mut method = hybrid.method("discrete")?;
/// let found = hybrid.gradient(&mut *method, &problem, last)?;
/// assert!((found.gradient.loss - 0.7).abs() < 1e-12 && (found.gradient.theta[0] - 1.0).abs() < 1e-12);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub type HybridLoss<'a, T, E> = dyn FnMut(&Solution<T, E>, &mut Cotangents<E>) -> E + 'a;

impl<T, Y, F> Hybrid<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter, solved by `solver`; no events yet.
    pub fn new(field: F, like: &Y, solver: impl Into<Method>, options: Options<T>) -> Self {
        let mut zero = like.clone();
        let n = zero.as_slice().len();
        zero.as_mut_slice()
            .fill(<Y::Element as num_traits::Zero>::zero());
        Self {
            field,
            solver: solver.into(),
            options,
            zero,
            events: Vec::new(),
            most: MOST,
            carries: false,
            watched: Vec::new(),
            rows: None,
            arcs: Vec::new(),
            solution: Solution {
                saved: Saved::new(n),
                events: Vec::new(),
                states: Saved::new(n),
                stats: costate_ode::Stats::default(),
            },
            cotangents: Cotangents {
                saved: Saved::new(n),
                times: Vec::new(),
                states: Saved::new(n),
            },
            found: HybridGradient {
                gradient: Gradient::default(),
                times: Vec::new(),
            },
        }
    }

    /// With this event too; its number is how many were given before it.
    #[must_use]
    pub fn event(mut self, event: Event<T, Y::Element>) -> Self {
        self.events.push(event);
        self.watched.clear();
        self
    }

    /// Refuses a solution with more events than this; 10 000 unless given.
    #[must_use]
    pub fn max_events(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &F {
        &self.field
    }

    /// The gradient method called `name` for the arcs: with the field, the solver and the options of this system.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`]; [`Error::Unavailable`] if there is none of this name for this solver; [`Error::Solver`] for options that make no sense.
    pub fn method<'a>(
        &self,
        name: &str,
    ) -> Result<Box<dyn GradientMethod<T, Y::Element> + 'a>, Error>
    where
        T: 'a,
        Y: 'a,
        F: Clone + 'a,
    {
        let options = self.options.clone();
        gradient::by_name(name, self.field.clone(), &self.zero, self.solver, options)
    }

    /// Whether the solver takes states in the order that the field keeps: one without derivatives does, all others in natural order.
    fn is_packed(&self) -> bool {
        self.solver.tableau().is_some()
    }

    /// Event `event` is a crossing.
    fn is_crossing(&self, event: usize) -> bool {
        matches!(self.events[event].when, When::Crossing { .. })
    }
}

impl<T: Real, Y: State<T>, F: Clone> Clone for Hybrid<T, Y, F>
where
    Y::Element: Real,
{
    /// A system of its own: nothing is shared but compiled programs.
    fn clone(&self) -> Self {
        Self {
            field: self.field.clone(),
            solver: self.solver,
            options: self.options.clone(),
            zero: self.zero.clone(),
            events: self.events.clone(),
            most: self.most,
            carries: false,
            watched: Vec::new(),
            rows: None,
            arcs: Vec::new(),
            solution: self.solution.clone(),
            cotangents: self.cotangents.clone(),
            found: self.found.clone(),
        }
    }
}

impl<T: Real, Y: State<T>, F: std::fmt::Debug> std::fmt::Debug for Hybrid<T, Y, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hybrid")
            .field("field", &self.field)
            .field("solver", &self.solver.name)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
