//! Where save times lie in the steps of a solve.

use costate_ode::Real;

/// A save time in its step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SavePoint<T> {
    /// σ: the save time is t_n + σ dt.
    pub(crate) sigma: T,
    /// It is the end of its step: the state is the step's own.
    pub(crate) at_end: bool,
}

/// A save point with the number of its step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepSave<T> {
    pub(crate) step: usize,
    pub(crate) point: SavePoint<T>,
}

impl<T: Real> SavePoint<T> {
    /// `time` in the step of `size` from `begin` to `t`, on the way to `end`; none if it lies behind that step.
    #[inline]
    pub(crate) fn find(time: T, (begin, t, size): (T, T, T), end: T) -> Option<Self> {
        if (t - time) * (end - begin) < T::zero() {
            return None;
        }
        let at_end = time == t;
        let sigma = if at_end {
            T::one()
        } else {
            (time - begin) / size
        };
        Some(Self { sigma, at_end })
    }
}
