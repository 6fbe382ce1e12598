//! The house example, for this crate's documentation and tests.

use crate::VectorField;

/// f = θ t h.
#[derive(Clone, Debug, Default)]
pub struct House {
    theta: f64,
    /// t, h, a.
    frames: Vec<[f64; 3]>,
    sum: f64,
}

impl VectorField<f64> for House {
    fn state_len(&self) -> usize {
        1
    }
    fn parameter_len(&self) -> usize {
        1
    }
    fn set_parameters(&mut self, theta: &[f64]) {
        (self.theta, self.sum) = (theta[0], 0.0);
    }
    fn eval(&mut self, frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
        self.frames
            .resize(self.frames.len().max(frame + 1), [0.0; 3]);
        self.frames[frame] = [t, h[0], 0.0];
        dh[0] = self.theta * t * h[0];
    }
    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        let [t, h, kept] = &mut self.frames[frame];
        *kept = a[0];
        a_h[0] = a[0] * self.theta * *t;
        a[0] * self.theta * *h
    }
    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        for &(frame, weight) in frames {
            let [t, h, a] = self.frames[frame];
            self.sum += weight * a * t * h;
        }
    }
    fn finish(&mut self, a_theta: &mut [f64]) {
        a_theta[0] = std::mem::take(&mut self.sum);
    }
}
