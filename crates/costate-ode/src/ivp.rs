//! From an initial value problem to its solution in one sentence.

// The documentation lists what stands in modules first, in their order: here it begins with what every problem needs.
mod settings;

mod attach;
mod run;

use crate::method::Family;
use crate::system::Erased;
use run::{Keep, Plan, check_times, run};

pub use run::Progress;

use crate::{
    Adams, Auto, Bdf, Dirk, Engine, Error, Failure, Field, Gauss, Imex, Integrator, Method,
    Options, Radau, Real, Rock, Rosenbrock, Solution, State, Symplectic, System, make_consistent,
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

impl<T: Real, Y: State<T>, S: System<T, Y>> Ivp<T, Y, S> {
    /// Solves it.
    ///
    /// # Errors
    /// [`Failure`], which says why and holds the solution as far as it was computed: options that make no sense, a start that is not finite ([`Error::Start`]), a mass
    /// matrix of another size ([`Error::Length`]), save times out of order, a differential-algebraic system without a consistent start near y₀ ([`Error::Index`],
    /// [`Error::Inconsistent`]), or an integration that had to stop ([`Error::Stopped`], [`Error::Zeno`], [`Error::Event`], [`Error::Cancelled`]).
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
