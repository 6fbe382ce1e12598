//! Compiled functions of states, time and parameters.

use std::sync::Arc;

use costate_tape::{Function, Program, Workspace};

use crate::error::Result;
use crate::field::internal;
use crate::input::Input;
use crate::model::Model;

/// A compiled function of h, t and θ whose values need not be as many as the states, with its products. Where the model has inputs it reads them
/// by itself, and their derivatives count as its own by t.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    program: Arc<Program<f64>>,
    workspace: Workspace<f64>,
    parameters: usize,
    states: usize,
    outputs: usize,
    inputs: Arc<Vec<Input>>,
    /// The component of a longer state that holds the number of each input's piece; by the time where there is none.
    pieces: Vec<Option<usize>>,
    point: Vec<f64>,
    /// The inputs' derivatives, by frame.
    slopes: Vec<Vec<f64>>,
}

impl Map {
    pub(crate) fn new(model: &Model, function: &Function<f64>) -> Result<Self> {
        let program = Arc::new(Program::with_products(function, 2).map_err(internal)?);
        let workspace = program.workspace(1);
        Ok(Map {
            parameters: function.input_shape(2).len(),
            states: model.states.len(),
            outputs: function.output_shape(0).len(),
            inputs: model.inputs.clone(),
            pieces: vec![None; model.inputs.len()],
            point: vec![0.0; function.input_shape(0).len()],
            slopes: Vec::new(),
            program,
            workspace,
        })
    }

    /// For longer states, with the number of each input's piece in the component given.
    pub(crate) fn reading(mut self, pieces: &[Option<usize>]) -> Self {
        self.pieces = pieces.to_vec();
        self
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(crate) fn set_parameters(&mut self, theta: &[f64]) {
        self.program.set_params(&mut self.workspace, theta);
        self.program.zero(&mut self.workspace);
    }

    /// Writes the values at (h, t) and keeps the evaluation in `frame`.
    pub(crate) fn eval(&mut self, frame: usize, h: &[f64], t: f64, out: &mut [f64]) {
        self.program.reserve(&mut self.workspace, frame + 1);
        if self.inputs.is_empty() {
            let own = &h[..self.states.min(h.len())];
            self.program
                .eval(&mut self.workspace, frame, &[own, &[t]], out);
            return;
        }
        if self.slopes.len() <= frame {
            self.slopes.resize(frame + 1, vec![0.0; self.inputs.len()]);
        }
        self.point[..self.states].copy_from_slice(&h[..self.states]);
        for (i, input) in self.inputs.iter().enumerate() {
            let held = self.pieces[i].and_then(|component| h.get(component));
            let piece = held.map_or_else(|| input.piece(t), |piece| *piece as usize);
            let (value, slope) = input.value_on(piece, t);
            self.point[self.states + i] = value;
            self.slopes[frame][i] = slope;
        }
        self.program
            .eval(&mut self.workspace, frame, &[&self.point, &[t]], out);
    }

    /// Writes a·∂g/∂h at the kept evaluation and returns a·∂g/∂t; adds a·∂g/∂θ to what [`Map::finish`] gives. What a longer state holds beside the model's
    /// has no derivative.
    pub(crate) fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        let a_t = self.row(frame, a, a_h);
        self.accumulate(&[(frame, 1.0)]);
        a_t
    }

    /// As [`Map::products`], without a·∂g/∂θ.
    pub(crate) fn row(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        let mut a_t = [0.0];
        if self.inputs.is_empty() {
            let (own, others) = a_h.split_at_mut(self.states.min(a_h.len()));
            others.fill(0.0);
            self.program
                .products(&mut self.workspace, frame, a, &mut [own, &mut a_t]);
            return a_t[0];
        }
        let mut row = std::mem::take(&mut self.point);
        self.program
            .products(&mut self.workspace, frame, a, &mut [&mut row, &mut a_t]);
        a_h.fill(0.0);
        a_h[..self.states].copy_from_slice(&row[..self.states]);
        let by_input = row[self.states..].iter().zip(&self.slopes[frame]);
        let through: f64 = by_input.map(|(a, slope)| a * slope).sum();
        self.point = row;
        a_t[0] + through
    }

    pub(crate) fn accumulate(&mut self, frames: &[(usize, f64)]) {
        for frames in frames.chunks(self.program.accumulates_at_once()) {
            self.program.accumulate(&mut self.workspace, frames);
        }
    }

    /// Adds the sum of a·∂g/∂θ since the last time to `a_theta`.
    pub(crate) fn finish(&mut self, a_theta: &mut [f64]) {
        let mut sum = vec![0.0; self.parameters];
        self.program.finish(&mut self.workspace, &mut sum);
        a_theta
            .iter_mut()
            .zip(sum)
            .for_each(|(total, part)| *total += part);
    }
}
