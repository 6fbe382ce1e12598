//! One experiment's part of the loss.

use costate_neural_ode::audit::Audit;
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::{Forward, GradientMethod, Problem, Saved};
use costate_ode::Method as Solver;

use super::measurements::Measurements;
use super::objective::{Evaluation, Residuals, score};
use super::observer::Observer;
use super::stopped::{Stopped, Why};
use crate::condition::Pull;
use crate::error::Result;
use crate::field::{self, Field, Layout, Map};
use crate::hybrid::{Arcs, differences};
use crate::model::Model;

/// The gradient method for plain solutions, where there are such.
type Method = Option<Box<dyn GradientMethod<f64, f64>>>;

/// The measurements of one experiment, and how its solution depends on θ.
pub(crate) struct Part {
    pub(crate) condition: usize,
    pub(crate) measurements: Measurements,
    pull: Pull,
    boundary: Map,
    /// Where something happens on the way.
    arcs: Option<Arcs>,
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
    pub(crate) fn new(
        model: &Model,
        solver: Solver,
        condition: usize,
        measurements: Measurements,
    ) -> Result<Self> {
        let model = model.under(condition);
        let name = super::gradient_name(&model.fit.gradient);
        let arcs = match model.is_hybrid() {
            true => Some(Arcs::new(&model, name, solver)?),
            false => None,
        };
        let elsewhere = model.condition().initial.iter().map(|(i, _)| *i);
        Ok(Part {
            condition,
            measurements,
            pull: Pull::new(&model)?,
            boundary: Map::new(&model, &field::boundary(&model)?)?,
            elsewhere: elsewhere.collect(),
            arcs,
            states: model.states.len(),
        })
    }

    pub(crate) fn has_arcs(&self) -> bool {
        self.arcs.is_some()
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
        method: &mut Method,
    ) -> Result<Evaluation, Why> {
        let count = self.measurements.times.len();
        self.through(
            theta,
            observer,
            method,
            |measurements, observer, saved, cotangents| {
                let mut a_time = vec![0.0; count];
                let total = score(measurements, observer, saved, cotangents, &mut a_time);
                (total, a_time)
            },
        )
    }

    /// The gradient of a loss of this experiment's saved states, which may depend on φ through the observer and on the times of the
    /// measurements by what it returns beside its value.
    fn through(
        &mut self,
        theta: &[f64],
        observer: &mut Observer,
        method: &mut Method,
        score: impl Fn(&Measurements, &mut Observer, &Saved<f64>, &mut Saved<f64>) -> (f64, Vec<f64>),
    ) -> Result<Evaluation, Why> {
        let begin = self.begin(theta, observer);
        let measurements = &self.measurements;
        // What the loss depends on beside the states; a method that asks again elsewhere asks first at the solution itself.
        let mut direct: Option<(Vec<f64>, Vec<f64>)> = None;
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            let (total, a_time) = score(measurements, observer, saved, cotangents);
            let mut a_phi = vec![0.0; begin.phi.len()];
            observer.finish(&mut a_phi);
            direct.get_or_insert((a_phi, a_time));
            total
        };
        let problem = begin.problem(measurements);
        let mut events = Vec::new();
        let found = match &mut self.arcs {
            None => {
                let method = method
                    .as_mut()
                    .expect("made where nothing happens on the way");
                method.gradient(&problem, &mut loss)?.clone()
            }
            Some(arcs) => {
                let found = arcs.gradient(&problem, &mut loss)?.clone();
                events.extend(
                    arcs.events()
                        .iter()
                        .map(|(_, t, derivative)| (*t, *derivative)),
                );
                found
            }
        };
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
            events,
            stats: found.stats,
        };
        self.pull.back(&by_phi, &mut evaluation.theta);
        Ok(evaluation)
    }

    /// The residuals and their Jacobian, each row by a gradient of its own: for solvers and chains of arcs that have no forward
    /// sensitivities.
    pub(crate) fn residual_rows(
        &mut self,
        theta: &[f64],
        loss: Loss,
        observer: &mut Observer,
        method: &mut Method,
        residuals: &mut Residuals,
    ) -> Result<(), Why> {
        let (n, times) = (self.states, self.measurements.times.len());
        for j in 0..self.measurements.points.len() {
            let point = self.measurements.points[j];
            let t = self.measurements.times[point.time];
            let row = self.through(theta, observer, method, |_, observer, saved, cotangents| {
                let h = saved.state(point.time);
                let value = observer.values(h, t)[point.observable];
                let (residual, slope) = loss
                    .residual(value, point.value)
                    .unwrap_or((f64::NAN, f64::NAN));
                let mut g_h = vec![0.0; h.len()];
                observer.slope(point.observable, slope, &mut g_h);
                cotangents.state_mut(point.time)[..n].copy_from_slice(&g_h[..n]);
                (residual, vec![0.0; times])
            })?;
            residuals.values.push(row.loss);
            residuals.jacobian.extend(row.theta);
        }
        Ok(())
    }

    /// The gradient through the solution by every method, compared with each other and with differences.
    pub(crate) fn audit(
        &mut self,
        model: &Model,
        solver: Solver,
        theta: &[f64],
        observer: &mut Observer,
    ) -> Result<Audit> {
        let begin = self.begin(theta, observer);
        let measurements = &self.measurements;
        let mut a_time = vec![0.0; measurements.times.len()];
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            score(measurements, observer, saved, cotangents, &mut a_time)
        };
        let problem = begin.problem(measurements);
        if self.arcs.is_some() {
            let model = model.under(self.condition);
            return audit_arcs(&model, solver, &problem, &mut loss);
        }
        let field = field::compile(model, Layout::Single)?;
        let options = model.options(&field, 1);
        let like = vec![0.0; model.states.len()];
        let audit = Audit::new(&field, &like, solver, &options, &problem, &mut loss);
        audit.map_err(|error| {
            model.failed(&Stopped {
                condition: self.condition,
                why: Why::Solver(error),
            })
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
    ) -> Result<(), Why> {
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

/// The gradient along arcs by every method, compared with differences of whole solutions at finer tolerances.
fn audit_arcs(
    model: &Model,
    solver: Solver,
    problem: &Problem<'_, f64, f64>,
    loss: &mut dyn FnMut(&Saved<f64>, &mut Saved<f64>) -> f64,
) -> Result<Audit> {
    let mut finer = model.clone();
    finer.solver.rtol = (1e-3 * model.solver.rtol).max(1e-13);
    for state in &mut finer.states {
        state.atol *= 1e-3;
    }
    let failed = |why| {
        model.failed(&Stopped {
            condition: model.selected,
            why,
        })
    };
    let exact = super::gradient_name("auto");
    let mut arcs = Arcs::new(&finer, exact, solver)?;
    let rtol = model.solver.rtol;
    let (slopes, unsure) = differences(&mut arcs, problem, loss, rtol).map_err(failed)?;
    let atol = model.states.iter().map(|state| state.atol);
    let tolerance = atol.fold(rtol, f64::max);
    let mut refused = None;
    let mut make = |name: &str| match Arcs::by_name(model, name, solver) {
        Ok(made) => made.map(|arcs| Box::new(arcs) as Box<dyn GradientMethod<f64, f64>>),
        Err(error) => {
            refused = Some(error);
            Err(costate_neural_ode::Error::UnknownMethod {
                name: name.to_owned(),
                known: String::new(),
            })
        }
    };
    let audit = Audit::of(problem, loss, (&slopes, &unsure), tolerance, &mut make);
    match refused {
        Some(error) => Err(error),
        None => Ok(audit),
    }
}
