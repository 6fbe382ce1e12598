//! Gradients of anything computed from a solution, by several methods with one call.
//!
//! | method | gives | memory | take it |
//! |---|---|---|---|
//! | [`Discrete`] | the exact gradient of the numbers computed | every evaluation of f, or [a budget](Discrete::with_budget) | by default |
//! | [`Forward`] | the same, and the Jacobian of the saved states | (n + p + 2) states | with few parameters, for least squares |
//! | [`Backsolve`] | the gradient of the exact solution, with the solver's error | the saved states | for long non-stiff solves that do not fit into memory |
//! | [`Interpolating`] | the gradient of the exact solution, along the forward path | states and slopes of every step | for damped systems, where h cannot be rebuilt |
//! | [`Gauss`] | the same, parameters by Gaussian quadrature | the same | with a great many parameters |
//! | [`Reversible`] | the exact gradient of the numbers a reversible solver computes | two states, and the sizes of the steps | for very long solves, exact all the same |
//! | [`SteadyState`] | the gradient of the equilibrium | one matrix | for a loss of the state at rest |
//! | [`FiniteDifference`] | the same as `Discrete`, to about 10 digits, slowly | nothing | to check the others |
//!
//! # What is constant
//! The sizes of the steps are constants, as they are in every careful implementation: the controller is not differentiated. The last step
//! lands on t₁ and its size is t₁ minus where it begins. A save time has a gradient of its own, the cotangent times dh/dt of dense output
//! there; t₀ and t₁ get everything else. So for a field that does not look at t the gradients of all times sum to zero. Without save
//! times the one saved state is the end, and its time is t₁.
//!
//! # Adding one
//! A file with a type that implements [`GradientMethod`], like `gradient/interpolating.rs` (the shortest), its line in [`METHODS`] and in
//! [`by_name`]. The agreement tests iterate that list.

mod backsolve;
mod costate;
mod cubic;
mod discrete;
mod finite_difference;
mod forward;
mod frames;
mod gauss;
mod interpolating;
mod lent;
mod path;
mod primal;
mod registry;
mod reversible;
mod save_point;
mod stability;
mod steady_state;

pub use backsolve::Backsolve;
pub use discrete::Discrete;
pub(crate) use discrete::steps::rows::Rows;
pub(crate) use discrete::steps::system::{Linearised, Solved};
pub use finite_difference::FiniteDifference;
pub use forward::Forward;
pub(crate) use frames::{Frames, scalar};
pub use gauss::{Gauss, Rule};
pub use interpolating::Interpolating;
pub(crate) use primal::check_times;
pub(crate) use registry::DIFFERENCES;
pub use registry::{About, METHODS, OTHERS, by_name};
pub use reversible::Reversible;
pub use steady_state::SteadyState;

use crate::Error;
use costate_ode::Real;

/// What is differentiated: the solution of dh/dt = f(h, t, θ), h(t₀) = h₀, at the save times or at t₁.
///
/// ```
/// use costate_neural_ode::Problem;
///
/// let problem = Problem { h0: &[1.0, 0.0], theta: &[0.5], t0: 0.0, t1: 10.0, save_at: &[2.0, 5.0] };
/// assert_eq!(problem.times(), [2.0, 5.0]);
/// assert_eq!(Problem { save_at: &[], ..problem }.times(), [10.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a, T, E> {
    /// h₀.
    pub h0: &'a [E],
    /// θ.
    pub theta: &'a [E],
    /// Where the solve begins.
    pub t0: T,
    /// Where it ends; may lie before t₀.
    pub t1: T,
    /// The times at which states are saved, on the way from t₀ to t₁, in that order; empty to save the end alone.
    pub save_at: &'a [T],
}

impl<T, E> Problem<'_, T, E> {
    /// The times at which states are saved: t₁ if there are no others.
    #[must_use]
    pub fn times(&self) -> &[T] {
        if self.save_at.is_empty() {
            std::slice::from_ref(&self.t1)
        } else {
            self.save_at
        }
    }
}

