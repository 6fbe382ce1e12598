//! `[data]`.

use crate::error::Result;
use crate::expression::Formula;
use crate::file::read::{Keys, Placed, Section};

use super::text;

#[derive(Clone, Debug)]
pub(crate) struct DataBlock {
    pub(crate) file: Placed<String>,
    pub(crate) time: Placed<String>,
    pub(crate) used: Option<Formula>,
    pub(crate) experiment: Option<Placed<String>>,
    /// The columns of the observable's name and of the number, in the long layout.
    pub(crate) long: Option<[Placed<String>; 2]>,
}

const DATA: Keys = &[
    "file",
    "time",
    "use",
    "experiment",
    "layout",
    "observable",
    "value",
];

pub(in crate::file) fn data(table: &Section<'_>) -> Result<DataBlock> {
    table.check(DATA)?;
    let long = match table.get("layout") {
        Some(layout) => layout.choice(&[("wide", false), ("long", true)])?,
        None => false,
    };
    if let (false, Some(entry)) = (long, table.get("observable").or(table.get("value"))) {
        let error = entry.at_key(format!("'{}' belongs to the long layout", entry.key));
        return Err(error.with_help(Some("add layout = \"long\"".into())).into());
    }
    let long = match long {
        true => Some([
            table.required("observable")?.text()?,
            table.required("value")?.text()?,
        ]),
        false => None,
    };
    Ok(DataBlock {
        file: table.required("file")?.text()?,
        time: table.required("time")?.text()?,
        used: table.get("use").map(|entry| entry.formula()).transpose()?,
        experiment: text(table, "experiment")?,
        long,
    })
}
