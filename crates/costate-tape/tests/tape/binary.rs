//! Every elementwise operation of two arguments: both derivatives by every way there is, in broadcast shapes.

use crate::accuracy::ulps;
use crate::random::Numbers;
use costate_tape::{Binary, Dual, Function, Isa, Lane, Program, Scalar, Var, check};
use num_traits::Float;

/// Pairs inside the domain and away from kinks and jumps.
fn points(op: Binary) -> Vec<(f64, f64)> {
    let mut numbers = Numbers(23);
    let kinked = op.is_comparison() || matches!(op, Binary::Min | Binary::Max);
    std::iter::once(op.test_point())
        .chain((0..150).map(|_| (3.0 * numbers.next(), 3.0 * numbers.next())))
        .filter(|&(a, b)| match op {
            Binary::Pow => a > 0.2,
            Binary::Div => b.abs() > 0.2,
            Binary::Polygamma => a > 0.0 && (a - a.round()).abs() > 0.1 && b > 0.2,
            Binary::Atan2 | Binary::Hypot => a.hypot(b) > 0.2 && (b > 0.1 || a.abs() > 0.1),
            _ => !kinked || (a - b).abs() > 0.1,
        })
        .collect()
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1.0)
}

#[test]
fn every_operation_has_a_name_a_notation_and_points() {
    for (i, &op) in Binary::ALL.iter().enumerate() {
        assert_eq!(Binary::by_name(op.name()), Some(op));
        assert!(
            Binary::ALL[..i]
                .iter()
                .all(|other| other.name() != op.name())
        );
        assert!(op.latex().contains("#1") && op.latex().contains("#2"));
        assert!(points(op).len() > 20, "{}", op.name());
        assert_eq!(points(op)[0], op.test_point());
    }
}

#[test]
fn both_derivatives_are_the_limits_of_differences() {
    for &op in Binary::ALL {
        for (a, b) in points(op) {
            let (da, db) = op.derivatives(a, b, op.value(a, b));
            let by_a = check::derivative(|a| op.value(a, b), a);
            let by_b = check::derivative(|b| op.value(a, b), b);
            assert!(
                close(da, by_a.value, 1e-8),
                "∂{}/∂a at {a}, {b}: {da}, {by_a:?}",
                op.name()
            );
            assert!(
                close(db, by_b.value, 1e-8),
                "∂{}/∂b at {a}, {b}: {db}, {by_b:?}",
                op.name()
            );
        }
    }
}

#[test]
fn the_slopes_of_an_angle_are_right_wherever_it_is_in_the_range_of_numbers() {
    for size in [1e-300, 1e-200, 1e200, 1e300] {
        let (da, db) = Binary::Atan2.derivatives(size, size, std::f64::consts::FRAC_PI_4);
        assert!(
            (da * size - 0.5).abs() < 1e-15 && (db * size + 0.5).abs() < 1e-15,
            "{size:e}"
        );
    }
}

#[test]
fn all_four_second_derivatives_are_the_limits_of_differences_of_the_first() {
    for &op in Binary::ALL {
        for (a, b) in points(op) {
            let first = |a: f64, b: f64| op.derivatives(a, b, op.value(a, b));
            let (x, y) = (Dual::<f64, 2>::variable(a, 0), Dual::variable(b, 1));
            let (da, db) = op.derivatives(x, y, x.binary(op, y));
            let expected = [
                (da.tangent[0], check::derivative(|a| first(a, b).0, a), "aa"),
                (da.tangent[1], check::derivative(|b| first(a, b).0, b), "ab"),
                (db.tangent[0], check::derivative(|a| first(a, b).1, a), "ba"),
                (db.tangent[1], check::derivative(|b| first(a, b).1, b), "bb"),
            ];
            for (found, differences, which) in expected {
                assert!(
                    close(found, differences.value, 1e-8),
                    "{} by {which} at {a}, {b}: {found}, {differences:?}",
                    op.name()
                );
            }
        }
    }
}

