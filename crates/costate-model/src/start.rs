//! Where a solution begins and ends, as a function of φ.

use crate::consistent::Consistent;
use crate::error::Result;
use crate::field::{self, Map};
use crate::model::Model;

/// h₀, t₀ and t₁ with their derivatives, for one condition.
pub(crate) struct Start {
    formulas: Map,
    consistent: Option<Consistent>,
    states: usize,
}

impl Start {
    pub(crate) fn new(model: &Model) -> Result<Self> {
        Ok(Start {
            formulas: Map::new(model, &field::boundary(model)?)?,
            consistent: Consistent::new(model)?,
            states: model.states.len(),
        })
    }

    /// h₀ with what the algebraic equations make of it, then t₀ and t₁.
    pub(crate) fn at(&mut self, phi: &[f64]) -> (Vec<f64>, f64, f64) {
        let n = self.states;
        let mut all = vec![0.0; n + 2];
        self.formulas.set_parameters(phi);
        self.formulas.eval(0, &vec![0.0; n], 0.0, &mut all);
        let (t0, t1) = (all[n], all[n + 1]);
        all.truncate(n);
        if let Some(consistent) = &mut self.consistent {
            consistent.set_parameters(phi);
            consistent.solve(&mut all, t0);
        }
        (all, t0, t1)
    }

    /// Adds a·∂(h₀, t₀, t₁)/∂φ to `a_phi`, for a row by these. The row becomes that by the formulas: what an algebraic state had goes to those
    /// that it follows from.
    pub(crate) fn back(&mut self, a: &mut [f64], a_phi: &mut [f64]) {
        let n = self.states;
        if let Some(consistent) = &mut self.consistent {
            a[n] += consistent.back(&mut a[..n], a_phi);
        }
        self.formulas.products(0, a, &mut vec![0.0; n]);
        self.formulas.finish(a_phi);
    }
}
