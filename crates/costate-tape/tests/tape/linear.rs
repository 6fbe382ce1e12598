//! Linear systems and determinants: values, derivatives of both orders, singular matrices, and every way to evaluate and print them.

use crate::random::Numbers;
use costate_tape::{Dual, Function, Names, Program, Scalar, check};

type Record = for<'t> fn(&[costate_tape::Var<'t, f64>]) -> Vec<costate_tape::Var<'t, f64>>;

const N: usize = 4;
const INPUTS: [(&str, &[usize]); 3] = [("a", &[N, N]), ("b", &[N]), ("c", &[N, 2])];

/// Every operation, by name, over a matrix, a vector and two columns.
const OPERATIONS: [(&str, Record); 7] = [
    ("solve", |v| vec![v[0].solve(v[1])]),
    ("solve of two columns", |v| vec![v[0].solve(v[2])]),
    ("transposed", |v| vec![v[0].solve_transposed(v[1])]),
    ("transposed, two columns", |v| {
        vec![v[0].solve_transposed(v[2])]
    }),
    ("det", |v| vec![v[0].det() + v[1].sum() * v[2].sum()]),
    ("log_abs_det", |v| vec![v[0].log_abs_det() * v[1].sum()]),
    ("inverse", |v| vec![v[0].inverse().matmul(v[1])]),
];

fn function(record: Record) -> Function<f64> {
    Function::record(&INPUTS, record).unwrap()
}

/// A matrix whose elimination exchanges rows, and right-hand sides.
fn point() -> Vec<Vec<f64>> {
    let mut numbers = Numbers(77);
    let mut a = numbers.many(N * N);
    a[0] = 0.0;
    a[N + 1] = 1e-3;
    vec![a, numbers.many(N), numbers.many(2 * N)]
}

fn slices(point: &[Vec<f64>]) -> Vec<&[f64]> {
    point.iter().map(Vec::as_slice).collect()
}

fn product(a: &[f64], x: &[f64], transposed: bool) -> Vec<f64> {
    let n = x.len();
    let at = |i: usize, j: usize| {
        if transposed {
            a[j * n + i]
        } else {
            a[i * n + j]
        }
    };
    (0..n)
        .map(|i| (0..n).map(|j| at(i, j) * x[j]).sum())
        .collect()
}

#[test]
fn solutions_solve_their_systems_for_every_size_and_both_transposes() {
    for n in [1, 2, 3, 5, 8, 13, 40] {
        let mut numbers = Numbers(n as u64);
        let (a, b) = (numbers.many(n * n), numbers.many(n));
        for transposed in [false, true] {
            let f = Function::<f64>::record(&[("a", &[n, n]), ("b", &[n])], |v| {
                vec![if transposed {
                    v[0].solve_transposed(v[1])
                } else {
                    v[0].solve(v[1])
                }]
            })
            .unwrap();
            let x = &f.eval(&[&a, &b]).unwrap()[0];
            let size = x.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
            for (found, b) in product(&a, x, transposed).iter().zip(&b) {
                assert!(
                    (found - b).abs() < 1e-13 * size * n as f64,
                    "{n} {transposed}: {found} {b}"
                );
            }
        }
    }
}

#[test]
fn determinants_are_those_of_the_sum_over_permutations() {
    let mut numbers = Numbers(5);
    for _ in 0..20 {
        let m = numbers.many(9);
        let minor = |i: usize, j: usize| m[3 + i] * m[6 + j] - m[3 + j] * m[6 + i];
        let exact = m[0] * minor(1, 2) - m[1] * minor(0, 2) + m[2] * minor(0, 1);
        let f =
            Function::<f64>::record(&[("a", &[3, 3])], |v| vec![v[0].det(), v[0].log_abs_det()])
                .unwrap();
        let out = f.eval(&[&m]).unwrap();
        assert!((out[0][0] - exact).abs() < 1e-14, "{} {exact}", out[0][0]);
        assert!((out[1][0] - exact.abs().ln()).abs() < 1e-12 * (1.0 + exact.abs().ln().abs()));
    }
    // An odd and an even permutation.
    let f = Function::<f64>::record(&[("a", &[3, 3])], |v| vec![v[0].det()]).unwrap();
    let odd = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let even = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    assert_eq!(f.eval(&[&odd]).unwrap()[0], [-1.0]);
    assert_eq!(f.eval(&[&even]).unwrap()[0], [1.0]);
}

