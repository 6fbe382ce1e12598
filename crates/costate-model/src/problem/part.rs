//! One experiment's part of the loss.

use costate_neural_ode::audit::Audit;
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::{Error as SolverError, Forward, GradientMethod, Problem, Saved};

use super::measurements::Measurements;
use super::objective::{Evaluation, Residuals, Stopped, score};
use super::observer::Observer;
use crate::condition::Pull;
use crate::error::Result;
use crate::field::{self, Field, Layout, Map};
use crate::model::Model;

/// The measurements of one experiment, and how its solution depends on θ.
pub(crate) struct Part {
    pub(crate) condition: usize,
    pub(crate) measurements: Measurements,
    pull: Pull,
    boundary: Map,
    /// The states that begin with a value of their own in this experiment.
    elsewhere: Vec<usize>,
    states: usize,
}

/// Where a solution begins and ends, and what its formulas see.
struct Begin {
    phi: Vec<f64>,
    h0: Vec<f64>,
    t0: f64,
    t1: f64,
}

impl Begin {
    fn problem<'a>(&'a self, measurements: &'a Measurements) -> Problem<'a, f64, f64> {
        Problem {
            h0: &self.h0,
            theta: &self.phi,
            t0: self.t0,
            t1: self.t1,
            save_at: &measurements.times,
        }
    }
}

impl Part {
    pub(crate) fn new(model: &Model, condition: usize, measurements: Measurements) -> Result<Self> {
        let model = model.under(condition);
        let elsewhere = model.condition().initial.iter().map(|(i, _)| *i);
        Ok(Part {
            condition,
            measurements,
            pull: Pull::new(&model)?,
            boundary: Map::new(&field::boundary(&model)?)?,
            elsewhere: elsewhere.collect(),
            states: model.states.len(),
        })
    }

    pub(crate) fn begins_elsewhere(&self, state: usize) -> bool {
        self.elsewhere.contains(&state)
    }

    fn begin(&mut self, theta: &[f64], observer: &mut Observer) -> Begin {
        let phi = self.pull.push(theta);
        observer.set_parameters(&phi);
        self.boundary.set_parameters(&phi);
        let mut boundary = vec![0.0; self.states + 2];
        self.boundary
            .eval(0, &vec![0.0; self.states], 0.0, &mut boundary);
        let t1 = boundary.pop().unwrap_or(0.0);
        let t0 = boundary.pop().unwrap_or(0.0);
        Begin {
            phi,
            h0: boundary,
            t0,
            t1,
        }
    }

