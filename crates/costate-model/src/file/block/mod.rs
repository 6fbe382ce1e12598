//! The blocks that hold more than a list of formulas, one a file. Each states its keys once.

mod data;
mod events;
mod experiments;
mod fit;
mod inputs;
mod networks;
mod observables;
mod parameters;
mod solver;

pub(crate) use data::DataBlock;
pub(super) use data::data;
pub(super) use events::events;
pub(crate) use events::{EventBlock, WhenBlock};
pub(crate) use experiments::ExperimentsBlock;
pub(super) use experiments::experiments;
pub(crate) use fit::FitBlock;
pub(super) use fit::fit;
pub(crate) use inputs::InputBlock;
pub(super) use inputs::inputs;
pub(super) use networks::networks;
pub(crate) use networks::{DepthBlock, NetworkBlock};
pub(super) use observables::observables;
pub(crate) use observables::{NoiseBlock, ObservableBlock};
pub(crate) use parameters::ParameterBlock;
pub(super) use parameters::parameters;
pub(crate) use solver::SolverBlock;
pub(super) use solver::solver;

use super::read::{Placed, Section};
use crate::error::Result;

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
