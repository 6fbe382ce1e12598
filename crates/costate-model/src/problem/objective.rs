//! The loss of all measurements along one solution, with its gradient or as residuals with their Jacobian.

use costate_neural_ode::audit::Audit;
use costate_neural_ode::gradient::{self, Stats};
use costate_neural_ode::{Forward, GradientMethod, Problem, Saved};

use super::measurements::Measurements;
use super::observer::Observer;
use super::penalties::Penalties;
use crate::error::{Error, Result};
use crate::field::{self, Field, Layout, Map};
use crate::model::Model;

/// The loss as a function of θ (see [`crate::field`]): the measurements' part, and penalties.
pub(crate) struct Objective {
    measurements: Measurements,
    observer: Observer,
    boundary: Map,
    /// The penalty of each part of θ: where it begins and ends, and its factor.
    penalties: Penalties,
    method: Box<dyn GradientMethod<f64, f64>>,
    forward: Option<Forward<f64, Vec<f64>, Field>>,
    states: usize,
}

/// The loss and everything it depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    pub(crate) loss: f64,
    /// ∂L/∂θ, through initial values and end points of time too.
    pub(crate) theta: Vec<f64>,
    /// ∂L/∂h₀, ∂L/∂t₀, ∂L/∂t₁ with θ held.
    pub(crate) h0: Vec<f64>,
    pub(crate) t0: f64,
    pub(crate) t1: f64,
    /// ∂L/∂(each time of a measurement).
    pub(crate) save: Vec<f64>,
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
    pub(crate) fn new(model: &Model, measurements: Measurements) -> Result<Self> {
        let field = field::compile(model, Layout::Single)?;
        let options = model.options(&field, 1);
        let like = vec![0.0; model.states.len()];
        let name = super::gradient_name(&model.fit.gradient);
        let method = gradient::by_name(name, field, &like, model.tableau()?, options);
        Ok(Objective {
            measurements,
            observer: Observer::new(model)?,
            boundary: Map::new(&field::boundary(model)?)?,
            penalties: Penalties::new(model),
            method: method.map_err(|error| Error::Argument(error.to_string()))?,
            forward: None,
            states: model.states.len(),
        })
    }

    pub(crate) fn measurements(&self) -> &Measurements {
        &self.measurements
    }

    /// Leaves out everything but the measurements.
    pub(crate) fn without_penalties(&mut self) {
        self.penalties = Penalties::none();
    }

    /// h₀, t₀ and t₁ at θ.
    fn begin(&mut self, theta: &[f64]) -> (Vec<f64>, f64, f64) {
        self.observer.set_parameters(theta);
        self.boundary.set_parameters(theta);
        let mut boundary = vec![0.0; self.states + 2];
        self.boundary
            .eval(0, &vec![0.0; self.states], 0.0, &mut boundary);
        let t1 = boundary.pop().unwrap_or(0.0);
        let t0 = boundary.pop().unwrap_or(0.0);
        (boundary, t0, t1)
    }

    /// The loss and its gradient at θ.
    ///
    /// # Errors
    /// The solver's, if the solution cannot go on.
    pub(crate) fn evaluate(
        &mut self,
        theta: &[f64],
    ) -> Result<Evaluation, costate_neural_ode::Error> {
        let (h0, t0, t1) = self.begin(theta);
        let Objective {
            measurements,
            observer,
            method,
            ..
        } = self;
        // What the loss depends on beside the states; a method that asks again elsewhere asks first at the solution itself.
        let mut direct: Option<(Vec<f64>, Vec<f64>)> = None;
        let problem = Problem {
            h0: &h0,
            theta,
            t0,
            t1,
            save_at: &measurements.times,
        };
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            let mut a_time = vec![0.0; measurements.times.len()];
            let total = score(measurements, observer, saved, cotangents, &mut a_time);
            let mut a_theta = vec![0.0; theta.len()];
            observer.finish(&mut a_theta);
            direct.get_or_insert((a_theta, a_time));
            total
        };
        let found = method.gradient(&problem, &mut loss)?;
        let (a_theta, a_time) = direct.unwrap_or_default();
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect();
        let mut evaluation = Evaluation {
            loss: found.loss,
            theta: sum(&found.theta, &a_theta),
            h0: found.h0.clone(),
            t0: found.t0,
            t1: found.t1,
            save: sum(&found.save, &a_time),
            stats: found.stats,
        };
        let along: Vec<f64> = [evaluation.h0.as_slice(), &[evaluation.t0, evaluation.t1]].concat();
        self.boundary
            .products(0, &along, &mut vec![0.0; self.states]);
        self.boundary.finish(&mut evaluation.theta);
        evaluation.loss += self.penalties.add(theta, &mut evaluation.theta);
        Ok(evaluation)
    }

    /// The gradient through the solution by every method, compared with each other and with differences.
    ///
    /// # Errors
    /// If the solution cannot go on.
    pub(crate) fn audit(&mut self, model: &Model, theta: &[f64]) -> Result<Audit> {
        let (h0, t0, t1) = self.begin(theta);
        let field = field::compile(model, Layout::Single)?;
        let options = model.options(&field, 1);
        let Objective {
            measurements,
            observer,
            ..
        } = self;
        let problem = Problem {
            h0: &h0,
            theta,
            t0,
            t1,
            save_at: &measurements.times,
        };
        let mut a_time = vec![0.0; measurements.times.len()];
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            score(measurements, observer, saved, cotangents, &mut a_time)
        };
        let like = vec![0.0; model.states.len()];
        Audit::new(
            &field,
            &like,
            model.tableau()?,
            &options,
            &problem,
            &mut loss,
        )
        .map_err(|error| model.failed(&error))
    }

    /// The residuals and their Jacobian at θ, for a loss of squares.
    ///
    /// # Errors
    /// The solver's, if the solution cannot go on.
    pub(crate) fn residuals(&mut self, model: &Model, theta: &[f64]) -> Result<Residuals> {
        if self.forward.is_none() {
            let field = field::compile(model, Layout::Single)?;
            let options = model.options(&field, 1);
            let like = vec![0.0; self.states];
            let forward = Forward::new(field, &like, model.tableau()?, options);
            self.forward = Some(forward.map_err(|error| Error::Argument(error.to_string()))?);
        }
        let (h0, t0, t1) = self.begin(theta);
        let boundary = self.boundary_jacobian(theta.len());
        let (n, p) = (self.states, theta.len());
        let forward = self.forward.as_mut().expect("made above");
        let problem = Problem {
            h0: &h0,
            theta,
            t0,
            t1,
            save_at: &self.measurements.times,
        };
        let (saved, sensitivities) = forward
            .solve(&problem)
            .map_err(|error| model.failed(&error))?;
        let mut residuals = Residuals::default();
        let (mut g_h, mut g_theta) = (vec![0.0; n], vec![0.0; p]);
        let mut from = 0;
        for (i, &t) in self.measurements.times.iter().enumerate() {
            let h = saved.state(i);
            for point in self.measurements.at(i, &mut from) {
                let value = self.observer.values(h, t)[point.observable];
                let (residual, slope) = model
                    .fit
                    .loss
                    .residual(value, point.value)
                    .unwrap_or((f64::NAN, f64::NAN));
                residuals.values.push(residual);
                self.observer
                    .row(point.observable, h, t, &mut g_h, &mut g_theta);
                let along =
                    |column: &[f64]| g_h.iter().zip(column).map(|(g, s)| g * s).sum::<f64>();
                // ∂/∂h₀ and ∂/∂(t₀, t₁), which depend on θ by the boundary.
                let by_boundary: Vec<f64> = (0..n)
                    .map(|j| along(sensitivities.h0(i, j)))
                    .chain([along(sensitivities.t0(i)), along(sensitivities.t1(i))])
                    .collect();
                for k in 0..p {
                    let through: f64 = by_boundary
                        .iter()
                        .enumerate()
                        .map(|(b, by)| by * boundary[b * p + k])
                        .sum();
                    let total = g_theta[k] + along(sensitivities.theta(i, k)) + through;
                    residuals.jacobian.push(slope * total);
                }
            }
        }
        let Residuals { values, jacobian } = &mut residuals;
        self.penalties.residuals(theta, values, jacobian);
        Ok(residuals)
    }

    /// ∂(h₀, t₀, t₁)/∂θ, row by row.
    fn boundary_jacobian(&mut self, parameters: usize) -> Vec<f64> {
        let rows = self.states + 2;
        let mut jacobian = vec![0.0; rows * parameters];
        let (mut unit, mut spare) = (vec![0.0; rows], vec![0.0; self.states]);
        for (i, row) in jacobian.chunks_exact_mut(parameters.max(1)).enumerate() {
            unit.fill(0.0);
            unit[i] = 1.0;
            self.boundary.products(0, &unit, &mut spare);
            self.boundary.finish(row);
        }
        jacobian
    }

    /// The first measurement whose loss is not finite at the states of this solution, told with names.
    pub(crate) fn unusable(&mut self, model: &Model, theta: &[f64]) -> Option<String> {
        self.begin(theta);
        let solution = model
            .solve(&crate::Save::At(self.measurements.times.clone()))
            .ok()?;
        let mut from = 0;
        for (i, &t) in self.measurements.times.iter().enumerate() {
            self.observer.values(solution.row(i), t);
            for point in self.measurements.at(i, &mut from) {
                if !self.observer.compare(point).0.is_finite() {
                    let name = &model.observables[point.observable].name;
                    let value = self.observer.value(point.observable);
                    return Some(format!("observable {name} at t = {t} is {value}"));
                }
            }
        }
        None
    }
}

/// The loss of all measurements at the saved states, with its derivatives by these and by the times of the measurements.
fn score(
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
        let columns = Columns {
            time: "t",
            observables: &names,
            bars: &[],
            all: true,
            used: None,
            direction: 1.0,
        };
        let text = "t,a,b\n0.5,1.6,\n1.1,1.5,2.9\n2.6,,2.2\n2.7,1.0,2.0\n";
        let data = Data::parse(std::path::Path::new("none.csv"), text, &columns).unwrap();
        let measurements = Measurements::new(&model, &data, true).unwrap();
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
