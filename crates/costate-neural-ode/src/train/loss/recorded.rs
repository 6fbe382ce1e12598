//! Losses of whole arrays, recorded on the tape: their derivatives are the tape's.
//!
//! They are parts of what a [`Pipeline`](crate::train::pipeline::Pipeline) records, or of any function:
//!
//! ```
//! use costate_neural_ode::train::loss::recorded;
//! use costate_tape::Function;
//!
//! // Two samples of three classes; the second is sure of the right one.
//! let inputs: [(&str, &[usize]); 2] = [("logits", &[2, 3]), ("classes", &[2, 3])];
//! let f = Function::<f64>::record(&inputs, |v| vec![recorded::cross_entropy(v[0], v[1])])?;
//! let logits = [0.0, 0.0, 0.0, -50.0, 50.0, -50.0];
//! let classes = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
//! assert!((f.eval(&[&logits, &classes])?[0][0] - 0.5 * 3.0_f64.ln()).abs() < 1e-15);
//! # Ok::<(), costate_tape::Error>(())
//! ```

use costate_tape::{Scalar, Var};
use std::f64::consts::TAU;

/// The mean over samples of −Σ_c p_c ln softmax(z)_c, for logits z and probabilities p of shape `[B, classes]`; p is 1 for the class of the sample and 0 else, unless labels are
/// smoothed. In nats.
///
/// # Panics
/// If the shapes differ or are not `[B, classes]`.
///
/// ```
/// use costate_neural_ode::train::loss::recorded;
/// use costate_tape::Function;
///
/// // Its gradient by the logits is (softmax z − p)/B.
/// let inputs: [(&str, &[usize]); 2] = [("logits", &[1, 2]), ("classes", &[1, 2])];
/// let f = Function::<f64>::record(&inputs, |v| vec![recorded::cross_entropy(v[0], v[1])])?;
/// let by_logits = f.gradient(&[0]).eval(&[&[3.0_f64.ln(), 0.0], &[0.0, 1.0]])?; // probabilities ¾ and ¼
/// assert!((by_logits[0][0] - 0.75).abs() < 1e-15 && (by_logits[0][1] + 0.75).abs() < 1e-15);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn cross_entropy<'t, T: Scalar>(logits: Var<'t, T>, classes: Var<'t, T>) -> Var<'t, T> {
    let shape = logits.shape();
    assert!(
        shape.rank() == 2 && shape == classes.shape(),
        "logits and classes are [batch, classes], not {shape} and {}",
        classes.shape()
    );
    let whole = logits.logsumexp(1) * classes.sum_axis(1);
    (whole - (logits * classes).sum_axis(1)).mean()
}

/// The negative log-likelihood of data d under independent normal distributions, Σ ½ ((d − m)/σ)² + ln σ + ½ ln 2π, with ln σ given, in any shapes that broadcast to d's. In
/// nats; the sum over all elements.
///
/// With σ free it weighs the squares by how well they can be predicted; with σ = 1 it is half the sum of squares and a constant.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use costate_neural_ode::train::loss::recorded;
/// use costate_tape::Function;
///
/// let inputs: [(&str, &[usize]); 3] = [("mean", &[2]), ("ln_std", &[]), ("data", &[2])];
/// let f = Function::<f64>::record(&inputs, |v| vec![recorded::gaussian(v[0], v[1], v[2])])?;
/// let found = f.eval(&[&[1.0, 2.0], &[0.0], &[1.0, 4.0]])?[0][0];
/// assert!((found - (2.0 + std::f64::consts::TAU.ln())).abs() < 1e-14); // ½·2² and 2·½ ln 2π
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn gaussian<'t, T: Scalar>(
    mean: Var<'t, T>,
    ln_std: Var<'t, T>,
    data: Var<'t, T>,
) -> Var<'t, T> {
    let number = |value: f64| T::from_f64(value);
    let scaled = (data - mean) * (-ln_std).exp();
    (scaled * scaled * number(0.5) + ln_std + number(0.5 * TAU.ln())).sum()
}

/// The divergence KL(N(m, σ²) ‖ N(0, 1)) = Σ ½ (m² + σ² − 1) − ln σ, with ln σ given: what the evidence lower bound takes off for a code that says more than the prior. In nats; the sum
/// over all elements.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use costate_neural_ode::train::loss::recorded;
/// use costate_tape::Function;
///
/// let inputs: [(&str, &[usize]); 2] = [("mean", &[2]), ("ln_std", &[2])];
/// let f = Function::<f64>::record(&inputs, |v| vec![recorded::kl_standard_normal(v[0], v[1])])?;
/// assert_eq!(f.eval(&[&[0.0, 3.0], &[0.0, 0.0]])?[0], [4.5]); // N(0, 1) says nothing new, N(3, 1) costs ½·3²
/// # Ok::<(), costate_tape::Error>(())
/// ```
///
/// # References
/// \[Kingma2014\]
#[must_use]
#[track_caller]
pub fn kl_standard_normal<'t, T: Scalar>(mean: Var<'t, T>, ln_std: Var<'t, T>) -> Var<'t, T> {
    let number = |value: f64| T::from_f64(value);
    let variance = (ln_std * number(2.0)).exp();
    ((mean * mean + variance - number(1.0)) * number(0.5) - ln_std).sum()
}

/// A sample z = m + σ ε of N(m, σ²) for noise ε of N(0, 1), as a function of m and ln σ that can be differentiated.
///
/// # Panics
/// If the shapes do not fit.
///
/// ```
/// use costate_neural_ode::train::loss::recorded;
/// use costate_tape::Function;
///
/// let inputs: [(&str, &[usize]); 3] = [("mean", &[]), ("ln_std", &[]), ("noise", &[3])];
/// let f = Function::<f64>::record(&inputs, |v| vec![recorded::normal_sample(v[0], v[1], v[2])])?;
/// assert_eq!(f.eval(&[&[5.0], &[0.0], &[-1.0, 0.0, 2.0]])?[0], [4.0, 5.0, 7.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
///
/// # References
/// \[Kingma2014\]
#[must_use]
#[track_caller]
pub fn normal_sample<'t, T: Scalar>(
    mean: Var<'t, T>,
    ln_std: Var<'t, T>,
    noise: Var<'t, T>,
) -> Var<'t, T> {
    mean + ln_std.exp() * noise
}

/// The mean square Σ w (m − d)²/Σ w with weights w, 0 for what is missing; there must be something.
///
/// A missing datum may be any finite number, but not NaN, which zero does not silence.
///
/// # Panics
/// If the three shapes are not one.
///
/// ```
/// use costate_neural_ode::train::loss::recorded;
/// use costate_tape::Function;
///
/// let inputs: [(&str, &[usize]); 3] = [("model", &[3]), ("data", &[3]), ("weights", &[3])];
/// let f = Function::<f64>::record(&inputs, |v| vec![recorded::mean_square(v[0], v[1], v[2])])?;
/// assert_eq!(f.eval(&[&[1.0, 2.0, 9.0], &[0.0, 4.0, 0.0], &[1.0, 1.0, 0.0]])?[0], [2.5]); // the third is missing
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn mean_square<'t, T: Scalar>(
    model: Var<'t, T>,
    data: Var<'t, T>,
    weights: Var<'t, T>,
) -> Var<'t, T> {
    let off = model - data;
    (off * off).dot(weights) / weights.sum()
}
