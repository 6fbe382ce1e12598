//! Which numbers of the data are compared with which values of a solution.

use std::ops::Range;

use costate_neural_ode::train::loss::Loss;

use crate::data::Data;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model::Observable;

/// The measurements of some rows of the data, in the order of the solution.
#[derive(Clone, Debug)]
pub(crate) struct Measurements {
    /// The distinct times at which something is measured, along the direction of the model's time.
    pub(crate) times: Vec<f64>,
    pub(crate) points: Vec<Point>,
}

/// One number of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// An index into the times.
    pub(crate) time: usize,
    pub(crate) observable: usize,
    pub(crate) value: f64,
    /// The known error bar; NaN where noise is not known so.
    pub(crate) sigma: f64,
    pub(crate) row: usize,
}

impl Measurements {
    /// Those of the rows to fit, or of the others, experiment by experiment.
    ///
    /// # Errors
    /// A row to fit outside the model's time, or a number that the loss has no meaning for, with its place in the file.
    pub(crate) fn all(model: &Model, data: &Data, fitted: bool) -> Result<Vec<(usize, Self)>> {
        let mut all: Vec<(usize, Self)> = Vec::new();
        let mut row = 0;
        while row < data.times().len() {
            let condition = model.condition_of(data.experiment(row));
            let end = (row..data.times().len())
                .find(|&other| !data.together(row, other))
                .unwrap_or(data.times().len());
            let own = Self::new(&model.under(condition), data, row..end, fitted)?;
            if !own.points.is_empty() {
                all.push((condition, own));
            }
            row = end;
        }
        Ok(all)
    }

    /// Those of some rows, all of the experiment that `model` stands for.
    fn new(model: &Model, data: &Data, rows: Range<usize>, fitted: bool) -> Result<Self> {
        let (start, end) = model.span();
        let inside = |t: f64| (t - start) * (end - t) >= 0.0;
        let mut found = Measurements {
            times: Vec::new(),
            points: Vec::new(),
        };
        for row in rows {
            let t = data.times()[row];
            let measured = (0..model.observables.len())
                .filter_map(|observable| Some((observable, data.value(row, observable)?)));
            let measured: Vec<(usize, f64)> = measured.collect();
            if data.used(row) != fitted || measured.is_empty() {
                continue;
            }
            if !inside(t) {
                if fitted {
                    return Err(outside(model, data, row, start, end));
                }
                continue;
            }
            if found.times.last() != Some(&t) {
                found.times.push(t);
            }
            for (observable, value) in measured {
                check_value(model, data, row, observable, value)?;
                found.points.push(Point {
                    time: found.times.len() - 1,
                    observable,
                    value,
                    sigma: error_bar(model, data, row, observable)?,
                    row,
                });
            }
        }
        Ok(found)
    }

    /// The measurements at time `i`, given those from an earlier call's end on.
    pub(crate) fn at(&self, i: usize, from: &mut usize) -> &[Point] {
        let first = *from;
        let count = self.points[first..]
            .iter()
            .take_while(|point| point.time == i);
        *from += count.count();
        &self.points[first..*from]
    }
}

fn outside(model: &Model, data: &Data, row: usize, start: f64, end: f64) -> Error {
    let heading = model
        .data
        .as_ref()
        .map_or("", |data| data.time.value.as_str());
    let t = data.times()[row];
    let message = format!(
        "t = {t} is outside the model's time{}, {start} to {end}: move [time], or leave the row out by 'use' under [data]",
        model.within()
    );
    data.error(row, heading, message)
}

/// The known error bar of a measurement; NaN where the observable has none.
pub(super) fn error_bar(model: &Model, data: &Data, row: usize, observable: usize) -> Result<f64> {
    let mut bars = model.error_bars().enumerate();
    let Some((j, (_, heading))) = bars.find(|(_, (with, _))| *with == observable) else {
        return Ok(f64::NAN);
    };
    match data.bar(row, j) {
        Some(bar) if bar > 0.0 => Ok(bar),
        Some(bar) => Err(data.error_of(
            row,
            observable,
            heading,
            format!("an error bar is positive, and this is {bar}"),
        )),
        None => {
            let name = &model.observables[observable].name;
            Err(data.error_of(
                row,
                observable,
                heading,
                format!("{name} is measured here, but its error bar is missing"),
            ))
        }
    }
}

fn check_value(
    model: &Model,
    data: &Data,
    row: usize,
    observable: usize,
    value: f64,
) -> Result<()> {
    let Observable {
        column,
        distribution,
        noise,
        ..
    } = &model.observables[observable];
    let needs = match noise {
        Some(_) => distribution
            .is_logarithmic()
            .then_some("a logarithmic distribution"),
        None => (model.fit.loss == Loss::LogSquares).then_some("the loss log-squares"),
    };
    match needs {
        Some(what) if value <= 0.0 => {
            let message = format!("{what} needs positive measurements, and this is {value}");
            let heading = model.value_heading(column);
            Err(data.error_of(row, observable, heading, message))
        }
        _ => Ok(()),
    }
}
