//! What an integration gives.

use crate::{Element, Error, Occurrence, Real, State, Stats};
use std::fmt;

/// The saved times and states of an integration.
///
/// ```
/// use costate_ode::Ivp;
///
/// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
/// let solution = Ivp::new(decay, 0.0, [1.0], 1.0).solve()?;
/// assert_eq!((solution.t[0], solution.y[0]), (0.0, [1.0]));
/// assert_eq!(solution.t.len(), solution.stats.accepted + 1);
/// assert_eq!(solution.last(), &solution.y[solution.stats.accepted]);
/// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Solution<T, Y> {
    /// The times saved, in the order of the integration.
    pub t: Vec<T>,
    /// The states at these times.
    pub y: Vec<Y>,
    /// The events that happened, in the order of the integration.
    pub events: Vec<Occurrence<T, Y>>,
    /// What it cost.
    pub stats: Stats,
    /// The continuous solution, if it was asked for.
    pub dense: Option<Trajectory<T, Y>>,
}

impl<T, Y> Solution<T, Y> {
    pub(crate) fn empty() -> Self {
        Self {
            t: Vec::new(),
            y: Vec::new(),
            events: Vec::new(),
            stats: Stats::default(),
            dense: None,
        }
    }

    /// The last state saved.
    ///
    /// # Panics
    /// If nothing was saved.
    #[must_use]
    #[track_caller]
    pub fn last(&self) -> &Y {
        self.y.last().expect("nothing was saved")
    }
}

/// An integration that could not reach its end: why, and what it had computed until then.
///
/// It displays as its error does: what happened, where, and what to try.
///
/// ```
/// use costate_ode::Ivp;
///
/// let explodes = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = y[0] * y[0]; // y = 1/(1 − t)
/// let failure = Ivp::new(explodes, 0.0, [1.0], 2.0).solve().unwrap_err();
/// assert!(failure.to_string().contains("infinite near t = 1.0"), "{failure}");
/// assert!((failure.partial.t.last().unwrap() - 1.0).abs() < 1e-3);
/// ```
#[derive(Clone)]
pub struct Failure<T, Y> {
    /// Why it stopped.
    pub error: Error,
    /// The solution up to there.
    pub partial: Box<Solution<T, Y>>,
}

impl<T, Y> fmt::Display for Failure<T, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T, Y> fmt::Debug for Failure<T, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Failure({}; {} states saved)",
            self.error,
            self.partial.t.len()
        )
    }
}

impl<T, Y> std::error::Error for Failure<T, Y> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A continuous solution that outlives its integration.
///
/// On each step y(t) = y_n + σ Σ_m c_m (σ − σ₀)^m with σ = (t − t_n)/h, where each c_m is a state.
///
/// ```
/// use costate_ode::Ivp;
///
/// let solution = Ivp::new(|_t, y, dy| dy[0] = -y[0], 0.0, [1.0], 2.0).dense().solve()?;
/// let trajectory = solution.dense.unwrap();
/// assert!((trajectory.at(0.7)[0] - (-0.7_f64).exp()).abs() < 1e-3);
/// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trajectory<T, Y> {
    /// Where the steps begin, and the end of the last.
    times: Vec<T>,
    /// The states at these times.
    states: Vec<Y>,
    /// Coefficient states c_0, c_1, … of each step, behind each other: y_n + σ Σ c_m (σ − σ₀)^m.
    powers: Vec<Y>,
    /// Where the coefficients of each step begin.
    offsets: Vec<usize>,
    /// Sizes h and centres σ₀ of the steps, of which the last part may have been left out; h = 0 where the state jumps.
    sizes: Vec<(T, T)>,
}

impl<T: Real, Y: State<T>> Trajectory<T, Y> {
    pub(crate) fn new(t0: T, y0: &Y) -> Self {
        Self {
            times: vec![t0],
            states: vec![y0.clone()],
            powers: Vec::new(),
            offsets: vec![0],
            sizes: Vec::new(),
        }
    }

    /// Appends the step of size h and centre σ₀ that leads to `y` at `t`, whose coefficient states `powers` pushes.
    pub(crate) fn push(
        &mut self,
        t: T,
        y: &Y,
        (h, centre): (T, T),
        powers: impl FnOnce(&mut Vec<Y>),
    ) {
        self.sizes.push((h, centre));
        powers(&mut self.powers);
        self.offsets.push(self.powers.len());
        self.times.push(t);
        self.states.push(y.clone());
    }

    /// Where the steps begin, and the end of the last.
    #[must_use]
    pub fn times(&self) -> &[T] {
        &self.times
    }

    /// The state at `t`; where it was reset, the one before.
    ///
    /// # Panics
    /// If `t` lies outside the times integrated.
    #[must_use]
    #[track_caller]
    pub fn at(&self, t: T) -> Y {
        let mut y = self.states[0].clone();
        self.write(t, &mut y);
        y
    }

    /// Writes the state at `t` into `y`.
    ///
    /// # Panics
    /// If `t` lies outside the times integrated.
    #[track_caller]
    pub fn write(&self, t: T, y: &mut Y) {
        let (first, last) = (self.times[0], self.times[self.times.len() - 1]);
        let inside = if first <= last {
            first <= t && t <= last
        } else {
            last <= t && t <= first
        };
        assert!(
            inside,
            "t = {t:?} lies outside the times {first:?} to {last:?} that were integrated"
        );
        // The step whose end is the first not before t.
        let before = |time: &T| if first <= last { *time < t } else { *time > t };
        let end = self.times.partition_point(before);
        if self.times[end] == t {
            y.as_mut_slice()
                .copy_from_slice(self.states[end].as_slice());
            return;
        }
        let n = end - 1;
        let (h, centre) = self.sizes[n];
        let sigma = (t - self.times[n]) / h;
        let powers = &self.powers[self.offsets[n]..self.offsets[end]];
        let weight = <Y::Element as Element<T>>::weight(sigma);
        let about = <Y::Element as Element<T>>::weight(sigma - centre);
        // Horner's scheme in every component.
        for (i, (out, start)) in y
            .as_mut_slice()
            .iter_mut()
            .zip(self.states[n].as_slice())
            .enumerate()
        {
            let sum = powers.iter().rev().fold(Y::Element::zero(), |sum, c| {
                c.as_slice()[i].add_scaled(about, sum)
            });
            *out = start.add_scaled(weight, sum);
        }
    }
}
