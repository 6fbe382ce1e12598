//! diffsol, with nalgebra's matrices.

use crate::Contestant;
use crate::problem::Case;
use diffsol::{
    NalgebraContext, NalgebraLU, NalgebraMat, NalgebraVec, OdeBuilder, OdeEquationsImplicit,
    OdeSolverMethod, OdeSolverProblem,
};

type M = NalgebraMat<f64>;
type LU = NalgebraLU<f64>;

fn problem<const N: usize>(
    case: &Case<N>,
    tolerance: f64,
) -> Result<
    OdeSolverProblem<
        impl OdeEquationsImplicit<M = M, V = NalgebraVec<f64>, T = f64, C = NalgebraContext> + '_,
    >,
    String,
> {
    let array = |y: &[f64]| <[f64; N]>::try_from(y).expect("a state of the problem's size");
    OdeBuilder::<M>::new()
        .t0(case.t0)
        .rtol(tolerance)
        .atol([tolerance])
        .rhs_implicit(
            move |y, _p, t, dy| {
                (case.field)(
                    t,
                    &array(y),
                    dy.try_into().expect("a slope of the problem's size"),
                );
            },
            move |y, _p, t, v, out| {
                for (out, row) in out.iter_mut().zip(case.jacobian(t, &array(y))) {
                    *out = row.iter().zip(v).map(|(a, b)| a * b).sum();
                }
            },
        )
        .init(|_p, _t, y| y.copy_from_slice(&case.y0), N)
        .build()
        .map_err(|error| error.to_string())
}

/// To the end and no further.
fn finish<'a, const N: usize, E>(
    mut solver: impl OdeSolverMethod<'a, E>,
    t1: f64,
) -> Result<([f64; N], usize), String>
where
    E: OdeEquationsImplicit<M = M, V = NalgebraVec<f64>, T = f64, C = NalgebraContext> + 'a,
{
    let words = |error: diffsol::error::DiffsolError| error.to_string();
    solver.set_stop_time(t1).map_err(words)?;
    while !matches!(
        solver.step().map_err(words)?,
        diffsol::OdeSolverStopReason::TstopReached
    ) {}
    let state = solver.state();
    let end = diffsol::Vector::clone_as_vec(state.y);
    Ok((end.try_into().map_err(|_| "another size")?, 0))
}

macro_rules! contestant {
    ($name:literal, $problem:ident => $solver:expr) => {
        Contestant {
            name: "diffsol",
            method: $name,
            solve: |case, tolerance| {
                let $problem = problem(case, tolerance)?;
                let solver = $solver.map_err(|error| error.to_string())?;
                finish(solver, case.t1)
            },
        }
    };
}

pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![contestant!("tsit45", problem => problem.tsit45())]
}

pub fn stiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![
        contestant!("bdf", problem => problem.bdf::<LU>()),
        contestant!("tr_bdf2", problem => problem.tr_bdf2::<LU>()),
        contestant!("esdirk34", problem => problem.esdirk34::<LU>()),
    ]
}
