//! Measurements from a CSV file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Diagnostic, Error, Result, nearest};
use crate::expression::Formula;
use crate::file;

/// Measurements over time: one row for each time, one column for each observable.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    path: PathBuf,
    times: Vec<f64>,
    /// Row-major; a missing value is NaN.
    values: Vec<f64>,
    used: Vec<bool>,
    lines: Vec<usize>,
    columns: usize,
    /// Known error bars, row-major as the values.
    bars: Vec<f64>,
    bar_columns: usize,
}

/// The time and the observables of a data file by their columns' names.
pub(crate) struct Columns<'a> {
    /// The column of times, and the place in the model file that names it.
    pub(crate) time: &'a str,
    pub(crate) observables: &'a [String],
    /// The columns of known error bars.
    pub(crate) bars: &'a [String],
    /// Whether every observable must have its column; otherwise one that has none is not measured.
    pub(crate) all: bool,
    /// Which rows to fit; all of them if there is none.
    pub(crate) used: Option<&'a Formula>,
    /// +1 or −1: whether times are to rise or to fall.
    pub(crate) direction: f64,
}

impl Data {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The time of each row, along the direction of the model's time. Rows may share a time.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The measurement of observable `column` in row `row`; `None` where the cell is empty.
    pub fn value(&self, row: usize, column: usize) -> Option<f64> {
        Some(self.values[row * self.columns + column]).filter(|value| !value.is_nan())
    }

    /// The number in row `row` of the `column`-th column of error bars.
    pub(crate) fn bar(&self, row: usize, column: usize) -> Option<f64> {
        Some(self.bars[row * self.bar_columns + column]).filter(|value| !value.is_nan())
    }

    /// Whether the row is fitted; the others are validation data.
    pub fn used(&self, row: usize) -> bool {
        self.used[row]
    }

    /// The line of the file that holds the row, counted from 1.
    pub fn line(&self, row: usize) -> usize {
        self.lines[row]
    }

    /// The number of measurements: of rows that are fitted, or of the others.
    pub fn count(&self, fitted: bool) -> usize {
        let rows = (0..self.times.len()).filter(|&row| self.used[row] == fitted);
        rows.map(|row| {
            (0..self.columns)
                .filter(|&column| self.value(row, column).is_some())
                .count()
        })
        .sum()
    }

    /// The number of measurements of observable `column`.
    pub fn measurements_of(&self, column: usize) -> usize {
        let rows = 0..self.times.len();
        rows.filter(|&row| self.value(row, column).is_some())
            .count()
    }

    pub(crate) fn read(path: &Path, columns: &Columns<'_>) -> Result<Self> {
        let text = file::read(path)?;
        Self::parse(
            path,
            text.strip_prefix('\u{feff}').unwrap_or(&text),
            columns,
        )
    }

    pub(crate) fn parse(path: &Path, text: &str, wanted: &Columns<'_>) -> Result<Self> {
        let table = Table::new(path, text);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = reader
            .headers()
            .map_err(|error| table.broken(&error))?
            .clone();
        let time = table.column(&header, wanted.time)?;
        let has = |name: &String| header.iter().any(|heading| heading == name);
        let optional = !wanted.all && wanted.observables.iter().any(has);
        let column = |name: &String| {
            if optional && !has(name) {
                Ok(None)
            } else {
                table.column(&header, name).map(Some)
            }
        };
        let observables = wanted
            .observables
            .iter()
            .map(column)
            .collect::<Result<Vec<_>>>()?;
        let bar = |name: &String| table.column(&header, name);
        let bars = wanted.bars.iter().map(bar).collect::<Result<Vec<_>>>()?;
        let names = match wanted.used {
            Some(formula) => filter_columns(&header, time, formula)?,
            None => Vec::new(),
        };
        let mut data = Data {
            path: path.to_owned(),
            times: Vec::new(),
            values: Vec::new(),
            used: Vec::new(),
            lines: Vec::new(),
            columns: observables.len(),
            bars: Vec::new(),
            bar_columns: bars.len(),
        };
        for record in reader.records() {
            let record = record.map_err(|error| table.broken(&error))?;
            let line = record.position().map_or(0, csv::Position::line) as usize;
            if record.len() != header.len() {
                let message = format!(
                    "this row has {} cells, the header {}",
                    record.len(),
                    header.len()
                );
                return Err(table
                    .error(line, record.len().min(header.len()) - 1, message)
                    .into());
            }
            let cell = |column: usize| table.number(line, column, &record[column]);
            let now = cell(time)?;
            if now.is_nan() {
                return Err(table.error(line, time, "the time is missing".into()).into());
            }
            if let (Some(&before), Some(earlier)) = (data.times.last(), data.lines.last())
                && (now - before) * wanted.direction < 0.0
            {
                let along = if wanted.direction > 0.0 {
                    "increasing"
                } else {
                    "decreasing, as the model's time does"
                };
                let message =
                    format!("times are not {along}: {now} follows {before} (line {earlier})");
                return Err(table.error(line, time, message).into());
            }
            for &column in &observables {
                data.values.push(column.map_or(Ok(f64::NAN), cell)?);
            }
            for &column in &bars {
                data.bars.push(cell(column)?);
            }
            let used = match wanted.used {
                Some(formula) => {
                    let values = names
                        .iter()
                        .map(|&column| cell(column))
                        .collect::<Result<Vec<f64>>>()?;
                    formula.eval::<f64>(|name| values[name]) != 0.0
                }
                None => true,
            };
            data.times.push(now);
            data.lines.push(line);
            data.used.push(used);
        }
        if data.times.is_empty() {
            return Err(table
                .error(1, 0, "there are no rows under the header".into())
                .into());
        }
        Ok(data)
    }

