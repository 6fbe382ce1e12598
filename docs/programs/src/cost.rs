//! What does a gradient cost, and where does the memory go?

use crate::Output;
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed};
use costate_tape::{Dual, Function, Op, Scalar, Var};

// ANCHOR: loss
/// A loss of n numbers: Σ sin(x_i x_{i+1}), around in a ring.
#[must_use]
pub fn loss<S: Scalar>(x: &[S]) -> S {
    let terms = (0..x.len()).map(|i| (x[i] * x[(i + 1) % x.len()]).sin());
    terms.reduce(|sum, term| sum + term).expect("n > 0")
}

/// Its gradient by forward mode: one pass for each input.
#[must_use]
pub fn by_forward(x: &[f64]) -> Vec<f64> {
    let pass = |direction: usize| {
        let mut dual: Vec<_> = x.iter().map(|x| Dual::<f64, 1>::constant(*x)).collect();
        dual[direction].tangent[0] = 1.0;
        loss(&dual).tangent[0]
    };
    (0..x.len()).map(pass).collect()
}

/// The same by reverse mode: one pass.
#[must_use]
pub fn by_reverse(x: &[f64]) -> Vec<f64> {
    let gradient = recorded(x.len()).vjp(&[0]);
    let out = gradient.eval(&[x, &[1.0]]); // book: (cheap-gradient)
    out.expect("the shapes fit").swap_remove(1)
}
// ANCHOR_END: loss

/// The loss as a graph.
fn recorded(n: usize) -> Function<f64> {
    let inputs: &[(&str, &[usize])] = &[("x", &[n])];
    let record = Function::record(inputs, |v| {
        let x: Vec<Var<'_, f64>> = (0..n).map(|i| v[0].index(i)).collect();
        vec![loss(&x)]
    });
    record.expect("one input, one name")
}

/// How many arithmetic operations a function has.
fn operations(f: &Function<f64>) -> usize {
    let nodes = f.graph().nodes().iter();
    nodes
        .filter(|node| matches!(node.op, Op::Unary(_) | Op::Binary(_)))
        .count()
}

/// Operations of the loss, of its reverse-mode gradient, and of n passes of forward mode.
fn counts(n: usize) -> [usize; 3] {
    let f = recorded(n);
    let one_pass = operations(&f.jvp(&[0]));
    [operations(&f), operations(&f.vjp(&[0])), n * one_pass]
}

fn table() -> String {
    let mut table = Table::new(&[
        "inputs $n$",
        "operations of $L$",
        "reverse, one pass",
        "÷ $L$",
        "forward, $n$ passes",
        "÷ $L$",
    ]);
    for n in [4, 16, 64, 256] {
        let [loss, reverse, forward] = counts(n);
        table.row(&[
            n.to_string(),
            loss.to_string(),
            reverse.to_string(),
            fixed(reverse as f64 / loss as f64, 2),
            forward.to_string(),
            fixed(forward as f64 / loss as f64, 1),
        ]);
    }
    table.markdown()
}

fn lines() -> String {
    let mut plot = Plot::new("operations for the whole gradient, in units of L")
        .x("inputs", 3.0, 300.0)
        .log_x()
        .y("÷ operations of L", 1.0, 1000.0)
        .log_y();
    let counts: Vec<_> = [4, 8, 16, 32, 64, 128, 256].map(|n| (n, counts(n))).into();
    let of = |k: usize| {
        counts
            .iter()
            .map(|(n, c)| (*n as f64, c[k] as f64 / c[0] as f64))
            .collect::<Vec<_>>()
    };
    plot.line("co", &of(1));
    plot.dots("co", 3.0, &of(1));
    plot.line("tan dash", &of(2));
    plot.dots("tan", 3.0, &of(2));
    plot.text("co", "end", (250.0, 4.6), "reverse: flat");
    plot.text("tan", "end", (60.0, 320.0), "forward: a line");
    figure(
        "cost",
        "The gradient of Σ sin(x_i x_{i+1}) by n numbers. One reverse pass costs a few times the loss, however many inputs there are; forward mode costs a pass for each.",
        &[plot],
    )
}

// ANCHOR: bracket
/// Multiplications in a · M₁ · M₂ ⋯ M_k with n × n matrices: bracketed from the row, or from the far end.
#[must_use]
pub fn products(n: u64, matrices: u64) -> [u64; 2] {
    let row_first = matrices * n * n;
    let matrix_first = (matrices - 1) * n * n * n + n * n;
    [row_first, matrix_first]
}
// ANCHOR_END: bracket

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("cost/table.md", table()),
        Output::new("cost/lines.svg", lines()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forward_and_reverse_give_one_gradient() {
        let x = [0.3, -1.2, 0.8, 2.0, -0.5];
        for (a, b) in by_forward(&x).iter().zip(by_reverse(&x)) {
            assert!((a - b).abs() < 1e-14);
        }
    }

    #[test]
    fn the_exercise_fifty_matrices() {
        let [row, matrix] = products(100, 50);
        assert_eq!(row, 500_000);
        assert_eq!(matrix, 49_010_000);
    }

    #[test]
    fn a_reverse_pass_costs_a_few_losses_whatever_the_number_of_inputs() {
        let ratio = |n| counts(n)[1] as f64 / counts(n)[0] as f64;
        assert!(ratio(8) < 4.0 && (ratio(256) / ratio(8) - 1.0).abs() < 0.2);
    }
}
