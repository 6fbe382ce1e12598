//! Gradients that are too large, cut down.

use costate_ode::Real;

/// How a gradient is cut down before an optimiser sees it.
///
/// | clip | g becomes | for |
/// |---|---|---|
/// | `Norm(c)` | g · min(1, c/‖g‖) | the usual: the direction stays |
/// | `Value(c)` | each g_i between ∓c | single wild entries; the direction changes |
///
/// Long solves are where gradients explode: the costate grows like the solution's sensitivity, exponentially where the system is chaotic. What
/// cures it is a shorter horizon; clipping keeps one bad batch from undoing the training. Quasi-Newton methods need the true gradient: do not
/// clip what [`Lbfgs`](super::optimizer::Lbfgs) is given.
///
/// ```
/// use costate_neural_ode::train::clip::Clip;
///
/// let mut gradient = [3.0_f64, -4.0];
/// assert_eq!(Clip::Norm(1.0).apply(&mut gradient), 5.0); // what ‖g‖ was
/// assert!((gradient[0] - 0.6).abs() < 1e-15 && (gradient[1] + 0.8).abs() < 1e-15);
/// ```
///
/// # References
/// \[Pascanu2013\]
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Clip {
    /// The Euclidean norm of the whole gradient is at most this.
    Norm(f64),
    /// No entry is larger than this.
    Value(f64),
}

impl Clip {
    /// Cuts `gradient` down and returns the norm that it had. A gradient that is not finite keeps an entry that is not, so that it is noticed.
    pub fn apply<T: Real>(self, gradient: &mut [T]) -> T {
        let norm = norm(gradient);
        if !norm.is_finite() {
            return norm;
        }
        match self {
            Self::Norm(most) if norm > T::from_f64(most) => {
                let factor = T::from_f64(most) / norm;
                for g in gradient {
                    *g = factor * *g;
                }
            }
            Self::Norm(_) => {}
            Self::Value(most) => {
                let most = T::from_f64(most);
                for g in gradient {
                    *g = g.max(-most).min(most);
                }
            }
        }
        norm
    }
}

/// ‖g‖ = √Σ g_i², without overflow.
pub(crate) fn norm<T: Real>(values: &[T]) -> T {
    let scale = values.iter().fold(
        T::zero(),
        |scale, g| {
            if g.is_nan() { *g } else { scale.max(g.abs()) }
        },
    );
    if scale == T::zero() || values.iter().any(|g| !g.is_finite()) {
        return values.iter().fold(scale, |sum, g| sum + g.abs());
    }
    let squares = values.iter().map(|g| (*g / scale).powi(2));
    scale * squares.fold(T::zero(), |sum, square| sum + square).sqrt()
}
