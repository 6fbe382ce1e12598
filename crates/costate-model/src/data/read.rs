//! Reading the table: which column means what, row by row.

use std::path::Path;

use super::Data;
use super::long;
use super::table::{self, Table};
use crate::error::{Diagnostic, Error, Result, nearest};
use crate::expression::Formula;

/// The time and the observables of a data file by their columns' names.
pub(crate) struct Columns<'a> {
    /// The column of times, and the place in the model file that names it.
    pub(crate) time: &'a str,
    pub(crate) observables: &'a [String],
    /// The columns of known error bars, each with the observable it belongs to.
    pub(crate) bars: &'a [(usize, String)],
    /// Whether every observable must have its column; otherwise one that has none is not measured.
    pub(crate) all: bool,
    /// Which rows to fit; all of them if there is none.
    pub(crate) used: Option<&'a Formula>,
    /// +1 or −1: whether times are to rise or to fall.
    pub(crate) direction: f64,
    /// The column that names the experiment.
    pub(crate) experiment: Option<&'a str>,
    pub(crate) layout: Layout<'a>,
}

/// What a row of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout<'a> {
    /// A time, with a column for each observable.
    Wide,
    /// One measurement: the columns of the observable's name and of the number.
    Long { observable: &'a str, value: &'a str },
}

impl<'a> Columns<'a> {
    /// A column for each observable and nothing else.
    #[cfg(test)]
    pub(crate) fn wide(time: &'a str, observables: &'a [String]) -> Self {
        Columns {
            time,
            observables,
            bars: &[],
            all: true,
            used: None,
            direction: 1.0,
            experiment: None,
            layout: Layout::Wide,
        }
    }
}

/// The columns that every row has, whatever the layout.
pub(super) struct Common<'a> {
    wanted: &'a Columns<'a>,
    time: usize,
    experiment: Option<usize>,
    /// The columns behind the names of the row filter.
    filter: Vec<usize>,
    pub(super) bars: Vec<usize>,
}

/// What every row says.
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) time: f64,
    pub(super) experiment: usize,
    pub(super) used: bool,
}

impl Data {
    pub(crate) fn read(path: &Path, columns: &Columns<'_>) -> Result<Self> {
        Self::parse(path, &table::text(path)?, columns)
    }

    pub(crate) fn parse(path: &Path, text: &str, wanted: &Columns<'_>) -> Result<Self> {
        let table = Table::new(path, text);
        let mut reader = table::reader(text);
        let header = reader
            .headers()
            .map_err(|error| table.broken(&error))?
            .clone();
        let common = Common::new(&table, &header, wanted)?;
        let mut data = Data {
            path: path.to_owned(),
            times: Vec::new(),
            values: Vec::new(),
            used: Vec::new(),
            lines: Vec::new(),
            columns: wanted.observables.len(),
            bars: Vec::new(),
            bar_columns: wanted.bars.len(),
            experiments: Vec::new(),
            experiment: Vec::new(),
            ignored: Vec::new(),
            has: vec![false; wanted.observables.len()],
        };
        match wanted.layout {
            Layout::Wide => wide(&mut data, &table, &header, &common, &mut reader)?,
            Layout::Long { observable, value } => {
                let columns = [
                    table.column(&header, observable)?,
                    table.column(&header, value)?,
                ];
                long::read(&mut data, &table, wanted, &common, &mut reader, columns)?;
            }
        }
        if data.times.is_empty() {
            return Err(table
                .error(1, 0, "there are no rows under the header".into())
                .into());
        }
        let mut order: Vec<usize> = (0..data.times.len()).collect();
        order.sort_by_key(|&row| data.experiment[row]);
        data.reorder(&order);
        Ok(data)
    }
}

impl<'a> Common<'a> {
    fn new(table: &Table<'_>, header: &csv::StringRecord, wanted: &'a Columns<'a>) -> Result<Self> {
        let time = table.column(header, wanted.time)?;
        let experiment = wanted.experiment.map(|name| table.column(header, name));
        let bar = |(_, name): &(usize, String)| table.column(header, name);
        Ok(Common {
            wanted,
            time,
            experiment: experiment.transpose()?,
            bars: wanted.bars.iter().map(bar).collect::<Result<Vec<_>>>()?,
            filter: match wanted.used {
                Some(formula) => filter_columns(header, time, formula)?,
                None => Vec::new(),
            },
        })
    }

    pub(super) fn row(
        &self,
        data: &mut Data,
        table: &Table<'_>,
        record: &csv::StringRecord,
    ) -> Result<Row> {
        let line = table.check_length(record)?;
        let cell = |column: usize| table.number(line, column, &record[column]);
        let time = cell(self.time)?;
        if time.is_nan() {
            let error = table.error(line, self.time, "the time is missing".into());
            return Err(error.into());
        }
        let experiment = match self.experiment {
            None => 0,
            Some(column) if record[column].is_empty() => {
                let error = table.error(line, column, "the experiment is missing".into());
                return Err(error.into());
            }
            Some(column) => {
                let name = &record[column];
                let known = data.experiments.iter().position(|known| known == name);
                known.unwrap_or_else(|| {
                    data.experiments.push(name.to_owned());
                    data.experiments.len() - 1
                })
            }
        };
        let used = match self.wanted.used {
            Some(formula) => {
                let values = self.filter.iter().map(|&column| cell(column));
                let values = values.collect::<Result<Vec<f64>>>()?;
                let answer = formula.eval::<f64>(|name| values[name]);
                if answer.is_nan() {
                    return Err(self.unanswered(table, record, line, formula).into());
                }
                answer != 0.0
            }
            None => true,
        };
        Ok(Row {
            line,
            time,
            experiment,
            used,
        })
    }

