//! How does a program differentiate itself?

use crate::Output;
use crate::text::{Table, fixed};
use costate_tape::{Function, Op, Scalar};

// ANCHOR: tape
/// One line of a program: an operation on earlier lines.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    /// The input with this number.
    Input(usize),
    /// The product of two lines.
    Mul(usize, usize),
    /// The sum of two lines.
    Add(usize, usize),
    /// The sine of a line.
    Sin(usize),
}

/// The value of each line, in order.
#[must_use]
pub fn values(tape: &[Line], inputs: &[f64]) -> Vec<f64> {
    let mut x: Vec<f64> = Vec::new();
    for line in tape {
        x.push(match *line {
            Line::Input(i) => inputs[i],
            Line::Mul(i, j) => x[i] * x[j],
            Line::Add(i, j) => x[i] + x[j],
            Line::Sin(i) => x[i].sin(),
        });
    }
    x
}

/// The cotangent of each line: what a change of its value would do to the last one.
#[must_use]
pub fn cotangents(tape: &[Line], x: &[f64]) -> Vec<f64> {
    let mut bar = vec![0.0; tape.len()];
    bar[tape.len() - 1] = 1.0;
    for (n, line) in tape.iter().enumerate().rev() {
        match *line {
            Line::Input(_) => {}
            Line::Mul(i, j) => {
                bar[i] += bar[n] * x[j]; // book: (reverse-sweep)
                bar[j] += bar[n] * x[i];
            }
            Line::Add(i, j) => {
                bar[i] += bar[n];
                bar[j] += bar[n];
            }
            Line::Sin(i) => bar[i] += bar[n] * x[i].cos(),
        }
    }
    bar
}
// ANCHOR_END: tape

/// xy + sin x.
const CLASSIC: [Line; 5] = [
    Line::Input(0),
    Line::Input(1),
    Line::Mul(0, 1),
    Line::Sin(0),
    Line::Add(2, 3),
];

fn sweep_table() -> String {
    let x = values(&CLASSIC, &[2.0, 3.0]);
    let bar = cotangents(&CLASSIC, &x);
    let names = ["x", "y", "x₀·x₁", "sin x₀", "x₂ + x₃"];
    let receives = [
        "from 2: x̄₂·x₁ = 3 · from 3: x̄₃·cos x₀ = −0.41615",
        "from 2: x̄₂·x₀ = 2",
        "from 4: 1",
        "from 4: 1",
        "the seed, 1",
    ];
    let mut table = Table::new(&["line", "operation", "value ↓", "cotangent ↑", "receives"]);
    for n in 0..5 {
        table.row(&[
            n.to_string(),
            names[n].to_owned(),
            fixed(x[n], 5),
            fixed(bar[n], 5),
            receives[n].to_owned(),
        ]);
    }
    table.markdown()
}

/// The classic, recorded by the library, and its derivative, which is a function again.
#[must_use]
pub fn by_library() -> (Function<f64>, Function<f64>) {
    // ANCHOR: library
    let inputs: &[(&str, &[usize])] = &[("x", &[]), ("y", &[])];
    let f = Function::record(inputs, |v| vec![v[0] * v[1] + v[0].sin()]);
    let f = f.expect("two names for two inputs");
    let gradient = f.vjp(&[0, 1]); // a function of x, y and the seed
    // ANCHOR_END: library
    (f, gradient)
}

fn graph_table() -> String {
    let (_, gradient) = by_library();
    let mut table = Table::new(&["node", "operation", "of nodes"]);
    for (n, node) in gradient.graph().nodes().iter().enumerate() {
        let operands: Vec<String> = node
            .operands
            .iter()
            .map(|id| id.index().to_string())
            .collect();
        let name = match node.op {
            Op::Input(number) => format!("input `{}`", gradient.inputs()[number as usize].name),
            Op::Unary(op) => op.name().to_owned(),
            Op::Binary(op) => op.name().to_owned(),
            ref op => op.name().to_owned(),
        };
        table.row(&[n.to_string(), name, operands.join(", ")]);
    }
    let outputs: Vec<String> = gradient
        .outputs()
        .iter()
        .map(|port| format!("`{}` is node {}", port.name, port.node.index()))
        .collect();
    format!("{}\nOutputs: {}.\n", table.markdown(), outputs.join(", "))
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("tape/sweep.md", sweep_table()),
        Output::new("tape/graph.md", graph_table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exercise_the_classic_at_two_and_three() {
        let x = values(&CLASSIC, &[2.0, 3.0]);
        let bar = cotangents(&CLASSIC, &x);
        assert!((bar[0] - 2.58385).abs() < 5e-6);
        assert_eq!(bar[1], 2.0);
        let (_, gradient) = by_library();
        let out = gradient.eval(&[&[2.0], &[3.0], &[1.0]]).unwrap();
        assert_eq!(out[1][0], bar[0]);
        assert_eq!(out[2][0], bar[1]);
    }

    #[test]
    fn a_value_used_twice_receives_twice() {
        // x·x: 2x, where overwriting instead of adding would give x.
        let square = [Line::Input(0), Line::Mul(0, 0)];
        assert_eq!(cotangents(&square, &values(&square, &[3.0]))[0], 6.0);
    }
}
