//! Fields that are easy to solve: what an integral cost can ask of them.
//!
//! Each function here makes, of a recorded field f(h, t, θ), the integrand g(h, t, θ) for an [`Integral`](crate::Integral); its integral q(t₁) is added to the loss with some weight.
//! All of them straighten the paths, so that the solver takes fewer steps.
//!
//! | integrand | asks for | cost of an evaluation |
//! |---|---|---|
//! | [`kinetic_energy`] | short paths at an even pace | none beside f's |
//! | [`jacobian_norm`] | neighbours that stay neighbours | one product |
//! | [`taylor`] | a small derivative of some order, which is what a method of that order takes its steps by | grows with the order |
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
//! \[Finlay2020\], \[Kelly2020\]

use costate_tape::{Function, Scalar, Var};
use std::ops::Range;

/// ‖f(h, t, θ)‖², summed over all components of all samples: what is left of it along a path is its length and its detours.
///
/// # Panics
/// If the field is not a function of h, t and θ with one output.
///
/// ```
/// use costate_neural_ode::train::regularizer;
/// use costate_tape::Function;
///
/// let inputs: [(&str, &[usize]); 3] = [("h", &[2]), ("t", &[]), ("theta", &[1])];
/// let f = Function::<f64>::record(&inputs, |v| vec![v[2] * v[0]])?;
/// assert_eq!(regularizer::kinetic_energy(&f).eval(&[&[3.0, 4.0], &[0.0], &[2.0]])?, [[100.0]]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn kinetic_energy<T: Scalar>(f: &Function<T>) -> Function<T> {
    with_inputs_of(f, |inputs| {
        let dh = f.call(inputs)[0];
        (dh * dh).sum()
    })
}

/// ‖dᴷh/dtᴷ‖² along the solution through h, for the order K, summed over all components of all samples: a method of order K − 1 is off by a multiple of that derivative at each step, so an
/// adaptive solver takes long steps where it is small.
///
/// The derivatives are total ones, each made of the one before by a tangent along the solution:
///
/// ```text
/// h⁽¹⁾ = f(h, t, θ)        h⁽ᴷ⁺¹⁾ = ∂h⁽ᴷ⁾/∂h · f + ∂h⁽ᴷ⁾/∂t
/// ```
///
/// For K = 1 it is the [`kinetic_energy`]. The graph may double with each order: 2 and 3 are what is used; take K the order of the solver, or one less.
///
/// ```
/// use costate_neural_ode::train::regularizer;
/// use costate_tape::Function;
///
/// // h' = t h: h'' = (1 + t²) h, h''' = (3t + t³) h
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[0])];
/// let f = Function::<f64>::record(&inputs, |v| vec![v[1] * v[0]])?;
/// let at = |order| regularizer::taylor(&f, order).eval(&[&[5.0], &[2.0], &[]]).unwrap()[0][0];
/// assert_eq!([1, 2, 3].map(at), [10.0_f64.powi(2), 25.0_f64.powi(2), 70.0_f64.powi(2)]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
///
/// # Panics
/// If the field is not a function of h, t and θ with one output, or `order` is 0.
///
/// # References
/// \[Kelly2020\]
#[must_use]
#[track_caller]
pub fn taylor<T: Scalar>(f: &Function<T>, order: usize) -> Function<T> {
    assert!(
        order > 0,
        "the derivative of order 0 is h itself: take 1 or more"
    );
    let mut derivative = f.clone();
    for _ in 1..order {
        let tangent = derivative.jvp(&[0, 1]);
        derivative = with_inputs_of(f, |inputs| {
            let [h, t, theta] = [inputs[0], inputs[1], inputs[2]];
            let one = Var::from_f64(1.0);
            tangent.call(&[h, t, theta, f.call(inputs)[0], one])[1]
        });
    }
    kinetic_energy(&derivative)
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
///
/// ```
/// use costate_neural_ode::train::regularizer;
/// use costate_tape::Function;
///
/// // f = 3 h: ‖ε ∂f/∂h‖² = 9 ε², with ε the second number of θ
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[2])];
/// let f = Function::<f64>::record(&inputs, |v| vec![v[2].index(0) * v[0]])?;
/// assert_eq!(regularizer::jacobian_norm(&f, 1..2).eval(&[&[5.0], &[0.0], &[3.0, -1.0]])?[0], [9.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn jacobian_norm<T: Scalar>(f: &Function<T>, noise: Range<usize>) -> Function<T> {
    let products = f.vjp(&[0]);
    let shape = f.input_shape(0).clone();
    with_inputs_of(f, |inputs| {
        let noise = inputs[2].slice(0, noise.clone()).reshape(shape.clone());
        let product = products.call(&[inputs[0], inputs[1], inputs[2], noise])[1];
        (product * product).sum()
    })
}

/// A function with the inputs of f and one output.
#[track_caller]
fn with_inputs_of<T: Scalar>(
    f: &Function<T>,
    g: impl for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
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
