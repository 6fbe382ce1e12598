//! Where several starts led.

use super::figure::{Axis, Figure};
use super::{Report, escaped, figures, section, with_words};
use crate::report::number::significant;
use crate::report::starts::{Tally, failed};

pub(super) fn waterfall(report: &Report<'_>) -> String {
    let tally = Tally::new(report.starts);
    let [least, .., most] = tally.losses[..] else {
        return section("Starts", &failures(report));
    };
    // A few steps down to a plateau is what one hopes to see: all losses in their order, from the least.
    let steps = || {
        let losses = tally.losses.iter().enumerate();
        losses.map(|(i, loss)| ((i + 1) as f64, *loss))
    };
    // Losses that agree to a thousandth are one plateau, whatever the solver's error makes of them.
    let shown = tally.losses.iter().copied();
    let shown = shown.chain([least + 1e-3 * least.abs()]);
    let mut plot = Figure::new(
        Axis::exact(
            "starts, the best first",
            0.5,
            tally.losses.len() as f64 + 0.5,
        ),
        Axis::around("loss", shown, most > 10.0 * least),
        "The losses at which the starts ended, in their order",
    );
    plot.curve("s0", "loss", steps());
    plot.dots("s0", "loss", false, steps());
    let advice = match tally.alike {
        1 => ": only one found it, so that more starts may find a lower one",
        _ => ": the more there are, the less likely that a lower one was missed",
    };
    let words = format!(
        "{}{advice}. Losses go from {} to {}.",
        tally.sentence(),
        significant(least, 6),
        significant(most, 4)
    );
    let inside = figures(&[with_words(&plot, &words)]) + &failures(report);
    section("Starts", &inside)
}

/// Starts that led nowhere, and why.
fn failures(report: &Report<'_>) -> String {
    let rows = failed(report.starts).map(|(number, why)| {
        format!(
            "<tr><td>{number}</td><td class=\"word\">{}</td></tr>\n",
            escaped(why)
        )
    });
    let rows: String = rows.collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<details>\n<summary>Starts that failed</summary>\n<div class=\"wide\"><table>\n<tr><th>start</th><th>why</th></tr>\n{rows}</table></div>\n</details>\n"
    )
}
