//! A small writer of SVG figures.
//!
//! Figures are put into the page itself, and colours are classes of the book's style sheet, so that they follow its light and dark themes:
//! `st` state, `tan` tangent, `co` costate, `pa` parameter, `ti` time and everything else. Never colour alone: costates are dashed.

use std::fmt::Write;

const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 44.0;

/// One axis.
#[derive(Clone, Debug)]
struct Axis {
    title: String,
    from: f64,
    to: f64,
    log: bool,
    ticks: Option<Vec<(f64, String)>>,
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        if self.log {
            (value.log10() - self.from.log10()) / (self.to.log10() - self.from.log10())
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        if let Some(ticks) = &self.ticks {
            return ticks.clone();
        }
        if self.log {
            let (low, high) = (
                self.from.log10().ceil() as i32,
                self.to.log10().floor() as i32,
            );
            let every = (1 + (high - low) / 6).max(1);
            return (low..=high)
                .filter(|k| k % every == 0)
                .map(|k| (10_f64.powi(k), power_of_ten(k)))
                .collect();
        }
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let rough = (high - low) / 5.0;
        let unit = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * unit);
        let step = *step
            .iter()
            .find(|s| **s >= rough * 0.99)
            .unwrap_or(&step[4]);
        let digits = (0..6)
            .find(|d| (step * 10_f64.powi(*d)).fract() < 1e-9)
            .unwrap_or(6) as usize;
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        (first..=last)
            .map(|k| {
                let value = k as f64 * step;
                (value, minus(format!("{value:.digits$}")))
            })
            .collect()
    }
}

fn minus(text: String) -> String {
    text.replace('-', "−")
}

fn power_of_ten(k: i32) -> String {
    match k {
        0..=3 => format!("{}", 10_i64.pow(k as u32)),
        -2..=-1 => format!("{}", 10_f64.powi(k)),
        _ => minus(format!("1e{k}")),
    }
}

/// One panel: axes and what is drawn between them.
#[derive(Clone, Debug)]
pub struct Plot {
    width: f64,
    height: f64,
    title: String,
    x: Axis,
    y: Axis,
    body: String,
}

impl Plot {
    /// A panel with this title, over [0, 1]².
    #[must_use]
    pub fn new(title: &str) -> Self {
        let axis = Axis {
            title: String::new(),
            from: 0.0,
            to: 1.0,
            log: false,
            ticks: None,
        };
        Self {
            width: 460.0,
            height: 320.0,
            title: title.to_owned(),
            x: axis.clone(),
            y: axis,
            body: String::new(),
        }
    }

    /// The horizontal axis.
    #[must_use]
    pub fn x(mut self, title: &str, from: f64, to: f64) -> Self {
        self.x = Axis {
            title: title.to_owned(),
            from,
            to,
            ..self.x
        };
        self
    }

    /// The vertical axis.
    #[must_use]
    pub fn y(mut self, title: &str, from: f64, to: f64) -> Self {
        self.y = Axis {
            title: title.to_owned(),
            from,
            to,
            ..self.y
        };
        self
    }

