//! Pictures as SVG: curves against time, data as markers, on axes that share their time.
//!
//! The drawing itself is the crate `kuva`'s; nothing outside this file knows that.

use std::sync::Arc;

use kuva::TickFormat;
use kuva::backend::svg::SvgBackend;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, LineStyle, ScatterPlot};
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::theme::Theme;

use super::number::significant;

/// Okabe and Ito's colours, told apart with any colour vision and in grey print (their yellow is too pale for a line).
const COLOURS: [&str; 7] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00",
];
const MARKERS: [MarkerShape; 4] = [
    MarkerShape::Circle,
    MarkerShape::Square,
    MarkerShape::Triangle,
    MarkerShape::Diamond,
];

/// Width of a picture, and height of one of its panels among several, in pixels.
const WIDTH: f64 = 900.0;
const ALONE: f64 = 460.0;
const STACKED: f64 = 260.0;
const LEFT: f64 = 76.0;

/// Values that differ by more than this are drawn on a logarithmic axis.
const DECADES_FOR_LOG: f64 = 1e3;
/// Series share a panel while their largest magnitudes differ by no more than this.
const SAME_PANEL: f64 = 12.0;
/// A taller stack is not read; series beyond it join the panel of the nearest magnitude.
const MOST_PANELS: usize = 8;
/// More markers than these show no more: so many of them, evenly.
const MOST_DOTS: usize = 5000;
/// So many markers hide the curve, unless they are small.
const CROWDED: usize = 150;
/// More columns than a screen shows.
const COLUMNS: usize = 1200;

/// One quantity over time: a curve, the measurements of it, or both.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) curve: Vec<(f64, f64)>,
    pub(crate) data: Vec<(f64, f64)>,
}

/// What a picture shows.
pub(crate) struct Picture {
    pub(crate) title: String,
    /// What the horizontal axis is.
    pub(crate) along: String,
    pub(crate) series: Vec<Series>,
}

impl Picture {
    /// The picture as an SVG file: white background, one panel for each order of magnitude among the series.
    pub(crate) fn svg(&self) -> String {
        let shown: Vec<Shown> = self
            .series
            .iter()
            .enumerate()
            .map(|(i, series)| Shown::new(i, series))
            .collect();
        let log_x = wants_log_time(&self.series);
        let panels = panels(&shown);
        let right = 40.0
            + 9.0
            + 7.4
                * panels
                    .iter()
                    .flat_map(|panel| panel.iter().map(|s| s.label_width()))
                    .max()
                    .unwrap_or(0) as f64;
        let height = if panels.len() == 1 { ALONE } else { STACKED };
        let last = panels.len().saturating_sub(1);
        let (mut plots, mut layouts) = (Vec::new(), Vec::new());
        for (i, panel) in panels.iter().enumerate() {
            let drawn: Vec<Plot> = panel
                .iter()
                .flat_map(|series| series.plots(log_x))
                .collect();
            let mut layout = Layout::auto_from_plots(&drawn)
                .with_force_margins(LEFT, right)
                .with_theme(theme())
                .with_tick_format(TickFormat::Custom(Arc::new(|x| significant(x, 6))))
                .with_legend_box(false);
            if log_x {
                layout = layout.with_log_x();
            }
            if wants_log(panel.iter().flat_map(|series| series.values())) {
                layout = layout.with_log_y();
            }
            if i == last {
                layout = layout.with_x_label(&self.along);
            }
            plots.push(drawn);
            layouts.push(layout);
        }
        let scene = Figure::new(plots.len().max(1), 1)
            .with_title(&self.title)
            .with_plots(plots)
            .with_layouts(layouts)
            .with_cell_size(WIDTH, height)
            .render();
        SvgBackend::new().render_scene(&scene)
    }
}

fn theme() -> Theme {
    Theme {
        grid_color: "#e4e4e4".into(),
        axis_color: "#444444".into(),
        tick_color: "#444444".into(),
        ..Theme::light()
    }
}

/// A series with its look, which it keeps whatever panel it lands in.
#[derive(Clone, Copy)]
struct Shown<'a> {
    index: usize,
    series: &'a Series,
    magnitude: f64,
}