/// States at the save times, one after the other; or cotangents of such states.
///
/// ```
/// use costate_neural_ode::Saved;
///
/// let mut saved = Saved::new(2);
/// saved.resize(3);
/// saved.state_mut(1)[0] = 5.0;
/// assert_eq!(saved.values(), [0.0, 0.0, 5.0, 0.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<E> {
    width: usize,
    values: Vec<E>,
}

impl<E: Copy + num_traits::Zero> Saved<E> {
    /// None yet, of states with `width` components.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            width,
            values: Vec::new(),
        }
    }

    /// Makes room for `len` states, all zero.
    pub fn resize(&mut self, len: usize) {
        self.values.clear();
        self.values.resize(len * self.width, E::zero());
    }

    /// The number of states.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of components of a state.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// State `i`.
    ///
    /// # Panics
    /// If there is no state `i`.
    #[must_use]
    #[track_caller]
    pub fn state(&self, i: usize) -> &[E] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// State `i`, to write.
    ///
    /// # Panics
    /// If there is no state `i`.
    #[track_caller]
    pub fn state_mut(&mut self, i: usize) -> &mut [E] {
        &mut self.values[i * self.width..(i + 1) * self.width]
    }

    /// All of them, one after the other.
    #[must_use]
    pub fn values(&self) -> &[E] {
        &self.values
    }

    /// All of them, to write.
    pub fn values_mut(&mut self) -> &mut [E] {
        &mut self.values
    }
}

/// A loss and its gradient.
///
/// ```
/// use costate_neural_ode::{Discrete, GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("dopri5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0] // L = h(5)
/// })?;
/// let parts = [gradient.loss, gradient.h0[0], gradient.theta[0], gradient.t0, gradient.t1, gradient.clock()];
/// for (part, exact) in parts.iter().zip([3.0, 1.0, 24.0, -2.25, 3.75, 1.5]) {
///     assert!((part - exact * 2.0_f64.exp()).abs() < 1e-6);
/// }
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient<E> {
    /// L.
    pub loss: E,
    /// ∂L/∂h₀.
    pub h0: Vec<E>,
    /// ∂L/∂θ.
    pub theta: Vec<E>,
    /// ∂L/∂t₀.
    pub t0: E,
    /// ∂L/∂t₁.
    pub t1: E,
    /// ∂L/∂(each save time); empty if there are none.
    pub save: Vec<E>,
    /// What it cost.
    pub stats: Stats,
}

impl<E: num_traits::Zero> Default for Gradient<E> {
    fn default() -> Self {
        Self {
            loss: E::zero(),
            h0: Vec::new(),
            theta: Vec::new(),
            t0: E::zero(),
            t1: E::zero(),
            save: Vec::new(),
            stats: Stats::default(),
        }
    }
}

impl<E: Copy + num_traits::Zero> Gradient<E> {
    /// The derivative by a shift of all times together: ∂L/∂t₀ + ∂L/∂t₁ + Σ ∂L/∂t_save = ∫ a·∂f/∂t dt. Zero if f does not look at t.
    // book: (clock)
    #[must_use]
    pub fn clock(&self) -> E {
        let saves = self.save.iter().fold(E::zero(), |sum, save| sum + *save);
        self.t0 + self.t1 + saves
    }
}

/// What a gradient cost.
///
/// ```
/// use costate_neural_ode::{Discrete, GradientMethod, Problem, doc::House};
/// use costate_ode::{Options, tableau};
///
/// let rk4 = tableau::by_name("rk4")?;
/// let mut discrete = Discrete::new(House::default(), &[0.0], rk4, Options::constant_step(0.5))?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let stats = discrete.gradient(&problem, &mut |saved, _| saved.state(0)[0])?.stats;
/// // Four steps of four stages, and a product for each on the way back.
/// assert_eq!((stats.forward.steps, stats.forward.nfe, stats.products), (4, 16, 16));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The solve from t₀ to t₁; all solves together where there are several.
    pub forward: costate_ode::Stats,
    /// The solve back; zero where there is none.
    pub backward: costate_ode::Stats,
    /// Products with ∂f/∂h.
    pub products: usize,
}

