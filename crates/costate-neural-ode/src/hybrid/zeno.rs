//! Resets that follow each other ever sooner.

use crate::Error;
use costate_ode::Real;

/// The times of an event's resets.
#[derive(Clone, Debug)]
pub(super) struct Zeno<T> {
    /// The last three, the newest last.
    last: Vec<T>,
    count: usize,
}

impl<T: Real> Zeno<T> {
    pub(super) fn new() -> Self {
        Self {
            last: Vec::new(),
            count: 0,
        }
    }

    /// A reset of `event` at `t`, in a solve that began at `begin`: refused if the intervals have become negligible and still shrink.
    pub(super) fn reset(&mut self, event: usize, begin: T, t: T) -> Result<(), Error> {
        self.count += 1;
        self.last.push(t);
        if self.last.len() > 3 {
            self.last.remove(0);
        }
        if self.count < 4 {
            return Ok(());
        }
        let (before, now) = (
            (self.last[1] - self.last[0]).abs(),
            (self.last[2] - self.last[1]).abs(),
        );
        let negligible = (t - begin).abs() * T::epsilon().sqrt() * T::from_f64(1e-2);
        if now > negligible || now > before {
            return Ok(());
        }
        let ratio = if before > T::zero() {
            now / before
        } else {
            T::zero()
        };
        let rest = if ratio < T::one() {
            now * ratio / (T::one() - ratio)
        } else {
            T::zero()
        };
        Err(Error::Solver(costate_ode::Error::Zeno {
            event,
            count: self.count,
            interval: now.as_f64(),
            near: (t + (t - begin).signum() * rest).as_f64(),
        }))
    }
}
