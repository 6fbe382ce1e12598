//! What carries out one step: the engines.
//!
//! An [`Integrator`](crate::Integrator) decides where to step, whether to accept and what to try next; its engine computes the step. There is
//! one file for each family of methods.

pub(crate) mod adams;
pub(crate) mod auto;
pub(crate) mod bdf;
mod dirk;
mod gauss;
mod hermite;
mod lagrange;
mod newton;
pub(crate) mod radau;
mod reversible;
mod rock;
mod rosenbrock;
mod runge_kutta;
mod slope;
mod symplectic;

pub use adams::Adams;
pub use auto::Auto;
pub use bdf::Bdf;
pub use dirk::{Dirk, DirkTableau, Imex};
pub use gauss::{Gauss, GaussTableau};
pub use radau::Radau;
pub use reversible::Reversible;
pub use rock::{Rock, RockTableau};
pub use rosenbrock::{Rosenbrock, RosenbrockTableau};
pub use runge_kutta::{Part, RungeKutta, Scheme};
pub use symplectic::{Symplectic, SymplecticTableau};

use crate::combine::{Terms, combine};
use crate::{Element, Real, Scale, State, Stats};

/// A family of methods at work: the stages of one step and what is kept between steps.
///
/// # Adding one
/// Implement this trait in a file of its own beside `engine/runge_kutta.rs`, the shortest, and hand it to
/// [`Integrator::with_engine`](crate::Integrator::with_engine).
///
/// ```
/// use costate_ode::{Engine, Integrator, Options, Scale, Span, Stats, System};
///
/// /// One equation whose ∂f/∂y is about −λ, known beforehand: y₁ = y + h φ(−λh) f(t, y) with φ(z) = (eᶻ − 1)/z, exact for f = g − λy if g is constant.
/// /// What g changes in the step is its error.
/// struct Exponential { rate: f64, slopes: [[f64; 1]; 2], known: bool }
///
/// impl<S: System<f64, [f64; 1]>> Engine<f64, [f64; 1], S> for Exponential {
///     fn slope(&mut self, system: &mut S, t: f64, y: &[f64; 1], stats: &mut Stats) -> &[f64; 1] {
///         if !self.known {
///             system.eval(t, y, &mut self.slopes[0]);
///             (self.known, stats.nfe) = (true, stats.nfe + 1);
///         }
///         &self.slopes[0]
///     }
///     fn attempt(
///         &mut self, system: &mut S, span: Span<f64>, y: &[f64; 1], trial: &mut [f64; 1], scale: &mut Scale<f64>, measure: bool, stats: &mut Stats,
///     ) -> f64 {
///         let f = self.slope(system, span.t, y, stats)[0];
///         trial[0] = y[0] - (-self.rate * span.h).exp_m1() / self.rate * f;
///         system.eval(span.t_next, trial, &mut self.slopes[1]);
///         stats.nfe += 1;
///         let change = self.slopes[1][0] - f + self.rate * (trial[0] - y[0]); // of g
///         let weight = (self.rate * span.h + (-self.rate * span.h).exp_m1()) / (self.rate * self.rate * span.h);
///         if measure { scale.squared(y, trial, |_| weight * change) } else { 0.0 }
///     }
///     fn accept(&mut self) {
///         self.slopes.swap(0, 1); // what the next step begins with
///     }
///     fn restart(&mut self) {
///         self.known = false;
///     }
///     fn interpolate(
///         &mut self, _system: &mut S, _span: Span<f64>, y: &[f64; 1], y_next: &[f64; 1], sigma: f64, out: &mut [f64; 1], _stats: &mut Stats,
///     ) {
///         out[0] = y[0] + sigma * (y_next[0] - y[0]);
///     }
///     fn powers(&mut self, _system: &mut S, _span: Span<f64>, y: &[f64; 1], y_next: &[f64; 1], powers: &mut Vec<[f64; 1]>, _stats: &mut Stats) {
///         powers.push([y_next[0] - y[0]]);
///     }
///     fn error_exponent(&self) -> usize {
///         2
///     }
///     fn worst(&self, _span: Span<f64>, _y: &[f64; 1], _trial: &[f64; 1], _scale: &Scale<f64>) -> Option<(usize, f64)> {
///         None
///     }
///     fn not_finite(&self, span: Span<f64>) -> Option<(usize, f64, usize)> {
///         (!self.slopes[1][0].is_finite()).then_some((0, span.t_next, 0))
///     }
///     fn name(&self) -> &'static str {
///         "exponential Euler"
///     }
/// }
///
/// // Stiff, and yet explicit.
/// let follow = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e5 * (y[0] - t.cos());
/// let engine = Exponential { rate: 1e5, slopes: [[0.0]; 2], known: false };
/// let mut integrator = Integrator::with_engine(engine, follow, 0.0, &[0.0], Options::tolerances(1e-3, 1e-3))?;
/// integrator.set_end(1.0);
/// while !integrator.finished() {
///     integrator.step()?;
/// }
/// assert!((integrator.y()[0] - 1.0_f64.cos()).abs() < 1e-2);
/// assert!(integrator.stats().steps < 1000); // stability alone would ask an explicit method for some 30 000
/// # Ok::<(), costate_ode::Error>(())
/// ```
pub trait Engine<T, Y, S> {
    /// f(t, y) at the start of a step; computed unless it is known, and kept for the step.
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y;

