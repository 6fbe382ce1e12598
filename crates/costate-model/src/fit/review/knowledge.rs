//! What the data say of the parameters, by the curvature of the loss at its minimum.

use std::f64::consts::PI;

use super::super::curvature::{Curvature, Scatter, Spectrum};
use super::super::{Fit, Found};
use crate::model::Model;
use crate::settings::Scale;

/// More variables than this are not looked at.
const MOST: usize = 60;

/// What is known of each parameter, and how what is known hangs together.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let knowledge = fit.review(&found)?.knowledge.expect("a sum of squares with six parameters");
/// let n = knowledge.correlated.len();
/// assert!(n == 6 && (0..n).all(|i| (knowledge.correlations[i * n + i] - 1.0).abs() < 1e-12));
/// // The prey's growth and the predators' appetite rise and fall together.
/// assert!(knowledge.correlations[1] > 0.5);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Knowledge {
    /// For each parameter of the model; `None` where it was not varied or lies at a bound.
    pub parameters: Vec<Option<Known>>,
    /// The parameters of the correlations: indices into those of the model.
    pub correlated: Vec<usize>,
    /// Their correlations, row by row.
    pub correlations: Vec<f64>,
    /// How many standard errors a 95 % interval reaches on either side.
    pub reach: f64,
    /// By how much the loss rises to the end of a 95 % interval of one parameter.
    pub rise: f64,
}

/// What is known of a parameter.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let known = fit.review(&found)?.knowledge.expect("a sum of squares").parameters[0].expect("it was varied");
/// let error = found.parameters[0].standard_error.expect("a sum of squares");
/// assert!((known.error / error - 1.0).abs() < 1e-3);
/// assert!(known.interval.0 < 0.540 && known.interval.1 > 0.541 && known.interval.0 > 0.3);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The standard error, in its own units.
    pub error: f64,
    /// The 95 % interval, in its own units: symmetric on the axis on which the parameter is fitted.
    pub interval: (f64, f64),
    /// Whether the data tell it.
    pub standing: Standing,
    /// The standard error on that axis: relative on a logarithmic one, by its value at the start on a linear one.
    pub relative: f64,
}

/// Whether data tell a parameter.
///
/// ```
/// use costate_model::Standing;
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let knowledge = fit.review(&found)?.knowledge.expect("a sum of squares");
/// assert!(knowledge.parameters.iter().flatten().all(|known| known.standing == Standing::Identified));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They do.
    Identified,
    /// The 95 % interval is wider than the value itself, or than a factor of ten.
    Weak,
    /// Some combination with other parameters changes nothing.
    NotIdentified,
}

pub(super) fn knowledge(fit: &Fit, fitted: &Model, found: &Found) -> Option<Knowledge> {
    if fit.variables.len() > MOST {
        return None;
    }
    let theta = fitted.theta();
    let Curvature {
        matrix, scatter, ..
    } = found.curvature.as_ref()?;
    let (reach, rise) = match scatter {
        Some(Scatter { variance, freedom }) => {
            let reach = student(*freedom);
            (reach, variance * reach * reach)
        }
        None => (1.96, 1.92),
    };
    let is_free = |k: usize| {
        let parameter = &found.parameters[k];
        parameter.bound.is_none() && !parameter.fixed
    };
    // Parameter and variable of each free one that has any influence.
    let free: Vec<(usize, usize)> = (0..found.parameters.len())
        .filter(|&k| is_free(k))
        .filter_map(|k| Some((k, fit.variables.of(k)?)))
        .filter(|&(_, i)| matrix[(i, i)] > 0.0)
        .collect();
    let own: Vec<usize> = free.iter().map(|&(_, i)| i).collect();
    let spectrum = Spectrum::new(&matrix.select_rows(&own).select_columns(&own));
    let covariance = |a: usize, b: usize| spectrum.covariance(a, b);
    let slopes = fit.variables.slopes(&theta);
    let mut parameters: Vec<Option<Known>> = vec![None; found.parameters.len()];
    for (k, parameter) in found.parameters.iter().enumerate() {
        if is_free(k) && parameter.without_influence {
            parameters[k] = Some(Known {
                error: f64::INFINITY,
                interval: (f64::NEG_INFINITY, f64::INFINITY),
                standing: Standing::NotIdentified,
                relative: f64::INFINITY,
            });
        }
    }
    for (a, &(k, i)) in free.iter().enumerate() {
        let parameter = &fitted.parameters[k];
        let relative = covariance(a, a).sqrt();
        let error = relative * slopes[i].abs();
        let half = reach * relative;
        let (low, high) = match parameter.scale {
            Scale::Log => (
                parameter.value * (-half).exp(),
                parameter.value * half.exp(),
            ),
            Scale::Linear => (
                parameter.value - reach * error,
                parameter.value + reach * error,
            ),
        };
        let is_wide = match parameter.scale {
            Scale::Log => half > 10.0_f64.ln(),
            Scale::Linear => reach * error > parameter.value.abs(),
        };
        parameters[k] = Some(Known {
            error,
            interval: (low.max(parameter.lower), high.min(parameter.upper)),
            standing: match (spectrum.is_flat(a), is_wide) {
                (true, _) => Standing::NotIdentified,
                (_, true) => Standing::Weak,
                _ => Standing::Identified,
            },
            relative,
        });
    }
    let deviation: Vec<f64> = (0..free.len()).map(|a| covariance(a, a).sqrt()).collect();
    let pairs = (0..free.len() * free.len()).map(|at| {
        let (a, b) = (at / free.len(), at % free.len());
        // In own units: a decreasing axis would turn the sign, and there is none.
        covariance(a, b) / (deviation[a] * deviation[b])
    });
    Some(Knowledge {
        parameters,
        correlations: pairs.collect(),
        correlated: free.iter().map(|&(k, _)| k).collect(),
        reach,
        rise,
    })
}

/// The 97.5 % point of Student's distribution: by its closed forms, and from 3 degrees of freedom on by the expansion about the normal one (to 1 %).
fn student(freedom: usize) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    let n = freedom as f64;
    match freedom {
        1 => (0.475 * PI).tan(),
        2 => 0.95 * (2.0 / (1.0 - 0.95_f64.powi(2))).sqrt(),
        _ => {
            let (z3, z5, z7) = (Z.powi(3), Z.powi(5), Z.powi(7));
            Z + (z3 + Z) / (4.0 * n)
                + (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / (96.0 * n.powi(2))
                + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / (384.0 * n.powi(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::student;

    #[test]
    fn the_reach_of_intervals_is_that_of_students_distribution() {
        // Tables: 12.706 (1), 4.303 (2), 3.182 (3), 2.571 (5), 2.228 (10), 2.028 (36), 1.962 (1000).
        for (freedom, expected) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (5, 2.571),
            (10, 2.228),
            (36, 2.028),
            (1000, 1.962),
        ] {
            let found = student(freedom);
            assert!((found / expected - 1.0).abs() < 0.01, "{freedom}: {found}");
        }
    }
}
