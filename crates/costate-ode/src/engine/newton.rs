//! When to stop a Newton iteration.

use crate::Real;

/// What to make of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What remains is within the tolerance.
    Converged,
    /// It diverges, or too slowly to get there.
    Hopeless,
    /// Once more.
    GoOn,
}

/// What the Jacobian at hand is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// It must be taken.
    None,
    /// It is of an earlier step.
    Kept,
    /// It is of the present state.
    Fresh,
}

/// How small the error of an iteration must be in the norm that has `rtol` for 1, so that it spoils neither a solution nor the estimate of its error.
pub(super) fn tolerance<T: Real>(rtol: T, epsilon: T) -> T {
    if rtol == T::zero() {
        return T::from_f64(1e-3);
    }
    (epsilon * T::from_f64(10.0) / rtol).max(rtol.sqrt().min(T::from_f64(0.03)))
}

/// The convergence of simplified Newton iterations (\[Hairer1996\] IV.8): with increments ‖Δ_k‖ and their quotient θ,
/// θ/(1 − θ) ‖Δ_k‖ bounds what remains. An estimate of it from the step before lets a first iteration suffice.
#[derive(Clone, Debug)]
pub(super) struct Convergence<T> {
    limit: usize,
    tolerance: T,
    iterations: usize,
    /// ‖Δ‖ of the iteration before, and the last quotient.
    before: T,
    quotient: T,
    /// θ, and θ/(1 − θ).
    rate: T,
    remainder: T,
}

impl<T: Real> Convergence<T> {
    /// Of at most `limit` iterations.
    pub(super) fn new(limit: usize) -> Self {
        let one = T::one();
        Self {
            limit,
            tolerance: one,
            iterations: 0,
            before: one,
            quotient: one,
            rate: one,
            remainder: one,
        }
    }

    /// Nothing is known from steps before.
    pub(super) fn forget(&mut self) {
        self.remainder = T::one();
    }

    /// A new step, whose iteration may leave an error of `tolerance` in the norm of the increments.
    pub(super) fn begin(&mut self, tolerance: T) {
        self.tolerance = tolerance;
        self.iterations = 0;
        // The estimate of the step before, with more reserve the better it was: its power 3/4.
        let root = self.remainder.max(T::epsilon()).sqrt();
        self.remainder = root * root.sqrt();
        self.rate = self.remainder.min(T::from_f64(1e-3));
    }

    /// After an increment of size `norm`.
    pub(super) fn judge(&mut self, norm: T) -> Verdict {
        self.iterations += 1;
        if !norm.is_finite() {
            return Verdict::Hopeless;
        }
        if self.iterations > 1 {
            let quotient = norm / self.before;
            self.rate = if self.iterations == 2 {
                quotient
            } else {
                (quotient * self.quotient).sqrt()
            };
            self.quotient = quotient;
            if norm != T::zero() && self.rate >= T::from_f64(0.99) {
                self.remainder = T::one();
                return Verdict::Hopeless;
            }
            self.remainder = self.rate / (T::one() - self.rate);
        }
        self.before = norm;
        if self.remainder * norm <= self.tolerance {
            return Verdict::Converged;
        }
        let left = self.limit.saturating_sub(self.iterations);
        let at_best = self.remainder * norm * self.rate.powi(left as i32);
        let too_slow = self.iterations > 1 && at_best > self.tolerance;
        if left == 0 || too_slow {
            self.remainder = T::one();
            Verdict::Hopeless
        } else {
            Verdict::GoOn
        }
    }

    /// Iterations of the step.
    pub(super) fn iterations(&self) -> usize {
        self.iterations
    }

    /// The most it may be.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// θ of the step; small if one iteration was enough.
    pub(super) fn rate(&self) -> T {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_when_what_remains_is_small_and_gives_up_when_it_never_will_be() {
        let mut newton = Convergence::<f64>::new(7);
        newton.begin(1e-3);
        assert_eq!(newton.judge(1.0), Verdict::GoOn);
        assert_eq!(newton.judge(0.1), Verdict::GoOn);
        assert_eq!(newton.judge(0.01), Verdict::GoOn);
        assert_eq!(newton.judge(0.001), Verdict::Converged);
        assert!((newton.rate() - 0.1).abs() < 1e-12);
        // The rate known from before lets one iteration suffice.
        newton.begin(1e-3);
        assert_eq!(newton.judge(1e-3), Verdict::Converged);
        assert_eq!(newton.iterations(), 1);

        newton.begin(1e-9);
        assert_eq!(newton.judge(1.0), Verdict::GoOn);
        assert_eq!(newton.judge(0.5), Verdict::Hopeless);
        newton.begin(1e-3);
        assert_eq!(newton.judge(1.0), Verdict::GoOn);
        assert_eq!(newton.judge(2.0), Verdict::Hopeless);
        newton.begin(1e-3);
        assert_eq!(newton.judge(f64::NAN), Verdict::Hopeless);
    }
}
