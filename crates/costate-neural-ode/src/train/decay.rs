//! Weights kept small.

use costate_ode::Real;

/// Adds the penalty ½ w Σ xᵢ² to a loss: writes its gradient w·x onto `gradient` and returns it.
///
/// With plain gradient descent this is weight decay, x ← (1 − η w) x − η g. Methods that scale each entry by its history, such as
/// [`Adam`](super::optimizer::Adam) and [`RmsProp`](super::optimizer::RmsProp), scale the penalty too, so that weights with large gradients hardly decay; for those take
/// [`Adam::decoupled`](super::optimizer::Adam::decoupled), which is AdamW. Most libraries call both by the name *weight decay*.
///
/// ```
/// use costate_neural_ode::train::decay;
///
/// let mut gradient = [1.0, 1.0];
/// assert_eq!(decay::l2(0.5, &[2.0, -4.0], &mut gradient), 5.0);
/// assert_eq!(gradient, [2.0, -1.0]);
/// ```
///
/// # Panics
/// If `x` and `gradient` differ in length.
///
/// # References
/// \[Loshchilov2019\]
#[track_caller]
pub fn l2<T: Real>(w: T, x: &[T], gradient: &mut [T]) -> T {
    assert!(
        x.len() == gradient.len(),
        "{} variables, but a gradient of {} entries",
        x.len(),
        gradient.len()
    );
    let mut squares = T::zero();
    for (x, g) in x.iter().zip(gradient) {
        squares = squares + *x * *x;
        *g = *g + w * *x;
    }
    T::from_f64(0.5) * w * squares
}
