//! The phase plane of a model of two states.

use super::Experiment;
use crate::error::Result;
use crate::field::{self, Layout, Map};

/// Arrows along each axis.
const ARROWS: usize = 19;
/// Cells of the grid in which nullclines are looked for.
const CELLS: usize = 64;

/// Trajectories, the field and the nullclines in the plane of two states.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let phase = fit.review(&found)?.phase.expect("there are two states");
/// // Hares and lynxes rest at (γ/δ, α/β).
/// let value = |k: usize| found.parameters[k].value;
/// let rest = [value(2) / value(3), value(0) / value(1)];
/// assert_eq!((phase.names, phase.moves), (["hare".to_owned(), "lynx".to_owned()], false));
/// assert!(phase.equilibria.iter().any(|at| (at[0] / rest[0] - 1.0).abs() < 0.05 && (at[1] / rest[1] - 1.0).abs() < 0.05));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Phase {
    /// The names of the states.
    pub names: [String; 2],
    /// The time at which the field is shown.
    pub t: f64,
    /// Whether it changes with time.
    pub moves: bool,
    /// Each experiment's solution.
    pub trajectories: Vec<(Option<String>, Vec<[f64; 2]>)>,
    /// Places, with the field there.
    pub field: Vec<([f64; 2], [f64; 2])>,
    /// For each state, pieces of the lines on which it does not change.
    pub nullclines: [Vec<[[f64; 2]; 2]>; 2],
    /// Where the nullclines of both cross: the field is zero there.
    pub equilibria: Vec<[f64; 2]>,
    /// The shown range of each state.
    pub range: [[f64; 2]; 2],
}

pub(super) fn phase(experiments: &[Experiment]) -> Result<Option<Phase>> {
    let Some(Experiment { model, .. }) = experiments.first() else {
        return Ok(None);
    };
    let [first, second] = model.states.as_slice() else {
        return Ok(None);
    };
    let trajectory = |experiment: &Experiment| {
        let solution = &experiment.solution;
        let points = (0..solution.len()).map(|i| [solution.row(i)[0], solution.row(i)[1]]);
        (experiment.name.clone(), points.collect())
    };
    let trajectories: Vec<(Option<String>, Vec<[f64; 2]>)> =
        experiments.iter().map(trajectory).collect();
    let range = [0, 1].map(|axis| {
        let values = trajectories
            .iter()
            .flat_map(|(_, points)| points.iter().map(|p| p[axis]));
        wide(values)
    });
    let mut map = Map::new(model, &field::right_side(model, Layout::Single)?)?;
    map.set_parameters(&model.phi());
    let (start, end) = model.span();
    let mut rate = |t: f64, place: [f64; 2]| {
        let mut out = [0.0; 2];
        map.eval(0, &place, t, &mut out);
        out
    };
    let at = |part: f64, axis: usize| range[axis][0] + part * (range[axis][1] - range[axis][0]);
    let mut arrows = Vec::new();
    let mut moves = false;
    for i in 0..ARROWS * ARROWS {
        let part = |i: usize| (i as f64 + 0.5) / ARROWS as f64;
        let place = [at(part(i % ARROWS), 0), at(part(i / ARROWS), 1)];
        let now = rate(start, place);
        moves |= now != rate(0.5 * (start + end), place);
        arrows.push((place, now));
    }
    let corner = |i: usize, j: usize| {
        [
            at(i as f64 / CELLS as f64, 0),
            at(j as f64 / CELLS as f64, 1),
        ]
    };
    let rates: Vec<[f64; 2]> = (0..(CELLS + 1) * (CELLS + 1))
        .map(|k| rate(start, corner(k % (CELLS + 1), k / (CELLS + 1))))
        .collect();
    let nullclines = [0, 1].map(|state| {
        let value = |i: usize, j: usize| rates[j * (CELLS + 1) + i][state];
        let mut pieces = Vec::new();
        for k in 0..CELLS * CELLS {
            let (i, j) = (k % CELLS, k / CELLS);
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
            pieces.extend(crossings(
                &corners.map(|(i, j)| (corner(i, j), value(i, j))),
            ));
        }
        pieces
    });
    let equilibria = equilibria(&nullclines, &range);
    Ok(Some(Phase {
        equilibria,
        names: [first.name.clone(), second.name.clone()],
        t: start,
        moves,
        trajectories,
        field: arrows,
        nullclines,
        range,
    }))
}

