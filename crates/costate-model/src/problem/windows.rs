//! Random windows of the data: short solutions that begin at measured states.

use costate_neural_ode::gradient;
use costate_neural_ode::{GradientMethod, Problem, Saved};

use super::measurements::Point;
use super::objective::{penalties, penalty};
use super::observer::Observer;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::field::{self, Layout};
use crate::model::Model;
use crate::random::Random;

/// Batches of windows, solved side by side. A window is a run of rows of the data; its solution starts from the measured states of
/// the first of them and is compared with the others.
pub(crate) struct Windows {
    size: usize,
    length: usize,
    seed: u64,
    data: Data,
    /// The rows at which a window can begin.
    starts: Vec<usize>,
    /// The observable that measures each state.
    measured_by: Vec<usize>,
    /// Measurements of all rows to fit: the batch's loss is scaled to as many.
    total: usize,
    observer: Observer,
    penalties: Vec<(usize, usize, f64)>,
    method: Box<dyn GradientMethod<f64, f64>>,
}

impl Windows {
    /// # Errors
    /// If a state is not measured, or the data have too few rows in a run.
    pub(crate) fn new(model: &Model, data: &Data) -> Result<Self> {
        let settings = model.fit.batch.expect("a fit in windows");
        let wrong = |message: String| match &model.fit.batch_place {
            Some(place) => place.error(message).into(),
            None => Error::Argument(message),
        };
        let measured_by = |(i, state): (usize, &crate::StateVariable)| {
            let found = model
                .observables
                .iter()
                .position(|observable| observable.state == Some(i));
            found.ok_or_else(|| {
                wrong(format!(
                    "windows begin at measured states, but the data do not measure state '{}' as it is",
                    state.name
                ))
            })
        };
        let measured_by = model
            .states
            .iter()
            .enumerate()
            .map(measured_by)
            .collect::<Result<Vec<_>>>()?;
        let usable = |first: usize| {
            let rows = first..first + settings.length;
            rows.end <= data.times().len()
                && rows.clone().all(|row| data.used(row))
                && rows
                    .clone()
                    .skip(1)
                    .all(|row| data.times()[row] != data.times()[row - 1])
                && measured_by
                    .iter()
                    .all(|&observable| data.value(first, observable).is_some())
        };
        let starts: Vec<usize> = (0..data.times().len())
            .filter(|&first| usable(first))
            .collect();
        if starts.len() < settings.size {
            return Err(wrong(format!(
                "{} windows of {} rows are asked for, but only {} rows of the data have all states measured and {} rows to fit after them",
                settings.size,
                settings.length,
                starts.len(),
                settings.length - 1
            )));
        }
        let field = field::compile(model, Layout::Windows(settings.size))?;
        let options = model.options(&field, settings.size);
        let like = vec![0.0; settings.size * model.states.len()];
        let name = super::gradient_name(&model.fit.gradient);
        let method = gradient::by_name(name, field, &like, model.solver.method, options);
        Ok(Windows {
            size: settings.size,
            length: settings.length,
            seed: model.fit.seed,
            data: data.clone(),
            starts,
            measured_by,
            total: data.count(true),
            observer: Observer::new(model)?,
            penalties: penalties(model),
            method: method.map_err(|error| Error::Argument(error.to_string()))?,
        })
    }

    /// The first rows of batch number `batch`, all different.
    fn draw(&self, batch: u64) -> Vec<usize> {
        let mut random = Random::new(self.seed, batch.wrapping_add(1));
        let mut starts = self.starts.clone();
        for i in 0..self.size {
            let j = i + random.below(starts.len() - i);
            starts.swap(i, j);
        }
        starts.truncate(self.size);
        starts
    }

    /// The loss of batch number `batch` at θ, scaled to all measurements, and its gradient.
    ///
    /// # Errors
    /// The solver's, if the solution cannot go on.
    pub(crate) fn evaluate(
        &mut self,
        theta: &[f64],
        batch: u64,
    ) -> Result<(f64, Vec<f64>), costate_neural_ode::Error> {
        let starts = self.draw(batch);
        let n = self.measured_by.len();
        let time = |row: usize| self.data.times()[row];
        let value = |row, observable| self.data.value(row, observable);
        let mut h0 = Vec::with_capacity(self.size * n);
        for &first in &starts {
            h0.extend(
                self.measured_by
                    .iter()
                    .map(|&o| value(first, o).unwrap_or(f64::NAN)),
            );
        }
        let times = Times::new(&starts, self.length, time);
        // By time and window, what is measured there.
        let mut points: Vec<(usize, usize, Vec<Point>)> = Vec::new();
        for (window, &first) in starts.iter().enumerate() {
            for row in first + 1..first + self.length {
                let index = times.index(time(row) - time(first));
                let measured = (0..self.observer.len()).filter_map(|observable| {
                    let value = value(row, observable)?;
                    Some(Point {
                        time: index,
                        observable,
                        value,
                        row,
                    })
                });
                points.push((index, window, measured.collect()));
            }
        }
        let count: usize = points.iter().map(|(_, _, points)| points.len()).sum();
        let weight = self.total as f64 / count.max(1) as f64;
        let with_starts: Vec<f64> = theta
            .iter()
            .copied()
            .chain(starts.iter().map(|&row| time(row)))
            .collect();
        let problem = Problem {
            h0: &h0,
            theta: &with_starts,
            t0: 0.0,
            t1: times.last(),
            save_at: &times.relative,
        };
        self.observer.set_parameters(theta);
        let observer = &mut self.observer;
        let found = self.method.gradient(
            &problem,
            &mut |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
                let mut total = 0.0;
                for (index, window, points) in &points {
                    let own = window * n..(window + 1) * n;
                    let t = with_starts[theta.len() + window] + times.relative[*index];
                    let h = &saved.state(*index)[own.clone()];
                    let a_h = &mut cotangents.state_mut(*index)[own];
                    total += observer.score(points, weight, h, t, a_h).0;
                }
                total
            },
        )?;
        let mut loss = found.loss;
        let mut a_theta = found.theta[..theta.len()].to_vec();
        self.observer.finish(&mut a_theta);
        loss += penalty(&self.penalties, theta, &mut a_theta);
        Ok((loss, a_theta))
    }
}

/// The times since the start of their window at which any window of a batch has a row.
struct Times {
    relative: Vec<f64>,
    /// Times closer than this are one.
    close: f64,
}

impl Times {
    fn new(starts: &[usize], length: usize, time: impl Fn(usize) -> f64) -> Self {
        let rows = |&first: &usize| (first + 1..first + length).map(move |row| (first, row));
        let mut relative: Vec<f64> = starts
            .iter()
            .flat_map(rows)
            .map(|(first, row)| time(row) - time(first))
            .collect();
        relative.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        // Rounding of the file's times must not make two out of one.
        let close = 1e-9 * relative.last().map_or(0.0, |last| last.abs());
        relative.dedup_by(|a, b| (*a - *b).abs() <= close);
        Times { relative, close }
    }

    fn last(&self) -> f64 {
        self.relative.last().copied().unwrap_or(0.0)
    }

    fn index(&self, time: f64) -> usize {
        let after = self
            .relative
            .partition_point(|known| known.abs() < time.abs() - self.close);
        after.min(self.relative.len() - 1)
    }
}
