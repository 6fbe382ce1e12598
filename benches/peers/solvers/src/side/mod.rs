//! One crate a file.

mod costate;
#[cfg(feature = "cvode")]
mod cvode;
mod differential;
mod diffsol;
mod ode_solvers;
mod russell;

use crate::Contestant;
use crate::large::Large;

/// The end state and the evaluations of f, or what went wrong.
pub type Ended<Y> = Result<(Y, usize), String>;

/// A method for large systems.
pub struct Sparse {
    pub name: &'static str,
    pub method: &'static str,
    pub solve: fn(&Large, f64) -> Ended<Vec<f64>>,
}

/// Who solves problems that are not stiff.
pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    [
        costate::nonstiff(),
        ode_solvers::nonstiff(),
        differential::nonstiff(),
        diffsol::nonstiff(),
        russell::nonstiff(),
        #[cfg(feature = "cvode")]
        cvode::nonstiff(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who solves stiff ones.
pub fn stiff<const N: usize>() -> Vec<Contestant<N>> {
    [
        costate::stiff(),
        differential::stiff(),
        diffsol::stiff(),
        russell::stiff(),
        #[cfg(feature = "cvode")]
        cvode::stiff(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who solves large ones with sparse Jacobians.
pub fn sparse() -> Vec<Sparse> {
    let mut all = costate::sparse();
    all.push(russell::sparse());
    #[cfg(feature = "cvode")]
    all.push(Sparse {
        name: "CVODE",
        method: "bdf, KLU",
        solve: cvode::sparse,
    });
    all
}
