//! One experiment's part of the loss.

mod audit;
mod columns;
mod march;
mod nearby;
mod residuals;
mod stretch;

use costate_neural_ode::{GradientMethod, Saved};
use costate_ode::Method as Solver;

use super::measurements::Measurements;
use super::objective::Evaluation;
use super::observer::Observer;
use super::stopped::Why;
use crate::condition::Pull;
use crate::error::Result;
use crate::field;
use crate::hybrid::Arcs;
use crate::model::Model;
use crate::start::Start;
pub(crate) use columns::sizes;
use nearby::Nearby;
use stretch::Begin;
pub(crate) use stretch::Stretch;

/// The gradient method for plain solutions, where there are such.
type Method = Option<Box<dyn GradientMethod<f64, f64>>>;

/// The measurements of one experiment, and how its solution depends on θ.
pub(crate) struct Part {
    pub(crate) condition: usize,
    pub(crate) measurements: Measurements,
    /// One for the whole solution, or several that are to meet.
    stretches: Vec<Stretch>,
    /// The factor of each state's squared gap where two stretches meet.
    pub(crate) gap_weights: Vec<f64>,
    pull: Pull,
    start: Start,
    /// Where something happens on the way.
    arcs: Option<Arcs>,
    /// Solutions alone, once differences of them are asked for.
    nearby: Option<Nearby>,
    /// The states that begin with a value of their own in this experiment.
    elsewhere: Vec<usize>,
    states: usize,
    /// The components of θ that are the model's; starts of stretches follow.
    own: usize,
}

/// What a loss is taken of: the solution along a stretch, and the state that it is to meet.
struct Scene<'a> {
    stretch: &'a Stretch,
    measurements: &'a Measurements,
    next: &'a [f64],
    gap_weights: &'a [f64],
}

impl Scene<'_> {
    /// The loss of the measurements, and of the gap at the end.
    fn score(
        &self,
        observer: &mut Observer,
        saved: &Saved<f64>,
        cotangents: &mut Saved<f64>,
    ) -> (f64, Direct) {
        let mut direct = Direct {
            by_time: vec![0.0; saved.len()],
            by_next: vec![0.0; self.next.len()],
        };
        let (measurements, times) = (self.measurements, &mut direct.by_time);
        let mut total = self
            .stretch
            .score(measurements, observer, saved, cotangents, times);
        let last = saved.len() - 1;
        for (j, (next, weight)) in self.next.iter().zip(self.gap_weights).enumerate() {
            let gap = saved.state(last)[j] - next;
            total += weight * gap * gap;
            cotangents.state_mut(last)[j] += 2.0 * weight * gap;
            direct.by_next[j] = -2.0 * weight * gap;
        }
        (total, direct)
    }
}

/// The derivatives of a loss that do not go through the solution.
#[derive(Default)]
struct Direct {
    by_time: Vec<f64>,
    /// By the state that the solution is to meet.
    by_next: Vec<f64>,
}

