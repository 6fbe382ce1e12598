//! The studies drawn: time over size, both logarithmic, one panel for each.

use super::studies::Study;
use kuva::backend::svg::SvgBackend;
use kuva::plot::LinePlot;
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use std::sync::Arc;

/// Okabe and Ito's colours, told apart with any colour vision.
const COLOURS: [&str; 6] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00",
];

/// All of them in one picture.
pub(crate) fn svg(studies: &[Study]) -> String {
    let (plots, layouts) = studies.iter().map(panel).unzip();
    let scene = Figure::new(studies.len().div_ceil(2), 2)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(560.0, 360.0)
        .render();
    SvgBackend::new().render_scene(&scene)
}

fn panel(study: &Study) -> (Vec<Plot>, Layout) {
    let lines = study.series.iter().zip(COLOURS.iter().cycle());
    let plots: Vec<Plot> = lines
        .map(|(series, colour)| {
            let points = study.sizes.iter().zip(&series.seconds);
            let points: Vec<(f64, f64)> = points
                .filter_map(|(size, seconds)| Some((*size as f64, (*seconds)?)))
                .collect();
            let line = LinePlot::new()
                .with_data(points)
                .with_color(*colour)
                .with_legend(series.name);
            Plot::Line(line)
        })
        .collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_log_scale()
        .with_tick_format(TickFormat::Custom(Arc::new(tick)))
        .with_title(study.title)
        .with_x_label(study.along)
        .with_y_label("seconds of processor time");
    (plots, layout)
}

/// Short, so that neighbours have room.
fn tick(value: f64) -> String {
    if (1.0..1e5).contains(&value) {
        format!("{value:.0}")
    } else {
        format!("{value:.0e}")
    }
}
