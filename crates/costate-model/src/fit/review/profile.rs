//! The loss along one parameter, all others fitted again at each of its values.

use std::time::Instant;

use super::super::{Fit, Found};
use super::knowledge::{Knowledge, Standing};
use crate::data::Data;
use crate::model::Model;
use crate::settings::{Optimizer, Scale};

/// Values on either side.
const SIDE: usize = 5;
/// Iterations at each.
const ITERATIONS: usize = 20;
/// More variables or measurements than these would take too long.
const MOST_VARIABLES: usize = 25;
const MOST_MEASUREMENTS: usize = 20_000;

/// The profile of the loss along the parameter that is known least.
///
/// ```
/// use costate_model::Profile;
/// // (x − 3)² passes 0.25 at 2.5 and 3.5; where the points are, straight lines between them.
/// let points = (0..=20).map(|i| f64::from(i) * 0.25 + 0.5).map(|x| (x, (x - 3.0).powi(2))).collect();
/// let (below, above) = Profile { parameter: 0, points, threshold: 0.25 }.interval();
/// assert_eq!((below, above), (Some(2.5), Some(3.5)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Which parameter of the model.
    pub parameter: usize,
    /// Its values in increasing order, with the least loss at each.
    pub points: Vec<(f64, f64)>,
    /// The loss at the ends of a 95 % interval.
    pub threshold: f64,
}

impl Profile {
    /// Where the loss passes the threshold below and above its least value; `None` where it does not within what was looked at.
    pub fn interval(&self) -> (Option<f64>, Option<f64>) {
        let least = (0..self.points.len())
            .min_by(|&a, &b| self.points[a].1.total_cmp(&self.points[b].1))
            .unwrap_or(0);
        let crossing = |pair: [(f64, f64); 2]| {
            let [(a, low), (b, high)] = pair;
            let part = (self.threshold - low) / (high - low);
            (low <= self.threshold && high > self.threshold).then_some(a + part * (b - a))
        };
        let below = (1..=least)
            .rev()
            .find_map(|i| crossing([self.points[i], self.points[i - 1]]));
        let above = (least + 1..self.points.len())
            .find_map(|i| crossing([self.points[i - 1], self.points[i]]));
        (below, above)
    }
}

/// The free parameter with the widest error on its axis.
fn worst(known: &Knowledge) -> Option<usize> {
    let rank = |k: usize| {
        known.parameters[k].map(|known| {
            let standing = match known.standing {
                Standing::NotIdentified => 2,
                Standing::Weak => 1,
                Standing::Identified => 0,
            };
            (standing, known.relative)
        })
    };
    (0..known.parameters.len())
        .filter_map(|k| Some((k, rank(k)?)))
        .max_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map(|(k, _)| k)
}

/// Within the fit's time limit once more, if it has one: with the points until then.
pub(super) fn profile(
    fitted: &Model,
    data: &Data,
    known: &Knowledge,
    found: &Found,
) -> Option<Profile> {
    let free = fitted
        .parameters
        .iter()
        .filter(|parameter| !parameter.fixed)
        .count();
    if !(2..=MOST_VARIABLES).contains(&free) || found.measurements > MOST_MEASUREMENTS {
        return None;
    }
    let parameter = worst(known)?;
    let own = known.parameters[parameter]?;
    let about = &fitted.parameters[parameter];
    // To one and two thirds of the interval that the curvature promises; without one, to a factor of about three.
    let step = match own.relative {
        relative if relative.is_finite() && own.standing == Standing::Identified => {
            known.reach * relative / 3.0
        }
        _ => 0.25,
    };
    let unit = match about.scale {
        Scale::Log => 1.0,
        Scale::Linear if own.error.is_finite() && own.relative > 0.0 => own.error / own.relative,
        Scale::Linear => about.value.abs().max(1e-3),
    };
    let deadline = fitted.fit.time_limit.map(|limit| Instant::now() + limit);
    let mut points = vec![(about.value, found.loss)];
    for direction in [-1.0, 1.0] {
        let mut model = fitted.clone();
        model.fit.iterations = Some(ITERATIONS);
        model.fit.batch = None;
        model.fit.optimizer = Optimizer::Auto;
        for i in 1..=SIDE {
            let move_by = direction * step * i as f64;
            let value = match about.scale {
                Scale::Log => about.value * move_by.exp(),
                Scale::Linear => about.value + move_by * unit,
            };
            if value < about.lower || value > about.upper {
                break;
            }
            let own = &mut model.parameters[parameter];
            (own.value, own.fixed) = (value, true);
            let Some((loss, next)) = refitted(&model, data, deadline) else {
                break;
            };
            points.push((value, loss));
            model = next;
            if loss > found.loss + 3.0 * known.rise {
                break;
            }
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    (points.len() > 2).then_some(Profile {
        parameter,
        points,
        threshold: found.loss + known.rise,
    })
}

/// The least loss near the model's values, and the model there; `None` where it cannot be found, or not in time.
fn refitted(model: &Model, data: &Data, deadline: Option<Instant>) -> Option<(f64, Model)> {
    let mut fit = Fit::begin(model.clone(), data.clone()).ok()?;
    while fit.advance().ok()? {
        if deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return None;
        }
    }
    Some((fit.state.best_loss, fit.fitted()))
}
