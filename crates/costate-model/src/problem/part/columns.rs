//! One experiment's residuals with their Jacobian by differences of solutions, for solvers and chains of arcs that have no forward sensitivities.

use nalgebra::{DMatrix, DVector, SVD};

use super::{Method, Part, Stretch};
use crate::error::Result;
use crate::hybrid::Arcs;
use crate::model::Model;
use crate::problem::objective::Residuals;
use crate::problem::observer::Observer;
use crate::problem::stopped::Why;
use crate::settings::Scale;

/// A parameter near zero is moved as if it were this part of what it was.
const LEAST: f64 = 1e-2;
/// Values are straight enough within a step if they bend by no more than this part of what they change: what differences leave out is of its square, and where two columns are
/// nearly alike that is much beside what sets them apart.
const STRAIGHT: f64 = 0.05;
/// Values that change by less than this part of them within a step are as they are.
const HARDLY: f64 = 1e-5;
/// How many steps are tried at most.
const SHORTER: usize = 3;
/// The part of the tolerances at which solutions are compared.
const FINER: f64 = 1e-2;
/// Singular values below this part of the largest are zero.
const FLAT: f64 = 1e-10;

/// How far to move each component of θ for a difference; `None` where it is not varied.
///
/// The cube root of the tolerance, as a part: there the solver's error, divided by the step, is as small as what central differences leave out.
pub(crate) fn steps(model: &Model, theta: &[f64]) -> Vec<Option<f64>> {
    let part = (FINER * model.solver.rtol).cbrt();
    let own = model.theta().len();
    let states = model.states.len();
    let step = |k: usize| {
        let size = theta[k].abs();
        let size = match model.parameters.get(k) {
            Some(parameter) if parameter.fixed => return None,
            Some(parameter) if parameter.scale == Scale::Log => size,
            Some(parameter) => size.max(LEAST * parameter.value.abs()),
            // The start of a segment: as large as that state is at any of them.
            None if k >= own => {
                let others = (own + (k - own) % states..theta.len()).step_by(states);
                others.fold(0.0, |most: f64, other| most.max(theta[other].abs()))
            }
            None => size.max(LEAST),
        };
        Some(part * if size > 0.0 { size } else { 1.0 })
    };
    (0..theta.len()).map(step).collect()
}

impl Part {
    /// The number of values that measurements are compared with, and of gaps.
    pub(crate) fn rows(&self, observer: &Observer) -> usize {
        let points = &self.measurements.points;
        let of = |stretch: &Stretch| -> usize {
            let points = stretch.points.clone().map(|j| &points[j]);
            let gaps = stretch.meets.map_or(0, |_| self.states);
            points
                .map(|point| observer.seen(point).count())
                .sum::<usize>()
                + gaps
        };
        self.stretches.iter().map(of).sum()
    }

    /// The residuals of this experiment's measurements, and of the gaps between its stretches, and their Jacobian by θ, moved by `steps`, added to `residuals`.
    ///
    /// Differences alone shape the Jacobian J. The residuals r are changed by the least that makes 2 rᵀJ the exact gradient: where a fit ends does not depend on them.
    pub(crate) fn residual_columns(
        &mut self,
        (model, solver): (&Model, costate_ode::Method),
        theta: &[f64],
        steps: &[Option<f64>],
        observer: &mut Observer,
        method: &mut Method,
        residuals: &mut Residuals,
    ) -> Result<(), Why> {
        if self.solves.is_none() {
            let mut finer = model.under(self.condition);
            finer.solver.rtol = (FINER * finer.solver.rtol).max(1e-13);
            finer
                .states
                .iter_mut()
                .for_each(|state| state.atol *= FINER);
            let name = crate::problem::gradient_name("auto");
            // What cannot be made here was refused when the gradient's own solver was made.
            self.solves = Arcs::new(&finer, name, solver).ok();
        }
        let exact = self.gradient(theta, observer, method)?;
        let along = (0..self.stretches.len()).map(|k| self.values(k, theta, observer));
        let Some(along) = along.collect::<Option<Vec<Vec<f64>>>>() else {
            return self.residual_rows(theta, observer, method, residuals);
        };
        let (mut r, mut slopes) = (Vec::new(), Vec::new());
        self.begin(theta, observer);
        for (stretch, values) in self.stretches.iter().zip(&along) {
            let mut values = values.as_slice();
            for point in stretch.points.clone().map(|j| &self.measurements.points[j]) {
                let (own, rest) = values.split_at(observer.seen(point).count());
                for (_, residual, slope) in observer.residuals_of(point, own) {
                    r.push(residual);
                    slopes.push(slope);
                }
                values = rest;
            }
            if let Some(at) = stretch.meets {
                for (j, end) in values.iter().enumerate() {
                    let factor = self.gap_weights[j].sqrt();
                    r.push(factor * (end - theta[at + j]));
                    slopes.push(factor);
                }
            }
        }
        let varied: Vec<usize> = (0..theta.len()).filter(|&k| steps[k].is_some()).collect();
        let mut jacobian = DMatrix::zeros(r.len(), varied.len());
        for (c, &k) in varied.iter().enumerate() {
            let step = steps[k].unwrap_or(1.0);
            let mut row = 0;
            for (s, here) in along.iter().enumerate() {
                if self.touches(s, k) {
                    let weights = &slopes[row..row + here.len()];
                    let column = self.column((s, here, weights), theta, (k, step), observer);
                    for (i, derivative) in column.into_iter().enumerate() {
                        jacobian[(row + i, c)] = slopes[row + i] * derivative;
                    }
                }
                row += here.len();
                if let Some(at) = self.stretches[s].meets
                    && (at..at + self.states).contains(&k)
                {
                    let own = row - self.states + (k - at);
                    jacobian[(own, c)] -= slopes[own];
                }
            }
        }
        let gradient = DVector::from_iterator(varied.len(), varied.iter().map(|&k| exact.theta[k]));
        let r = with_gradient(&jacobian, DVector::from_vec(r), &gradient);
        residuals.loss += exact.loss;
        for (i, r) in r.iter().enumerate() {
            let mut row = vec![0.0; theta.len()];
            for (c, &k) in varied.iter().enumerate() {
                row[k] = jacobian[(i, c)];
            }
            residuals.push(*r, row);
        }
        Ok(())
    }

