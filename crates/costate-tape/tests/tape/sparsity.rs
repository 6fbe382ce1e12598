//! Sparse derivatives: no entry is missed, colours never collide, and the values are those of the dense derivative.

use crate::random::{self, Numbers, for_all, instructions};
use costate_tape::{
    Colouring, Function, Pattern, Scalar, SparseHessian, SparseJacobian, Unary, Var,
    column_colouring, row_colouring, star_colouring,
};

fn slices(point: &[Vec<f64>]) -> Vec<&[f64]> {
    point.iter().map(Vec::as_slice).collect()
}

/// The values of a sparse matrix, spread out.
fn dense(pattern: &Pattern, values: &[f64]) -> Vec<f64> {
    let (rows, columns) = pattern.shape();
    let mut all = vec![0.0; rows * columns];
    for ((i, j), &value) in pattern.entries().zip(values) {
        all[i * columns + j] = value;
    }
    all
}

#[test]
fn sparse_jacobians_of_random_functions_equal_the_dense_ones() {
    for_all(150, &instructions(), |code| {
        let f = random::function(&code);
        let point = random::point(61);
        for input in [0, 2, 3] {
            let expected = f.jacobian(&[input]).eval(&slices(&point)).unwrap().concat();
            let sparse = SparseJacobian::new(&f, input);
            let found = dense(sparse.pattern(), &sparse.eval(&slices(&point)).unwrap());
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                    "{found}, {expected}\n{code:?}"
                );
            }
            let (rows, columns) = sparse.pattern().shape();
            assert!(sparse.products() <= rows.min(columns));
        }
    });
}

#[test]
fn sparse_hessians_of_random_functions_equal_the_dense_ones() {
    for_all(80, &instructions(), |code| {
        let f = Function::<f64>::record(&random::INPUTS, |v| vec![random::run(&code, v).sum()])
            .unwrap();
        let point = random::point(62);
        let expected = f.hessian(0).eval(&slices(&point)).unwrap().concat();
        let sparse = SparseHessian::new(&f, 0);
        let found = dense(sparse.pattern(), &sparse.eval(&slices(&point)).unwrap());
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= 1e-11 * expected.abs().max(1.0),
                "{found}, {expected}\n{code:?}"
            );
        }
    });
}

/// A random pattern of this shape with about this many entries in a row.
fn scattered(numbers: &mut Numbers, rows: usize, columns: usize, entries: usize) -> Pattern {
    let place = |numbers: &mut Numbers| {
        (((numbers.next() + 1.0) / 2.0 * columns as f64) as usize).min(columns - 1) as u32
    };
    let rows = (0..rows)
        .map(|_| (0..entries).map(|_| place(numbers)).collect())
        .collect();
    Pattern::new(columns, rows)
}

fn uses_all_its_colours(colouring: &Colouring) -> bool {
    (0..colouring.count as u32).all(|colour| colouring.colours.contains(&colour))
}

#[test]
fn columns_of_one_colour_share_no_row_and_rows_of_one_colour_no_column() {
    let mut numbers = Numbers(63);
    for (rows, columns, entries) in [
        (1, 1, 1),
        (20, 30, 2),
        (30, 20, 3),
        (50, 50, 4),
        (40, 7, 3),
        (5, 60, 9),
    ] {
        let pattern = scattered(&mut numbers, rows, columns, entries);
        let by_column = column_colouring(&pattern);
        for i in 0..rows {
            let mut seen: Vec<u32> = pattern
                .row(i)
                .iter()
                .map(|&j| by_column.colours[j as usize])
                .collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), pattern.row(i).len());
        }
        let by_row = row_colouring(&pattern);
        assert_eq!(by_row, column_colouring(&pattern.transposed()));
        assert!(uses_all_its_colours(&by_column) && uses_all_its_colours(&by_row));
    }
}

#[test]
fn star_colourings_leave_no_path_of_four_with_two_colours() {
    let mut numbers = Numbers(64);
    for size in [1, 5, 12, 30, 60] {
        for entries in 1..4 {
            let half = scattered(&mut numbers, size, size, entries);
            let rows = (0..size)
                .map(|i| [half.row(i), half.transposed().row(i)].concat())
                .collect();
            let pattern = Pattern::new(size, rows);
            let star = star_colouring(&pattern);
            assert!(uses_all_its_colours(&star));
            let colour = |i: u32| star.colours[i as usize];
            for a in 0..size as u32 {
                for &b in pattern.row(a as usize).iter().filter(|&&b| b != a) {
                    assert_ne!(colour(a), colour(b));
                    for &c in pattern
                        .row(b as usize)
                        .iter()
                        .filter(|&&c| c != a && c != b)
                    {
                        for &d in pattern
                            .row(c as usize)
                            .iter()
                            .filter(|&&d| d != b && d != c && d != a)
                        {
                            assert!(
                                colour(a) != colour(c) || colour(b) != colour(d),
                                "{a}-{b}-{c}-{d}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_grid_takes_few_products_whatever_its_size() {
    for size in [6, 12] {
        // The five-point Laplacian of u², on a square.
        let shape: &[usize] = &[size, size];
        let f = Function::<f64>::record(&[("u", shape)], |v| {
            let u = v[0];
            let shifted = |axis: usize, from: usize, to: usize| {
                u.slice(axis, from..from + size - 1).pad(axis, to, size)
            };
            let around = shifted(0, 0, 1) + shifted(0, 1, 0) + shifted(1, 0, 1) + shifted(1, 1, 0);
            vec![(around - u * 4.0) * u]
        })
        .unwrap();
        let jacobian = SparseJacobian::new(&f, 0);
        assert_eq!(jacobian.pattern().len(), 5 * size * size - 4 * size);
        assert!(jacobian.products() <= 8, "{}", jacobian.products());
    }
}

#[test]
fn steps_and_comparisons_depend_on_nothing() {
    let f = Function::<f64>::record(&[("x", &[2])], |v| {
        let [a, b] = [0, 1].map(|i| v[0].index(i));
        let step = Var::select(a.binary(costate_tape::Binary::Lt, b), b, b * 2.0);
        vec![Var::stack(&[
            a.unary(Unary::Floor) + b,
            step,
            a.sign(),
            a * 0.0,
        ])]
    })
    .unwrap();
    assert_eq!(
        f.jacobian_pattern(0).entries().collect::<Vec<_>>(),
        [(0, 1), (1, 1)]
    );
}

#[test]
fn a_pattern_lists_its_entries_row_by_row() {
    let pattern = Pattern::new(4, vec![vec![3, 0, 3], vec![], vec![1]]);
    assert_eq!(pattern.shape(), (3, 4));
    assert_eq!(
        pattern.entries().collect::<Vec<_>>(),
        [(0, 0), (0, 3), (2, 1)]
    );
    assert!(pattern.contains(0, 3) && !pattern.contains(1, 3) && !pattern.contains(9, 0));
    assert_eq!(pattern.transposed().transposed(), pattern);
}

#[test]
#[should_panic(expected = "not of 2 × 3")]
fn a_star_colouring_of_an_oblong_pattern_is_refused() {
    let _ = star_colouring(&Pattern::new(3, vec![vec![0], vec![1]]));
}
