//! What is a derivative, if not a number?

use crate::Output;
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed};
use costate_tape::{Function, Scalar, Var};

// ANCHOR: both
/// f(x, y) = (x y, x + y), recorded once.
#[must_use]
pub fn example() -> Function<f64> {
    let inputs: &[(&str, &[usize])] = &[("v", &[2])];
    let record = Function::record(inputs, |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        vec![Var::stack(&[x * y, x + y])]
    });
    record.expect("one input, one name")
}

/// J δ: a column pushed forward.
#[must_use]
pub fn push(f: &Function<f64>, at: &[f64], delta: &[f64]) -> Vec<f64> {
    let forward = f.jvp(&[0]).eval(&[at, delta]);
    forward.expect("the shapes fit").swap_remove(1)
}

/// a J: a row pulled back.
#[must_use]
pub fn pull(f: &Function<f64>, at: &[f64], a: &[f64]) -> Vec<f64> {
    let backward = f.vjp(&[0]).eval(&[at, a]);
    backward.expect("the shapes fit").swap_remove(1)
}
// ANCHOR_END: both

const WIDTHS: [usize; 5] = [3, 6, 5, 4, 2];

/// A layer of a small network with fixed weights.
fn layer(k: usize) -> Function<f64> {
    let (n, m) = (WIDTHS[k], WIDTHS[k + 1]);
    let weights: Vec<f64> = (0..n * m)
        .map(|i| 0.6 * ((i * 7 + k * 13 + 3) as f64 * 0.9).sin())
        .collect();
    let inputs: &[(&str, &[usize])] = &[("h", &[n])];
    Function::record(inputs, |v| {
        let rows: Vec<_> = (0..m)
            .map(|r| {
                let terms = (0..n).map(|c| v[0].index(c) * Var::from_f64(weights[r * n + c]));
                terms.reduce(|sum, term| sum + term).expect("a width")
            })
            .collect();
        vec![Var::stack(&rows).tanh()]
    })
    .expect("one input, one name")
}

/// At each cut of the network: the column δ, the row a.
fn cuts() -> Vec<(Vec<f64>, Vec<f64>)> {
    let layers: Vec<_> = (0..4).map(layer).collect();
    let mut points = vec![vec![0.3, -0.2, 0.5]];
    let mut columns = vec![vec![1.0, 0.4, -0.7]];
    for (k, f) in layers.iter().enumerate() {
        columns.push(push(f, &points[k], &columns[k]));
        let value = f.eval(&[&points[k]]).expect("the shapes fit");
        points.push(value[0].clone());
    }
    let mut rows = vec![vec![1.0, -2.0]];
    for (k, f) in layers.iter().enumerate().rev() {
        let row = pull(f, &points[k], &rows[0]);
        rows.insert(0, row);
    }
    columns.into_iter().zip(rows).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn cut_table() -> String {
    let mut table = Table::new(&["cut", "width", "$|\\delta|$", "$|a|$", "$a\\,\\delta$"]);
    for (k, (column, row)) in cuts().iter().enumerate() {
        table.row(&[
            k.to_string(),
            column.len().to_string(),
            fixed(dot(column, column).sqrt(), 4),
            fixed(dot(row, row).sqrt(), 4),
            fixed(dot(row, column), 10),
        ]);
    }
    table.markdown()
}

fn flow_figure() -> String {
    let cuts = cuts();
    let mut plot = Plot::new("a column goes right, a row goes left")
        .x("layer", -0.4, 4.4)
        .y("", -2.2, 7.5)
        .x_ticks(&[(0.5, "1"), (1.5, "2"), (2.5, "3"), (3.5, "4")])
        .y_ticks(&[])
        .height(320.0);
    for k in 0..4 {
        let x = k as f64;
        plot.arrow("tan", (x + 0.12, 5.9), (x + 0.86, 5.9));
        plot.arrow("co dash", (x + 0.86, 0.1), (x + 0.12, 0.1));
    }
    for (k, (column, row)) in cuts.iter().enumerate() {
        let x = k as f64;
        plot.line("ti thin", &[(x, -0.6), (x, 6.6)]);
        let spread = |i: usize, n: usize| 3.0 + (i as f64 - (n as f64 - 1.0) / 2.0) * 0.8;
        let at: Vec<_> = (0..column.len())
            .map(|i| (x, spread(i, column.len())))
            .collect();
        plot.dots("st", 4.0, &at);
        plot.text("", "middle", (x, -1.2), &fixed(dot(row, column), 4));
    }
    plot.text("tan", "middle", (2.0, 6.9), "J δ: push forward");
    plot.text("co", "middle", (2.0, -1.95), "a J: pull back");
    figure(
        "cuts",
        "A network of widths 3, 6, 5, 4, 2. The number at the foot of each cut is a·δ, the row that arrives from the right times the column that arrives from the left: the same at every cut.",
        &[plot],
    )
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("derivative/cuts.md", cut_table()),
        Output::new("derivative/cuts.svg", flow_figure()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exercise_a_row_times_a_jacobian() {
        let f = example();
        assert_eq!(pull(&f, &[2.0, 3.0], &[1.0, 10.0]), [13.0, 12.0]);
        assert_eq!(push(&f, &[2.0, 3.0], &[1.0, 0.0]), [3.0, 1.0]);
    }

    #[test]
    fn a_row_times_a_column_is_the_same_number_at_every_cut() {
        let cuts = cuts();
        let first = dot(&cuts[0].0, &cuts[0].1);
        for (column, row) in &cuts {
            assert!((dot(column, row) - first).abs() < 1e-14 * first.abs()); // book: (dot-product)
        }
    }
}
