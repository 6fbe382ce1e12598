//! Fields that are easy to solve: what an integral cost can ask of them.
//!
//! Each function here makes, of a recorded field f(h, t, θ), the integrand g(h, t, θ) for an [`Integral`](crate::Integral); its integral q(t₁) is added to the loss with some weight.
//! Both straighten the paths, so that the solver takes fewer steps.
//!
//! ```
//! use costate_neural_ode::train::regularizer;
//! use costate_neural_ode::{Discrete, GradientMethod, Integral, Problem, Recorded};
//! use costate_ode::{Options, tableau};
//! use costate_tape::Function;
//!
//! // f = θ, a constant: ∫ f² dt = 2 θ² over two units of time
//! let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
//! let f = Function::<f64>::record(&inputs, |v| vec![v[2] + 0.0 * v[0]])?;
//! let field = Integral::new(Recorded::new(&f)?, &regularizer::kinetic_energy(&f))?;
//! let options = Options::tolerances(1e-8, 1e-8);
//! let mut method = Discrete::new(field, &vec![0.0; 2], tableau::by_name("tsit5")?, options)?;
//! let problem = Problem { h0: &[0.0, 0.0], theta: &[3.0], t0: 0.0, t1: 2.0, save_at: &[] };
//! let gradient = method.gradient(&problem, &mut |saved, cotangents| {
//!     cotangents.state_mut(0)[1] = 1.0;
//!     saved.state(0)[1]
//! })?;
//! assert!((gradient.loss - 18.0).abs() < 1e-12 && (gradient.theta[0] - 12.0).abs() < 1e-12);
//! # Ok::<(), costate_neural_ode::Error>(())
//! ```
//!
//! # References
//! \[Finlay2020\]

use costate_tape::{Function, Scalar};
use std::ops::Range;

/// ‖f(h, t, θ)‖², summed over all components of all samples: what is left of it along a path is its length and its detours.
///
/// # Panics
/// If the field is not a function of h, t and θ with one output.
#[must_use]
#[track_caller]
pub fn kinetic_energy<T: Scalar>(f: &Function<T>) -> Function<T> {
    integrand(f, |inputs| {
        let dh = f.call(inputs)[0];
        (dh * dh).sum()
    })
}

/// ‖ε ∂f/∂h‖² for noise ε of h's shape: the mean over ε of independent components with mean 0 and variance 1 is the squared Frobenius norm of the Jacobian, summed over all
/// samples (Hutchinson's estimate). One product with the Jacobian, however large it is.
///
/// ε are the elements `noise` of θ: they are drawn anew for each solve and put there, and the optimiser leaves them alone. ±1 with equal odds is the noise with the least
/// variance.
///
/// # Panics
/// If the field is not a function of h, t and θ with one output, or `noise` is not as long as h.
///
/// # References
/// \[Finlay2020\], \[Hutchinson1990\]
#[must_use]
#[track_caller]
pub fn jacobian_norm<T: Scalar>(f: &Function<T>, noise: Range<usize>) -> Function<T> {
    let products = f.vjp(&[0]);
    let shape = f.input_shape(0).clone();
    integrand(f, |inputs| {
        let noise = inputs[2].slice(0, noise.clone()).reshape(shape.clone());
        let product = products.call(&[inputs[0], inputs[1], inputs[2], noise])[1];
        (product * product).sum()
    })
}

/// A function with the inputs of f and one number as its output.
#[track_caller]
fn integrand<T: Scalar>(
    f: &Function<T>,
    g: impl for<'t> FnOnce(&[costate_tape::Var<'t, T>]) -> costate_tape::Var<'t, T>,
) -> Function<T> {
    assert!(
        f.inputs().len() == 3 && f.outputs().len() == 1,
        "a field has the inputs h, t and theta and one output, but this function has {} and {}",
        f.inputs().len(),
        f.outputs().len()
    );
    let shapes: Vec<Vec<usize>> = (0..3).map(|i| f.input_shape(i).to_vec()).collect();
    let inputs: [(&str, &[usize]); 3] =
        [("h", &shapes[0]), ("t", &shapes[1]), ("theta", &shapes[2])];
    Function::record(&inputs, |inputs| vec![g(inputs)]).expect("distinct names")
}
