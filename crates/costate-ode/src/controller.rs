//! Step-size control by digital filters.

use crate::Real;

/// A step-size controller, as data: with e_n the error of step n in the norm (1 is just acceptable), k the order of its estimate and h_n the step,
///
/// ```text
/// h_{n+1} = h_n · safety · e_n^{−β₁/k} · e_{n−1}^{−β₂/k} · e_{n−2}^{−β₃/k} · (h_n/h_{n−1})^{−α}
/// ```
///
/// kept between `min_factor` and `max_factor` times h_n, and not above h_n just after a rejection. A rejected step is tried again with
/// h_n · safety · e_n^{−retry/k}.
///
/// ```
/// use costate_ode::Controller;
///
/// let careful = Controller { safety: 0.8, ..Controller::PI };
/// assert_eq!(careful.beta, Controller::PI.beta);
/// ```
///
/// # References
/// \[Hairer1993\] II.4, \[Hairer1996\] IV.2, \[Soderlind2003\], \[Kennedy2003\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controller {
    /// The name by which programs and files choose it.
    pub name: &'static str,
    /// β₁, β₂, β₃.
    pub beta: [f64; 3],
    /// α.
    pub alpha: f64,
    /// The exponent after a rejection.
    pub retry: f64,
    /// How far below the estimated best step to stay.
    pub safety: f64,
    /// The smallest factor from one step to the next.
    pub min_factor: f64,
    /// The largest factor from one step to the next.
    pub max_factor: f64,
    /// Errors below this count as this when they are looked back at.
    pub floor: f64,
    /// The error that stands for the steps before the first.
    pub initial: f64,
}

impl Controller {
    /// The elementary controller, h e^{−1/k}.
    pub const I: Self = Self {
        name: "i",
        beta: [1.0, 0.0, 0.0],
        alpha: 0.0,
        retry: 1.0,
        safety: 0.9,
        min_factor: 0.2,
        max_factor: 10.0,
        floor: 1e-4,
        initial: 1.0,
    };

    /// Hairer's PI controller with his β = 0.04 (for order 5), smoother when stability limits the step. The default.
    pub const PI: Self = Self {
        name: "pi",
        beta: [0.85, -0.2, 0.0],
        retry: 0.85,
        initial: 1e-4,
        ..Self::I
    };

    /// Kennedy and Carpenter's PID controller.
    pub const PID: Self = Self {
        name: "pid",
        beta: [0.58, -0.21, 0.1],
        ..Self::I
    };

    /// Söderlind's H211b filter with b = 4: the smoothest step sequences.
    pub const H211B: Self = Self {
        name: "h211b",
        beta: [0.25, 0.25, 0.0],
        alpha: 0.25,
        ..Self::I
    };

    /// Every controller of this crate.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &[Self::I, Self::PI, Self::PID, Self::H211B]
    }
}

impl Default for Controller {
    fn default() -> Self {
        Self::PI
    }
}

/// A controller at work, on squared errors: one logarithm and one exponential a step.
#[derive(Clone, Debug)]
pub(crate) struct Control<T> {
    /// −β_i / 2k.
    exponents: [T; 3],
    retry: T,
    alpha: T,
    safety: T,
    factors: (T, T),
    /// ln of the squared floor and start values.
    floor: T,
    initial: T,
    /// ln e² of the two accepted steps before.
    past: [T; 2],
    /// The step before, or zero.
    h_before: T,
    just_rejected: bool,
}

impl<T: Real> Control<T> {
    pub(crate) fn new(controller: &Controller, k: usize) -> Self {
        let number = T::from_f64;
        let exponent = |beta: f64| number(-0.5 * beta / k as f64);
        let initial = number(2.0 * controller.initial.ln());
        Self {
            exponents: controller.beta.map(exponent),
            retry: exponent(controller.retry),
            alpha: number(controller.alpha),
            safety: number(controller.safety),
            factors: (number(controller.min_factor), number(controller.max_factor)),
            floor: number(2.0 * controller.floor.ln()),
            initial,
            past: [initial; 2],
            h_before: T::zero(),
            just_rejected: false,
        }
    }

    pub(crate) fn restart(&mut self) {
        self.past = [self.initial; 2];
        self.h_before = T::zero();
        self.just_rejected = false;
    }

    /// The factor for the step after an accepted one of size |h| and squared error `error2`.
    #[inline]
    pub(crate) fn accepted(&mut self, error2: T, h: T) -> T {
        let now = error2.max(T::min_positive_value()).ln();
        let mut exponent = self.exponents[0] * now + self.exponents[1] * self.past[0];
        if self.exponents[2] != T::zero() {
            exponent = exponent + self.exponents[2] * self.past[1];
        }
        if self.alpha != T::zero() && self.h_before != T::zero() {
            exponent = exponent - self.alpha * (h / self.h_before).ln();
        }
        self.past = [now.max(self.floor), self.past[0]];
        self.h_before = h;
        let factor = (self.safety * exponent.exp())
            .max(self.factors.0)
            .min(self.factors.1);
        if std::mem::take(&mut self.just_rejected) {
            factor.min(T::one())
        } else {
            factor
        }
    }

    /// The factor for trying again after a squared error above 1, infinite or not a number.
    #[cold]
    pub(crate) fn rejected(&mut self, error2: T) -> T {
        self.just_rejected = true;
        if !error2.is_finite() {
            return self.factors.0;
        }
        (self.safety * (self.retry * error2.ln()).exp()).max(self.factors.0)
    }
}
