//! Step-size control by digital filters.

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
    #[cfg_attr(doc, doc = include_str!("../formulas/solver-controller.html"))]
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

/// A controller's law for squared errors: one logarithm and one power a step, of its own making, so that step sizes are the same on every machine.
///
/// It computes in `f64` whatever the scalar: step sizes are not differentiated, and need no more digits. Without branches, so that the compiler can follow
/// it in many lanes at once.
#[derive(Clone, Debug)]
pub(crate) struct Law {
    /// −β_i / 2k.
    exponents: [f64; 3],
    retry: f64,
    alpha: f64,
    safety: f64,
    min_factor: f64,
    max_factor: f64,
    /// log₂ of the squared floor.
    floor: f64,
    /// What is remembered before the first step.
    start: Memory,
}

/// What a controller remembers of the steps so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// log₂ e² of the two accepted steps before.
    pub(crate) past: [f64; 2],
    /// The accepted step before, or zero.
    pub(crate) h_before: f64,
    /// The largest factor allowed: just after a rejection a step does not grow.
    pub(crate) ceiling: f64,
}

impl Law {
    fn new(controller: &Controller, k: usize) -> Self {
        let exponent = |beta: f64| -0.5 * beta / k as f64;
        let initial = log2(controller.initial * controller.initial);
        Self {
            exponents: controller.beta.map(exponent),
            retry: exponent(controller.retry),
            alpha: controller.alpha,
            safety: controller.safety,
            min_factor: controller.min_factor,
            max_factor: controller.max_factor,
            floor: log2(controller.floor * controller.floor),
            start: Memory {
                past: [initial; 2],
                h_before: 0.0,
                ceiling: controller.max_factor,
            },
        }
    }

    pub(crate) fn start(&self) -> Memory {
        self.start
    }

    /// Whether the growth of the steps before counts.
    pub(crate) fn sees_growth(&self) -> bool {
        self.alpha != 0.0
    }

    /// The factor for the step after one of size |h| and squared error `error2` — accepted if that is at most 1, not if it is larger, infinite or not a
    /// number — and what is to be remembered of it. `growth` is [`growth_from`] the step before if the law [sees](Law::sees_growth) it, or anything.
    #[inline(always)]
    pub(crate) fn factor(&self, memory: Memory, error2: f64, h: f64, growth: f64) -> (f64, Memory) {
        let accepted = error2 <= 1.0;
        let now = log2(if error2 > 1e-200 { error2 } else { 1e-200 });
        let Memory {
            past,
            h_before,
            ceiling,
        } = memory;
        let exponent =
            self.exponents[0] * now + self.exponents[1] * past[0] + self.exponents[2] * past[1]
                - self.alpha * growth;
        let exponent = if accepted { exponent } else { self.retry * now };
        let power = self.safety * exp2(exponent);
        let power = if power > self.min_factor && error2 < f64::INFINITY {
            power
        } else {
            self.min_factor
        };
        let limit = if accepted { ceiling } else { f64::INFINITY };
        let factor = if power < limit { power } else { limit }; // book: (controller), book: (solver-controller)
        let floored = if now > self.floor { now } else { self.floor };
        let kept = Memory {
            past: if accepted { [floored, past[0]] } else { past },
            h_before: if accepted { h } else { h_before },
            ceiling: if accepted || self.max_factor < 1.0 {
                self.max_factor
            } else {
                1.0
            },
        };
        (factor, kept)
    }
}

/// A controller at work: its law, and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    law: Law,
    memory: Memory,
}

impl Control {
    pub(crate) fn new(controller: &Controller, k: usize) -> Self {
        let law = Law::new(controller, k);
        let memory = law.start();
        Self { law, memory }
    }

    pub(crate) fn law(&self) -> &Law {
        &self.law
    }

    pub(crate) fn restart(&mut self) {
        self.memory = self.law.start();
    }

    /// The factor for the step after one of size |h| and squared error `error2`.
    #[inline]
    pub(crate) fn factor(&mut self, error2: f64, h: f64) -> f64 {
        let growth = if self.law.sees_growth() {
            growth_from(self.memory.h_before, h)
        } else {
            0.0
        };
        let (factor, memory) = self.law.factor(self.memory, error2, h, growth);
        self.memory = memory;
        factor
    }
}

/// log₂ of how much longer a step is than the one before, of size zero if there was none.
#[inline(always)]
pub(crate) fn growth_from(h_before: f64, h: f64) -> f64 {
    let growth = log2(h / h_before);
    if h_before == 0.0 { 0.0 } else { growth }
}