#[test]
fn derivatives_agree_with_duals_differences_and_each_other_to_second_order() {
    for (name, record) in OPERATIONS {
        let f = function(record);
        let mut point = point();
        for report in check::function(&f, &slices(&point)).unwrap() {
            assert!(report.holds(), "{name}: {report}");
        }
        let forward = f.jvp(&[0, 1, 2]);
        let mut tangents = point.clone();
        let shifted = |x: &Vec<f64>| x.iter().map(|x| x + 0.3).collect();
        tangents.extend(point.iter().map(shifted).collect::<Vec<_>>());
        for report in check::function(&forward, &slices(&tangents)).unwrap() {
            assert!(report.holds(), "{name}, forward: {report}");
        }
        point.push(Numbers(3).many(f.output_shape(0).len()));
        for report in check::function(&f.vjp(&[0, 1, 2]), &slices(&point)).unwrap() {
            assert!(report.holds(), "{name}, reverse: {report}");
        }
    }
}

#[test]
fn nested_duals_through_the_elimination_give_the_second_derivative_of_the_log_determinant() {
    // ∂²ln|det A|/∂aᵢⱼ∂aₖₗ = −(A⁻¹)ⱼₖ(A⁻¹)ₗᵢ.
    let a = &point()[0];
    let inverse = Function::<f64>::record(&[("a", &[N, N])], |v| vec![v[0].inverse()]).unwrap();
    let inverse = &inverse.eval(&[a]).unwrap()[0];
    let f = Function::<f64>::record(&[("a", &[N, N])], |v| vec![v[0].log_abs_det()]).unwrap();
    type Two = Dual<Dual<f64, 1>, 1>;
    let lifted = f.over(|x: f64| <Two as Scalar>::from_f64(x));
    let hessian = f.hessian(0).eval(&[a]).unwrap()[0].clone();
    for (first, second) in [(0, 0), (1, 6), (6, 1), (13, 2)] {
        let x: Vec<Two> = (0..N * N)
            .map(|e| Dual {
                value: Dual {
                    value: a[e],
                    tangent: [f64::from(e == first)],
                },
                tangent: [Dual {
                    value: f64::from(e == second),
                    tangent: [0.0],
                }],
            })
            .collect();
        let found = lifted.eval(&[&x]).unwrap()[0][0].tangent[0].tangent[0];
        let ([i, j], [k, l]) = ([first / N, first % N], [second / N, second % N]);
        let exact = -inverse[j * N + k] * inverse[l * N + i];
        let by_graph = hessian[first * N * N + second];
        assert!(
            (found - exact).abs() < 1e-10 * exact.abs().max(1.0),
            "{found} {exact}"
        );
        assert!(
            (by_graph - exact).abs() < 1e-10 * exact.abs().max(1.0),
            "{by_graph} {exact}"
        );
    }
}

