//! russell_ode: Hairer's codes again, with the sparse solver that russell brings, in Rust.

use super::{Ended, Sparse};
use crate::Contestant;
use crate::large::Large;
use crate::problem::Case;
use russell_lab::Vector;
use russell_ode::{Method, NoArgs, OdeSolver, Params, System};
use russell_sparse::Sym;

/// Its own defaults beside the tolerances, but for the number of steps; on one thread, whose clock is read.
fn params(method: Method, tolerance: f64) -> Result<Params, String> {
    let mut params = Params::new(method);
    params.step.n_step_max = 10_000_000;
    params.radau5.concurrent = false;
    params.set_tolerances(tolerance, tolerance, None)?;
    Ok(params)
}

fn finish(
    params: Params,
    system: System<'_, NoArgs>,
    (t0, y0, t1): (f64, &[f64], f64),
) -> Ended<Vec<f64>> {
    let mut solver = OdeSolver::new(params, system)?;
    let mut y = Vector::from(&y0);
    solver.solve(&mut y, t0, t1, None, &mut 0, None)?;
    Ok((y.as_data().clone(), solver.stats().n_function))
}

fn solve<const N: usize>(case: &Case<N>, method: Method, tolerance: f64) -> Ended<[f64; N]> {
    let array = |y: &Vector| <[f64; N]>::try_from(&y.as_data()[..]).expect("of the problem's size");
    let mut system = System::new(N, move |dy: &mut Vector, t, y: &Vector, _: &mut NoArgs| {
        let dy = dy.as_mut_data().as_mut_slice();
        (case.field)(t, &array(y), dy.try_into().expect("of the problem's size"));
        Ok(())
    });
    if method == Method::Radau5 {
        system.set_jacobian(Some(N * N), Sym::No, move |jacobian, alpha, t, y, _| {
            jacobian.reset();
            for (i, row) in case.jacobian(t, &array(y)).iter().enumerate() {
                for (j, entry) in row.iter().enumerate() {
                    jacobian.put(i, j, alpha * entry)?;
                }
            }
            Ok(())
        })?;
    }
    let (y, nfe) = finish(
        params(method, tolerance)?,
        system,
        (case.t0, &case.y0, case.t1),
    )?;
    Ok((y.try_into().map_err(|_| "another size")?, nfe))
}

/// Radau IIA with sparse factors.
fn solve_large(case: &Large, tolerance: f64) -> Ended<Vec<f64>> {
    let field = |dy: &mut Vector, _, y: &Vector, _: &mut NoArgs| {
        case.field(y.as_data(), dy.as_mut_data());
        Ok(())
    };
    let mut system = System::new(case.y0.len(), field);
    let entries = case.rows.len();
    system.set_jacobian(Some(entries), Sym::No, move |jacobian, alpha, _, y, _| {
        let mut values = vec![0.0; entries];
        case.jacobian(y.as_data(), &mut values);
        jacobian.reset();
        for (column, ends) in case.starts.windows(2).enumerate() {
            for k in ends[0]..ends[1] {
                jacobian.put(case.rows[k], column, alpha * values[k])?;
            }
        }
        Ok(())
    })?;
    let params = params(Method::Radau5, tolerance)?;
    finish(params, system, (0.0, &case.y0, case.t1))
}

pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![
        Contestant {
            name: "russell_ode",
            method: "dopri5",
            solve: |case, tolerance| solve(case, Method::DoPri5, tolerance),
        },
        Contestant {
            name: "russell_ode",
            method: "dopri8",
            solve: |case, tolerance| solve(case, Method::DoPri8, tolerance),
        },
    ]
}

pub fn stiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![Contestant {
        name: "russell_ode",
        method: "radau5",
        solve: |case, tolerance| solve(case, Method::Radau5, tolerance),
    }]
}

pub fn sparse() -> Sparse {
    Sparse {
        name: "russell_ode",
        method: "radau5",
        solve: solve_large,
    }
}
