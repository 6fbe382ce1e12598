//! A field in natural order.

use super::Parts;
use crate::VectorField;
use costate_ode::{Matrix, Real, Structure};

/// A field that takes and gives states and rows in their natural order, whatever order its own is.
#[derive(Clone, Debug)]
pub(crate) struct Natural<F, T> {
    field: F,
    there: Vec<T>,
    back: Vec<T>,
}

impl<T: Real, F: VectorField<T>> Natural<F, T> {
    pub(crate) fn new(field: F) -> Self {
        let zeros = vec![T::zero(); field.state_len()];
        Self {
            there: zeros.clone(),
            back: zeros,
            field,
        }
    }

    pub(crate) fn field(&self) -> &F {
        &self.field
    }
}

impl<T: Real, F: VectorField<T>> VectorField<T> for Natural<F, T> {
    fn state_len(&self) -> usize {
        self.field.state_len()
    }
    fn parameter_len(&self) -> usize {
        self.field.parameter_len()
    }
    #[track_caller]
    fn set_parameters(&mut self, theta: &[T]) {
        self.field.set_parameters(theta);
    }
    fn eval(&mut self, frame: usize, t: T, h: &[T], dh: &mut [T]) {
        self.field.pack(h, &mut self.there);
        self.field.eval(frame, t, &self.there, &mut self.back);
        self.field.unpack(&self.back, dh);
    }
    fn products(&mut self, frame: usize, a: &[T], a_h: &mut [T]) -> T {
        self.field.pack(a, &mut self.there);
        let rate = self.field.products(frame, &self.there, &mut self.back);
        self.field.unpack(&self.back, a_h);
        rate
    }
    fn accumulate(&mut self, frames: &[(usize, T)]) {
        self.field.accumulate(frames);
    }
    #[track_caller]
    fn finish(&mut self, a_theta: &mut [T]) {
        self.field.finish(a_theta);
    }
    fn frame_bytes(&self) -> usize {
        self.field.frame_bytes()
    }
    fn structure(&self) -> Structure {
        self.field.structure()
    }
    fn is_autonomous(&self) -> bool {
        self.field.is_autonomous()
    }
    fn jacobian(&mut self, t: T, h: &[T], jacobian: &mut Matrix<T>, f_t: &mut [T]) -> bool {
        self.field.jacobian(t, h, jacobian, f_t)
    }
    fn has_curvature(&mut self) -> bool {
        self.field.has_curvature()
    }
    fn curvature(&mut self, t: T, h: &[T], along: (&[T], T), a: &[T], a_h: &mut [T]) -> Option<T> {
        self.field.curvature(t, h, along, a, a_h)
    }
    fn parts(&mut self) -> Option<Parts<'_, T>> {
        self.field.parts()
    }
}