#[test]
fn a_singular_matrix_has_determinant_zero_and_no_solution() {
    let singular = [1.0, 2.0, 2.0, 4.0];
    let f = Function::<f64>::record(&[("a", &[2, 2]), ("b", &[2])], |v| {
        vec![
            v[0].det(),
            v[0].log_abs_det(),
            v[0].solve(v[1]),
            v[0].solve_transposed(v[1]),
        ]
    })
    .unwrap();
    let program = Program::compile(&f).unwrap();
    let mut workspace = program.workspace(1);
    for a in [singular, [0.0; 4], [0.0, 1.0, 0.0, 3.0]] {
        let out = f.eval(&[&a, &[1.0, 1.0]]).unwrap();
        assert_eq!((out[0][0], out[1][0]), (0.0, f64::NEG_INFINITY), "{a:?}");
        assert!(
            out[2..].concat().iter().all(|x| x.is_nan()),
            "{a:?}: {out:?}"
        );
        let mut all = [0.0; 6];
        program.eval(&mut workspace, 0, &[&a, &[1.0, 1.0]], &mut all);
        assert_eq!(all[..2], [0.0, f64::NEG_INFINITY]);
        assert!(all[2..].iter().all(|x| x.is_nan()));
    }
    // NaN in the matrix is NaN in all results.
    let out = f
        .eval(&[&[f64::NAN, 1.0, 1.0, 2.0], &[1.0, 1.0]])
        .unwrap()
        .concat();
    assert!(out.iter().all(|x| x.is_nan()), "{out:?}");
}

#[test]
fn a_singular_side_that_is_left_out_stays_out_of_the_gradient() {
    let f = Function::<f64>::record(&[("a", &[2, 2]), ("b", &[2])], |v| {
        let det = v[0].det();
        let solution = v[0].solve(v[1]).sum();
        vec![costate_tape::Var::select(det, solution, v[1].sum())]
    })
    .unwrap();
    let out = f
        .vjp(&[0, 1])
        .eval(&[&[1.0, 2.0, 2.0, 4.0], &[3.0, 5.0], &[1.0]])
        .unwrap();
    assert_eq!(out, [vec![8.0], vec![0.0; 4], vec![1.0; 2]]);
}

