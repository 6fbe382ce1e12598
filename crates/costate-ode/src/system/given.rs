//! Derivatives, structure and mass matrix attached to a system.

use super::System;
use super::with::{Attachment, With};
use crate::{Matrix, State, Structure};

/// A system with its Jacobian given as a closure `|t, y, jacobian|` that writes the entries of ∂f/∂y that are not zero.
///
/// ```
/// use costate_ode::{Matrix, Structure, System, WithJacobian};
///
/// let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0] * y[0]];
/// let j = |_t: f64, y: &[f64; 2], j: &mut Matrix<f64>| {
///     j.set(0, 1, 1.0);
///     j.set(1, 0, -2.0 * y[0]);
/// };
/// let mut jacobian = Matrix::new::<f64>(2, Structure::Dense);
/// assert!(WithJacobian::new(f, j).jacobian(0.0, &[3.0, 0.0], &mut jacobian));
/// assert_eq!(jacobian.get(1, 0), -6.0);
/// ```
pub type WithJacobian<S, J> = With<S, GivenJacobian<J>>;

/// ∂f/∂y, written by a closure.
///
/// Made by [`WithJacobian::new`]; the example is at [`WithJacobian`].
#[derive(Clone, Debug)]
pub struct GivenJacobian<J>(J);

impl<S, J> WithJacobian<S, J> {
    /// `system` with the Jacobian that `jacobian` writes.
    pub fn new(system: S, jacobian: J) -> Self {
        let attachment = GivenJacobian(jacobian);
        Self { system, attachment }
    }
}

impl<T, Y, J> Attachment<T, Y> for GivenJacobian<J>
where
    Y: State<T>,
    J: FnMut(T, &Y, &mut Matrix<Y::Element>),
{
    #[inline]
    fn jacobian<S: System<T, Y>>(
        &mut self,
        _system: &mut S,
        t: T,
        y: &Y,
        jacobian: &mut Matrix<Y::Element>,
    ) -> bool {
        (self.0)(t, y, jacobian);
        true
    }
}

/// A system with ∂f/∂t given as a closure `|t, y, out|`; for a system without t in it, [`autonomous`](WithTimeDerivative::autonomous).
///
/// ```
/// use costate_ode::{System, WithTimeDerivative};
/// let driven = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = t * t - y[0];
/// let mut system = WithTimeDerivative::new(driven, |t: f64, _y: &[f64; 1], out: &mut [f64; 1]| out[0] = 2.0 * t);
/// let mut out = [0.0];
/// assert!(system.time_derivative(3.0, &[1.0], &mut out) && out == [6.0]);
/// ```
pub type WithTimeDerivative<S, D> = With<S, GivenTimeDerivative<D>>;

/// ∂f/∂t, written by a closure.
///
/// Made by [`WithTimeDerivative::new`]; the example is at [`WithTimeDerivative`].
#[derive(Clone, Debug)]
pub struct GivenTimeDerivative<D>(D);

impl<S, D> WithTimeDerivative<S, D> {
    /// `system` with the time derivative that `time_derivative` writes.
    pub fn new(system: S, time_derivative: D) -> Self {
        let attachment = GivenTimeDerivative(time_derivative);
        Self { system, attachment }
    }
}

/// A system that does not depend on t.
///
/// ```
/// use costate_ode::{System, WithTimeDerivative};
/// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
/// let (mut system, mut out) = (WithTimeDerivative::autonomous(decay), [f64::NAN]);
/// assert!(system.time_derivative(3.0, &[1.0], &mut out) && out == [0.0]);
/// ```
pub type Autonomous<T, Y, S> = WithTimeDerivative<S, fn(T, &Y, &mut Y)>;

impl<T, Y: State<T>, S> Autonomous<T, Y, S> {
    /// `system`, whose right-hand side does not depend on t: Rosenbrock methods save an evaluation a step.
    pub fn autonomous(system: S) -> Self {
        Self::new(system, |_, _, out| {
            out.as_mut_slice().fill(crate::Element::zero());
        })
    }
}

