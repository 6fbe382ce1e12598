//! What was found of the parameters: a table, their correlations, the profile of the one that is known least.

use std::fmt::Write as _;

use costate_model::{Bound, Knowledge, Profile, Standing};

use super::figure::{Axis, Figure};
use super::{Report, escaped, figures, section as titled, with_words};
use crate::report::number::{count, ends, percent, significant};

/// More parameters than this have no matrix.
const MOST: usize = 40;

pub(super) fn section(report: &Report<'_>) -> String {
    let mut inside = table(report);
    let mut plots = Vec::new();
    if let Some(known) = &report.review.knowledge {
        if (2..=MOST).contains(&known.correlated.len()) {
            plots.push(correlations(report, known));
        }
        if let Some(profile) = &report.review.profile {
            plots.push(profiled(report, profile));
        }
    }
    inside += &figures(&plots);
    titled("Parameters", &inside)
}

fn table(report: &Report<'_>) -> String {
    let found = report.found;
    let mut out = String::new();
    for (name, weights) in &found.networks {
        let _ = writeln!(
            out,
            "<p>Network {}: {} weights.</p>",
            escaped(name),
            count(*weights)
        );
    }
    if found.parameters.is_empty() {
        return out;
    }
    let known = |k: usize| {
        report
            .review
            .knowledge
            .as_ref()
            .and_then(|known| known.parameters[k])
    };
    let level = if report.review.knowledge.is_some() {
        "95 % interval"
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "<div class=\"wide\"><table>\n<tr><th>parameter</th><th>start</th><th>value</th><th>standard error</th><th>{level}</th><th class=\"word\">unit</th><th class=\"word\">bound</th><th class=\"word\">from the data</th></tr>"
    );
    for (k, parameter) in found.parameters.iter().enumerate() {
        let own = known(k);
        let error = own
            .map(|known| known.error)
            .or(parameter.standard_error)
            .filter(|error| error.is_finite());
        let interval = own.map_or(String::new(), |known| {
            let (low, high) = known.interval;
            ends(low, high).join(" … ")
        });
        let bound = parameter.bound.map_or("", Bound::name);
        let (class, standing) = match (parameter.fixed, own.map(|known| known.standing)) {
            (true, _) => ("", "fixed"),
            (_, Some(Standing::Identified)) => ("good", "identifiable"),
            (_, Some(Standing::Weak)) => ("fair", "roughly"),
            (_, Some(Standing::NotIdentified)) => ("bad", "not identifiable"),
            (_, None) if parameter.without_influence => ("bad", "without influence"),
            (_, None) if parameter.bound.is_some() => ("fair", "at its bound"),
            (_, None) => ("", ""),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td><b>{}</b></td><td>{}</td><td>{interval}</td><td class=\"word\">{}</td><td class=\"word\">{bound}</td><td class=\"word {class}\">{standing}</td></tr>",
            escaped(&parameter.name),
            significant(parameter.start, 5),
            significant(parameter.value, 6),
            error.map_or(String::new(), |error| significant(error, 3)),
            escaped(parameter.unit.as_deref().unwrap_or_default()),
        );
    }
    out + "</table></div>\n"
}

fn correlations(report: &Report<'_>, known: &Knowledge) -> String {
    let names: Vec<&str> = known
        .correlated
        .iter()
        .map(|&k| report.found.parameters[k].name.as_str())
        .collect();
    let n = names.len();
    let cell = if n <= 12 { 46.0 } else { 22.0 };
    let longest = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let left = 18.0 + 8.6 * longest.min(18) as f64;
    let size = left + n as f64 * cell;
    let mut marks = String::new();
    let mut strongest = (0.0, 1, 0);
    for i in 0..n {
        let middle = left + (i as f64 + 0.5) * cell;
        let shown: String = names[i].chars().take(18).collect();
        let _ = write!(
            marks,
            "<text class=\"label\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\
             <text class=\"label\" transform=\"translate({:.1} {}) rotate(-45)\">{name}</text>",
            left - 6.0,
            middle + 5.0,
            middle + 4.0,
            left - 6.0,
            name = escaped(&shown)
        );
        for j in 0..n {
            let r = known.correlations[i * n + j];
            if j < i && r.abs() > f64::abs(strongest.0) {
                strongest = (r, i, j);
            }
            let class = if r < 0.0 { "f1" } else { "f0" };
            let (x, y) = (left + j as f64 * cell, left + i as f64 * cell);
            let _ = write!(
                marks,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{cell}\" height=\"{cell}\" fill-opacity=\"{:.2}\"><title>{}, {}: {}</title></rect>",
                0.75 * r.abs(),
                escaped(names[i]),
                escaped(names[j]),
                significant(r, 3)
            );
            if n <= 12 {
                let _ = write!(
                    marks,
                    "<text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    x + 0.5 * cell,
                    y + 0.5 * cell + 5.0,
                    format!("{r:.2}").replace('-', "−")
                );
            }
        }
    }
    let (r, i, j) = strongest;
    let pair = format!(
        "<b>{}</b> and <b>{}</b>",
        escaped(names[i]),
        escaped(names[j])
    );
    let words = if r.abs() < 0.05 {
        "No two parameters are correlated: the data tell them apart.".to_owned()
    } else if r.abs() > 0.95 {
        format!(
            "{pair} are tied to each other ({r:.2}): the data tell a combination of them much better than each."
        )
    } else {
        format!("The strongest correlation is that of {pair}, {r:.2}; the data tell them apart.")
    };
    format!(
        "<figure><svg class=\"plot\" role=\"img\" aria-label=\"Correlations of the parameters\" viewBox=\"0 0 {w} {w}\" style=\"max-width: {w}px\">{marks}</svg>\
         <figcaption>{}</figcaption></figure>\n",
        words.replace('-', "−"),
        w = size + 24.0
    )
}

fn profiled(report: &Report<'_>, profile: &Profile) -> String {
    let name = &report.found.parameters[profile.parameter].name;
    let losses = profile.points.iter().map(|(_, loss)| *loss);
    let mut plot = Figure::new(
        Axis::around(name, profile.points.iter().map(|(x, _)| *x), false),
        Axis::around("loss", losses.chain([profile.threshold]), false),
        format!("The least loss at values of {name}"),
    );
    plot.rule(profile.threshold);
    plot.curve("s0", "loss", profile.points.iter().copied());
    plot.dots("s0", "loss", false, profile.points.iter().copied());
    let shown = format!("<b>{}</b>", escaped(name));
    let open = |side: &str| {
        format!(
            "{shown} is known least, and these data do not bound it {side}: the others make up for its change."
        )
    };
    let words = match profile.interval() {
        _ if report.found.parameters[profile.parameter].without_influence => {
            format!(
                "{shown} changes nothing that was measured: the loss is the same at all its values."
            )
        }
        (Some(low), Some(high)) => {
            let value = report.found.parameters[profile.parameter].value;
            let [from, to] = ends(low, high);
            format!(
                "{shown} is known least. With all others fitted again at each of its values, the loss stays below the dashed line from {from} to {to}, its 95 % interval; \
                 the ends lie {} and {} of its value away.",
                percent(((value - low) / value).abs()),
                percent(((high - value) / value).abs()),
            )
        }
        (None, Some(_)) => open("below"),
        (Some(_), None) => open("above"),
        (None, None) => open("on either side"),
    };
    with_words(&plot, &words)
}