    /// Computes the step from y at `t` to `trial` at `t_next = t + h`. Returns the squared norm of its scaled error, or zero unless it is to `measure` that;
    /// infinity if the equations of the step could not be solved.
    fn attempt(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        scale: &mut Scale<T>,
        measure: bool,
        stats: &mut Stats,
    ) -> T;

    /// The step just attempted is taken.
    fn accept(&mut self);

    /// |h| of the next try after one of size `tried` and squared error `error2`, for which the controller proposes `proposal`. Called after
    /// [`accept`](Engine::accept) if that try was taken. Engines that would rather keep what they factorised, or that control their order, answer otherwise.
    #[inline]
    fn propose(&mut self, tried: T, error2: T, accepted: bool, proposal: T) -> T {
        let _ = (tried, error2, accepted);
        proposal
    }

    /// Goes back to the beginning of the step just accepted, before anything else was asked of the engine but dense output: the next attempt
    /// takes that step again with another size. Methods of several steps, which cannot, say false.
    #[inline]
    fn rewind(&mut self) -> bool {
        self.restart();
        true
    }

    /// The state was changed from outside: what was kept of earlier steps is void.
    fn restart(&mut self);

    /// Writes the state at t + σh of the accepted step that led from `y` to `y_next`.
    fn interpolate(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        sigma: T,
        out: &mut Y,
        stats: &mut Stats,
    );

    /// Pushes the states c_0, c_1, … with y(t + σh) = y + σ Σ c_m (σ − σ₀)^m on the accepted step that led from `y` to `y_next`; σ₀ is the
    /// [`centre`](Engine::centre).
    fn powers(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        powers: &mut Vec<Y>,
        stats: &mut Stats,
    );

    /// σ₀ of [`powers`](Engine::powers) of the accepted step: 0, or a point in the middle, about which the powers of methods of high order are smaller.
    fn centre(&self) -> T
    where
        T: Real,
    {
        T::zero()
    }

    /// k: the error estimate is O(h^k); what the controller takes roots by.
    fn error_exponent(&self) -> usize;

    /// The component of the step just attempted whose scaled error is largest, and that error.
    fn worst(&self, span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)>;

    /// The first stage of the step just attempted with a component that is not finite, with its time and that component.
    fn not_finite(&self, span: Span<T>) -> Option<(usize, T, usize)>;

    /// The method's name.
    fn name(&self) -> &'static str;
}

/// An engine behind a pointer, so that what goes around it is compiled once for all engines.
impl<T, Y, S> Engine<T, Y, S> for Box<dyn Engine<T, Y, S> + '_> {
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        (**self).slope(system, t, y, stats)
    }
    fn attempt(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        scale: &mut Scale<T>,
        measure: bool,
        stats: &mut Stats,
    ) -> T {
        (**self).attempt(system, span, y, trial, scale, measure, stats)
    }
    fn accept(&mut self) {
        (**self).accept();
    }
    fn propose(&mut self, tried: T, error2: T, accepted: bool, proposal: T) -> T {
        (**self).propose(tried, error2, accepted, proposal)
    }
    fn rewind(&mut self) -> bool {
        (**self).rewind()
    }
    fn restart(&mut self) {
        (**self).restart();
    }
    fn interpolate(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        sigma: T,
        out: &mut Y,
        stats: &mut Stats,
    ) {
        (**self).interpolate(system, span, y, y_next, sigma, out, stats);
    }
    fn powers(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        powers: &mut Vec<Y>,
        stats: &mut Stats,
    ) {
        (**self).powers(system, span, y, y_next, powers, stats);
    }
    fn centre(&self) -> T
    where
        T: Real,
    {
        (**self).centre()
    }
    fn error_exponent(&self) -> usize {
        (**self).error_exponent()
    }
    fn worst(&self, span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        (**self).worst(span, y, trial, scale)
    }
    fn not_finite(&self, span: Span<T>) -> Option<(usize, T, usize)> {
        (**self).not_finite(span)
    }
    fn name(&self) -> &'static str {
        (**self).name()
    }
}

/// A step in time.
///
/// ```
/// use costate_ode::Span;
/// // Towards earlier times, as solving backwards does.
/// let span = Span { t: 1.0, t_next: 0.75, h: -0.25 };
/// assert_eq!(span.t + span.h, span.t_next);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Span<T> {
    /// Where it starts.
    pub t: T,
    /// Where it ends: t + h up to rounding.
    pub t_next: T,
    /// Its signed size.
    pub h: T,
}

/// Pushes c_m = `factor` Σ_i rows\[i\]\[m\] k_i for each m, states of the kind of `y`.
fn push_powers<T: Real, Y: State<T>>(
    y: &Y,
    k: &[Y],
    rows: &[Vec<T>],
    factor: T,
    powers: &mut Vec<Y>,
) {
    let mut zero = y.clone();
    zero.as_mut_slice().fill(Y::Element::zero());
    let degree = rows.iter().map(Vec::len).max().unwrap_or(0);
    for m in 0..degree {
        let with_power = rows.iter().enumerate().filter(|(_, row)| row.len() > m);
        let terms: Terms<T> = with_power.map(|(i, row)| (i, row[m])).collect();
        let mut power = zero.clone();
        combine(&mut power, &zero, k, &terms, factor);
        powers.push(power);
    }
}
