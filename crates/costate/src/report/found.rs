//! What a fit found, for people and for programs.

use std::io::{self, Write};

use costate_model::{Bound, FittedParameter, Found, Joint, SolverSettings, Verdict};
use serde_json::{Value, json};

use super::number::{count, percent, significant};
use super::table::{Align, Table};

/// Writes the report of a fit: verdict, loss, parameters, and what to look at.
pub(crate) fn write(
    out: &mut impl Write,
    found: &Found,
    solver: &SolverSettings,
) -> io::Result<()> {
    writeln!(
        out,
        "{} after {} iterations, {} evaluations of the loss",
        capitalised(&found.verdict.to_string()),
        count(found.iterations),
        count(found.evaluations)
    )?;
    let error = match found.solver_error {
        Some(error) => format!(
            "the solver's own error in it is about {}",
            significant(error.abs(), 2)
        ),
        None => "it could not be solved more exactly, to tell the solver's own error".to_owned(),
    };
    writeln!(
        out,
        "loss {} over {} measurements; {error}",
        significant(found.loss, 6),
        count(found.measurements)
    )?;
    if let Some((loss, measurements)) = found.validation {
        writeln!(
            out,
            "validation loss {} over {} measurements that were not fitted",
            significant(loss, 6),
            count(measurements)
        )?;
    }
    if let Some(why) = &found.about_validation {
        writeln!(out, "{why}")?;
    }
    if let Some(joint) = found.widest_gap() {
        writeln!(
            out,
            "before they were made one, the segments met within {} standard deviations of the data (the widest gap: {} in {} at t = {}{})",
            significant(joint.relative.abs(), 2),
            significant(joint.gap.abs(), 2),
            joint.state,
            significant(joint.t, 6),
            match &joint.experiment {
                Some(name) => format!(", experiment {name}"),
                None => String::new(),
            }
        )?;
    }
    let table = parameters(&found.parameters);
    if !table.is_empty() {
        writeln!(out)?;
        table.write(out, "  ")?;
    }
    for (name, weights) in &found.networks {
        writeln!(out, "\n  network {name}: {} weights", count(*weights))?;
    }
    let remarks: Vec<String> = remarks(found, solver).collect();
    if !remarks.is_empty() {
        writeln!(out)?;
    }
    remarks
        .iter()
        .try_for_each(|remark| writeln!(out, "{remark}"))
}

fn parameters(parameters: &[FittedParameter]) -> Table {
    let mut table = Table::new(&[
        ("parameter", Align::Left),
        ("start", Align::Right),
        ("value", Align::Right),
        ("standard error", Align::Right),
        ("unit", Align::Left),
        ("", Align::Left),
    ]);
    for parameter in parameters {
        let remark = match (
            parameter.fixed,
            parameter.bound,
            parameter.without_influence,
        ) {
            (true, _, _) => "fixed",
            (_, Some(Bound::Lower), _) => "at its lower bound",
            (_, Some(Bound::Upper), _) => "at its upper bound",
            (_, _, true) => "without influence",
            _ => "",
        };
        table.row([
            parameter.name.clone(),
            significant(parameter.start, 6),
            significant(parameter.value, 6),
            parameter
                .standard_error
                .map_or(String::new(), |error| significant(error, 3)),
            parameter.unit.clone().unwrap_or_default(),
            remark.into(),
        ]);
    }
    table
}

/// What a reader should not overlook.
fn remarks<'a>(
    found: &'a Found,
    solver: &SolverSettings,
) -> impl Iterator<Item = String> + use<'a> {
    let influence = found.parameters.iter().filter(|parameter| parameter.without_influence).map(|parameter| {
        format!(
            "parameter {} changes no measured observable (its gradient is 0, or no more than numerical noise): fix it, observe what it acts on, or start it at the size that it should have",
            parameter.name
        )
    });
    let solver = large_error(found, solver);
    let more = (found.verdict == Verdict::IterationsUsed).then(|| {
        "more iterations may lower the loss further: set 'iterations' under [fit]".to_owned()
    });
    let errors = found.about_errors.clone();
    influence.chain(errors).chain(solver).chain(more)
}

/// The method, and how exact it is.
pub(crate) fn solved_by(solver: &SolverSettings, number: impl Fn(f64) -> String) -> String {
    let name = solver.method.name;
    match solver.step {
        Some(step) => format!("{name} with steps of {}", number(step)),
        None => format!("{name} at rtol {}", number(solver.rtol)),
    }
}

/// The solver's own error beside the loss, where it is more than a hundredth of it, and what to do.
pub(super) fn large_error(found: &Found, solver: &SolverSettings) -> Option<String> {
    let part = found.solver_error?.abs() / found.loss.abs();
    let size = match part {
        part if part > 1.0 => "more than the loss".to_owned(),
        part if part > 0.01 => format!("{} of the loss", percent(part)),
        _ => return None,
    };
    let accuracy = solver.of_accuracy();
    Some(format!(
        "the solver's own error is {size}: lower {accuracy}"
    ))
}

pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The same for programs.
pub(crate) fn json(found: &Found, folder: &str) -> Value {
    let parameter = |parameter: &FittedParameter| {
        json!({
            "name": parameter.name,
            "unit": parameter.unit,
            "start": parameter.start,
            "value": parameter.value,
            "standard_error": parameter.standard_error,
            "fixed": parameter.fixed,
            "bound": parameter.bound.map(Bound::name),
            "without_influence": parameter.without_influence,
        })
    };
    let gap = |joint: &Joint| {
        json!({
            "experiment": joint.experiment,
            "t": joint.t,
            "state": joint.state,
            "gap": joint.gap,
            "relative": joint.relative,
        })
    };
    let networks = found.networks.iter();
    let validation = found
        .validation
        .map(|(loss, measurements)| json!({ "loss": loss, "measurements": measurements }));
    json!({
        "verdict": verdict(&found.verdict),
        "message": found.verdict.to_string(),
        "loss": found.loss,
        "measurements": found.measurements,
        "validation": validation,
        "about_validation": found.about_validation,
        "solver_error": found.solver_error,
        "about_errors": found.about_errors,
        "iterations": found.iterations,
        "evaluations": found.evaluations,
        "parameters": found.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "networks": networks.map(|(name, weights)| json!({ "name": name, "weights": weights })).collect::<Vec<_>>(),
        "gaps": found.joints.iter().map(gap).collect::<Vec<_>>(),
        "folder": folder,
    })
}

/// One word, the same in every release.
fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Converged(_) => "converged",
        Verdict::IterationsUsed => "iterations-used",
        Verdict::TimeLimit => "time-limit",
        Verdict::Stopped(_) => "stopped",
        Verdict::Failed(_) => "failed",
        Verdict::Interrupted => "interrupted",
    }
}
