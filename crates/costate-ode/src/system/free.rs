//! Systems whose linear equations are to be solved without matrices.

use super::System;
use crate::{Krylov, Matrix, State, Structure};

/// A system that implicit methods solve without matrices, by GMRES.
#[derive(Clone, Debug)]
pub struct MatrixFree<S> {
    system: S,
    krylov: Krylov,
}

impl<S> MatrixFree<S> {
    /// `system`, with linear equations solved as `krylov` says.
    pub fn new(system: S, krylov: Krylov) -> Self {
        Self { system, krylov }
    }
}

impl<T, Y, S: System<T, Y>> System<T, Y> for MatrixFree<S> {
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
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool
    where
        Y: State<T>,
    {
        self.system.jacobian(t, y, jacobian)
    }
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.system.time_derivative(t, y, out)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.system.spectral_radius(t, y)
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.system.jacobian_times(t, y, x, out)
    }
    fn krylov(&self) -> Option<Krylov> {
        Some(self.krylov)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.system.precondition(t, y, s, r)
    }
}

/// A system with a preconditioner given as a closure `|t, y, s, r|` that solves (s − A) x = r in place of r, for some A near ∂f/∂y.
#[derive(Clone, Debug)]
pub struct WithPreconditioner<S, P> {
    system: S,
    preconditioner: P,
}

impl<S, P> WithPreconditioner<S, P> {
    /// `system` with that preconditioner.
    pub fn new(system: S, preconditioner: P) -> Self {
        Self {
            system,
            preconditioner,
        }
    }
}

impl<T, Y, S, P> System<T, Y> for WithPreconditioner<S, P>
where
    S: System<T, Y>,
    P: FnMut(T, &Y, T, &mut Y),
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
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool
    where
        Y: State<T>,
    {
        self.system.jacobian(t, y, jacobian)
    }
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.system.time_derivative(t, y, out)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.system.spectral_radius(t, y)
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.system.jacobian_times(t, y, x, out)
    }
    fn krylov(&self) -> Option<Krylov> {
        self.system.krylov()
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        (self.preconditioner)(t, y, s, r);
        true
    }
}
