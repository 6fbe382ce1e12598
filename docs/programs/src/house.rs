//! The house example f = θ t h with all of its answers, and its vector field.

use costate_neural_ode::VectorField;

/// θ.
pub const THETA: f64 = 0.25;
/// t₀.
pub const T0: f64 = 3.0;
/// t₁.
pub const T1: f64 = 5.0;
/// h₀.
pub const H0: f64 = 3.0;

/// e², of which every answer is a multiple.
#[must_use]
pub fn e2() -> f64 {
    2.0_f64.exp()
}

/// h(t), from any start.
#[must_use]
pub fn flow(h0: f64, theta: f64, t0: f64, t: f64) -> f64 {
    h0 * (theta * (t * t - t0 * t0) / 2.0).exp()
}

/// h(t) of the house example.
#[must_use]
pub fn state(t: f64) -> f64 {
    flow(H0, THETA, T0, t)
}

/// a(t) for L = h(5).
#[must_use]
pub fn costate(t: f64) -> f64 {
    (THETA * (T1 * T1 - t * t) / 2.0).exp()
}

// ANCHOR: field
/// f = θ t h.
#[derive(Debug, Default)]
pub struct House {
    theta: f64,
    /// t, h and the row a of each frame.
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
        dh[0] = self.theta * t * h[0]; // f
    }
    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        self.frames[frame][2] = a[0];
        let [t, h, a] = self.frames[frame];
        a_h[0] = a * self.theta * t; // a·∂f/∂h
        a * self.theta * h //           a·∂f/∂t
    }
    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        for &(frame, weight) in frames {
            let [t, h, a] = self.frames[frame];
            self.sum += weight * (a * t * h); // a·∂f/∂θ
        }
    }
    fn finish(&mut self, a_theta: &mut [f64]) {
        a_theta[0] = std::mem::take(&mut self.sum);
    }
}
// ANCHOR_END: field
