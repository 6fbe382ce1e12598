//! The curvature of a loss at the best fit, and what it leaves unknown.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::Fit;
use crate::likelihood::Prior;
use crate::model::Model;

/// More variables than this have no standard errors.
pub(super) const MOST_WITH_ERRORS: usize = 75;
/// Of the curvature with a unit diagonal: an eigenvalue below says that a combination of parameters has no influence.
const FLAT: f64 = 1e-9;
/// In a flat direction, the part that counts as being moved.
const MUCH: f64 = 0.2;
/// The step of differences of gradients, in the standard error that the expected curvature promises along it.
const STEP: f64 = 0.2;
/// The longest such step by any coordinate, which is of the order of 1.
const LONGEST: f64 = 0.1;
/// Shorter than this part of the step, differences drown in the solver's error.
const SHORTEST: f64 = 0.02;

/// The second derivatives of a negative log-likelihood by the variables; of a sum of squares those of the likelihood that it stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curvature {
    /// Zero by variables that are held at bounds.
    pub(super) matrix: DMatrix<f64>,
    /// Fisher's information, where there are no second derivatives to invert.
    pub(super) is_expected: bool,
    /// Where the residuals themselves say how large errors are: how.
    pub(super) scatter: Option<Scatter>,
}

/// The variance of errors as residuals show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scatter {
    pub(super) variance: f64,
    /// How many measurements there are more than free variables.
    pub(super) freedom: usize,
}

/// A positive semidefinite matrix C as S V Λ Vᵀ S with a unit diagonal between the scales S: so that units do not matter.
pub(super) struct Spectrum {
    scale: Vec<f64>,
    eigen: SymmetricEigen<f64, nalgebra::Dyn>,
}

impl Spectrum {
    /// Of a matrix with a positive diagonal.
    pub(super) fn new(matrix: &DMatrix<f64>) -> Self {
        let n = matrix.nrows();
        let scale: Vec<f64> = (0..n).map(|i| matrix[(i, i)].sqrt()).collect();
        let unit = DMatrix::from_fn(n, n, |a, b| matrix[(a, b)] / (scale[a] * scale[b]));
        let eigen = match n {
            0 => SymmetricEigen {
                eigenvectors: unit,
                eigenvalues: DVector::zeros(0),
            },
            _ => SymmetricEigen::new(unit),
        };
        Spectrum { scale, eigen }
    }

    /// (C⁻¹)_ab, flat directions taken as if they were barely not.
    pub(super) fn covariance(&self, a: usize, b: usize) -> f64 {
        let v = &self.eigen.eigenvectors;
        let terms = (0..self.scale.len())
            .map(|k| v[(a, k)] * v[(b, k)] / self.eigen.eigenvalues[k].max(FLAT));
        terms.sum::<f64>() / (self.scale[a] * self.scale[b])
    }

    /// Whether a flat direction moves coordinate `a` much.
    pub(super) fn is_flat(&self, a: usize) -> bool {
        let eigen = &self.eigen;
        (0..self.scale.len())
            .any(|k| eigen.eigenvalues[k] < FLAT && eigen.eigenvectors[(a, k)].abs() > MUCH)
    }
}

impl Fit {
    /// The curvature of the loss at the best fit, where the variables are few and it says something of them.
    pub(super) fn curvature(&mut self, fitted: &Model) -> Option<Curvature> {
        match fitted.has_squares() {
            _ if self.variables.len() > MOST_WITH_ERRORS || !fitted.networks.is_empty() => None,
            true => self.of_squares(fitted),
            false if fitted.has_likelihood() => self.of_likelihood(fitted),
            false => None,
        }
    }

    /// JᵀJ/s² of the residuals, with s² from the residuals themselves.
    fn of_squares(&mut self, fitted: &Model) -> Option<Curvature> {
        let (n, theta) = (self.variables.len(), fitted.theta());
        let residuals = self.objective.residuals(fitted, &theta).ok()?;
        let jacobian = self.variables.jacobian(&theta, &residuals.jacobian);
        let rows = DMatrix::from_row_slice(residuals.values.len(), n, &jacobian);
        let loss = residuals.loss;
        let (free, matrix) = self.without_held(rows.tr_mul(&rows));
        let freedom = rows.nrows().checked_sub(free.len());
        let freedom = freedom.filter(|freedom| *freedom > 0 && loss > 0.0)?;
        Some(Curvature {
            matrix: matrix * (freedom as f64 / loss),
            is_expected: false,
            scatter: Some(Scatter {
                variance: loss / freedom as f64,
                freedom,
            }),
        })
    }

