//! The scalars of time, step sizes, tolerances and norms.

use std::fmt::Debug;

/// What time, step sizes, tolerances and error norms are made of: any [`num_traits::Float`].
///
/// `f64` is the usual choice, also for states of `f32` (see [`Element`](crate::Element)). Dual numbers and double-double
/// numbers work too: an [`Integrator`](crate::Integrator) over dual numbers that is led through frozen steps gives the
/// derivative of the numbers computed.
///
/// The trait is implemented for every type that can; it cannot be implemented by hand.
///
/// ```
/// use costate_ode::Real;
///
/// fn half<T: Real>(x: T) -> T {
///     x * T::from_f64(0.5)
/// }
/// assert_eq!(half(3.0_f32), 1.5);
/// ```
pub trait Real: num_traits::Float + Debug {
    /// The constant nearest to `value`.
    ///
    /// # Panics
    /// If the type has no finite or infinite value for an `f64` at all; no floating-point type does that.
    #[inline]
    fn from_f64(value: f64) -> Self {
        Self::from(value).expect("a floating-point type holds every f64, rounded")
    }

    /// The value as an `f64`, rounded; NaN if the type cannot say. For messages and statistics.
    #[inline]
    fn as_f64(self) -> f64 {
        self.to_f64().unwrap_or(f64::NAN)
    }
}

impl<T: num_traits::Float + Debug> Real for T {}
