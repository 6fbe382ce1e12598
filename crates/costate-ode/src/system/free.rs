//! How linear equations are to be solved without matrices, attached to a system.

use super::System;
use super::with::{Attachment, With};
use crate::{Krylov, State};

/// A system that implicit methods solve without matrices, by GMRES.
pub type MatrixFree<S> = With<S, Krylov>;

impl<S> MatrixFree<S> {
    /// `system`, with linear equations solved as `krylov` says.
    pub fn new(system: S, krylov: Krylov) -> Self {
        let attachment = krylov;
        Self { system, attachment }
    }
}

impl<T, Y: State<T>> Attachment<T, Y> for Krylov {
    fn krylov<S: System<T, Y>>(&self, _system: &S) -> Option<Krylov> {
        Some(*self)
    }
}

/// A system with a preconditioner given as a closure `|t, y, s, r|` that solves (s − A) x = r in place of r, for some A near ∂f/∂y.
pub type WithPreconditioner<S, P> = With<S, GivenPreconditioner<P>>;

/// A preconditioner, which a closure applies.
#[derive(Clone, Debug)]
pub struct GivenPreconditioner<P>(P);

impl<S, P> WithPreconditioner<S, P> {
    /// `system` with that preconditioner.
    pub fn new(system: S, preconditioner: P) -> Self {
        let attachment = GivenPreconditioner(preconditioner);
        Self { system, attachment }
    }
}

impl<T, Y: State<T>, P: FnMut(T, &Y, T, &mut Y)> Attachment<T, Y> for GivenPreconditioner<P> {
    fn precondition<S: System<T, Y>>(
        &mut self,
        _system: &mut S,
        t: T,
        y: &Y,
        s: T,
        r: &mut Y,
    ) -> bool {
        (self.0)(t, y, s, r);
        true
    }
}
