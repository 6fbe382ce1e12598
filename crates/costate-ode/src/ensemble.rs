//! The same problem many times.

mod lanes;

pub use lanes::{Ended, Lane, LaneField, Lanes, Member, lane_ensemble};

use crate::{Failure, Field, Ivp, Real, Solution, State, System};

/// What became of one member of an ensemble.
type Outcome<T, Y> = Result<Solution<T, Y>, Failure<T, Y>>;

/// Solves a problem for each of `members`: parameters, starts, or both. With the feature `rayon` they are shared out over all threads of the current
/// pool. Each is solved on its own, with its own steps, so that the outcome for a member is the same to the last bit whatever the others are and however many
/// threads there are; a member that fails does not stop the others.
///
/// ```
/// use costate_ode::{Ivp, ensemble};
///
/// let rates = [0.5, 1.0, 2.0];
/// let solutions = ensemble(&rates, |rate| {
///     let rate = *rate;
///     Ivp::new(move |_t, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -rate * y[0], 0.0, [1.0], 1.0).save_end()
/// });
/// for (rate, solution) in rates.iter().zip(solutions) {
///     assert!((solution?.last()[0] - (-rate).exp()).abs() < 1e-6);
/// }
/// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
/// ```
pub fn ensemble<P, T, Y, S>(
    members: &[P],
    problem: impl Fn(&P) -> Ivp<T, Y, S> + Sync,
) -> Vec<Outcome<T, Y>>
where
    P: Sync,
    T: Real + Send,
    Y: State<T> + Send,
    Y::Element: Field<T>,
    S: System<T, Y>,
{
    let solve = |member: &P| problem(member).solve();
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        members.par_iter().map(solve).collect()
    }
    #[cfg(not(feature = "rayon"))]
    {
        members.iter().map(solve).collect()
    }
}
