//! Losses: of one predicted and one observed number with their derivatives, and, in [`recorded`], of whole arrays on the tape.

pub mod recorded;

use costate_ode::Real;

/// The distance ρ between a prediction m and an observation d; a fit minimises the sum over all observations.
///
/// | loss | ρ(m, d) | for |
/// |---|---|---|
/// | `Squares` | (m − d)² | errors of one size |
/// | `LogSquares` | (ln m − ln d)² | positive numbers whose errors grow with them |
/// | `Absolute` | \|m − d\| | a few wild observations; not smooth at zero |
/// | `Huber` | ½ (m − d)² up to δ, then δ (\|m − d\| − ½ δ) | the same, smooth |
///
/// ```
/// use costate_neural_ode::train::loss::Loss;
///
/// assert_eq!(Loss::Squares.value(3.0, 1.0), 4.0);
/// assert_eq!(Loss::Squares.derivative(3.0, 1.0), 4.0); // ∂ρ/∂m
/// assert_eq!(Loss::Huber { delta: 1.0 }.value(3.0, 1.0), 1.5);
/// ```
///
/// # Adding one
/// A variant here, its line in [`value`](Loss::value), [`derivative`](Loss::derivative) and [`ALL`](Loss::ALL).
///
/// # References
/// \[Huber1964\]
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Loss {
    /// (m − d)².
    Squares,
    /// (ln m − ln d)²; infinite where m or d is not positive.
    LogSquares,
    /// |m − d|.
    Absolute,
    /// Quadratic near zero, linear beyond δ.
    Huber {
        /// δ, in the units of the observation.
        delta: f64,
    },
}

impl Loss {
    /// One of each, for tables and tests.
    pub const ALL: [Self; 4] = [
        Self::Squares,
        Self::LogSquares,
        Self::Absolute,
        Self::Huber { delta: 1.0 },
    ];

    /// The name by which programs and files choose it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Squares => "squares",
            Self::LogSquares => "log-squares",
            Self::Absolute => "absolute",
            Self::Huber { .. } => "huber",
        }
    }

    /// The loss of this name, with its usual constants.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|loss| loss.name() == name)
    }

    /// ρ(m, d).
    #[must_use]
    pub fn value<T: Real>(self, model: T, data: T) -> T {
        match self {
            Self::Squares | Self::LogSquares => {
                let (residual, _) = self.residual(model, data).expect("a square");
                residual * residual
            }
            Self::Absolute => (model - data).abs(),
            Self::Huber { delta } => {
                let (delta, half) = (T::from_f64(delta), T::from_f64(0.5));
                let distance = (model - data).abs();
                if distance <= delta {
                    half * distance * distance
                } else {
                    delta * (distance - half * delta)
                }
            }
        }
    }

    /// ∂ρ/∂m.
    #[must_use]
    pub fn derivative<T: Real>(self, model: T, data: T) -> T {
        match self {
            Self::Squares | Self::LogSquares => {
                let (residual, slope) = self.residual(model, data).expect("a square");
                T::from_f64(2.0) * residual * slope
            }
            Self::Absolute if model == data => T::zero(),
            Self::Absolute => (model - data).signum(),
            Self::Huber { delta } => {
                let delta = T::from_f64(delta);
                (model - data).max(-delta).min(delta)
            }
        }
    }

    /// For a loss that is a square, ρ = r²: r and ∂r/∂m, what Gauss–Newton works with. `None` for the others.
    ///
    /// ```
    /// use costate_neural_ode::train::loss::Loss;
    ///
    /// assert_eq!(Loss::LogSquares.residual(2.0, 2.0), Some((0.0, 0.5)));
    /// assert_eq!(Loss::Absolute.residual(2.0, 1.0), None);
    /// ```
    #[must_use]
    pub fn residual<T: Real>(self, model: T, data: T) -> Option<(T, T)> {
        match self {
            Self::Squares => Some((model - data, T::one())),
            Self::LogSquares if model > T::zero() && data > T::zero() => {
                Some((model.ln() - data.ln(), T::one() / model))
            }
            Self::LogSquares => Some((T::infinity(), T::zero())),
            Self::Absolute | Self::Huber { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_derivative_is_the_slope_of_its_value() {
        for loss in Loss::ALL {
            for (model, data) in [(2.0, 0.5), (0.7, 1.1), (3.0, 7.5), (1.2, 1.3)] {
                let h = 1e-6_f64;
                let slope = (loss.value(model + h, data) - loss.value(model - h, data)) / (2.0 * h);
                let derivative = loss.derivative(model, data);
                assert!(
                    (derivative - slope).abs() < 1e-8,
                    "{loss:?}: {derivative} against {slope}"
                );
            }
        }
    }

    #[test]
    fn names_lead_back_to_their_losses() {
        for loss in Loss::ALL {
            assert_eq!(Loss::by_name(loss.name()), Some(loss));
        }
        assert_eq!(Loss::by_name("square"), None);
    }

    #[test]
    fn the_logarithm_of_a_number_that_is_not_positive_makes_the_loss_infinite() {
        assert_eq!(Loss::LogSquares.value(-1.0, 2.0), f64::INFINITY);
    }
}
