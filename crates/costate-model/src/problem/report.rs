//! The gradient of a model's loss under the names of the model.

use costate_neural_ode::audit::{Audit, Variable};
use costate_ode::Family;

use super::measurements::Measurements;
use super::objective::Objective;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::weights;

/// The loss of a model and its gradient, in the units of what each part is taken by.
///
/// ```
/// use costate_model::Model;
/// let model = Model::open("examples/lynx-hare.toml")?;
/// let gradient = model.gradient()?;
/// assert_eq!((gradient.method.as_str(), gradient.parameters.len(), gradient.save.len()), ("discrete", 6, 21));
/// assert!(gradient.steps > 0 && gradient.nfe > gradient.steps && gradient.products > 0);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GradientReport {
    /// The loss.
    pub loss: f64,
    /// The gradient method's name.
    pub method: String,
    /// By each parameter that is not fixed.
    pub parameters: Vec<(String, f64)>,
    /// By the initial value of each state that is given as a number.
    pub initial: Vec<(String, f64)>,
    /// The norm of the gradient by each network's weights.
    pub networks: Vec<(String, f64)>,
    /// By the start of time, if it is given as a number.
    pub start: Option<f64>,
    /// By the end of time, if it is given as a number.
    pub end: Option<f64>,
    /// Each time at which something is measured, with the derivative by it; experiment by experiment.
    pub save: Vec<(f64, f64)>,
    /// Each event of the file that happened, with the derivative by its time; experiment by experiment. That of an event that is looked for, whose time is no
    /// variable, is what the loss would owe to a shift of it.
    pub events: Vec<(f64, f64)>,
    /// The gradient by the networks' weights, as a safetensors file.
    pub weights: Vec<u8>,
    /// Steps accepted, on the way and back.
    pub steps: usize,
    /// Steps rejected.
    pub rejected: usize,
    /// Evaluations of the equations.
    pub nfe: usize,
    /// Products with the equations' derivatives.
    pub products: usize,
}

impl Model {
    /// The data, which a loss needs.
    ///
    /// # Errors
    /// [`Error::Argument`] if the file names none; otherwise as [`Model::read_data`].
    pub(crate) fn data(&self) -> Result<Data> {
        self.read_data()?.ok_or_else(|| {
            let path = self.path().display();
            Error::Argument(format!(
                "{path} has no [data]: a loss needs measurements to compare with"
            ))
        })
    }

    /// The measurements to fit.
    ///
    /// # Errors
    /// If there are none, or one cannot be used.
    pub(crate) fn measurements(&self, data: &Data) -> Result<Vec<(usize, Measurements)>> {
        let measurements = Measurements::all(self, data, true)?;
        if measurements.is_empty() {
            let (path, data) = (self.path().display(), data.path().display());
            return Err(Error::Argument(format!(
                "{path}: no row of {data} that is to be fitted has a measurement"
            )));
        }
        Ok(measurements)
    }

