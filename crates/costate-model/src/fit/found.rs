//! What a fit found.

use super::Fit;
use super::curvature::{Curvature, MOST_WITH_ERRORS};
use super::state::{Joint, Verdict};
use crate::error::Result;
use crate::model::Model;
use crate::problem::{Measurements, Objective};

/// The part of rtol at which the solver's own error is looked at.
const FINER: f64 = 0.01;

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
    /// The loss of the rows that were not fitted, if there are any and they have one.
    pub validation: Option<(f64, usize)>,
    /// Why rows that were not fitted have no loss.
    pub about_validation: Option<String>,
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
    /// The curvature of the loss by the variables, where these are few.
    pub(super) curvature: Option<Curvature>,
    /// One sentence where parameters have no standard errors, or other ones than the curvature of the loss gives.
    pub about_errors: Option<String>,
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
    /// bound, without influence, moved by a combination that changes nothing, beside networks, or with a loss that is neither a sum of squares nor a likelihood.
    pub standard_error: Option<f64>,
    /// The bound it lies at.
    pub bound: Option<Bound>,
    /// Whether the fit left it as it was.
    pub fixed: bool,
    /// Whether the loss does not depend on it at all at the values found.
    pub without_influence: bool,
}

impl FittedParameter {
    /// Whether the data determined it: neither fixed, nor at a bound, nor without influence.
    pub(super) fn is_estimated(&self) -> bool {
        !self.fixed && self.bound.is_none() && !self.without_influence
    }
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

impl Model {
    /// The same with a much smaller error of the solver.
    pub(super) fn finer(&self) -> Self {
        let mut finer = self.clone();
        finer.solver.rtol *= FINER;
        finer
            .states
            .iter_mut()
            .for_each(|state| state.atol *= FINER);
        finer.solver.step = finer.solver.step.map(|step| 0.5 * step);
        finer
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
        let errors = curvature
            .as_ref()
            .map(|curvature| self.errors(&theta, curvature));
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
        let parameters: Vec<FittedParameter> = pairs.enumerate().map(parameter).collect();
        let validation = self.validation(&fitted, &theta);
        Ok(Found {
            about_errors: self.about_errors(&fitted, &parameters, curvature.as_ref()),
            verdict: self.verdict(),
            loss: at.loss,
            measurements: self.objective.count(),
            about_validation: validation
                .as_ref()
                .err()
                .map(|why| format!("no validation loss: {why}")),
            validation: validation.unwrap_or_default(),
            iterations: self.history().len().saturating_sub(1),
            evaluations: self.state.evaluations,
            joints: self.state.joints.clone(),
            parameters,
            networks: fitted
                .networks
                .iter()
                .map(|network| (network.name().to_owned(), network.parameter_count()))
                .collect(),
            solver_error: self.solver_error(&fitted, &theta, at.loss),
            curvature,
        })
    }

    /// Whether each variable changes nothing, or nothing but the noise of the loss. At the best point the gradient is small by all of them: so what counts is one beside
    /// that point.
    fn without_influence(&mut self, gradient: &[f64]) -> Vec<bool> {
        const ASIDE: f64 = 0.1;
        let best = self.state.best_x[..self.variables.len()].iter();
        let mut aside: Vec<f64> = best.map(|x| x + ASIDE).collect();
        self.variables.bounds().project(&mut aside);
        let theta = self.variables.theta(&aside);
        let Ok(there) = self.objective.evaluate(&theta) else {
            return gradient.iter().map(|g| *g == 0.0).collect();
        };
        let few = self.variables.len() <= MOST_WITH_ERRORS && self.model.networks.is_empty();
        if few && self.variables.is_in_doubt(&theta, &there.theta) {
            self.ask();
        }
        let there = self.variables.gradient(&theta, &there.theta);
        let larger = gradient
            .iter()
            .zip(&there)
            .map(|(a, b)| a.abs().max(b.abs()));
        self.variables.noise(&theta, larger)
    }

    /// Why parameters without standard errors have none, or what those are that differ from the curvature's.
    fn about_errors(
        &self,
        fitted: &Model,
        parameters: &[FittedParameter],
        curvature: Option<&Curvature>,
    ) -> Option<String> {
        let looked_for = parameters.iter().filter(|own| own.is_estimated());
        let looked_for: Vec<_> = looked_for.collect();
        let mut missing = looked_for.iter().copied();
        let missing: Vec<&str> = missing
            .by_ref()
            .filter(|parameter| parameter.standard_error.is_none())
            .map(|parameter| parameter.name.as_str())
            .collect();
        let is_smooth = !fitted.has_kinks();
        let expected = curvature.filter(|curvature| curvature.is_expected && is_smooth);
        if missing.is_empty() {
            let why = "standard errors are by the expected curvature (Fisher's information): that of the loss itself is not positive here";
            return expected.map(|_| why.to_owned());
        }
        let knows = fitted.has_squares() || fitted.has_likelihood();
        let why = match curvature {
            _ if !fitted.networks.is_empty() => return None,
            _ if self.variables.len() > MOST_WITH_ERRORS => {
                format!("more than {MOST_WITH_ERRORS} parameters are not looked at")
            }
            _ if !knows => format!(
                "the loss {} does not say how large the errors of the data are; a likelihood ('noise' under [observables]) does",
                fitted.loss_name()
            ),
            Some(_) => {
                "a combination of parameters with them changes nothing that was measured".into()
            }
            None if fitted.has_likelihood() => {
                "the solution's derivatives are not finite here".into()
            }
            None => "there are no more measurements than parameters, or no residuals".into(),
        };
        let whose = match missing.len() == looked_for.len() {
            true => "no standard errors".to_owned(),
            false => format!("no standard errors of {}", missing.join(", ")),
        };
        Some(format!("{whose}: {why}"))
    }

    /// The loss of the rows that were not fitted and how many measurements that is, if there are any.
    ///
    /// # Errors
    /// A measurement that the loss has no meaning for, or a solution that does not reach it.
    fn validation(&self, fitted: &Model, theta: &[f64]) -> Result<Option<(f64, usize)>> {
        let others = Measurements::all(fitted, &self.data, false)?;
        if others.is_empty() {
            return Ok(None);
        }
        let mut objective = Objective::new(fitted, others)?;
        objective.without_penalties();
        let found = objective.evaluate(theta);
        let loss = found.map_err(|error| fitted.failed(&error))?.loss;
        match loss.is_finite() {
            true => Ok(Some((loss, objective.count()))),
            false => Err(fitted.not_finite(&mut objective, theta)),
        }
    }

    fn solver_error(&self, fitted: &Model, theta: &[f64], loss: f64) -> Option<f64> {
        let finer = fitted.finer();
        let measurements = self.objective.measurements();
        let found = Objective::new(&finer, measurements)
            .ok()?
            .evaluate(theta)
            .ok()?;
        Some(found.loss - loss).filter(|error| error.is_finite())
    }
}
