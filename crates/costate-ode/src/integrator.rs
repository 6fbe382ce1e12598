//! The stepper: an integration held in the caller's hands.

mod diagnose;
mod start;

use crate::controller::Control;
use crate::diagnosis::Cause;
use crate::engine::{Engine, RungeKutta, Span};
use crate::{Error, Options, Real, Scale, State, Stats, System, Tableau, Trajectory};

/// What became of one try of a step.
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
/// Steps of adaptive methods are chosen by the controller and shortened to land on the end; with [`Options::constant_step`] all but the last are equal. Nothing is
/// allocated after construction. The engine's page says [when f is evaluated](RungeKutta#when-f-is-evaluated).
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
    /// How much longer than planned the last step may be, and the resolution of t.
    stretch: T,
    resolution: T,
    /// What no step may fall below, wherever t is: `h_min`, or what tells a step from none near t = 0.
    floor: T,
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Integrator<T, Y, S> {
    /// An integration that starts at y(`t0`) = `y0`, by an explicit Runge–Kutta method. Its end is at +∞ until [`set_end`](Integrator::set_end) moves it.
    ///
    /// # Errors
    /// [`Error::Tolerance`], [`Error::Length`], [`Error::Option`] for options that make no sense; [`Error::NoErrorEstimate`] if the method can only take constant
    /// steps and the options give none; [`Error::MassMatrix`] for a system that has one.
    pub fn new(
        tableau: &'static Tableau,
        system: S,
        t0: T,
        y0: &Y,
        options: Options<T>,
    ) -> Result<Self, Error> {
        tableau.validate()?;
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
    /// [`Error::Tolerance`], [`Error::Length`], [`Error::Option`] for options that make no sense.
    pub fn with_engine(
        engine: E,
        system: S,
        t0: T,
        y0: &Y,
        options: Options<T>,
    ) -> Result<Self, Error> {
        options.validate()?;
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
            resolution: T::epsilon() * T::from_f64(4.0),
            floor,
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

    /// Replaces the state at the present time, keeping step size, controller and statistics; f is evaluated afresh for the next step.
    ///
    /// # Panics
    /// If `y` has another length than the state.
    #[track_caller]
    pub fn set_y(&mut self, y: &Y) {
        let (expected, found) = (self.y.as_slice().len(), y.as_slice().len());
        assert!(
            expected == found,
            "a state of {found} components given to an integration of {expected}"
        );
        self.y_mut().as_mut_slice().copy_from_slice(y.as_slice());
    }

    /// The state at the present time, to be altered; otherwise like [`set_y`](Integrator::set_y).
    pub fn y_mut(&mut self) -> &mut Y {
        self.engine.restart();
        &mut self.y
    }

    /// Moves the end, which may lie ahead or behind: the sign of `end − t` is the direction of time. The step size is carried over.
    #[inline]
    pub fn set_end(&mut self, end: T) {
        self.end = end;
        self.direction = if end < self.t() { -T::one() } else { T::one() };
    }

    /// Whether t is at the end.
    #[inline]
    #[must_use]
    pub fn finished(&self) -> bool {
        self.span.t_next == self.end
    }

    /// Tries one step.
    ///
    /// # Errors
    /// [`Error::Stopped`] with a diagnosis: a step too small for the resolution of t or below `h_min`, too many steps. The state stays at the last accepted
    /// step.
    ///
    /// # Panics
    /// If the end is reached: [`set_end`](Integrator::set_end) moves it.
    #[inline]
    #[track_caller]
    pub fn attempt(&mut self) -> Result<Attempt, Error> {
        let t = self.span.t_next;
        let remaining = self.end - t;
        if self.size == T::zero() {
            self.choose_first_step();
        }
        let size = self.size.min(self.options.h_max);
        let last = size * self.stretch >= remaining * self.direction;
        let span = if last {
            assert!(
                remaining != T::zero(),
                "the end of the integration is reached; set_end moves it"
            );
            Span {
                t,
                t_next: self.end,
                h: remaining,
            }
        } else {
            let h = size * self.direction;
            Span {
                t,
                t_next: t + h,
                h,
            }
        };
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
        self.recent[self.stats.steps % REMEMBERED] = (span.t, span.h, self.error2);
        self.stats.steps += 1;
        if !adaptive {
            if !self
                .trial
                .as_slice()
                .iter()
                .all(|y| crate::Element::magnitude(*y).is_finite())
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

    #[inline]
    fn take(&mut self, span: Span<T>) {
        std::mem::swap(&mut self.y_prev, &mut self.y);
        std::mem::swap(&mut self.y, &mut self.trial);
        self.engine.accept();
        self.span = span;
        self.stats.accepted += 1;
    }

    #[inline]
    fn smallest(&self) -> T {
        self.smallest_at(self.span.t_next)
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

    /// Takes a step of exactly `h`, whatever its error, beyond the end too: a frozen sequence of steps. The planned step size does not change.
    #[inline]
    pub fn force_step(&mut self, h: T) {
        let t = self.span.t_next;
        let span = Span {
            t,
            t_next: t + h,
            h,
        };
        self.engine.attempt(
            &mut self.system,
            span,
            &self.y,
            &mut self.trial,
            &mut self.scale,
            false,
            &mut self.stats,
        );
        self.stats.steps += 1;
        self.take(span);
    }

    /// Takes the last accepted step again, from where it began, with the size `h`: on the solution itself, where
    /// [`interpolate`](Integrator::interpolate) only comes near. False, and nothing changed, if the engine cannot go back. Not counted as a step; its
    /// evaluations are.
    pub fn retake(&mut self, h: T) -> bool {
        if !self.engine.rewind() {
            return false;
        }
        let t = self.span.t;
        self.span = Span {
            t,
            t_next: t + h,
            h,
        };
        self.engine.attempt(
            &mut self.system,
            self.span,
            &self.y_prev,
            &mut self.trial,
            &mut self.scale,
            false,
            &mut self.stats,
        );
        std::mem::swap(&mut self.y, &mut self.trial);
        self.engine.accept();
        true
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

    /// The size below which a step at `t` is too small.
    #[inline]
    pub(crate) fn smallest_at(&self, t: T) -> T {
        let (resolution, floor) = self.resolution();
        (t.abs() * resolution).max(floor)
    }

    /// What that is made of: the resolution of t, and what no step may fall below.
    #[inline]
    pub(crate) fn resolution(&self) -> (T, T) {
        (self.resolution, self.floor)
    }

    /// Goes to where `step` leads, along `span`.
    pub(crate) fn replace_step(
        &mut self,
        span: Span<T>,
        step: impl FnOnce(&mut E, &mut S, &Y, &mut Y, &mut Stats),
    ) {
        step(
            &mut self.engine,
            &mut self.system,
            &self.y,
            &mut self.trial,
            &mut self.stats,
        );
        std::mem::swap(&mut self.y_prev, &mut self.y);
        std::mem::swap(&mut self.y, &mut self.trial);
        self.span = span;
    }

    /// Goes back to `t` inside the last accepted step, by dense output, which is lost.
    pub(crate) fn cut(&mut self, t: T) {
        let mut y = self.y.clone();
        self.interpolate(t, &mut y);
        self.y_mut().as_mut_slice().copy_from_slice(y.as_slice());
        self.span.t_next = t;
    }

    /// Says that f jumps here, and that the present is `t`, a hair further on: f is evaluated afresh.
    pub(crate) fn jump(&mut self, t: T) {
        self.engine.restart();
        self.span.t_next = t;
    }

    /// Forgets the step size and what the controller remembers: the next step is chosen as the first was. For use after the state or f has changed by much.
    pub fn restart(&mut self) {
        self.engine.restart();
        self.control.restart();
        self.size = self
            .options
            .step
            .or(self.options.h_init)
            .unwrap_or(T::zero());
    }

    /// Writes the state at `t` inside the last accepted step, by the method's dense output; the state itself at the ends of the step. Valid until the next step
    /// is tried; it may evaluate f (for methods whose dense output needs more slopes), once per step.
    ///
    /// # Panics
    /// If no step was taken yet, unless `t` is the present time.
    #[track_caller]
    pub fn interpolate(&mut self, t: T, y: &mut Y) {
        let Span {
            t: begin,
            t_next,
            h,
        } = self.span;
        if t == t_next {
            y.as_mut_slice().copy_from_slice(self.y.as_slice());
        } else if t == begin {
            y.as_mut_slice().copy_from_slice(self.y_prev.as_slice());
        } else {
            assert!(
                h != T::zero(),
                "no step was taken yet that could be interpolated at {t:?}"
            );
            let sigma = (t - begin) / h;
            self.engine.interpolate(
                &mut self.system,
                self.span,
                &self.y_prev,
                &self.y,
                sigma,
                y,
                &mut self.stats,
            );
        }
    }

    /// Appends the last accepted step, up to `t`, to a continuous solution.
    pub(crate) fn append_to(&mut self, trajectory: &mut Trajectory<T, Y>, t: T) {
        let mut end = self.y.clone();
        self.interpolate(t, &mut end);
        let Self {
            engine,
            system,
            span,
            y_prev,
            y,
            stats,
            ..
        } = self;
        trajectory.push(t, &end, (span.h, engine.centre()), |powers| {
            engine.powers(system, *span, y_prev, y, powers, stats)
        });
    }

    /// The present time.
    #[allow(clippy::misnamed_getters)] // The end of the last step is the present.
    #[inline]
    #[must_use]
    pub fn t(&self) -> T {
        self.span.t_next
    }

    /// Where the last accepted step began; the present time before the first.
    #[inline]
    #[must_use]
    pub fn t_prev(&self) -> T {
        self.span.t
    }

    /// The signed size of the last accepted step; 0 before the first.
    #[inline]
    #[must_use]
    pub fn h(&self) -> T {
        self.span.h
    }

    /// |h| that the next try will have if the end is far enough; 0 if it is not chosen yet.
    #[inline]
    #[must_use]
    pub fn next_h(&self) -> T {
        self.size
    }

    /// Sets |h| of the next try.
    ///
    /// # Panics
    /// If it is not positive.
    #[track_caller]
    pub fn set_next_h(&mut self, h: T) {
        assert!(h > T::zero(), "a step size must be positive, not {h:?}");
        self.size = h;
    }

    /// The state at the present time.
    #[inline]
    #[must_use]
    pub fn y(&self) -> &Y {
        &self.y
    }

    /// The state where the last accepted step began.
    #[inline]
    #[must_use]
    pub fn y_prev(&self) -> &Y {
        &self.y_prev
    }

    /// The scaled error of the last try: at most 1 if it was accepted.
    #[must_use]
    pub fn error(&self) -> T {
        self.error2.sqrt()
    }

    /// The end that was set.
    #[inline]
    #[must_use]
    pub fn end(&self) -> T {
        self.end
    }

    /// What the integration has cost so far.
    #[inline]
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How it integrates.
    #[must_use]
    pub fn options(&self) -> &Options<T> {
        &self.options
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// The engine, to be altered. What it keeps between steps is its own: after a change of state or method, [`restart`](Integrator::restart).
    pub fn engine_mut(&mut self) -> &mut E {
        &mut self.engine
    }

    /// The engine, given back.
    #[must_use]
    pub fn into_engine(self) -> E {
        self.engine
    }

    /// The system.
    #[inline]
    #[must_use]
    pub fn system(&self) -> &S {
        &self.system
    }

    /// The system, to be altered. If f changes by that, say so with [`y_mut`](Integrator::y_mut), which forgets the slope that is known.
    #[inline]
    pub fn system_mut(&mut self) -> &mut S {
        &mut self.system
    }

    /// The system, given back.
    #[must_use]
    pub fn into_system(self) -> S {
        self.system
    }
}