    /// The second derivatives of the negative log-likelihood; where it has kinks, or they are not positive, the expected ones.
    ///
    /// They are differences of gradients along the axes of the expected curvature, with steps that are a part of the standard error along each: one coordinate
    /// alone would be moved too far where it is known well, and the inverse would hang on the last digits where coordinates make up for each other. As many digits as that takes
    /// are had by going to steps of zero ([`extrapolated`]).
    fn of_likelihood(&mut self, fitted: &Model) -> Option<Curvature> {
        let (n, x) = (self.variables.len(), self.state.best_x.clone());
        let theta = fitted.theta();
        let information = self.objective.information(fitted, &theta).ok()?;
        let jacobian = self.variables.jacobian(&theta, &information.jacobian);
        let rows = DMatrix::from_row_slice(information.values.len(), n, &jacobian);
        let (free, expected) = self.without_held(rows.tr_mul(&rows) * 2.0);
        if expected.iter().any(|c| !c.is_finite()) {
            return None;
        }
        let own = match fitted.has_kinks() {
            true => None,
            false => self.differences(fitted, &x, &free, &expected),
        };
        let is_expected = own.is_none();
        Some(Curvature {
            matrix: own.unwrap_or(expected),
            is_expected,
            scatter: None,
        })
    }

    /// The variables that the best point leaves free and that have an influence, and the matrix with zeros by the others.
    fn without_held(&self, mut matrix: DMatrix<f64>) -> (Vec<usize>, DMatrix<f64>) {
        let (bounds, x) = (self.variables.bounds(), &self.state.best_x);
        let (free, held): (Vec<usize>, Vec<usize>) =
            (0..matrix.nrows()).partition(|&i| !bounds.touches(i, x[i]) && matrix[(i, i)] > 0.0);
        for i in held {
            matrix.row_mut(i).fill(0.0);
            matrix.column_mut(i).fill(0.0);
        }
        (free, matrix)
    }

