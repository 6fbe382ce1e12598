//! `costate gradient`: the loss and its gradient, as JSON.

use std::fs;
use std::io::Write;

use serde_json::{Map, Value, json};

use super::solve::spare_inputs;
use super::{open, solutions, tell_unseen, uncontrolled};
use crate::args::{DocumentFormat, Gradient};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::report::json;

pub(crate) fn run(args: &Gradient, console: Console) -> Result<()> {
    let mut model = open(&args.model, &args.overrides)?;
    if let Some(name) = &args.gradient {
        model.set_gradient(name)?;
    }
    if let Some(path) = &args.wrt_weights {
        if model.networks().is_empty() {
            return Err(Error::Misuse(format!(
                "'{}' would hold nothing: the model has no networks; leave out --wrt-weights",
                path.display()
            )));
        }
        spare_inputs(&model, path)?;
    }
    tell_unseen(&model, console);
    let report = model.gradient()?;
    // What cannot be solved is not among what the gradient is of.
    let solved = solutions(&model).filter_map(|solved| {
        let (model, solution) = solved.ok()?;
        Some((model, solution.ok()?))
    });
    let solved: Vec<_> = solved.collect();
    for warning in uncontrolled(&solved) {
        console.note(warning);
    }
    if let Some(path) = &args.wrt_weights {
        fs::write(path, &report.weights).map_err(|e| Error::file("write", path, &e))?;
    }
    let named = |pairs: &[(String, f64)]| {
        pairs
            .iter()
            .map(|(name, x)| (name.clone(), json!(x)))
            .collect::<Map<_, _>>()
    };
    let norms = report
        .networks
        .iter()
        .map(|(name, norm)| (name.clone(), json!({ "norm": norm })));
    let ends = [("start", report.start), ("end", report.end)];
    let time: Map<String, Value> = ends
        .into_iter()
        .filter_map(|(name, derivative)| Some((name.to_owned(), json!(derivative?))))
        .collect();
    let mut gradient = json!({
        "parameters": named(&report.parameters),
        "initial": named(&report.initial),
        "networks": norms.collect::<Map<_, _>>(),
        "time": time,
    });
    if args.wrt_times {
        gradient["save"] = report
            .save
            .iter()
            .map(|(_, derivative)| json!(derivative))
            .collect();
        gradient["events"] = report
            .events
            .iter()
            .map(|(_, derivative)| json!(derivative))
            .collect();
    }
    let document = json!({
        "loss": report.loss,
        "method": report.method,
        "gradient": gradient,
        "statistics": {
            "steps": report.steps,
            "rejected": report.rejected,
            "nfe": report.nfe,
            "vjps": report.products,
        },
    });
    let mut out = console.output();
    match args.format {
        DocumentFormat::Json => json::write(&mut out, &document)?,
    }
    Ok(out.flush()?)
}
