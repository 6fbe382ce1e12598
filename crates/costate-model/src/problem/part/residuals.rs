//! One experiment's residuals and their Jacobian.

use costate_neural_ode::Forward;

use super::{Begin, Direct, Method, Part};
use crate::field::Field;
use crate::problem::measurements::Point;
use crate::problem::objective::{Evaluation, Residuals};
use crate::problem::observer::Observer;
use crate::problem::stopped::Why;

impl Part {
    /// The residuals and their Jacobian, each row by a gradient of its own: for solvers and chains of arcs that have no forward
    /// sensitivities.
    pub(crate) fn residual_rows(
        &mut self,
        theta: &[f64],
        observer: &mut Observer,
        method: &mut Method,
        residuals: &mut Residuals,
    ) -> Result<(), Why> {
        let n = self.states;
        let whole = self.begin(theta, observer);
        let (mut g_h, mut g_phi) = (vec![0.0; n], vec![0.0; whole.phi.len()]);
        for k in 0..self.stretches.len() {
            let stretch = self.stretches[k].clone();
            for j in stretch.points.clone() {
                let point = self.measurements.points[j];
                let (i, t) = (
                    point.time - stretch.times.start,
                    self.measurements.times[point.time],
                );
                let place = (k, i, t, point);
                let (row, h) =
                    self.row_of(point.observable, place, (&whole, theta), observer, method)?;
                residuals.push(row.loss, row.theta);
                observer.values(&h, t);
                let (loss, all) = observer.residuals(&point);
                let others: Vec<_> = all
                    .filter(|(which, ..)| *which != point.observable)
                    .collect();
                residuals.loss += loss;
                for (which, residual, slope) in others {
                    observer.row(which, &h, t, &mut g_h, &mut g_phi);
                    // A width of parameters alone needs no solution.
                    if g_h.iter().any(|g| *g != 0.0) {
                        let (row, _) =
                            self.row_of(which, place, (&whole, theta), observer, method)?;
                        residuals.push(row.loss, row.theta);
                    } else {
                        let mut row = vec![0.0; theta.len()];
                        g_phi.iter_mut().for_each(|g| *g *= slope);
                        self.pull.back(&g_phi, &mut row);
                        residuals.push(residual, row);
                    }
                }
            }
            let Some(at) = stretch.meets else { continue };
            for j in 0..n {
                let factor = self.gap_weights[j].sqrt();
                let mut row = self.through(
                    k,
                    (&whole, theta),
                    observer,
                    method,
                    |scene, _, saved, cotangents| {
                        let last = saved.len() - 1;
                        cotangents.state_mut(last)[j] = factor;
                        let gap = saved.state(last)[j] - scene.next[j];
                        (factor * gap, Direct::default())
                    },
                )?;
                row.theta[at + j] -= factor;
                residuals.loss += row.loss * row.loss;
                residuals.push(row.loss, row.theta);
            }
        }
        Ok(())
    }

    /// The residual by value `which` of a measurement at time t, the saved state `i` of stretch `k`, as a loss with its gradient, and that state.
    fn row_of(
        &mut self,
        which: usize,
        (k, i, t, point): (usize, usize, f64, Point),
        at: (&Begin, &[f64]),
        observer: &mut Observer,
        method: &mut Method,
    ) -> Result<(Evaluation, Vec<f64>), Why> {
        let n = self.states;
        let mut seen = None;
        let row = self.through(k, at, observer, method, |_, observer, saved, cotangents| {
            let h = saved.state(i);
            // A method that asks again elsewhere asks first at the solution itself.
            seen.get_or_insert_with(|| h[..n].to_vec());
            observer.values(h, t);
            let own = observer.residuals(&point).1.find(|(i, ..)| *i == which);
            let (_, residual, slope) = own.expect("a value that the measurement depends on");
            let mut g_h = vec![0.0; h.len()];
            observer.slope(which, slope, &mut g_h);
            cotangents.state_mut(i)[..n].copy_from_slice(&g_h[..n]);
            (residual, Direct::default())
        })?;
        Ok((row, seen.expect("a solution was seen")))
    }

