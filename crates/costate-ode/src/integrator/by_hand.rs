//! Leading an integration by hand: other states, other steps.

use super::Integrator;
use crate::consistent::undetermined;
use crate::engine::{Engine, Span};
use crate::system::Erased;
use crate::{Element, Error, Field, Real, State, Stats, System, make_consistent};

impl<T: Real, Y: State<T>, S: System<T, Y>, E: Engine<T, Y, S>> Integrator<T, Y, S, E> {
    /// Replaces the state at the present time, keeping step size, controller and statistics; f is evaluated afresh for the next step.
    ///
    /// # Panics
    /// If `y` has another length than the state.
    ///
    /// ```
    /// use costate_ode::{Integrator, Options, tableau};
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let mut integrator = Integrator::new(tableau::by_name("tsit5")?, decay, 0.0, &[1.0], Options::tolerances(1e-9, 1e-12))?;
    /// integrator.set_end(1.0);
    /// while !integrator.finished() {
    ///     integrator.step()?;
    /// }
    /// integrator.set_y(&[5.0]); // what was measured, say
    /// integrator.set_end(2.0);
    /// while !integrator.finished() {
    ///     integrator.step()?;
    /// }
    /// assert!((integrator.y()[0] - 5.0 * (-1.0_f64).exp()).abs() < 1e-8);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
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

    /// Takes a step of exactly `h`, whatever its error, beyond the end too: a frozen sequence of steps. The planned step size does not change.
    ///
    /// ```
    /// use costate_ode::{Integrator, Options, tableau};
    ///
    /// let field = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = t;
    /// let mut integrator = Integrator::new(tableau::by_name("rk4")?, field, 0.0, &[0.0], Options::constant_step(0.5))?;
    /// for h in [0.1, 0.7, 0.2] {
    ///     integrator.force_step(h);
    /// }
    /// assert!((integrator.t() - 1.0).abs() < 1e-15 && (integrator.y()[0] - 0.5).abs() < 1e-15);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    #[inline]
    pub fn force_step(&mut self, h: T) {
        let t = self.span.t_next;
        let span = Span {
            t,
            t_next: t + h,
            h,
        };
        let error2 = self.engine.attempt(
            &mut self.system,
            span,
            &self.y,
            &mut self.trial,
            &mut self.scale,
            false,
            &mut self.stats,
        );
        self.count(span, error2);
        self.take(span);
    }

    /// Takes the last accepted step again, from where it began, with the size `h`: on the solution itself, where
    /// [`interpolate`](Integrator::interpolate) only comes near. False, and nothing changed, if the engine cannot go back. Not counted as a step; its
    /// evaluations are.
    ///
    /// ```
    /// use costate_ode::{Integrator, Options, tableau};
    ///
    /// let turn = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    /// let mut integrator = Integrator::new(tableau::by_name("dopri5")?, turn, 0.0, &[1.0, 0.0], Options::tolerances(1e-9, 1e-9))?;
    /// integrator.step()?;
    /// let part = 0.3 * integrator.h(); // up to where something happens, say
    /// assert!(integrator.retake(part) && integrator.t() == part);
    /// assert!((integrator.y()[0] - part.cos()).abs() < 1e-9 && integrator.stats().steps == 1);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
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

    /// Makes the state consistent as [`make_consistent`] does, for systems with a mass matrix, at the cost counted in the statistics. Returns whether it changed.
    ///
    /// # Errors
    /// As that function.
    pub fn make_consistent(&mut self) -> Result<bool, Error>
    where
        Y::Element: Field<T>,
    {
        if self.system.mass().is_none() {
            return Ok(false);
        }
        let (t, before) = (self.t(), self.y.clone());
        let mut system = Erased(&mut self.system);
        let spent = make_consistent(&mut system, t, &mut self.y, &self.options)?;
        self.charge(spent);
        self.engine.restart();
        let minus = Y::Element::weight(-T::one());
        let mut both = self.y.as_slice().iter().zip(before.as_slice());
        Ok(both.any(|(y, before)| y.add_scaled(minus, *before).magnitude() != T::zero()))
    }

    /// Adds to what stopped the integration here what its mass matrix says of that.
    #[cold]
    pub(crate) fn explain(&mut self, mut error: Error) -> Error
    where
        Y::Element: Field<T>,
    {
        if let Error::Stopped(diagnosis) = &mut error
            && self.system.mass().is_some()
        {
            let (t, mut stats) = (self.t(), self.stats);
            let mut system = Erased(&mut self.system);
            diagnosis.undetermined =
                undetermined(&mut system, t, &self.y, &mut self.scale, &mut stats);
        }
        error
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

    /// Sets |h| of the next try.
    ///
    /// # Panics
    /// If it is not positive.
    #[track_caller]
    pub fn set_next_h(&mut self, h: T) {
        assert!(h > T::zero(), "a step size must be positive, not {h:?}");
        self.size = h;
    }
}
