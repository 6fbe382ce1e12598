//! Measurements against predictions: residuals, and both side by side.

use costate_model::{Comparison, Panel};

use super::figure::{Axis, Figure, ends};
use super::pictures::{COLOURS, colour, thinned};
use super::{Report, escaped, figures, section, with_words};
use crate::report::number::{count, percent, significant};

pub(super) fn distances(report: &Report<'_>) -> String {
    let review = report.review;
    let Some(about) = &review.residuals else {
        return String::new();
    };
    let along = report.fitted.time_name();
    let label = if about.is_logarithmic {
        "log residual / s.d."
    } else {
        "residual / s.d."
    };
    let all = || {
        let all = review.comparisons.iter();
        all.filter(|c| c.standardised.is_finite())
    };
    let over = |axis: Axis, title: &str, x: fn(&Comparison) -> f64| {
        let heights = all().map(|c| c.standardised).chain([-2.5, 2.5]);
        let mut plot = Figure::new(axis, Axis::around(label, heights, false), title);
        [-2.0, 0.0, 2.0].into_iter().for_each(|y| plot.rule(y));
        scatter(report, &mut plot, |c| (x(c), c.standardised));
        plot
    };
    let times = Axis::around(along, all().map(|c| c.t), false);
    let over_time = over(times, "Standardised residuals over time", |c| c.t);
    let predictions = || all().map(|c| c.predicted);
    let predicted = Axis::around("prediction", predictions(), wide(predictions()));
    let title = "Standardised residuals over predictions";
    let over_prediction = over(predicted, title, |c| c.predicted);
    let histogram = histogram(report, label, about.count);

    let largest = &review.comparisons[about.largest];
    let neighbours = about.neighbours;
    let noise = 2.0 / (about.count as f64).sqrt();
    let first = if neighbours > noise {
        format!(
            "Neighbours in time are alike (correlation {neighbours:.2}): the model misses something slow, or the data are smooth."
        )
    } else if neighbours < -noise {
        format!("Neighbours in time alternate (correlation {neighbours:.2}).").replace('-', "−")
    } else {
        format!("Neighbours in time say nothing of each other (correlation {neighbours:.2}), as it should be.").replace('-', "−")
    };
    let second = format!(
        "The largest residual, {} standard deviations, belongs to the prediction {}.",
        significant(largest.standardised, 2),
        significant(largest.predicted, 4)
    )
    .replace('-', "−");
    let third = format!(
        "{} of {} lie beyond ±2; a normal distribution (curve) has 5 %.{}",
        percent(about.beyond_two),
        count(about.count),
        if about.is_estimated {
            " The standard deviation is that of the residuals themselves, since the model gives no noise."
        } else {
            ""
        }
    );
    section(
        "Residuals",
        &(figures(&[
            with_words(&over_time, &first),
            with_words(&over_prediction, &second),
            with_words(&histogram, &third),
        ]) + &key(report)),
    )
}

/// How many of the standardised residuals lie where, beside the normal distribution.
fn histogram(report: &Report<'_>, label: &str, residuals: usize) -> Figure {
    const REACH: f64 = 4.0;
    let bins = if residuals < 60 { 16 } else { 32 };
    let counts = report.review.histogram(REACH, bins);
    let normal = report.review.normal_curve(REACH, bins, 81);
    let width = 2.0 * REACH / bins as f64;
    let most = counts
        .iter()
        .map(|&n| n as f64)
        .chain(normal.iter().map(|(_, y)| *y))
        .fold(1.0, f64::max);
    let mut plot = Figure::new(
        Axis::exact(label, -REACH, REACH),
        Axis::exact("measurements", 0.0, 1.08 * most),
        "Histogram of the standardised residuals",
    );
    let column = |(i, &n): (usize, &usize)| {
        let from = -REACH + i as f64 * width;
        (from, -REACH + (i + 1) as f64 * width, n as f64)
    };
    plot.columns("f0", counts.iter().enumerate().map(column));
    plot.curve("s1", "normal distribution", normal.into_iter());
    plot
}

/// Every comparison as a dot in the colour of its observable; those that were not fitted as rings.
fn scatter(report: &Report<'_>, plot: &mut Figure, place: impl Fn(&Comparison) -> (f64, f64)) {
    let observables = report.fitted.observables().len().max(1);
    for (i, panel) in report.review.panels.iter().enumerate() {
        let own = &report.review.comparisons[panel.comparisons.clone()];
        let class = format!("small {}", colour(i % observables));
        for fitted in [true, false] {
            let own: Vec<&Comparison> = own.iter().filter(|c| c.fitted == fitted).collect();
            plot.dots(
                &class,
                &named(panel),
                !fitted,
                thinned(&own).map(|c| place(c)),
            );
        }
    }
}

fn named(panel: &Panel) -> String {
    match &panel.experiment {
        Some(experiment) => format!("{} ({experiment})", panel.observable),
        None => panel.observable.clone(),
    }
}

/// Whether positive values spread so far that only a logarithmic axis shows them all.
fn wide(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| {
        (low.min(x), high.max(x))
    });
    low > 0.0 && high / low > 50.0
}

/// Which colour is which observable.
fn key(report: &Report<'_>) -> String {
    let names = report.fitted.observables().iter().enumerate();
    let keys = names.map(|(i, observable)| {
        format!(
            "<span class=\"key\"><svg viewBox=\"0 0 24 14\"><path class=\"dots {}\" d=\"M12 7h0\"/></svg>{}</span>",
            colour(i),
            escaped(&observable.name)
        )
    });
    let keys: Vec<String> = keys.take(COLOURS * 3).collect();
    match keys.len() {
        0 | 1 => String::new(),
        _ => format!("<p class=\"hint\">{}</p>\n", keys.concat()),
    }
}

pub(super) fn agreement(report: &Report<'_>) -> String {
    let review = report.review;
    let Some(about) = &review.residuals else {
        return String::new();
    };
    let both = || {
        review
            .comparisons
            .iter()
            .flat_map(|c| [c.observed, c.predicted])
    };
    let is_wide = wide(both());
    let mut plot = Figure::new(
        Axis::around("predicted", both(), is_wide),
        Axis::around("observed", both(), is_wide),
        "Measurements over predictions",
    );
    let (low, high) = ends(both());
    plot.pieces("rule", [((low, low), (high, high))].into_iter());
    scatter(report, &mut plot, |c| (c.predicted, c.observed));
    let words = format!(
        "The predictions explain {} of the variance of the measurements{}; on the dashed line they would be equal.",
        percent(about.explained),
        if about.is_logarithmic {
            " (of their logarithms)"
        } else {
            ""
        }
    );
    section(
        "Observed against predicted",
        &(figures(&[with_words(&plot, &words)]) + &key(report)),
    )
}