    /// A message about the cell of `row` under the file's heading `heading`.
    pub(crate) fn error(&self, row: usize, heading: &str, message: String) -> Error {
        let Ok(text) = file::read(&self.path) else {
            return Error::Argument(message);
        };
        let table = Table::new(&self.path, &text);
        let column = table
            .lines
            .first()
            .and_then(|header| header.split(',').position(|cell| cell.trim() == heading))
            .unwrap_or(0);
        table.error(self.lines[row], column, message).into()
    }
}

/// The column behind each name of the row filter: `t` is the time.
fn filter_columns(
    header: &csv::StringRecord,
    time: usize,
    formula: &Formula,
) -> Result<Vec<usize>> {
    let column = |(i, name): (usize, &str)| match header.iter().position(|heading| heading == name)
    {
        _ if name == "t" => Ok(time),
        Some(column) => Ok(column),
        None => {
            let help = nearest(name, header.iter().chain(["t"]))
                .map(|near| format!("did you mean '{near}'?"));
            Err(formula
                .error_at_name(i, format!("the data have no column '{name}'"))
                .with_help(help)
                .into())
        }
    };
    formula.names().enumerate().map(column).collect()
}

/// A data file's text, for messages about its cells.
struct Table<'a> {
    path: &'a Path,
    lines: Vec<&'a str>,
}

impl<'a> Table<'a> {
    fn new(path: &'a Path, text: &'a str) -> Self {
        Table {
            path,
            lines: text.lines().collect(),
        }
    }

    /// A message about a cell, `column` counted from 0.
    fn error(&self, line: usize, column: usize, message: String) -> Diagnostic {
        let row = self
            .lines
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or("");
        Diagnostic::in_table(self.path, line, column + 1, message, row, cell(row, column))
    }

    fn broken(&self, error: &csv::Error) -> Error {
        let line = error.position().map_or(1, csv::Position::line) as usize;
        self.error(line, 0, format!("this is not a table in CSV: {error}"))
            .into()
    }

    fn column(&self, header: &csv::StringRecord, name: &str) -> Result<usize> {
        let mut found = header
            .iter()
            .enumerate()
            .filter(|(_, heading)| *heading == name)
            .map(|(column, _)| column);
        match (found.next(), found.next()) {
            (Some(column), None) => Ok(column),
            (Some(_), Some(second)) => Err(self
                .error(1, second, format!("there are two columns '{name}'"))
                .into()),
            (None, _) => {
                let foreign = [(';', "';'"), ('\t', "tabs")]
                    .iter()
                    .find(|(mark, _)| header.len() == 1 && header[0].contains(*mark));
                let help = match (foreign, nearest(name, header.iter())) {
                    (Some((_, mark)), _) => format!(
                        "the columns of this file are separated by {mark}; separate them by commas"
                    ),
                    (None, Some(near)) => format!("did you mean '{near}'?"),
                    (None, None) => {
                        format!("columns: {}", header.iter().collect::<Vec<_>>().join(", "))
                    }
                };
                Err(self
                    .error(1, 0, format!("there is no column '{name}'"))
                    .with_help(Some(help))
                    .into())
            }
        }
    }

