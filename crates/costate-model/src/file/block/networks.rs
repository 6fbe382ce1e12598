//! `[networks.NAME]`.

use costate_neural_ode::function_space::Family;

use crate::error::{Place, Result};
use crate::expression::Formula;
use crate::file::read::{Entry, Keys, Placed, Section};
use crate::file::{check_name, name};

use super::text;

/// `depth_basis`.
#[derive(Clone, Debug)]
pub(crate) struct DepthBlock {
    pub(crate) kind: Family,
    pub(crate) terms: usize,
    pub(crate) interval: Option<[f64; 2]>,
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
    pub(crate) depth: Option<DepthBlock>,
}

/// More weights than formulas are a sensible home for.
const MOST_WEIGHTS: usize = 1_000_000;

const NETWORK: Keys = &[
    "inputs",
    "outputs",
    "hidden",
    "activation",
    "seed",
    "l2",
    "weights",
    "depth_basis",
];

const BASIS: Keys = &["kind", "terms", "start", "end"];

/// The families whose functions are smooth, so that solvers keep their order.
const KINDS: [Family; 3] = [Family::Fourier, Family::Legendre, Family::Chebyshev];

pub(in crate::file) fn networks(section: Option<&Section<'_>>) -> Result<Vec<NetworkBlock>> {
    section.map_or(Ok(Vec::new()), |section| {
        section.entries().iter().map(network).collect()
    })
}

fn network(entry: &Entry<'_>) -> Result<NetworkBlock> {
    let table = entry.section()?;
    table.check(NETWORK)?;
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
        depth: table
            .get("depth_basis")
            .map(|entry| depth(&entry))
            .transpose()?,
    };
    if block.inputs.is_empty() {
        return Err(inputs.error("a network needs at least one input").into());
    }
    if block.outputs.is_empty() {
        return Err(outputs.error("a network needs at least one output").into());
    }
    let widths = [block.inputs.len()].into_iter().chain(block.hidden.clone());
    let widths: Vec<usize> = widths.chain([block.outputs.len()]).collect();
    let weights: usize = widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
    let terms = block.depth.as_ref().map_or(1, |depth| depth.terms);
    let weights = weights.saturating_mul(terms);
    if weights > MOST_WEIGHTS {
        let message = format!("this network has {weights} weights; the most is {MOST_WEIGHTS}");
        return Err(block.name.place.error(message).into());
    }
    block
        .outputs
        .iter()
        .try_for_each(|output| check_name(&output.value, &output.place))?;
    Ok(block)
}

fn depth(entry: &Entry<'_>) -> Result<DepthBlock> {
    let table = entry.section()?;
    table.check(BASIS)?;
    let interval = match ["start", "end"].map(|key| table.get(key).is_some()) {
        [false, false] => None,
        _ => Some([
            table.required("start")?.number()?.value,
            table.required("end")?.number()?.value,
        ]),
    };
    Ok(DepthBlock {
        kind: table
            .required("kind")?
            .choice(&KINDS.map(|kind| (kind.name(), kind)))?,
        terms: table.required("terms")?.count(1)?.value as usize,
        interval,
        place: entry.place(),
    })
}