    /// The loss at the present parameters and its gradient, by the method that the fit's settings name.
    ///
    /// # Errors
    /// [`Error::Solve`] if the solution cannot go on, [`Error::Numerical`] if the loss or its gradient is not finite, and everything that can be wrong
    /// with the data.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let model = Model::open("examples/lynx-hare.toml")?;
    /// let gradient = model.gradient()?;
    /// let (name, by_alpha) = &gradient.parameters[0];
    /// let mut ahead = model.clone();
    /// ahead.set(name, model.parameters()[0].value + 1e-6)?;
    /// let difference = (ahead.gradient()?.loss - gradient.loss) / 1e-6;
    /// assert!(name == "alpha" && (by_alpha - difference).abs() < 1e-3 * by_alpha.abs());
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn gradient(&self) -> Result<GradientReport> {
        let data = self.data()?;
        let mut objective = Objective::new(self, self.measurements(&data)?)?;
        let theta = self.theta();
        let found = objective
            .evaluate(&theta)
            .map_err(|error| self.failed(&error))?;
        if !found.loss.is_finite() {
            return Err(self.not_finite(&mut objective, &theta));
        }
        let (by_parameter, by_weight) = found.theta.split_at(self.parameters.len());
        let endless = self.without_derivative(by_parameter, &found.h0, by_weight);
        if !endless.is_empty() {
            return Err(self.steep_somewhere(&objective, &endless));
        }
        let parameters = self.parameters.iter().zip(by_parameter);
        let initial = self.states.iter().zip(&found.h0);
        let mut rest = by_weight;
        let networks = self.networks.iter().map(|network| {
            let (own, others) = rest.split_at(network.parameter_count());
            rest = others;
            (
                network.name().to_owned(),
                own.iter().map(|g| g * g).sum::<f64>().sqrt(),
            )
        });
        let (forward, backward) = (found.stats.forward, found.stats.backward);
        Ok(GradientReport {
            loss: found.loss,
            method: super::gradient_name(&self.fit.gradient).to_owned(),
            parameters: parameters
                .filter(|(parameter, _)| !parameter.fixed)
                .map(|(parameter, g)| (parameter.name.clone(), *g))
                .collect(),
            initial: initial
                .filter(|(state, _)| {
                    !state.is_algebraic && state.initial.formula.literal().is_some()
                })
                .map(|(state, g)| (state.name.clone(), *g))
                .collect(),
            networks: networks.collect(),
            start: self.start.formula.literal().map(|_| found.t0),
            end: self.end.formula.literal().map(|_| found.t1),
            save: objective
                .measurements()
                .iter()
                .flat_map(|(_, measurements)| measurements.times.iter().copied())
                .zip(found.save)
                .collect(),
            events: found.events,
            weights: weights::write(&self.networks, by_weight),
            steps: forward.accepted + backward.accepted,
            rejected: forward.rejected + backward.rejected,
            nfe: forward.nfe + backward.nfe,
            products: found.stats.products,
        })
    }

    /// The gradient through the solution by every method, side by side with differences, for each experiment under its name.
    /// [`Model::variable_name`] names the entries.
    ///
    /// # Errors
    /// As [`Model::gradient`].
    ///
    /// ```
    /// use costate_model::Model;
    /// use costate_neural_ode::audit::Verdict;
    ///
    /// let model = Model::open("examples/lynx-hare.toml")?;
    /// let audits = model.audit()?;
    /// let (experiment, audit) = &audits[0];
    /// assert!(experiment.is_none() && audit.verdict() == Verdict::Right, "{audit}");
    /// assert_eq!(model.variable_name(audit.variables[0]), "hare(start)");
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn audit(&self) -> Result<Vec<(Option<String>, Audit)>> {
        let data = self.data()?;
        let mut objective = Objective::new(self, self.measurements(&data)?)?;
        let theta = self.theta();
        let mut audits = objective.audits(self, &theta)?;
        if audits.iter().any(|(_, audit)| !audit.loss.is_finite()) {
            return Err(self.not_finite(&mut objective, &theta));
        }
        let held = |variable: &Variable| match variable {
            Variable::Theta(k) => self.parameters.iter().any(|p| p.symbol == *k && p.fixed),
            _ => false,
        };
        let mut endless: Vec<String> = Vec::new();
        for (_, audit) in &mut audits {
            // A fit does not ask for what is fixed.
            let (fixed, varied): (Vec<Variable>, _) = audit.not_finite.drain(..).partition(held);
            let unchecked = &mut audit.unchecked;
            unchecked.retain(|variable| !fixed.contains(variable));
            unchecked.extend(fixed);
            audit.not_finite = varied;
            for variable in &audit.not_finite {
                let name = self.variable_name(*variable);
                if !endless.contains(&name) {
                    endless.push(name);
                }
            }
        }
        if !endless.is_empty() {
            return Err(self.steep_somewhere(&objective, &endless));
        }
        let named =
            |(condition, audit): (usize, Audit)| (self.conditions[condition].name.clone(), audit);
        Ok(audits.into_iter().map(named).collect())
    }

