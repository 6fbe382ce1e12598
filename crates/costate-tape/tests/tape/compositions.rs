//! Operations that are compositions: values against plain loops, derivatives by every check.

use crate::random::Numbers;
use costate_tape::{Function, Program, Var, check};

/// Records, compares the value with the expected one, and checks the first and second derivatives.
fn holds(
    inputs: &[(&str, &[usize])],
    seed: u64,
    body: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    expected: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    let f = Function::<f64>::record(inputs, |v| vec![body(v)]).unwrap();
    let mut numbers = Numbers(seed);
    let mut point: Vec<Vec<f64>> = inputs
        .iter()
        .map(|(_, shape)| numbers.many(shape.iter().product()))
        .collect();
    let slices = |point: &[Vec<f64>]| -> Vec<Vec<f64>> { point.to_vec() };
    let owned = slices(&point);
    let at: Vec<&[f64]> = owned.iter().map(Vec::as_slice).collect();
    let (found, expected) = (f.eval(&at).unwrap().concat(), expected(&point));
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0), "{a}, {b}\n{f}");
    }
    let program = Program::compile(&f).unwrap();
    let mut out = vec![0.0; found.len()];
    program.eval(&mut program.workspace(1), 0, &at, &mut out);
    for (a, b) in out.iter().zip(&expected) {
        assert!(
            (a - b).abs() <= 1e-14 * b.abs().max(1.0),
            "compiled: {a}, {b}\n{f}"
        );
    }
    for report in check::function(&f, &at).unwrap() {
        assert!(report.holds(), "{report}\n{f}");
    }
    let products = f.vjp(&(0..inputs.len()).collect::<Vec<_>>());
    point.push(numbers.many(found.len()));
    let at: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
    for report in check::function(&products, &at).unwrap() {
        assert!(report.within(1e-7).holds(), "second order\n{f}");
    }
}

/// The runs along an axis: (outer, length, inner) by element.
fn along(shape: [usize; 3], axis: usize, x: &[f64]) -> Vec<Vec<f64>> {
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    let length = shape[axis];
    (0..outer * inner)
        .map(|run| {
            (0..length)
                .map(|k| x[(run / inner * length + k) * inner + run % inner])
                .collect()
        })
        .collect()
}

#[test]
fn reductions_along_every_axis_are_those_of_plain_loops() {
    for shape in [[2, 3, 4], [1, 5, 2], [3, 1, 7]] {
        for axis in 0..3 {
            let inputs: [(&str, &[usize]); 1] = [("x", &shape)];
            let each = |f: fn(&[f64]) -> f64| {
                move |p: &[Vec<f64>]| along(shape, axis, &p[0]).iter().map(|run| f(run)).collect()
            };
            let n = shape[axis] as f64;
            holds(
                &inputs,
                71,
                |v| v[0].mean_axis(axis),
                |p| {
                    along(shape, axis, &p[0])
                        .iter()
                        .map(|r| r.iter().sum::<f64>() / n)
                        .collect()
                },
            );
            holds(
                &inputs,
                72,
                |v| v[0].product_axis(axis),
                each(|run| run.iter().product()),
            );
            holds(
                &inputs,
                73,
                |v| v[0].max_axis(axis),
                each(|run| run.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            );
            holds(
                &inputs,
                74,
                |v| v[0].min_axis(axis),
                each(|run| run.iter().copied().fold(f64::INFINITY, f64::min)),
            );
            holds(
                &inputs,
                75,
                |v| v[0].logsumexp(axis),
                each(|run| run.iter().map(|x| x.exp()).sum::<f64>().ln()),
            );
        }
    }
}

#[test]
fn softmax_is_positive_and_sums_to_one_and_does_not_overflow() {
    holds(
        &[("x", &[2, 4])],
        76,
        |v| v[0].softmax(1),
        |p| {
            p[0].chunks(4)
                .flat_map(|row| {
                    row.iter()
                        .map(|x| x.exp() / row.iter().map(|x| x.exp()).sum::<f64>())
                })
                .collect()
        },
    );
    let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].softmax(0), v[0].logsumexp(0)])
        .unwrap();
    let out = f.eval(&[&[1e4, 1e4 - 800.0]]).unwrap();
    assert_eq!(out, [vec![1.0, 0.0], vec![1e4]]);
}