/// e^{−1/k} of a squared error e², for engines with a control of their own; rounded alike on every machine.
pub(crate) fn inverse_root(error2: f64, k: usize) -> f64 {
    if !error2.is_finite() {
        return 0.0;
    }
    exp2(-0.5 * log2(error2.max(1e-200)) / k as f64)
}

/// log₂ x to about 10 digits, for positive normal numbers.
#[inline(always)]
fn log2(x: f64) -> f64 {
    // x = m 2^e with m in [√½, √2), and ln m = 2 artanh s with s = (m − 1)/(m + 1). Sums in pairs: the next step waits for them.
    // e + 1024 becomes a number as the last digits of 2⁵² + e + 1024.
    const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    let shifted = x.to_bits().wrapping_sub(ROOT_HALF);
    let biased = shifted.wrapping_add(1024 << 52) >> 52;
    let e = f64::from_bits(TWO_52 | biased) - (4_503_599_627_370_496.0 + 1024.0);
    let m = f64::from_bits((shifted & ((1 << 52) - 1)).wrapping_add(ROOT_HALF));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let s4 = s2 * s2;
    let series = (1.0 + s2 * (1.0 / 3.0))
        + s4 * ((0.2 + s2 * (1.0 / 7.0)) + s4 * (1.0 / 9.0 + s2 * (1.0 / 11.0)));
    e + (s * (2.0 * std::f64::consts::LOG2_E)) * series
}

/// 2^x to about 10 digits; 2^±1000 beyond.
#[inline(always)]
fn exp2(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the last bits
    let x = if x < 1000.0 { x } else { 1000.0 };
    let x = if x > -1000.0 { x } else { -1000.0 };
    let shifted = x + SHIFT;
    let z = (x - (shifted - SHIFT)) * std::f64::consts::LN_2;
    let z2 = z * z;
    let z4 = z2 * z2;
    let low = (1.0 + z) + z2 * (0.5 + z * (1.0 / 6.0));
    let high = (1.0 / 24.0 + z * (1.0 / 120.0)) + z2 * (1.0 / 720.0 + z * (1.0 / 5040.0));
    let sum = low + z4 * (high + z4 * (1.0 / 40_320.0 + z * (1.0 / 362_880.0)));
    sum * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_logarithm_and_power_are_good_to_nine_digits() {
        for i in -6000..6000 {
            let x = f64::from(i) * 0.031 + 0.0007;
            let (power, log) = (exp2(x), log2(x.exp2()));
            assert!((power / x.exp2() - 1.0).abs() < 1e-9, "2^{x} = {power}");
            assert!((log - x).abs() < 1e-9, "log2(2^{x}) = {log}");
        }
        assert_eq!((log2(1.0), exp2(0.0)), (0.0, 1.0));
        assert!(exp2(f64::INFINITY) > 1e300 && exp2(-1e9) < 1e-300);
    }

    #[test]
    fn the_elementary_controller_takes_the_root_of_the_error() {
        let mut control = Control::new(&Controller::I, 5);
        let factor = control.factor(0.01 * 0.01, 0.1);
        assert!((factor - 0.9 * 0.01_f64.powf(-0.2)).abs() < 1e-8);
        let factor = control.factor(10.0 * 10.0, 0.1);
        assert!((factor - 0.9 * 10_f64.powf(-0.2)).abs() < 1e-8);
        // Just after a rejection a step does not grow; errors of zero and none at all are bounded.
        assert_eq!(control.factor(1e-30, 0.1), 1.0);
        assert_eq!(control.factor(0.0, 0.1), 10.0);
        assert_eq!(control.factor(f64::NAN, 0.1), 0.2);
    }

    #[test]
    fn filters_look_back_as_their_formula_says() {
        let errors = [0.3, 0.05, 0.6, 0.2];
        let steps = [0.1, 0.12, 0.11, 0.13];
        for controller in Controller::all() {
            let mut control = Control::new(controller, 4);
            let mut factor = 0.0;
            for (e, h) in errors.iter().zip(steps) {
                factor = control.factor(e * e, h);
            }
            let [b1, b2, b3] = controller.beta.map(|b| -b / 4.0);
            let expected = 0.9
                * 0.2_f64.powf(b1)
                * 0.6_f64.powf(b2)
                * 0.05_f64.powf(b3)
                * (0.13_f64 / 0.11).powf(-controller.alpha);
            assert!(
                (factor - expected).abs() < 1e-9,
                "{}: {factor} {expected}",
                controller.name
            );
        }
    }
}
