//! A problem, and how it is to be solved.

use super::Ivp;
use super::run::{Plan, Progress, Save};
use crate::size::Size;
use crate::{Controller, Event, Method, Norm, Options, Real, State, System, Tolerance, tableau};
use std::ops::ControlFlow;
use std::sync::Arc;

impl<T: Real, Y: State<T>, F: FnMut(T, &Y, &mut Y)> Ivp<T, Y, F> {
    /// The problem with f given as a closure `|t, y, dy|` that writes dy/dt into `dy`.
    pub fn new(f: F, t0: T, y0: Y, t1: T) -> Self {
        Self::with_system(f, t0, y0, t1)
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Ivp<T, Y, S> {
    /// The problem with f given as a [`System`].
    ///
    /// ```
    /// use costate_ode::{Ivp, System};
    ///
    /// struct Cooling { rate: f64 }
    ///
    /// impl System<f64, [f64; 1]> for Cooling {
    ///     fn eval(&mut self, _t: f64, y: &[f64; 1], dy: &mut [f64; 1]) {
    ///         dy[0] = -self.rate * y[0];
    ///     }
    /// }
    ///
    /// let solution = Ivp::with_system(Cooling { rate: 2.0 }, 0.0, [1.0], 1.0).rtol(1e-8).solve()?;
    /// assert!((solution.last()[0] - (-2.0_f64).exp()).abs() < 1e-7);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
    /// ```
    pub fn with_system(system: S, t0: T, y0: Y, t1: T) -> Self {
        let () = Size::<Y>::ALLOWED;
        let method = tableau::DEFAULT.into();
        let options = Options::tolerances(T::from_f64(1e-6), T::from_f64(1e-9));
        Self {
            system,
            t0,
            y0,
            t1,
            method,
            options,
            plan: Plan::default(),
        }
    }

    /// Solves it by this method: a [`Method`], or a [`Tableau`](crate::Tableau).
    ///
    /// ```
    /// use costate_ode::{Ivp, Method, tableau};
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let ivp = Ivp::new(decay, 0.0, [1.0], 1.0);
    /// let explicit = ivp.clone().method(tableau::by_name("dop853")?).solve()?;
    /// let implicit = ivp.method(Method::by_name("radau")?).solve()?;
    /// assert!((explicit.last()[0] - implicit.last()[0]).abs() < 1e-5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn method(mut self, method: impl Into<Method>) -> Self {
        self.method = method.into();
        self
    }

    /// The relative tolerance: of all components, or one for each.
    #[must_use]
    pub fn rtol(mut self, rtol: impl Into<Tolerance<T>>) -> Self {
        self.options.rtol = rtol.into();
        self
    }

    /// The absolute tolerance: of all components, or one for each.
    ///
    /// ```
    /// use costate_ode::Ivp;
    ///
    /// // A part per million of grams, and of billions of cells.
    /// let grow = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-0.1 * y[0] * y[1] / 1e9, 0.5 * y[1] * y[0]];
    /// let solution = Ivp::new(grow, 0.0, [2.0, 1e9], 3.0).rtol(1e-6).atol([1e-6, 1e3]).solve()?;
    /// assert!(solution.last()[1] > 1e9);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
    /// ```
    #[must_use]
    pub fn atol(mut self, atol: impl Into<Tolerance<T>>) -> Self {
        self.options.atol = atol.into();
        self
    }

    /// Takes constant steps of this size, the last as long as it must be.
    ///
    /// ```
    /// use costate_ode::{Ivp, tableau};
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let solution = Ivp::new(decay, 0.0, [1.0], 1.0).method(tableau::by_name("euler")?).step(0.4).solve()?;
    /// assert_eq!(solution.t, [0.0, 0.4, 0.8, 1.0]);
    /// assert!((solution.last()[0] - 0.6 * 0.6 * 0.8).abs() < 1e-15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn step(mut self, h: T) -> Self {
        self.options.step = Some(h);
        self
    }

    /// The step-size controller.
    #[must_use]
    pub fn controller(mut self, controller: Controller) -> Self {
        self.options.controller = controller;
        self
    }

    /// The norm in which errors are measured.
    ///
    /// ```
    /// use costate_ode::{Ivp, Norm};
    ///
    /// // The second component is an integral of the first, and does not steer the steps.
    /// let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-y[0], y[0]];
    /// let ivp = Ivp::new(field, 0.0, [1.0, 0.0], 5.0).rtol(1e-8).atol(1e-12);
    /// let (all, first) = (ivp.clone().norm(Norm::Max).solve()?, ivp.norm(Norm::MaxOf(0..1)).solve()?);
    /// assert!(first.stats.accepted >= all.stats.accepted / 2);
    /// assert!((first.last()[0] + first.last()[1] - 1.0).abs() < 1e-12);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
    /// ```
    #[must_use]
    pub fn norm(mut self, norm: Norm<T>) -> Self {
        self.options.norm = norm;
        self
    }

