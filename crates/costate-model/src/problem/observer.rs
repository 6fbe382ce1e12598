//! What is observed of a state, and how the loss of measurements depends on it.

use costate_neural_ode::train::loss::Loss;

use super::measurements::Point;
use crate::error::Result;
use crate::field::{self, Map};
use crate::likelihood::{Distribution, apart, scored};
use crate::model::{Model, Noise};

/// The observables of a model as functions of h, t and θ, with the loss of measurements of them.
pub(crate) struct Observer {
    loss: Loss,
    /// How measurements of each observable scatter; `None` where the loss measures their distance.
    scatter: Vec<Option<Scatter>>,
    how: How,
    /// Whether residuals are to give the expected curvature of a likelihood, and not that by which to search.
    pub(crate) expected: bool,
    values: Vec<f64>,
    slopes: Vec<f64>,
}

/// The distribution of an observable's measurements, and which of the values is its width; the known error bar if none is.
#[derive(Clone, Copy)]
struct Scatter {
    distribution: Distribution,
    width: Option<usize>,
}

enum How {
    /// Every observable is a state as it stands.
    States(Vec<usize>),
    Map(Box<Map>),
}

impl Observer {
    pub(crate) fn new(model: &Model) -> Result<Self> {
        let mut count = model.observables.len();
        let scatter = model.observables.iter().map(|observable| {
            let width = match observable.noise.as_ref()? {
                Noise::Formula(_) => {
                    count += 1;
                    Some(count - 1)
                }
                Noise::Column(_) => None,
            };
            Some(Scatter {
                distribution: observable.distribution,
                width,
            })
        });
        let scatter: Vec<Option<Scatter>> = scatter.collect();
        let states: Option<Vec<usize>> = model
            .observables
            .iter()
            .map(|observable| observable.state)
            .collect();
        let how = match states {
            Some(states) if count == states.len() => How::States(states),
            _ => How::Map(Box::new(Map::new(model, &field::measured(model)?)?)),
        };
        Ok(Observer {
            loss: model.fit.loss,
            scatter,
            how,
            expected: false,
            values: vec![0.0; count],
            slopes: vec![0.0; count],
        })
    }

    pub(crate) fn set_parameters(&mut self, theta: &[f64]) {
        if let How::Map(map) = &mut self.how {
            map.set_parameters(theta);
        }
    }

    /// The value of every observable at (h, t), and after them the widths that formulas give.
    pub(crate) fn values(&mut self, h: &[f64], t: f64) -> &[f64] {
        match &mut self.how {
            How::States(states) => {
                let values = self.values.iter_mut().zip(states);
                values.for_each(|(value, &mut state)| *value = h[state]);
            }
            How::Map(map) => map.eval(0, h, t, &mut self.values),
        }
        &self.values
    }

    /// The loss of measurements at (h, t), each weighted by `weight`. Adds ∂L/∂h to `a_h` and returns ∂L/∂t beside the loss; ∂L/∂θ is
    /// kept for [`Observer::finish`].
    pub(crate) fn score(
        &mut self,
        points: &[Point],
        weight: f64,
        h: &[f64],
        t: f64,
        a_h: &mut [f64],
    ) -> (f64, f64) {
        self.values(h, t);
        self.slopes.fill(0.0);
        let mut total = 0.0;
        for point in points {
            let (loss, by_value, by_width) = self.compare(point);
            total += weight * loss;
            self.slopes[point.observable] += weight * by_value;
            if let Some(width) = self.scatter[point.observable].and_then(|scatter| scatter.width) {
                self.slopes[width] += weight * by_width;
            }
        }
        match &mut self.how {
            How::States(states) => {
                for (&mut state, slope) in states.iter_mut().zip(&self.slopes) {
                    a_h[state] += slope;
                }
                (total, 0.0)
            }
            How::Map(map) => {
                let mut product = vec![0.0; a_h.len()];
                let a_t = map.products(0, &self.slopes, &mut product);
                a_h.iter_mut().zip(product).for_each(|(a, part)| *a += part);
                (total, a_t)
            }
        }
    }

    /// The present value of observable or width `i`.
    pub(crate) fn value(&self, i: usize) -> f64 {
        self.values[i]
    }

