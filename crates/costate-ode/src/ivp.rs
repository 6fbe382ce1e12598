//! From an initial value problem to its solution in one sentence.

use crate::method::Family;
mod attach;

use crate::system::Erased;
use crate::{
    Auto, Bdf, Controller, Dirk, Engine, Error, Failure, Field, Integrator, Method, Norm, Options,
    Radau, Real, Rosenbrock, Solution, State, Stats, System, Tolerance, Trajectory, tableau,
};

/// What to keep of a solution.
#[derive(Clone, Debug, Default)]
enum Save<T> {
    /// The start and the end of every step.
    #[default]
    Steps,
    /// The states at these times.
    At(Vec<T>),
    /// The end alone.
    End,
}

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
    save: Save<T>,
    dense: bool,
}

impl<T: Real, Y: State<T>, F: FnMut(T, &Y, &mut Y)> Ivp<T, Y, F> {
    /// The problem with f given as a closure `|t, y, dy|` that writes dy/dt into `dy`.
    pub fn new(f: F, t0: T, y0: Y, t1: T) -> Self {
        Self::with_system(f, t0, y0, t1)
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Ivp<T, Y, S> {
    /// The problem with f given as a [`System`].
    pub fn with_system(system: S, t0: T, y0: Y, t1: T) -> Self {
        let method = tableau::DEFAULT.into();
        let options = Options::tolerances(T::from_f64(1e-6), T::from_f64(1e-9));
        Self {
            system,
            t0,
            y0,
            t1,
            method,
            options,
            save: Save::default(),
            dense: false,
        }
    }

    /// Solves it by this method: a [`Method`], or a [`Tableau`](crate::Tableau).
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
    #[must_use]
    pub fn atol(mut self, atol: impl Into<Tolerance<T>>) -> Self {
        self.options.atol = atol.into();
        self
    }

    /// Takes constant steps of this size, the last as long as it must be.
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
    #[must_use]
    pub fn norm(mut self, norm: Norm<T>) -> Self {
        self.options.norm = norm;
        self
    }

    /// Gives up after this many steps.
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
    #[must_use]
    pub fn save_at(mut self, times: impl Into<Vec<T>>) -> Self {
        self.save = Save::At(times.into());
        self
    }

    /// Saves the end alone.
    #[must_use]
    pub fn save_end(mut self) -> Self {
        self.save = Save::End;
        self
    }

    /// Keeps the continuous solution too, in [`Solution::dense`].
    #[must_use]
    pub fn dense(mut self) -> Self {
        self.dense = true;
        self
    }

    /// Solves it.
    ///
    /// # Errors
    /// [`Failure`], which says why and holds the solution as far as it was computed: options that make no sense, save times out of order, or an integration that
    /// had to stop ([`Error::Stopped`]).
    pub fn solve(self) -> Result<Solution<T, Y>, Failure<T, Y>>
    where
        Y::Element: Field<T>,
    {
        let Self {
            mut system,
            t0,
            y0,
            t1,
            method,
            options,
            save,
            dense,
        } = self;
        if let Err(error) = check_times(&save, t0, t1) {
            return Err(fail(error));
        }
        if !method.adaptive && options.step.is_none() {
            return Err(fail(Error::NoErrorEstimate {
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
            return run(it.map_err(fail)?, t1, save, dense);
        }
        let (span, pointer) = ((t0, y0, t1), Erased(&mut system));
        match method.family {
            Family::Explicit(_) => unreachable!("explicit methods are done with"),
            Family::Dirk(tableau) => {
                let engine = Dirk::new(tableau, &pointer, &span.1);
                start(engine, pointer, span, options, save, dense)
            }
            Family::Rosenbrock(tableau) => {
                let engine = Rosenbrock::new(tableau, &pointer, &span.1);
                start(engine, pointer, span, options, save, dense)
            }
            Family::Radau => {
                let engine = Radau::new(&pointer, &span.1);
                start(engine, pointer, span, options, save, dense)
            }
            Family::Auto => {
                let engine = Auto::new(&pointer, &span.1);
                start(engine, pointer, span, options, save, dense)
            }
            Family::Bdf => {
                let engine = Bdf::new(&pointer, &span.1);
                start(engine, pointer, span, options, save, dense)
            }
        }
    }
}

/// Runs any engine.
fn start<T, Y, S, E>(
    engine: E,
    system: S,
    (t0, y0, t1): (T, Y, T),
    options: Options<T>,
    save: Save<T>,
    dense: bool,
) -> Result<Solution<T, Y>, Failure<T, Y>>
where
    T: Real,
    Y: State<T>,
    S: System<T, Y>,
    E: Engine<T, Y, S>,
{
    let it = Integrator::with_engine(engine, system, t0, &y0, options);
    run(it.map_err(fail)?, t1, save, dense)
}

fn fail<T, Y>(error: Error) -> Failure<T, Y> {
    Failure {
        error,
        partial: Box::new(empty()),
    }
}

fn empty<T, Y>() -> Solution<T, Y> {
    Solution {
        t: Vec::new(),
        y: Vec::new(),
        stats: Stats::default(),
        dense: None,
    }
}

fn check_times<T: Real>(save: &Save<T>, t0: T, t1: T) -> Result<(), Error> {
    for (what, t) in [("t0", t0), ("t1", t1)] {
        if !t.is_finite() {
            return Err(Error::Option {
                what,
                value: t.as_f64(),
                reason: "it must be a finite number",
            });
        }
    }
    let Save::At(times) = save else { return Ok(()) };
    let forward = t0 <= t1;
    let mut before = t0;
    for t in times {
        let in_order = if forward {
            before <= *t && *t <= t1
        } else {
            before >= *t && *t >= t1
        };
        if !in_order {
            return Err(Error::SaveTime {
                t: t.as_f64(),
                before: before.as_f64(),
                end: t1.as_f64(),
            });
        }
        before = *t;
    }
    Ok(())
}

fn run<T, Y, S, E>(
    mut it: Integrator<T, Y, S, E>,
    t1: T,
    save: Save<T>,
    dense: bool,
) -> Result<Solution<T, Y>, Failure<T, Y>>
where
    T: Real,
    Y: State<T>,
    S: System<T, Y>,
    E: Engine<T, Y, S>,
{
    let forward = it.t() <= t1;
    let mut solution = empty();
    let mut trajectory = dense.then(|| Trajectory::new(it.t(), it.y(), it.engine().centre()));
    let mut saved = 0;
    let mut result = Ok(());
    it.set_end(t1);
    loop {
        match &save {
            Save::Steps => keep(&mut solution, it.t(), it.y().clone()),
            Save::At(times) => {
                while let Some(t) = times.get(saved).filter(|t| {
                    if forward {
                        **t <= it.t()
                    } else {
                        **t >= it.t()
                    }
                }) {
                    let mut y = it.y().clone();
                    it.interpolate(*t, &mut y);
                    keep(&mut solution, *t, y);
                    saved += 1;
                }
            }
            Save::End => {}
        }
        if it.finished() {
            break;
        }
        result = it.step();
        if result.is_err() {
            break;
        }
        if let Some(trajectory) = &mut trajectory {
            it.append_to(trajectory);
        }
    }
    // The end, or the last state that was reached.
    if matches!(save, Save::End) || (result.is_err() && solution.t.last() != Some(&it.t())) {
        keep(&mut solution, it.t(), it.y().clone());
    }
    solution.stats = *it.stats();
    solution.dense = trajectory;
    match result {
        Ok(()) => Ok(solution),
        Err(error) => Err(Failure {
            error,
            partial: Box::new(solution),
        }),
    }
}

fn keep<T, Y>(solution: &mut Solution<T, Y>, t: T, y: Y) {
    solution.t.push(t);
    solution.y.push(y);
}
