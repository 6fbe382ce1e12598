//! A vector field over a longer state: after the model's states come what is constant between two events.

use std::sync::Arc;

use costate_neural_ode::{Recorded, VectorField};
use costate_ode::{Matrix, Pattern, Structure};

use super::system::Shape;
use crate::input::Input;

/// dh/dt of the states from inputs, switches and infusions, and zero for these.
#[derive(Clone, Debug)]
pub(crate) struct Driven {
    /// Over the states, the inputs' values and the switches.
    inner: Recorded<f64>,
    inputs: Arc<Vec<Input>>,
    shape: Shape,
    point: Vec<f64>,
    out: Vec<f64>,
    /// The first and second derivatives of the inputs, by frame.
    slopes: Vec<Vec<[f64; 2]>>,
    /// ∂f/∂h and ∂f/∂t of the inner field, made when they are first asked for.
    derivatives: Option<(Matrix<f64>, Vec<f64>)>,
}

impl Driven {
    pub(crate) fn new(inner: Recorded<f64>, inputs: Arc<Vec<Input>>, shape: Shape) -> Self {
        let width = inner.state_len();
        Driven {
            inner,
            inputs,
            shape,
            point: vec![0.0; width],
            out: vec![0.0; width],
            slopes: Vec::new(),
            derivatives: None,
        }
    }

    /// Where the inner field is to be evaluated, and the inputs' derivatives there.
    fn place(&mut self, t: f64, h: &[f64]) -> Vec<[f64; 2]> {
        let n = self.shape.states;
        self.point[..n].copy_from_slice(&h[..n]);
        let mut slopes = Vec::with_capacity(self.inputs.len());
        for (i, input) in self.inputs.iter().enumerate() {
            let held = self.shape.pieces[i];
            let piece = held.map_or_else(|| input.piece(t), |component| h[component] as usize);
            let [value, slope, bend] = input.derivatives_on(piece, t);
            self.point[n + i] = value;
            slopes.push([slope, bend]);
        }
        let switches = &h[self.shape.switches.clone()];
        self.point[n + self.inputs.len()..].copy_from_slice(switches);
        slopes
    }

    /// A row by the longer state from one by the inner field's, with infusions; returns what inputs owe to t.
    fn outward(&self, inner: &[f64], slopes: &[[f64; 2]], a_h: &mut [f64]) -> f64 {
        let n = self.shape.states;
        a_h.fill(0.0);
        a_h[..n].copy_from_slice(&inner[..n]);
        let by_input = inner[n..].iter().zip(slopes);
        by_input.map(|(a, [slope, _])| a * slope).sum()
    }
}

impl VectorField<f64> for Driven {
    fn state_len(&self) -> usize {
        self.shape.width
    }

    fn parameter_len(&self) -> usize {
        self.inner.parameter_len()
    }

    fn set_parameters(&mut self, theta: &[f64]) {
        self.inner.set_parameters(theta);
    }

    fn eval(&mut self, frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
        let slopes = self.place(t, h);
        if self.slopes.len() <= frame {
            self.slopes.resize(frame + 1, Vec::new());
        }
        self.slopes[frame] = slopes;
        self.inner.eval(frame, t, &self.point, &mut self.out);
        let n = self.shape.states;
        dh.fill(0.0);
        dh[..n].copy_from_slice(&self.out[..n]);
        for &(rate, state) in &self.shape.infusions {
            dh[state] += h[rate];
        }
    }

    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        let n = self.shape.states;
        self.out.fill(0.0);
        self.out[..n].copy_from_slice(&a[..n]);
        let a_t = self.inner.products(frame, &self.out, &mut self.point);
        let through = self.outward(&self.point, &self.slopes[frame], a_h);
        for &(rate, state) in &self.shape.infusions {
            a_h[rate] = a[state];
        }
        a_t + through
    }

    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        self.inner.accumulate(frames);
    }

    fn finish(&mut self, a_theta: &mut [f64]) {
        self.inner.finish(a_theta);
    }

    fn frame_bytes(&self) -> usize {
        self.inner.frame_bytes() + self.inputs.len() * size_of::<[f64; 2]>()
    }

    /// That of the states by each other, and of infusions by their rates.
    fn structure(&self) -> Structure {
        let Structure::Sparse(pattern) = self.inner.structure() else {
            return Structure::Dense;
        };
        let n = self.shape.states;
        let columns = (0..n).flat_map(|j| pattern.column(j).iter().map(move |i| (*i, j)));
        let rates = self.shape.infusions.iter();
        let rates = rates.map(|&(rate, state)| (state, rate));
        Structure::Sparse(Pattern::new(self.shape.width, columns.chain(rates)))
    }

    fn jacobian(&mut self, t: f64, h: &[f64], jacobian: &mut Matrix<f64>, f_t: &mut [f64]) -> bool {
        let n = self.shape.states;
        let slopes = self.place(t, h);
        let (width, structure) = (self.point.len(), self.inner.structure());
        let (inner, rate) = self
            .derivatives
            .get_or_insert_with(|| (Matrix::new::<f64>(width, structure), vec![0.0; width]));
        inner.as_mut_slice().fill(0.0);
        if !self.inner.jacobian(t, &self.point, inner, rate) {
            return false;
        }
        f_t.fill(0.0);
        f_t[..n].copy_from_slice(&rate[..n]);
        inner.for_each(|i, j, entry| {
            // Between events switches stand still, and inputs move with t.
            if i < n && j < n && entry != 0.0 {
                jacobian.set(i, j, entry);
            } else if i < n && j < n + slopes.len() && j >= n {
                f_t[i] += entry * slopes[j - n][0];
            }
        });
        for &(rate, state) in &self.shape.infusions {
            jacobian.set(state, rate, 1.0);
        }
        true
    }

    fn has_curvature(&mut self) -> bool {
        self.inner.has_curvature()
    }

    fn curvature(
        &mut self,
        t: f64,
        h: &[f64],
        along: (&[f64], f64),
        a: &[f64],
        a_h: &mut [f64],
    ) -> Option<f64> {
        let n = self.shape.states;
        let slopes = self.place(t, h);
        let point = self.point.clone();
        // With t the inputs move: d/dt of their values is u', and of u' is u''.
        let mut direction = vec![0.0; point.len()];
        direction[..n].copy_from_slice(&along.0[..n]);
        for (i, [slope, _]) in slopes.iter().enumerate() {
            direction[n + i] = slope * along.1;
        }
        let mut row = vec![0.0; point.len()];
        row[..n].copy_from_slice(&a[..n]);
        let mut by_point = vec![0.0; point.len()];
        let way = (direction.as_slice(), along.1);
        let a_t = self.inner.curvature(t, &point, way, &row, &mut by_point)?;
        let through = self.outward(&by_point, &slopes, a_h);
        if self.inputs.is_empty() {
            return Some(a_t);
        }
        // Frames belong to whoever evaluates: this product takes the one behind the last.
        let spare = self.slopes.len();
        self.inner.eval(spare, t, &point, &mut self.out);
        self.inner.products(spare, &row, &mut by_point);
        let bends = by_point[n..].iter().zip(&slopes);
        let bent: f64 = bends.map(|(a, [_, bend])| a * bend * along.1).sum();
        Some(a_t + through + bent)
    }
}
