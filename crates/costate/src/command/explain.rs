//! `costate explain`: the derivation of a model's gradients, in its own names.

use std::io::Write;

use super::open;
use crate::args::{Explain as Args, FormulaFormat, Overrides};
use crate::console::Console;
use crate::error::Result;

pub(crate) fn run(args: &Args, console: Console) -> Result<()> {
    let model = open(&args.model, &Overrides::default())?;
    let explanation = model.explain()?;
    let names = &explanation.names;
    let mut out = console.output();
    match args.format {
        FormulaFormat::Dot => write!(out, "{}", explanation.augmented.dot(names))?,
        FormulaFormat::Text => {
            writeln!(out, "{}", console.bold(&super::title(&model)))?;
            let parts = [
                ("The equations: d_x is dx/dt", &explanation.equations),
                (
                    "The products of the row a with the derivatives of f: by_x is a·∂f/∂x",
                    &explanation.products,
                ),
                (
                    "The augmented adjoint system, solved from the end of time back to its start: a_x is the costate of x",
                    &explanation.augmented,
                ),
            ];
            for (heading, function) in parts {
                writeln!(out, "\n{}\n", console.bold(heading))?;
                write!(out, "{}", function.text(names))?;
            }
        }
    }
    Ok(out.flush()?)
}
