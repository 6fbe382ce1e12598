//! A table's text and its cells, with messages that show them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Diagnostic, Error, Place, Result, Source, nearest};
use crate::file;

/// The text of a table, without the mark that some programs begin it with.
pub(super) fn text(path: &Path) -> Result<String> {
    let text = file::read(path)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// A reader of the cells of a table, spaces around them left out.
pub(super) fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes())
}

/// A whole table as text, for tables that are small.
pub(crate) struct Sheet {
    source: Arc<Source>,
    pub(crate) header: Vec<String>,
    /// Each row with its line.
    pub(crate) rows: Vec<(usize, Vec<String>)>,
}

impl Sheet {
    /// # Errors
    /// If the file cannot be read or is no table.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let source = Arc::new(Source {
            path: path.to_owned(),
            text: text(path)?,
        });
        let table = Table::new(path, &source.text);
        let mut reader = reader(&source.text);
        let broken = |error| table.broken(&error);
        let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let header = texts(reader.headers().map_err(broken)?);
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(broken)?;
            rows.push((table.check_length(&record)?, texts(&record)));
        }
        Ok(Sheet {
            source: source.clone(),
            header,
            rows,
        })
    }

    /// The place of a column, counted from 0.
    pub(crate) fn column(&self, name: &str) -> Result<usize> {
        Table::new(&self.source.path, &self.source.text)
            .column(&csv::StringRecord::from(self.header.clone()), name)
    }

    /// The number in a cell of row `row`; NaN where it is empty.
    pub(crate) fn number(&self, row: usize, column: usize) -> Result<f64> {
        number(&self.rows[row].1[column]).map_err(|message| self.error(row, column, message))
    }

    /// A message about a cell of row `row`.
    pub(crate) fn error(&self, row: usize, column: usize, message: String) -> Error {
        let line = self.rows.get(row).map_or(1, |(line, _)| *line);
        Table::new(&self.source.path, &self.source.text)
            .error(line, column, message)
            .into()
    }

    /// Where the cell stands in the file; `None` for the header.
    pub(crate) fn place(&self, row: Option<usize>, column: usize) -> Place {
        let line = row.map_or(1, |row| self.rows[row].0);
        let before: usize = self
            .source
            .text
            .split_inclusive('\n')
            .take(line - 1)
            .map(str::len)
            .sum();
        let text = self.source.text[before..].lines().next().unwrap_or("");
        let within = cell(text, column);
        let inside = &text[within.clone()];
        let lead = inside.len() - inside.trim_start().len();
        let start = before + within.start + lead;
        Place {
            source: self.source.clone(),
            span: start..start + inside.trim().len(),
        }
    }
}

/// A data file's text, for messages about its cells.
pub(super) struct Table<'a> {
    path: &'a Path,
    pub(super) lines: Vec<&'a str>,
    /// The number of cells of the header.
    headings: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Table {
            path,
            headings: reader(text).headers().map_or(0, csv::StringRecord::len),
            lines: text.lines().collect(),
        }
    }

    /// A message about a cell, `column` counted from 0.
    pub(super) fn error(&self, line: usize, column: usize, message: String) -> Diagnostic {
        let row = self
            .lines
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or("");
        Diagnostic::in_table(self.path, line, column + 1, message, row, cell(row, column))
    }

    /// The line of a record, which must have as many cells as the header.
    pub(super) fn check_length(&self, record: &csv::StringRecord) -> Result<usize> {
        let line = record.position().map_or(0, csv::Position::line) as usize;
        let wanted = self.headings;
        if record.len() == wanted {
            return Ok(line);
        }
        let message = format!(
            "this row has {} cell{}, the header {wanted}",
            record.len(),
            if record.len() == 1 { "" } else { "s" }
        );
        let last = record.len().min(wanted).saturating_sub(1);
        let is_comment = |cell: Option<&str>| cell.is_some_and(|cell| cell.starts_with('#'));
        let header = self.lines.first().copied();
        let help = is_comment(record.get(0)) || is_comment(header);
        let error = self.error(line, last, message);
        Err(error.with_help(help.then(|| COMMENT.into())).into())
    }

    pub(super) fn broken(&self, error: &csv::Error) -> Error {
        let line = error.position().map_or(1, csv::Position::line) as usize;
        self.error(line, 0, format!("this is not a table in CSV: {error}"))
            .into()
    }

    pub(super) fn column(&self, header: &csv::StringRecord, name: &str) -> Result<usize> {
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
                    _ if header.get(0).is_some_and(|cell| cell.starts_with('#')) => COMMENT.into(),
                    (Some((_, mark)), _) => format!(
                        "the columns of this file are separated by {mark}; separate them by commas"
                    ),
                    (None, Some(near)) => format!("did you mean '{near}'?"),
                    (None, None) if header.iter().all(str::is_empty) => "the file is empty".into(),
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
    pub(super) fn number(&self, line: usize, column: usize, text: &str) -> Result<f64> {
        number(text).map_err(|message| self.error(line, column, message).into())
    }
}

/// The number that a cell says, NaN where it is empty; or why it says none.
fn number(text: &str) -> Result<f64, String> {
    if text.is_empty() {
        return Ok(f64::NAN);
    }
    let parsed = text.parse::<f64>();
    if let Ok(value) = parsed
        && value.is_finite()
    {
        return Ok(value);
    }
    let missing = ["na", "nan", "n/a", "null", "none", "-", ".", "?"];
    let hint = match text {
        _ if text.contains(',') && text.replacen(',', ".", 1).parse::<f64>().is_ok() => {
            " (a decimal comma?)"
        }
        _ if parsed.is_ok_and(f64::is_infinite) && text.contains(|c: char| c.is_ascii_digit()) => {
            " (it is larger than numbers can be)"
        }
        _ if missing.contains(&text.to_lowercase().as_str()) => {
            " (a missing value is an empty cell)"
        }
        _ if text.starts_with(['<', '>']) && text[1..].trim().parse::<f64>().is_ok() => {
            " (what lies beyond a limit of detection is no number: leave the cell empty)"
        }
        _ if joins_numbers(text, '-') || joins_numbers(text, '/') => {
            " (a date? write the days since the first, say)"
        }
        _ if joins_numbers(text, ':') => " (a time of day? write hours, 12.5 for 12:30)",
        _ if text.starts_with(['−', '–']) && text[3..].parse::<f64>().is_ok() => {
            " (its minus is a longer dash than '-')"
        }
        _ => "",
    };
    Err(format!("'{text}' is not a number{hint}"))
}

/// Whether a text is whole numbers joined by a mark, as dates and times of the day are; what follows after a space does not matter.
fn joins_numbers(text: &str, mark: char) -> bool {
    let text = text.split([' ', 'T']).next().unwrap_or_default();
    let mut parts = text.split(mark);
    text.contains(mark)
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Why a file whose first line is this has other columns than were meant.
const COMMENT: &str = "comments are no part of a table: its first line names the columns, and each other line is a row";

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
