//! Starts of differential-algebraic systems that satisfy their equations without derivatives.

mod equations;

use crate::integrator::check_start;
use crate::jacobian::Derivatives;
use crate::system::evaluate;
use crate::{Element, Error, Field, Options, Real, Scale, State, Stats, System};
use equations::Equations;

/// The most Newton iterations.
const ITERATIONS: usize = 50;

/// Makes a state of M dy/dt = f(t, y) consistent: where combinations of rows of the singular matrix M vanish, so must those of f.
///
/// With N the left null vectors of M, Newton's iteration solves N f(t, y) = 0 while M y stays what it is: what is differentiated keeps its value, what is not is found.
/// Steps are damped as long as neither the next correction (\[Deuflhard2004\] 3.3) nor the largest residual would be smaller. A state that satisfies the equations
/// to rounding is left as it is. [`Ivp`](crate::Ivp) does this at the start of every solve with a mass matrix, after an event has reset the state and where f
/// jumps; call it yourself before an [`Integrator`](crate::Integrator), and [its own](crate::Integrator::make_consistent) after a change of the state.
///
/// M that is not diagonal is brought to echelon form as a dense matrix.
///
/// Returns what it cost.
///
/// ```
/// use costate_ode::{Matrix, Options, WithMass, make_consistent};
///
/// // y₀′ = −y₁ with 0 = y₁ − y₀²: y₀ stays, y₁ follows.
/// let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-y[1], y[1] - y[0] * y[0]];
/// let mut system = WithMass::new(f, Matrix::diagonal::<f64>([1.0, 0.0]));
/// let mut y = [3.0, 0.0];
/// make_consistent(&mut system, 0.0, &mut y, &Options::default())?;
/// assert_eq!(y, [3.0, 9.0]);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # Errors
/// [`Error::Index`] if the equations say nothing of some algebraic variable: the index is above 1. [`Error::Inconsistent`] if no solution is found. Both name
/// the rows concerned. Also [`Error::Tolerance`] and [`Error::Length`]: the tolerances in `options` are the units in which corrections are measured, and the mass
/// matrix is as large as the state; and [`Error::Start`] for a state that is not finite.
///
/// # Panics
/// If the system's structure is of another size.
///
/// # References
/// \[Hairer1996\] VI.1, \[Deuflhard2004\].
pub fn make_consistent<T, Y, S>(
    system: &mut S,
    t: T,
    y: &mut Y,
    options: &Options<T>,
) -> Result<Stats, Error>
where
    T: Real,
    Y: State<T>,
    Y::Element: Field<T>,
    S: System<T, Y>,
{
    let mut stats = Stats::default();
    let n = y.as_slice().len();
    match system.mass() {
        None => return Ok(stats),
        Some(mass) if mass.len() != n => {
            return Err(Error::Length {
                what: "a row of the mass matrix",
                expected: n,
                found: mass.len(),
            });
        }
        Some(_) => check_start(y)?,
    }
    let derivatives = Derivatives::new(system, y);
    let Some(mut equations) = Equations::new::<T, Y>(&derivatives) else {
        return Ok(stats);
    };
    let scale = Scale::new::<Y::Element>(
        options.rtol.clone(),
        options.atol.clone(),
        options.norm.clone(),
        n,
    )?;
    let mut search = Search {
        f: y.clone(),
        trial: y.clone(),
        derivatives,
        scale,
    };
    search.run(system, t, y, &mut equations, &mut stats)?;
    Ok(stats)
}

/// Rows without derivative that do not determine the algebraic variables at this state; none where they do.
pub(crate) fn undetermined<T, Y, S>(
    system: &mut S,
    t: T,
    y: &Y,
    scale: &mut Scale<T>,
    stats: &mut Stats,
) -> Vec<usize>
where
    T: Real,
    Y: State<T>,
    Y::Element: Field<T>,
    S: System<T, Y>,
{
    let mut derivatives = Derivatives::new(system, y);
    let Some(mut equations) = Equations::new::<T, Y>(&derivatives) else {
        return Vec::new();
    };
    derivatives.take(system, t, y, None, T::zero(), scale, stats);
    match equations.factorise::<T>(&derivatives.jacobian) {
        true => Vec::new(),
        false => equations.without_unknowns::<T>(&derivatives.jacobian),
    }
}

