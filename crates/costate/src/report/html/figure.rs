//! Plots as SVG that a page's style and script know: marks in an area, ticks, labels.

use std::fmt::Write as _;

use super::escaped;
use crate::report::number::tick;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 66.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 44.0;

/// What an axis shows.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    label: String,
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Axis {
    /// An axis around values, with a little room; logarithmic where that is asked for and all are positive.
    pub(super) fn around(
        label: &str,
        values: impl Iterator<Item = f64>,
        logarithmic: bool,
    ) -> Self {
        let (mut low, mut high) = ends(values);
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let logarithmic = logarithmic && low > 0.0;
        if logarithmic {
            let room = (high / low).powf(0.04).max(1.02);
            (low, high) = (low / room, high * room);
        } else {
            let least = 1e-9 * high.abs().max(low.abs()).max(1e-300);
            let room = 0.05 * (high - low).max(least);
            (low, high) = (low - room, high + room);
        }
        Axis {
            label: label.to_owned(),
            low,
            high,
            logarithmic,
        }
    }

    /// An axis from one value to another.
    pub(super) fn exact(label: &str, low: f64, high: f64) -> Self {
        Axis {
            label: label.to_owned(),
            low,
            high,
            logarithmic: false,
        }
    }

    fn part(&self, x: f64) -> f64 {
        if self.logarithmic {
            (x / self.low).ln() / (self.high / self.low).ln()
        } else {
            (x - self.low) / (self.high - self.low)
        }
    }

    /// Round values on the axis.
    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic && self.high / self.low > 9.0 {
            let (from, to) = (self.low.log10().ceil(), self.high.log10().floor());
            let step = ((self.high / self.low).log10() / 6.0).ceil().max(1.0);
            let count = ((to - from) / step).floor().max(0.0) as usize;
            return (0..=count)
                .map(|i| 10_f64.powf(from + step * i as f64))
                .collect();
        }
        let raw = (self.high - self.low) / 5.0;
        let power = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|k| k * power)
            .find(|step| *step >= raw);
        let step = step.unwrap_or(raw);
        let from = (self.low / step - 1e-9).ceil();
        let count = (self.high / step + 1e-9).floor() - from;
        (0..=count.clamp(0.0, 20.0) as usize)
            .map(|i| (from + i as f64) * step)
            .collect()
    }

    /// The ticks, each with a label of as many digits as tell it from its neighbours.
    fn labelled(&self) -> impl Iterator<Item = (f64, String)> {
        let ticks = self.ticks();
        let step = ticks.windows(2).map(|pair| pair[1] - pair[0]);
        let step = step.fold(f64::INFINITY, f64::min);
        ticks.into_iter().map(move |x| (x, tick(x, step)))
    }

    fn attribute(&self) -> String {
        format!(
            "{:e} {:e} {}",
            self.low,
            self.high,
            u8::from(self.logarithmic)
        )
    }
}

/// The least and the greatest of the finite values; the wrong way round without any.
pub(super) fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|x| x.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    })
}

/// A plot under way.
pub(super) struct Figure {
    x: Axis,
    y: Axis,
    marks: String,
    describes: String,
}

impl Figure {
    /// An empty plot; `describes` is read aloud in its place.
    pub(super) fn new(x: Axis, y: Axis, describes: impl Into<String>) -> Self {
        Figure {
            x,
            y,
            marks: String::new(),
            describes: describes.into(),
        }
    }

