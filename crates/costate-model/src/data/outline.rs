//! What a model must know of its data before it is whole: which experiments there are, and what else is constant in each.

use std::path::Path;

use super::table::{self, Table, reader};
use crate::error::{Result, nearest};
use crate::file::Placed;

/// The experiments of a data file, with the text of some columns in each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    pub(crate) experiments: Vec<String>,
    /// By column asked for, then by experiment.
    pub(crate) columns: Vec<Vec<String>>,
}

impl Outline {
    /// # Errors
    /// If the file cannot be read, has no such column, or a column asked for changes within an experiment.
    pub(crate) fn read(path: &Path, experiment: &str, columns: &[&Placed<String>]) -> Result<Self> {
        let text = table::text(path)?;
        let table = Table::new(path, &text);
        let mut reader = reader(&text);
        let header = reader
            .headers()
            .map_err(|error| table.broken(&error))?
            .clone();
        let names = table.column(&header, experiment)?;
        let place = |name: &&Placed<String>| {
            let found = header.iter().position(|heading| heading == name.value);
            found.ok_or_else(|| {
                let help = nearest(&name.value, header.iter().chain(["experiment"]))
                    .map(|near| format!("did you mean '{near}'?"));
                let error = name
                    .place
                    .error(format!("the data have no column '{}'", name.value));
                error.with_help(help).into()
            })
        };
        let places = columns.iter().map(place).collect::<Result<Vec<_>>>()?;
        let mut outline = Outline {
            experiments: Vec::new(),
            columns: vec![Vec::new(); columns.len()],
        };
        for record in reader.records() {
            let record = record.map_err(|error| table.broken(&error))?;
            let line = table.check_length(&record)?;
            let name = &record[names];
            if name.is_empty() {
                let error = table.error(line, names, "the experiment is missing".into());
                return Err(error.into());
            }
            let known = outline.experiments.iter().position(|known| known == name);
            for (texts, &column) in outline.columns.iter_mut().zip(&places) {
                if record[column].is_empty() {
                    let message = format!(
                        "experiment '{name}' has no '{}', by which a parameter has its copies",
                        &header[column]
                    );
                    return Err(table.error(line, column, message).into());
                }
                match known {
                    None => texts.push(record[column].to_owned()),
                    Some(i) if texts[i] == record[column] => {}
                    Some(i) => {
                        let message = format!(
                            "'{}' follows '{}' in experiment '{name}', but a parameter has one value in each: 'per' needs a column that is constant there",
                            &record[column], texts[i]
                        );
                        return Err(table.error(line, column, message).into());
                    }
                }
            }
            if known.is_none() {
                outline.experiments.push(name.to_owned());
            }
        }
        Ok(outline)
    }
}
