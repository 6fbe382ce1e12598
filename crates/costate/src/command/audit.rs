//! `costate audit`: whether the gradient of a model is right.

use std::io::Write;

use costate_model::Model;
use costate_neural_ode::audit::{Audit, Jump, Kink, Variable, Verdict};
use serde_json::{Map, Value, json};

use super::{open, tell_unseen};
use crate::args::{Audit as Args, ReportFormat};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::report::json;

pub(crate) fn run(args: &Args, console: Console) -> Result<()> {
    let model = open(&args.model, &args.overrides)?;
    tell_unseen(&model, console);
    let audits = model.audit()?;
    let name = |variable| model.variable_name(variable);
    let mut out = console.output();
    match args.format {
        ReportFormat::Json => json::write(&mut out, &documents(&model, &audits))?,
        ReportFormat::Text => {
            for (experiment, audit) in &audits {
                if let Some(experiment) = experiment {
                    writeln!(
                        out,
                        "{}\n",
                        console.bold(&format!("experiment {experiment}"))
                    )?;
                }
                writeln!(out, "{}", audit.report(&name).to_string().trim_end())?;
                if audits.len() > 1 {
                    writeln!(out)?;
                }
            }
            writeln!(
                out,
                "This is the gradient through the solution: what initial values or [time] owe to a parameter stands at NAME(start), start and end."
            )?;
        }
    }
    out.flush()?;
    for (experiment, audit) in &audits {
        let within = experiment
            .as_ref()
            .map_or_else(String::new, |name| format!(" (experiment {name})"));
        let model = match experiment {
            Some(name) => &model.experiment(name)?,
            None => &model,
        };
        if let Some(why) = failure(model, audit, &within) {
            return Err(Error::Numerical(why));
        }
    }
    Ok(())
}

/// Why a gradient is not simply right.
fn failure(model: &Model, audit: &Audit, within: &str) -> Option<String> {
    let name = |variable| model.variable_name(variable);
    let verdict = audit.verdict();
    match verdict {
        Verdict::Wrong {
            methods: [a, b],
            worst,
        } => Some(format!("{a} and {b} disagree in {}{within}", name(worst))),
        Verdict::NotFinite { worst } => Some(format!(
            "the gradient is not finite in {}{within}",
            name(worst)
        )),
        // Before what follows from it: differences that do not settle, methods of the exact solution apart from those of the numbers computed.
        _ if let Some(kink) = audit.kinks.first() => Some(format!(
            "the equation of {} has a kink or a jump on the solution, at t = {}{within}: the gradient is that of one side{}",
            state(model, kink),
            kink.time,
            model
                .bend_at(kink.component, kink.time)
                .map_or_else(String::new, |bend| format!("; {bend}"))
        )),
        Verdict::Inaccurate { worst, .. } if let Some(off) = audit.off_by_all() => Some(format!(
            "no method gives the gradient in {} to better than {off:.0e}{within}",
            name(worst)
        )),
        Verdict::Inaccurate { worst, .. } => {
            let methods = audit.inaccurate();
            let disagree = match methods.len() {
                1 => "disagrees",
                _ => "disagree",
            };
            Some(format!(
                "{} {disagree} with the others in {}{within}",
                methods.join(", "),
                name(worst)
            ))
        }
        Verdict::NotSmooth { worst } => Some(format!(
            "differences cannot tell whether the gradient is right in {}{within}",
            name(worst)
        )),
        _ => None,
    }
}

/// The name of the state whose equation has a kink.
fn state(model: &Model, kink: &Kink) -> String {
    let start = model.variable_name(Variable::H0(kink.component));
    start.trim_end_matches("(start)").to_owned()
}

/// The audit itself, or those of several experiments under their names.
fn documents(model: &Model, audits: &[(Option<String>, Audit)]) -> Value {
    if let [(None, audit)] = audits {
        return document(model, audit);
    }
    let all: Map<String, Value> = audits
        .iter()
        .map(|(name, audit)| (name.clone().unwrap_or_default(), document(model, audit)))
        .collect();
    // The worst of all, in the order in which it matters.
    let worst = ["wrong", "not-finite", "inaccurate", "not-smooth", "unknown"];
    let has = |verdict: &&str| all.values().any(|one| one["verdict"] == **verdict);
    let verdict = worst.into_iter().find(has).unwrap_or("right");
    json!({ "verdict": verdict, "experiments": all })
}

fn document(model: &Model, audit: &Audit) -> Value {
    let name = |variable| model.variable_name(variable);
    let named = |values: &[f64]| -> Map<String, Value> {
        audit
            .variables
            .iter()
            .zip(values)
            .map(|(variable, value)| (name(*variable), json!(value)))
            .collect()
    };
    let methods = audit.runs.iter().map(|run| {
        json!({
            "name": run.about.name,
            "gradient": run.gradient.as_ref().ok().map(|values| named(values)),
            "error": run.gradient.as_ref().err().map(ToString::to_string),
            "seconds": run.seconds,
            "nfe": run.stats.forward.nfe + run.stats.backward.nfe,
            "vjps": run.stats.products,
        })
    });
    let pairs = audit.pairs.iter().map(|pair| {
        json!({
            "methods": pair.methods,
            "difference": pair.difference,
            "allowed": pair.allowed,
            "worst": name(pair.worst),
            "agrees": pair.agrees(),
        })
    });
    let kinks = audit.kinks.iter().map(|kink| {
        json!({ "state": state(model, kink), "time": kink.time, "jumps": kink.jump == Jump::Value })
    });
    let (verdict, worst) = match audit.verdict() {
        Verdict::Right => ("right", None),
        Verdict::NotFinite { worst } => ("not-finite", Some(worst)),
        Verdict::Inaccurate { worst, .. } => ("inaccurate", Some(worst)),
        Verdict::NotSmooth { worst } => ("not-smooth", Some(worst)),
        Verdict::Wrong { worst, .. } => ("wrong", Some(worst)),
        _ => ("unknown", None),
    };
    json!({
        "verdict": verdict,
        "worst": worst.map(name),
        "loss": audit.loss,
        "recommended": audit.recommended(),
        "methods": methods.collect::<Vec<_>>(),
        "pairs": pairs.collect::<Vec<_>>(),
        "uncertainty": named(&audit.uncertainty),
        "unchecked": audit.unchecked.iter().map(|v| name(*v)).collect::<Vec<_>>(),
        "kinks": kinks.collect::<Vec<_>>(),
    })
}