    /// Of a row of which the filter says neither yes nor no: at the first empty cell that it looks at.
    fn unanswered(
        &self,
        table: &Table<'_>,
        record: &csv::StringRecord,
        line: usize,
        formula: &Formula,
    ) -> Diagnostic {
        let mut looked_at = self.filter.iter().copied();
        let empty = looked_at.find(|&column| record[column].is_empty());
        let message = format!(
            "'use' under [data] is neither true nor false of this row: {} is no number",
            formula.written()
        );
        let help = empty.map(|_| {
            "where a column says which rows to fit, write 1 or 0 into each of its cells".into()
        });
        table
            .error(line, empty.unwrap_or(self.time), message)
            .with_help(help)
    }

    /// # Errors
    /// If the time of `row` lies before that of `before`, given with its line.
    pub(super) fn follows(
        &self,
        table: &Table<'_>,
        before: Option<(f64, usize)>,
        row: &Row,
    ) -> Result<()> {
        let Some((before, earlier)) = before else {
            return Ok(());
        };
        if (row.time - before) * self.wanted.direction >= 0.0 {
            return Ok(());
        }
        let along = if self.wanted.direction > 0.0 {
            "increasing"
        } else {
            "decreasing, as the model's time does"
        };
        let within = match self.experiment {
            Some(_) => " within the experiment",
            None => "",
        };
        let now = row.time;
        let message =
            format!("times are not {along}{within}: {now} follows {before} (line {earlier})");
        Err(table.error(row.line, self.time, message).into())
    }
}

fn wide(
    data: &mut Data,
    table: &Table<'_>,
    header: &csv::StringRecord,
    common: &Common<'_>,
    reader: &mut csv::Reader<&[u8]>,
) -> Result<()> {
    let wanted = common.wanted;
    let has = |name: &String| header.iter().any(|heading| heading == name);
    let optional = !wanted.all && wanted.observables.iter().any(has);
    let column = |name: &String| {
        if optional && !has(name) {
            Ok(None)
        } else {
            table.column(header, name).map(Some)
        }
    };
    let observables = wanted.observables.iter().map(column);
    let observables = observables.collect::<Result<Vec<_>>>()?;
    data.has = observables.iter().map(Option::is_some).collect();
    let mut last: Vec<Option<(f64, usize)>> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| table.broken(&error))?;
        let row = common.row(data, table, &record)?;
        last.resize(data.experiments.len().max(1), None);
        common.follows(table, last[row.experiment], &row)?;
        last[row.experiment] = Some((row.time, row.line));
        let cell = |column: usize| table.number(row.line, column, &record[column]);
        for &column in &observables {
            data.values.push(column.map_or(Ok(f64::NAN), cell)?);
            data.lines.push(row.line);
        }
        for &column in &common.bars {
            data.bars.push(cell(column)?);
        }
        data.times.push(row.time);
        data.used.push(row.used);
        data.experiment.push(row.experiment);
    }
    Ok(())
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
            Err(Error::from(
                formula
                    .error_at_name(i, format!("the data have no column '{name}'"))
                    .with_help(help),
            ))
        }
    };
    formula.names().enumerate().map(column).collect()
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
                direction,
                ..Columns::wide("year", &observables)
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
        assert!(message("year,hare,lynx\n1900,inf,4\n").contains("'inf' is not a number\n"));
        assert!(
            message("year,hare,lynx\n1900,NaN,4\n")
                .contains("'NaN' is not a number (a missing value is an empty cell)")
        );
        for (cell, hint) in [
            ("<0.5", "leave the cell empty"),
            ("2020-01-01", "a date?"),
            ("1/2/2020 12:30", "a date?"),
            ("2020-01-01T12:30", "a date?"),
            ("12:30", "a time of day?"),
        ] {
            let message = message(&format!("year,hare,lynx\n1900,{cell},4\n"));
            let told = message.lines().next().unwrap();
            assert!(
                told.contains(&format!("'{cell}' is not a number (")) && told.contains(hint),
                "{told}"
            );
        }
        assert!(
            message("year,hare,lynx\n1900,1e400,4\n")
                .contains("'1e400' is not a number (it is larger than numbers can be)")
        );
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
    fn a_comment_is_told_not_to_be_read() {
        let help = "comments are no part of a table: its first line names the columns, and each other line is a row";
        for text in [
            "# my data\nyear,hare,lynx\n1900,30,4\n",
            "# of 1900, my data\nyear,hare,lynx\n1900,30,4\n",
            "year,hare,lynx\n# my data\n1900,30,4\n",
        ] {
            let message = message(text);
            assert!(message.ends_with(help), "{message}");
        }
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
