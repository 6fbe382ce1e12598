//! The stepper: an integration held in the caller's hands.

mod by_hand;
mod diagnose;
mod read;
mod start;

use crate::controller::Control;
use crate::diagnosis::Cause;
use crate::engine::{Engine, RungeKutta, Span};
use crate::{Element, Error, Options, Real, Scale, State, Stats, System, Tableau};

/// What became of one try of a step.
///
/// ```
/// use costate_ode::{Attempt, Integrator, Options, tableau};
///
/// let turn = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
/// let options = Options { h_init: Some(5.0), ..Options::tolerances(1e-8, 1e-8) };
/// let mut integrator = Integrator::new(tableau::by_name("dopri5")?, turn, 0.0, &[1.0, 0.0], options)?;
/// let mut rejected = 0;
/// while integrator.attempt()? == Attempt::Rejected {
///     rejected += 1;
/// }
/// assert!(rejected > 0 && rejected == integrator.stats().rejected && integrator.t() > 0.0);
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The error was within the tolerance: t and y moved on.
    Accepted,
    /// It was not: t and y stay, the next try is shorter.
    Rejected,
}

/// How many of the last tries are remembered for diagnoses.
const REMEMBERED: usize = 8;

/// An integration of dy/dt = f(t, y), step by step.
///
/// [`Ivp`](crate::Ivp) is the short way to a solution; take this one to look at stages, to stop, to change the state on the way, or to lead the steps yourself.
///
/// Steps of adaptive methods are chosen by the controller and shortened to land on the end; with [`Options::constant_step`] all but the last are equal. After the
/// first step, and the first look inside one, nothing is allocated any more. The engine's page says [when f is evaluated](RungeKutta#when-f-is-evaluated).
///
/// ```
/// use costate_ode::{Integrator, Options, tableau};
///
/// let f = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
/// let mut it = Integrator::new(tableau::by_name("dopri5")?, f, 0.0, &[1.0], Options::tolerances(1e-8, 1e-10))?;
/// it.set_end(1.0);
/// let mut middle = [0.0];
/// while !it.finished() {
///     it.step()?;
///     if it.t_prev() < 0.5 && 0.5 <= it.t() {
///         it.interpolate(0.5, &mut middle);
///     }
/// }
/// assert!((it.y()[0] - (-1.0_f64).exp()).abs() < 1e-8);
/// assert!((middle[0] - (-0.5_f64).exp()).abs() < 1e-7);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1993\] II.4.
#[derive(Clone, Debug)]
pub struct Integrator<T: Real, Y: State<T>, S, E = RungeKutta<T, Y>> {
    system: S,
    engine: E,
    options: Options<T>,
    scale: Scale<T>,
    control: Control,
    y: Y,
    y_prev: Y,
    trial: Y,
    /// The accepted step that led to y.
    span: Span<T>,
    end: T,
    direction: T,
    /// |h| of the next try, without regard to the end; zero until it is chosen.
    size: T,
    /// The squared error of the last try.
    error2: T,
    stats: Stats,
    /// Where the integration began, and the largest component there.
    start: (T, T),
    recent: [(T, T, T); REMEMBERED],
    /// How much longer than planned the last step may be.
    stretch: T,
    resolution: Resolution<T>,
}

/// How small steps may become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolution<T> {
    /// What tells t from its neighbours, relative to |t|.
    relative: T,
    /// What no step may fall below, wherever t is: `h_min`, or what tells a step from none near t = 0.
    floor: T,
}

impl<T: Real> Resolution<T> {
    /// The size below which a step at `t` is too small.
    #[inline(always)]
    pub(crate) fn smallest_at(self, t: T) -> T {
        let relative = t.abs() * self.relative;
        if relative > self.floor {
            relative
        } else {
            self.floor
        }
    }
}

/// # Errors
/// [`Error::Option`] for a time that is not finite.
pub(crate) fn check_time<T: Real>(what: &'static str, t: T) -> Result<(), Error> {
    if t.is_finite() {
        return Ok(());
    }
    Err(Error::Option {
        what,
        value: t.as_f64(),
        reason: "it must be a finite number",
    })
}

