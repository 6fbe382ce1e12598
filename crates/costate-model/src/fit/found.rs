//! What a fit found.

use costate_neural_ode::train::optimizer::GaussNewton;
use nalgebra::DMatrix;

use super::Fit;
use super::state::{Joint, Verdict};
use crate::error::Result;
use crate::model::{Model, Observable};
use crate::problem::{Measurements, Objective};

/// More variables than this have no standard errors.
const MOST_WITH_ERRORS: usize = 75;
/// The part of rtol at which the solver's own error is looked at.
const FINER: f64 = 0.01;
/// The step of differences of gradients, in coordinates of the order of 1.
const STEP: f64 = 2e-3;

/// The end of a fit, or where it was interrupted.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let alpha = &found.parameters[0];
/// assert_eq!((alpha.name.as_str(), alpha.start, found.measurements), ("alpha", 0.55, 42));
/// assert!((alpha.value - 0.540).abs() < 1e-3 && (alpha.standard_error.expect("a sum of squares") - 0.0595).abs() < 1e-3);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// How it ended.
    pub verdict: Verdict,
    /// The loss at the values found.
    pub loss: f64,
    /// The measurements compared with.
    pub measurements: usize,
    /// The loss of the rows that were not fitted, if there are any.
    pub validation: Option<(f64, usize)>,
    /// Iterations done.
    pub iterations: usize,
    /// Evaluations of the loss.
    pub evaluations: usize,
    /// How well segments met before the solution was made one; empty where there were none.
    pub joints: Vec<Joint>,
    /// Every parameter in the order of the file.
    pub parameters: Vec<FittedParameter>,
    /// Each network with its number of weights.
    pub networks: Vec<(String, usize)>,
    /// The loss at a hundredth of the tolerances, or at half the constant step, less the loss: the solver's own error in it. `None` if it cannot be solved there.
    pub solver_error: Option<f64>,
    /// The second derivatives of a negative log-likelihood by the variables, where these are few.
    pub(super) curvature: Option<DMatrix<f64>>,
}

impl Found {
    /// Where segments met worst, for the spread of the states.
    pub fn widest_gap(&self) -> Option<&Joint> {
        let size = |joint: &&Joint| joint.relative.abs();
        let joints = self.joints.iter();
        joints.max_by(|a, b| size(a).total_cmp(&size(b)))
    }
}

/// A parameter after a fit.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let alpha = &found.parameters[0];
/// assert_eq!((alpha.name.as_str(), alpha.unit.as_deref(), alpha.start, alpha.bound), ("alpha", Some("1/yr"), 0.55, None));
/// assert!((alpha.value - 0.540).abs() < 1e-3 && (alpha.standard_error.expect("a sum of squares") - 0.0595).abs() < 1e-3);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FittedParameter {
    /// The name.
    pub name: String,
    /// The unit, if the file gives one.
    pub unit: Option<String>,
    /// The value at the start.
    pub start: f64,
    /// The value found.
    pub value: f64,
    /// The standard error, if the model is right and errors are independent and of one size. `None` where it has no meaning: fixed, at a
    /// bound, without influence, beside networks, or with a loss that is neither a sum of squares nor a likelihood.
    pub standard_error: Option<f64>,
    /// The bound it lies at.
    pub bound: Option<Bound>,
    /// Whether the fit left it as it was.
    pub fixed: bool,
    /// Whether the loss does not depend on it at all at the values found.
    pub without_influence: bool,
}

/// An end of a parameter's range.
///
/// ```
/// use costate_model::{Bound, Fit, Model};
///
/// // A rate that the data want larger than it may be.
/// let text = r#"
/// [states]
/// y = 1.0
/// [parameters]
/// k = { value = 0.5, upper = 0.8 }
/// [equations]
/// y = "-k * y"
/// [time]
/// start = 0.0
/// end = 1.0
/// [data]
/// file = "bound.csv"
/// time = "t"
/// "#;
/// # let folder = std::env::temp_dir().join(format!("costate-bound-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join("bound.csv"), "t,y\n0.5,0.5\n1,0.25\n")?;
/// let mut fit = Fit::new(Model::parse(text, folder.join("bound.toml"))?)?;
/// while fit.advance()? {}
/// let k = &fit.found()?.parameters[0];
/// assert_eq!((k.value, k.bound, k.standard_error), (0.8, Some(Bound::Upper), None));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `lower`.
    Lower,
    /// `upper`.
    Upper,
}

