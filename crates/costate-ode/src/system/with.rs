//! Systems with something attached to them.

use super::System;
use crate::{Krylov, Matrix, State, Structure};

/// What a [`System`] can be told beside its right-hand side. Each method answers a question of [`System`]; those that an attachment has nothing to say to
/// are passed on to the system it is attached to.
///
/// # Adding one
/// Implement the one method that answers, as in `system/given.rs`.
///
/// ```
/// use costate_ode::{Attachment, System, WithStructure, Structure};
///
/// /// ∂f/∂y x, for methods without matrices.
/// struct Scaled(f64);
/// impl Attachment<f64, [f64; 1]> for Scaled {
///     fn jacobian_times<S: System<f64, [f64; 1]>>(&mut self, _system: &mut S, _t: f64, _y: &[f64; 1], x: &[f64; 1], out: &mut [f64; 1]) -> bool {
///         out[0] = self.0 * x[0];
///         true
///     }
/// }
/// let mut decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -2.0 * y[0];
/// let mut out = [0.0];
/// assert!(Scaled(-2.0).jacobian_times(&mut decay, 0.0, &[1.0], &[3.0], &mut out) && out == [-6.0]);
/// // What it has nothing to say to is asked of the system.
/// let banded = WithStructure::new(decay, Structure::Banded { lower: 0, upper: 0 });
/// assert!(matches!(Scaled(-2.0).structure(&banded), Structure::Banded { .. }));
/// ```
pub trait Attachment<T, Y: State<T>> {
    /// Answers [`System::structure`].
    fn structure<S: System<T, Y>>(&self, system: &S) -> Structure {
        system.structure()
    }
    /// Answers [`System::mass`].
    fn mass<S: System<T, Y>>(&self, system: &S) -> Option<Matrix<Y::Element>> {
        system.mass()
    }
    /// Answers [`System::jacobian`].
    #[inline]
    fn jacobian<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &Y,
        jacobian: &mut Matrix<Y::Element>,
    ) -> bool {
        system.jacobian(t, y, jacobian)
    }
    /// Answers [`System::time_derivative`].
    #[inline]
    fn time_derivative<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &Y,
        out: &mut Y,
    ) -> bool {
        system.time_derivative(t, y, out)
    }
    /// Answers [`System::krylov`].
    fn krylov<S: System<T, Y>>(&self, system: &S) -> Option<Krylov> {
        system.krylov()
    }
    /// Answers [`System::jacobian_times`].
    fn jacobian_times<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &Y,
        x: &Y,
        out: &mut Y,
    ) -> bool {
        system.jacobian_times(t, y, x, out)
    }
    /// Answers [`System::precondition`].
    fn precondition<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &Y,
        s: T,
        r: &mut Y,
    ) -> bool {
        system.precondition(t, y, s, r)
    }
    /// Answers [`System::spectral_radius`].
    fn spectral_radius<S: System<T, Y>>(&mut self, system: &mut S, t: T, y: &Y) -> Option<T> {
        system.spectral_radius(t, y)
    }
}

/// A system with an [`Attachment`]. It is a whole: its parts, if it had any ([`Split`](crate::Split)), are not seen.
///
/// ```
/// use costate_ode::{Matrix, Structure, System, WithJacobian, WithTimeDerivative};
/// // One attachment upon another: each answers for its own.
/// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -2.0 * y[0];
/// let inner = WithJacobian::new(decay, |_t: f64, _y: &[f64; 1], j: &mut Matrix<f64>| j.set(0, 0, -2.0));
/// let mut system = WithTimeDerivative::autonomous(inner);
/// let mut jacobian = Matrix::new::<f64>(1, Structure::Dense);
/// assert!(system.jacobian(0.0, &[1.0], &mut jacobian) && jacobian.get(0, 0) == -2.0);
/// ```
#[derive(Clone, Debug)]
pub struct With<S, A> {
    pub(super) system: S,
    pub(super) attachment: A,
}

impl<T, Y: State<T>, S: System<T, Y>, A: Attachment<T, Y>> System<T, Y> for With<S, A> {
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.system.eval(t, y, dy);
    }
    fn structure(&self) -> Structure {
        self.attachment.structure(&self.system)
    }
    fn mass(&self) -> Option<Matrix<Y::Element>> {
        self.attachment.mass(&self.system)
    }
    #[inline]
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool {
        self.attachment.jacobian(&mut self.system, t, y, jacobian)
    }
    #[inline]
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.attachment.time_derivative(&mut self.system, t, y, out)
    }
    fn krylov(&self) -> Option<Krylov> {
        self.attachment.krylov(&self.system)
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.attachment
            .jacobian_times(&mut self.system, t, y, x, out)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.attachment.precondition(&mut self.system, t, y, s, r)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.attachment.spectral_radius(&mut self.system, t, y)
    }
}
