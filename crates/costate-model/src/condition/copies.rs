//! The parameters of θ: one for each name of formulas, or a copy for each of several experiments.

use std::path::Path;

use super::Experiment;
use crate::data::Outline;
use crate::error::{Result, nearest};
use crate::file::{ModelFile, ParameterBlock, Placed};
use crate::likelihood::Prior;
use crate::settings::{Parameter, Scale};

/// What the data say about experiments.
pub(super) fn outline(file: &ModelFile, directory: &Path) -> Result<Outline> {
    let per: Vec<&Placed<String>> = file
        .parameters
        .iter()
        .filter_map(|block| block.per.as_ref())
        .collect();
    let data = file.data.as_ref();
    match data.and_then(|data| Some((data, data.experiment.as_ref()?))) {
        Some((data, experiment)) => {
            let others: Vec<_> = per
                .into_iter()
                .filter(|per| !names_experiments(per, &experiment.value))
                .collect();
            Outline::read(
                &directory.join(&data.file.value),
                &experiment.value,
                &others,
            )
            .map_err(|error| error.named(&data.file.place))
        }
        None => match per.first() {
            Some(per) => {
                let error = per
                    .place
                    .error("'per' needs experiments: [data] does not say which column names them");
                let help = "under [data]: experiment = \"…\", the column of the experiment's name";
                Err(error.with_help(Some(help.into())).into())
            }
            None => Ok(Outline::default()),
        },
    }
}

/// Whether a parameter has a copy for each experiment: by the word, or by the column that names them.
fn names_experiments(per: &Placed<String>, experiment: &str) -> bool {
    per.value == "experiment" || per.value == experiment
}

/// Where the copies of a parameter begin in θ, and which of them each experiment has.
pub(super) struct Copies {
    pub(super) first: usize,
    pub(super) of: Vec<usize>,
}

/// The parameters of θ, and for each name of formulas its copies among them.
pub(super) fn copies(
    file: &ModelFile,
    outline: &Outline,
    experiments: &[Experiment],
) -> Result<(Vec<Parameter>, Vec<Copies>)> {
    let names: Vec<&str> = experiments.iter().map(|(name, _)| name.as_str()).collect();
    let column_of_names = file.data.as_ref().and_then(|data| data.experiment.as_ref());
    let column_of_names = column_of_names.map_or("", |name| name.value.as_str());
    let (mut parameters, mut all) = (Vec::new(), Vec::new());
    let mut columns = outline.columns.iter();
    for (symbol, block) in file.parameters.iter().enumerate() {
        let plain = parameter(block, symbol);
        let first = parameters.len();
        let Some(per) = &block.per else {
            parameters.push(plain);
            let of = vec![0; names.len()];
            all.push(Copies { first, of });
            continue;
        };
        // What tells the copies apart, in each experiment.
        let labels: Vec<&str> = if names_experiments(per, column_of_names) {
            names.clone()
        } else {
            let column = columns.next().expect("one for each such parameter");
            let of = |name: &&str| {
                let known = outline.experiments.iter().position(|known| known == name);
                known.map_or("", |i| column[i].as_str())
            };
            names.iter().map(of).collect()
        };
        let mut kinds: Vec<&str> = Vec::new();
        for label in &labels {
            if !kinds.contains(label) && !label.is_empty() {
                kinds.push(label);
            }
        }
        if kinds.is_empty() {
            let message = format!(
                "'{}' has no copies: no experiment of the data tells of one",
                block.name.value
            );
            return Err(per.place.error(message).into());
        }
        check_values(block, &kinds, &labels, experiments)?;
        for kind in &kinds {
            let mut copy = plain.clone();
            copy.name = format!("{}[{kind}]", block.name.value);
            copy.copy = Some((*kind).to_owned());
            let own = block.values.iter().find(|(name, _)| name.value == *kind);
            copy.value = own.map_or(block.value, |(_, value)| *value);
            let mut labelled = names.iter().zip(&labels);
            let is_measured = labelled.any(|(name, label)| {
                label == kind && outline.experiments.iter().any(|known| known == name)
            });
            // Without data there is nothing to fit it to.
            copy.fixed |= !is_measured;
            parameters.push(copy);
        }
        let place = |label: &&str| kinds.iter().position(|kind| kind == label).unwrap_or(0);
        let of = labels.iter().map(place).collect();
        all.push(Copies { first, of });
    }
    Ok((parameters, all))
}

/// # Errors
/// A value for a copy that there is not, or none for one that needs it beside others.
fn check_values(
    block: &ParameterBlock,
    kinds: &[&str],
    labels: &[&str],
    experiments: &[Experiment],
) -> Result<()> {
    for (name, _) in &block.values {
        if !kinds.contains(&name.value.as_str()) {
            let error = name.place.error(format!(
                "'{}' has no copy '{}'",
                block.name.value, name.value
            ));
            let near = nearest(&name.value, kinds.iter().copied());
            let help = near.map(|near| format!("did you mean '{near}'?"));
            return Err(error.with_help(help).into());
        }
    }
    let missing = kinds.iter().find(|kind| {
        let mut given = block.values.iter();
        // An experiment that says itself what the parameter is needs no copy's value.
        let needed = experiments
            .iter()
            .zip(labels)
            .any(|((_, overrides), label)| {
                let mut names = overrides.iter().map(|own| &own.name.value);
                label == *kind && !names.any(|own| *own == block.name.value)
            });
        let is_given = given.any(|(name, _)| name.value == **kind);
        needed && !block.values.is_empty() && !is_given
    });
    let Some(missing) = missing else {
        return Ok(());
    };
    let name = &block.name;
    let error = name.place.error(format!(
        "'{}' has no value for its copy '{missing}'",
        name.value
    ));
    let all = kinds.iter().map(|kind| format!("{kind} = …"));
    let help = format!(
        "one number for all copies, or a number for each: value = {{ {} }}",
        all.collect::<Vec<_>>().join(", ")
    );
    Err(error.with_help(Some(help)).into())
}

fn parameter(block: &ParameterBlock, symbol: usize) -> Parameter {
    let lower = block.lower.unwrap_or(f64::NEG_INFINITY);
    let upper = block.upper.unwrap_or(f64::INFINITY);
    // Beyond a uniform prior there is no likelihood to go by.
    let (lower, upper) = match block.prior.as_ref().map(|(prior, _)| *prior) {
        Some(Prior::Uniform(from, to)) => (lower.max(from), upper.min(to)),
        _ => (lower, upper),
    };
    let automatic = if lower > 0.0 {
        Scale::Log
    } else {
        Scale::Linear
    };
    Parameter {
        name: block.name.value.clone(),
        value: block.value,
        lower,
        upper,
        scale: block.scale.unwrap_or(automatic),
        fixed: block.fixed,
        unit: block.unit.clone(),
        note: block.note.clone(),
        prior: block.prior.as_ref().map(|(prior, _)| *prior),
        symbol,
        copy: None,
    }
}
