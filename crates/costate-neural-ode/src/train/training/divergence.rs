//! What goes wrong in a training.

/// Why a training cannot go on from here.
///
/// ```
/// use costate_neural_ode::train::training::Divergence;
/// let divergence = Divergence::Loss { iteration: 12, loss: f64::NAN.to_string() };
/// assert!(divergence.to_string().starts_with("iteration 12: the loss is NaN."));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Divergence {
    /// A solve stopped on the way.
    #[error(
        "iteration {iteration}: the solve failed ({error}). The field has become too steep: a smaller learning rate, clipped gradients or smaller initial weights keep it smooth"
    )]
    Solve {
        /// When.
        iteration: u64,
        /// What the solver says.
        error: String,
    },
    /// A loss that is not finite.
    #[error(
        "iteration {iteration}: the loss is {loss}. A state has overflowed, or a logarithm or root was taken of a number that has none"
    )]
    Loss {
        /// When.
        iteration: u64,
        /// `NaN`, `inf` or `-inf`.
        loss: String,
    },
    /// A gradient that is not finite, of a loss that is.
    #[error(
        "iteration {iteration}: the loss is finite, but entry {entry} of its gradient is not. The costate has overflowed (a shorter horizon helps), or the loss has no slope here, as a root has none at zero"
    )]
    Gradient {
        /// When.
        iteration: u64,
        /// The first entry that is not finite.
        entry: usize,
    },
    /// A sudden growth.
    #[error(
        "iteration {iteration}: the {what} is {value:.3e}, but was at most {usual:.3e} before. The last steps were too long, or the costate grows exponentially along the solution: a smaller learning rate, clipping, or a shorter horizon"
    )]
    Explosion {
        /// When.
        iteration: u64,
        /// `loss` or `norm of the gradient`.
        what: &'static str,
        /// How large.
        value: f64,
        /// The largest of the last iterations.
        usual: f64,
    },
}