    /// The loss of one measurement at the present values, with its derivatives by the value and the width.
    pub(crate) fn compare(&self, point: &Point) -> (f64, f64, f64) {
        self.compare_with(point, self.values[point.observable])
    }

    /// The same if the observable had another value.
    pub(crate) fn compare_with(&self, point: &Point, value: f64) -> (f64, f64, f64) {
        match self.scatter[point.observable] {
            Some(Scatter {
                distribution,
                width,
            }) => {
                let sigma = width.map_or(point.sigma, |width| self.values[width]);
                distribution.surprise(value, sigma, point.value)
            }
            None => (
                self.loss.value(value, point.value),
                self.loss.derivative(value, point.value),
                0.0,
            ),
        }
    }

    /// Which of the values the loss of a measurement depends on.
    pub(crate) fn seen(&self, point: &Point) -> impl Iterator<Item = usize> + use<> {
        let width = self.scatter[point.observable].and_then(|scatter| scatter.width);
        [Some(point.observable), width].into_iter().flatten()
    }

    /// [`Observer::residuals`] where the values that are [`seen`](Observer::seen) are these.
    pub(crate) fn residuals_of(&mut self, point: &Point, values: &[f64]) -> Vec<(usize, f64, f64)> {
        for (which, value) in self.seen(point).zip(values) {
            self.values[which] = *value;
        }
        self.residuals(point).1.collect()
    }

    /// The loss of one measurement at the present values, and what Gauss–Newton sees of it: of each value that it depends on, the residual r and ∂r/∂(the value).
    pub(crate) fn residuals(
        &self,
        point: &Point,
    ) -> (f64, impl Iterator<Item = (usize, f64, f64)>) {
        let i = point.observable;
        let value = self.values[i];
        let (loss, by_value, by_width) = self.compare(point);
        let (of_value, of_width) = match self.scatter[i] {
            Some(Scatter {
                distribution,
                width,
            }) => {
                let sigma = width.map_or(point.sigma, |width| self.values[width]);
                let (of_value, of_width) = match self.expected {
                    true => distribution.information(value, sigma),
                    false => distribution.curvature(value, sigma, point.value),
                };
                let of_width = width.map(|width| (width, scored(by_width, of_width)));
                (scored(by_value, of_value), of_width)
            }
            None => {
                let squares = self.loss.residual(value, point.value);
                let touching = || {
                    let aside = apart(value - point.value, point.value);
                    scored(
                        by_value,
                        self.loss.derivative(point.value + aside, point.value) / aside,
                    )
                };
                (squares.unwrap_or_else(touching), None)
            }
        };
        let both = [Some((i, of_value)), of_width].into_iter().flatten();
        (loss, both.map(|(which, (r, slope))| (which, r, slope)))
    }

    /// Adds the ∂L/∂θ of all scores since the last time to `a_theta`.
    pub(crate) fn finish(&mut self, a_theta: &mut [f64]) {
        if let How::Map(map) = &mut self.how {
            map.finish(a_theta);
        }
    }

    /// Writes slope · ∂g/∂h of value `i` at the latest values; slope · ∂g/∂θ is kept for [`Observer::finish`].
    pub(crate) fn slope(&mut self, i: usize, slope: f64, g_h: &mut [f64]) {
        match &mut self.how {
            How::States(states) => g_h[states[i]] = slope,
            How::Map(map) => {
                self.slopes.fill(0.0);
                self.slopes[i] = slope;
                map.products(0, &self.slopes, g_h);
            }
        }
    }

    /// The derivatives of value `i` at (h, t): ∂g/∂h and ∂g/∂θ written, ∂g/∂t returned.
    pub(crate) fn row(
        &mut self,
        i: usize,
        h: &[f64],
        t: f64,
        g_h: &mut [f64],
        g_theta: &mut [f64],
    ) -> f64 {
        g_h.fill(0.0);
        g_theta.fill(0.0);
        match &mut self.how {
            How::States(states) => {
                g_h[states[i]] = 1.0;
                0.0
            }
            How::Map(map) => {
                self.slopes.fill(0.0);
                self.slopes[i] = 1.0;
                map.eval(0, h, t, &mut self.values);
                let g_t = map.products(0, &self.slopes, g_h);
                map.finish(g_theta);
                g_t
            }
        }
    }
}
