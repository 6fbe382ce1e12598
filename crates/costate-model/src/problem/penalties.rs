//! What a loss has beside the measurements: penalties of weights, and priors of parameters.

use super::objective::Residuals;
use crate::likelihood::{Prior, scored};
use crate::model::Model;
use crate::network::Network;

#[derive(Clone, Debug)]
pub(crate) struct Penalties {
    /// Where the weights of each network with a penalty begin and end in θ, and its factor.
    weights: Vec<(usize, usize, f64)>,
    /// Components of θ that have a prior.
    priors: Vec<(usize, Prior)>,
}

impl Penalties {
    pub(crate) fn none() -> Self {
        Penalties {
            weights: Vec::new(),
            priors: Vec::new(),
        }
    }

    pub(crate) fn new(model: &Model) -> Self {
        let mut begin = model.parameters.len();
        let place = |network: &Network| {
            let end = begin + network.parameter_count();
            let penalty = (begin, end, network.l2);
            begin = end;
            penalty
        };
        let weights = model
            .networks
            .iter()
            .map(place)
            .filter(|(_, _, factor)| *factor > 0.0)
            .collect();
        let parameters = model.parameters.iter().enumerate();
        let free = parameters.filter(|(_, parameter)| !parameter.fixed);
        let priors = free
            .filter_map(|(k, parameter)| Some((k, parameter.prior?)))
            .collect();
        Penalties { weights, priors }
    }

    /// Σ l2·w² − Σ ln p(parameter); the gradient is added to `a_theta`.
    pub(crate) fn add(&self, theta: &[f64], a_theta: &mut [f64]) -> f64 {
        let mut total = 0.0;
        for &(begin, end, factor) in &self.weights {
            for k in begin..end {
                total += factor * theta[k] * theta[k];
                a_theta[k] += 2.0 * factor * theta[k];
            }
        }
        for &(k, prior) in &self.priors {
            let (value, slope) = prior.surprise(theta[k]);
            total += value;
            a_theta[k] += slope;
        }
        total
    }

    /// The penalties as residuals with their Jacobian, row by row; curvatures as `expected`, or as Gauss–Newton goes by them.
    pub(crate) fn residuals(&self, theta: &[f64], expected: bool, residuals: &mut Residuals) {
        let of_one =
            |k: usize, slope: f64| (0..theta.len()).map(move |j| if j == k { slope } else { 0.0 });
        for &(begin, end, factor) in &self.weights {
            for k in begin..end {
                let r = factor.sqrt() * theta[k];
                residuals.loss += r * r;
                residuals.push(r, of_one(k, factor.sqrt()));
            }
        }
        for &(k, prior) in &self.priors {
            let (value, derivative) = prior.surprise(theta[k]);
            residuals.loss += value;
            let curvature = match expected {
                true => prior.information(theta[k]),
                false => prior.curvature(theta[k]),
            };
            if curvature > 0.0 {
                let (r, slope) = scored(derivative, curvature);
                residuals.push(r, of_one(k, slope));
            }
        }
    }
}
