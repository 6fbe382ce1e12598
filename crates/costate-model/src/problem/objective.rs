//! The loss of all measurements along the solutions of all experiments, with its gradient or as residuals with their Jacobian.

use costate_neural_ode::gradient::{self, Stats};
use costate_neural_ode::{Forward, GradientMethod, Saved};
use costate_ode::Method;

use super::measurements::Measurements;
use super::observer::Observer;
use super::part::Part;
use super::penalties::Penalties;
use super::stopped::Stopped;
use crate::error::{Error, Result};
use crate::field::{self, Field, Layout};
use crate::model::Model;

/// The loss as a function of θ (see [`crate::condition`]): the measurements' part, experiment by experiment, and penalties.
pub(crate) struct Objective {
    parts: Vec<Part>,
    observer: Observer,
    /// The penalty of each part of θ: where it begins and ends, and its factor.
    penalties: Penalties,
    /// For experiments in which nothing happens on the way.
    method: Option<Box<dyn GradientMethod<f64, f64>>>,
    /// What the solutions are computed by.
    solver: Method,
    forward: Option<Forward<f64, Vec<f64>, Field>>,
    states: usize,
    /// The latest residuals, and the θ they are of: the end of a fit asks for the same ones several times.
    residuals: Option<(Vec<f64>, Residuals)>,
}

/// The loss and everything it depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    pub(crate) loss: f64,
    /// ∂L/∂θ, through initial values and end points of time too.
    pub(crate) theta: Vec<f64>,
    /// ∂L/∂h₀ with θ held, where the experiment begins as the model does.
    pub(crate) h0: Vec<f64>,
    /// ∂L/∂t₀, ∂L/∂t₁ with θ held.
    pub(crate) t0: f64,
    pub(crate) t1: f64,
    /// ∂L/∂(each time of a measurement), experiment by experiment.
    pub(crate) save: Vec<f64>,
    /// The events of the file that happened: the time and ∂L/∂(the time) of each, experiment by experiment.
    pub(crate) events: Vec<(f64, f64)>,
    pub(crate) stats: Stats,
}

/// Residuals r with Σ r² = L, and ∂r/∂θ row by row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Residuals {
    pub(crate) values: Vec<f64>,
    pub(crate) jacobian: Vec<f64>,
}

impl Objective {
    /// # Errors
    /// If there is nothing to compare with, or the solver refuses its settings.
    pub(crate) fn new(model: &Model, measurements: Vec<(usize, Measurements)>) -> Result<Self> {
        let name = super::gradient_name(&model.fit.gradient);
        let solver = model.gradient_solver();
        let part = |(condition, measurements)| Part::new(model, solver, condition, measurements);
        let parts: Vec<Part> = measurements.into_iter().map(part).collect::<Result<_>>()?;
        let mut method = None;
        if parts.iter().any(|part| !part.has_arcs()) {
            let field = field::compile(model, Layout::Single)?;
            let options = model.options(&field, 1);
            let like = vec![0.0; model.states.len()];
            let made = gradient::by_name(name, field, &like, solver, options);
            method = Some(made.map_err(|error| model.refused(&error))?);
        }
        Ok(Objective {
            parts,
            observer: Observer::new(model)?,
            penalties: Penalties::new(model),
            method,
            solver,
            forward: None,
            residuals: None,
            states: model.states.len(),
        })
    }

    /// The measurements of each experiment.
    pub(crate) fn measurements(&self) -> Vec<(usize, Measurements)> {
        let of = |part: &Part| (part.condition, part.measurements.clone());
        self.parts.iter().map(of).collect()
    }

    /// What the solutions are computed by.
    pub(crate) fn solver(&self) -> Method {
        self.solver
    }

    /// Whether residuals cost a gradient each, and are so many that it is too much.
    pub(crate) fn has_costly_residuals(&self) -> bool {
        const MANY: usize = 300;
        let each = self.solver.tableau().is_none() || self.parts.iter().any(Part::has_arcs);
        each && self.count() > MANY
    }

