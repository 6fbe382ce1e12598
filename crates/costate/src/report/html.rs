//! The report of a fit: one page that opens without network.

mod figure;
mod parameters;
mod pictures;
mod residuals;
mod starts;
mod verdict;

use std::fmt::Write as _;

use costate_model::{Fit, Found, Model, Outcome, Review};

use super::found::solved_by;
use super::number::{count, significant};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");
/// A derivation longer than this is folded away.
const LONG: usize = 60_000;
/// A derivation longer than this is left to `costate explain`.
const TOO_LONG: usize = 900_000;

/// What a report is about.
pub(crate) struct Report<'a> {
    pub(crate) fit: &'a Fit,
    pub(crate) fitted: &'a Model,
    pub(crate) found: &'a Found,
    pub(crate) review: &'a Review,
    /// What came of each start; none if there was but one.
    pub(crate) starts: &'a [Outcome],
    /// The text of the model file.
    pub(crate) source: &'a str,
    /// The words of the command line.
    pub(crate) command: &'a str,
}

/// The whole page.
pub(crate) fn page(report: &Report<'_>, title: &str) -> String {
    let mut body = format!("<h1>{}</h1>\n", escaped(title));
    body += &verdict::section(report);
    body += "<p class=\"hint\">In every plot: the value under the pointer; drag a rectangle to look closer, two clicks to go back.</p>\n";
    body += &pictures::fit(report);
    body += &residuals::distances(report);
    body += &residuals::agreement(report);
    body += &parameters::section(report);
    body += &pictures::history(report);
    body += &starts::waterfall(report);
    body += &pictures::phase(report);
    body += &pictures::networks(report);
    body += &details(report);
    body += &audit(report);
    body += &model(report);
    body += &versions(report);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}<div id=\"tip\"></div>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escaped(title)
    )
}

/// Text in a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A heading and what is under it; nothing if that is nothing.
fn section(heading: &str, inside: &str) -> String {
    if inside.is_empty() {
        return String::new();
    }
    format!("<section>\n<h2>{heading}</h2>\n{inside}</section>\n")
}

/// A plot with a sentence under it.
fn with_words(figure: &figure::Figure, words: &str) -> String {
    format!(
        "<figure>{}<figcaption>{words}</figcaption></figure>\n",
        figure.svg()
    )
}

fn figures(figures: &[String]) -> String {
    match figures {
        [] => String::new(),
        _ => format!("<div class=\"figures\">\n{}</div>\n", figures.concat()),
    }
}

fn details(report: &Report<'_>) -> String {
    let found = report.found;
    let mut inside = format!(
        "<p>{} evaluations of the loss in {} iterations, by {}. Solver {}.</p>\n",
        count(found.evaluations),
        count(found.iterations),
        report.fit.optimizers().join(", then "),
        escaped(&solved_by(report.fitted.solver(), |x| significant(x, 3)))
    );
    let plots: Vec<String> = report
        .review
        .steps
        .iter()
        .take(6)
        .map(|(name, times)| steps(report, name.as_deref(), times))
        .collect();
    inside += &figures(&plots);
    inside += &happened(&report.review.events, report.fitted.time_name());
    section(
        "Evaluations, steps and events",
        &format!("<details>\n<summary>How the fit was computed</summary>\n{inside}</details>\n"),
    )
}

/// The events, each with its time.
fn happened(events: &[(Option<String>, String, f64)], along: &str) -> String {
    const MOST: usize = 200;
    if events.is_empty() {
        return String::new();
    }
    let rows = events.iter().take(MOST).map(|(experiment, event, t)| {
        let within = experiment.as_deref().unwrap_or_default();
        let (event, within) = (escaped(event), escaped(within));
        format!(
            "<tr><td>{event}</td><td class=\"word\">{within}</td><td>{}</td></tr>\n",
            significant(*t, 10)
        )
    });
    let more = match events.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!("<p>{} more are not shown.</p>\n", count(n)),
    };
    format!(
        "<div class=\"wide\"><table>\n<tr><th>event</th><th></th><th>{}</th></tr>\n{}</table></div>\n{more}",
        escaped(along),
        rows.collect::<String>()
    )
}

fn steps(report: &Report<'_>, experiment: Option<&str>, times: &[f64]) -> String {
    use figure::{Axis, Figure};
    let lengths = || {
        times
            .windows(2)
            .map(|ends| (0.5 * (ends[0] + ends[1]), (ends[1] - ends[0]).abs()))
    };
    let along = report.fitted.time_name();
    let mut plot = Figure::new(
        Axis::around(along, times.iter().copied(), false),
        Axis::around("step", lengths().map(|(_, h)| h), true),
        "The lengths of the solver's steps over time",
    );
    plot.dots("small s0", "step", false, lengths());
    let smallest = lengths()
        .filter(|(_, h)| *h > 0.0)
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let words = match smallest {
        Some((t, h)) => format!(
            "{}{} steps; the smallest, {}, at {along} = {}.",
            experiment.map_or(String::new(), |name| format!("<b>{}</b>: ", escaped(name))),
            count(times.len().saturating_sub(1)),
            significant(h, 2),
            significant(t, 5)
        ),
        None => "No steps.".to_owned(),
    };
    with_words(&plot, &words)
}

fn audit(report: &Report<'_>) -> String {
    let inside = match report.review.checked {
        Some(checked) => {
            let gap = (checked.gradient - checked.differences).abs();
            let agrees = gap <= 10.0 * checked.uncertainty;
            let verdict = if agrees {
                "They agree as far as the differences can tell."
            } else {
                "They differ by more than the differences' own uncertainty: a more exact solver shows which of them to trust, unless the loss has a kink just here (an absolute value, an event at a measured time), where each side has a slope of its own."
            };
            format!(
                "<p>The derivative of the loss at the starting values, along one direction that moves every variable: {} by the gradient, {} by differences of the \
                 loss (uncertain by about {}). {verdict} <code>costate audit</code> compares every method, component by component.</p>\n",
                significant(checked.gradient, 4),
                significant(checked.differences, 4),
                significant(checked.uncertainty, 1)
            )
        }
        None => "<p>The loss near the starting values could not be evaluated, so the gradient could not be compared with differences.</p>\n".to_owned(),
    };
    section("Audit of the gradient", &inside)
}

fn model(report: &Report<'_>) -> String {
    let mut inside = format!(
        "<details>\n<summary>The model file</summary>\n<pre>{}</pre>\n</details>\n",
        escaped(report.source)
    );
    match report.fitted.explain() {
        Ok(explanation) => {
            let formulas = explanation.html_sections();
            match formulas.len() {
                0..LONG => inside += &formulas,
                LONG..TOO_LONG => {
                    let _ = writeln!(
                        inside,
                        "<details>\n<summary>The derivation of its gradients</summary>\n{formulas}</details>"
                    );
                }
                _ => {
                    inside += "<p>The formulas are too many for a page; <code>costate explain</code> writes them.</p>\n"
                }
            }
        }
        Err(error) => {
            let _ = writeln!(inside, "<p>{}</p>", escaped(&error.to_string()));
        }
    }
    section("The model and its derivation", &inside)
}

fn versions(report: &Report<'_>) -> String {
    let inside = format!(
        "<p>costate {} on {} {}.</p>\n<pre>{}</pre>\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        escaped(report.command)
    );
    section("Versions and command line", &inside)
}