    /// A logarithmic horizontal axis.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.x.log = true;
        self
    }

    /// A logarithmic vertical axis.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.y.log = true;
        self
    }

    /// Other ticks for the horizontal axis.
    #[must_use]
    pub fn x_ticks(mut self, ticks: &[(f64, &str)]) -> Self {
        self.x.ticks = Some(ticks.iter().map(|(v, s)| (*v, (*s).to_owned())).collect());
        self
    }

    /// Other ticks for the vertical axis.
    #[must_use]
    pub fn y_ticks(mut self, ticks: &[(f64, &str)]) -> Self {
        self.y.ticks = Some(ticks.iter().map(|(v, s)| (*v, (*s).to_owned())).collect());
        self
    }

    /// Another height, in units of a width of 460.
    #[must_use]
    pub fn height(mut self, height: f64) -> Self {
        self.height = height;
        self
    }

    fn px(&self, x: f64) -> f64 {
        LEFT + self.x.place(x) * (self.width - LEFT - RIGHT)
    }

    fn py(&self, y: f64) -> f64 {
        let place = self.y.place(y).clamp(-20.0, 20.0);
        self.height - BOTTOM - place * (self.height - TOP - BOTTOM)
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let mut d = String::new();
        let mut pen = 'M';
        for &(x, y) in points {
            if !x.is_finite() || !y.is_finite() || (self.y.log && y <= 0.0) {
                pen = 'M';
                continue;
            }
            write!(d, "{pen}{:.1} {:.1}", self.px(x), self.py(y)).expect("a string takes all");
            pen = 'L';
        }
        d
    }

    /// A line through points; where a number is not finite it is broken.
    pub fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let d = self.path(points);
        writeln!(self.body, "<path class=\"line {class}\" d=\"{d}\"/>")
            .expect("a string takes all");
    }

    /// The curve of a function, at 200 points.
    pub fn curve(&mut self, class: &str, from: f64, to: f64, f: impl Fn(f64) -> f64) {
        let points: Vec<_> = (0..=200)
            .map(|i| from + (to - from) * f64::from(i) / 200.0)
            .map(|x| (x, f(x)))
            .collect();
        self.line(class, &points);
    }

    /// A filled polygon, closed by itself.
    pub fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        let d = self.path(points);
        writeln!(self.body, "<path class=\"area {class}\" d=\"{d}Z\"/>")
            .expect("a string takes all");
    }

    /// A dot at each point.
    pub fn dots(&mut self, class: &str, radius: f64, points: &[(f64, f64)]) {
        for &(x, y) in points.iter().filter(|p| p.1.is_finite()) {
            writeln!(
                self.body,
                "<circle class=\"dot {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\"/>",
                self.px(x),
                self.py(y)
            )
            .expect("a string takes all");
        }
    }

    /// A bar from 0 (or the axis' beginning) at each point.
    pub fn bars(&mut self, class: &str, width: f64, points: &[(f64, f64)]) {
        let zero = if self.y.log {
            self.y.from
        } else {
            self.y.from.max(0.0).min(self.y.to)
        };
        for &(x, y) in points {
            let (left, right) = (x - width / 2.0, x + width / 2.0);
            self.area(class, &[(left, zero), (left, y), (right, y), (right, zero)]);
        }
    }

    /// An arrow.
    pub fn arrow(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x0, y0, x1, y1) = (
            self.px(from.0),
            self.py(from.1),
            self.px(to.0),
            self.py(to.1),
        );
        let angle = (y1 - y0).atan2(x1 - x0);
        let tip = |turn: f64| {
            (
                x1 - 8.0 * (angle + turn).cos(),
                y1 - 8.0 * (angle + turn).sin(),
            )
        };
        let ((ax, ay), (bx, by)) = (tip(0.45), tip(-0.45));
        writeln!(self.body, "<path class=\"line {class}\" d=\"M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}M{ax:.1} {ay:.1}L{x1:.1} {y1:.1}L{bx:.1} {by:.1}\"/>")
            .expect("a string takes all");
    }

    /// A text; `anchor` is `start`, `middle` or `end`.
    pub fn text(&mut self, class: &str, anchor: &str, at: (f64, f64), text: &str) {
        let (x, y) = (self.px(at.0), self.py(at.1));
        writeln!(
            self.body,
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escape(text)
        )
        .expect("a string takes all");
    }

    /// The panel as SVG.
    #[must_use]
    pub fn svg(&self, id: &str) -> String {
        let (w, h) = (self.width, self.height);
        let (right, bottom) = (w - RIGHT, h - BOTTOM);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{}\">\n",
            escape(&self.title)
        );
        let mut push = |line: String| {
            svg.push_str(&line);
            svg.push('\n');
        };
        push(format!(
            "<clipPath id=\"{id}\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/></clipPath>",
            right - LEFT,
            bottom - TOP
        ));
        for (value, label) in self.x.ticks() {
            let x = self.px(value);
            push(format!(
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom}\"/><text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 17.0,
                escape(&label)
            ));
        }
        for (value, label) in self.y.ticks() {
            let y = self.py(value);
            push(format!(
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/><text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT - 6.0,
                y + 4.5,
                escape(&label)
            ));
        }
        push(format!("<g clip-path=\"url(#{id})\">"));
        push(self.body.trim_end().to_owned());
        push("</g>".to_owned());
        push(format!(
            "<text class=\"title\" x=\"{LEFT}\" y=\"16\">{}</text><text class=\"axis\" text-anchor=\"end\" x=\"{right}\" y=\"{:.1}\">{}</text><text class=\"axis\" text-anchor=\"middle\" transform=\"translate(13 {:.1}) rotate(-90)\">{}</text>",
            escape(&self.title),
            h - 8.0,
            escape(&self.x.title),
            (TOP + bottom) / 2.0,
            escape(&self.y.title)
        ));
        svg.push_str("</svg>");
        svg
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Panels beside each other (below each other on a phone) with a caption.
#[must_use]
pub fn figure(name: &str, caption: &str, panels: &[Plot]) -> String {
    let mut html = format!("<figure class=\"plots of{}\">\n", panels.len().min(2));
    for (i, panel) in panels.iter().enumerate() {
        html += &panel.svg(&format!("clip-{name}-{i}"));
        html.push('\n');
    }
    html + &format!("<figcaption>{}</figcaption>\n</figure>\n", escape(caption))
}
