//! costate-ode.

use super::{Ended, Sparse};
use crate::large::Large;
use crate::problem::Case;
use crate::{Contestant, Solve};
use costate_ode::{Ivp, Matrix, Method, Pattern, Structure};
use std::sync::LazyLock;

/// The methods, looked up once.
struct Methods {
    dopri5: Method,
    tsit5: Method,
    dop853: Method,
    verner7: Method,
    verner9: Method,
    rodas5p: Method,
    radau: Method,
    bdf: Method,
    kvaerno5: Method,
    kencarp4: Method,
    auto: Method,
}

static METHODS: LazyLock<Methods> = LazyLock::new(|| {
    let method = |name| Method::by_name(name).expect("a known method");
    Methods {
        dopri5: method("dopri5"),
        tsit5: method("tsit5"),
        dop853: method("dop853"),
        verner7: method("verner7"),
        verner9: method("verner9"),
        rodas5p: method("rodas5p"),
        radau: method("radau"),
        bdf: method("bdf"),
        kvaerno5: method("kvaerno5"),
        kencarp4: method("kencarp4"),
        auto: method("auto"),
    }
});

/// Solves a problem that is not stiff.
fn plain<const N: usize>(method: Method, case: &Case<N>, tolerance: f64) -> Ended<[f64; N]> {
    let problem = Ivp::new(case.field, case.t0, case.y0, case.t1)
        .method(method)
        .rtol(tolerance)
        .atol(tolerance)
        .max_steps(10_000_000)
        .save_end();
    let solution = problem.solve().map_err(|failure| failure.to_string())?;
    Ok((*solution.y.last().expect("the end"), solution.stats.nfe))
}

/// Solves a stiff one, which does not depend on t.
fn implicit<const N: usize>(method: Method, case: &Case<N>, tolerance: f64) -> Ended<[f64; N]> {
    let jacobian = |t: f64, y: &[f64; N], j: &mut Matrix<f64>| {
        for (i, row) in case.jacobian(t, y).iter().enumerate() {
            for (k, entry) in row.iter().enumerate() {
                j.set(i, k, *entry);
            }
        }
    };
    let problem = Ivp::new(case.field, case.t0, case.y0, case.t1)
        .jacobian(jacobian)
        .autonomous()
        .method(method)
        .rtol(tolerance)
        .atol(tolerance)
        .max_steps(10_000_000)
        .save_end();
    let solution = problem.solve().map_err(|failure| failure.to_string())?;
    Ok((*solution.y.last().expect("the end"), solution.stats.nfe))
}

fn contestant<const N: usize>(method: &'static str, solve: Solve<N>) -> Contestant<N> {
    Contestant {
        name: "costate",
        method,
        solve,
    }
}

pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![
        contestant("dopri5", |case, tolerance| {
            plain(METHODS.dopri5, case, tolerance)
        }),
        contestant("tsit5", |case, tolerance| {
            plain(METHODS.tsit5, case, tolerance)
        }),
        contestant("dop853", |case, tolerance| {
            plain(METHODS.dop853, case, tolerance)
        }),
        contestant("verner7", |case, tolerance| {
            plain(METHODS.verner7, case, tolerance)
        }),
        contestant("verner9", |case, tolerance| {
            plain(METHODS.verner9, case, tolerance)
        }),
    ]
}

pub fn stiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![
        contestant("rodas5p", |case, tolerance| {
            implicit(METHODS.rodas5p, case, tolerance)
        }),
        contestant("radau", |case, tolerance| {
            implicit(METHODS.radau, case, tolerance)
        }),
        contestant("bdf", |case, tolerance| {
            implicit(METHODS.bdf, case, tolerance)
        }),
        contestant("kvaerno5", |case, tolerance| {
            implicit(METHODS.kvaerno5, case, tolerance)
        }),
        contestant("auto", |case, tolerance| {
            implicit(METHODS.auto, case, tolerance)
        }),
    ]
}

/// Solves a large system with its sparse Jacobian: banded where that is narrow.
fn factored(method: Method, case: &Large, tolerance: f64) -> Ended<Vec<f64>> {
    let n = case.y0.len();
    let structure = match case.band {
        Some(width) => Structure::Banded {
            lower: width,
            upper: width,
        },
        None => {
            let entries = (0..n).flat_map(|j| {
                let rows = &case.rows[case.starts[j]..case.starts[j + 1]];
                rows.iter().map(move |i| (*i, j))
            });
            Structure::Sparse(Pattern::new(n, entries))
        }
    };
    // The matrix keeps the entries of a sparse structure in the problem's own order; a banded one has some more.
    let mut values = vec![0.0; case.rows.len()];
    let jacobian = move |_t: f64, y: &Vec<f64>, j: &mut Matrix<f64>| {
        if case.band.is_none() {
            case.jacobian(y, j.as_mut_slice());
            return;
        }
        case.jacobian(y, &mut values);
        for column in 0..n {
            for at in case.starts[column]..case.starts[column + 1] {
                j.set(case.rows[at], column, values[at]);
            }
        }
    };
    let field = |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| case.field(y, dy);
    let problem = Ivp::new(field, 0.0, case.y0.clone(), case.t1)
        .jacobian(jacobian)
        .structure(structure)
        .autonomous()
        .method(method)
        .rtol(tolerance)
        .atol(tolerance)
        .max_steps(10_000_000)
        .save_end();
    let mut solution = problem.solve().map_err(|failure| failure.to_string())?;
    Ok((solution.y.pop().expect("the end"), solution.stats.nfe))
}

pub fn sparse() -> Vec<Sparse> {
    let contestant = |method, solve| Sparse {
        name: "costate",
        method,
        solve,
    };
    vec![
        contestant("rodas5p", |case, tolerance| {
            factored(METHODS.rodas5p, case, tolerance)
        }),
        contestant("radau", |case, tolerance| {
            factored(METHODS.radau, case, tolerance)
        }),
        contestant("bdf", |case, tolerance| {
            factored(METHODS.bdf, case, tolerance)
        }),
        contestant("kvaerno5", |case, tolerance| {
            factored(METHODS.kvaerno5, case, tolerance)
        }),
        contestant("kencarp4", |case, tolerance| {
            factored(METHODS.kencarp4, case, tolerance)
        }),
    ]
}
