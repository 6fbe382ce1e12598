//! `[experiments.NAME]`: what differs between experiments.

use crate::error::Result;
use crate::file::read::{Entry, Placed, Section};
use crate::file::{Named, named};

#[derive(Clone, Debug, Default)]
pub(crate) struct ExperimentsBlock {
    /// A table with a row for each experiment.
    pub(crate) file: Option<Placed<String>>,
    pub(crate) tables: Vec<ExperimentBlock>,
}

#[derive(Clone, Debug)]
pub(crate) struct ExperimentBlock {
    pub(crate) name: Placed<String>,
    pub(crate) overrides: Vec<Named>,
}

pub(in crate::file) fn experiments(section: &Section<'_>) -> Result<ExperimentsBlock> {
    let mut block = ExperimentsBlock::default();
    for entry in section.entries() {
        if entry.key == "file" && !entry.is_table() {
            block.file = Some(entry.text()?);
            continue;
        }
        block.tables.push(experiment(&entry)?);
    }
    Ok(block)
}

fn experiment(entry: &Entry<'_>) -> Result<ExperimentBlock> {
    Ok(ExperimentBlock {
        name: Placed {
            value: entry.key.to_owned(),
            place: entry.key_place(),
        },
        overrides: named(&entry.section()?)?,
    })
}
