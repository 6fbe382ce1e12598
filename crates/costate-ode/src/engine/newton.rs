//! When to stop a Newton iteration.

use crate::{Element, Real, Scale};

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

/// How fresh the Jacobian at hand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// It must be taken.
    None,
    /// It is of an earlier step.
    Kept,
    /// It is of the present state.
    Fresh,
}

/// Whether a Jacobian may be used again. However well the iteration converges, not for steps of more than four times the size of that
/// which it was taken for: inside a jump a component may be so steep that, later on, equations with the old matrix change nothing, and that looks like convergence.
#[derive(Clone, Debug)]
pub(super) struct Lifetime<T> {
    age: Age,
    taken_for: T,
}

impl<T: Real> Lifetime<T> {
    /// Of none.
    pub(super) fn new() -> Self {
        Self {
            age: Age::None,
            taken_for: T::zero(),
        }
    }

    /// Whether one must be taken for a step of h; says that it is, then.
    pub(super) fn must_take(&mut self, h: T) -> bool {
        let too_long = h.abs() > self.taken_for * T::from_f64(4.0);
        if self.age == Age::Fresh || (self.age == Age::Kept && !too_long) {
            return false;
        }
        (self.age, self.taken_for) = (Age::Fresh, h.abs());
        true
    }

    /// A step is accepted: keeps it for the next if it did `well`.
    pub(super) fn accepted(&mut self, well: bool) {
        self.age = if well { Age::Kept } else { Age::None };
    }

    /// The iteration did not converge. Whether a fresh one may help; it will be taken, then.
    pub(super) fn failed(&mut self) -> bool {
        let kept = self.age == Age::Kept;
        if kept {
            self.age = Age::None;
        }
        kept
    }

    /// The state was changed.
    pub(super) fn end(&mut self) {
        self.age = Age::None;
    }

    /// Whether it is of an earlier step.
    pub(super) fn kept(&self) -> bool {
        self.age == Age::Kept
    }
}

/// How small the error of an iteration must be in the norm that has `rtol` for 1, so that it spoils neither a solution nor the estimate of its error.
pub(super) fn tolerance<T: Real>(rtol: T, epsilon: T) -> T {
    if rtol == T::zero() {
        return T::from_f64(1e-3);
    }
    (epsilon * T::from_f64(10.0) / rtol).max(rtol.sqrt().min(T::from_f64(0.03)))
}

/// Ten times the rounding of `y` and what is added to it, in the norm of the increments: smaller ones say nothing of convergence.
pub(super) fn rounding<T: Real, E: Element<T>>(scale: &mut Scale<T>, y: &[E], added: &[E]) -> T {
    let sum2 = scale.squared(y, y, |i| y[i]) + scale.squared(y, y, |i| added[i]);
    T::from_f64(10.0) * E::epsilon() * sum2.sqrt()
}

/// So many increments in a row that do not fall are rounding; one or two may be chance.
const STUCK: usize = 3;

/// When an iteration that has converged is at the level of rounding, for those who need the solution of its equations rather than one as good as the tolerance.
#[derive(Clone, Debug)]
pub(super) struct Settling<T> {
    /// Iterations once it is there.
    more: usize,
    before: Option<T>,
    iterations: usize,
    /// Increments in a row that did not fall.
    stuck: usize,
    settled: usize,
}

impl<T: Real> Settling<T> {
    /// With so many iterations more at that level.
    pub(super) fn new(more: usize) -> Self {
        Self {
            more,
            before: None,
            iterations: 0,
            stuck: 0,
            settled: 0,
        }
    }

    /// The iteration has just converged for the tolerance.
    pub(super) fn begin(&mut self) {
        (self.before, self.iterations, self.stuck, self.settled) = (None, 0, 0, 0);
    }

    /// After an increment of size `norm`, where rounding is of size `smallest` at least: whether to stop. Increments of rounding do not fall any more.
    pub(super) fn judge(&mut self, norm: T, smallest: T) -> bool {
        self.iterations += 1;
        let falls = self
            .before
            .is_none_or(|before| norm < before * T::from_f64(0.9));
        self.before = Some(norm);
        self.stuck = if falls { 0 } else { self.stuck + 1 };
        if self.settled > 0 || norm <= smallest || self.stuck == STUCK {
            self.settled += 1;
        }
        self.settled > self.more || self.iterations >= 200
    }
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
    /// Whether the estimate is of the matrix at hand.
    known: bool,
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
            known: false,
        }
    }

    /// Nothing is known of the contraction: one iteration is not enough, however small its increment. (A matrix that is far off makes small
    /// increments too.)
    pub(super) fn forget(&mut self) {
        self.remainder = T::one();
        self.known = false;
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

    /// After an increment of size `norm`. Increments that do not fall are no sign of divergence once they are below `rounding`, as where the first
    /// guess was the solution.
    pub(super) fn judge(&mut self, norm: T, rounding: impl FnOnce() -> T) -> Verdict {
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
                self.forget();
                return if norm <= rounding() {
                    Verdict::Converged
                } else {
                    Verdict::Hopeless
                };
            }
            self.remainder = self.rate / (T::one() - self.rate);
            self.known = true;
        }
        self.before = norm;
        if norm == T::zero() || (self.known && self.remainder * norm <= self.tolerance) {
            return Verdict::Converged;
        }
        let left = self.limit.saturating_sub(self.iterations);
        let at_best = self.remainder * norm * self.rate.powi(left as i32);
        let too_slow = self.iterations > 1 && at_best > self.tolerance;
        if left == 0 || too_slow {
            self.forget();
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

    fn judge(newton: &mut Convergence<f64>, norm: f64) -> Verdict {
        newton.judge(norm, || 1e-14)
    }

    #[test]
    fn it_stops_when_what_remains_is_small_and_gives_up_when_it_never_will_be() {
        let mut newton = Convergence::<f64>::new(7);
        newton.begin(1e-3);
        assert_eq!(judge(&mut newton, 1.0), Verdict::GoOn);
        assert_eq!(judge(&mut newton, 0.1), Verdict::GoOn);
        assert_eq!(judge(&mut newton, 0.01), Verdict::GoOn);
        assert_eq!(judge(&mut newton, 0.001), Verdict::Converged);
        assert!((newton.rate() - 0.1).abs() < 1e-12);
        // The rate known from before lets one iteration suffice.
        newton.begin(1e-3);
        assert_eq!(judge(&mut newton, 1e-3), Verdict::Converged);
        assert_eq!(newton.iterations(), 1);

        newton.begin(1e-9);
        assert_eq!(judge(&mut newton, 1.0), Verdict::GoOn);
        assert_eq!(judge(&mut newton, 0.5), Verdict::Hopeless);
        newton.begin(1e-3);
        assert_eq!(judge(&mut newton, 1.0), Verdict::GoOn);
        assert_eq!(judge(&mut newton, 2.0), Verdict::Hopeless);
        newton.begin(1e-3);
        assert_eq!(judge(&mut newton, f64::NAN), Verdict::Hopeless);
        // A small increment says nothing as long as the contraction is not known.
        newton.forget();
        newton.begin(1e-3);
        assert_eq!(judge(&mut newton, 1e-9), Verdict::GoOn);
        assert_eq!(judge(&mut newton, 0.99e-9), Verdict::Hopeless);
        // Unless it is rounding.
        newton.begin(1e-3);
        assert_eq!(judge(&mut newton, 1e-14), Verdict::GoOn);
        assert_eq!(judge(&mut newton, 1e-14), Verdict::Converged);
    }
}