    /// The names of what a fit would vary, by which a gradient is not finite.
    pub(crate) fn without_derivative(
        &self,
        theta: &[f64],
        h0: &[f64],
        weights: &[f64],
    ) -> Vec<String> {
        let parameters = self.parameters.iter().zip(theta);
        let parameters = parameters.filter(|(parameter, g)| !parameter.fixed && !g.is_finite());
        let states = self.states.iter().zip(h0);
        let states = states.filter(|(state, g)| {
            !state.is_algebraic && state.initial.formula.literal().is_some() && !g.is_finite()
        });
        let mut rest = weights;
        let networks = self.networks.iter().filter(|network| {
            let (own, others) = rest.split_at(network.parameter_count());
            rest = others;
            own.iter().any(|g| !g.is_finite())
        });
        let parameters = parameters.map(|(parameter, _)| parameter.name.clone());
        let states = states.map(|(state, _)| format!("{}(start)", state.name));
        let networks = networks.map(|network| format!("the weights of {}", network.name()));
        parameters.chain(states).chain(networks).collect()
    }

    /// A finite loss whose gradient by these is not, and why, as far as the states along the solutions show it.
    pub(crate) fn steep_somewhere(&self, objective: &Objective, names: &[String]) -> Error {
        let mut text = format!(
            "{}: the loss is finite, and its gradient by {} is not",
            self.path().display(),
            names.join(", ")
        );
        let cause = objective.measurements().iter().find_map(|(condition, _)| {
            let model = self.under(*condition);
            let solution = model.solve(&crate::Save::Steps).ok()?;
            (0..solution.len()).find_map(|i| {
                let t = solution.times[i];
                let why = model.steep(solution.row(i), t)?;
                Some(format!(" at t = {t}{}: {why}", model.within()))
            })
        });
        text += &cause.unwrap_or_else(|| {
            let look = ": look for a power of a negative number with a parameter in its exponent, or a root or logarithm of zero";
            let solver = self.solver.method;
            match solver.family() {
                Family::Rosenbrock(_) | Family::Auto => format!(
                    "{look}; through stiff steps of {} it is made of second derivatives of the equations too, which a power below 2 does not have at zero: kvaerno5 and radau do without them",
                    solver.name
                ),
                _ => look.to_owned(),
            }
        });
        Error::Numerical(text)
    }

    /// The name of an entry of an audit: a parameter, a weight, `NAME(start)` for the state `NAME` where the solution begins, `start` and `end` of
    /// time, or the time of a measurement.
    pub fn variable_name(&self, variable: Variable) -> String {
        let weight = |mut k: usize| {
            for network in &self.networks {
                if k < network.parameter_count() {
                    return format!("{}[{k}]", network.name());
                }
                k -= network.parameter_count();
            }
            format!("[{k}]")
        };
        match variable {
            Variable::H0(i) => format!("{}(start)", self.states[i].name),
            Variable::Theta(k) => match self.symbols.get(k) {
                Some(parameter) => parameter.clone(),
                None => weight(k - self.symbols.len()),
            },
            Variable::T0 => "start".into(),
            Variable::T1 => "end".into(),
            Variable::Save(i) => format!("measurement {}", i + 1),
        }
    }

    /// Why the loss at θ is not finite, as far as a measurement shows it.
    pub(crate) fn not_finite(&self, objective: &mut Objective, theta: &[f64]) -> Error {
        let mut text = format!(
            "{}: the loss is not finite at these values",
            self.path().display()
        );
        if let Some(where_) = objective.unusable(self, theta) {
            text += &format!(": {where_}");
            if !self.has_likelihood()
                && self.fit.loss == costate_neural_ode::train::loss::Loss::LogSquares
            {
                text += "; the loss log-squares needs positive predictions";
            }
        }
        Error::Numerical(text)
    }
}
