//! Systems with derivatives, structure or mass matrix attached to them.

use super::System;
use crate::{Krylov, Matrix, State, Structure};

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
#[derive(Clone, Debug)]
pub struct WithJacobian<S, J> {
    system: S,
    jacobian: J,
}

impl<S, J> WithJacobian<S, J> {
    /// `system` with the Jacobian that `jacobian` writes.
    pub fn new(system: S, jacobian: J) -> Self {
        Self { system, jacobian }
    }
}

impl<T, Y, S, J> System<T, Y> for WithJacobian<S, J>
where
    Y: State<T>,
    S: System<T, Y>,
    J: FnMut(T, &Y, &mut Matrix<Y::Element>),
{
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.system.eval(t, y, dy);
    }
    fn structure(&self) -> Structure {
        self.system.structure()
    }
    fn mass(&self) -> Option<Matrix<Y::Element>> {
        self.system.mass()
    }
    #[inline]
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool {
        (self.jacobian)(t, y, jacobian);
        true
    }
    #[inline]
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.system.time_derivative(t, y, out)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.system.spectral_radius(t, y)
    }
    fn krylov(&self) -> Option<Krylov> {
        self.system.krylov()
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.system.jacobian_times(t, y, x, out)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.system.precondition(t, y, s, r)
    }
}

/// A system with ∂f/∂t given as a closure `|t, y, out|`; for a system without t in it, [`autonomous`](WithTimeDerivative::autonomous).
#[derive(Clone, Debug)]
pub struct WithTimeDerivative<S, D> {
    system: S,
    time_derivative: D,
}

impl<S, D> WithTimeDerivative<S, D> {
    /// `system` with the time derivative that `time_derivative` writes.
    pub fn new(system: S, time_derivative: D) -> Self {
        Self {
            system,
            time_derivative,
        }
    }
}

/// A system that does not depend on t.
pub type Autonomous<T, Y, S> = WithTimeDerivative<S, fn(T, &Y, &mut Y)>;

impl<T, Y: State<T>, S> Autonomous<T, Y, S> {
    /// `system`, whose right-hand side does not depend on t: Rosenbrock methods save an evaluation a step.
    pub fn autonomous(system: S) -> Self {
        Self::new(system, |_, _, out| {
            out.as_mut_slice().fill(crate::Element::zero());
        })
    }
}

impl<T, Y, S: System<T, Y>, D: FnMut(T, &Y, &mut Y)> System<T, Y> for WithTimeDerivative<S, D> {
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.system.eval(t, y, dy);
    }
    fn structure(&self) -> Structure {
        self.system.structure()
    }
    fn mass(&self) -> Option<Matrix<Y::Element>>
    where
        Y: State<T>,
    {
        self.system.mass()
    }
    #[inline]
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool
    where
        Y: State<T>,
    {
        self.system.jacobian(t, y, jacobian)
    }
    #[inline]
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        (self.time_derivative)(t, y, out);
        true
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.system.spectral_radius(t, y)
    }
    fn krylov(&self) -> Option<Krylov> {
        self.system.krylov()
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.system.jacobian_times(t, y, x, out)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.system.precondition(t, y, s, r)
    }
}

/// A system with the structure of its Jacobian.
#[derive(Clone, Debug)]
pub struct WithStructure<S> {
    system: S,
    structure: Structure,
}

impl<S> WithStructure<S> {
    /// `system`, whose Jacobian has no entries outside `structure`.
    pub fn new(system: S, structure: Structure) -> Self {
        Self { system, structure }
    }
}

impl<T, Y, S: System<T, Y>> System<T, Y> for WithStructure<S> {
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.system.eval(t, y, dy);
    }
    fn structure(&self) -> Structure {
        self.structure.clone()
    }
    fn mass(&self) -> Option<Matrix<Y::Element>>
    where
        Y: State<T>,
    {
        self.system.mass()
    }
    #[inline]
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool
    where
        Y: State<T>,
    {
        self.system.jacobian(t, y, jacobian)
    }
    #[inline]
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.system.time_derivative(t, y, out)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.system.spectral_radius(t, y)
    }
    fn krylov(&self) -> Option<Krylov> {
        self.system.krylov()
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.system.jacobian_times(t, y, x, out)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.system.precondition(t, y, s, r)
    }
}

/// A system M dy/dt = f(t, y) with its mass matrix.
#[derive(Clone, Debug)]
pub struct WithMass<S, E> {
    system: S,
    mass: Matrix<E>,
}

impl<S, E> WithMass<S, E> {
    /// `system` with the constant mass matrix `mass`.
    pub fn new(system: S, mass: Matrix<E>) -> Self {
        Self { system, mass }
    }
}

impl<T, Y: State<T>, S: System<T, Y>> System<T, Y> for WithMass<S, Y::Element> {
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.system.eval(t, y, dy);
    }
    fn structure(&self) -> Structure {
        self.system.structure()
    }
    fn mass(&self) -> Option<Matrix<Y::Element>> {
        Some(self.mass.clone())
    }
    #[inline]
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool {
        self.system.jacobian(t, y, jacobian)
    }
    #[inline]
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.system.time_derivative(t, y, out)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.system.spectral_radius(t, y)
    }
    fn krylov(&self) -> Option<Krylov> {
        self.system.krylov()
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.system.jacobian_times(t, y, x, out)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.system.precondition(t, y, s, r)
    }
}

/// A system with a bound of the |eigenvalues| of ∂f/∂y, given as a closure `|t, y|`, for stabilised methods.
#[derive(Clone, Debug)]
pub struct WithSpectralRadius<S, R> {
    system: S,
    radius: R,
}

impl<S, R> WithSpectralRadius<S, R> {
    /// `system` with the bound that `radius` answers.
    pub fn new(system: S, radius: R) -> Self {
        Self { system, radius }
    }
}

impl<T, Y, S, R> System<T, Y> for WithSpectralRadius<S, R>
where
    S: System<T, Y>,
    R: FnMut(T, &Y) -> T,
{
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.system.eval(t, y, dy);
    }
    fn structure(&self) -> Structure {
        self.system.structure()
    }
    fn mass(&self) -> Option<Matrix<Y::Element>>
    where
        Y: State<T>,
    {
        self.system.mass()
    }
    #[inline]
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool
    where
        Y: State<T>,
    {
        self.system.jacobian(t, y, jacobian)
    }
    #[inline]
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.system.time_derivative(t, y, out)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        Some((self.radius)(t, y))
    }
    fn krylov(&self) -> Option<Krylov> {
        self.system.krylov()
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.system.jacobian_times(t, y, x, out)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.system.precondition(t, y, s, r)
    }
}
