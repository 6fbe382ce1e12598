//! Systems with something attached to them.

use super::System;
use crate::{Krylov, Matrix, State, Structure};

/// What a [`System`] can be told beside its right-hand side. Each method answers a question of [`System`]; those that an attachment has nothing to say to
/// are passed on to the system it is attached to.
///
/// # Adding one
/// Implement the one method that answers, as in `system/given.rs`.
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