impl Bound {
    /// The key of the model file.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Lower => "lower",
            Bound::Upper => "upper",
        }
    }
}

impl Fit {
    /// What was found so far: verdict, loss, parameters with standard errors, and the solver's own error.
    ///
    /// # Errors
    /// If the loss cannot be evaluated at the values found.
    pub fn found(&mut self) -> Result<Found> {
        let fitted = self.fitted();
        let theta = fitted.theta();
        let at = self
            .objective
            .evaluate(&theta)
            .map_err(|error| fitted.failed(&error))?;
        let gradient = self.variables.gradient(&theta, &at.theta);
        let idle = self.without_influence(&gradient);
        let curvature = self.curvature(&fitted);
        let errors = match &curvature {
            Some(curvature) => self.errors_of_likelihood(&fitted, &theta, curvature),
            None => self.standard_errors(&fitted, &theta),
        };
        let parameter = |(k, (start, end)): (usize, (&crate::Parameter, &crate::Parameter))| {
            let variable = self.variables.of(k);
            let without_influence = variable.is_some_and(|i| idle[i]);
            let bound = match end.value {
                _ if end.fixed => None,
                value if value <= end.lower => Some(Bound::Lower),
                value if value >= end.upper => Some(Bound::Upper),
                _ => None,
            };
            let usable = !without_influence && bound.is_none();
            let error = variable.zip(errors.as_ref()).map(|(i, errors)| errors[i]);
            FittedParameter {
                name: end.name.clone(),
                unit: end.unit.clone(),
                start: start.value,
                value: end.value,
                standard_error: error.filter(|error| usable && error.is_finite() && *error > 0.0),
                bound,
                fixed: end.fixed,
                without_influence,
            }
        };
        let pairs = self.model.parameters.iter().zip(&fitted.parameters);
        Ok(Found {
            verdict: self.verdict(),
            loss: at.loss,
            measurements: self.objective.count(),
            validation: self.validation(&fitted, &theta),
            iterations: self.history().len().saturating_sub(1),
            evaluations: self.state.evaluations,
            joints: self.state.joints.clone(),
            parameters: pairs.enumerate().map(parameter).collect(),
            networks: fitted
                .networks
                .iter()
                .map(|network| (network.name().to_owned(), network.parameter_count()))
                .collect(),
            solver_error: self.solver_error(&fitted, &theta, at.loss),
            curvature,
        })
    }

    /// Whether each variable changes nothing, given the gradient at the best point. Where everything fits to the last bit the gradient is zero too; so a zero
    /// counts if it is one beside that point as well.
    fn without_influence(&mut self, gradient: &[f64]) -> Vec<bool> {
        const ASIDE: f64 = 1e-3;
        let zero = |gradient: &[f64]| -> Vec<bool> { gradient.iter().map(|g| *g == 0.0).collect() };
        let idle = zero(gradient);
        if !idle.contains(&true) {
            return idle;
        }
        let best = self.state.best_x[..self.variables.len()].iter();
        let mut aside: Vec<f64> = best.map(|x| x + ASIDE).collect();
        self.variables.bounds().project(&mut aside);
        let theta = self.variables.theta(&aside);
        let Ok(there) = self.objective.evaluate(&theta) else {
            return idle;
        };
        let there = zero(&self.variables.gradient(&theta, &there.theta));
        idle.into_iter().zip(there).map(|(a, b)| a && b).collect()
    }

    /// The standard error of each variable in its own units, where the loss is a sum of squares and the variables are few.
    fn standard_errors(&mut self, fitted: &Model, theta: &[f64]) -> Option<Vec<f64>> {
        let n = self.variables.len();
        if n > MOST_WITH_ERRORS || !fitted.networks.is_empty() || !fitted.has_squares() {
            return None;
        }
        let residuals = self.objective.residuals(fitted, theta).ok()?;
        let jacobian = self.variables.gradient(theta, &residuals.jacobian);
        let mut linearized = GaussNewton::new(n);
        linearized.bounds = self.variables.bounds().clone();
        let (mut x, loss) = (self.state.best_x.clone(), residuals.loss);
        linearized.step_of(loss, &mut x, &residuals.values, &jacobian);
        let covariance = linearized.covariance()?;
        let slopes = self.variables.slopes(theta);
        let error = |(i, slope): (usize, f64)| covariance[i * n + i].sqrt() * slope.abs();
        Some(slopes.into_iter().enumerate().map(error).collect())
    }