    /// The number of measurements.
    pub(crate) fn count(&self) -> usize {
        let counts = self.parts.iter().map(|part| part.measurements.points.len());
        counts.sum()
    }

    /// Leaves out everything but the measurements.
    pub(crate) fn without_penalties(&mut self) {
        self.penalties = Penalties::none();
    }

    /// The loss and its gradient at θ.
    ///
    /// # Errors
    /// The solver's, if a solution cannot go on.
    pub(crate) fn evaluate(&mut self, theta: &[f64]) -> Result<Evaluation, Stopped> {
        let mut total = Evaluation {
            theta: vec![0.0; theta.len()],
            h0: vec![0.0; self.states],
            ..Evaluation::default()
        };
        for part in &mut self.parts {
            let gradient = part.gradient(theta, &mut self.observer, &mut self.method);
            let found = gradient.map_err(|why| Stopped {
                condition: part.condition,
                why,
            })?;
            total.loss += found.loss;
            total.t0 += found.t0;
            total.t1 += found.t1;
            total.save.extend(&found.save);
            total.events.extend(&found.events);
            add(&mut total.stats.forward, &found.stats.forward);
            add(&mut total.stats.backward, &found.stats.backward);
            total.stats.products += found.stats.products;
            let sum = total.theta.iter_mut().zip(&found.theta);
            sum.for_each(|(sum, part)| *sum += part);
            for (i, g) in found.h0.iter().enumerate() {
                total.h0[i] += if part.begins_elsewhere(i) { 0.0 } else { *g };
            }
        }
        total.loss += self.penalties.add(theta, &mut total.theta);
        Ok(total)
    }

    /// The residuals and their Jacobian at θ, for a loss of squares.
    ///
    /// # Errors
    /// The solver's, if a solution cannot go on.
    pub(crate) fn residuals(&mut self, model: &Model, theta: &[f64]) -> Result<&Residuals> {
        let residuals = match self.residuals.take() {
            Some((at, known)) if at == theta => known,
            _ => self.residuals_at(model, theta)?,
        };
        let kept = self.residuals.insert((theta.to_vec(), residuals));
        Ok(&kept.1)
    }

    fn residuals_at(&mut self, model: &Model, theta: &[f64]) -> Result<Residuals> {
        let plain = self.parts.iter().any(|part| !part.has_arcs());
        if let (None, true, Some(tableau)) = (&self.forward, plain, self.solver.tableau()) {
            let field = field::compile(model, Layout::Single)?;
            let options = model.options(&field, 1);
            let like = vec![0.0; self.states];
            let forward = Forward::new(field, &like, tableau, options);
            self.forward = Some(forward.map_err(|error| Error::Argument(error.to_string()))?);
        }
        let mut residuals = Residuals::default();
        for part in &mut self.parts {
            let (loss, observer) = (model.fit.loss, &mut self.observer);
            let done = match &mut self.forward {
                Some(forward) if !part.has_arcs() => {
                    part.residuals(theta, loss, observer, forward, &mut residuals)
                }
                _ => {
                    let method = &mut self.method;
                    part.residual_rows(theta, loss, observer, method, &mut residuals)
                }
            };
            done.map_err(|why| {
                let condition = part.condition;
                model.failed(&Stopped { condition, why })
            })?;
        }
        let Residuals { values, jacobian } = &mut residuals;
        self.penalties.residuals(theta, values, jacobian);
        Ok(residuals)
    }

    /// The gradient through each experiment's solution by every method, compared with each other and with differences.
    ///
    /// # Errors
    /// If a solution cannot go on.
    pub(crate) fn audits(
        &mut self,
        model: &Model,
        theta: &[f64],
    ) -> Result<Vec<(usize, costate_neural_ode::audit::Audit)>> {
        let mut audits = Vec::new();
        for part in &mut self.parts {
            audits.push((
                part.condition,
                part.audit(model, self.solver, theta, &mut self.observer)?,
            ));
        }
        Ok(audits)
    }