impl<'a> Shown<'a> {
    fn new(index: usize, series: &'a Series) -> Self {
        let magnitude = finite(&series.curve)
            .chain(finite(&series.data))
            .map(|(_, y)| y.abs())
            .fold(0.0, f64::max);
        Self {
            index,
            series,
            magnitude,
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> + 'a {
        finite(&self.series.curve)
            .chain(finite(&self.series.data))
            .map(|(_, y)| y)
    }

    fn data_label(&self) -> String {
        format!("{}, data", self.series.name)
    }

    /// Characters of the longest legend entry.
    fn label_width(&self) -> usize {
        let data = if self.series.data.is_empty() {
            0
        } else {
            self.data_label().chars().count()
        };
        data.max(self.series.name.chars().count())
    }

    fn plots(&self, log_x: bool) -> Vec<Plot> {
        let colour = COLOURS[self.index % COLOURS.len()];
        let drawable = |points: &[(f64, f64)]| {
            finite(points)
                .filter(|(x, _)| !log_x || *x > 0.0)
                .collect::<Vec<_>>()
        };
        let mut plots = Vec::new();
        if !self.series.curve.is_empty() {
            let line = LinePlot::new().with_data(thinned(&drawable(&self.series.curve), COLUMNS));
            let style = [
                LineStyle::Solid,
                LineStyle::Dashed,
                LineStyle::DashDot,
                LineStyle::Dotted,
            ][self.index / COLOURS.len() % 4]
                .clone();
            plots.push(
                line.with_color(colour)
                    .with_stroke_width(2.0)
                    .with_line_style(style)
                    .with_legend(&self.series.name)
                    .into(),
            );
        }
        if !self.series.data.is_empty() {
            let marker = MARKERS[self.index % MARKERS.len()];
            let data = drawable(&self.series.data);
            let points = ScatterPlot::new()
                .with_data(evenly(&data, MOST_DOTS).copied().collect::<Vec<_>>())
                .with_marker(marker);
            plots.push(
                points
                    .with_color(colour)
                    .with_size(if self.series.data.len() > CROWDED {
                        1.5
                    } else {
                        4.0
                    })
                    .with_legend(self.data_label())
                    .into(),
            );
        }
        plots
    }
}

/// At most so many of the points, evenly.
pub(super) fn evenly<T>(points: &[T], most: usize) -> impl Iterator<Item = &T> {
    points.iter().step_by(points.len().div_ceil(most).max(1))
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    points
        .iter()
        .copied()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
}

/// Series of like magnitude side by side in one panel, panels in the order of their first series.
fn panels<'a>(shown: &[Shown<'a>]) -> Vec<Vec<Shown<'a>>> {
    let ratio = |a: f64, b: f64| {
        if a == b {
            1.0
        } else {
            (a.max(b) / a.min(b)).min(f64::MAX)
        }
    };
    let mut panels: Vec<Vec<Shown>> = Vec::new();
    for &series in shown {
        let distance = |panel: &Vec<Shown>| {
            panel
                .iter()
                .map(|other| ratio(series.magnitude, other.magnitude))
                .fold(0.0, f64::max)
        };
        let nearest = (0..panels.len())
            .min_by(|&a, &b| distance(&panels[a]).total_cmp(&distance(&panels[b])));
        match nearest {
            Some(i) if distance(&panels[i]) <= SAME_PANEL || panels.len() == MOST_PANELS => {
                panels[i].push(series)
            }
            _ => panels.push(vec![series]),
        }
    }
    panels
}

fn wants_log(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), y| {
        (low.min(y), high.max(y))
    });
    low > 0.0 && high > DECADES_FOR_LOG * low
}

/// Whether most of a curve's points crowd into the first thousandth of the time: then the start is what there is to see.
fn wants_log_time(series: &[Series]) -> bool {
    series
        .iter()
        .filter(|series| series.curve.len() > 10)
        .any(|series| {
            let times: Vec<f64> = finite(&series.curve).map(|(x, _)| x).collect();
            times.iter().all(|&x| x >= 0.0)
                && match (times.get(times.len() / 2), times.last()) {
                    (Some(&middle), Some(&last)) => middle > 0.0 && last > DECADES_FOR_LOG * middle,
                    _ => false,
                }
        })
}

