//! The model file as it is written: every block read into plain data with places, names not yet resolved.

mod block;
mod read;

use std::path::Path;
use std::sync::Arc;

pub(crate) use block::{
    DataBlock, DepthBlock, EventBlock, ExperimentsBlock, FitBlock, InputBlock, NetworkBlock,
    NoiseBlock, ObservableBlock, ParameterBlock, SolverBlock, WhenBlock,
};
pub(crate) use read::{Entry, Keys, Placed, Section};

use crate::error::{Error, Place, Result, Source};
use crate::expression::Formula;

/// The format of model files that this release writes and the newest it reads.
pub(crate) const FORMAT: u64 = 1;

const ROOT: Keys = &[
    "format",
    "title",
    "states",
    "parameters",
    "definitions",
    "inputs",
    "networks",
    "equations",
    "algebraic",
    "observables",
    "time",
    "solver",
    "data",
    "experiments",
    "events",
    "fit",
];

/// A key that names something, with a formula.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: Placed<String>,
    pub(crate) formula: Formula,
}

/// A model file, block by block, each in the order of the file.
pub(crate) struct ModelFile {
    pub(crate) source: Arc<Source>,
    pub(crate) title: Option<String>,
    pub(crate) states: Vec<Named>,
    pub(crate) parameters: Vec<ParameterBlock>,
    pub(crate) definitions: Vec<Named>,
    pub(crate) inputs: Vec<InputBlock>,
    pub(crate) networks: Vec<NetworkBlock>,
    pub(crate) equations: Vec<Named>,
    /// What is zero, for the states that have no rate.
    pub(crate) algebraic: Vec<Named>,
    pub(crate) observables: Option<Vec<ObservableBlock>>,
    pub(crate) start: Formula,
    pub(crate) end: Formula,
    pub(crate) solver: SolverBlock,
    pub(crate) data: Option<DataBlock>,
    pub(crate) experiments: ExperimentsBlock,
    pub(crate) events: Vec<EventBlock>,
    pub(crate) fit: FitBlock,
}

/// Reads the text of a model file or a data file.
pub(crate) fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| Error::read(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|&&b| b == b'\n')
            .count()
            + 1;
        Error::Read {
            path: path.to_owned(),
            reason: format!("line {line} is not UTF-8 text: save the file as UTF-8"),
        }
    })
}

impl ModelFile {
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self> {
        let source = Arc::new(Source {
            path: path.to_owned(),
            text,
        });
        let document = toml_edit::Document::parse(source.text.as_str()).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            source.error(error.span().unwrap_or(0..0), message)
        })?;
        let root = Section::root(&source, document.as_table());
        if let Some(format) = root.get("format") {
            let given = format.count(1)?.value;
            if given > FORMAT {
                let message = format!(
                    "this file is newer than this program: it has format {given}, and this release reads up to {FORMAT}"
                );
                return Err(format.error(message).into());
            }
        }
        root.check(ROOT)?;
        let section = |key: &str| root.get(key).map(|entry| entry.section()).transpose();
        let must = |key, what| {
            let missing =
                || Error::from(source.error(0..0, format!("a model needs [{key}]: {what}")));
            section(key)?.ok_or_else(missing)
        };
        let states = must("states", "each state with its initial value")?;
        let equations = must("equations", "d(state)/dt for each state")?;
        let time = must("time", "start and end")?;
        time.check(&["start", "end"])?;
        Ok(ModelFile {
            title: root
                .get("title")
                .map(|entry| entry.text())
                .transpose()?
                .map(|title| title.value),
            states: named(&states)?,
            parameters: block::parameters(section("parameters")?.as_ref())?,
            definitions: section("definitions")?
                .map(|section| named(&section))
                .transpose()?
                .unwrap_or_default(),
            inputs: section("inputs")?
                .map(|section| block::inputs(&section))
                .transpose()?
                .unwrap_or_default(),
            events: match root.get("events") {
                Some(entry) => block::events(&entry.tables()?)?,
                None => Vec::new(),
            },
            networks: block::networks(section("networks")?.as_ref())?,
            equations: named(&equations)?,
            algebraic: section("algebraic")?
                .map(|section| named(&section))
                .transpose()?
                .unwrap_or_default(),
            observables: section("observables")?
                .map(|section| block::observables(&section))
                .transpose()?,
            start: time.required("start")?.formula()?,
            end: time.required("end")?.formula()?,
            solver: block::solver(section("solver")?.as_ref())?,
            data: section("data")?
                .map(|section| block::data(&section))
                .transpose()?,
            experiments: section("experiments")?
                .map(|section| block::experiments(&section))
                .transpose()?
                .unwrap_or_default(),
            fit: block::fit(section("fit")?.as_ref())?,
            source: source.clone(),
        })
    }
}

fn named(section: &Section<'_>) -> Result<Vec<Named>> {
    section
        .entries()
        .iter()
        .map(|entry| {
            Ok(Named {
                name: name(entry)?,
                formula: entry.formula()?,
            })
        })
        .collect()
}

/// A key that is to be used as a name in formulas.
pub(crate) fn name(entry: &Entry<'_>) -> Result<Placed<String>> {
    check_name(entry.key, &entry.key_place())?;
    Ok(Placed {
        value: entry.key.to_owned(),
        place: entry.key_place(),
    })
}

/// Names are letters, digits and `_`; `t` and `pi` have their meaning already.
pub(crate) fn check_name(name: &str, place: &Place) -> Result<()> {
    let letter = |c: char| c.is_alphabetic() || c == '_';
    if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_alphanumeric()) {
        return Err(place.error(format!("'{name}' cannot be a name: names are letters, digits and _, and do not begin with a digit")).into());
    }
    match name {
        "t" => Err(place
            .error("'t' is the time and cannot be another name")
            .into()),
        "pi" => Err(place
            .error("'pi' is the number and cannot be another name")
            .into()),
        _ => Ok(()),
    }
}