    /// The first measurement whose loss is not finite at the states of its solution, told with names.
    pub(crate) fn unusable(&mut self, model: &Model, theta: &[f64]) -> Option<String> {
        let mut parts = self.parts.iter_mut();
        parts.find_map(|part| part.unusable(model, theta, &mut self.observer))
    }
}

pub(super) fn add(total: &mut costate_ode::Stats, part: &costate_ode::Stats) {
    total.steps += part.steps;
    total.accepted += part.accepted;
    total.rejected += part.rejected;
    total.nfe += part.nfe;
    total.jacobians += part.jacobians;
    total.factorisations += part.factorisations;
    total.solves += part.solves;
}

/// The loss of all measurements at the saved states, with its derivatives by these and by the times of the measurements.
pub(super) fn score(
    measurements: &Measurements,
    observer: &mut Observer,
    saved: &Saved<f64>,
    cotangents: &mut Saved<f64>,
    a_time: &mut [f64],
) -> f64 {
    let (mut total, mut from) = (0.0, 0);
    for (i, &t) in measurements.times.iter().enumerate() {
        let points = measurements.at(i, &mut from);
        let (loss, a_t) = observer.score(points, 1.0, saved.state(i), t, cotangents.state_mut(i));
        total += loss;
        a_time[i] = a_t;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Columns, Data};

    const MODEL: &str = r#"
[states]
x = "x0 * k"
y = 0.6
[parameters]
x0 = 1.7
k = 0.9
[networks.rest]
inputs = ["x"]
outputs = ["u"]
hidden = [2]
l2 = 0.03
[equations]
x = "-k * x * cos(t) + u"
y = "k * x - y^2"
[time]
start = "0.2 * k"
end = "3.2 * k"
[solver]
rtol = 1e-9
atol = 1e-11
[observables]
a = { is = "x + k * t" }
b = { is = "exp(y)" }
[data]
file = "none.csv"
time = "t"
[fit]
loss = "log-squares"
"#;

    fn objective() -> (Model, Objective) {
        let mut model = Model::parse(MODEL, "m.toml").unwrap();
        let weights = model.networks[0].weights.iter_mut().enumerate();
        weights.for_each(|(i, weight)| *weight = 0.5 * (1.0 + 1.7 * i as f64).sin());
        let names = ["a".to_owned(), "b".to_owned()];
        let columns = Columns::wide("t", &names);
        let text = "t,a,b\n0.5,1.6,\n1.1,1.5,2.9\n2.6,,2.2\n2.7,1.0,2.0\n";
        let data = Data::parse(std::path::Path::new("none.csv"), text, &columns).unwrap();
        let measurements = Measurements::all(&model, &data, true).unwrap();
        let objective = Objective::new(&model, measurements).unwrap();
        (model, objective)
    }

    #[test]
    fn residuals_add_up_to_the_loss_and_their_jacobian_to_its_gradient() {
        let (model, mut objective) = objective();
        let theta = model.theta();
        let found = objective.evaluate(&theta).unwrap();
        let residuals = objective.residuals(&model, &theta).unwrap();
        let total: f64 = residuals.values.iter().map(|r| r * r).sum();
        assert!((total / found.loss - 1.0).abs() < 1e-12);
        for k in 0..theta.len() {
            let rows = residuals
                .values
                .iter()
                .zip(residuals.jacobian.chunks_exact(theta.len()));
            let gradient: f64 = rows.map(|(r, row)| 2.0 * r * row[k]).sum();
            let expected = found.theta[k];
            assert!(
                (gradient - expected).abs() < 1e-9 * (1.0 + expected.abs()),
                "{k}: {gradient} {expected}"
            );
            assert!(
                expected.abs() > 1e-6,
                "component {k} is {expected}: it tests nothing"
            );
        }
    }
}
