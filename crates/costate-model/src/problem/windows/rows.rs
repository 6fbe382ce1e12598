//! The rows of the data as windows see them.

use crate::data::Data;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::problem::measurements::{Point, error_bar};

pub(super) struct Rows {
    data: Data,
    /// The observable that measures each state.
    measured_by: Vec<usize>,
    observables: usize,
    /// The error bar of each row and observable; NaN where there is none.
    bars: Vec<f64>,
}

impl Rows {
    /// # Errors
    /// What `wrong` makes of a message if a state is not measured; an error bar that is missing.
    pub(super) fn new(model: &Model, data: &Data, wrong: impl Fn(String) -> Error) -> Result<Self> {
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
        let mut bars = Vec::new();
        for row in 0..data.times().len() {
            for observable in 0..model.observables.len() {
                let measured = data.used(row) && data.value(row, observable).is_some();
                bars.push(if measured {
                    error_bar(model, data, row, observable)?
                } else {
                    f64::NAN
                });
            }
        }
        Ok(Rows {
            data: data.clone(),
            measured_by,
            observables: model.observables.len(),
            bars,
        })
    }

    pub(super) fn states(&self) -> usize {
        self.measured_by.len()
    }

    pub(super) fn time(&self, row: usize) -> f64 {
        self.data.times()[row]
    }

    /// Whether so many rows from this one on are a window: all to be fitted, of one experiment, at times of their own, with the states
    /// measured in the first.
    pub(super) fn is_run(&self, first: usize, length: usize) -> bool {
        let (data, rows) = (&self.data, first..first + length);
        rows.end <= data.times().len()
            && rows
                .clone()
                .all(|row| data.used(row) && data.together(first, row))
            && rows
                .skip(1)
                .all(|row| data.times()[row] != data.times()[row - 1])
            && self
                .measured_by
                .iter()
                .all(|&observable| data.value(first, observable).is_some())
    }

    /// The state that is measured in a row.
    pub(super) fn begin(&self, row: usize) -> Vec<f64> {
        let states = self.measured_by.iter();
        states
            .map(|&observable| self.data.value(row, observable).unwrap_or(f64::NAN))
            .collect()
    }

    /// What is measured in a row, as points at a time of the solution.
    pub(super) fn points(&self, row: usize, time: usize) -> Vec<Point> {
        let measured = (0..self.observables).filter_map(|observable| {
            Some(Point {
                time,
                observable,
                value: self.data.value(row, observable)?,
                sigma: self.bars[row * self.observables + observable],
                row,
            })
        });
        measured.collect()
    }
}
