//! Elementary functions on a slice that fits the first cache, beside std's.

use super::measure::race;
use super::report::Report;
use costate_tape::{Function, Lane, Program, Scalar, Unary};
use std::hint::black_box;

const LENGTH: usize = 1024;

pub fn table(report: &mut Report) {
    writeln!(
        report,
        "## Elementary functions on slices of {LENGTH}, ns an element\n"
    );
    writeln!(report, "| function | tape | std | times as fast | aim |");
    writeln!(report, "|---|---|---|---|---|");
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    row(report, "f64", Unary::Tanh, f64::tanh, 3.0, Some(9.0));
    row(report, "f64", Unary::Exp, f64::exp, 3.0, Some(4.0));
    row(report, "f64", Unary::Sigmoid, sigmoid, 3.0, Some(3.5));
    row(report, "f64", Unary::Sin, f64::sin, 3.0, Some(9.0));
    row(report, "f64", Unary::Cos, f64::cos, 3.0, None);
    row(report, "f64", Unary::Ln, f64::ln, 0.0, None);
    row(
        report,
        "f64",
        Unary::Softplus,
        |x: f64| x.exp().ln_1p(),
        3.0,
        None,
    );
    row(
        report,
        "f64",
        Unary::Silu,
        |x: f64| x / (1.0 + (-x).exp()),
        3.0,
        None,
    );
    row(report, "f32", Unary::Tanh, f32::tanh, 3.0, Some(35.0));
    row(report, "f32", Unary::Exp, f32::exp, 3.0, None);
    row(report, "f32", Unary::Sin, f32::sin, 3.0, None);
    writeln!(report);
}

/// Arguments from −`range` to `range`, or from 0 to 10 where that is 0.
fn row<T: Lane>(
    report: &mut Report,
    kind: &str,
    op: Unary,
    of_std: fn(T) -> T,
    range: f64,
    aim: Option<f64>,
) {
    let argument = |u: f64| {
        if range > 0.0 {
            range * u
        } else {
            5.0 + 5.0 * u
        }
    };
    let x: Vec<T> = (0..LENGTH)
        .map(|i| T::from_f64(argument((1.0 + 7.3 * i as f64).sin())))
        .collect();
    let f = Function::<T>::record(&[("x", &[LENGTH])], |v| vec![v[0].unary(op)]);
    let program = Program::compile(&f.expect("one input")).expect("it can be compiled");
    let mut workspace = program.workspace(1);
    let (mut ours, mut theirs) = (x.clone(), x.clone());
    let seconds = race(&mut [
        &mut |calls| {
            for _ in 0..calls {
                program.eval(&mut workspace, 0, &[black_box(&x)], black_box(&mut ours));
            }
        },
        &mut |calls| {
            for _ in 0..calls {
                for (x, y) in black_box(&x).iter().zip(black_box(&mut theirs).iter_mut()) {
                    *y = of_std(*x);
                }
            }
        },
    ]);
    let each = |seconds: f64| seconds * 1e9 / LENGTH as f64;
    writeln!(
        report,
        "| {} {kind} | {:.2} | {:.2} | {:.1} | {} |",
        op.name(),
        each(seconds[0]),
        each(seconds[1]),
        seconds[1] / seconds[0],
        aim.map_or(String::new(), |aim| aim.to_string()),
    );
}
