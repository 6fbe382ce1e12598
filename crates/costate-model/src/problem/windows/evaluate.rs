//! The loss of a batch of windows and its gradient.

use costate_neural_ode::{Problem, Saved};

use super::Windows;
use super::times::Times;
use crate::problem::measurements::Point;
use crate::problem::stopped::{Stopped, Why};

impl Windows {
    /// The loss of batch number `batch` at θ, scaled to all measurements, and its gradient.
    ///
    /// # Errors
    /// The solver's, if the solution cannot go on.
    pub(crate) fn evaluate(
        &mut self,
        theta: &[f64],
        batch: u64,
    ) -> Result<(f64, Vec<f64>), Stopped> {
        let (group, starts) = self.draw(batch);
        if self.groups[group].arcs.is_some() {
            return self.one_by_one(group, &starts, theta);
        }
        let phi = self.groups[group].pull.push(theta);
        let rows = &self.rows;
        let n = rows.states();
        let h0: Vec<f64> = starts.iter().flat_map(|&first| rows.begin(first)).collect();
        let times = Times::new(&starts, self.length, |row| rows.time(row));
        // By time and window, what is measured there.
        let mut points: Vec<(usize, usize, Vec<Point>)> = Vec::new();
        for (window, &first) in starts.iter().enumerate() {
            for row in first + 1..first + self.length {
                let index = times.index(rows.time(row) - rows.time(first));
                points.push((index, window, rows.points(row, index)));
            }
        }
        let count: usize = points.iter().map(|(_, _, points)| points.len()).sum();
        let weight = self.total as f64 / count.max(1) as f64;
        let with_starts: Vec<f64> = phi
            .iter()
            .copied()
            .chain(starts.iter().map(|&row| rows.time(row)))
            .collect();
        let problem = Problem {
            h0: &h0,
            theta: &with_starts,
            t0: 0.0,
            t1: times.last(),
            save_at: &times.relative,
        };
        self.observer.set_parameters(&phi);
        let observer = &mut self.observer;
        // As in `Objective::evaluate`: the first call is the one at the solution itself.
        let mut direct: Option<Vec<f64>> = None;
        let group = &mut self.groups[group];
        let method = self
            .method
            .as_mut()
            .expect("made where nothing happens on the way");
        let found = method.gradient(
            &problem,
            &mut |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
                let mut total = 0.0;
                for (index, window, points) in &points {
                    let own = window * n..(window + 1) * n;
                    let t = with_starts[phi.len() + window] + times.relative[*index];
                    let h = &saved.state(*index)[own.clone()];
                    let a_h = &mut cotangents.state_mut(*index)[own];
                    total += observer.score(points, weight, h, t, a_h).0;
                }
                let mut a_phi = vec![0.0; phi.len()];
                observer.finish(&mut a_phi);
                direct.get_or_insert(a_phi);
                total
            },
        );
        let found = found.map_err(|error| Stopped {
            condition: group.condition,
            why: Why::Solver(error),
        })?;
        let mut loss = found.loss;
        let mut a_phi = found.theta[..phi.len()].to_vec();
        let direct = direct.unwrap_or_default();
        a_phi
            .iter_mut()
            .zip(direct)
            .for_each(|(total, part)| *total += part);
        let mut a_theta = vec![0.0; theta.len()];
        group.pull.back(&a_phi, &mut a_theta);
        loss += self.penalties.add(theta, &mut a_theta);
        Ok((loss, a_theta))
    }

    /// As [`Windows::evaluate`], window by window.
    fn one_by_one(
        &mut self,
        group: usize,
        starts: &[usize],
        theta: &[f64],
    ) -> Result<(f64, Vec<f64>), Stopped> {
        let group = &mut self.groups[group];
        let phi = group.pull.push(theta);
        self.observer.set_parameters(&phi);
        let (rows, observer) = (&self.rows, &mut self.observer);
        let count: usize = starts
            .iter()
            .flat_map(|&first| first + 1..first + self.length)
            .map(|row| rows.points(row, 0).len())
            .sum();
        let weight = self.total as f64 / count.max(1) as f64;
        let (mut total, mut a_phi) = (0.0, vec![0.0; phi.len()]);
        for &first in starts {
            let h0 = rows.begin(first);
            let times: Vec<f64> = (first + 1..first + self.length)
                .map(|row| rows.time(row))
                .collect();
            let problem = Problem {
                h0: &h0,
                theta: &phi,
                t0: rows.time(first),
                t1: times[times.len() - 1],
                save_at: &times,
            };
            let mut direct: Option<Vec<f64>> = None;
            let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
                let mut total = 0.0;
                for (i, &t) in times.iter().enumerate() {
                    let points = rows.points(first + 1 + i, i);
                    let a_h = cotangents.state_mut(i);
                    total += observer.score(&points, weight, saved.state(i), t, a_h).0;
                }
                let mut a_phi = vec![0.0; phi.len()];
                observer.finish(&mut a_phi);
                direct.get_or_insert(a_phi);
                total
            };
            let arcs = group.arcs.as_mut().expect("looked at before");
            let found = arcs.gradient(&problem, &mut loss);
            let found = found.map_err(|why| Stopped {
                condition: group.condition,
                why,
            })?;
            total += found.loss;
            let direct = direct.unwrap_or_default();
            for (sum, part) in a_phi.iter_mut().zip(found.theta.iter().zip(direct)) {
                *sum += part.0 + part.1;
            }
        }
        let mut a_theta = vec![0.0; theta.len()];
        group.pull.back(&a_phi, &mut a_theta);
        total += self.penalties.add(theta, &mut a_theta);
        Ok((total, a_theta))
    }
}