    /// The second derivatives of the negative log-likelihood, by differences of its gradient; where that jumps, the expected ones.
    fn curvature(&mut self, fitted: &Model) -> Option<DMatrix<f64>> {
        let (n, x) = (self.variables.len(), self.state.best_x.clone());
        if n > MOST_WITH_ERRORS || !fitted.networks.is_empty() || !fitted.has_likelihood() {
            return None;
        }
        let has_kink = |observable: &Observable| observable.distribution.has_kink();
        if fitted.observables.iter().any(has_kink) {
            let theta = fitted.theta();
            let information = self.objective.information(fitted, &theta).ok()?;
            let jacobian = self.variables.gradient(&theta, &information.jacobian);
            let rows = DMatrix::from_row_slice(information.values.len(), n, &jacobian);
            return Some(rows.tr_mul(&rows) * 2.0);
        }
        let mut gradient = |i: usize, step: f64| {
            let mut moved = x.clone();
            moved[i] += step;
            let theta = self.variables.theta(&moved);
            let found = self.objective.evaluate(&theta).ok()?;
            Some(self.variables.gradient(&theta, &found.theta))
        };
        let mut curvature = DMatrix::zeros(n, n);
        for i in 0..n {
            let step = STEP * x[i].abs().max(1.0);
            let (up, down) = (gradient(i, step)?, gradient(i, -step)?);
            for j in 0..n {
                curvature[(i, j)] = (up[j] - down[j]) / (2.0 * step);
            }
        }
        let turned = curvature.transpose();
        let curvature = (curvature + turned) * 0.5;
        curvature
            .iter()
            .all(|x: &f64| x.is_finite())
            .then_some(curvature)
    }

    /// From the second derivatives of the negative log-likelihood, by the variables that lie at no bound.
    fn errors_of_likelihood(
        &self,
        fitted: &Model,
        theta: &[f64],
        curvature: &DMatrix<f64>,
    ) -> Option<Vec<f64>> {
        let n = self.variables.len();
        let inside = |k: &usize| {
            let parameter = &fitted.parameters[*k];
            parameter.lower < parameter.value && parameter.value < parameter.upper
        };
        let free = (0..fitted.parameters.len()).filter(inside);
        let free: Vec<usize> = free.filter_map(|k| self.variables.of(k)).collect();
        let own = curvature.select_rows(&free).select_columns(&free);
        let covariance = own.cholesky()?.inverse();
        let slopes = self.variables.slopes(theta);
        let mut errors = vec![f64::NAN; n];
        for (a, &i) in free.iter().enumerate() {
            errors[i] = covariance[(a, a)].sqrt() * slopes[i].abs();
        }
        Some(errors)
    }

    fn validation(&self, fitted: &Model, theta: &[f64]) -> Option<(f64, usize)> {
        let others = Measurements::all(fitted, &self.data, false).ok()?;
        if others.is_empty() {
            return None;
        }
        let mut objective = Objective::new(fitted, others).ok()?;
        let count = objective.count();
        objective.without_penalties();
        Some((objective.evaluate(theta).ok()?.loss, count))
    }

    fn solver_error(&self, fitted: &Model, theta: &[f64], loss: f64) -> Option<f64> {
        let mut finer = fitted.clone();
        finer.solver.rtol *= FINER;
        let states = finer.states.iter_mut();
        states.for_each(|state| state.atol *= FINER);
        finer.solver.step = finer.solver.step.map(|step| 0.5 * step);
        let measurements = self.objective.measurements();
        let found = Objective::new(&finer, measurements)
            .ok()?
            .evaluate(theta)
            .ok()?;
        Some(found.loss - loss).filter(|error| error.is_finite())
    }
}
