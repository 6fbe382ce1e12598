//! Algebraic equations as differential ones.
//!
//! Along a solution of 0 = g(y, z, t) its derivative by t is zero too: g_y dy/dt + g_z dz/dt + g_t = 0. With g_z invertible (index 1) that
//! gives dz/dt, so z is a component of the state as any other and every solver, gradient method and event has it. What is left to do is to
//! begin with g = 0, and again behind jumps: [`Consistent`](crate::consistent::Consistent).

use costate_tape::Var;

/// A function of the state, the time and parameters with its derivatives by the first two.
pub(crate) struct Slope<'t> {
    /// By each state.
    pub(crate) by_state: Vec<Var<'t, f64>>,
    pub(crate) by_time: Var<'t, f64>,
}

/// Puts dz/dt in the place of g for the states `algebraic`, given the derivatives of each of these g.
pub(crate) fn differentiated<'t>(
    rates: &mut [Var<'t, f64>],
    algebraic: &[usize],
    slopes: &[Slope<'t>],
) {
    let differential = |j: &usize| !algebraic.contains(j);
    // What g would change by with z at rest.
    let drift = |slope: &Slope<'t>| {
        let others = (0..rates.len()).filter(differential);
        others.fold(slope.by_time, |sum, j| sum + slope.by_state[j] * rates[j])
    };
    let drifts: Vec<Var<'t, f64>> = slopes.iter().map(drift).collect();
    match (algebraic, slopes) {
        ([], _) => {}
        (&[z], [slope]) => rates[z] = -(drifts[0] / slope.by_state[z]), // book: (index-one)
        _ => {
            let k = algebraic.len();
            let entries = slopes
                .iter()
                .flat_map(|slope| algebraic.iter().map(|&z| slope.by_state[z]));
            let matrix = Var::stack(&entries.collect::<Vec<_>>()).reshape([k, k]);
            let solved = matrix.solve(Var::stack(&drifts));
            for (i, &z) in algebraic.iter().enumerate() {
                rates[z] = -solved.index(i); // book: (index-one)
            }
        }
    }
}
