//! A field that two solves share.

use crate::VectorField;
use crate::field::Parts;
use costate_ode::{Matrix, Structure};
use std::ops::Range;

/// A field that is now in one solve, now in the other.
#[derive(Debug)]
pub(crate) struct Lent<F>(pub(crate) Option<F>);

impl<F> Lent<F> {
    pub(crate) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    #[inline]
    fn here(&self) -> &F {
        self.0.as_ref().expect("the field is in this solve")
    }

    #[inline]
    fn here_mut(&mut self) -> &mut F {
        self.0.as_mut().expect("the field is in this solve")
    }
}

impl<E, F: VectorField<E>> VectorField<E> for Lent<F> {
    fn state_len(&self) -> usize {
        self.here().state_len()
    }
    fn parameter_len(&self) -> usize {
        self.here().parameter_len()
    }
    fn set_parameters(&mut self, theta: &[E]) {
        self.here_mut().set_parameters(theta);
    }
    #[inline]
    fn eval(&mut self, frame: usize, t: E, h: &[E], dh: &mut [E]) {
        self.here_mut().eval(frame, t, h, dh);
    }
    #[inline]
    fn products(&mut self, frame: usize, a: &[E], a_h: &mut [E]) -> E {
        self.here_mut().products(frame, a, a_h)
    }
    fn accumulate(&mut self, frames: &[(usize, E)]) {
        self.here_mut().accumulate(frames);
    }
    fn finish(&mut self, a_theta: &mut [E]) {
        self.here_mut().finish(a_theta);
    }
    fn structure(&self) -> Structure {
        self.here().structure()
    }
    fn is_autonomous(&self) -> bool {
        self.here().is_autonomous()
    }
    fn jacobian(&mut self, t: E, h: &[E], jacobian: &mut Matrix<E>, f_t: &mut [E]) -> bool {
        self.here_mut().jacobian(t, h, jacobian, f_t)
    }
    fn has_curvature(&mut self) -> bool {
        self.here_mut().has_curvature()
    }
    fn curvature(&mut self, t: E, h: &[E], along: (&[E], E), a: &[E], a_h: &mut [E]) -> Option<E> {
        self.here_mut().curvature(t, h, along, a, a_h)
    }
    fn parts(&mut self) -> Option<Parts<'_, E>> {
        self.here_mut().parts()
    }
    fn evaluates_at_once(&self) -> usize {
        self.here().evaluates_at_once()
    }
    fn eval_frames(&mut self, frames: Range<usize>, t: &[E], h: &[E], dh: &mut [E])
    where
        E: Copy,
    {
        self.here_mut().eval_frames(frames, t, h, dh);
    }
    fn products_frames(&mut self, frames: Range<usize>, a: &[E], a_h: &mut [E], a_t: &mut [E])
    where
        E: Copy,
    {
        self.here_mut().products_frames(frames, a, a_h, a_t);
    }
    fn frame_bytes(&self) -> usize {
        self.here().frame_bytes()
    }
    fn pack(&self, natural: &[E], packed: &mut [E])
    where
        E: Copy,
    {
        self.here().pack(natural, packed);
    }
    fn unpack(&self, packed: &[E], natural: &mut [E])
    where
        E: Copy,
    {
        self.here().unpack(packed, natural);
    }
}
