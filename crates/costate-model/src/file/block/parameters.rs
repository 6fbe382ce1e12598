//! `[parameters]`: numbers that are fitted unless fixed.

use crate::error::{Place, Result};
use crate::file::name;
use crate::file::read::{Entry, Keys, Placed, Section};
use crate::likelihood::Prior;
use crate::settings::Scale;

use super::{number, text};

#[derive(Clone, Debug)]
pub(crate) struct ParameterBlock {
    pub(crate) name: Placed<String>,
    pub(crate) value: f64,
    /// The values of its copies, by the name of each, where they are given one by one.
    pub(crate) values: Vec<(Placed<String>, f64)>,
    /// The data column with a copy for each of its values.
    pub(crate) per: Option<Placed<String>>,
    pub(crate) lower: Option<f64>,
    pub(crate) upper: Option<f64>,
    pub(crate) fixed: bool,
    /// `None`: automatic.
    pub(crate) scale: Option<Scale>,
    pub(crate) unit: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) prior: Option<(Prior, Place)>,
    pub(crate) place: Place,
}

const PARAMETER: Keys = &[
    "value", "lower", "upper", "fixed", "scale", "unit", "note", "prior", "per",
];

const PRIOR: Keys = &["normal", "log-normal", "uniform", "laplace"];

pub(in crate::file) fn parameters(section: Option<&Section<'_>>) -> Result<Vec<ParameterBlock>> {
    section.map_or(Ok(Vec::new()), |section| {
        section.entries().iter().map(parameter).collect()
    })
}

fn parameter(entry: &Entry<'_>) -> Result<ParameterBlock> {
    let mut block = ParameterBlock {
        name: name(entry)?,
        value: 0.0,
        values: Vec::new(),
        per: None,
        lower: None,
        upper: None,
        fixed: false,
        scale: None,
        unit: None,
        note: None,
        prior: None,
        place: entry.place(),
    };
    if !entry.is_table() {
        block.value = entry.number()?.value;
        return Ok(block);
    }
    let table = entry.section()?;
    table.check(PARAMETER)?;
    let value = table.required("value")?;
    block.place = value.place();
    block.per = text(&table, "per")?;
    if value.is_table() {
        block.values = copies(&block, &value)?;
        block.value = block.values[0].1;
    } else {
        block.value = value.number()?.value;
    }
    block.lower = number(&table, "lower")?;
    block.upper = number(&table, "upper")?;
    block.fixed = table
        .get("fixed")
        .map(|entry| entry.truth())
        .transpose()?
        .unwrap_or(false);
    let scales = [
        ("linear", Some(Scale::Linear)),
        ("log", Some(Scale::Log)),
        ("auto", None),
    ];
    block.scale = table
        .get("scale")
        .map(|entry| entry.choice(&scales))
        .transpose()?
        .flatten();
    block.unit = text(&table, "unit")?.map(|unit| unit.value);
    block.note = text(&table, "note")?.map(|note| note.value);
    block.prior = table.get("prior").map(|entry| prior(&entry)).transpose()?;
    if let (Some(lower), Some(upper)) = (block.lower, block.upper)
        && lower >= upper
    {
        return Err(table
            .required("lower")?
            .error(format!("lower = {lower} is not below upper = {upper}"))
            .into());
    }
    if block.values.is_empty() {
        check_value(&block, &table, block.value, &block.place)?;
    }
    for (name, value) in &block.values {
        check_value(&block, &table, *value, &name.place)?;
    }
    Ok(block)
}

/// `{ north = 0.2, south = 0.3 }`: the value of each copy.
fn copies(block: &ParameterBlock, value: &Entry<'_>) -> Result<Vec<(Placed<String>, f64)>> {
    if block.per.is_none() {
        let error = value.error(format!(
            "'{}' has one value; several need 'per', the data column with a copy for each of its values",
            block.name.value
        ));
        return Err(error
            .with_help(Some("for example: per = \"experiment\"".into()))
            .into());
    }
    let copy = |entry: &Entry<'_>| {
        let name = Placed {
            value: entry.key.to_owned(),
            place: entry.key_place(),
        };
        Ok((name, entry.number()?.value))
    };
    let entries = value.section()?.entries();
    let copies: Vec<_> = entries.iter().map(copy).collect::<Result<_>>()?;
    match copies.is_empty() {
        true => Err(value.error("'value' holds no number").into()),
        false => Ok(copies),
    }
}

/// # Errors
/// If the value lies outside the bounds, or has no logarithm on a logarithmic scale.
fn check_value(
    block: &ParameterBlock,
    table: &Section<'_>,
    value: f64,
    place: &Place,
) -> Result<()> {
    if let Some(message) = block.refusal(value) {
        return Err(place.error(message).into());
    }
    if block.scale == Some(Scale::Log) && block.lower.is_some_and(|lower| lower <= 0.0) {
        return Err(table.required("lower")?.error(POSITIVE).into());
    }
    Ok(())
}

const POSITIVE: &str = "a parameter on a log scale is positive, and so is its lower bound";

impl ParameterBlock {
    /// Why the parameter cannot have this value: its bounds, its prior or its scale.
    pub(crate) fn refusal(&self, value: f64) -> Option<String> {
        let name = &self.name.value;
        if !value.is_finite() {
            return Some(format!("the value {value} of '{name}' is no finite number"));
        }
        let outside = self.lower.is_some_and(|lower| value < lower)
            || self.upper.is_some_and(|upper| value > upper);
        if outside {
            let range = match (self.lower, self.upper) {
                (Some(lower), Some(upper)) => format!("{lower} to {upper}"),
                (Some(lower), None) => format!("{lower} and more"),
                (_, upper) => format!("{} and less", upper.unwrap_or(f64::INFINITY)),
            };
            return Some(format!(
                "the value {value} of '{name}' is outside its bounds, {range}"
            ));
        }
        let prior = self.prior.as_ref();
        if let Some(prior) = prior.and_then(|(prior, _)| prior.outside(value)) {
            return Some(format!("the value {value} of '{name}' is outside {prior}"));
        }
        (self.scale == Some(Scale::Log) && value <= 0.0).then(|| POSITIVE.into())
    }
}

/// `{ normal = [0.5, 0.1] }`: one distribution with its two numbers.
fn prior(entry: &Entry<'_>) -> Result<(Prior, Place)> {
    let table = entry.section()?;
    table.check(PRIOR)?;
    let entries = table.entries();
    let [distribution] = entries.as_slice() else {
        return Err(entry
            .error(
                "a prior is one distribution with its two numbers, such as { normal = [0.5, 0.1] }",
            )
            .into());
    };
    let [a, b] = distribution.numbers()?[..] else {
        return Err(distribution
            .error(format!("'{}' takes two numbers", distribution.key))
            .into());
    };
    let make = Prior::NAMES
        .iter()
        .find(|(name, _)| *name == distribution.key)
        .expect("checked above")
        .1;
    let narrow = match distribution.key {
        "uniform" if a >= b => Some(format!(
            "a uniform prior runs from its first number to its second: {a} is not below {b}"
        )),
        "uniform" => None,
        _ if b <= 0.0 => Some(format!("the width of a prior is positive, and this is {b}")),
        _ => None,
    };
    match narrow {
        Some(message) => Err(distribution.error(message).into()),
        None => Ok((make(a, b), entry.key_place())),
    }
}
