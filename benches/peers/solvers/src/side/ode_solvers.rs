//! ode_solvers: Hairer's codes in Rust. Without output between, as far as its interface allows: it has every step.

use crate::Contestant;
use crate::problem::{Case, Field};
use nalgebra::SVector;
use ode_solvers::dop_shared::OutputType;
use ode_solvers::{Dop853, Dopri5, System};

struct Call<const N: usize>(Field<N>);

impl<const N: usize> System<f64, SVector<f64, N>> for Call<N> {
    fn system(&self, t: f64, y: &SVector<f64, N>, dy: &mut SVector<f64, N>) {
        (self.0)(t, &y.data.0[0], &mut dy.data.0[0]);
    }
}

pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    // Its own defaults beside the tolerances, but for the number of steps.
    let dopri5 = |case: &Case<N>, tolerance: f64| {
        let mut solver = Dopri5::from_param(
            Call(case.field),
            case.t0,
            case.t1,
            0.0,
            SVector::from(case.y0),
            tolerance,
            tolerance,
            0.9,
            0.04,
            0.2,
            10.0,
            case.t1 - case.t0,
            0.0,
            10_000_000,
            1000,
            OutputType::Sparse,
        );
        let stats = solver.integrate().map_err(|error| error.to_string())?;
        let end = solver.y_out().last().ok_or("no output")?;
        Ok((end.data.0[0], stats.num_eval as usize))
    };
    let dop853 = |case: &Case<N>, tolerance: f64| {
        let mut solver = Dop853::from_param(
            Call(case.field),
            case.t0,
            case.t1,
            0.0,
            SVector::from(case.y0),
            tolerance,
            tolerance,
            0.9,
            0.0,
            0.333,
            6.0,
            case.t1 - case.t0,
            0.0,
            10_000_000,
            1000,
            OutputType::Sparse,
        );
        let stats = solver.integrate().map_err(|error| error.to_string())?;
        let end = solver.y_out().last().ok_or("no output")?;
        Ok((end.data.0[0], stats.num_eval as usize))
    };
    vec![
        Contestant {
            name: "ode_solvers",
            method: "dopri5",
            solve: dopri5,
        },
        Contestant {
            name: "ode_solvers",
            method: "dop853",
            solve: dop853,
        },
    ]
}