    /// The loss of this experiment's measurements and its gradient at θ.
    pub(crate) fn gradient(
        &mut self,
        theta: &[f64],
        observer: &mut Observer,
        method: &mut dyn GradientMethod<f64, f64>,
    ) -> Result<Evaluation, SolverError> {
        let begin = self.begin(theta, observer);
        let measurements = &self.measurements;
        // What the loss depends on beside the states; a method that asks again elsewhere asks first at the solution itself.
        let mut direct: Option<(Vec<f64>, Vec<f64>)> = None;
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            let mut a_time = vec![0.0; measurements.times.len()];
            let total = score(measurements, observer, saved, cotangents, &mut a_time);
            let mut a_phi = vec![0.0; begin.phi.len()];
            observer.finish(&mut a_phi);
            direct.get_or_insert((a_phi, a_time));
            total
        };
        let found = method.gradient(&begin.problem(measurements), &mut loss)?;
        let (a_phi, a_time) = direct.unwrap_or_default();
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect();
        let mut by_phi: Vec<f64> = sum(&found.theta, &a_phi);
        let along: Vec<f64> = [found.h0.as_slice(), &[found.t0, found.t1]].concat();
        self.boundary
            .products(0, &along, &mut vec![0.0; self.states]);
        self.boundary.finish(&mut by_phi);
        let mut evaluation = Evaluation {
            loss: found.loss,
            theta: vec![0.0; theta.len()],
            h0: found.h0.clone(),
            t0: found.t0,
            t1: found.t1,
            save: sum(&found.save, &a_time),
            stats: found.stats,
        };
        self.pull.back(&by_phi, &mut evaluation.theta);
        Ok(evaluation)
    }

    /// The gradient through the solution by every method, compared with each other and with differences.
    pub(crate) fn audit(
        &mut self,
        model: &Model,
        theta: &[f64],
        observer: &mut Observer,
    ) -> Result<Audit> {
        let begin = self.begin(theta, observer);
        let field = field::compile(model, Layout::Single)?;
        let options = model.options(&field, 1);
        let measurements = &self.measurements;
        let mut a_time = vec![0.0; measurements.times.len()];
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            score(measurements, observer, saved, cotangents, &mut a_time)
        };
        let like = vec![0.0; model.states.len()];
        let problem = begin.problem(measurements);
        let audit = Audit::new(
            &field,
            &like,
            model.tableau()?,
            &options,
            &problem,
            &mut loss,
        );
        audit.map_err(|error| {
            let condition = self.condition;
            model.failed(&Stopped { condition, error })
        })
    }

    /// The residuals of this experiment's measurements and their Jacobian by θ, added to `residuals`.
    pub(crate) fn residuals(
        &mut self,
        theta: &[f64],
        loss: Loss,
        observer: &mut Observer,
        forward: &mut Forward<f64, Vec<f64>, Field>,
        residuals: &mut Residuals,
    ) -> Result<(), SolverError> {
        let begin = self.begin(theta, observer);
        let (n, p) = (self.states, begin.phi.len());
        let boundary = self.boundary_jacobian(p);
        let (saved, sensitivities) = forward.solve(&begin.problem(&self.measurements))?;
        let (mut g_h, mut g_phi) = (vec![0.0; n], vec![0.0; p]);
        let mut from = 0;
        for (i, &t) in self.measurements.times.iter().enumerate() {
            let h = saved.state(i);
            for point in self.measurements.at(i, &mut from) {
                let value = observer.values(h, t)[point.observable];
                let (residual, slope) = loss
                    .residual(value, point.value)
                    .unwrap_or((f64::NAN, f64::NAN));
                residuals.values.push(residual);
                observer.row(point.observable, h, t, &mut g_h, &mut g_phi);
                let along =
                    |column: &[f64]| g_h.iter().zip(column).map(|(g, s)| g * s).sum::<f64>();
                // ∂/∂h₀ and ∂/∂(t₀, t₁), which depend on φ by the boundary.
                let by_boundary: Vec<f64> = (0..n)
                    .map(|j| along(sensitivities.h0(i, j)))
                    .chain([along(sensitivities.t0(i)), along(sensitivities.t1(i))])
                    .collect();
                let by_phi = (0..p).map(|k| {
                    let through = by_boundary.iter().enumerate();
                    let through = through.map(|(b, by)| by * boundary[b * p + k]);
                    slope * (g_phi[k] + along(sensitivities.theta(i, k)) + through.sum::<f64>())
                });
                let by_phi: Vec<f64> = by_phi.collect();
                let mut row = vec![0.0; theta.len()];
                self.pull.back(&by_phi, &mut row);
                residuals.jacobian.extend(row);
            }
        }
        Ok(())
    }

    /// ∂(h₀, t₀, t₁)/∂φ, row by row.
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

    /// The first measurement whose loss is not finite at the states of the solution, told with names.
    pub(crate) fn unusable(
        &mut self,
        model: &Model,
        theta: &[f64],
        observer: &mut Observer,
    ) -> Option<String> {
        self.begin(theta, observer);
        let mut model = model.under(self.condition);
        model.set_theta(theta);
        let solution = model
            .solve(&crate::Save::At(self.measurements.times.clone()))
            .ok()?;
        let mut from = 0;
        for (i, &t) in self.measurements.times.iter().enumerate() {
            observer.values(solution.row(i), t);
            for point in self.measurements.at(i, &mut from) {
                if !observer.compare(point).0.is_finite() {
                    let name = &model.observables[point.observable].name;
                    let value = observer.value(point.observable);
                    let within = model.within();
                    return Some(format!("observable {name} at t = {t}{within} is {value}"));
                }
            }
        }
        None
    }
}
