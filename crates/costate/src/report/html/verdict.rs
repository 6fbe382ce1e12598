//! The first lines: how the fit ended, and what to be careful of.

use costate_model::{Standing, Verdict};

use super::{Report, escaped};
use crate::report::found::{capitalised, large_error};
use crate::report::number::{count, significant};
use crate::report::starts::Tally;

pub(super) fn section(report: &Report<'_>) -> String {
    let (found, mut remarks) = (report.found, Vec::new());
    let mut tone = match &found.verdict {
        Verdict::Converged(_) => "good",
        Verdict::IterationsUsed
        | Verdict::TimeLimit
        | Verdict::Stopped(_)
        | Verdict::Interrupted => "fair",
        Verdict::Failed(_) => "bad",
    };
    let mut careful = |remark: String| {
        if tone == "good" {
            tone = "fair";
        }
        remarks.push(remark);
    };
    if found.verdict == Verdict::IterationsUsed {
        careful("More iterations may lower the loss further.".into());
    }
    let names = |standing: Standing| {
        let known = report
            .review
            .knowledge
            .iter()
            .flat_map(|k| k.parameters.iter().enumerate());
        let own = known.filter(|(_, known)| known.is_some_and(|known| known.standing == standing));
        let names: Vec<String> = own
            .map(|(k, _)| escaped(&found.parameters[k].name))
            .collect();
        names.join(", ")
    };
    let lost = names(Standing::NotIdentified);
    if !lost.is_empty() {
        careful(format!("Not identifiable from these data: <b>{lost}</b>."));
    }
    let weak = names(Standing::Weak);
    if !weak.is_empty() {
        careful(format!("Known only roughly: <b>{weak}</b>."));
    }
    let bound: Vec<String> = found
        .parameters
        .iter()
        .filter_map(|parameter| {
            let end = parameter.bound?.name();
            Some(format!("<b>{}</b> ({end})", escaped(&parameter.name)))
        })
        .collect();
    if !bound.is_empty() {
        careful(format!("At a bound: {}.", bound.join(", ")));
    }
    if let Some(why) = &found.about_validation {
        careful(escaped(&capitalised(why)));
    }
    let tally = (!report.starts.is_empty()).then(|| Tally::new(report.starts));
    if tally.as_ref().is_some_and(|tally| tally.alike < 2) {
        careful("No second start came to this loss.".into());
    }
    let large = large_error(found, report.fitted.solver());
    match (found.solver_error, large) {
        (_, Some(told)) => careful(format!("{}.", capitalised(&told))),
        (Some(error), None) => remarks.push(format!(
            "The solver's own error in the loss is about {}.",
            significant(error.abs(), 2)
        )),
        (None, None) => careful(
            "The model could not be solved more exactly to tell the solver's own error.".into(),
        ),
    }
    remarks.extend(tally.map(|tally| format!("{}.", tally.sentence())));
    if let Some((loss, measurements)) = found.validation {
        remarks.push(format!(
            "Validation: loss {} over {} measurements that were not fitted.",
            significant(loss, 6),
            count(measurements)
        ));
    }
    let items: Vec<String> = remarks
        .iter()
        .map(|remark| format!("<li>{remark}</li>"))
        .collect();
    format!(
        "<div class=\"verdict {tone}\"><strong>{}</strong>: loss {} over {} measurements after {} iterations.<ul>{}</ul></div>\n",
        escaped(&capitalised(&found.verdict.to_string())),
        significant(found.loss, 6),
        count(found.measurements),
        count(found.iterations),
        items.concat()
    )
}
