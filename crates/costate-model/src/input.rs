//! Known functions of time, interpolated between the rows of a table.

use std::path::{Path, PathBuf};

use crate::data::Sheet;
use crate::error::{Place, Result};
use crate::file::InputBlock;

/// How an input runs between its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Straight from row to row.
    Linear,
    /// The cubic spline with two continuous derivatives whose third derivative does not jump at the second and the last but one row ("not a knot").
    Cubic,
    /// The value of the row before, up to the next.
    Previous,
}

impl Kind {
    pub(crate) const NAMES: [(&str, Kind); 3] = [
        ("linear", Kind::Linear),
        ("cubic", Kind::Cubic),
        ("previous", Kind::Previous),
    ];
}

/// A piecewise polynomial of time.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) place: Place,
    times: Vec<f64>,
    /// c₀, c₁, c₂, c₃ of each piece, in powers of the time since it began.
    pieces: Vec<[f64; 4]>,
    kind: Kind,
}

impl Input {
    /// # Errors
    /// If the file cannot be read, has no such columns, or its times do not increase.
    pub(crate) fn read(block: &InputBlock, directory: &Path) -> Result<Self> {
        let file = directory.join(&block.file.value);
        let sheet = Sheet::read(&file).map_err(|error| error.named(&block.file.place))?;
        let name = block.name.value.clone();
        let column = block.column.as_ref().map_or(&name, |column| &column.value);
        let (time, value) = (sheet.column(&block.time.value)?, sheet.column(column)?);
        let mut rows: Vec<(f64, f64)> = Vec::new();
        for row in 0..sheet.rows.len() {
            let t = sheet.number(row, time)?;
            if t.is_nan() {
                return Err(sheet.error(row, time, "the time is missing".into()));
            }
            if let Some((before, _)) = rows.last()
                && t <= *before
            {
                let message = format!("times are not increasing: {t} follows {before}");
                return Err(sheet.error(row, time, message));
            }
            let x = sheet.number(row, value)?;
            // A missing value is one row less.
            if !x.is_nan() {
                rows.push((t, x));
            }
        }
        if rows.len() < 2 {
            let message = format!("the input '{name}' needs at least two rows with a value");
            return Err(sheet.error(0, value, message));
        }
        Ok(Self::new(
            name,
            file,
            block.place.clone(),
            block.kind,
            &rows,
        ))
    }

    fn new(name: String, file: PathBuf, place: Place, kind: Kind, rows: &[(f64, f64)]) -> Self {
        let pieces = match kind {
            Kind::Previous => rows.windows(2).map(|w| [w[0].1, 0.0, 0.0, 0.0]).collect(),
            Kind::Linear => rows
                .windows(2)
                .map(|w| [w[0].1, (w[1].1 - w[0].1) / (w[1].0 - w[0].0), 0.0, 0.0])
                .collect(),
            Kind::Cubic => spline(rows),
        };
        Input {
            name,
            file,
            place,
            times: rows.iter().map(|(t, _)| *t).collect(),
            pieces,
            kind,
        }
    }

    /// The first and the last time.
    pub(crate) fn range(&self) -> (f64, f64) {
        (self.times[0], self.times[self.times.len() - 1])
    }

    /// The numbers that it is made of.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = f64> {
        let pieces = self.pieces.iter().flatten();
        self.times.iter().chain(pieces).copied()
    }

    /// The times at which the value or its derivative jumps.
    pub(crate) fn knots(&self) -> Vec<f64> {
        let jumps = |i: &usize| {
            let (before, after) = (self.pieces[*i - 1], self.pieces[*i]);
            match self.kind {
                Kind::Cubic => false,
                Kind::Linear => before[1] != after[1],
                Kind::Previous => before[0] != after[0],
            }
        };
        let inside = 1..self.pieces.len();
        inside.filter(jumps).map(|i| self.times[i]).collect()
    }

    /// The number of the piece that holds the time; the later one at a row.
    pub(crate) fn piece(&self, t: f64) -> usize {
        let after = self.times.partition_point(|&time| time <= t);
        after.saturating_sub(1).min(self.pieces.len() - 1)
    }

    /// The number of the piece behind a row at `t`, on the way of the integration.
    pub(crate) fn next_piece(&self, t: f64, backward: bool) -> usize {
        let piece = self.piece(t);
        match backward && self.times[piece] == t {
            true => piece.saturating_sub(1),
            false => piece,
        }
    }

    /// Value and derivative at `t` of a piece, which may end or begin there; NaN outside the table.
    pub(crate) fn value_on(&self, piece: usize, t: f64) -> (f64, f64) {
        let [value, slope, _] = self.derivatives_on(piece, t);
        (value, slope)
    }

    /// The same with the second derivative.
    pub(crate) fn derivatives_on(&self, piece: usize, t: f64) -> [f64; 3] {
        let (first, last) = self.range();
        // A stage may lie beyond an end by rounding.
        let slack = 1e-9 * (last - first);
        if !(t >= first - slack && t <= last + slack) {
            return [f64::NAN; 3];
        }
        // A spline has no stops at its rows: there the time tells the piece.
        let piece = match self.kind {
            Kind::Cubic => self.piece(t),
            _ => piece.min(self.pieces.len() - 1),
        };
        let [c0, c1, c2, c3] = self.pieces[piece];
        let s = t - self.times[piece];
        [
            c0 + s * (c1 + s * (c2 + s * c3)),
            c1 + s * (2.0 * c2 + s * 3.0 * c3),
            2.0 * c2 + s * 6.0 * c3,
        ]
    }
}

