//! Experiments from the rows of a table.

use std::path::Path;

use super::Experiment;
use crate::data::Sheet;
use crate::error::Result;
use crate::expression::Formula;
use crate::file::{ModelFile, Named, Placed};

/// A table of conditions: a row for each experiment, a column for each override; an empty cell leaves the model's own.
pub(super) fn read(file: &ModelFile, path: &Path) -> Result<Vec<Experiment>> {
    let sheet = Sheet::read(path)?;
    let own = file.data.as_ref().and_then(|data| data.experiment.as_ref());
    let own = own.map(|name| name.value.as_str());
    // Called as in the data, or 'experiment', or else the first.
    let heading = |name: &str| sheet.header.iter().position(|heading| heading == name);
    let names = own
        .and_then(heading)
        .or_else(|| heading("experiment"))
        .unwrap_or(0);
    let mut experiments: Vec<Experiment> = Vec::new();
    for (row, (_, cells)) in sheet.rows.iter().enumerate() {
        let name = &cells[names];
        if name.is_empty() {
            return Err(sheet.error(row, names, "the experiment is missing".into()));
        }
        if experiments.iter().any(|(known, _)| known == name) {
            let message = format!("there are two rows for experiment '{name}'");
            return Err(sheet.error(row, names, message));
        }
        let mut overrides = Vec::new();
        for (column, text) in cells.iter().enumerate() {
            if column == names || text.is_empty() {
                continue;
            }
            let place = sheet.place(Some(row), column);
            let raw = &place.source.text[place.span.clone()];
            let offset = raw.find(text.as_str()).map(|at| place.span.start + at);
            overrides.push(Named {
                name: Placed {
                    value: sheet.header[column].clone(),
                    place: sheet.place(None, column),
                },
                formula: Formula::parse(text, place, offset)?,
            });
        }
        experiments.push((name.clone(), overrides));
    }
    Ok(experiments)
}
