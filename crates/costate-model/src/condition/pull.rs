//! What formulas see, as a function of what a fit varies.

use crate::error::Result;
use crate::field::{self, Map};
use crate::model::Model;
use crate::scope::Resolved;

/// φ(θ) with its derivative, for one condition.
pub(crate) struct Pull {
    picks: Vec<usize>,
    overridden: Vec<usize>,
    formulas: Option<Map>,
    states: usize,
    /// Where the weights begin in θ.
    weights: usize,
}

impl Pull {
    pub(crate) fn new(model: &Model) -> Result<Self> {
        let condition = model.condition();
        let formulas: Vec<&Resolved> = condition.overrides.iter().map(|(_, f)| f).collect();
        let formulas = match formulas.is_empty() {
            true => None,
            false => Some(Map::new(model, &field::values(model, &formulas)?)?),
        };
        Ok(Pull {
            picks: condition.picks.clone(),
            overridden: condition.overrides.iter().map(|(i, _)| *i).collect(),
            formulas,
            states: model.states.len(),
            weights: model.parameters.len(),
        })
    }

    /// φ at θ.
    pub(crate) fn push(&mut self, theta: &[f64]) -> Vec<f64> {
        let picked = self.picks.iter().map(|&k| theta[k]);
        let mut phi: Vec<f64> = picked
            .chain(theta[self.weights..].iter().copied())
            .collect();
        if let Some(formulas) = &mut self.formulas {
            let mut values = vec![0.0; self.overridden.len()];
            formulas.set_parameters(&phi);
            formulas.eval(0, &vec![0.0; self.states], 0.0, &mut values);
            for (&i, value) in self.overridden.iter().zip(values) {
                phi[i] = value;
            }
        }
        phi
    }

    /// Adds a·∂φ/∂θ at the θ last pushed to `a_theta`, for a row `a` by φ.
    pub(crate) fn back(&mut self, a: &[f64], a_theta: &mut [f64]) {
        let mut a = a.to_vec();
        if let Some(formulas) = &mut self.formulas {
            let own: Vec<f64> = self
                .overridden
                .iter()
                .map(|&i| std::mem::take(&mut a[i]))
                .collect();
            formulas.products(0, &own, &mut vec![0.0; self.states]);
            formulas.finish(&mut a);
        }
        let (by_symbol, by_weight) = a.split_at(self.picks.len());
        for (&k, part) in self.picks.iter().zip(by_symbol) {
            a_theta[k] += part;
        }
        let weights = a_theta[self.weights..].iter_mut().zip(by_weight);
        weights.for_each(|(total, part)| *total += part);
    }
}
