//! Ensembles in the lanes of wide registers.

mod group;
mod number;
mod riders;
mod run;
mod step;

pub use number::{Lane, Lanes};

use crate::{Error, Integrator, Options, Stats, Tableau};
use group::Group;

/// A vector field of D equations with P parameters, written once for a single number and for many side by side.
///
/// Put `#[inline(always)]` on `eval`: only what is inlined is compiled for the registers of the machine at hand. Left out, results are the same, many times
/// later.
///
/// ```
/// use costate_ode::{Lane, LaneField, Lanes};
///
/// /// Logistic growth with the rate as its parameter.
/// struct Growth;
/// impl LaneField<1, 1> for Growth {
///     #[inline(always)]
///     fn eval<V: Lane>(&self, _t: V, y: &[V; 1], p: &[V; 1]) -> [V; 1] {
///         [p[0] * y[0] * (V::splat(1.0) - y[0])]
///     }
/// }
/// assert_eq!(Growth.eval(0.0, &[0.5], &[4.0]), [1.0]);
/// // The same line for two members side by side.
/// assert_eq!(Growth.eval(Lanes([0.0; 2]), &[Lanes([0.5, 0.25])], &[Lanes([4.0, 16.0])]), [Lanes([1.0, 3.0])]);
/// ```
pub trait LaneField<const D: usize, const P: usize>: Sync {
    /// f(t, y) with the parameters p.
    fn eval<V: Lane>(&self, t: V, y: &[V; D], p: &[V; P]) -> [V; D];
}

/// One member of an ensemble: its start and its parameters.
///
/// ```
/// use costate_ode::{Lane, LaneField, Member, Options, lane_ensemble, tableau};
///
/// struct Decay;
/// impl LaneField<1, 1> for Decay {
///     #[inline(always)]
///     fn eval<V: Lane>(&self, _t: V, y: &[V; 1], p: &[V; 1]) -> [V; 1] {
///         [-p[0] * y[0]]
///     }
/// }
/// let members = [0.5, 1.0, 2.0].map(|rate| Member { y0: [3.0], p: [rate] });
/// let options = Options::tolerances(1e-9, 1e-12);
/// let ended = lane_ensemble(&Decay, tableau::by_name("tsit5")?, &members, 0.0, 1.0, &options)?;
/// for (member, ended) in members.iter().zip(&ended) {
///     assert!((ended.y[0] - 3.0 * (-member.p[0]).exp()).abs() < 1e-7);
/// }
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member<const D: usize, const P: usize> {
    /// y(t₀).
    pub y0: [f64; D],
    /// Its parameters.
    pub p: [f64; P],
}

/// How a member ended.
///
/// ```
/// use costate_ode::{Lane, LaneField, Member, Options, lane_ensemble, tableau};
///
/// struct Square;
/// impl LaneField<1, 0> for Square {
///     #[inline(always)]
///     fn eval<V: Lane>(&self, _t: V, y: &[V; 1], _p: &[V; 0]) -> [V; 1] {
///         [y[0] * y[0]]
///     }
/// }
/// // y′ = y² is 1/(1/y₀ − t): from ½ it has a value at t = 1.5, from 1 it has none, and does not spoil the other.
/// let members = [0.5, 1.0].map(|y0| Member { y0: [y0], p: [] });
/// let ended = lane_ensemble(&Square, tableau::by_name("tsit5")?, &members, 0.0, 1.5, &Options::tolerances(1e-6, 1e-9))?;
/// assert!(ended[0].error.is_none() && (ended[0].y[0] - 2.0).abs() < 1e-4);
/// assert!(ended[1].error.as_ref().is_some_and(|error| error.to_string().contains("t = 1")));
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ended<const D: usize> {
    /// The state at t₁, or the last that was reached.
    pub y: [f64; D],
    /// What it cost.
    pub stats: Stats,
    /// Why it stopped before t₁, if it did.
    pub error: Option<Error>,
}

/// Solves a small system for each of `members` from `t0` to `t1` by an explicit method of at most seven stages that is FSAL (`tsit5`, `dopri5`, `bosh3`), eight or
/// sixteen at a time in the lanes of wide registers: each with its own step size, and another member in its lane when it is done.
///
/// The outcome for a member is to the bit that of an [`Integrator`] alone, whatever the others are. With the feature `rayon` members are shared out over threads,
/// which does not change it either. The instructions of the machine at hand are found when the program runs: a plain build uses AVX2 or AVX-512 where they are.
///
/// ```
/// use costate_ode::{Lane, LaneField, Member, Options, lane_ensemble, tableau};
///
/// struct Lorenz;
/// impl LaneField<3, 1> for Lorenz {
///     #[inline(always)]
///     fn eval<V: Lane>(&self, _t: V, y: &[V; 3], p: &[V; 1]) -> [V; 3] {
///         let c = V::splat;
///         [c(10.0) * (y[1] - y[0]), y[0] * (p[0] - y[2]) - y[1], y[0] * y[1] - c(8.0 / 3.0) * y[2]]
///     }
/// }
/// let members: Vec<_> = (0..100).map(|i| Member { y0: [1.0, 0.0, 0.0], p: [0.21 * f64::from(i)] }).collect();
/// let options = Options::tolerances(1e-6, 1e-6);
/// let ended = lane_ensemble(&Lorenz, tableau::by_name("tsit5")?, &members, 0.0, 10.0, &options)?;
/// // Below ρ = 1 everything comes to rest.
/// assert!(ended[2].y[0].abs() < 0.1 && ended[90].y[0].abs() > 1.0);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # Errors
/// [`Error::Option`] if the method, the norm or the tolerances are not of the kind this can do (tolerances equal for all components, RMS norm, adaptive steps), or
/// if `t0` or `t1` is not finite; what an [`Integrator`] refuses.
pub fn lane_ensemble<F: LaneField<D, P>, const D: usize, const P: usize>(
    field: &F,
    tableau: &'static Tableau,
    members: &[Member<D, P>],
    t0: f64,
    t1: f64,
    options: &Options<f64>,
) -> Result<Vec<Ended<D>>, Error> {
    let group = || Group::new(field, tableau, t0, t1, options);
    group()?;
    let run = |members: &[Member<D, P>]| {
        let mut group = group().expect("what was accepted once");
        run::run(&mut group, members)
    };
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        let chunk = members
            .len()
            .div_ceil(4 * rayon::current_num_threads())
            .max(64);
        Ok(members.par_chunks(chunk).flat_map_iter(run).collect())
    }
    #[cfg(not(feature = "rayon"))]
    {
        Ok(run(members))
    }
}

/// The member's field as a system of its own.
struct Alone<'a, F, const P: usize> {
    field: &'a F,
    p: [f64; P],
}

impl<F: LaneField<D, P>, const D: usize, const P: usize> crate::System<f64, [f64; D]>
    for Alone<'_, F, P>
{
    fn eval(&mut self, t: f64, y: &[f64; D], dy: &mut [f64; D]) {
        *dy = self.field.eval(t, y, &self.p);
    }
}

type Single<'a, F, const D: usize, const P: usize> = Integrator<f64, [f64; D], Alone<'a, F, P>>;