    /// The number in a cell; NaN where it is empty.
    fn number(&self, line: usize, column: usize, text: &str) -> Result<f64> {
        if text.is_empty() {
            return Ok(f64::NAN);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => {
                let hint = match text {
                    _ if text.replacen(',', ".", 1).parse::<f64>().is_ok() => " (a decimal comma?)",
                    _ if ["na", "nan", "n/a", "null", "none", "-", ".", "?"]
                        .contains(&text.to_lowercase().as_str()) =>
                    {
                        " (a missing value is an empty cell)"
                    }
                    _ => "",
                };
                Err(self
                    .error(line, column, format!("'{text}' is not a number{hint}"))
                    .into())
            }
        }
    }
}

/// The bytes of cell `column` in a row, quoted cells included.
fn cell(row: &str, column: usize) -> Range<usize> {
    let (mut start, mut at, mut quoted) = (0, 0, false);
    for (offset, c) in row.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted && at == column => return start..offset,
            ',' if !quoted => {
                at += 1;
                start = offset + 1;
            }
            _ => {}
        }
    }
    start..row.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, direction: f64) -> Result<Data> {
        let observables = ["hare".to_owned(), "lynx".to_owned()];
        Data::parse(
            Path::new("d.csv"),
            text,
            &Columns {
                time: "year",
                observables: &observables,
                bars: &[],
                all: true,
                used: None,
                direction,
            },
        )
    }

    fn message(text: &str) -> String {
        read(text, 1.0).unwrap_err().to_string()
    }

    #[test]
    fn empty_cells_are_missing_values_and_other_columns_are_free_text() {
        let data = read("year, note,hare,lynx\n1900,cold,30.0,\n1901,,,6.1\n", 1.0).unwrap();
        assert_eq!(data.times(), [1900.0, 1901.0]);
        assert_eq!((data.value(0, 0), data.value(0, 1)), (Some(30.0), None));
        assert_eq!((data.value(1, 0), data.value(1, 1)), (None, Some(6.1)));
        assert_eq!(
            (data.count(true), data.count(false), data.line(1)),
            (2, 0, 3)
        );
    }

    #[test]
    fn a_decimal_comma_is_told_with_its_place() {
        assert_eq!(
            message("year,hare,lynx\n1900,30,4\n1901,47,\"12,3\"\n"),
            "d.csv:3:3: '12,3' is not a number (a decimal comma?)\n3 | 1901,47,\"12,3\"\n  |         ^^^^^^"
        );
    }

    #[test]
    fn text_in_a_numeric_cell_is_told_with_its_place() {
        assert_eq!(
            message("year,hare,lynx\n1900,many,4\n"),
            "d.csv:2:2: 'many' is not a number\n2 | 1900,many,4\n  |      ^^^^"
        );
        assert!(
            message("year,hare,lynx\n1900,NA,4\n")
                .contains("'NA' is not a number (a missing value is an empty cell)")
        );
        assert!(message("year,hare,lynx\n1900,inf,4\n").contains("'inf' is not a number"));
    }

    #[test]
    fn a_missing_column_suggests_the_nearest() {
        assert_eq!(
            message("year,hares,lynx\n1900,30,4\n"),
            "d.csv:1:1: there is no column 'hare'\n1 | year,hares,lynx\n  | ^^^^\ndid you mean 'hares'?"
        );
        assert!(
            message("year;hare;lynx\n1900;30;4\n").ends_with(
                "the columns of this file are separated by ';'; separate them by commas"
            )
        );
    }

    #[test]
    fn times_out_of_order_name_both_rows() {
        assert_eq!(
            message("year,hare,lynx\n1900,30,4\n1903,30,4\n1902,30,4\n"),
            "d.csv:4:1: times are not increasing: 1902 follows 1903 (line 3)\n4 | 1902,30,4\n  | ^^^^"
        );
        assert!(read("year,hare,lynx\n1903,30,4\n1903,30,4\n1902,30,4\n", -1.0).is_ok());
    }

    #[test]
    fn a_short_row_and_an_empty_table_are_refused() {
        assert!(
            message("year,hare,lynx\n1900,30\n")
                .starts_with("d.csv:2:2: this row has 2 cells, the header 3")
        );
        assert!(
            message("year,hare,lynx\n")
                .starts_with("d.csv:1:1: there are no rows under the header")
        );
        assert!(message("").starts_with("d.csv:1:1: there is no column 'year'"));
    }
}
