//! A food chain of three species with its products: native code, machine code made at run time, the interpreter, and points in lanes.

mod native;

use super::measure::race;
use super::report::Report;
use costate_tape::{Function, Program, Var};
use std::hint::black_box;

/// Grass eaten by hares eaten by foxes (Hastings & Powell), and a·∂f/∂h, a·∂f/∂θ.
fn products() -> Function<f64> {
    let f = Function::<f64>::record(&[("h", &[3]), ("theta", &[6])], |v| {
        let [x, y, z] = [0, 1, 2].map(|i| v[0].index(i));
        let [a, b, c, d, m, n] = [0, 1, 2, 3, 4, 5].map(|i| v[1].index(i));
        let grazed = a * x * y / (b * x + 1.0);
        let hunted = c * y * z / (d * y + 1.0);
        vec![Var::stack(&[
            x * (-x + 1.0) - grazed,
            grazed - m * y - hunted,
            hunted - n * z,
        ])]
    });
    f.expect("the names differ").vjp(&[0, 1]).simplify()
}

/// Additions, subtractions, multiplications, divisions and changes of sign in `native.rs`: 18 of f, 34 of the products. All times are
/// divided by this number: what a program does beyond it is its own loss.
const OPERATIONS: usize = 52;

/// Points side by side.
const POINTS: usize = 1024;

pub fn table(report: &mut Report) {
    let f = products();
    writeln!(
        report,
        "## The food chain: 3 states, 6 parameters, f and both products, {OPERATIONS} operations\n"
    );
    writeln!(
        report,
        "| | ns a point | ns an operation | beside native | aim |"
    );
    writeln!(report, "|---|---|---|---|---|");
    let program = Program::compile(&f).expect("it can be compiled");
    let inputs: [&[f64]; 3] = [
        &[0.7, 0.2, 8.0],
        &[5.0, 3.0, 0.1, 2.0, 0.4, 0.01],
        &[1.0, -0.5, 0.25],
    ];
    let h: [f64; 3] = inputs[0].try_into().expect("three");
    let theta: [f64; 6] = inputs[1].try_into().expect("six");
    let a: [f64; 3] = inputs[2].try_into().expect("three");
    check(&h, &theta, &a);
    let many: Vec<Vec<f64>> = inputs
        .iter()
        .map(|input| {
            input
                .iter()
                .flat_map(|&x| (0..POINTS).map(move |p| x + 1e-6 * p as f64))
                .collect()
        })
        .collect();
    let many: Vec<&[f64]> = many.iter().map(Vec::as_slice).collect();
    let mut out = vec![0.0; program.output_len()];
    let mut all = vec![0.0; program.output_len() * POINTS];
    let mut lanes_workspace = program.workspace(1);
    let mut native = |calls: usize| {
        for _ in 0..calls {
            black_box(native::food_chain(
                black_box(&h),
                black_box(&theta),
                black_box(&a),
            ));
        }
    };
    let mut lanes = |calls: usize| {
        for _ in 0..calls {
            let result = program.run_lanes(
                &mut lanes_workspace,
                POINTS,
                black_box(&many),
                black_box(&mut all),
            );
            result.expect("it is scalar");
        }
    };
    let interpreter = program.clone().without_machine_code();
    let mut interpreter_workspace = interpreter.workspace(1);
    let mut plain = |calls: usize| {
        for _ in 0..calls {
            interpreter.eval(
                &mut interpreter_workspace,
                0,
                black_box(&inputs),
                black_box(&mut out),
            );
        }
    };
    let mut jit_out = vec![0.0; program.output_len()];
    let mut workspace = program.workspace(1);
    let mut jit = |calls: usize| {
        for _ in 0..calls {
            program.eval(
                &mut workspace,
                0,
                black_box(&inputs),
                black_box(&mut jit_out),
            );
        }
    };
    let seconds = race(&mut [&mut native, &mut plain, &mut lanes, &mut jit]);
    let rows = [
        ("native (rustc)", seconds[0], ""),
        ("interpreter", seconds[1], "1.2 ns an operation"),
        ("lanes", seconds[2] / POINTS as f64, "0.25 ns an operation"),
        ("machine code at run time", seconds[3], "1.3 × native"),
    ];
    for (name, time, aim) in rows {
        writeln!(
            report,
            "| {name} | {:.1} | {:.2} | {:.2} | {aim} |",
            time * 1e9,
            time * 1e9 / OPERATIONS as f64,
            time / seconds[0]
        );
    }
    writeln!(report);
}

/// Nothing is compared that does not compute the same.
fn check(h: &[f64; 3], theta: &[f64; 6], a: &[f64; 3]) {
    let (f, bar_h, bar_theta) = native::food_chain(h, theta, a);
    let out = products().eval(&[h, theta, a]).expect("three inputs");
    let out = out.concat();
    let native = f.iter().chain(&bar_h).chain(&bar_theta);
    assert!(native.clone().count() == out.len());
    for (x, y) in native.zip(&out) {
        assert!((x - y).abs() <= 1e-14 * y.abs().max(1.0), "{x} and {y}");
    }
}
