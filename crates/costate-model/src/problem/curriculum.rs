//! A time window that grows.

use super::measurements::Measurements;
use super::objective::Objective;
use super::part::Stretch;
use crate::error::{Error, Result};
use crate::model::Model;

/// Measured times at the start, and after it.
pub(super) fn times_after(measurements: &Measurements, start: f64) -> (usize, usize) {
    let at = measurements.times.iter().filter(|t| **t == start).count();
    (at, measurements.times.len() - at)
}

/// The loss of the first `stage` of `stages` equal parts of the measured times of each experiment, along solutions that end with the last of them.
///
/// # Errors
/// As [`Objective::new`].
pub(crate) fn beginning(
    model: &Model,
    measurements: Vec<(usize, Measurements)>,
    (stage, stages): (usize, usize),
) -> Result<Objective> {
    Objective::along(model, measurements, |condition, own| {
        let (at, after) = times_after(own, model.under(condition).span().0);
        match at + (after * stage).div_ceil(stages) {
            _ if after == 0 => vec![Stretch::whole(own)],
            end => vec![Stretch::new(own, 0..end)],
        }
    })
}

/// # Errors
/// More stages than there are times for the window to grow by.
pub(crate) fn check_curriculum(
    model: &Model,
    measurements: &[(usize, Measurements)],
) -> Result<()> {
    let after = |(condition, own): &(usize, Measurements)| {
        times_after(own, model.under(*condition).span().0).1
    };
    let most = measurements.iter().map(after).max().unwrap_or(0);
    let stages = model.fit.curriculum;
    if stages <= 1 || stages <= most {
        return Ok(());
    }
    let message = format!(
        "the window is to grow in {stages} stages, but there are {most} measured times after the start for it to grow by{}: take at most {}",
        one_experiment(measurements),
        most.max(1)
    );
    Err(match &model.fit.curriculum_place {
        Some(place) => place.error(message).into(),
        None => Error::Argument(message),
    })
}

/// Where a count is of the experiment that has most.
pub(super) fn one_experiment(measurements: &[(usize, Measurements)]) -> &'static str {
    match measurements.len() {
        0 | 1 => "",
        _ => " in the longest experiment",
    }
}
