//! Resets that follow each other ever sooner.

use crate::{Error, Real};

/// The times of one event's resets, watched for intervals that shrink to nothing: a ball that comes to rest bounces infinitely often before it does.
///
/// [`Ivp`](crate::Ivp) watches its events with it; for solvers that take the steps between resets by themselves.
///
/// ```
/// use costate_ode::{Error, Zeno};
///
/// // Bounces at 1 − 4⁻ⁿ accumulate at t = 1.
/// let mut zeno = Zeno::new(0.0_f64);
/// let mut bounces = (1..).map(|n| zeno.reset(7, 1.0 - 0.25_f64.powi(n)));
/// let Some(Err(Error::Zeno { event, near, .. })) = bounces.find(Result::is_err) else { panic!("no end") };
/// assert!(event == 7 && (near - 1.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct Zeno<T> {
    /// Where the solve began.
    begin: T,
    /// The last two, the newest last.
    last: [T; 2],
    count: usize,
}

impl<T: Real> Zeno<T> {
    /// No reset yet, in a solve that begins at `begin`.
    #[must_use]
    pub fn new(begin: T) -> Self {
        Self {
            begin,
            last: [begin; 2],
            count: 0,
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// A reset at `t`, of the event with this number.
    ///
    /// # Errors
    /// [`Error::Zeno`] if the intervals have become negligible and still shrink.
    pub fn reset(&mut self, event: usize, t: T) -> Result<(), Error> {
        let [a, b] = self.last;
        self.last = [b, t];
        self.count += 1;
        if self.count < 4 {
            return Ok(());
        }
        let (before, now) = ((b - a).abs(), (t - b).abs());
        let gone = t - self.begin;
        let negligible = gone.abs() * T::epsilon().sqrt() * T::from_f64(1e-2);
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
        Err(Error::Zeno {
            event,
            count: self.count,
            interval: now.as_f64(),
            near: (t + gone.signum() * rest).as_f64(),
        })
    }
}