/// # Errors
/// [`Error::Start`] for a component that is not finite.
pub(crate) fn check_start<T: Real, Y: State<T>>(y0: &Y) -> Result<(), Error> {
    let sizes = y0.as_slice().iter().map(|y| y.magnitude());
    match sizes.enumerate().find(|(_, size)| !size.is_finite()) {
        None => Ok(()),
        Some((component, size)) => Err(Error::Start {
            component,
            value: size.as_f64(),
        }),
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Integrator<T, Y, S> {
    /// An integration that starts at y(`t0`) = `y0`, by an explicit Runge–Kutta method. Its end is at +∞ until [`set_end`](Integrator::set_end) moves it.
    ///
    /// # Errors
    /// [`Error::Tolerance`], [`Error::Length`], [`Error::Option`] for options that make no sense; [`Error::Start`] for a start that is not finite;
    /// [`Error::NoErrorEstimate`] if the method can only take constant steps and the options give none; [`Error::MassMatrix`] for a system that has one.
    pub fn new(
        tableau: &'static Tableau,
        system: S,
        t0: T,
        y0: &Y,
        options: Options<T>,
    ) -> Result<Self, Error> {
        if !tableau.is_known() {
            tableau.validate()?;
        }
        if options.step.is_none() && tableau.embedded_order.is_none() {
            return Err(Error::NoErrorEstimate {
                method: tableau.name,
            });
        }
        if system.mass().is_some() {
            return Err(Error::MassMatrix {
                method: tableau.name,
            });
        }
        Self::with_engine(RungeKutta::new(tableau, y0), system, t0, y0, options)
    }

    /// The tableau of the method.
    #[must_use]
    pub fn tableau(&self) -> &'static Tableau {
        self.engine.scheme().tableau()
    }

    /// k_i of the last try: valid until the next one begins.
    ///
    /// # Panics
    /// If the method has no stage `i`.
    #[inline]
    #[must_use]
    pub fn stage(&self, i: usize) -> &Y {
        &self.engine.slopes()[i]
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>, E: Engine<T, Y, S>> Integrator<T, Y, S, E> {
    /// An integration by any engine.
    ///
    /// # Errors
    /// [`Error::Tolerance`], [`Error::Length`], [`Error::Option`] for options that make no sense; [`Error::Start`] for a start that is not finite.
    ///
    /// ```
    /// use costate_ode::{Integrator, Options, Symplectic, SymplecticTableau};
    ///
    /// // A pendulum of small swings through a hundred periods: the energy stays.
    /// let swing = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    /// let engine = Symplectic::new(SymplecticTableau::all()[0], &[1.0, 0.0]);
    /// let mut integrator = Integrator::with_engine(engine, swing, 0.0, &[1.0, 0.0], Options::constant_step(0.1))?;
    /// integrator.set_end(628.3);
    /// while !integrator.finished() {
    ///     integrator.step()?;
    /// }
    /// let [x, v] = *integrator.y();
    /// assert!((x * x + v * v - 1.0).abs() < 0.1);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    pub fn with_engine(
        engine: E,
        system: S,
        t0: T,
        y0: &Y,
        options: Options<T>,
    ) -> Result<Self, Error> {
        options.validate()?;
        check_time("t0", t0)?;
        check_start(y0)?;
        let n = y0.as_slice().len();
        let scale = Scale::new::<Y::Element>(
            options.rtol.clone(),
            options.atol.clone(),
            options.norm.clone(),
            n,
        )?;
        let control = Control::new(&options.controller, engine.error_exponent());
        let zero = T::zero();
        let floor = options.h_min.max(T::min_positive_value() / T::epsilon());
        let mut this = Self {
            system,
            engine,
            options,
            scale,
            control,
            y: y0.clone(),
            y_prev: y0.clone(),
            trial: y0.clone(),
            span: Span {
                t: t0,
                t_next: t0,
                h: zero,
            },
            end: T::infinity(),
            direction: T::one(),
            size: zero,
            error2: zero,
            stats: Stats::default(),
            start: (t0, zero),
            recent: [(zero, zero, zero); REMEMBERED],
            stretch: T::from_f64(1.01),
            resolution: Resolution {
                relative: T::epsilon() * T::from_f64(4.0),
                floor,
            },
        };
        this.reset(t0, y0);
        Ok(this)
    }

    /// Begins again at y(`t0`) = `y0`: statistics, step size and controller as new, the end at +∞. Allocates nothing.
    ///
    /// # Panics
    /// If `y0` has another length than the first state.
    #[track_caller]
    pub fn reset(&mut self, t0: T, y0: &Y) {
        self.set_y(y0);
        self.y_prev.as_mut_slice().copy_from_slice(y0.as_slice());
        self.span = Span {
            t: t0,
            t_next: t0,
            h: T::zero(),
        };
        self.end = T::infinity();
        self.direction = T::one();
        self.restart();
        self.error2 = T::zero();
        self.stats = Stats::default();
        self.start = (t0, self.largest());
    }

    /// Moves the end, which may lie ahead or behind: the sign of `end − t` is the direction of time. The step size is carried over.
    ///
    /// # Panics
    /// If `end` is not a number. It may be infinite.
    #[inline]
    #[track_caller]
    pub fn set_end(&mut self, end: T) {
        assert!(
            !end.is_nan(),
            "the end of an integration is a time, not NaN"
        );
        self.end = end;
        self.direction = if end < self.t() { -T::one() } else { T::one() };
    }

    /// Tries one step.
    ///
    /// # Errors
    /// [`Error::Stopped`] with a diagnosis: a step too small for the resolution of t or below `h_min`, too many steps. The state stays at the last accepted
    /// step.
    ///
    /// # Panics
    /// If the end is reached: [`set_end`](Integrator::set_end) moves it.
    ///
    /// ```
    /// use costate_ode::{Attempt, Integrator, Options, tableau};
    ///
    /// let f = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = (50.0 * t).sin();
    /// let options = Options { h_init: Some(1.0), ..Options::tolerances(1e-6, 1e-6) };
    /// let mut integrator = Integrator::new(tableau::by_name("tsit5")?, f, 0.0, &[0.0], options)?;
    /// assert_eq!(integrator.attempt()?, Attempt::Rejected); // far too long
    /// assert!(integrator.t() == 0.0 && integrator.error() > 1.0 && integrator.next_h() < 1.0);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn attempt(&mut self) -> Result<Attempt, Error> {
        if self.size == T::zero() {
            self.choose_first_step();
        }
        let (span, last, size) = self.plan();
        assert!(
            span.h != T::zero(),
            "the end of the integration is reached; set_end moves it"
        );
        // A last step may be as small as it must.
        if self.stats.steps >= self.options.max_steps || (!last && size <= self.smallest()) {
            let cause = if self.stats.steps >= self.options.max_steps {
                Cause::TooManySteps
            } else {
                Cause::StepTooSmall
            };
            return Err(self.diagnose(cause, span));
        }
        self.try_step(span, last, size)
    }

    /// The step that will be tried next, if its size is chosen; whether it lands on the end, and the size planned.
    #[inline(always)]
    pub(super) fn plan(&self) -> (Span<T>, bool, T) {
        let t = self.span.t_next;
        let remaining = self.end - t;
        let size = self.size.min(self.options.h_max);
        let last = size * self.stretch >= remaining * self.direction;
        let (t_next, h) = if last {
            (self.end, remaining)
        } else {
            let h = size * self.direction;
            (t + h, h)
        };
        (Span { t, t_next, h }, last, size)
    }

    #[inline]
    fn try_step(&mut self, span: Span<T>, last: bool, size: T) -> Result<Attempt, Error> {
        let adaptive = self.options.step.is_none();
        self.error2 = self.engine.attempt(
            &mut self.system,
            span,
            &self.y,
            &mut self.trial,
            &mut self.scale,
            adaptive,
            &mut self.stats,
        );
        self.count(span, self.error2);
        if !adaptive {
            if !self
                .trial
                .as_slice()
                .iter()
                .all(|y| y.magnitude().is_finite())
            {
                return Err(self.diagnose(Cause::StepTooSmall, span));
            }
            if self.error2 != T::zero() {
                return Err(self.diagnose(Cause::NotSolved, span));
            }
            self.take(span);
            return Ok(Attempt::Accepted);
        }
        let h = span.h * self.direction;
        let factor = self.control.factor(self.error2.as_f64(), h.as_f64());
        let proposal = h * T::from_f64(factor);
        // Not a number compares as false: rejected.
        if self.error2 <= T::one() {
            self.take(span);
            let proposal = self.engine.propose(h, self.error2, true, proposal);
            // A step that was cut short to land on the end says little against the size planned.
            self.size = if last { proposal.max(size) } else { proposal };
            Ok(Attempt::Accepted)
        } else {
            self.size = self.engine.propose(h, self.error2, false, proposal);
            self.stats.rejected += 1;
            if last && self.size <= self.smallest() {
                return Err(self.diagnose(Cause::StepTooSmall, span));
            }
            Ok(Attempt::Rejected)
        }
    }

    /// Counts a step tried, and remembers it for a diagnosis.
    #[inline(always)]
    fn count(&mut self, span: Span<T>, error2: T) {
        self.recent[self.stats.steps % REMEMBERED] = (span.t, span.h, error2);
        self.stats.steps += 1;
    }

    #[inline]
    fn take(&mut self, span: Span<T>) {
        std::mem::swap(&mut self.y_prev, &mut self.y);
        std::mem::swap(&mut self.y, &mut self.trial);
        self.engine.accept();
        self.span = span;
        self.stats.accepted += 1;
    }

    /// Takes one step: tries until one is accepted.
    ///
    /// # Errors
    /// As [`attempt`](Integrator::attempt).
    ///
    /// # Panics
    /// As [`attempt`](Integrator::attempt).
    #[inline]
    #[track_caller]
    pub fn step(&mut self) -> Result<(), Error> {
        while self.attempt()? == Attempt::Rejected {}
        Ok(())
    }

    /// Chooses the size of the first step, and gives it with f at the start.
    pub(crate) fn prepare(&mut self) -> (T, &Y) {
        if self.size == T::zero() {
            self.choose_first_step();
        }
        let t = self.t();
        let slope = self
            .engine
            .slope(&mut self.system, t, &self.y, &mut self.stats);
        (self.size, slope)
    }
}
