//! From an initial value problem to its solution in one sentence.

mod attach;
mod run;

use crate::method::Family;
use crate::size::Size;
use crate::system::Erased;
use run::{Keep, Plan, Save, check_times, run};
use std::ops::ControlFlow;
use std::sync::Arc;

pub use run::Progress;

use crate::{
    Adams, Auto, Bdf, Controller, Dirk, Engine, Error, Event, Failure, Field, Gauss, Imex,
    Integrator, Method, Norm, Options, Radau, Real, Rock, Rosenbrock, Solution, State, Symplectic,
    System, Tolerance, make_consistent, tableau,
};

/// The initial value problem dy/dt = f(t, y), y(t₀) = y₀, to be solved until t₁ (which may lie before t₀), and how.
///
/// Unless told otherwise it is solved by Tsitouras' 5(4) pair with rtol = 1e-6 and atol = 1e-9, and every step is saved.
///
/// ```
/// use costate_ode::Ivp;
///
/// // A harmonic oscillator through a quarter of its period.
/// let solution = Ivp::new(|_t, y, dy| *dy = [y[1], -y[0]], 0.0, [1.0, 0.0], std::f64::consts::FRAC_PI_2)
///     .rtol(1e-9)
///     .atol(1e-12)
///     .save_at([0.5, 1.0])
///     .solve()?;
/// assert!((solution.y[1][0] - 1.0_f64.cos()).abs() < 1e-8);
/// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ivp<T, Y, S> {
    system: S,
    t0: T,
    y0: Y,
    t1: T,
    method: Method,
    options: Options<T>,
    plan: Plan<T, Y>,
}

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

    /// Keeps the continuous solution too, in [`Solution::dense`].
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

    /// Calls this after every step, to show progress or to stop: [`ControlFlow::Break`] ends the integration with [`Error::Cancelled`], and what
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

    /// Solves it.
    ///
    /// # Errors
    /// [`Failure`], which says why and holds the solution as far as it was computed: options that make no sense, save times out of order, a differential-algebraic
    /// system without a consistent start near y₀ ([`Error::Index`], [`Error::Inconsistent`]), or an integration that
    /// had to stop ([`Error::Stopped`], [`Error::Zeno`], [`Error::Event`], [`Error::Cancelled`]).
    pub fn solve(self) -> Result<Solution<T, Y>, Failure<T, Y>>
    where
        Y::Element: Field<T>,
    {
        self.solve_into(None)
    }

    /// Solves it and gives what would be saved to `keep`, as `(t, &y)`, instead of storing it: for functions of the state, or for what is too large to store.
    ///
    /// ```
    /// use costate_ode::Ivp;
    ///
    /// let mut energy = Vec::new();
    /// let oscillator = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    /// Ivp::new(oscillator, 0.0, [1.0, 0.0], 10.0)
    ///     .rtol(1e-9)
    ///     .save_at([2.0, 5.0, 10.0])
    ///     .solve_with(|_t, y| energy.push(0.5 * (y[0] * y[0] + y[1] * y[1])))?;
    /// assert!(energy.iter().all(|e| (e - 0.5).abs() < 1e-7));
    /// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
    /// ```
    ///
    /// # Errors
    /// As [`solve`](Ivp::solve).
    pub fn solve_with(self, mut keep: impl FnMut(T, &Y)) -> Result<Solution<T, Y>, Failure<T, Y>>
    where
        Y::Element: Field<T>,
    {
        self.solve_into(Some(&mut keep))
    }

    fn solve_into(self, keep: Keep<'_, T, Y>) -> Result<Solution<T, Y>, Failure<T, Y>>
    where
        Y::Element: Field<T>,
    {
        let Self {
            mut system,
            t0,
            mut y0,
            t1,
            method,
            options,
            plan,
        } = self;
        if let Err(error) = check_times(&plan, t0, t1) {
            return Err(fail(error));
        }
        if !method.adaptive && options.step.is_none() {
            return Err(fail(Error::NoErrorEstimate {
                method: method.name,
            }));
        }
        let needs_matrices =
            method.stiff && !matches!(method.family, Family::Dirk(_) | Family::Bdf);
        if system.krylov().is_some() && (needs_matrices || system.mass().is_some()) {
            return Err(fail(Error::MatrixFree {
                method: method.name,
            }));
        }
        if !method.mass && system.mass().is_some() {
            return Err(fail(Error::MassMatrix {
                method: method.name,
            }));
        }
        // Implicit steps cost so much more than a call through a pointer that one copy of an engine serves all systems of a state.
        if let Family::Explicit(tableau) = method.family {
            let it = Integrator::new(tableau, system, t0, &y0, options);
            return run(it.map_err(fail)?, t1, plan, keep);
        }
        let mut pointer = Erased(&mut system);
        let spent = make_consistent(&mut pointer, t0, &mut y0, &options).map_err(fail)?;
        // What goes around the engines is compiled once for all of them, too.
        let engine: Box<dyn Engine<T, Y, _>> = match method.family {
            Family::Explicit(_) => unreachable!("explicit methods are done with"),
            Family::Dirk(tableau) if !tableau.explicit.is_empty() && pointer.parts().is_some() => {
                Box::new(Imex::new(tableau, &mut pointer, &y0))
            }
            Family::Dirk(tableau) => Box::new(Dirk::new(tableau, &pointer, &y0)),
            Family::Rosenbrock(tableau) => Box::new(Rosenbrock::new(tableau, &pointer, &y0)),
            Family::Radau => Box::new(Radau::new(&pointer, &y0)),
            Family::Auto => Box::new(Auto::new(&pointer, &y0)),
            Family::Symplectic(_) if y0.as_slice().len() % 2 == 1 => {
                return Err(fail(Error::Halves {
                    method: method.name,
                    found: y0.as_slice().len(),
                }));
            }
            Family::Symplectic(tableau) => Box::new(Symplectic::new(tableau, &y0)),
            Family::Rock(tableau) => Box::new(Rock::new(tableau, &y0)),
            Family::Adams => Box::new(Adams::new(&y0)),
            Family::Gauss(tableau) => Box::new(Gauss::new(tableau, &pointer, &y0)),
            Family::Bdf => Box::new(Bdf::new(&pointer, &y0)),
        };
        let it = Integrator::with_engine(engine, pointer, t0, &y0, options);
        let mut it = it.map_err(fail)?;
        it.charge(spent);
        run(it, t1, plan, keep)
    }
}

fn fail<T, Y>(error: Error) -> Failure<T, Y> {
    Failure {
        error,
        partial: Box::new(Solution::empty()),
    }
}
