//! States that meet the algebraic equations.

use nalgebra::{DMatrix, DVector};

use crate::error::Result;
use crate::field::{self, Map};
use crate::model::Model;
use crate::scope::Resolved;

/// Solves 0 = g(y, z, t) for the algebraic states z, with derivatives: dz = −g_z⁻¹ (g_y dy + g_t dt + g_φ dφ).
#[derive(Clone, Debug)]
pub(crate) struct Consistent {
    g: Map,
    /// The places of z in the state.
    places: Vec<usize>,
    states: usize,
}

/// Newton's steps before it is given up.
const MOST_STEPS: usize = 100;
/// A step is halved so often until ‖g‖ falls.
const MOST_HALVINGS: usize = 40;
/// A step that changes z by this part of it is the last.
const ENOUGH: f64 = 1e-12;

impl Consistent {
    /// Nothing for a model without algebraic equations.
    pub(crate) fn new(model: &Model) -> Result<Option<Self>> {
        let places = model.algebraic();
        if places.is_empty() {
            return Ok(None);
        }
        let equations: Vec<&Resolved> = places.iter().map(|&z| &model.states[z].equation).collect();
        Ok(Some(Consistent {
            g: Map::new(model, &field::values(model, &equations)?)?,
            places,
            states: model.states.len(),
        }))
    }

    /// For longer states, with the number of each input's piece in the component given.
    pub(crate) fn reading(mut self, pieces: &[Option<usize>]) -> Self {
        self.g = self.g.reading(pieces);
        self
    }

    pub(crate) fn set_parameters(&mut self, phi: &[f64]) {
        self.g.set_parameters(phi);
    }

    /// Solves for z in `h` by Newton's method from what stands there; NaN where there is no solution to be found.
    pub(crate) fn solve(&mut self, h: &mut [f64], t: f64) {
        if !self.converge(h, t) {
            self.places.iter().for_each(|&z| h[z] = f64::NAN);
        }
    }

    fn converge(&mut self, h: &mut [f64], t: f64) -> bool {
        let mut g = self.residual(h, t);
        for _ in 0..MOST_STEPS {
            let by_z = self.by_z(h.len());
            let Some(step) = by_z.lu().solve(&-&g) else {
                return false;
            };
            if !step.iter().all(|x| x.is_finite()) {
                return false;
            }
            let before: Vec<f64> = self.places.iter().map(|&z| h[z]).collect();
            let scale = |i: usize| before[i].abs().max(f64::MIN_POSITIVE);
            let is_small = (0..before.len()).all(|i| step[i].abs() <= ENOUGH * scale(i));
            let (norm, mut part) = (g.norm(), 1.0);
            for _ in 0..MOST_HALVINGS {
                for (i, &z) in self.places.iter().enumerate() {
                    h[z] = before[i] + part * step[i];
                }
                g = self.residual(h, t);
                // Close by, rounding decides.
                if is_small || g.norm() < norm || g.norm() == 0.0 {
                    break;
                }
                part *= 0.5;
            }
            if is_small || g.norm() == 0.0 {
                return g.iter().all(|x| x.is_finite());
            }
            if g.norm() >= norm || g.norm().is_nan() {
                // No way down: at the bottom of what rounding allows, or nowhere.
                let near = (0..before.len()).all(|i| step[i].abs() <= 1e-6 * scale(i).max(1e-6));
                for (i, &z) in self.places.iter().enumerate() {
                    h[z] = before[i];
                }
                self.residual(h, t);
                return near;
            }
        }
        false
    }

    fn residual(&mut self, h: &[f64], t: f64) -> DVector<f64> {
        let mut g = vec![0.0; self.places.len()];
        self.g.eval(0, h, t, &mut g);
        DVector::from_vec(g)
    }

    /// ∂g/∂z at the latest point.
    fn by_z(&mut self, width: usize) -> DMatrix<f64> {
        let k = self.places.len();
        let (mut unit, mut row) = (vec![0.0; k], vec![0.0; width]);
        let mut matrix = DMatrix::zeros(k, k);
        for i in 0..k {
            unit.fill(0.0);
            unit[i] = 1.0;
            self.g.row(0, &unit, &mut row);
            for (j, &z) in self.places.iter().enumerate() {
                matrix[(i, j)] = row[z];
            }
        }
        matrix
    }

    /// From a row by the solved state to one by the state before, in place: what z had goes to y. Adds to the row by φ and returns
    /// that by t.
    pub(crate) fn back(&mut self, a_h: &mut [f64], a_phi: &mut [f64]) -> f64 {
        let a_z = DVector::from_iterator(self.places.len(), self.places.iter().map(|&z| a_h[z]));
        let by_z = self.by_z(a_h.len());
        let lambda = match by_z.transpose().lu().solve(&a_z) {
            Some(lambda) => -lambda,
            None => DVector::from_element(self.places.len(), f64::NAN),
        };
        let mut by_state = vec![0.0; a_h.len()];
        let a_t = self.g.products(0, lambda.as_slice(), &mut by_state);
        self.g.finish(a_phi);
        for (a, by) in a_h[..self.states].iter_mut().zip(&by_state) {
            *a += by;
        }
        self.places.iter().for_each(|&z| a_h[z] = 0.0);
        a_t
    }
}

impl Model {
    /// The states that are given by algebraic equations.
    pub(crate) fn algebraic(&self) -> Vec<usize> {
        let states = self.states.iter().enumerate();
        states
            .filter(|(_, state)| state.is_algebraic)
            .map(|(i, _)| i)
            .collect()
    }
}
