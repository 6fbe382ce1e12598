//! One crate a file.

mod costate;
mod differential;
mod diffsol;
mod ode_solvers;

use crate::Contestant;

/// Who solves problems that are not stiff.
pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    [
        costate::nonstiff(),
        ode_solvers::nonstiff(),
        differential::nonstiff(),
        diffsol::nonstiff(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who solves stiff ones.
pub fn stiff<const N: usize>() -> Vec<Contestant<N>> {
    [costate::stiff(), differential::stiff(), diffsol::stiff()]
        .into_iter()
        .flatten()
        .collect()
}
