//! `costate check`: everything that can be known of a model without solving it.

use std::io::Write;

use costate_model::Check;
use serde_json::json;

use super::open;
use crate::args::{Check as Args, ReportFormat};
use crate::console::Console;
use crate::error::Result;
use crate::report::json;
use crate::report::number::count;

pub(crate) fn run(args: &Args, console: Console) -> Result<()> {
    let model = open(&args.model, &args.overrides)?;
    let check = model.check()?;
    let mut out = console.output();
    match args.format {
        ReportFormat::Json => json::write(&mut out, &document(&check))?,
        ReportFormat::Text => {
            let path = model.path().display();
            writeln!(out, "{}", console.bold(&super::title(&model)))?;
            text(&mut out, &model, &check)?;
            let order = match is_refused(&check) {
                true => "can be solved, but not fitted",
                false => "is in order",
            };
            match check.warnings.len() {
                0 => writeln!(out, "{path} {order}")?,
                1 => writeln!(out, "{path} {order}, with one warning:")?,
                n => writeln!(out, "{path} {order}, with {n} warnings:")?,
            }
            check
                .warnings
                .iter()
                .try_for_each(|warning| writeln!(out, "  {warning}"))?;
        }
    }
    Ok(out.flush()?)
}

/// Whether there are measurements and something to fit, and yet no fit of them.
fn is_refused(check: &Check) -> bool {
    let something = !check.fitted.is_empty() || !check.networks.is_empty();
    something && check.measurements.0 > 0 && check.optimizers.is_empty()
}

fn text(out: &mut impl Write, model: &costate_model::Model, check: &Check) -> Result<()> {
    let names: Vec<&str> = model
        .states()
        .iter()
        .map(|state| state.name.as_str())
        .collect();
    let (start, end) = model.span();
    writeln!(out, "  states       {}", names.join(", "))?;
    writeln!(out, "  time         {start} to {end}")?;
    if !check.fitted.is_empty() {
        writeln!(out, "  fitted       {}", check.fitted.join(", "))?;
    }
    if !check.fixed.is_empty() {
        writeln!(out, "  fixed        {}", check.fixed.join(", "))?;
    }
    for (name, weights) in &check.networks {
        writeln!(out, "  network      {name}, {} weights", count(*weights))?;
    }
    let observables =
        check
            .observables
            .iter()
            .map(|(name, measured)| match (check.measurements, *measured) {
                ((0, 0), _) => name.clone(),
                (_, 0) => format!("{name} (not measured)"),
                (_, measured) => format!("{name} ({})", count(measured)),
            });
    writeln!(
        out,
        "  observables  {}",
        observables.collect::<Vec<_>>().join(", ")
    )?;
    if !check.experiments.is_empty() {
        let experiments = check
            .experiments
            .iter()
            .map(|(name, measured)| match measured {
                0 => format!("{name} (not measured)"),
                measured => format!("{name} ({})", count(*measured)),
            });
        let experiments = experiments.collect::<Vec<_>>().join(", ");
        writeln!(out, "  experiments  {experiments}")?;
    }
    if check.measurements != (0, 0) {
        let validation = match check.measurements.1 {
            0 => String::new(),
            others => format!(", {} more for validation", count(others)),
        };
        writeln!(
            out,
            "  measurements {}{validation}",
            count(check.measurements.0)
        )?;
    }
    if !check.optimizers.is_empty() {
        writeln!(out, "  optimizer    {}", check.optimizers.join(", then "))?;
    }
    Ok(())
}

fn document(check: &Check) -> serde_json::Value {
    let networks = check
        .networks
        .iter()
        .map(|(name, weights)| json!({ "name": name, "weights": weights }));
    let observables = check
        .observables
        .iter()
        .map(|(name, measured)| json!({ "name": name, "measurements": measured }));
    let experiments = check
        .experiments
        .iter()
        .map(|(name, measured)| json!({ "name": name, "measurements": measured }));
    let warnings = check.warnings.iter().map(|warning| {
        let (file, line) = warning
            .place
            .clone()
            .map_or((None, None), |(file, line)| (Some(file), Some(line)));
        json!({ "file": file, "line": line, "message": warning.message })
    });
    json!({
        "fitted": check.fitted,
        "fixed": check.fixed,
        "networks": networks.collect::<Vec<_>>(),
        "experiments": experiments.collect::<Vec<_>>(),
        "observables": observables.collect::<Vec<_>>(),
        "measurements": check.measurements.0,
        "validation": check.measurements.1,
        "optimizers": check.optimizers,
        "warnings": warnings.collect::<Vec<_>>(),
    })
}
