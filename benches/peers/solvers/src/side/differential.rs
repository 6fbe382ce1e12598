//! differential-equations.

use crate::Contestant;
use crate::problem::Case;
use differential_equations::prelude::*;

impl<const N: usize> ODE<f64, [f64; N]> for Case<N> {
    fn diff(&self, t: f64, y: &[f64; N], dy: &mut [f64; N]) {
        (self.field)(t, y, dy);
    }
    fn jacobian(&self, t: f64, y: &[f64; N], j: &mut Matrix<f64>) {
        for (i, row) in Case::jacobian(self, t, y).iter().enumerate() {
            for (k, entry) in row.iter().enumerate() {
                j[(i, k)] = *entry;
            }
        }
    }
}

macro_rules! contestant {
    ($name:literal, $method:expr) => {
        Contestant {
            name: "differential-equations",
            method: $name,
            solve: |case, tolerance| {
                let problem = IVP::ode(case, case.t0, case.t1, case.y0)
                    .t_eval([case.t1])
                    .method(
                        $method
                            .rtol(tolerance)
                            .atol(tolerance)
                            .max_steps(10_000_000),
                    );
                let solution = problem.solve().map_err(|error| format!("{error:?}"))?;
                let end = *solution.y.last().ok_or("no output")?;
                Ok((end, solution.evals.function))
            },
        }
    };
}

pub fn nonstiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![
        contestant!("dopri5", ExplicitRungeKutta::dopri5()),
        contestant!("dop853", ExplicitRungeKutta::dop853()),
    ]
}

pub fn stiff<const N: usize>() -> Vec<Contestant<N>> {
    vec![contestant!("radau5", ImplicitRungeKutta::radau5())]
}