#[test]
fn reverse_and_forward_agree_with_duals_and_differences_to_second_order_in_broadcast_shapes() {
    let shapes: [(&[usize], &[usize]); 5] = [
        (&[], &[]),
        (&[2, 3], &[3]),
        (&[3], &[2, 3]),
        (&[2, 1], &[1, 3]),
        (&[], &[4]),
    ];
    for &op in Binary::ALL {
        let all = points(op);
        for (left, right) in shapes {
            let f = Function::<f64>::record(&[("a", left), ("b", right)], |v| {
                vec![v[0].binary(op, v[1])]
            })
            .unwrap();
            let lengths = [left, right].map(|shape| shape.iter().product::<usize>());
            // Of each pair, one side is repeated by the broadcast: take points that all pairs allow.
            let (mut a, mut b) = (Vec::new(), Vec::new());
            for &(x, y) in &all {
                let fits =
                    |a: &[f64], b: &[f64]| a.iter().all(|&a| b.iter().all(|&b| allowed(op, a, b)));
                if a.len() < lengths[0] && fits(&[x], &b) {
                    a.push(x);
                }
                if b.len() < lengths[1] && fits(&a, &[y]) {
                    b.push(y);
                }
            }
            assert_eq!([a.len(), b.len()], lengths, "{}", op.name());
            for report in check::function(&f, &[&a, &b]).unwrap() {
                assert!(report.holds(), "{}: {report}", op.name());
            }
            let bar = vec![0.7; f.output_shape(0).len()];
            for report in check::function(&f.vjp(&[0, 1]), &[&a, &b, &bar]).unwrap() {
                assert!(report.holds(), "second order of {}: {report}", op.name());
            }
            for report in check::function(&f.jvp(&[0, 1]), &[&a, &b, &a, &b]).unwrap() {
                assert!(report.holds(), "second order of {}: {report}", op.name());
            }
        }
    }
}

fn allowed(op: Binary, a: f64, b: f64) -> bool {
    match op {
        Binary::Pow => a > 0.2,
        Binary::Div => b.abs() > 0.2,
        Binary::Atan2 | Binary::Hypot => a.hypot(b) > 0.2 && (b > 0.1 || a.abs() > 0.1),
        _ => (a - b).abs() > 0.1,
    }
}

#[test]
fn single_precision_follows_double_precision() {
    for &op in Binary::ALL {
        for (a, b) in points(op) {
            let (a32, b32) = (a as f32, b as f32);
            let (a, b) = (f64::from(a32), f64::from(b32));
            let y = op.value(a, b);
            assert!(
                close(f64::from(op.value(a32, b32)), y, 1e-5 * y.abs().max(1.0)),
                "{} at {a}, {b}",
                op.name()
            );
            let f =
                Function::<f32>::record(&[("a", &[]), ("b", &[])], |v| vec![v[0].binary(op, v[1])])
                    .unwrap();
            let out = f.vjp(&[0, 1]).eval(&[&[a32], &[b32], &[1.0]]).unwrap();
            let (da, db) = op.derivatives(a, b, y);
            assert!(
                close(f64::from(out[1][0]), da, 1e-5 * da.abs().max(1.0)),
                "∂{}/∂a at {a}, {b}",
                op.name()
            );
            assert!(
                close(f64::from(out[2][0]), db, 1e-5 * db.abs().max(1.0)),
                "∂{}/∂b at {a}, {b}",
                op.name()
            );
        }
    }
}

#[test]
fn numbers_stand_on_either_side() {
    let f = Function::<f64>::record(&[("x", &[2])], |v| {
        let x = v[0];
        vec![
            2.0 - x,
            6.0 / x,
            x - 2.0,
            x / 2.0,
            1.0 + x * 3.0,
            Var::from_f64(2.0).powf(x),
        ]
    })
    .unwrap();
    let out = f.eval(&[&[3.0, 4.0]]).unwrap();
    let expected = [
        [-1.0, -2.0],
        [2.0, 1.5],
        [1.0, 2.0],
        [1.5, 2.0],
        [10.0, 13.0],
        [8.0, 16.0],
    ];
    assert_eq!(out, expected.map(|pair| pair.to_vec()));
    for report in check::function(&f, &[&[3.0, 4.0]]).unwrap() {
        report.assert();
    }
}

