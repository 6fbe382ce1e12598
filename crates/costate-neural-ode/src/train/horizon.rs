//! Training on the beginning of a solution first.

use costate_ode::Real;

/// An end of the solve that moves out as the training goes on: long solutions of a field that is still wrong say little about it, and their losses are full of local minima.
///
/// The end grows evenly from `first` to `last` over so many iterations, and stays there.
///
/// ```
/// use costate_neural_ode::train::horizon::Horizon;
///
/// let horizon = Horizon { first: 1.0, last: 5.0, iterations: 100 };
/// assert_eq!((horizon.end::<f64>(0), horizon.end::<f64>(50), horizon.end::<f64>(400)), (1.0, 3.0, 5.0));
/// // How many of these save times lie within it
/// assert_eq!(horizon.saves(50, &[0.5, 1.5, 2.5, 3.5]), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Horizon {
    /// Where the solve ends in the first iteration.
    pub first: f64,
    /// Where it ends at last.
    pub last: f64,
    /// After how many iterations.
    pub iterations: u64,
}

impl Horizon {
    /// t₁ in an iteration.
    #[must_use]
    pub fn end<T: Real>(&self, iteration: u64) -> T {
        let done = (iteration as f64 / self.iterations.max(1) as f64).min(1.0);
        T::from_f64(self.first + done * (self.last - self.first))
    }

    /// How many of these times, which go the way of the solve, come before the end of an iteration; one at least.
    #[must_use]
    pub fn saves<T: Real>(&self, iteration: u64, times: &[T]) -> usize {
        let (end, back) = (self.end::<T>(iteration), self.last < self.first);
        let within = times.partition_point(|t| if back { *t >= end } else { *t <= end });
        within.max(1).min(times.len())
    }
}
