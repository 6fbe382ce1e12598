//! How linear equations are to be solved without matrices, attached to a system.

use super::System;
use super::with::{Attachment, With};
use crate::{Krylov, State};

/// A system that implicit methods solve without matrices, by GMRES.
///
/// ```
/// use costate_ode::{Krylov, MatrixFree, System};
/// let decay = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-2.0 * y[0], -5.0 * y[1]];
/// let free = MatrixFree::new(decay, Krylov { dimension: 2, ..Krylov::default() });
/// assert_eq!(System::<f64, [f64; 2]>::krylov(&free).map(|krylov| krylov.dimension), Some(2));
/// ```
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
///
/// ```
/// use costate_ode::{System, WithPreconditioner};
/// let decay = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-2.0 * y[0], -5.0 * y[1]];
/// // The diagonal of s − ∂f/∂y, which is all of it here.
/// let mut system = WithPreconditioner::new(decay, |_t: f64, _y: &[f64; 2], s: f64, r: &mut [f64; 2]| *r = [r[0] / (s + 2.0), r[1] / (s + 5.0)]);
/// let mut r = [12.0, 30.0];
/// assert!(system.precondition(0.0, &[1.0, 1.0], 1.0, &mut r));
/// assert_eq!(r, [4.0, 5.0]);
/// ```
pub type WithPreconditioner<S, P> = With<S, GivenPreconditioner<P>>;

/// A preconditioner, which a closure applies.
///
/// Made by [`WithPreconditioner::new`]; the example is at [`WithPreconditioner`].
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
