//! Measurements from a CSV file.

mod long;
mod outline;
mod read;
mod table;

use std::path::{Path, PathBuf};

pub(crate) use outline::Outline;
pub(crate) use read::{Columns, Layout};
pub(crate) use table::Sheet;

use crate::error::Error;
use table::Table;

/// Measurements over time: one row for each time of an experiment, one column for each observable. The rows of an experiment follow each
/// other along the direction of the model's time.
///
/// ```
/// use costate_model::Model;
///
/// let data = Model::open("examples/lynx-hare.toml")?.read_data()?.expect("the file names one");
/// assert_eq!((data.times().len(), data.times()[0], data.count(true)), (21, 1900.0, 42));
/// assert_eq!(data.value(0, 0), Some(30.0)); // thousands of hares in 1900
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    path: PathBuf,
    times: Vec<f64>,
    /// Row-major; a missing value is NaN.
    values: Vec<f64>,
    used: Vec<bool>,
    /// The line of each value, row-major as the values.
    lines: Vec<usize>,
    columns: usize,
    /// Known error bars, row-major as the values.
    bars: Vec<f64>,
    bar_columns: usize,
    /// The experiments in the order of the file; none if no column names them.
    experiments: Vec<String>,
    /// The experiment of each row.
    experiment: Vec<usize>,
    /// What rows measure that is no observable, in the long layout.
    ignored: Vec<String>,
    /// Whether the file has a place for each observable: a column, or rows.
    has: Vec<bool>,
}

impl Data {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The time of each row, along the direction of the model's time within an experiment. Rows may share a time.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The measurement of observable `column` in row `row`; `None` where the cell is empty.
    pub fn value(&self, row: usize, column: usize) -> Option<f64> {
        Some(self.values[row * self.columns + column]).filter(|value| !value.is_nan())
    }

    /// What row `row` says of each observable.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = Option<f64>> {
        (0..self.columns).map(move |column| self.value(row, column))
    }

    /// The number of measurements in a row.
    pub(crate) fn measured(&self, row: usize) -> usize {
        self.row(row).flatten().count()
    }

    /// The number in row `row` of the `column`-th column of error bars.
    pub(crate) fn bar(&self, row: usize, column: usize) -> Option<f64> {
        Some(self.bars[row * self.bar_columns + column]).filter(|value| !value.is_nan())
    }

    /// Whether the row is fitted; the others are validation data.
    pub fn used(&self, row: usize) -> bool {
        self.used[row]
    }

    /// The line of the file that holds the row, counted from 1; the first of them where several lines make one row.
    pub fn line(&self, row: usize) -> usize {
        let lines = &self.lines[row * self.columns..][..self.columns];
        lines.iter().copied().min().unwrap_or(1)
    }

    /// The names of the experiments in the order of the file; none if no column names them.
    pub fn experiments(&self) -> &[String] {
        &self.experiments
    }

    /// The experiment that the row belongs to, if a column names it.
    pub fn experiment(&self, row: usize) -> Option<&str> {
        self.experiments
            .get(self.experiment[row])
            .map(String::as_str)
    }

    /// Whether both rows belong to the same experiment.
    pub(crate) fn together(&self, a: usize, b: usize) -> bool {
        self.experiment[a] == self.experiment[b]
    }

    /// What rows measure that is no observable of the model, in the long layout.
    pub(crate) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Whether the file has a place for observable `column`, be it empty.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.has[column]
    }

    /// The number of measurements: of rows that are fitted, or of the others.
    pub fn count(&self, fitted: bool) -> usize {
        let rows = (0..self.times.len()).filter(|&row| self.used[row] == fitted);
        rows.map(|row| self.measured(row)).sum()
    }

    /// The time of an experiment's last row that is fitted.
    pub(crate) fn last_fitted(&self, experiment: Option<&str>) -> Option<f64> {
        let mut rows = (0..self.times.len()).rev();
        let last = rows.find(|&row| {
            self.used[row] && self.experiment(row) == experiment && self.measured(row) > 0
        })?;
        Some(self.times[last])
    }

    /// The number of measurements of observable `column`.
    pub fn measurements_of(&self, column: usize) -> usize {
        let rows = 0..self.times.len();
        rows.filter(|&row| self.value(row, column).is_some())
            .count()
    }

    /// A message about the measurement of observable `observable` in `row`, at the cell under the file's heading `heading`.
    pub(crate) fn error_of(
        &self,
        row: usize,
        observable: usize,
        heading: &str,
        message: String,
    ) -> Error {
        self.error_at(
            self.lines[row * self.columns + observable],
            heading,
            message,
        )
    }

    /// A message about the cell of `row` under the file's heading `heading`.
    pub(crate) fn error(&self, row: usize, heading: &str, message: String) -> Error {
        self.error_at(self.line(row), heading, message)
    }

    fn error_at(&self, line: usize, heading: &str, message: String) -> Error {
        let Ok(text) = table::text(&self.path) else {
            return Error::Argument(message);
        };
        let mut reader = table::reader(&text);
        let header = reader.headers().ok();
        let column = header.and_then(|cells| cells.iter().position(|cell| cell == heading));
        let table = Table::new(&self.path, &text);
        table.error(line, column.unwrap_or(0), message).into()
    }

    /// The rows in the order of `order`.
    fn reorder(&mut self, order: &[usize]) {
        fn pick<T: Copy>(values: &mut Vec<T>, order: &[usize], width: usize) {
            let moved = order
                .iter()
                .flat_map(|&row| values[row * width..(row + 1) * width].to_vec());
            *values = moved.collect();
        }
        pick(&mut self.times, order, 1);
        pick(&mut self.used, order, 1);
        pick(&mut self.experiment, order, 1);
        pick(&mut self.values, order, self.columns);
        pick(&mut self.lines, order, self.columns);
        pick(&mut self.bars, order, self.bar_columns);
    }
}
