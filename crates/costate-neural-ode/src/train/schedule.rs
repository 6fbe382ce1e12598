//! How a learning rate changes over a training.

use costate_ode::Real;

/// A learning rate as a function of the iteration.
///
/// ```
/// use costate_neural_ode::train::schedule::Schedule;
///
/// let cosine = Schedule::Cosine { iterations: 100, last: 0.0 };
/// assert_eq!(cosine.factor::<f64>(0), 1.0);
/// assert!((cosine.factor::<f64>(50) - 0.5).abs() < 1e-15);
/// assert_eq!(cosine.factor::<f64>(200), 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Schedule {
    /// The same throughout.
    Constant,
    /// Half a cosine, from 1 down to `last` at `iterations` and after.
    Cosine {
        /// Where the fall ends.
        iterations: u64,
        /// The factor from there on.
        last: f64,
    },
    /// Multiplied by `factor` after every `every` iterations.
    Steps {
        /// The distance of two falls.
        every: u64,
        /// The factor of each.
        factor: f64,
    },
}

impl Schedule {
    /// What the first learning rate is multiplied by in `iteration`, counted from 0.
    #[must_use]
    pub fn factor<T: Real>(self, iteration: u64) -> T {
        T::from_f64(match self {
            Self::Constant => 1.0,
            Self::Cosine { iterations, last } => {
                let done = (iteration as f64 / iterations.max(1) as f64).min(1.0);
                last + (1.0 - last) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
            Self::Steps { every, factor } => factor.powf((iteration / every.max(1)) as f64),
        })
    }
}