#[test]
fn programs_give_the_interpreters_bits_and_products_from_the_kept_factors() {
    for (name, record) in OPERATIONS {
        let f = function(record);
        let mut point = point();
        point.push(Numbers(3).many(f.output_shape(0).len()));
        for f in [f.clone(), f.vjp(&[0, 1, 2])] {
            let inputs = slices(&point[..f.inputs().len()]);
            let expected = f.eval(&inputs).unwrap().concat();
            let program = Program::compile(&f).unwrap();
            let mut found = vec![0.0; program.output_len()];
            program.eval(&mut program.workspace(1), 0, &inputs, &mut found);
            for (found, expected) in found.iter().zip(&expected) {
                // Matrix products may fuse their multiplications.
                assert!(
                    (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                    "{name}"
                );
            }
        }
        let program = Program::with_products(&f, 0).unwrap();
        let mut workspace = program.workspace(2);
        program.set_params(&mut workspace, &point[0]);
        let mut y = vec![0.0; program.output_len()];
        // Another evaluation in between: the factors are the kept ones of frame 0.
        program.eval(&mut workspace, 0, &[&point[1], &point[2]], &mut y);
        let expected = f.eval(&slices(&point[..3])).unwrap();
        let close = |found: &[f64], expected: &[f64]| {
            found
                .iter()
                .zip(expected)
                .all(|(x, y)| (x - y).abs() <= 1e-12 * y.abs().max(1.0))
        };
        assert!(close(&y, &expected[0]), "{name}");
        program.eval(&mut workspace, 1, &[&[9.0; N], &[3.0; 2 * N]], &mut y);
        let (mut b, mut c, mut a) = ([0.0; N], [0.0; 2 * N], [0.0; N * N]);
        program.products(&mut workspace, 0, &point[3], &mut [&mut b, &mut c]);
        program.accumulate(&mut workspace, &[(0, 1.0)]);
        program.finish(&mut workspace, &mut a);
        let expected = f.vjp(&[0, 1, 2]).eval(&slices(&point)).unwrap();
        assert!(
            close(&a, &expected[1]) && close(&b, &expected[2]) && close(&c, &expected[3]),
            "{name}"
        );
    }
}

#[test]
fn a_program_of_solutions_alone_gives_the_same_bits_in_both_precisions() {
    let f = function(|v| {
        vec![
            v[0].solve(v[2]),
            v[0].solve_transposed(v[2]),
            v[0].det(),
            v[0].log_abs_det(),
        ]
    });
    let point = point();
    let expected = f.eval(&slices(&point)).unwrap().concat();
    let program = Program::compile(&f).unwrap();
    let mut found = vec![0.0; expected.len()];
    program.eval(&mut program.workspace(1), 0, &slices(&point), &mut found);
    assert_eq!(found, expected);
    let single = f.over(|x| x as f32);
    let point: Vec<Vec<f32>> = point
        .iter()
        .map(|x| x.iter().map(|&x| x as f32).collect())
        .collect();
    let inputs: Vec<&[f32]> = point.iter().map(Vec::as_slice).collect();
    let expected = single.eval(&inputs).unwrap().concat();
    let program = Program::compile(&single).unwrap();
    let mut found = vec![0.0; expected.len()];
    program.eval(&mut program.workspace(1), 0, &inputs, &mut found);
    assert_eq!(found, expected);
}

#[test]
fn a_solution_depends_on_the_whole_matrix_and_its_own_column() {
    let f = function(|v| vec![v[0].solve(v[2])]);
    let pattern = f.jacobian_pattern(2);
    for row in 0..2 * N {
        let expected: Vec<u32> = (0..2 * N as u32)
            .filter(|e| *e as usize % 2 == row % 2)
            .collect();
        assert_eq!(pattern.row(row), expected);
    }
    assert!((0..2 * N).all(|row| f.jacobian_pattern(0).row(row).len() == N * N));
    let det = function(|v| vec![v[0].det()]);
    assert_eq!(det.jacobian_pattern(0).row(0).len(), N * N);
    assert!(det.jacobian_pattern(1).row(0).is_empty());
}

#[test]
fn they_read_as_one_would_write_them() {
    let f = Function::<f64>::record(&[("a", &[2, 2]), ("b", &[2])], |v| {
        vec![v[0].solve_transposed(v[1]) * v[0].det(), v[0].log_abs_det()]
    })
    .unwrap();
    assert_eq!(
        f.to_string(),
        "f(a[2, 2], b[2]):\n  y0 = solve(a', b)*det(a)\n  y1 = log_abs_det(a)\n"
    );
    assert!(
        f.latex(&Names::new())
            .contains(r"\operatorname{det}\left(a\right)")
    );
    assert!(f.dot(&Names::new()).contains("label=\"solve [2, 1]\""));
    let elements = f.elements(&Names::new()).unwrap();
    assert_eq!(elements.inputs().len(), 6);
    let (a, b) = ([1.0, 2.0, 3.0, 5.0], [7.0, 11.0]);
    let split: Vec<&[f64]> = a.iter().chain(&b).map(std::slice::from_ref).collect();
    assert_eq!(
        elements.eval(&split).unwrap().concat(),
        f.eval(&[&a, &b]).unwrap().concat()
    );
    let source = f.rust("f").unwrap();
    assert!(
        source.contains("linear::solve(&a[..], &b[..], 2, true)"),
        "{source}"
    );
}

#[test]
#[should_panic(
    expected = "`solve` with a matrix of shape [2, 2] takes a right-hand side [2] or [2, k], not one of shape [3]"
)]
fn a_right_hand_side_of_another_length_panics() {
    let _ = Function::<f64>::record(&[("a", &[2, 2]), ("b", &[3])], |v| vec![v[0].solve(v[1])]);
}

#[test]
#[should_panic(expected = "`det` takes a square matrix, not one of shape [2, 3]")]
fn an_oblong_matrix_has_no_determinant() {
    let _ = Function::<f64>::record(&[("a", &[2, 3])], |v| vec![v[0].det()]);
}
