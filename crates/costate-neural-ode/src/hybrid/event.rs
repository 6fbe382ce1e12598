//! What happens on the way, and when.

use super::Map;
use crate::Error;
use costate_ode::Real;
use costate_tape::{Function, Lane};
use std::fmt;
use std::sync::Arc;

/// Times as a function of θ, or the products of a cotangent of the times with its derivative.
type Times<E> = Arc<dyn Fn(&[E]) -> Result<Vec<E>, Error> + Send + Sync>;
type Back<E> = Arc<dyn Fn(&[E], &[E]) -> Result<Vec<E>, Error> + Send + Sync>;

/// Something that happens at scheduled times, or where a function g(h, t, θ) crosses zero: the solution goes on from another state, ends, or its time is
/// only noted.
///
/// ```
/// use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::{Function, Var};
///
/// // A ball falls with θ₀ from rest, touches the ground and keeps the part θ₁ of its speed.
/// let fall = Recorded::record(&[2], 2, |h, _t, theta| Var::stack(&[h.index(1), -theta.index(0)]))?;
/// let inputs: [(&str, &[usize]); 3] = [("h", &[2]), ("t", &[]), ("theta", &[2])];
/// let height = Formula::new(&Function::record(&inputs, |v| vec![v[0].index(0)])?)?;
/// let bounce = Function::record(&inputs, |v| {
///     let (h, theta) = (v[0], v[2]);
///     vec![Var::stack(&[h.index(0), -theta.index(1) * h.index(1)])]
/// })?;
/// let mut hybrid = Hybrid::new(fall, &vec![0.0_f64; 2], tableau::by_name("tsit5")?, Options::tolerances(1e-9, 1e-9))
///     .event(Event::crossing(height).falling().reset(Formula::new(&bounce)?));
/// let problem = Problem { h0: &[5.0, 0.0], theta: &[10.0, 0.8], t0: 0.0, t1: 2.0, save_at: &[] };
/// let solution = hybrid.solve(&problem)?;
/// // After one second at 10 downwards, upwards at 8 for another.
/// assert!((solution.events[0].t - 1.0).abs() < 1e-12);
/// let end = solution.saved.state(0);
/// assert!((end[0] - 3.0).abs() < 1e-9 && (end[1] + 2.0).abs() < 1e-9);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub struct Event<T, E> {
    pub(super) when: When<T, E>,
    pub(super) reset: Option<Box<dyn Map<E>>>,
    pub(super) terminal: bool,
}

/// When an event happens.
pub(super) enum When<T, E> {
    /// At these times.
    At(Vec<T>),
    /// At times that depend on θ.
    Scheduled { times: Times<E>, back: Back<E> },
    /// Where a function crosses zero.
    Crossing {
        function: Box<dyn Map<E>>,
        /// Only where it grows, or falls, on the way.
        rising: Option<bool>,
        samples: usize,
    },
}

impl<T: Real, E: Real> Event<T, E> {
    fn new(when: When<T, E>) -> Self {
        Self {
            when,
            reset: None,
            terminal: false,
        }
    }

    /// At these times. Those before t₀ or behind t₁ do not matter; the others are variables of the gradient.
    ///
    /// ```
    /// use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
    /// use costate_neural_ode::{Problem, Recorded};
    /// use costate_ode::{Options, tableau};
    /// use costate_tape::Function;
    ///
    /// // Growth with half of it harvested at t = 1: h(2) = h₀ e^(2θ)/2
    /// let growth = Recorded::record(&[1], 1, |h, _t, theta| theta.index(0) * h)?;
    /// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
    /// let half = Formula::new(&Function::record(&inputs, |v| vec![v[0] * 0.5])?)?;
    /// let mut hybrid = Hybrid::new(growth, &vec![0.0], tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-12))
    ///     .event(Event::at([1.0]).reset(half));
    /// let problem = Problem { h0: &[3.0], theta: &[0.4], t0: 0.0, t1: 2.0, save_at: &[] };
    /// let mut method = hybrid.method("discrete")?;
    /// let found = hybrid.gradient(&mut *method, &problem, &mut |solution, cotangents| {
    ///     cotangents.saved.state_mut(0)[0] = 1.0;
    ///     solution.saved.state(0)[0]
    /// })?;
    /// let end = 1.5 * 0.8_f64.exp();
    /// assert!((found.gradient.loss - end).abs() < 1e-8 && (found.gradient.theta[0] - 2.0 * end).abs() < 1e-7);
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    pub fn at(times: impl Into<Vec<T>>) -> Self {
        Self::new(When::At(times.into()))
    }

    /// At times that are a function of θ: `times` gives them, `back` takes (θ, ∂L/∂times) to Σ ∂L/∂t_i ∂t_i/∂θ.
    pub fn scheduled_by(
        times: impl Fn(&[E]) -> Vec<E> + Send + Sync + 'static,
        back: impl Fn(&[E], &[E]) -> Vec<E> + Send + Sync + 'static,
    ) -> Self {
        Self::new(When::Scheduled {
            times: Arc::new(move |theta| Ok(times(theta))),
            back: Arc::new(move |theta, cotangents| Ok(back(theta, cotangents))),
        })
    }

