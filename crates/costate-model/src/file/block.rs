//! The blocks that hold more than a list of formulas. Each states its keys once.

use std::time::Duration;

use costate_neural_ode::train::loss::Loss;

use super::read::{Entry, Keys, Placed, Section};
use super::{check_name, name};
use crate::error::{Place, Result};
use crate::expression::Formula;
use crate::likelihood::{Distribution, Prior};
use crate::settings::{Optimizer, Scale};

#[derive(Clone, Debug)]
pub(crate) struct ParameterBlock {
    pub(crate) name: Placed<String>,
    pub(crate) value: f64,
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

#[derive(Clone, Debug)]
pub(crate) struct NetworkBlock {
    pub(crate) name: Placed<String>,
    pub(crate) inputs: Vec<Formula>,
    pub(crate) outputs: Vec<Placed<String>>,
    pub(crate) hidden: Vec<usize>,
    pub(crate) activation: Placed<String>,
    pub(crate) seed: u64,
    pub(crate) l2: f64,
    pub(crate) weights: Option<Placed<String>>,
}

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

#[derive(Clone, Debug)]
pub(crate) struct SolverBlock {
    pub(crate) method: Option<Placed<String>>,
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
    /// By the state's name, over the common value.
    pub(crate) atol_of: Vec<(Placed<String>, f64)>,
    pub(crate) max_steps: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct DataBlock {
    pub(crate) file: Placed<String>,
    pub(crate) time: Placed<String>,
    pub(crate) used: Option<Formula>,
}

#[derive(Clone, Debug)]
pub(crate) struct BatchBlock {
    pub(crate) size: usize,
    pub(crate) length: usize,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) struct FitBlock {
    pub(crate) loss: Loss,
    pub(crate) optimizer: Optimizer,
    pub(crate) iterations: Option<usize>,
    pub(crate) learning_rate: Option<f64>,
    pub(crate) gradient: Option<Placed<String>>,
    pub(crate) batch: Option<BatchBlock>,
    pub(crate) seed: u64,
    pub(crate) time_limit: Option<Duration>,
}

const PARAMETER: Keys = Keys {
    known: &[
        "value", "lower", "upper", "fixed", "scale", "unit", "note", "prior",
    ],
    later: &["per"],
};
const PRIOR: Keys = Keys {
    known: &["normal", "log-normal", "uniform", "laplace"],
    later: &[],
};
const NETWORK: Keys = Keys {
    known: &[
        "inputs",
        "outputs",
        "hidden",
        "activation",
        "seed",
        "l2",
        "weights",
    ],
    later: &["depth_basis"],
};
const OBSERVABLE: Keys = Keys {
    known: &["is", "column", "noise", "distribution"],
    later: &[],
};
const NOISE: Keys = Keys {
    known: &["column"],
    later: &[],
};
const SOLVER: Keys = Keys {
    known: &["method", "rtol", "atol", "max_steps"],
    later: &[],
};
const DATA: Keys = Keys {
    known: &["file", "time", "use"],
    later: &["experiment", "layout", "observable", "value"],
};
const FIT: Keys = Keys {
    known: &[
        "loss",
        "optimizer",
        "iterations",
        "learning_rate",
        "gradient",
        "batch",
        "seed",
        "time_limit",
    ],
    later: &["starts", "segments", "continuity", "curriculum"],
};
const BATCH: Keys = Keys {
    known: &["size", "length"],
    later: &[],
};

pub(super) fn parameters(section: Option<&Section<'_>>) -> Result<Vec<ParameterBlock>> {
    section.map_or(Ok(Vec::new()), |section| {
        section.entries().iter().map(parameter).collect()
    })
}

fn parameter(entry: &Entry<'_>) -> Result<ParameterBlock> {
    let mut block = ParameterBlock {
        name: name(entry)?,
        value: 0.0,
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
    table.check(&PARAMETER)?;
    let value = table.required("value")?.number()?;
    block.value = value.value;
    block.place = value.place;
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
        .map(|entry| entry.choice(&scales, &[]))
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
    let outside = block.lower.is_some_and(|lower| block.value < lower)
        || block.upper.is_some_and(|upper| block.value > upper);
    if outside {
        let range = match (block.lower, block.upper) {
            (Some(lower), Some(upper)) => format!("{lower} to {upper}"),
            (Some(lower), None) => format!("{lower} and more"),
            (_, upper) => format!("{} and less", upper.unwrap_or(f64::INFINITY)),
        };
        return Err(block
            .place
            .error(format!(
                "the value {} of '{}' is outside its bounds, {range}",
                block.value, block.name.value
            ))
            .into());
    }
    if block.scale == Some(Scale::Log) && block.value.min(block.lower.unwrap_or(1.0)) <= 0.0 {
        let entry = if block.value <= 0.0 {
            table.required("value")?
        } else {
            table.required("lower")?
        };
        return Err(entry
            .error("a parameter on a log scale is positive, and so is its lower bound")
            .into());
    }
    Ok(block)
}

/// `{ normal = [0.5, 0.1] }`: one distribution with its two numbers.
fn prior(entry: &Entry<'_>) -> Result<(Prior, Place)> {
    let table = entry.section()?;
    table.check(&PRIOR)?;
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

pub(super) fn networks(section: Option<&Section<'_>>) -> Result<Vec<NetworkBlock>> {
    section.map_or(Ok(Vec::new()), |section| {
        section.entries().iter().map(network).collect()
    })
}

fn network(entry: &Entry<'_>) -> Result<NetworkBlock> {
    let table = entry.section()?;
    table.check(&NETWORK)?;
    let inputs = table.required("inputs")?;
    let outputs = table.required("outputs")?;
    let activation = match table.get("activation") {
        Some(entry) => entry.text()?,
        None => Placed {
            value: "tanh".into(),
            place: entry.place(),
        },
    };
    let block = NetworkBlock {
        name: name(entry)?,
        inputs: inputs.formulas()?,
        outputs: outputs.texts()?,
        hidden: table
            .get("hidden")
            .map(|entry| entry.counts())
            .transpose()?
            .unwrap_or_else(|| vec![16, 16]),
        activation,
        seed: table
            .get("seed")
            .map(|entry| entry.count(0))
            .transpose()?
            .map_or(0, |seed| seed.value),
        l2: table
            .get("l2")
            .map(|entry| entry.not_negative())
            .transpose()?
            .map_or(0.0, |l2| l2.value),
        weights: text(&table, "weights")?,
    };
    if block.inputs.is_empty() {
        return Err(inputs.error("a network needs at least one input").into());
    }
    if block.outputs.is_empty() {
        return Err(outputs.error("a network needs at least one output").into());
    }
    block
        .outputs
        .iter()
        .try_for_each(|output| check_name(&output.value, &output.place))?;
    Ok(block)
}

pub(super) fn observables(section: &Section<'_>) -> Result<Vec<ObservableBlock>> {
    let observable = |entry: &Entry<'_>| {
        let table = entry.section()?;
        table.check(&OBSERVABLE)?;
        let noise = table.get("noise").map(|entry| noise(&entry)).transpose()?;
        let mut distribution = Distribution::default();
        if let Some(entry) = table.get("distribution") {
            if noise.is_none() {
                let error = entry.at_key("a distribution needs a width: give 'noise' too");
                return Err(error
                    .with_help(Some("for example: noise = \"sigma\"".into()))
                    .into());
            }
            distribution = entry.choice(&Distribution::NAMES, &[])?;
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
        return Ok(NoiseBlock::Formula(entry.formula()?));
    }
    let table = entry.section()?;
    table.check(&NOISE)?;
    Ok(NoiseBlock::Column(table.required("column")?.text()?))
}

pub(super) fn solver(section: Option<&Section<'_>>) -> Result<SolverBlock> {
    let mut block = SolverBlock {
        method: None,
        rtol: 1e-6,
        atol: 1e-9,
        atol_of: Vec::new(),
        max_steps: 100_000,
    };
    let Some(table) = section else {
        return Ok(block);
    };
    table.check(&SOLVER)?;
    block.method = text(table, "method")?;
    if let Some(entry) = table.get("rtol") {
        block.rtol = entry.not_negative()?.value;
    }
    match table.get("atol") {
        Some(entry) if entry.is_table() => {
            for entry in entry.section()?.entries() {
                let state = Placed {
                    value: entry.key.to_owned(),
                    place: entry.key_place(),
                };
                block.atol_of.push((state, entry.not_negative()?.value));
            }
        }
        Some(entry) => block.atol = entry.not_negative()?.value,
        None => {}
    }
    if block.rtol == 0.0 && block.atol == 0.0 {
        return Err(table
            .required("rtol")?
            .error("rtol and atol are both 0: no step could meet them")
            .into());
    }
    if let Some(entry) = table.get("max_steps") {
        block.max_steps = entry.count(1)?.value as usize;
    }
    Ok(block)
}

pub(super) fn data(table: &Section<'_>) -> Result<DataBlock> {
    table.check(&DATA)?;
    Ok(DataBlock {
        file: table.required("file")?.text()?,
        time: table.required("time")?.text()?,
        used: table.get("use").map(|entry| entry.formula()).transpose()?,
    })
}

pub(super) fn fit(section: Option<&Section<'_>>) -> Result<FitBlock> {
    let mut block = FitBlock {
        loss: Loss::Squares,
        optimizer: Optimizer::Auto,
        iterations: None,
        learning_rate: None,
        gradient: None,
        batch: None,
        seed: 0,
        time_limit: None,
    };
    let Some(table) = section else {
        return Ok(block);
    };
    table.check(&FIT)?;
    if let Some(entry) = table.get("loss") {
        block.loss = entry.choice(&Loss::ALL.map(|loss| (loss.name(), loss)), &[])?;
    }
    if let Some(entry) = table.get("optimizer") {
        block.optimizer = entry.choice(&Optimizer::NAMES, &["adamw"])?;
    }
    block.iterations = table
        .get("iterations")
        .map(|entry| entry.count(1))
        .transpose()?
        .map(|count| count.value as usize);
    block.learning_rate = table
        .get("learning_rate")
        .map(|entry| entry.positive())
        .transpose()?
        .map(|rate| rate.value);
    block.gradient = text(table, "gradient")?;
    block.batch = table.get("batch").map(|entry| batch(&entry)).transpose()?;
    block.seed = table
        .get("seed")
        .map(|entry| entry.count(0))
        .transpose()?
        .map_or(0, |seed| seed.value);
    block.time_limit = table
        .get("time_limit")
        .map(|entry| duration(&entry))
        .transpose()?;
    Ok(block)
}

fn batch(entry: &Entry<'_>) -> Result<BatchBlock> {
    let table = entry.section()?;
    table.check(&BATCH)?;
    let count =
        |key, least| -> Result<usize> { Ok(table.required(key)?.count(least)?.value as usize) };
    Ok(BatchBlock {
        size: count("size", 1)?,
        length: count("length", 2)?,
        place: entry.place(),
    })
}

/// `"90 s"`, `"10 min"`, `"2 h"`.
fn duration(entry: &Entry<'_>) -> Result<Duration> {
    let text = entry.text()?.value;
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let unit = match text[digits..].trim() {
        "s" => Some(1.0),
        "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    };
    let seconds = text[..digits]
        .parse::<f64>()
        .ok()
        .zip(unit)
        .map(|(count, unit)| count * unit);
    match seconds.map(Duration::try_from_secs_f64) {
        Some(Ok(limit)) if !limit.is_zero() => Ok(limit),
        _ => Err(entry
            .error(format!("'{text}' is not a time"))
            .with_help(Some("for example: \"90 s\", \"10 min\", \"2 h\"".into()))
            .into()),
    }
}

fn number(table: &Section<'_>, key: &str) -> Result<Option<f64>> {
    Ok(table
        .get(key)
        .map(|entry| entry.number())
        .transpose()?
        .map(|number| number.value))
}

fn text(table: &Section<'_>, key: &str) -> Result<Option<Placed<String>>> {
    table.get(key).map(|entry| entry.text()).transpose()
}