/// A loss as a function of the saved states: returns L and writes ∂L/∂(saved state) into its second argument, which is zero before.
///
/// ```
/// use costate_neural_ode::{Saved, gradient::LossFn};
///
/// // L = Σ h over the saved states, ∂L/∂h = 1.
/// let sum: &mut LossFn<f64> = &mut |saved, cotangents| {
///     cotangents.values_mut().fill(1.0);
///     saved.values().iter().sum()
/// };
/// let (mut saved, mut cotangents) = (Saved::new(2), Saved::new(2));
/// (saved.resize(1), cotangents.resize(1));
/// saved.state_mut(0).copy_from_slice(&[3.0, 4.0]);
/// assert_eq!((sum(&saved, &mut cotangents), cotangents.state(0)), (7.0, &[1.0, 1.0][..]));
/// ```
pub type LossFn<'a, E> = dyn FnMut(&Saved<E>, &mut Saved<E>) -> E + 'a;

/// A way to the gradient of a loss of a solution.
///
/// A method is made once, for a field, a Runge–Kutta method and tolerances, and then called often: its storage is used again, and a call
/// that needs no more than an earlier one allocates nothing.
///
/// ```
/// use costate_neural_ode::{Discrete, GradientMethod, Problem};
/// use costate_neural_ode::doc::House; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0] // L = h(5)
/// })?;
/// let e2 = 2.0_f64.exp();
/// assert!((gradient.loss / e2 - 3.0).abs() < 1e-8);
/// assert!((gradient.h0[0] / e2 - 1.0).abs() < 1e-8);
/// assert!((gradient.theta[0] / e2 - 24.0).abs() < 1e-6);
/// assert!((gradient.t1 / e2 - 3.75).abs() < 1e-6);
/// assert!((gradient.t0 / e2 + 2.25).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub trait GradientMethod<T, E> {
    /// The loss of `problem` and its gradient.
    ///
    /// # Errors
    /// [`Error::Solver`] if a solve stops on the way; [`Error::SaveTime`] for save times out of place.
    ///
    /// # Panics
    /// If h₀ or θ has not the length of the field's.
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, E>,
        loss: &mut LossFn<'_, E>,
    ) -> Result<&Gradient<E>, Error>;

    /// For a method that rebuilds h going back, the largest difference between h as it was and as the last gradient rebuilt it; `None` for all others.
    fn rebuilt_within(&self) -> Option<E> {
        None
    }
}

impl<T, E, M: GradientMethod<T, E> + ?Sized> GradientMethod<T, E> for Box<M> {
    #[track_caller]
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, E>,
        loss: &mut LossFn<'_, E>,
    ) -> Result<&Gradient<E>, Error> {
        (**self).gradient(problem, loss)
    }

    fn rebuilt_within(&self) -> Option<E> {
        (**self).rebuilt_within()
    }
}

/// Σ u_i v_i.
#[inline]
pub(crate) fn dot<E: Real>(u: &[E], v: &[E]) -> E {
    u.iter().zip(v).fold(E::zero(), |sum, (u, v)| sum + *u * *v)
}

/// Σ u_i.
#[inline]
pub(crate) fn total<E: Real>(u: &[E]) -> E {
    u.iter().fold(E::zero(), |sum, u| sum + *u)
}

/// u ← u + v.
#[inline]
pub(crate) fn add<E: Real>(u: &mut [E], v: &[E]) {
    for (u, v) in u.iter_mut().zip(v) {
        *u = *u + *v;
    }
}

/// u ← u + w v.
#[inline]
pub(crate) fn add_scaled<E: Real>(u: &mut [E], w: E, v: &[E]) {
    for (u, v) in u.iter_mut().zip(v) {
        *u = *u + w * *v;
    }
}
