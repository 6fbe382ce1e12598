//! What there is to read of an integration.

use super::{Integrator, Resolution};
use crate::controller::Law;
use crate::engine::{Engine, Span};
use crate::{Options, Real, State, Stats, System, Trajectory};

impl<T: Real, Y: State<T>, S: System<T, Y>, E: Engine<T, Y, S>> Integrator<T, Y, S, E> {
    /// Writes the state at `t` inside the last accepted step, by the method's dense output; the state itself at the ends of the step. Valid until the next step
    /// is tried; it may evaluate f (for methods whose dense output needs more slopes), once per step. [`extrapolate`](Integrator::extrapolate) goes beyond the
    /// step; a whole solution that is kept is a [`Trajectory`].
    ///
    /// # Panics
    /// If `t` lies outside the last accepted step by more than rounding; before the first step, that is any time but the present.
    ///
    /// ```
    /// use costate_ode::{Integrator, Options, tableau};
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let mut integrator = Integrator::new(tableau::by_name("tsit5")?, decay, 0.0, &[1.0], Options::tolerances(1e-9, 1e-12))?;
    /// integrator.step()?;
    /// let (middle, mut y) = (0.5 * (integrator.t_prev() + integrator.t()), [0.0]);
    /// integrator.interpolate(middle, &mut y);
    /// assert!((y[0] - (-middle).exp()).abs() < 1e-9);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    #[track_caller]
    pub fn interpolate(&mut self, t: T, y: &mut Y) {
        let Span {
            t: begin,
            t_next,
            h,
        } = self.span;
        // Of t computed as begin + σ h.
        let rounding = T::epsilon() * T::from_f64(4.0) * begin.abs().max(t_next.abs());
        let (low, high) = (begin.min(t_next), begin.max(t_next));
        assert!(
            h == T::zero() || (low - rounding <= t && t <= high + rounding),
            "t = {t:?} lies outside the last step, {begin:?} to {t_next:?}"
        );
        self.extrapolate(t, y);
    }

    /// As [`interpolate`](Integrator::interpolate), and beyond the ends of the step: there the polynomial of dense output goes on, to a small part of the step with
    /// an error like that inside, further with one that grows by a power of the distance.
    ///
    /// # Panics
    /// If no step was taken yet, unless `t` is the present time.
    ///
    /// ```
    /// use costate_ode::{Integrator, Options, tableau};
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let mut integrator = Integrator::new(tableau::by_name("tsit5")?, decay, 0.0, &[1.0], Options::tolerances(1e-9, 1e-12))?;
    /// integrator.step()?;
    /// let (ahead, mut y) = (integrator.t() + 0.01 * integrator.h(), [0.0]);
    /// integrator.extrapolate(ahead, &mut y);
    /// assert!((y[0] - (-ahead).exp()).abs() < 1e-9);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    #[track_caller]
    pub fn extrapolate(&mut self, t: T, y: &mut Y) {
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
                "no step was taken yet whose dense output could give the state at {t:?}"
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

    /// The signed size of the next try, which may land on the end; 0 if it is not chosen yet, or the end is reached.
    #[inline]
    #[must_use]
    pub fn ahead(&self) -> T {
        if self.size == T::zero() {
            return self.size;
        }
        self.plan().0.h
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

    /// The law by which steps are chosen.
    pub(crate) fn law(&self) -> &Law {
        self.control.law()
    }

    #[inline]
    pub(crate) fn resolution(&self) -> Resolution<T> {
        self.resolution
    }

    #[inline]
    pub(super) fn smallest(&self) -> T {
        self.resolution.smallest_at(self.span.t_next)
    }

    /// Whether t is at the end.
    #[inline]
    #[must_use]
    pub fn finished(&self) -> bool {
        self.span.t_next == self.end
    }
}