/// The not-a-knot cubic spline; a parabola through three rows and a line through two.
fn spline(rows: &[(f64, f64)]) -> Vec<[f64; 4]> {
    let n = rows.len();
    let h: Vec<f64> = rows.windows(2).map(|w| w[1].0 - w[0].0).collect();
    let d: Vec<f64> = rows
        .windows(2)
        .zip(&h)
        .map(|(w, h)| (w[1].1 - w[0].1) / h)
        .collect();
    if n == 2 {
        return vec![[rows[0].1, d[0], 0.0, 0.0]];
    }
    if n == 3 {
        let second = (d[1] - d[0]) / (h[0] + h[1]);
        let first = d[0] - second * h[0];
        return vec![
            [rows[0].1, first, second, 0.0],
            [rows[1].1, first + 2.0 * second * h[0], second, 0.0],
        ];
    }
    // The slopes m at the rows: continuity of the second derivative inside, of the third at the second row and the last but one.
    let mut slopes = vec![0.0; n];
    let (mut lower, mut diagonal, mut upper) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let ends = h[0] + h[1];
    (diagonal[0], upper[0]) = (h[1], ends);
    slopes[0] = ((h[0] + 2.0 * ends) * h[1] * d[0] + h[0] * h[0] * d[1]) / ends;
    for i in 1..n - 1 {
        lower[i] = h[i];
        diagonal[i] = 2.0 * (h[i - 1] + h[i]);
        upper[i] = h[i - 1];
        slopes[i] = 3.0 * (h[i] * d[i - 1] + h[i - 1] * d[i]);
    }
    let ends = h[n - 2] + h[n - 3];
    (lower[n - 1], diagonal[n - 1]) = (ends, h[n - 3]);
    slopes[n - 1] =
        (h[n - 2] * h[n - 2] * d[n - 3] + (2.0 * ends + h[n - 2]) * h[n - 3] * d[n - 2]) / ends;
    for i in 1..n {
        let factor = lower[i] / diagonal[i - 1];
        diagonal[i] -= factor * upper[i - 1];
        slopes[i] -= factor * slopes[i - 1];
    }
    slopes[n - 1] /= diagonal[n - 1];
    for i in (0..n - 1).rev() {
        slopes[i] = (slopes[i] - upper[i] * slopes[i + 1]) / diagonal[i];
    }
    let piece = |i: usize| {
        let second = (3.0 * d[i] - 2.0 * slopes[i] - slopes[i + 1]) / h[i];
        let third = (slopes[i] + slopes[i + 1] - 2.0 * d[i]) / (h[i] * h[i]);
        [rows[i].1, slopes[i], second, third]
    };
    (0..n - 1).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Source;

    fn input(kind: Kind, rows: &[(f64, f64)]) -> Input {
        let source = Arc::new(Source {
            path: "m.toml".into(),
            text: String::new(),
        });
        let place = Place { source, span: 0..0 };
        Input::new("u".into(), "u.csv".into(), place, kind, rows)
    }

    #[test]
    fn a_spline_through_a_cubic_is_that_cubic() {
        let cubic = |t: f64| 1.0 - 2.0 * t + 0.5 * t * t - 0.3 * t * t * t;
        let slope = |t: f64| -2.0 + t - 0.9 * t * t;
        for times in [&[0.0, 0.7, 1.0, 2.5][..], &[-1.0, 0.0, 0.3, 1.1, 2.0, 4.0]] {
            let rows: Vec<_> = times.iter().map(|&t| (t, cubic(t))).collect();
            let spline = input(Kind::Cubic, &rows);
            for i in 0..=20 {
                let t = times[0] + (times[times.len() - 1] - times[0]) * f64::from(i) / 20.0;
                let (value, derivative) = spline.value_on(0, t);
                assert!((value - cubic(t)).abs() < 1e-12, "{t}");
                assert!((derivative - slope(t)).abs() < 1e-11, "{t}");
            }
            assert_eq!(spline.knots(), [0.0; 0]);
        }
        let parabola = input(Kind::Cubic, &[(0.0, 0.0), (1.0, 1.0), (3.0, 9.0)]);
        assert!((parabola.value_on(0, 2.0).0 - 4.0).abs() < 1e-14);
    }

    #[test]
    fn knots_are_where_the_value_or_its_derivative_jumps() {
        let rows = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 3.0), (4.0, 3.0)];
        assert_eq!(input(Kind::Linear, &rows).knots(), [2.0]);
        assert_eq!(input(Kind::Previous, &rows).knots(), [1.0, 2.0]);
        let steps = input(Kind::Previous, &rows);
        assert_eq!(
            (steps.value_on(0, 1.0).0, steps.value_on(1, 1.0).0),
            (1.0, 2.0)
        );
        assert_eq!(
            (steps.next_piece(1.0, false), steps.next_piece(1.0, true)),
            (1, 0)
        );
        assert!(steps.value_on(3, 4.5).0.is_nan() && steps.value_on(0, -0.5).0.is_nan());
    }
}
