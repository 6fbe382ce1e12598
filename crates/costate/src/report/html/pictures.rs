//! The plots of a fit, each with a sentence that says what to see in it.

use costate_model::{Comparison, Panel};

use super::figure::{Axis, Figure};
use super::{Report, escaped, figures, section, with_words};
use crate::report::number::{count, significant};
use crate::report::plot::evenly;

/// More panels than this are too many to look at.
const MOST_PANELS: usize = 48;
/// More points than this in one plot are thinned.
const MOST_POINTS: usize = 2000;
/// Colours.
pub(super) const COLOURS: usize = 7;

pub(super) fn colour(i: usize) -> String {
    format!("s{}", i % COLOURS)
}

/// So many of the points, evenly.
pub(super) fn thinned<T>(points: &[T]) -> impl Iterator<Item = &T> {
    evenly(points, MOST_POINTS)
}

pub(super) fn fit(report: &Report<'_>) -> String {
    let panels = &report.review.panels;
    let observables = report.fitted.observables().len().max(1);
    let mut order: Vec<usize> = (0..panels.len()).collect();
    // By observable, and within it by experiment.
    order.sort_by_key(|&i| (i % observables, i / observables));
    let shown = order.len().min(MOST_PANELS);
    let plots: Vec<String> = order[..shown]
        .iter()
        .map(|&i| panel(report, &panels[i], i % observables))
        .collect();
    let more = match panels.len() - shown {
        0 => String::new(),
        n => format!("<p>{} more are not shown.</p>\n", count(n)),
    };
    section("The fit", &(figures(&plots) + &more))
}

fn panel(report: &Report<'_>, panel: &Panel, observable: usize) -> String {
    let along = report.fitted.time_name();
    let own = &report.review.comparisons[panel.comparisons.clone()];
    let times = panel.curve.iter().map(|(t, _)| *t);
    let ends = own.iter().flat_map(|c| [c.observed, c.bar.0, c.bar.1]);
    let values = panel.curve.iter().map(|(_, y)| *y).chain(ends);
    let mut plot = Figure::new(
        Axis::around(along, times.chain(own.iter().map(|c| c.t)), false),
        Axis::around(&panel.observable, values, false),
        format!(
            "{} over {along}: the fitted curve and the data",
            panel.observable
        ),
    );
    let colour = colour(observable);
    plot.curve(
        &colour,
        &format!("{} (fit)", panel.observable),
        panel.curve.iter().copied(),
    );
    for fitted in [true, false] {
        let points: Vec<&Comparison> = own.iter().filter(|c| c.fitted == fitted).collect();
        let bars = thinned(&points).filter(|c| c.bar.0.is_finite() && c.bar.1.is_finite());
        plot.bars(&colour, bars.map(|c| (c.t, c.bar.0, c.bar.1)));
        let name = format!(
            "{} ({})",
            panel.observable,
            if fitted { "data" } else { "validation" }
        );
        plot.dots(
            &colour,
            &name,
            !fitted,
            thinned(&points).map(|c| (c.t, c.observed)),
        );
    }
    let name = match &panel.experiment {
        Some(experiment) => format!(
            "<b>{}</b>, {}",
            escaped(&panel.observable),
            escaped(experiment)
        ),
        None => format!("<b>{}</b>", escaped(&panel.observable)),
    };
    let told = |fitted: bool| report.review.deviation(panel, fitted);
    let typical = |rms: f64| format!("{} standard deviations off the curve", significant(rms, 2));
    let mut words = match told(true) {
        Some((rms, worst)) => format!(
            "{name}: the data are typically {}; the farthest, {}, at {along} = {}.",
            typical(rms),
            significant(worst.standardised.abs(), 2),
            significant(worst.t, 6)
        ),
        None => format!("{name}: nothing was fitted here."),
    };
    if let Some((rms, _)) = told(false) {
        words += &format!(
            " Rings are validation data, not fitted: typically {}.",
            typical(rms)
        );
    }
    with_words(&plot, &words)
}

pub(super) fn history(report: &Report<'_>) -> String {
    let records: Vec<_> = report.fit.history().collect();
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return String::new();
    };
    let (of, step) = (records.len(), records.len().div_ceil(MOST_POINTS).max(1));
    let along = |value: fn(&costate_model::Record) -> f64| {
        let own = records
            .iter()
            .enumerate()
            .filter(move |(i, _)| i % step == 0 || *i + 1 == of);
        own.map(move |(_, record)| (record.iteration as f64, value(record)))
            .collect::<Vec<_>>()
    };
    let plot = |name: &str, points: Vec<(f64, f64)>, class: &str| {
        let is_wide = points.iter().all(|(_, y)| *y > 0.0);
        let mut plot = Figure::new(
            Axis::around("iteration", points.iter().map(|(i, _)| *i), false),
            Axis::around(name, points.iter().map(|(_, y)| *y), is_wide),
            format!("{name} over iterations"),
        );
        plot.curve(class, name, points.into_iter());
        plot
    };
    let loss = format!(
        "The loss went from {} to {} in {} iterations.",
        significant(first.loss, 4),
        significant(report.found.loss, 6),
        count(report.found.iterations)
    );
    let gradient = format!(
        "The norm of its gradient went from {} to {}.",
        significant(first.gradient_norm, 3),
        significant(last.gradient_norm, 3)
    );
    section(
        "Loss and gradient",
        &figures(&[
            with_words(&plot("loss", along(|record| record.loss), "s0"), &loss),
            with_words(
                &plot("gradient norm", along(|record| record.gradient_norm), "s1"),
                &gradient,
            ),
        ]),
    )
}

