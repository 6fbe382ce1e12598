//! Values and derivatives over the whole range, against a table from multiple precision (`tests/reference/make.py`).

use costate_tape::{Function, Program, Scalar, Unary};

const TABLE: &str = include_str!("../reference/unary.csv");

struct Row {
    op: Unary,
    single: bool,
    x: f64,
    value: f64,
    derivative: Option<f64>,
}

fn rows() -> Vec<Row> {
    let number = |text: &str| text.parse::<f64>().unwrap();
    TABLE
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let [op, kind, x, value, derivative] = fields[..] else {
                panic!("five fields in {line}")
            };
            Row {
                op: Unary::by_name(op).unwrap_or_else(|| panic!("{op} is an operation")),
                single: kind == "f32",
                x: number(x),
                value: number(value),
                derivative: (!derivative.is_empty()).then(|| number(derivative)),
            }
        })
        .collect()
}

/// Distance in units in the last place; 0 for the same bits or two NaNs, ∞ where sign of zero, infinity or NaN differ.
fn ulps(found: f64, exact: f64, single: bool) -> f64 {
    if found.to_bits() == exact.to_bits() || found.is_nan() && exact.is_nan() {
        return 0.0;
    }
    if found.is_nan() || exact.is_nan() || exact == 0.0 && found == 0.0 {
        return f64::INFINITY;
    }
    let unit = |x: f64| {
        if single {
            let x = (x.abs() as f32).min(f32::MAX);
            f64::from(f32::from_bits(x.to_bits() + 1)) - f64::from(x)
        } else {
            let x = x.abs().min(f64::MAX.next_down());
            x.next_up() - x
        }
    };
    // A result that overflows one unit early or late is one unit off.
    let clip = |x: f64| {
        if single {
            x.clamp(
                -f64::from(f32::MAX) * (1.0 + 1e-7),
                f64::from(f32::MAX) * (1.0 + 1e-7),
            )
        } else {
            x.clamp(-f64::MAX, f64::MAX)
        }
    };
    (clip(found) - clip(exact)).abs() / unit(exact)
}

fn found(row: &Row) -> f64 {
    if row.single {
        f64::from(row.op.value(row.x as f32))
    } else {
        row.op.value(row.x)
    }
}

/// Whether a compiled value has lost its digits with σ's: x·σ(x) where σ(x) is below the normal numbers.
fn is_vanishing(row: &Row) -> bool {
    let least = if row.single {
        f64::from(f32::MIN_POSITIVE)
    } else {
        f64::MIN_POSITIVE
    };
    row.op == Unary::Silu && row.x < 0.0 && (row.value / row.x).abs() < least
}

/// Units in the last place that a value may be off: compositions of library functions round more than once.
fn allowed(op: Unary) -> f64 {
    match op {
        Unary::Gelu | Unary::Silu => 4.0,
        _ => 2.0,
    }
}

#[test]
fn the_table_knows_every_operation() {
    let rows = rows();
    for &op in Unary::ALL {
        for single in [false, true] {
            let count = rows
                .iter()
                .filter(|row| row.op == op && row.single == single)
                .count();
            assert!(
                count > 50,
                "{}: {count} rows; add it to tests/reference/make.py",
                op.name()
            );
        }
    }
}

#[test]
fn values_are_right_to_the_last_places_over_the_whole_range_with_signed_zeros_infinities_and_nan() {
    let mut wrong = Vec::new();
    for row in rows() {
        let (found, name) = (found(&row), row.op.name());
        let off = ulps(found, row.value, row.single);
        if off > allowed(row.op) {
            wrong.push(format!(
                "{name}({:e}) f32={}: {found:e}, not {:e}: {off:.1} ulp",
                row.x, row.single, row.value
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn derivatives_are_right_wherever_they_are_finite() {
    let mut wrong = Vec::new();
    for row in rows() {
        let Some(exact) = row.derivative else {
            continue;
        };
        let (found, epsilon) = if row.single {
            let x = row.x as f32;
            (
                f64::from(row.op.derivative(x, row.op.value(x))),
                f64::from(f32::EPSILON),
            )
        } else {
            (row.op.derivative(row.x, row.op.value(row.x)), f64::EPSILON)
        };
        // Relative to the larger of the derivative and 1: 1 − tanh²x keeps no digits of its own where it vanishes.
        let off = (found - exact).abs() / exact.abs().max(1.0) / epsilon;
        let edge = found.is_infinite() && exact.abs() > 1e30;
        // Close to a pole the derivative magnifies the rounding of y.
        let steep = if exact.abs() > 1e3 { 8.0 } else { 1.0 };
        // x·(1 − σ(x)) magnifies that of σ.
        let steep = if row.op == Unary::Silu {
            row.x.abs().clamp(1.0, 40.0)
        } else {
            steep
        };
        if !edge && (off.is_nan() || off > 4.0 * steep) {
            wrong.push(format!(
                "{}'({:e}) f32={}: {found:e}, not {exact:e}: {off:.1} eps",
                row.op.name(),
                row.x,
                row.single
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn compiled_values_are_as_right_as_the_interpreters() {
    let rows = rows();
    let mut wrong = Vec::new();
    for &op in Unary::ALL {
        let points: Vec<&Row> = rows
            .iter()
            .filter(|row| row.op == op && !row.single)
            .collect();
        let x: Vec<f64> = points.iter().map(|row| row.x).collect();
        let shape = [x.len()];
        let f = Function::<f64>::record(&[("x", &shape)], |v| vec![v[0].unary(op)]).unwrap();
        let program = Program::compile(&f).unwrap();
        let mut y = vec![0.0; x.len()];
        program.eval(&mut program.workspace(1), 0, &[&x], &mut y);
        for (row, &found) in points.iter().zip(&y) {
            let off = ulps(found, row.value, false);
            if off > allowed(op).max(2.5) && !is_vanishing(row) {
                wrong.push(format!(
                    "{}({:e}): {found:e}, not {:e}: {off:.1} ulp",
                    op.name(),
                    row.x,
                    row.value
                ));
            }
        }
        let points: Vec<&Row> = rows
            .iter()
            .filter(|row| row.op == op && row.single)
            .collect();
        let x: Vec<f32> = points.iter().map(|row| row.x as f32).collect();
        let shape = [x.len()];
        let f = Function::<f32>::record(&[("x", &shape)], |v| vec![v[0].unary(op)]).unwrap();
        let program = Program::compile(&f).unwrap();
        let mut y = vec![0.0; x.len()];
        program.eval(&mut program.workspace(1), 0, &[&x], &mut y);
        for (row, &found) in points.iter().zip(&y) {
            let off = ulps(f64::from(found), row.value, true);
            if off > allowed(op).max(2.5) && !is_vanishing(row) {
                wrong.push(format!(
                    "{}({:e}) f32: {found:e}, not {:e}: {off:.1} ulp",
                    op.name(),
                    row.x,
                    row.value
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