    /// At times that are a recorded function of θ, its one input; all elements of all its outputs are times.
    ///
    /// # Panics
    /// If it has not one input.
    #[track_caller]
    pub fn scheduled(times: &Function<E>) -> Self
    where
        E: Lane + Send + Sync + 'static,
    {
        let inputs = times.inputs().len();
        assert!(
            inputs == 1,
            "scheduled times are a function of theta alone, but this one has {inputs} inputs"
        );
        let back = times.vjp(&[0]);
        let (function, lengths): (_, Vec<usize>) = (
            times.clone(),
            (0..times.outputs().len())
                .map(|i| times.output_shape(i).len())
                .collect(),
        );
        Self::new(When::Scheduled {
            times: Arc::new(move |theta| Ok(function.eval(&[theta])?.concat())),
            back: Arc::new(move |theta, cotangents| {
                let mut inputs = vec![theta];
                let mut rest = cotangents;
                for length in &lengths {
                    let (part, others) = rest.split_at(*length);
                    inputs.push(part);
                    rest = others;
                }
                let products = back.eval(&inputs)?;
                Ok(products.into_iter().next_back().unwrap_or_default())
            }),
        })
    }

    /// Where `function`, one number, crosses zero, in either direction.
    ///
    /// It is looked at where steps end and at a few points between; see [`costate_ode::Event`] for what is a crossing.
    ///
    /// # Panics
    /// If it has not one output.
    ///
    /// ```
    /// use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
    /// use costate_neural_ode::{Problem, Recorded};
    /// use costate_ode::{Options, tableau};
    /// use costate_tape::{Function, Var};
    ///
    /// // A stone falls from h₀ with g = θ: it lands after √(2 h₀/g), and that time is the loss.
    /// let fall = Recorded::record(&[2], 1, |h, _t, theta| Var::stack(&[h.index(1), -theta.index(0)]))?;
    /// let inputs: [(&str, &[usize]); 3] = [("h", &[2]), ("t", &[]), ("theta", &[1])];
    /// let height = Formula::new(&Function::record(&inputs, |v| vec![v[0].index(0)])?)?;
    /// let mut hybrid = Hybrid::new(fall, &vec![0.0; 2], tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-12))
    ///     .event(Event::crossing(height).falling().terminal());
    /// let problem = Problem { h0: &[20.0, 0.0], theta: &[10.0], t0: 0.0, t1: 9.0, save_at: &[] };
    /// let mut method = hybrid.method("discrete")?;
    /// let found = hybrid.gradient(&mut *method, &problem, &mut |solution, cotangents| {
    ///     cotangents.times[0] = 1.0;
    ///     solution.events[0].t
    /// })?;
    /// assert!((found.gradient.loss - 2.0_f64).abs() < 1e-10);
    /// assert!((found.gradient.h0[0] - 0.05).abs() < 1e-8); // 1/√(2 g h₀)
    /// assert!((found.gradient.theta[0] + 0.1).abs() < 1e-8); // −t/(2 g)
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[track_caller]
    pub fn crossing(function: impl Map<E> + 'static) -> Self {
        let outputs = function.outputs();
        assert!(
            outputs == 1,
            "an event function gives one number, but this one gives {outputs}"
        );
        Self::new(When::Crossing {
            function: Box::new(function),
            rising: None,
            samples: 7,
        })
    }

    /// Only where the function grows on the way from t₀ to t₁.
    #[must_use]
    pub fn rising(self) -> Self {
        self.direction(true)
    }

    /// Only where the function falls on the way from t₀ to t₁.
    #[must_use]
    pub fn falling(self) -> Self {
        self.direction(false)
    }

    fn direction(mut self, up: bool) -> Self {
        if let When::Crossing { rising, .. } = &mut self.when {
            *rising = Some(up);
        }
        self
    }

    /// How many points inside each step the function is looked at; 7 unless given.
    #[must_use]
    pub fn samples(mut self, inside: usize) -> Self {
        if let When::Crossing { samples, .. } = &mut self.when {
            *samples = inside;
        }
        self
    }

    /// Goes on from h⁺ = r(h⁻, t, θ).
    #[must_use]
    pub fn reset(mut self, map: impl Map<E> + 'static) -> Self {
        self.reset = Some(Box::new(map));
        self
    }

    /// Ends the solution there.
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }
}

impl<T: Clone, E> Clone for Event<T, E> {
    fn clone(&self) -> Self {
        let when = match &self.when {
            When::At(times) => When::At(times.clone()),
            When::Scheduled { times, back } => When::Scheduled {
                times: times.clone(),
                back: back.clone(),
            },
            When::Crossing {
                function,
                rising,
                samples,
            } => When::Crossing {
                function: function.boxed(),
                rising: *rising,
                samples: *samples,
            },
        };
        Self {
            when,
            reset: self.reset.as_ref().map(|reset| reset.boxed()),
            terminal: self.terminal,
        }
    }
}

impl<T: fmt::Debug, E> fmt::Debug for Event<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Event");
        match &self.when {
            When::At(times) => fields.field("at", times),
            When::Scheduled { .. } => fields.field("scheduled", &true),
            When::Crossing { rising, .. } => fields.field("rising", rising),
        };
        fields
            .field("reset", &self.reset.is_some())
            .field("terminal", &self.terminal)
            .finish()
    }
}
