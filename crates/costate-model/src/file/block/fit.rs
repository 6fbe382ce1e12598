//! `[fit]`.

use std::time::Duration;

use costate_neural_ode::train::loss::Loss;

use crate::error::{Place, Result};
use crate::file::read::{Entry, Keys, Placed, Section};
use crate::settings::Optimizer;

use super::text;

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
    pub(crate) segments: Option<Placed<usize>>,
    pub(crate) continuity: f64,
    pub(crate) curriculum: Option<Placed<usize>>,
    pub(crate) starts: usize,
    pub(crate) seed: u64,
    pub(crate) time_limit: Option<Duration>,
}

const FIT: Keys = &[
    "loss",
    "optimizer",
    "iterations",
    "learning_rate",
    "gradient",
    "batch",
    "segments",
    "continuity",
    "curriculum",
    "starts",
    "seed",
    "time_limit",
];

/// More starts than anyone has time for.
const MOST_STARTS: u64 = 100_000;
const BATCH: Keys = &["size", "length"];

pub(in crate::file) fn fit(section: Option<&Section<'_>>) -> Result<FitBlock> {
    let mut block = FitBlock {
        loss: Loss::Squares,
        optimizer: Optimizer::Auto,
        iterations: None,
        learning_rate: None,
        gradient: None,
        batch: None,
        segments: None,
        continuity: 1.0,
        curriculum: None,
        starts: 1,
        seed: 0,
        time_limit: None,
    };
    let Some(table) = section else {
        return Ok(block);
    };
    table.check(FIT)?;
    if let Some(entry) = table.get("loss") {
        block.loss = entry.choice(&Loss::ALL.map(|loss| (loss.name(), loss)))?;
    }
    if let Some(entry) = table.get("optimizer") {
        block.optimizer = entry.choice(&Optimizer::NAMES)?;
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
    block.segments = several(table, "segments")?;
    block.curriculum = several(table, "curriculum")?;
    if let Some(entry) = table.get("continuity") {
        if block.segments.is_none() {
            let error = entry.at_key("'continuity' is the penalty of gaps between segments");
            let help = "say how many: segments = 5";
            return Err(error.with_help(Some(help.into())).into());
        }
        block.continuity = entry.positive()?.value;
    }
    one_way(&block)?;
    if let Some(entry) = table.get("starts") {
        block.starts = entry.count(1)?.value.min(MOST_STARTS) as usize;
    }
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

/// A count from 1 on.
fn several(table: &Section<'_>, key: &str) -> Result<Option<Placed<usize>>> {
    let count = table.get(key).map(|entry| entry.count(1)).transpose()?;
    Ok(count.map(|count| Placed {
        value: count.value as usize,
        place: count.place,
    }))
}

/// # Errors
/// Two ways of keeping solutions short at a time.
fn one_way(block: &FitBlock) -> Result<()> {
    let more = |count: &Option<Placed<usize>>| {
        let several = count.as_ref().filter(|count| count.value > 1);
        several.map(|count| count.place.clone())
    };
    let ways = [
        ("segments", more(&block.segments)),
        ("curriculum", more(&block.curriculum)),
        (
            "batch",
            block.batch.as_ref().map(|batch| batch.place.clone()),
        ),
    ];
    let mut ways = ways
        .into_iter()
        .filter_map(|(name, place)| Some((name, place?)));
    let (Some((first, _)), Some((second, place))) = (ways.next(), ways.next()) else {
        return Ok(());
    };
    let message = format!(
        "'{first}' and '{second}' are two ways of beginning with short solutions: take one of them"
    );
    Err(place.error(message).into())
}

fn batch(entry: &Entry<'_>) -> Result<BatchBlock> {
    let table = entry.section()?;
    table.check(BATCH)?;
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
    let wrong = |what: String| {
        let help = "for example: \"90 s\", \"10 min\", \"2 h\"";
        Err(entry.error(what).with_help(Some(help.into())).into())
    };
    let Ok(text) = entry.text().map(|text| text.value) else {
        return wrong(format!("'{}' must be text with a unit", entry.key));
    };
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
        _ => wrong(format!("'{text}' is not a time")),
    }
}