impl Part {
    pub(crate) fn new(
        model: &Model,
        solver: Solver,
        condition: usize,
        measurements: Measurements,
        stretches: Vec<Stretch>,
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
            stretches,
            gap_weights: vec![0.0; model.states.len()],
            pull: Pull::new(&model)?,
            start: Start::new(&model)?,
            elsewhere: elsewhere.collect(),
            arcs,
            nearby: None,
            states: model.states.len(),
            own: model.parameters.len() + field::weights_of(&model),
        })
    }

    pub(crate) fn has_arcs(&self) -> bool {
        self.arcs.is_some()
    }

    pub(crate) fn begins_elsewhere(&self, state: usize) -> bool {
        self.elsewhere.contains(&state)
    }

    /// The measurements that its stretches reach, and the gaps between these.
    pub(crate) fn count(&self) -> usize {
        let of = |stretch: &Stretch| {
            let gaps = if stretch.meets.is_some() {
                self.states
            } else {
                0
            };
            stretch.points.len() + gaps
        };
        self.stretches.iter().map(of).sum()
    }

    fn begin(&mut self, theta: &[f64], observer: &mut Observer) -> Begin {
        let phi = self.pull.push(&theta[..self.own]);
        observer.set_parameters(&phi);
        let (h0, t0, t1) = self.start.at(&phi);
        Begin { phi, h0, t0, t1 }
    }

    /// The loss of this experiment's measurements, and of the gaps between its stretches, and its gradient at θ.
    pub(crate) fn gradient(
        &mut self,
        theta: &[f64],
        observer: &mut Observer,
        method: &mut Method,
    ) -> Result<Evaluation, Why> {
        let whole = self.begin(theta, observer);
        let mut total = Evaluation::zero(theta.len(), self.states);
        for k in 0..self.stretches.len() {
            let found = self.through(
                k,
                (&whole, theta),
                observer,
                method,
                |scene, observer, saved, cotangents| scene.score(observer, saved, cotangents),
            )?;
            total.add(&found);
        }
        Ok(total)
    }

    /// The gradient of a loss of the saved states along stretch `k`, which may depend on φ through the observer, and on times and the next stretch's
    /// start by what it returns beside its value.
    fn through(
        &mut self,
        k: usize,
        (whole, theta): (&Begin, &[f64]),
        observer: &mut Observer,
        method: &mut Method,
        mut score: impl FnMut(&Scene<'_>, &mut Observer, &Saved<f64>, &mut Saved<f64>) -> (f64, Direct),
    ) -> Result<Evaluation, Why> {
        let (n, stretch) = (self.states, &self.stretches[k]);
        let begin = stretch.begin(whole, &self.measurements.times, theta);
        let next = stretch.meets.map_or(&[][..], |at| &theta[at..at + n]);
        let scene = Scene {
            stretch,
            measurements: &self.measurements,
            next,
            gap_weights: &self.gap_weights,
        };
        // What the loss depends on beside the states; a method that asks again elsewhere asks first at the solution itself.
        let mut direct: Option<(Vec<f64>, Direct)> = None;
        let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
            let (total, own) = score(&scene, observer, saved, cotangents);
            let mut a_phi = vec![0.0; begin.phi.len()];
            observer.finish(&mut a_phi);
            direct.get_or_insert((a_phi, own));
            total
        };
        let problem = begin.problem(&self.measurements.times[stretch.times.clone()]);
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
        let (a_phi, direct) = direct.unwrap_or_default();
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect();
        let mut by_phi: Vec<f64> = sum(&found.theta, &a_phi);
        let mut evaluation = Evaluation {
            loss: found.loss,
            save: sum(&found.save, &direct.by_time),
            events,
            stats: found.stats,
            ..Evaluation::zero(theta.len(), n)
        };
        match stretch.begins {
            None => (evaluation.h0, evaluation.t0) = (found.h0.clone(), found.t0),
            Some(at) => evaluation.theta[at..at + n].copy_from_slice(&found.h0),
        }
        if stretch.is_at_the_end(&begin, whole) {
            evaluation.t1 = found.t1;
        }
        if let Some(at) = stretch.meets {
            let next = evaluation.theta[at..at + n].iter_mut();
            next.zip(&direct.by_next).for_each(|(a, by)| *a += by);
        }
        let ends = [evaluation.t0, evaluation.t1];
        let mut along: Vec<f64> = [evaluation.h0.as_slice(), &ends].concat();
        self.start.back(&mut along, &mut by_phi);
        evaluation.h0.copy_from_slice(&along[..n]);
        evaluation.t0 = along[n];
        self.pull.back(&by_phi, &mut evaluation.theta);
        Ok(evaluation)
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
                    let place = format!("observable {name} at t = {t}{within}");
                    let sigma = observer
                        .seen(point)
                        .nth(1)
                        .map(|width| observer.value(width));
                    if let Some(sigma) = sigma.filter(|sigma| *sigma <= 0.0) {
                        return Some(format!(
                            "the noise of {place} is {sigma}, and noise is positive"
                        ));
                    }
                    let formula = &model.observables[point.observable].is;
                    return Some(match model.origin(formula, solution.row(i), t) {
                        Some(origin) if !value.is_finite() => format!("{place}: {origin}"),
                        _ => format!(
                            "{place} is {value:e}, and {:e} was measured{}",
                            point.value,
                            model.avoided(formula, value <= 0.0, solution.row(i))
                        ),
                    });
                }
            }
        }
        None
    }
}