/// Values against a table from multiple precision (`tests/reference/make.py`), by the interpreter and compiled for every instruction set.
#[test]
fn values_are_right_to_the_last_places_over_the_whole_range() {
    let table = include_str!("../reference/binary.csv");
    let mut wrong = Vec::new();
    for op in [Binary::Pow, Binary::Atan2, Binary::Hypot] {
        for single in [false, true] {
            let kind = if single { "f32" } else { "f64" };
            let begin = format!("{},{kind},", op.name());
            let rows = table.lines().filter_map(|line| line.strip_prefix(&begin));
            let rows: Vec<[f64; 3]> = rows
                .map(|row| {
                    let mut numbers = row.split(',').map(|x| x.parse().unwrap());
                    std::array::from_fn(|_| numbers.next().unwrap())
                })
                .collect();
            assert!(rows.len() > 600, "{begin} {} rows", rows.len());
            for (who, values) in by_everyone(op, &rows, single) {
                for (&[a, b, exact], found) in rows.iter().zip(values) {
                    let off = ulps(found, exact, single);
                    if off > 2.0 {
                        wrong.push(format!(
                            "{who} {}({a:e}, {b:e}) {kind}: {found:e}, not {exact:e}: {off:.1} ulp",
                            op.name()
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

fn by_everyone(op: Binary, rows: &[[f64; 3]], single: bool) -> Vec<(String, Vec<f64>)> {
    fn of<T: Lane + Float + Into<f64>>(op: Binary, a: &[T], b: &[T]) -> Vec<(String, Vec<f64>)> {
        let alone = a.iter().zip(b).map(|(&a, &b)| op.value(a, b).into());
        let mut all = vec![("interpreter".to_owned(), alone.collect())];
        let inputs: [(&str, &[usize]); 2] = [("a", &[a.len()]), ("b", &[a.len()])];
        let f = Function::<T>::record(&inputs, |v| vec![v[0].binary(op, v[1])]).unwrap();
        for isa in Isa::available() {
            let program = Program::compile_for(&f, isa).unwrap();
            let mut y = a.to_vec();
            program.eval(&mut program.workspace(1), 0, &[a, b], &mut y);
            all.push((format!("{isa:?}"), y.into_iter().map(Into::into).collect()));
        }
        all
    }
    let side = |i: usize| rows.iter().map(move |row| row[i]);
    if single {
        let side = |i: usize| side(i).map(|x| x as f32).collect::<Vec<f32>>();
        of(op, &side(0), &side(1))
    } else {
        of(
            op,
            &side(0).collect::<Vec<f64>>(),
            &side(1).collect::<Vec<f64>>(),
        )
    }
}

#[test]
fn zeros_infinities_and_nan_are_treated_as_cs_library_does() {
    let infinite = f64::INFINITY;
    let pow = |a: f64, b: f64| Binary::Pow.value(a, b);
    assert_eq!(
        [pow(0.0, 0.0), pow(f64::NAN, 0.0), pow(1.0, f64::NAN)],
        [1.0; 3]
    );
    assert_eq!(
        [pow(-0.0, -1.0), pow(-0.0, -2.0), pow(0.0, -0.5)],
        [-infinite, infinite, infinite]
    );
    assert_eq!(
        [pow(0.5, infinite), pow(2.0, -infinite), pow(infinite, -1.0)],
        [0.0; 3]
    );
    assert_eq!(pow(-infinite, 3.0), -infinite);
    assert!(pow(-2.0, 0.5).is_nan());
    let atan2 = |a: f64, b: f64| Binary::Atan2.value(a, b);
    let pi = std::f64::consts::PI;
    assert_eq!(
        [atan2(0.0, -0.0), atan2(-0.0, -0.0), atan2(0.0, -1.0)],
        [pi, -pi, pi]
    );
    assert_eq!(atan2(-0.0, 1.0).to_bits(), (-0.0_f64).to_bits());
    assert_eq!(
        [atan2(infinite, -infinite), atan2(1.0, 0.0)],
        [0.75 * pi, 0.5 * pi]
    );
    let hypot = |a: f64, b: f64| Binary::Hypot.value(a, b);
    assert_eq!(
        [hypot(-infinite, f64::NAN), hypot(f64::NAN, infinite)],
        [infinite; 2]
    );
    assert_eq!([hypot(-0.0, 0.0), hypot(-3.0, -0.0)], [0.0, 3.0]);
}
