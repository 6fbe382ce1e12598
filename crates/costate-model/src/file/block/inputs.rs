//! `[inputs]`: known functions of time.

use crate::error::{Place, Result};
use crate::file::name;
use crate::file::read::{Entry, Keys, Placed, Section};
use crate::input::Kind;

#[derive(Clone, Debug)]
pub(crate) struct InputBlock {
    pub(crate) name: Placed<String>,
    pub(crate) file: Placed<String>,
    pub(crate) time: Placed<String>,
    /// The column of its values; by default its own name.
    pub(crate) column: Option<Placed<String>>,
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

const INPUT: Keys = &["file", "time", "column", "interpolate"];

pub(in crate::file) fn inputs(section: &Section<'_>) -> Result<Vec<InputBlock>> {
    section.entries().iter().map(input).collect()
}

fn input(entry: &Entry<'_>) -> Result<InputBlock> {
    let table = entry.section()?;
    table.check(INPUT)?;
    let kind = table.get("interpolate");
    let kind = kind.map(|entry| entry.choice(&Kind::NAMES));
    Ok(InputBlock {
        name: name(entry)?,
        file: table.required("file")?.text()?,
        time: table.required("time")?.text()?,
        column: super::text(&table, "column")?,
        kind: kind.transpose()?.unwrap_or(Kind::Linear),
        place: entry.key_place(),
    })
}
