//! Matrix products as steps of a program, beside faer, matrixmultiply and OpenBLAS.
//!
//! OpenBLAS takes part where the variable `OPENBLAS` names its library: Debian's `libopenblas0`, or that of NumPy's or SciPy's wheel.

use super::measure;
use super::openblas::OpenBlas;
use super::report::Report;
use costate_tape::{Function, Lane, Program};
use std::hint::black_box;

/// \[m, k\]·\[k, n\], and whether the second factor is stored as its transpose.
const SHAPES: [([usize; 3], bool); 12] = [
    ([20, 2, 50], false),
    ([20, 50, 2], false),
    ([20, 50, 50], false),
    ([64, 64, 64], false),
    ([64, 64, 64], true),
    ([1, 64, 64], false),
    ([1, 64, 64], true),
    ([20, 50, 50], true),
    ([20, 50, 2], true),
    ([128, 128, 128], false),
    ([256, 128, 128], true),
    ([512, 512, 512], false),
];

pub fn table(report: &mut Report) {
    writeln!(report, "## Matrix products in f64, GFLOP/s\n");
    writeln!(
        report,
        "| shape | tape | faer | matrixmultiply | OpenBLAS | of the best other |"
    );
    writeln!(report, "|---|---|---|---|---|---|");
    let blas = std::env::var_os("OPENBLAS").and_then(|path| OpenBlas::load(&path));
    for (shape, transposed) in SHAPES {
        row(report, shape, transposed, blas.as_ref());
    }
    writeln!(report);
}

fn row(report: &mut Report, [m, k, n]: [usize; 3], transposed: bool, blas: Option<&OpenBlas>) {
    let a: Vec<f64> = numbers(m * k);
    let b: Vec<f64> = numbers(k * n);
    let mut tape = tape(&a, &b, [m, k, n], transposed);
    let [mut c0, mut c1, mut c2] = [0; 3].map(|_| vec![0.0; m * n]);
    let (rows, columns) = if transposed { (1, k) } else { (n, 1) };
    let mut faer = |calls: usize| {
        use faer::mat::{MatMut, MatRef};
        for _ in 0..calls {
            let a = MatRef::from_row_major_slice(black_box(&a), m, k);
            let b = MatRef::from_row_major_slice(
                black_box(&b),
                if transposed { n } else { k },
                if transposed { k } else { n },
            );
            let b = if transposed { b.transpose() } else { b };
            let c = MatMut::from_row_major_slice_mut(black_box(&mut c0), m, n);
            faer::linalg::matmul::matmul(c, faer::Accum::Replace, a, b, 1.0, faer::Par::Seq);
        }
    };
    let mut matrixmultiply = |calls: usize| {
        for _ in 0..calls {
            // SAFETY: the slices hold matrices of these shapes and strides.
            unsafe {
                matrixmultiply::dgemm(
                    m,
                    k,
                    n,
                    1.0,
                    black_box(&a).as_ptr(),
                    k as isize,
                    1,
                    black_box(&b).as_ptr(),
                    rows as isize,
                    columns as isize,
                    0.0,
                    black_box(&mut c1).as_mut_ptr(),
                    n as isize,
                    1,
                );
            }
        }
    };
    let mut openblas = |calls: usize| {
        for _ in 0..calls {
            if let Some(blas) = blas {
                blas.product(
                    black_box(&a),
                    black_box(&b),
                    black_box(&mut c2),
                    [m, k, n],
                    transposed,
                );
            } else {
                black_box(&mut c2);
            }
        }
    };
    let seconds = if blas.is_some() {
        measure::race(&mut [&mut tape, &mut faer, &mut matrixmultiply, &mut openblas])
    } else {
        measure::race(&mut [&mut tape, &mut faer, &mut matrixmultiply])
    };
    let rates: Vec<f64> = seconds
        .iter()
        .map(|s| 2e-9 * (m * k * n) as f64 / s)
        .collect();
    for others in [&c1, &c2].into_iter().take(1 + usize::from(blas.is_some())) {
        assert!(
            c0.iter()
                .zip(others)
                .all(|(x, y)| (x - y).abs() < 1e-12 * (1.0 + x.abs()) * k as f64)
        );
    }
    let best = rates[1..].iter().fold(0.0_f64, |m, &r| m.max(r));
    writeln!(
        report,
        "| {m}×{k} · {k}×{n}{} | {:.1} | {:.1} | {:.1} | {} | {:.0} % |",
        if transposed { " (transposed)" } else { "" },
        rates[0],
        rates[1],
        rates[2],
        rates.get(3).map_or(String::new(), |r| format!("{r:.1}")),
        100.0 * rates[0] / best,
    );
}

fn numbers<T: Lane>(count: usize) -> Vec<T> {
    (0..count)
        .map(|i| T::from_f64((1.0 + 7.3 * i as f64).sin()))
        .collect()
}

/// The product of two matrices that are parameters, of which one element leaves: what is measured is the step, not copies.
fn tape(
    a: &[f64],
    b: &[f64],
    [m, k, n]: [usize; 3],
    transposed: bool,
) -> impl FnMut(usize) + use<> {
    let theta = [a, b].concat();
    let second = if transposed { [n, k] } else { [k, n] };
    let f = Function::<f64>::record(&[("x", &[]), ("theta", &[theta.len()])], |v| {
        let a = v[1].slice(0, 0..m * k).reshape([m, k]);
        let b = v[1].slice(0, m * k..m * k + k * n).reshape(second);
        let c = a.matmul_with(b, false, transposed);
        vec![c.index(0).index(0) + v[0]]
    });
    let program = Program::with_products(&f.expect("two inputs"), 1).expect("it is small");
    let mut workspace = program.workspace(1);
    program.set_params(&mut workspace, &theta);
    move |calls| {
        let mut out = [0.0];
        for _ in 0..calls {
            program.eval(&mut workspace, 0, &[black_box(&[0.0])], black_box(&mut out));
        }
    }
}