/// A range with room around the values; not below zero where no value is.
fn wide(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (low, high) = values
        .filter(|x| x.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
    if low > high {
        return [0.0, 1.0];
    }
    let room = 0.12 * (high - low).max(1e-9 * high.abs()).max(f64::MIN_POSITIVE);
    let least = if low >= 0.0 {
        (low - room).max(0.0)
    } else {
        low - room
    };
    [least, high + room]
}

/// The pieces of the zero line in one cell, from the values at its corners in their order around it.
fn crossings(corners: &[([f64; 2], f64); 4]) -> Vec<[[f64; 2]; 2]> {
    let mut points = Vec::new();
    for i in 0..4 {
        let ((p, a), (q, b)) = (corners[i], corners[(i + 1) % 4]);
        if (a > 0.0) != (b > 0.0) && a.is_finite() && b.is_finite() {
            let part = a / (a - b);
            points.push([p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1])]);
        }
    }
    points
        .chunks_exact(2)
        .map(|pair| [pair[0], pair[1]])
        .collect()
}

/// Where pieces of both lines cross; those that are one to the eye, once.
fn equilibria(lines: &[Vec<[[f64; 2]; 2]>; 2], range: &[[f64; 2]; 2]) -> Vec<[f64; 2]> {
    let mut found: Vec<[f64; 2]> = Vec::new();
    let near = |a: &[f64; 2], b: &[f64; 2]| {
        (0..2).all(|axis| (a[axis] - b[axis]).abs() < 0.02 * (range[axis][1] - range[axis][0]))
    };
    for first in &lines[0] {
        for second in &lines[1] {
            if let Some(place) = meet(first, second)
                && !found.iter().any(|other| near(other, &place))
            {
                found.push(place);
            }
        }
    }
    found
}

/// Where two pieces cross.
fn meet([p, q]: &[[f64; 2]; 2], [r, s]: &[[f64; 2]; 2]) -> Option<[f64; 2]> {
    let along = [q[0] - p[0], q[1] - p[1]];
    let other = [s[0] - r[0], s[1] - r[1]];
    let cross = |a: [f64; 2], b: [f64; 2]| a[0] * b[1] - a[1] * b[0];
    let area = cross(along, other);
    let between = [r[0] - p[0], r[1] - p[1]];
    let (u, v) = (cross(between, other) / area, cross(between, along) / area);
    let inside = |x: f64| (0.0..=1.0).contains(&x);
    (inside(u) && inside(v)).then(|| [p[0] + u * along[0], p[1] + u * along[1]])
}

#[cfg(test)]
mod tests {
    use super::{crossings, meet};

    #[test]
    fn two_pieces_meet_where_their_lines_cross_and_only_between_their_ends() {
        let first = [[0.0, 0.0], [2.0, 1.0]];
        assert_eq!(meet(&first, &[[1.0, 0.0], [1.0, 1.0]]), Some([1.0, 0.5]));
        assert_eq!(meet(&first, &[[1.0, 0.6], [1.0, 1.0]]), None);
        assert_eq!(meet(&first, &[[0.0, 1.0], [2.0, 2.0]]), None);
    }

    #[test]
    fn the_zero_line_of_a_plane_is_found_where_it_is() {
        // x + 2y − 1 in the unit square: from (1, 0) to (0, ½).
        let value = |[x, y]: [f64; 2]| x + 2.0 * y - 1.0;
        let corners = [[0.0, 0.0], [1.1, 0.0], [1.1, 1.0], [0.0, 1.0]].map(|p| (p, value(p)));
        let pieces = crossings(&corners);
        assert_eq!(pieces.len(), 1);
        for end in pieces[0] {
            assert!(value(end).abs() < 1e-12, "{end:?}");
        }
        assert!((pieces[0][0][0] - 1.0).abs() < 1e-12 && (pieces[0][1][1] - 0.5).abs() < 1e-12);
        let same = corners.map(|(p, x)| (p, x.abs() + 1.0));
        assert!(crossings(&same).is_empty());
    }
}