    /// The derivatives of the values along stretch `s`, which are `here`, by component `k` of θ. Where they bend much within a step, that is shortened.
    fn column(
        &mut self,
        (s, here, weights): (usize, &[f64], &[f64]),
        theta: &[f64],
        (k, mut step): (usize, f64),
        observer: &mut Observer,
    ) -> Vec<f64> {
        let mut best = (f64::INFINITY, vec![f64::NAN; here.len()]);
        for _ in 0..SHORTER {
            let mut moved = theta.to_vec();
            moved[k] = theta[k] + step;
            let ahead = self.values(s, &moved, observer);
            moved[k] = theta[k] - step;
            let behind = self.values(s, &moved, observer);
            let at = |values: &Option<Vec<f64>>, i: usize| {
                let value = values.as_ref().map(|values| values[i]);
                value.filter(|x| x.is_finite())
            };
            let (mut slope, mut bend) = (0.0, 0.0);
            let difference = |(i, (here, weight)): (usize, (&f64, &f64))| {
                let (to, from, length) = match (at(&ahead, i), at(&behind, i)) {
                    (Some(ahead), Some(behind)) => {
                        bend += (weight * (ahead - here + (behind - here))).powi(2);
                        (ahead, behind, 2.0)
                    }
                    (Some(ahead), None) => (ahead, *here, 1.0),
                    (None, Some(behind)) => (*here, behind, 1.0),
                    (None, None) => return f64::NAN,
                };
                slope += (weight * (to - from)).powi(2);
                (to - from) / (length * step)
            };
            let column: Vec<f64> = here
                .iter()
                .zip(weights)
                .enumerate()
                .map(difference)
                .collect();
            let size: f64 = here
                .iter()
                .zip(weights)
                .map(|(x, weight)| (weight * x).powi(2))
                .sum();
            let bent = match (bend / slope).sqrt() {
                _ if column.iter().any(|x| x.is_nan()) => f64::MAX,
                // A column that hardly changes anything is not worth more solutions.
                _ if slope < HARDLY * HARDLY * size => 0.0,
                bent if bent.is_nan() => 0.0,
                bent => bent,
            };
            if bent < best.0 {
                best = (bent, column);
            }
            if best.0 < STRAIGHT {
                break;
            }
            step *= 0.1;
        }
        best.1
    }

    /// Whether stretch `s` depends on component `k` of θ.
    fn touches(&self, s: usize, k: usize) -> bool {
        let begins = self.stretches[s].begins;
        k < self.own || begins.is_some_and(|at| (at..at + self.states).contains(&k))
    }

    /// What the measurements along stretch `k` are compared with, and the state at its end if it is to meet another, at θ; `None` if it cannot be solved there.
    fn values(&mut self, k: usize, theta: &[f64], observer: &mut Observer) -> Option<Vec<f64>> {
        let whole = self.begin(theta, observer);
        let (measurements, stretch) = (&self.measurements, &self.stretches[k]);
        let begin = stretch.begin(&whole, &measurements.times, theta);
        let problem = begin.problem(&measurements.times[stretch.times.clone()]);
        let mut values = Vec::new();
        let arcs = self.solves.as_mut()?;
        let done = arcs.loss(&problem, &mut |saved, _| {
            for (i, t, points) in stretch.measured(measurements) {
                observer.values(saved.state(i), t);
                for point in points {
                    values.extend(observer.seen(point).map(|which| observer.value(which)));
                }
            }
            if stretch.meets.is_some() {
                values.extend(&saved.state(saved.len() - 1)[..self.states]);
            }
            0.0
        });
        done.is_ok_and(|done| !done.is_nan()).then_some(values)
    }
}

/// The r nearest to the given one with 2 Jᵀr = g, as far as the columns of J reach.
fn with_gradient(jacobian: &DMatrix<f64>, r: DVector<f64>, g: &DVector<f64>) -> DVector<f64> {
    let scale: Vec<f64> = jacobian.column_iter().map(|column| column.norm()).collect();
    let used: Vec<usize> = (0..scale.len())
        .filter(|&c| scale[c] > 0.0 && scale[c].is_finite())
        .collect();
    if used.is_empty() || r.iter().chain(jacobian.iter()).any(|x| !x.is_finite()) {
        return r;
    }
    let scaled = DMatrix::from_fn(r.len(), used.len(), |i, c| {
        jacobian[(i, used[c])] / scale[used[c]]
    });
    let wanted = DVector::from_iterator(used.len(), used.iter().map(|&c| 0.5 * g[c] / scale[c]));
    let missing = wanted - scaled.tr_mul(&r);
    let svd = SVD::new(scaled, true, true);
    let (Some(u), Some(v_t)) = (&svd.u, &svd.v_t) else {
        return r;
    };
    let least = FLAT * svd.singular_values.max();
    let mut part = v_t * missing;
    for (part, sigma) in part.iter_mut().zip(svd.singular_values.iter()) {
        *part = if *sigma > least { *part / sigma } else { 0.0 };
    }
    r + u * part
}
