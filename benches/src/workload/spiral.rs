//! W1: training a neural ODE on windows of a spiral.

use super::{Counts, Outcome, Workload, cast, number, options, widen};
use crate::{definition, network};
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::optimizer::{Optimizer, RmsProp};
use costate_neural_ode::{Gradient, GradientMethod, Problem, gradient};
use costate_ode::{Real, tableau};
use costate_tape::Lane;

/// dh/dt = network(h³), RMSprop on the mean absolute error.
pub struct Spiral<T> {
    method: Box<dyn GradientMethod<T, T>>,
    windows: Vec<T>,
    h0: Vec<T>,
    times: Vec<T>,
    start: Vec<T>,
    theta: Vec<T>,
    iterations: usize,
    learning_rate: T,
}

pub(super) fn build<T: Real + Lane>(
    definition: &definition::Spiral,
    method: &str,
    kind: &str,
) -> Box<dyn Workload> {
    Box::new(Spiral::<T>::new(definition, method, kind))
}

impl<T: Real + Lane> Spiral<T> {
    /// The spiral of `definition` by a gradient method, in the number type of the name `kind`.
    ///
    /// # Panics
    /// If there is no such method or type.
    #[must_use]
    pub fn new(definition: &definition::Spiral, method: &str, kind: &str) -> Self {
        let d = definition;
        let windows: Vec<T> = cast(d.windows.iter().flatten().flatten().copied());
        let h0 = windows[..windows.len() / d.times.len()].to_vec();
        let field = network::spiral::<T>(d.windows[0].len(), &d.widths);
        let method = gradient::by_name(
            method,
            field,
            &h0,
            tableau::by_name("dopri5").expect("a known method"),
            options(d.tolerances[kind], d.first_step[method]),
        );
        let start: Vec<T> = cast(d.theta.numbers(&d.widths));
        Self {
            method: method.expect("a known method and sensible options"),
            windows,
            h0,
            times: cast(d.times.iter().copied()),
            theta: start.clone(),
            start,
            iterations: d.iterations,
            learning_rate: number(d.learning_rate),
        }
    }

    /// Loss and gradient at the present parameters.
    fn gradient(&mut self) -> &Gradient<T> {
        let (windows, times) = (&self.windows, &self.times);
        let problem = Problem {
            h0: &self.h0,
            theta: &self.theta,
            t0: times[0],
            t1: times[times.len() - 1],
            save_at: times,
        };
        let mean: T = number(1.0 / windows.len() as f64);
        let gradient = self.method.gradient(&problem, &mut |saved, cotangents| {
            let mut sum = T::zero();
            let all = saved.values().iter().zip(windows);
            for ((&h, &seen), cotangent) in all.zip(cotangents.values_mut()) {
                sum += Loss::Absolute.value(h, seen);
                *cotangent = mean * Loss::Absolute.derivative(h, seen);
            }
            mean * sum
        });
        gradient.expect("the spiral can be solved")
    }

    /// Trains from the initial parameters; returns the loss of the last iteration and adds up the steps.
    fn train(&mut self) -> (T, Counts) {
        let mut optimizer = RmsProp::new(self.learning_rate);
        let (mut last, mut counts) = (T::zero(), Counts::default());
        let mut theta = self.start.clone();
        for _ in 0..self.iterations {
            self.theta.copy_from_slice(&theta);
            let gradient = self.gradient();
            last = gradient.loss;
            counts.add(&gradient.stats);
            optimizer.step(&mut theta, last, &gradient.theta);
        }
        (last, counts)
    }
}

impl<T: Real + Lane> Workload for Spiral<T> {
    fn check(&mut self) -> Outcome {
        self.theta.copy_from_slice(&self.start);
        let gradient = self.gradient();
        let (loss, theta) = (gradient.loss, widen(&gradient.theta).collect());
        let (last, counts) = self.train();
        Outcome {
            loss: Some(loss.as_f64()),
            gradient: theta,
            last_loss: Some(last.as_f64()),
            counts,
            ..Outcome::default()
        }
    }

    fn sample(&mut self) -> f64 {
        self.train().0.as_f64()
    }

    fn units(&self) -> usize {
        self.iterations
    }
}