    /// The second derivatives by differences of gradients: Bᵀ H B along the directions B in which the expected curvature is 1, and back. `None` if they are not positive.
    fn differences(
        &mut self,
        fitted: &Model,
        x: &[f64],
        free: &[usize],
        expected: &DMatrix<f64>,
    ) -> Option<DMatrix<f64>> {
        let (n, m) = (x.len(), free.len());
        let spectrum = Spectrum::new(&expected.select_rows(free).select_columns(free));
        let (scale, eigen) = (&spectrum.scale, &spectrum.eigen);
        let lambda = |k: usize| eigen.eigenvalues[k].max(0.0);
        let direction = |k: usize| -> Vec<f64> {
            let mut direction = vec![0.0; n];
            for (a, &i) in free.iter().enumerate() {
                direction[i] = eigen.eigenvectors[(a, k)] / (scale[a] * lambda(k).sqrt());
            }
            direction
        };
        // Along the others the curvature stays as expected.
        let not_flat = (0..m)
            .filter(|&k| lambda(k) >= FLAT)
            .map(|k| (k, direction(k)));
        let measured: Vec<(usize, f64, Vec<f64>)> = not_flat
            .map(|(k, direction)| (k, self.step(x, &direction), direction))
            .filter(|(_, step, _)| *step >= SHORTEST * STEP)
            .collect();
        let moved = |step: f64, direction: &[f64]| -> Vec<f64> {
            x.iter().zip(direction).map(|(x, d)| x + step * d).collect()
        };
        let own = self.variables.theta(x);
        let ends = measured
            .iter()
            .flat_map(|(_, step, direction)| [*step, -step].map(|step| moved(step, direction)))
            .map(|end| self.variables.theta(&end))
            .collect::<Vec<_>>();
        let priors = fitted.parameters.iter().enumerate();
        let priors = priors.filter(|(_, parameter)| !parameter.fixed);
        let priors = priors.filter_map(|(k, parameter)| Some((k, parameter.prior?)));
        let is_crossed = |(k, prior): &(usize, Prior)| {
            let over = |kink: f64| {
                ends.iter()
                    .any(|end| (end[*k] - kink) * (own[*k] - kink) <= 0.0)
            };
            prior.kink().is_some_and(over)
        };
        let kinked: Vec<(usize, Prior)> = priors.filter(is_crossed).collect();
        let mut along = DMatrix::identity(m, m);
        for (k, step, direction) in &measured {
            let mut gradient = |step: f64| {
                let theta = self.variables.theta(&moved(step, direction));
                let mut found = self.objective.evaluate(&theta).ok()?;
                // A prior with a kink between the steps counts as the parabola of what it tells.
                for &(k, prior) in &kinked {
                    let parabola = prior.information(own[k]) * (theta[k] - own[k]);
                    found.theta[k] += parabola - prior.surprise(theta[k]).1;
                }
                let gradient = self.variables.gradient(&theta, &found.theta);
                let others = measured
                    .iter()
                    .map(|(_, _, other)| other.iter().zip(&gradient));
                let along = others.map(|pairs| pairs.map(|(d, g)| d * g).sum());
                Some(DVector::from_iterator(measured.len(), along))
            };
            let mut slope = |step: f64| Some((gradient(step)? - gradient(-step)?) / (2.0 * step));
            let column = extrapolated([slope(*step)?, slope(0.5 * step)?, slope(0.25 * step)?]);
            for ((l, _, _), second) in measured.iter().zip(column.iter()) {
                along[(*l, *k)] = *second;
            }
        }
        let along = (&along + along.transpose()) * 0.5;
        along
            .clone()
            .cholesky()
            .filter(|_| along.iter().all(|c| c.is_finite()))?;
        let back = DMatrix::from_fn(m, m, |a, k| {
            scale[a] * eigen.eigenvectors[(a, k)] * lambda(k).sqrt()
        });
        let own = &back * along * back.transpose();
        let mut curvature = DMatrix::zeros(n, n);
        for (a, &i) in free.iter().enumerate() {
            for (b, &j) in free.iter().enumerate() {
                curvature[(i, j)] = own[(a, b)];
            }
        }
        Some(curvature)
    }

    /// How far to go along a direction of one standard error, either way, within the bounds.
    fn step(&self, x: &[f64], direction: &[f64]) -> f64 {
        let bounds = self.variables.bounds();
        let mut step = STEP;
        for (i, d) in direction.iter().enumerate() {
            let longest = LONGEST * x[i].abs().max(1.0);
            let room = [longest, -longest].map(|by| (bounds.clamp(i, x[i] + by) - x[i]).abs());
            if *d != 0.0 {
                step = step.min(room[0].min(room[1]) / d.abs());
            }
        }
        step
    }

    /// The standard error of each variable in its own units; NaN for those at bounds, without influence, or moved by a direction that changes nothing.
    pub(super) fn errors(&self, theta: &[f64], curvature: &Curvature) -> Vec<f64> {
        let (n, matrix) = (self.variables.len(), &curvature.matrix);
        let free: Vec<usize> = (0..n).filter(|&i| matrix[(i, i)] > 0.0).collect();
        let spectrum = Spectrum::new(&matrix.select_rows(&free).select_columns(&free));
        let slopes = self.variables.slopes(theta);
        let mut errors = vec![f64::NAN; n];
        for (a, &i) in free.iter().enumerate() {
            if !spectrum.is_flat(a) {
                errors[i] = spectrum.covariance(a, a).sqrt() * slopes[i].abs();
            }
        }
        errors
    }
}

/// Central differences by a step, its half and its quarter, extrapolated to a step of zero (Richardson): by all three, or where the last one brings nothing but the error of the solver by the
/// first two.
fn extrapolated([first, second, third]: [DVector<f64>; 3]) -> DVector<f64> {
    let coarse = (&second * 4.0 - first) / 3.0;
    let fine = (third * 4.0 - &second) / 3.0;
    match (&fine - &coarse).norm() < (&coarse - second).norm() {
        true => (fine * 16.0 - coarse) / 15.0,
        false => coarse,
    }
}