struct Search<T, Y: State<T>> {
    f: Y,
    trial: Y,
    derivatives: Derivatives<T, Y>,
    scale: Scale<T>,
}

impl<T: Real, Y: State<T>> Search<T, Y>
where
    Y::Element: Field<T>,
{
    fn run<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &mut Y,
        equations: &mut Equations<Y::Element>,
        stats: &mut Stats,
    ) -> Result<(), Error> {
        let epsilon = Y::Element::epsilon();
        // Corrections of rounding, in units of the tolerance.
        let smallest = T::from_f64(10.0) * epsilon / self.scale.finest_rtol().max(epsilon);
        let n = y.as_slice().len();
        let (mut step, mut next) = (vec![Y::Element::zero(); n], vec![Y::Element::zero(); n]);
        evaluate(system, t, y, &mut self.f);
        stats.nfe += 1;
        for _ in 0..ITERATIONS {
            let (_, residual) = equations.worst::<T>(self.f.as_slice());
            if residual == T::zero() {
                return Ok(());
            }
            if !residual.is_finite() {
                break;
            }
            let (f, scale) = (Some(&self.f), &mut self.scale);
            self.derivatives
                .take(system, t, y, f, T::zero(), scale, stats);
            stats.factorisations += 1;
            if !equations.factorise::<T>(&self.derivatives.jacobian) {
                let rows = equations.without_unknowns::<T>(&self.derivatives.jacobian);
                return Err(Error::Index { rows });
            }
            let size = self.correction(equations, y, &mut step, stats);
            if size <= smallest {
                return Ok(());
            }
            if !size.is_finite() {
                break;
            }
            // Shorter and shorter, until the correction after it would be smaller, or what is left of the equations.
            let mut share = T::one();
            let after = loop {
                let weight = Y::Element::weight(share);
                let both = y.as_slice().iter().zip(&step);
                for (trial, (y, d)) in self.trial.as_mut_slice().iter_mut().zip(both) {
                    *trial = y.add_scaled(weight, *d);
                }
                evaluate(system, t, &self.trial, &mut self.f);
                stats.nfe += 1;
                let after = self.correction(equations, y, &mut next, stats);
                let (_, left) = equations.worst::<T>(self.f.as_slice());
                let falls = T::one() - share * T::from_f64(0.25);
                let small = size <= smallest * T::from_f64(100.0);
                if after <= falls * size || left <= falls * residual || small {
                    break Some(after);
                }
                share = share * T::from_f64(0.5);
                if share < T::from_f64(1e-8) {
                    break None;
                }
            };
            let Some(after) = after else { break };
            y.as_mut_slice().copy_from_slice(self.trial.as_slice());
            if after <= smallest {
                return Ok(());
            }
        }
        evaluate(system, t, y, &mut self.f);
        stats.nfe += 1;
        let (rows, residual) = equations.worst::<T>(self.f.as_slice());
        Err(Error::Inconsistent {
            rows,
            t: t.as_f64(),
            residual: residual.as_f64(),
        })
    }

    /// The correction that the equations at hand ask for where f is, into `step`; its size in units of the tolerance at `y`.
    fn correction(
        &mut self,
        equations: &mut Equations<Y::Element>,
        y: &Y,
        step: &mut [Y::Element],
        stats: &mut Stats,
    ) -> T {
        equations.correction::<T>(self.f.as_slice(), step);
        stats.solves += 1;
        let y = y.as_slice();
        self.scale.squared(y, y, |i| step[i]).sqrt()
    }
}