impl<T, Y: State<T>, D: FnMut(T, &Y, &mut Y)> Attachment<T, Y> for GivenTimeDerivative<D> {
    #[inline]
    fn time_derivative<S: System<T, Y>>(
        &mut self,
        _system: &mut S,
        t: T,
        y: &Y,
        out: &mut Y,
    ) -> bool {
        (self.0)(t, y, out);
        true
    }
}

/// A system with the structure of its Jacobian.
///
/// ```
/// use costate_ode::{Structure, System, WithStructure};
/// let decay = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-2.0 * y[0], -5.0 * y[1]];
/// let system = WithStructure::new(decay, Structure::Banded { lower: 0, upper: 0 });
/// assert!(matches!(System::<f64, [f64; 2]>::structure(&system), Structure::Banded { lower: 0, upper: 0 }));
/// ```
pub type WithStructure<S> = With<S, Structure>;

impl<S> WithStructure<S> {
    /// `system`, whose Jacobian has no entries outside `structure`.
    pub fn new(system: S, structure: Structure) -> Self {
        let attachment = structure;
        Self { system, attachment }
    }
}

impl<T, Y: State<T>> Attachment<T, Y> for Structure {
    fn structure<S: System<T, Y>>(&self, _system: &S) -> Structure {
        self.clone()
    }
}

/// A system M dy/dt = f(t, y) with its mass matrix.
///
/// ```
/// use costate_ode::{Matrix, System, WithMass};
/// // 2 dy₀/dt = −2 y₀ and 0 = −5 y₁: one differential equation and one algebraic.
/// let decay = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-2.0 * y[0], -5.0 * y[1]];
/// let system = WithMass::new(decay, Matrix::diagonal::<f64>([2.0, 0.0]));
/// let mass = System::<f64, [f64; 2]>::mass(&system).expect("it was given");
/// assert_eq!((mass.get(0, 0), mass.get(1, 1)), (2.0, 0.0));
/// ```
pub type WithMass<S, E> = With<S, Matrix<E>>;

impl<S, E> WithMass<S, E> {
    /// `system` with the constant mass matrix `mass`.
    pub fn new(system: S, mass: Matrix<E>) -> Self {
        let attachment = mass;
        Self { system, attachment }
    }
}

impl<T, Y: State<T>> Attachment<T, Y> for Matrix<Y::Element> {
    fn mass<S: System<T, Y>>(&self, _system: &S) -> Option<Matrix<Y::Element>> {
        Some(self.clone())
    }
}

/// A system with a bound of the |eigenvalues| of ∂f/∂y, given as a closure `|t, y|`, for stabilised methods.
///
/// ```
/// use costate_ode::{System, WithSpectralRadius};
/// let decay = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-2.0 * y[0], -5.0 * y[1]];
/// let mut system = WithSpectralRadius::new(decay, |_t: f64, _y: &[f64; 2]| 5.0);
/// assert_eq!(system.spectral_radius(0.0, &[1.0, 1.0]), Some(5.0));
/// ```
pub type WithSpectralRadius<S, R> = With<S, GivenSpectralRadius<R>>;

/// A bound of the eigenvalues, answered by a closure.
///
/// Made by [`WithSpectralRadius::new`]; the example is at [`WithSpectralRadius`].
#[derive(Clone, Debug)]
pub struct GivenSpectralRadius<R>(R);

impl<S, R> WithSpectralRadius<S, R> {
    /// `system` with the bound that `radius` answers.
    pub fn new(system: S, radius: R) -> Self {
        let attachment = GivenSpectralRadius(radius);
        Self { system, attachment }
    }
}

impl<T, Y: State<T>, R: FnMut(T, &Y) -> T> Attachment<T, Y> for GivenSpectralRadius<R> {
    fn spectral_radius<S: System<T, Y>>(&mut self, _system: &mut S, t: T, y: &Y) -> Option<T> {
        Some((self.0)(t, y))
    }
}
