//! One experiment's residuals with their Jacobian by differences of solutions, for solvers and chains of arcs that have no forward sensitivities.

use nalgebra::{DMatrix, DVector, SVD};

use super::nearby::Nearby;
use super::{Method, Part, Stretch};
use crate::error::Result;
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
/// Values that change by less than this part of them for a step as large as a component of θ are as they are.
const HARDLY: f64 = 0.02;
/// How many steps are tried at most.
const SHORTER: usize = 3;
/// A side of a difference that changes so many times more than the other, however short the step, leads over a jump: an event that passes a measurement.
const JUMP: f64 = 10.0;
/// Singular values below this part of the largest are zero.
const FLAT: f64 = 1e-10;
/// How many times more gradient than its column and r can have a column is trusted with, differences being what they are.
const REACH: f64 = 2.0;

/// How large each component of θ is, for a difference to move it by a part of that; `None` where it is not varied.
pub(crate) fn sizes(model: &Model, theta: &[f64]) -> Vec<Option<f64>> {
    let own = model.theta().len();
    let states = model.states.len();
    let size = |k: usize| {
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
        Some(if size > 0.0 { size } else { 1.0 })
    };
    (0..theta.len()).map(size).collect()
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

    /// The residuals of this experiment's measurements, and of the gaps between its stretches, and their Jacobian by θ, each component
    /// of which is as large as `sizes` says, added to `residuals`.
    ///
    /// Differences alone shape the Jacobian J. The residuals r are changed by the least that makes 2 rᵀJ the exact gradient: where a fit ends does not depend on them.
    pub(crate) fn residual_columns(
        &mut self,
        (model, solver): (&Model, costate_ode::Method),
        theta: &[f64],
        sizes: &[Option<f64>],
        observer: &mut Observer,
        method: &mut Method,
        residuals: &mut Residuals,
    ) -> Result<(), Why> {
        if self.nearby.is_none() {
            self.nearby = Nearby::new(&model.under(self.condition), solver);
        }
        let exact = self.gradient(theta, observer, method)?;
        let varied = (0..theta.len()).filter_map(|k| Some((k, sizes[k]?)));
        let varied: Vec<(usize, f64)> = varied.collect();
        let mut r = Vec::new();
        let mut jacobian = DMatrix::zeros(self.rows(observer), varied.len());
        for s in 0..self.stretches.len() {
            let Some(here) = self.values(s, theta, true, observer) else {
                return self.residual_rows(theta, observer, method, residuals);
            };
            let row = r.len();
            let weights = self.weigh(s, &here, theta, observer, &mut r);
            for (c, &(k, size)) in varied.iter().enumerate() {
                if self.touches(s, k) {
                    let column = self.column((s, &here, &weights), theta, (k, size), observer);
                    for (i, derivative) in column.into_iter().enumerate() {
                        jacobian[(row + i, c)] = weights[i] * derivative;
                    }
                }
                if let Some(at) = self.stretches[s].meets
                    && (at..at + self.states).contains(&k)
                {
                    let own = here.len() - self.states + (k - at);
                    jacobian[(row + own, c)] -= weights[own];
                }
            }
        }
        let gradient =
            DVector::from_iterator(varied.len(), varied.iter().map(|&(k, _)| exact.theta[k]));
        let r = with_gradient(&jacobian, DVector::from_vec(r), &gradient);
        residuals.loss += exact.loss;
        for (i, r) in r.iter().enumerate() {
            let mut row = vec![0.0; theta.len()];
            for (c, &(k, _)) in varied.iter().enumerate() {
                row[k] = jacobian[(i, c)];
            }
            residuals.push(*r, row);
        }
        Ok(())
    }

    /// Adds the residuals along stretch `s`, whose values are `here`, to `r`, and returns their derivatives by these.
    fn weigh(
        &self,
        s: usize,
        here: &[f64],
        theta: &[f64],
        observer: &mut Observer,
        r: &mut Vec<f64>,
    ) -> Vec<f64> {
        let (stretch, mut values) = (&self.stretches[s], here);
        let mut slopes = Vec::new();
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
        slopes
    }

    /// The derivatives of the values along stretch `s`, which are `here`, by component `k` of θ, which is as large as `size`. Where they bend much within a step, that is shortened.
    fn column(
        &mut self,
        (s, here, weights): (usize, &[f64], &[f64]),
        theta: &[f64],
        (k, size): (usize, f64),
        observer: &mut Observer,
    ) -> Vec<f64> {
        let mut step = size * self.nearby.as_ref().map_or(1.0, Nearby::part);
        let norm = |values: &[f64]| {
            let terms = values.iter().zip(weights);
            terms
                .map(|(x, weight)| (weight * x).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let mut best = (f64::INFINITY, vec![f64::NAN; here.len()]);
        for tried in 1..=SHORTER {
            let mut at = |moved_by: f64| {
                let mut moved = theta.to_vec();
                moved[k] += moved_by;
                let values = self.values(s, &moved, false, observer);
                values.unwrap_or_else(|| vec![f64::NAN; here.len()])
            };
            let (ahead, behind) = (at(step), at(-step));
            let sides = here.iter().zip(ahead.iter().zip(&behind));
            let sides = sides.map(|(here, (ahead, behind))| (ahead - here, here - behind));
            let (changes, bends): (Vec<f64>, Vec<f64>) = sides.clone().map(difference).unzip();
            let change = norm(&changes);
            let bent = match 0.5 * norm(&bends) / change {
                _ if change.is_nan() => f64::MAX,
                // A column that hardly changes anything is not worth more solutions.
                _ if change * size < HARDLY * step * norm(here) => 0.0,
                bent if bent.is_nan() => 0.0,
                bent => bent,
            };
            if bent < best.0 {
                best = (bent, changes.iter().map(|change| change / step).collect());
            }
            if best.0 < STRAIGHT {
                break;
            }
            if tried == SHORTER {
                for (derivative, sides) in best.1.iter_mut().zip(sides) {
                    if let Some(change) = beside_jump(sides) {
                        *derivative = change / step;
                    }
                }
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

    /// What the measurements along stretch `k` are compared with, and the state at its end if it is to meet another, at θ, the first or one near it; `None` if it cannot be solved there.
    fn values(
        &mut self,
        k: usize,
        theta: &[f64],
        first: bool,
        observer: &mut Observer,
    ) -> Option<Vec<f64>> {
        let whole = self.begin(theta, observer);
        let (measurements, stretch) = (&self.measurements, &self.stretches[k]);
        let begin = stretch.begin(&whole, &measurements.times, theta);
        let problem = begin.problem(&measurements.times[stretch.times.clone()]);
        let mut values = Vec::new();
        let solved = self.nearby.as_mut()?.solve(&problem, first, &mut |saved| {
            for (i, t, points) in stretch.measured(measurements) {
                observer.values(saved.state(i), t);
                for point in points {
                    values.extend(observer.seen(point).map(|which| observer.value(which)));
                }
            }
            if stretch.meets.is_some() {
                values.extend(&saved.state(saved.len() - 1)[..self.states]);
            }
        });
        solved.then_some(values)
    }
}

/// By how much a value changes in a step, given that to either side, and by how much that differs between the two; what is not finite on one side is left to the other.
fn difference((ahead, behind): (f64, f64)) -> (f64, f64) {
    match (ahead.is_finite(), behind.is_finite()) {
        (true, true) => (0.5 * (ahead + behind), ahead - behind),
        (true, false) => (ahead, 0.0),
        (false, true) => (behind, 0.0),
        (false, false) => (f64::NAN, 0.0),
    }
}

/// The change to the side where there is no jump, if there is one to the other.
fn beside_jump((ahead, behind): (f64, f64)) -> Option<f64> {
    match (ahead.abs(), behind.abs()) {
        (a, b) if a > JUMP * b => Some(behind),
        (a, b) if b > JUMP * a => Some(ahead),
        _ => None,
    }
}

/// The r nearest to the given one with 2 Jᵀr = g, as far as the columns of J reach: |g_c| ≤ 2 ‖J_c‖ ‖r‖ for a column that is one, and differences that see nothing of a parameter
/// do not make r large.
fn with_gradient(jacobian: &DMatrix<f64>, r: DVector<f64>, g: &DVector<f64>) -> DVector<f64> {
    let scale: Vec<f64> = jacobian.column_iter().map(|column| column.norm()).collect();
    let most = 2.0 * REACH * r.norm();
    let used: Vec<usize> = (0..scale.len())
        .filter(|&c| scale[c] > 0.0 && scale[c].is_finite() && g[c].abs() <= most * scale[c])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_get_the_exact_gradient_but_not_from_a_column_that_differences_see_nothing_of() {
        let mut jacobian = DMatrix::from_row_slice(3, 2, &[1.0, 0.5, 2.0, -1.0, 0.3, 0.7]);
        let r = DVector::from_vec(vec![0.4, -0.2, 1.0]);
        let gradient = DVector::from_vec(vec![0.7, 1.9]);
        let moved = with_gradient(&jacobian, r.clone(), &gradient);
        assert!((jacobian.tr_mul(&moved) * 2.0 - &gradient).norm() < 1e-12);

        jacobian.column_mut(1).scale_mut(1e-148);
        let moved = with_gradient(&jacobian, r.clone(), &gradient);
        assert!((jacobian.tr_mul(&moved)[0] * 2.0 - 0.7).abs() < 1e-12);
        assert!((moved - &r).norm() < r.norm());
    }
}
