//! Values and derivatives over the whole range, against a table from multiple precision (`tests/reference/make.py`).

use costate_tape::{Binary, Function, Isa, Lane, Program, Scalar, Unary};

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
pub(crate) fn ulps(found: f64, exact: f64, single: bool) -> f64 {
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

/// Units in the last place between a value and the table's; of 1 where ln Γ and ψ are smaller left of 0: terms cancel there.
fn distance(row: &Row, found: f64) -> f64 {
    let cancels = matches!(row.op, Unary::Lgamma | Unary::Digamma) && row.x < 0.0;
    if cancels && row.value.abs() < 1.0 {
        let unit = if row.single {
            f64::from(f32::EPSILON)
        } else {
            f64::EPSILON
        };
        return (found - row.value).abs() / unit;
    }
    ulps(found, row.value, row.single)
}

/// Units in the last place that a value may be off: compositions of library functions round more than once.
fn allowed(op: Unary) -> f64 {
    match op {
        Unary::Digamma => 4.0,
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
        let off = distance(&row, found);
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

/// The values of compiled programs at arguments of the table that are wrong on an instruction set.
fn wrongly_compiled<T: Lane + Into<f64>>(
    op: Unary,
    isa: Isa,
    points: &[&Row],
    number: impl Fn(f64) -> T,
) -> Vec<String> {
    let x: Vec<T> = points.iter().map(|row| number(row.x)).collect();
    let shape = [x.len()];
    let f = Function::<T>::record(&[("x", &shape)], |v| vec![v[0].unary(op)]).unwrap();
    let program = Program::compile_for(&f, isa).unwrap();
    let mut y = x.clone();
    program.eval(&mut program.workspace(1), 0, &[&x], &mut y);
    let compared = points.iter().zip(&y).filter_map(|(row, &found)| {
        let (found, name) = (found.into(), op.name());
        let off = distance(row, found);
        (off > allowed(op).max(2.5)).then(|| {
            format!(
                "{isa:?} {name}({:e}) f32={}: {found:e}, not {:e}: {off:.1} ulp",
                row.x, row.single, row.value
            )
        })
    });
    compared.collect()
}

#[test]
fn compiled_values_are_as_right_as_the_interpreters_on_every_instruction_set() {
    let rows = rows();
    let mut wrong = Vec::new();
    for &op in Unary::ALL {
        let of_kind = |single: bool| {
            let points = rows
                .iter()
                .filter(|row| row.op == op && row.single == single);
            points.collect::<Vec<&Row>>()
        };
        for isa in Isa::available() {
            wrong.extend(wrongly_compiled(op, isa, &of_kind(false), |x| x));
            wrong.extend(wrongly_compiled(op, isa, &of_kind(true), |x| x as f32));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn gamma_functions_keep_their_digits_beside_their_zeros() {
    for (op, zeros) in [
        (Unary::Lgamma, [1.0, 2.0]),
        (Unary::Digamma, [1.4616321449683622; 2]),
    ] {
        let near = |x: f64| zeros.iter().any(|zero| (x - zero).abs() < 0.06);
        let beside: Vec<Row> = rows()
            .into_iter()
            .filter(|row| row.op == op && near(row.x) && row.value != 0.0)
            .collect();
        assert!(beside.len() > 8);
        assert!(beside.iter().any(|row| row.value.abs() < 1e-15));
        for row in beside {
            let off = ulps(found(&row), row.value, row.single);
            assert!(off <= 2.0, "{} at {:e}: {off} ulp", op.name(), row.x);
        }
    }
}

#[test]
fn polygamma_of_every_order_is_right_on_both_sides_of_zero() {
    let table = include_str!("../reference/polygamma.csv");
    let mut rows = 0;
    for line in table.lines().skip(1) {
        let row: Vec<f64> = line.split(',').map(|x| x.parse().unwrap()).collect();
        let (n, x, exact) = (row[0], row[1], row[2]);
        let found = Binary::Polygamma.value(n, x);
        // Each of n factors rounds; on the left even orders have zeros, where the terms cancel.
        let left = if x < 0.0 { 200.0 } else { 1.0 };
        let least = if exact.abs() < f64::MIN_POSITIVE {
            f64::MIN_POSITIVE
        } else {
            0.0
        };
        let tolerance = (4.0 + n) * left * f64::EPSILON * exact.abs() + least;
        assert!(
            found == exact || (found - exact).abs() <= tolerance,
            "polygamma({n}, {x}) = {found:e}, not {exact:e}"
        );
        rows += 1;
    }
    assert_eq!(rows, 9 * 16);
}

#[test]
fn polygamma_at_poles_and_ends_is_as_documented() {
    let at = |n: f64, x: f64| Binary::Polygamma.value(n, x);
    let infinite = f64::INFINITY;
    assert_eq!([at(1.0, 0.0), at(1.0, -0.0), at(3.0, -2.0)], [infinite; 3]);
    assert_eq!([at(2.0, 0.0), at(2.0, -0.0)], [-infinite, infinite]);
    assert_eq!(at(1.0, infinite).to_bits(), 0.0_f64.to_bits());
    assert_eq!(at(2.0, infinite).to_bits(), (-0.0_f64).to_bits());
    for [n, x] in [
        [2.0, -1.0],
        [-1.0, 1.0],
        [171.0, 1.0],
        [1.0, -infinite],
        [1.0, f64::NAN],
        [f64::NAN, 1.0],
    ] {
        assert!(at(n, x).is_nan(), "{n}, {x}");
    }
    assert_eq!(at(0.0, 2.5), Unary::Digamma.value(2.5));
    assert_eq!(at(1.9, 2.5), at(1.0, 2.5));
}

#[test]
fn the_log_gamma_function_has_derivatives_of_every_order() {
    let mut f =
        Function::<f64>::record(&[("x", &[])], |v| vec![v[0].unary(Unary::Lgamma)]).unwrap();
    let mut point = vec![vec![2.5]];
    for order in 0..6 {
        let found = if order == 0 {
            Unary::Digamma.value(2.5)
        } else {
            Binary::Polygamma.value(f64::from(order), 2.5)
        };
        let vjp = f.vjp(&[0]);
        point.push(vec![1.0]);
        let slices: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
        let out = vjp.eval(&slices).unwrap();
        assert_eq!(*out.last().unwrap(), [found], "order {order}");
        // The derivative alone is what the next order differentiates.
        f = f.gradient(&[0]);
        point.pop();
    }
}
