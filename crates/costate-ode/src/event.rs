//! Events: what happens when a function of the state crosses zero, or at given times.

mod locate;
mod watch;
mod zeno;

pub(crate) use watch::{Hit, Watch};
pub use zeno::Zeno;

use crate::Real;
use std::fmt;
use std::sync::Arc;

/// A function of time and state.
type Function<T, Y> = Arc<dyn Fn(T, &Y) -> T + Send + Sync>;
/// A change of the state.
type Reset<T, Y> = Arc<dyn Fn(T, &mut Y) + Send + Sync>;

/// Something that happens when a function g(t, y) crosses zero, or at given times: the integration stops there, goes on from another
/// state, or only notes it.
///
/// g is looked at where steps end and at a few points between, by dense output. Where it changes its sign, the step is taken again, shorter and
/// shorter, until it ends on the crossing: the event lies on the solution that the method computes, not on an interpolant, and its time is
/// good to rounding. (Methods of several steps, which cannot do that, are followed along their polynomial.)
///
/// - **Zero at the start**, or after a reset: no event; the first sign that g takes counts.
/// - **Reaching zero** exactly where it is looked at is crossing it. **Grazing** it between two such points is not seen; more
///   [`samples`](Event::samples) or a smaller [`h_max`](crate::Options::h_max) see more.
/// - **Several events at once** happen in the order in which they were given, the resets of the earlier ones first.
/// - **Ever shorter intervals** between resets (a ball that comes to rest) end in [`Error::Zeno`](crate::Error::Zeno) with the time where they accumulate.
/// - Saved states at the very time of a reset are those before it; where every step is saved, the state after it follows at the same time.
///
/// ```
/// use costate_ode::{Event, Ivp};
///
/// // A ball that falls from one metre and bounces once with 0.8 of its speed, and then stops at the top.
/// let fall = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -9.81];
/// let solution = Ivp::new(fall, 0.0, [1.0, 0.0], 10.0)
///     .event(Event::when_zero(|_t, y: &[f64; 2]| y[0]).falling().reset(|_t, y| y[1] *= -0.8))
///     .event(Event::when_zero(|_t, y: &[f64; 2]| y[1]).falling().terminal())
///     .solve()?;
/// let bounce = (2.0_f64 / 9.81).sqrt();
/// assert!((solution.events[0].t - bounce).abs() < 1e-12);
/// assert!((solution.last()[0] - 0.64).abs() < 1e-12);
/// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
/// ```
#[derive(Clone)]
pub struct Event<T, Y> {
    pub(crate) when: When<T, Y>,
    pub(crate) reset: Option<Reset<T, Y>>,
    pub(crate) terminal: bool,
}

#[derive(Clone)]
pub(crate) enum When<T, Y> {
    Zero {
        function: Function<T, Y>,
        /// Crossings with this sign of dg/dt along the way count, or all.
        rising: Option<bool>,
        samples: usize,
    },
    At(Vec<T>),
}

impl<T: Real, Y> Event<T, Y> {
    /// An event where g(t, y) crosses zero, in either direction.
    pub fn when_zero(g: impl Fn(T, &Y) -> T + Send + Sync + 'static) -> Self {
        Self::new(When::Zero {
            function: Arc::new(g),
            rising: None,
            samples: 7,
        })
    }

    /// An event at these times, on which steps end exactly; those that lie outside the integration do not matter.
    ///
    /// ```
    /// use costate_ode::{Event, Ivp};
    ///
    /// // A dose of 3 at t = 1 and t = 2.
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let solution = Ivp::new(decay, 0.0, [0.0], 3.0).rtol(1e-9)
    ///     .event(Event::at([1.0, 2.0]).reset(|_t, y: &mut [f64; 1]| y[0] += 3.0))
    ///     .solve()?;
    /// let exact = 3.0 * ((-2.0_f64).exp() + (-1.0_f64).exp());
    /// assert!((solution.last()[0] - exact).abs() < 1e-8);
    /// assert_eq!(solution.events.iter().map(|found| found.t).collect::<Vec<_>>(), [1.0, 2.0]);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
    /// ```
    pub fn at(times: impl Into<Vec<T>>) -> Self {
        Self::new(When::At(times.into()))
    }

    fn new(when: When<T, Y>) -> Self {
        Self {
            when,
            reset: None,
            terminal: false,
        }
    }

    /// Only where g grows on the way of the integration: from below zero to above.
    ///
    /// ```
    /// use costate_ode::{Event, Ivp};
    ///
    /// // cos t passes ½ twice in a period; upwards at 5π/3.
    /// let turn = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    /// let solution = Ivp::new(turn, 0.0, [1.0, 0.0], 6.0).rtol(1e-10).atol(1e-12)
    ///     .event(Event::when_zero(|_t, y: &[f64; 2]| y[0] - 0.5).rising())
    ///     .solve()?;
    /// assert_eq!(solution.events.len(), 1);
    /// assert!((solution.events[0].t - 5.0 / 3.0 * std::f64::consts::PI).abs() < 1e-8);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
    /// ```
    #[must_use]
    pub fn rising(self) -> Self {
        self.direction(true)
    }

    /// Only where g falls on the way of the integration: from above zero to below.
    #[must_use]
    pub fn falling(self) -> Self {
        self.direction(false)
    }

    fn direction(mut self, up: bool) -> Self {
        if let When::Zero { rising, .. } = &mut self.when {
            *rising = Some(up);
        }
        self
    }

    /// How many points inside each step g is looked at; 7 unless given. With 0, only steps' ends are, which spares methods their dense output.
    #[must_use]
    pub fn samples(mut self, inside: usize) -> Self {
        if let When::Zero { samples, .. } = &mut self.when {
            *samples = inside;
        }
        self
    }

    /// Ends the integration there.
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Changes the state there. The size of the next step is estimated anew.
    #[must_use]
    pub fn reset(mut self, reset: impl Fn(T, &mut Y) + Send + Sync + 'static) -> Self {
        self.reset = Some(Arc::new(reset));
        self
    }
}

impl<T: fmt::Debug, Y> fmt::Debug for Event<T, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Event");
        match &self.when {
            When::Zero { rising, .. } => fields.field("rising", rising),
            When::At(times) => fields.field("at", times),
        };
        fields
            .field("reset", &self.reset.is_some())
            .field("terminal", &self.terminal)
            .finish()
    }
}

/// An event that happened.
///
/// ```
/// use costate_ode::{Event, Ivp};
///
/// // A switch at 2 degrees that turns the heating off, seen before the reset.
/// let room = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], 0.0];
/// let solution = Ivp::new(room, 0.0, [0.0, 1.0], 3.0)
///     .event(Event::when_zero(|_t, y: &[f64; 2]| y[0] - 2.0).reset(|_t, y| y[1] = 0.0))
///     .solve()?;
/// let off = &solution.events[0];
/// assert_eq!(off.event, 0);
/// assert!((off.t - 2.0).abs() < 1e-12 && off.y[1] == 1.0 && solution.last()[1] == 0.0);
/// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Occurrence<T, Y> {
    /// Which: its number in the order in which the events were given.
    pub event: usize,
    /// When.
    pub t: T,
    /// The state there, before a reset of this event.
    pub y: Y,
}
