//! `[solver]`.

use crate::error::Result;
use crate::file::read::{Keys, Placed, Section};

use super::text;

#[derive(Clone, Debug)]
pub(crate) struct SolverBlock {
    pub(crate) method: Option<Placed<String>>,
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
    /// By the state's name, over the common value.
    pub(crate) atol_of: Vec<(Placed<String>, f64)>,
    pub(crate) max_steps: usize,
    /// Of constant steps.
    pub(crate) step: Option<Placed<f64>>,
}

const SOLVER: Keys = &["method", "rtol", "atol", "max_steps", "step"];

pub(in crate::file) fn solver(section: Option<&Section<'_>>) -> Result<SolverBlock> {
    let mut block = SolverBlock {
        method: None,
        rtol: 1e-6,
        atol: 1e-9,
        atol_of: Vec::new(),
        max_steps: 100_000,
        step: None,
    };
    let Some(table) = section else {
        return Ok(block);
    };
    table.check(SOLVER)?;
    block.method = text(table, "method")?;
    if let Some(entry) = table.get("rtol") {
        block.rtol = entry.not_negative()?.value;
        if block.rtol >= 1.0 {
            return Err(entry.error(crate::overrides::NO_DIGIT).into());
        }
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
    if let Some(entry) = table.get("step") {
        block.step = Some(entry.positive()?);
    }
    Ok(block)
}
