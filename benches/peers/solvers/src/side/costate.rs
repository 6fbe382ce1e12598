//! costate-ode.

use crate::problem::Case;
use crate::{Contestant, Solve};
use costate_ode::{Ivp, Matrix, Method};
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
        auto: method("auto"),
    }
});

type Found<const N: usize> = Result<([f64; N], usize), String>;

/// Solves a problem that is not stiff.
fn plain<const N: usize>(method: Method, case: &Case<N>, tolerance: f64) -> Found<N> {
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
fn implicit<const N: usize>(method: Method, case: &Case<N>, tolerance: f64) -> Found<N> {
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