/// A curve that looks the same on a screen with `columns` columns: of each column its first, lowest, highest and last point.
fn thinned(curve: &[(f64, f64)], columns: usize) -> Vec<(f64, f64)> {
    if curve.len() <= 4 * columns {
        return curve.to_vec();
    }
    let per_column = curve.len().div_ceil(columns);
    let mut kept = Vec::with_capacity(4 * columns);
    for column in curve.chunks(per_column) {
        let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
        let lowest = (0..column.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..column.len()).max_by(by_height).unwrap_or(0);
        let mut picks = [0, lowest, highest, column.len() - 1];
        picks.sort_unstable();
        kept.extend(
            picks
                .iter()
                .enumerate()
                .filter(|(i, pick)| *i == 0 || picks[i - 1] != **pick)
                .map(|(_, &pick)| column[pick]),
        );
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, f: impl Fn(f64) -> f64, times: &[f64]) -> Series {
        Series {
            name: name.into(),
            curve: times.iter().map(|&t| (t, f(t))).collect(),
            data: Vec::new(),
        }
    }

    fn even(from: f64, to: f64, n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| from + (to - from) * i as f64 / (n - 1) as f64)
            .collect()
    }

    #[test]
    fn series_of_like_magnitude_share_a_panel_and_others_do_not() {
        let times = even(0.0, 1.0, 20);
        let all = [
            series("a", |t| t, &times),
            series("b", |t| 1e-5 * t, &times),
            series("c", |t| 2.0 + t, &times),
        ];
        let shown: Vec<Shown> = all
            .iter()
            .enumerate()
            .map(|(i, s)| Shown::new(i, s))
            .collect();
        let names: Vec<Vec<&str>> = panels(&shown)
            .iter()
            .map(|panel| panel.iter().map(|s| s.series.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["a", "c"], vec!["b"]]);
    }

    #[test]
    fn logarithmic_axes_are_taken_where_values_span_decades() {
        assert!(wants_log([1e-6, 1.0].into_iter()));
        assert!(!wants_log([0.0, 1e6].into_iter()));
        assert!(!wants_log([1.0, 30.0].into_iter()));
        let crowded: Vec<f64> = (0..40)
            .map(|i| {
                if i == 0 {
                    0.0
                } else {
                    10f64.powf(i as f64 / 4.0 - 5.0)
                }
            })
            .collect();
        assert!(wants_log_time(&[series("y", |t| t, &crowded)]));
        assert!(!wants_log_time(&[series("y", |t| t, &even(0.0, 1e5, 40))]));
        assert!(!wants_log_time(&[series(
            "y",
            |t| t,
            &even(1900.0, 1920.0, 40)
        )]));
    }

    #[test]
    fn thinning_keeps_the_ends_and_the_spikes() {
        let mut curve: Vec<(f64, f64)> = even(0.0, 1.0, 100_000)
            .into_iter()
            .map(|t| (t, 0.0))
            .collect();
        curve[54_321].1 = 7.0;
        curve[54_322].1 = -7.0;
        let kept = thinned(&curve, 100);
        assert!(kept.len() <= 400);
        assert_eq!((kept.first(), kept.last()), (curve.first(), curve.last()));
        assert!(kept.contains(&curve[54_321]) && kept.contains(&curve[54_322]));
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn a_picture_is_svg_with_its_names_and_without_holes() {
        let mut hare = series(
            "hare",
            |t| 40.0 + 30.0 * (0.6 * t).cos(),
            &even(0.0, 20.0, 300),
        );
        hare.curve[7].1 = f64::NAN;
        hare.data = vec![(0.0, 70.0), (5.0, f64::NAN), (10.0, 60.0)];
        let picture = Picture {
            title: "Hares & lynxes".into(),
            along: "year".into(),
            series: vec![hare],
        };
        let svg = picture.svg();
        assert!(svg.starts_with("<svg") || svg.starts_with("<?xml"));
        for text in ["Hares &amp; lynxes", "hare, data", "year"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_picture_of_nothing_is_still_a_picture() {
        let empty = Series {
            name: "x".into(),
            curve: Vec::new(),
            data: Vec::new(),
        };
        for series in [Vec::new(), vec![empty]] {
            let svg = Picture {
                title: String::new(),
                along: "t".into(),
                series,
            }
            .svg();
            assert!(svg.contains("</svg>") && !svg.contains("NaN"));
        }
    }
}
