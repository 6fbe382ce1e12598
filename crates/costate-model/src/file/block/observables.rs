//! `[observables]`: what the data measure, and how measurements scatter.

use crate::error::Result;
use crate::expression::Formula;
use crate::file::name;
use crate::file::read::{Entry, Keys, Placed, Section};
use crate::likelihood::Distribution;

use super::text;

#[derive(Clone, Debug)]
pub(crate) struct ObservableBlock {
    pub(crate) name: Placed<String>,
    pub(crate) is: Formula,
    pub(crate) column: Option<Placed<String>>,
    pub(crate) noise: Option<NoiseBlock>,
    pub(crate) distribution: Distribution,
}

/// How far measurements scatter.
#[derive(Clone, Debug)]
pub(crate) enum NoiseBlock {
    Formula(Formula),
    /// Known error bars, by their column.
    Column(Placed<String>),
}

const OBSERVABLE: Keys = &["is", "column", "noise", "distribution"];

const NOISE: Keys = &["column"];

pub(in crate::file) fn observables(section: &Section<'_>) -> Result<Vec<ObservableBlock>> {
    let observable = |entry: &Entry<'_>| {
        let is = entry.text().map_or(entry.key.to_owned(), |text| text.value);
        let example = format!("{} = {{ is = \"{is}\" }}", entry.key);
        let table = entry.section_such_as(&example)?;
        table.check(OBSERVABLE)?;
        let noise = table.get("noise").map(|entry| noise(&entry)).transpose()?;
        let mut distribution = Distribution::default();
        if let Some(entry) = table.get("distribution") {
            if noise.is_none() {
                let error = entry.at_key("a distribution needs a width: give 'noise' too");
                return Err(error
                    .with_help(Some("for example: noise = \"sigma\"".into()))
                    .into());
            }
            distribution = entry.choice(&Distribution::NAMES)?;
        }
        Ok(ObservableBlock {
            name: name(entry)?,
            is: table.required("is")?.formula()?,
            column: text(&table, "column")?,
            noise,
            distribution,
        })
    };
    section.entries().iter().map(observable).collect()
}

fn noise(entry: &Entry<'_>) -> Result<NoiseBlock> {
    if !entry.is_table() {
        let formula = entry.formula()?;
        let is_constant = formula.names().next().is_none();
        let width = formula.eval::<f64>(|_| f64::NAN);
        if is_constant && (width <= 0.0 || width.is_nan()) {
            let error = entry.error(format!(
                "'noise' is how far measurements scatter and is positive, and this is {width}"
            ));
            let help = "for example: noise = 0.1, or noise = \"sigma\" with a parameter sigma";
            return Err(error.with_help(Some(help.into())).into());
        }
        return Ok(NoiseBlock::Formula(formula));
    }
    let table = entry.section()?;
    table.check(NOISE)?;
    Ok(NoiseBlock::Column(table.required("column")?.text()?))
}