pub(super) fn phase(report: &Report<'_>) -> String {
    let Some(phase) = &report.review.phase else {
        return String::new();
    };
    let [x, y] = &phase.range;
    let [first, second] = &phase.names;
    let mut plot = Figure::new(
        Axis::exact(first, x[0], x[1]),
        Axis::exact(second, y[0], y[1]),
        format!("The plane of {first} and {second}: field, nullclines and solutions"),
    );
    plot.arrows(phase.field.iter().copied());
    for (line, class) in phase
        .nullclines
        .iter()
        .zip(["curve thin dashed s1", "curve thin dashed s2"])
    {
        plot.pieces(
            class,
            line.iter().map(|[a, b]| ((a[0], a[1]), (b[0], b[1]))),
        );
    }
    for (name, points) in &phase.trajectories {
        let name = name.as_deref().unwrap_or("solution");
        plot.curve("s0", name, points.iter().map(|p| (p[0], p[1])));
        plot.dots(
            "s0",
            &format!("{name} (start)"),
            false,
            points.iter().take(1).map(|p| (p[0], p[1])),
        );
    }
    let shown = |place: &[f64; 2]| {
        format!(
            "({}, {})",
            significant(place[0], 3),
            significant(place[1], 3)
        )
    };
    let places: Vec<String> = phase.equilibria.iter().take(5).map(shown).collect();
    let rest = match places.as_slice() {
        [] => "they cross nowhere in view: no equilibrium".to_owned(),
        [one] => format!("they cross at {one}: an equilibrium"),
        several => format!("they cross at {}: equilibria", several.join(", ")),
    };
    let when = if phase.moves {
        format!(
            " The field changes with time; it is shown at t = {}.",
            significant(phase.t, 5)
        )
    } else {
        String::new()
    };
    let words = format!(
        "Solutions from their starts (dots) along the field. Dashed, the nullclines, where <b>{}</b> (orange) or <b>{}</b> (green) stands still; {rest}.{when}",
        escaped(first),
        escaped(second)
    );
    section("Phase portrait", &figures(&[with_words(&plot, &words)]))
}

pub(super) fn networks(report: &Report<'_>) -> String {
    let mut plots = Vec::new();
    for network in &report.review.learned {
        for slice in &network.slices {
            let all = slice.curves.iter().flatten().copied();
            let label = match network.outputs.as_slice() {
                [one] => one.clone(),
                _ => network.name.clone(),
            };
            let mut plot = Figure::new(
                Axis::around(&slice.input, slice.values.iter().copied(), false),
                Axis::around(&label, all, false),
                format!("What network {} makes of {}", network.name, slice.input),
            );
            plot.band(slice.taught.0, slice.taught.1);
            let mut parts = Vec::new();
            for (i, (name, curve)) in network.outputs.iter().zip(&slice.curves).enumerate() {
                plot.curve(
                    &colour(i),
                    name,
                    slice.values.iter().copied().zip(curve.iter().copied()),
                );
                let taught = slice
                    .values
                    .iter()
                    .zip(curve)
                    .filter(|(x, _)| slice.taught.0 <= **x && **x <= slice.taught.1);
                let (low, high) = taught
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| {
                        (low.min(*y), high.max(*y))
                    });
                if parts.len() < 4 {
                    parts.push(format!(
                        "<b>{}</b> runs from {} to {}",
                        escaped(name),
                        significant(low, 3),
                        significant(high, 3)
                    ));
                }
            }
            let held: Vec<String> = slice
                .held
                .iter()
                .take(6)
                .map(|(name, x)| format!("{} = {}", escaped(name), significant(*x, 3)))
                .collect();
            let held = if held.is_empty() {
                String::new()
            } else {
                format!(" at {}", held.join(", "))
            };
            plots.push(with_words(
                &plot,
                &format!(
                    "In the shaded range, which the solutions visit, {}{held}; outside nothing has taught it.",
                    parts.join(", ")
                ),
            ));
        }
    }
    section("What the networks learned", &figures(&plots))
}