    /// The place of a point in the plot area.
    fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let place = (self.x.part(x) * width, (1.0 - self.y.part(y)) * height);
        // What is far outside is outside all the same; no browser wants numbers without end.
        let clamp = |x: f64| x.clamp(-1e5, 1e5);
        (place.0.is_finite() && place.1.is_finite()).then(|| (clamp(place.0), clamp(place.1)))
    }

    fn path(&mut self, class: &str, name: Option<&str>, d: &str) {
        if d.is_empty() {
            return;
        }
        let name = name.map_or(String::new(), |name| {
            format!(" data-name=\"{}\"", escaped(name))
        });
        let _ = write!(self.marks, "<path class=\"{class}\"{name} d=\"{d}\"/>");
    }

    /// A curve through points; it is interrupted where there is none.
    pub(super) fn curve(
        &mut self,
        class: &str,
        name: &str,
        points: impl Iterator<Item = (f64, f64)>,
    ) {
        let (mut d, mut pen_down) = (String::new(), false);
        for point in points {
            match self.at(point) {
                Some((x, y)) => {
                    let _ = write!(d, "{}{x:.1} {y:.1}", if pen_down { 'L' } else { 'M' });
                    pen_down = true;
                }
                None => pen_down = false,
            }
        }
        self.path(&format!("curve {class}"), Some(name), &d);
    }

    /// Points as dots; as rings where they are not fitted.
    pub(super) fn dots(
        &mut self,
        class: &str,
        name: &str,
        hollow: bool,
        points: impl Iterator<Item = (f64, f64)>,
    ) {
        let mut d = String::new();
        for (x, y) in points.filter_map(|point| self.at(point)) {
            let _ = write!(d, "M{x:.1} {y:.1}h0");
        }
        self.path(&format!("dots {class}"), Some(name), &d);
        if hollow {
            self.path("hole", None, &d);
        }
    }

    /// Vertical bars from one value to another.
    pub(super) fn bars(&mut self, class: &str, bars: impl Iterator<Item = (f64, f64, f64)>) {
        let pieces = bars.map(|(x, low, high)| ((x, low), (x, high)));
        self.pieces(&format!("bars {class}"), pieces);
    }

    /// Straight pieces.
    pub(super) fn pieces(
        &mut self,
        class: &str,
        pieces: impl Iterator<Item = ((f64, f64), (f64, f64))>,
    ) {
        let mut d = String::new();
        for (from, to) in pieces {
            if let (Some((a, b)), Some((x, y))) = (self.at(from), self.at(to)) {
                let _ = write!(d, "M{a:.1} {b:.1}L{x:.1} {y:.1}");
            }
        }
        self.path(class, None, &d);
    }

    /// The direction of a field at places, as arrows of one length.
    pub(super) fn arrows(&mut self, field: impl Iterator<Item = ([f64; 2], [f64; 2])>) {
        const LENGTH: f64 = 13.0;
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let (across, up) = (
            width / (self.x.high - self.x.low),
            height / (self.y.high - self.y.low),
        );
        let mut d = String::new();
        for (place, rate) in field {
            let (dx, dy) = (rate[0] * across, -rate[1] * up);
            let size = dx.hypot(dy);
            let Some((x, y)) = self
                .at((place[0], place[1]))
                .filter(|_| size > 0.0 && size.is_finite())
            else {
                continue;
            };
            let (u, v) = (dx / size, dy / size);
            let (tip_x, tip_y) = (x + 0.5 * LENGTH * u, y + 0.5 * LENGTH * v);
            let _ = write!(
                d,
                "M{:.1} {:.1}L{tip_x:.1} {tip_y:.1}M{:.1} {:.1}L{tip_x:.1} {tip_y:.1}L{:.1} {:.1}",
                x - 0.5 * LENGTH * u,
                y - 0.5 * LENGTH * v,
                tip_x - 4.0 * u - 2.5 * v,
                tip_y - 4.0 * v + 2.5 * u,
                tip_x - 4.0 * u + 2.5 * v,
                tip_y - 4.0 * v - 2.5 * u,
            );
        }
        self.path("arrows", None, &d);
    }

    /// A vertical range, shaded.
    pub(super) fn band(&mut self, from: f64, to: f64) {
        let height = HEIGHT - TOP - BOTTOM;
        if let (Some((a, _)), Some((b, _))) =
            (self.at((from, self.y.low)), self.at((to, self.y.low)))
        {
            let _ = write!(
                self.marks,
                "<rect class=\"band\" x=\"{a:.1}\" y=\"0\" width=\"{:.1}\" height=\"{height}\"/>",
                (b - a).max(0.0)
            );
        }
    }

    /// Upright columns from zero.
    pub(super) fn columns(&mut self, class: &str, columns: impl Iterator<Item = (f64, f64, f64)>) {
        for (from, to, y) in columns {
            if let (Some((a, top)), Some((b, zero))) = (self.at((from, y)), self.at((to, 0.0))) {
                let _ = write!(
                    self.marks,
                    "<rect class=\"column {class}\" x=\"{a:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                    (b - a).max(0.0),
                    (zero - top).max(0.0)
                );
            }
        }
    }

    /// A line across at a height.
    pub(super) fn rule(&mut self, y: f64) {
        let ends = ((self.x.low, y), (self.x.high, y));
        self.pieces("rule", [ends].into_iter());
    }

    /// The plot as an element of a page.
    pub(super) fn svg(&self) -> String {
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let mut ticks = String::new();
        for (x, label) in self.x.labelled() {
            let at = LEFT + self.x.part(x) * width;
            let _ = write!(
                ticks,
                "<path class=\"grid\" d=\"M{at:.1} {TOP}v{height}\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                TOP + height + 18.0,
                label
            );
        }
        for (y, label) in self.y.labelled() {
            let at = TOP + (1.0 - self.y.part(y)) * height;
            let _ = write!(
                ticks,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}h{width}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 5.0,
                label
            );
        }
        format!(
            "<svg class=\"plot\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" data-x=\"{}\" data-y=\"{}\">\
             <g class=\"ticks\">{ticks}</g><svg class=\"area\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\"><g class=\"marks\">{}</g></svg>\
             <path class=\"axis\" d=\"M{LEFT} {TOP}v{height}h{width}\"/>\
             <text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
             <text class=\"label\" transform=\"translate(15 {}) rotate(-90)\" text-anchor=\"middle\">{}</text></svg>",
            escaped(&self.describes),
            self.x.attribute(),
            self.y.attribute(),
            self.marks,
            LEFT + 0.5 * width,
            HEIGHT - 6.0,
            escaped(&self.x.label),
            TOP + 0.5 * height,
            escaped(&self.y.label),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let ticks = |low, high| Axis::exact("", low, high).ticks();
        assert_eq!(ticks(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(
            ticks(1899.0, 1921.0),
            [1900.0, 1905.0, 1910.0, 1915.0, 1920.0]
        );
        let log = Axis::around("", [1e-3, 1e4].into_iter(), true);
        assert!(
            log.ticks().len() >= 3 && log.ticks().iter().all(|x| log.low <= *x && *x <= log.high)
        );
        // No room at all, and no values at all, still are an axis.
        assert!(
            !Axis::around("", [3.0].into_iter(), false)
                .ticks()
                .is_empty()
        );
        assert!(
            !Axis::around("", std::iter::empty(), true)
                .ticks()
                .is_empty()
        );
    }

    #[test]
    fn no_two_ticks_are_labelled_alike() {
        for (low, high) in [
            (2_459_000.1, 2_459_000.9),
            (1e-9, 1.0000001e-9),
            (0.0, 1.0),
            (-1.0, 1e7),
        ] {
            let mut labels: Vec<String> = Axis::exact("", low, high)
                .labelled()
                .map(|(_, label)| label)
                .collect();
            let all = labels.len();
            labels.dedup();
            assert!(
                all > 2 && labels.len() == all,
                "{low} to {high}: {labels:?}"
            );
        }
    }

    #[test]
    fn points_without_a_place_interrupt_a_curve() {
        let mut figure = Figure::new(
            Axis::exact("x", 0.0, 1.0),
            Axis::exact("y", 0.0, 1.0),
            "a <plot>",
        );
        figure.curve(
            "s0",
            "c",
            [(0.0, 0.0), (0.5, f64::NAN), (1.0, 1.0)].into_iter(),
        );
        assert!(
            figure.marks.contains("d=\"M0.0 244.0M400.0 0.0\""),
            "{}",
            figure.marks
        );
        assert!(figure.svg().contains("a &lt;plot&gt;"));
    }
}