#[test]
fn running_sums_end_in_the_sum() {
    for axis in 0..2 {
        holds(
            &[("x", &[5, 3])],
            77,
            |v| v[0].cumsum(axis),
            |p| {
                let mut sums = p[0].clone();
                let step = if axis == 0 { 3 } else { 1 };
                for i in 0..15 {
                    if (axis == 0 && i >= 3) || (axis == 1 && i % 3 > 0) {
                        sums[i] += sums[i - step];
                    }
                }
                sums
            },
        );
    }
}

#[test]
fn products_of_arrays_are_those_of_plain_loops() {
    holds(
        &[("x", &[2, 3]), ("y", &[2, 3])],
        78,
        |v| v[0].dot(v[1]),
        |p| vec![p[0].iter().zip(&p[1]).map(|(a, b)| a * b).sum()],
    );
    holds(
        &[("x", &[2]), ("y", &[3])],
        79,
        |v| v[0].outer(v[1]),
        |p| {
            p[0].iter()
                .flat_map(|a| p[1].iter().map(move |b| a * b))
                .collect()
        },
    );
    holds(
        &[("x", &[7])],
        80,
        |v| v[0].norm(),
        |p| vec![p[0].iter().map(|x| x * x).sum::<f64>().sqrt()],
    );
}

#[test]
fn batched_products_broadcast_their_leading_axes() {
    let product = |a: &[f64], b: &[f64], m: usize, k: usize, n: usize| -> Vec<f64> {
        (0..m * n)
            .map(|e| (0..k).map(|i| a[e / n * k + i] * b[i * n + e % n]).sum())
            .collect()
    };
    holds(
        &[("a", &[3, 2, 4]), ("b", &[3, 4, 2])],
        81,
        |v| v[0].batched_matmul(v[1]),
        |p| {
            (0..3)
                .flat_map(|i| product(&p[0][8 * i..], &p[1][8 * i..], 2, 4, 2))
                .collect()
        },
    );
    holds(
        &[("a", &[3, 2, 4]), ("b", &[4, 2])],
        82,
        |v| v[0].batched_matmul(v[1]),
        |p| {
            (0..3)
                .flat_map(|i| product(&p[0][8 * i..], &p[1], 2, 4, 2))
                .collect()
        },
    );
    holds(
        &[("a", &[2, 4]), ("b", &[2, 4, 3])],
        83,
        |v| v[0].batched_matmul(v[1]),
        |p| {
            (0..2)
                .flat_map(|i| product(&p[0], &p[1][12 * i..], 2, 4, 3))
                .collect()
        },
    );
}

#[test]
fn convolutions_are_those_of_plain_loops() {
    holds(
        &[("x", &[2, 3, 6]), ("k", &[2, 3, 3])],
        84,
        |v| v[0].conv1d(v[1]),
        |p| {
            let mut y = Vec::new();
            for (b, o, i) in (0..16).map(|e| (e / 8, e / 4 % 2, e % 4)) {
                let term =
                    |c: usize, k: usize| p[0][(b * 3 + c) * 6 + i + k] * p[1][(o * 3 + c) * 3 + k];
                y.push((0..9).map(|e| term(e / 3, e % 3)).sum());
            }
            y
        },
    );
    holds(
        &[("x", &[1, 2, 4, 5]), ("k", &[3, 2, 2, 3])],
        85,
        |v| v[0].conv2d(v[1]),
        |p| {
            let mut y = Vec::new();
            for (o, i, j) in (0..27).map(|e| (e / 9, e / 3 % 3, e % 3)) {
                let term = |c: usize, r: usize, s: usize| {
                    p[0][(c * 4 + i + r) * 5 + j + s] * p[1][((o * 2 + c) * 2 + r) * 3 + s]
                };
                y.push((0..12).map(|e| term(e / 6, e / 3 % 2, e % 3)).sum());
            }
            y
        },
    );
}

#[test]
fn the_largest_of_equal_elements_is_the_first() {
    let g = costate_tape::gradient(|x| x.max_axis(0) * 1.0, &[1.0, 3.0, 3.0, 3.0]);
    assert_eq!(g.iter().sum::<f64>(), 1.0);
    assert_eq!(g, [0.0, 1.0, 0.0, 0.0]);
}