    /// Gives up after this many steps.
    ///
    /// ```
    /// use costate_ode::{Cause, Error, Ivp};
    ///
    /// let fast = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * y[0];
    /// let failure = Ivp::new(fast, 0.0, [1.0], 1.0).max_steps(1000).solve().unwrap_err();
    /// let Error::Stopped(diagnosis) = &failure.error else { panic!("{failure}") };
    /// assert!(diagnosis.cause == Cause::TooManySteps && diagnosis.looks_stiff());
    /// assert!(failure.partial.t.len() > 900); // what was computed is kept
    /// ```
    #[must_use]
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.options.max_steps = steps;
        self
    }

    /// Replaces all options of the integrator at once.
    #[must_use]
    pub fn options(mut self, options: Options<T>) -> Self {
        self.options = options;
        self
    }

    /// Saves the states at these times, between t₀ and t₁ and in the order of the integration, by dense output.
    ///
    /// ```
    /// use costate_ode::Ivp;
    ///
    /// // Backwards in time the order is that of the integration.
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let solution = Ivp::new(decay, 1.0, [1.0], 0.0).rtol(1e-9).save_at([0.75, 0.25]).solve()?;
    /// assert_eq!(solution.t, [0.75, 0.25]);
    /// assert!((solution.y[1][0] - 0.75_f64.exp()).abs() < 1e-7);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
    /// ```
    #[must_use]
    pub fn save_at(mut self, times: impl Into<Vec<T>>) -> Self {
        self.plan.save = Save::At(times.into());
        self
    }

    /// Saves the end alone.
    ///
    /// ```
    /// use costate_ode::Ivp;
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// assert_eq!(Ivp::new(decay, 0.0, [1.0], 9.0).save_end().solve()?.t, [9.0]);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
    /// ```
    #[must_use]
    pub fn save_end(mut self) -> Self {
        self.plan.save = Save::End;
        self
    }

    /// Keeps the continuous solution too, in [`Solution::dense`](crate::Solution::dense).
    #[must_use]
    pub fn dense(mut self) -> Self {
        self.plan.dense = true;
        self
    }

    /// Watches for this event; its number is how many were given before it.
    #[must_use]
    pub fn event(mut self, event: Event<T, Y>) -> Self {
        self.plan.events.push(event);
        self
    }

    /// Ends steps at these times exactly, where they lie within the integration.
    ///
    /// ```
    /// use costate_ode::Ivp;
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let solution = Ivp::new(decay, 0.0, [1.0], 9.0).stop_at([0.1, 7.0]).solve()?;
    /// assert!(solution.t.contains(&0.1) && solution.t.contains(&7.0));
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
    /// ```
    #[must_use]
    pub fn stop_at(mut self, times: impl Into<Vec<T>>) -> Self {
        self.plan.stops.extend(times.into());
        self
    }

    /// Says that f jumps at these times. Steps end on them, and none crosses: f is taken to be continuous from the right, evaluated at the time
    /// itself only for what comes after it, and for what comes before it at the latest time before. Without this, a jump costs many rejected steps.
    /// (`kvaerno5` alone has a stage beyond the end of its step, and evaluates f there.)
    ///
    /// ```
    /// use costate_ode::Ivp;
    ///
    /// let switched = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = if t < 1.0 { 1.0 } else { -3.0 };
    /// let solution = Ivp::new(switched, 0.0, [0.0], 2.0).jump_at([1.0]).solve()?;
    /// assert!((solution.last()[0] + 2.0).abs() < 1e-14);
    /// assert_eq!(solution.stats.rejected, 0);
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
    /// ```
    #[must_use]
    pub fn jump_at(mut self, times: impl Into<Vec<T>>) -> Self {
        self.plan.jumps.extend(times.into());
        self
    }

    /// Calls this after every step, to show progress or to stop: [`ControlFlow::Break`] ends the integration with [`Error::Cancelled`](crate::Error::Cancelled), and what
    /// was computed is kept.
    ///
    /// ```
    /// use costate_ode::{Error, Ivp};
    /// use std::ops::ControlFlow;
    ///
    /// let failure = Ivp::new(|_t, y, dy| dy[0] = -y[0], 0.0, [1.0], 100.0)
    ///     .on_step(|progress| if progress.stats.accepted < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    ///     .solve()
    ///     .unwrap_err();
    /// assert!(matches!(failure.error, Error::Cancelled { .. }));
    /// assert_eq!(failure.partial.t.len(), 11);
    /// ```
    #[must_use]
    pub fn on_step(
        mut self,
        watch: impl Fn(&Progress<T>) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        self.plan.on_step = Some(Arc::new(watch));
        self
    }
}