    /// The residuals of this experiment's measurements, and of the gaps between its stretches, and their Jacobian by θ, added to `residuals`.
    pub(crate) fn residuals(
        &mut self,
        theta: &[f64],
        observer: &mut Observer,
        forward: &mut Forward<f64, Vec<f64>, Field>,
        residuals: &mut Residuals,
    ) -> Result<(), Why> {
        let whole = self.begin(theta, observer);
        let (n, p) = (self.states, whole.phi.len());
        let boundary = self.boundary_jacobian(p);
        let (mut g_h, mut g_phi) = (vec![0.0; n], vec![0.0; p]);
        for stretch in &self.stretches {
            let begin = stretch.begin(&whole, &self.measurements.times, theta);
            let times = &self.measurements.times[stretch.times.clone()];
            let (saved, sensitivities) = forward.solve(&begin.problem(times))?;
            // slope · (∂g/∂h ∂h/∂· + ∂g/∂·) for the saved state i.
            let pull = &mut self.pull;
            let mut row = |i: usize, slope: f64, g_h: &[f64], g_phi: &[f64]| {
                let along =
                    |column: &[f64]| g_h.iter().zip(column).map(|(g, s)| g * s).sum::<f64>();
                let mut row = vec![0.0; theta.len()];
                // ∂/∂h₀ and ∂/∂(t₀, t₁), where these depend on φ by the boundary.
                let mut by_boundary = vec![0.0; n + 2];
                for j in 0..n {
                    let by = along(sensitivities.h0(i, j));
                    match stretch.begins {
                        None => by_boundary[j] = by,
                        Some(at) => row[at + j] = slope * by,
                    }
                }
                if stretch.begins.is_none() {
                    by_boundary[n] = along(sensitivities.t0(i));
                }
                if stretch.is_at_the_end(&begin, &whole) {
                    by_boundary[n + 1] = along(sensitivities.t1(i));
                }
                let by_phi = (0..p).map(|k| {
                    let through = by_boundary.iter().enumerate();
                    let through = through.map(|(b, by)| by * boundary[b * p + k]);
                    slope * (g_phi[k] + along(sensitivities.theta(i, k)) + through.sum::<f64>())
                });
                let by_phi: Vec<f64> = by_phi.collect();
                pull.back(&by_phi, &mut row);
                row
            };
            for (i, t, points) in stretch.measured(&self.measurements) {
                let h = saved.state(i);
                for point in points {
                    observer.values(h, t);
                    let (loss, all) = observer.residuals(point);
                    let all: Vec<_> = all.collect();
                    residuals.loss += loss;
                    for (which, residual, slope) in all {
                        observer.row(which, h, t, &mut g_h, &mut g_phi);
                        residuals.push(residual, row(i, slope, &g_h, &g_phi));
                    }
                }
            }
            let Some(at) = stretch.meets else { continue };
            let last = saved.len() - 1;
            g_phi.fill(0.0);
            for j in 0..n {
                let factor = self.gap_weights[j].sqrt();
                g_h.fill(0.0);
                g_h[j] = 1.0;
                let mut row = row(last, factor, &g_h, &g_phi);
                row[at + j] -= factor;
                let gap = factor * (saved.state(last)[j] - theta[at + j]);
                residuals.loss += gap * gap;
                residuals.push(gap, row);
            }
        }
        Ok(())
    }

    /// ∂(h₀, t₀, t₁)/∂φ, row by row.
    fn boundary_jacobian(&mut self, parameters: usize) -> Vec<f64> {
        let rows = self.states + 2;
        let mut jacobian = vec![0.0; rows * parameters];
        let mut unit = vec![0.0; rows];
        for (i, row) in jacobian.chunks_exact_mut(parameters.max(1)).enumerate() {
            unit.fill(0.0);
            unit[i] = 1.0;
            self.start.back(&mut unit, row);
        }
        jacobian
    }
}
