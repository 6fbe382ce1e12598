//! How to integrate.

use crate::{Controller, Error, Norm, Real, Tolerance};

/// Tolerances, norm, controller and limits of an integration.
///
/// ```
/// use costate_ode::Options;
///
/// let options = Options::<f64>::tolerances(1e-8, 1e-10);
/// assert_eq!(options.rtol.at(0), 1e-8);
/// ```
#[derive(Clone, Debug)]
pub struct Options<T> {
    /// Relative tolerance; 1e-3 unless given.
    pub rtol: Tolerance<T>,
    /// Absolute tolerance, in the units of the state; 1e-6 unless given.
    pub atol: Tolerance<T>,
    /// How scaled errors become one number.
    pub norm: Norm<T>,
    /// How steps follow from errors.
    pub controller: Controller,
    /// A constant step |h|: no error is measured. The last step is as long as it must be to land on the end.
    pub step: Option<T>,
    /// The size of the first step; by default estimated from f at the start, at the cost of one evaluation.
    pub h_init: Option<T>,
    /// The smallest step that is not a failure; by default what the resolution of t allows.
    pub h_min: T,
    /// The largest step; by default infinite.
    pub h_max: T,
    /// Steps (accepted and rejected) after which to give up.
    pub max_steps: usize,
}

impl<T: Real> Default for Options<T> {
    fn default() -> Self {
        Self {
            rtol: Tolerance::Scalar(T::from_f64(1e-3)),
            atol: Tolerance::Scalar(T::from_f64(1e-6)),
            norm: Norm::Rms,
            controller: Controller::PI,
            step: None,
            h_init: None,
            h_min: T::zero(),
            h_max: T::infinity(),
            max_steps: 1_000_000,
        }
    }
}

impl<T: Real> Options<T> {
    /// Adaptive steps to these tolerances.
    pub fn tolerances(rtol: impl Into<Tolerance<T>>, atol: impl Into<Tolerance<T>>) -> Self {
        Self {
            rtol: rtol.into(),
            atol: atol.into(),
            ..Self::default()
        }
    }

    /// Constant steps of size |h| = `step`.
    ///
    /// ```
    /// use costate_ode::{Integrator, Options, tableau};
    ///
    /// let decay = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    /// let mut integrator = Integrator::new(tableau::by_name("rk4")?, decay, 0.0, &[1.0], Options::constant_step(0.25))?;
    /// integrator.set_end(1.0);
    /// while !integrator.finished() {
    ///     integrator.step()?;
    /// }
    /// assert_eq!((integrator.stats().accepted, integrator.stats().nfe), (4, 16));
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    pub fn constant_step(step: T) -> Self {
        Self {
            step: Some(step),
            ..Self::default()
        }
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let positive = |what: &'static str, value: T| {
            if value > T::zero() {
                Ok(())
            } else {
                Err(Error::Option {
                    what,
                    value: value.as_f64(),
                    reason: "it must be positive",
                })
            }
        };
        if let Some(step) = self.step {
            positive("step", step)?;
        }
        if let Some(h) = self.h_init {
            positive("h_init", h)?;
        }
        positive("h_max", self.h_max)?;
        if !(self.h_min >= T::zero() && self.h_min < self.h_max) {
            return Err(Error::Option {
                what: "h_min",
                value: self.h_min.as_f64(),
                reason: "it must be at least 0 and below h_max",
            });
        }
        Ok(())
    }
}
