//! `costate explain`: the derivation of a model's gradients, in its own names.

use std::io::Write;

use super::open;
use crate::args::{Explain as Args, FormulaFormat, Overrides};
use crate::console::Console;
use crate::error::Result;

pub(crate) fn run(args: &Args, console: Console) -> Result<()> {
    let model = open(&args.model, &Overrides::default())?;
    let explanation = model.explain()?;
    let text = match args.format {
        FormulaFormat::Text => explanation.text(&|heading| console.bold(heading)),
        FormulaFormat::Latex => explanation.latex(),
        FormulaFormat::Html => explanation.html(),
        FormulaFormat::Dot => explanation.dot(),
        FormulaFormat::Rust => explanation.rust()?,
    };
    let mut out = console.output();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
