//! Continuous normalising flows: densities carried along by a field.
//!
//! Where samples move by dx/dt = f(x, t, θ), the logarithm of their density changes by how much the field spreads them:
//!
//! ```text
//! d ln p(x(t))/dt = −tr ∂f/∂x
//! ```
//!
//! So a simple density at t₀ becomes any density at t₁, without determinants and with any network. For the density of data x, solve from t₁ back to t₀, with ℓ(t₁) = 0 beside x:
//!
//! ```text
//! ln p(x) = ln p₀(x(t₀)) − ℓ(t₀)        dℓ/dt = −tr ∂f/∂x
//! ```
//!
//! In the book's letters, with data at t = 1 and a normal density at t = 0:
#![cfg_attr(doc, doc = include_str!("../formulas/log-density.html"))]
//!
//! To sample, draw x(t₀) from p₀ and solve forward.
//!
//! ```
//! use costate_neural_ode::Recorded;
//! use costate_neural_ode::flow::{self, Trace};
//! use costate_neural_ode::VectorField;
//! use costate_tape::Function;
//!
//! // f = θ x³ for five samples of one component: tr ∂f/∂x = 3 θ x²
//! let inputs: [(&str, &[usize]); 3] = [("x", &[5, 1]), ("t", &[]), ("theta", &[1])];
//! let f = Function::<f64>::record(&inputs, |v| vec![v[2].index(0) * v[0] * v[0] * v[0]])?;
//! let with_density = flow::with_log_density(&f, &Trace::Exact);
//! assert_eq!(with_density.input_shape(0).to_vec(), [5, 2]);
//! let h = [2.0, 0.0, 1.0, 0.0, 0.5, 0.0, 0.0, 0.0, -1.0, 0.0]; // x and ℓ in turn
//! let dh = &with_density.eval(&[&h, &[0.0], &[10.0]])?[0];
//! assert_eq!(dh[..4], [80.0, -120.0, 10.0, -30.0]);
//! # let _ = Recorded::new(&with_density)?.state_len();
//! # Ok::<(), costate_neural_ode::Error>(())
//! ```
//!
//! # References
//! \[Chen2018\], \[Grathwohl2019\]

use costate_tape::{Function, Scalar, Var};
use std::ops::Range;

/// How tr ∂f/∂x is taken.
///
/// [`with_log_density`] has an example of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Each diagonal entry by a product of its own: as many products as x has components.
    Exact,
    /// Hutchinson's estimate ε·∂f/∂x·ε, one product: right on average over ε of independent components with mean 0 and variance 1. ε, of x's shape, are these elements of θ, drawn anew for
    /// each solve and the same throughout it.
    Hutchinson(Range<usize>),
}

/// The field of x `[B, n]` with ℓ beside it: h is `[B, n + 1]`, the last column ℓ.
///
/// # Panics
/// If f is not a function of x `[B, n]`, t and θ with one output, or there is not a noise for each element of x.
///
/// ```
/// use costate_neural_ode::flow::{Trace, with_log_density};
/// use costate_tape::Function;
///
/// // f = A x with A = [[1, 2], [3, 4]] has the trace 5 everywhere; the estimate with ε = (1, −1) is 1 − 2 − 3 + 4.
/// let inputs: [(&str, &[usize]); 3] = [("x", &[1, 2]), ("t", &[]), ("theta", &[6])];
/// let f = Function::<f64>::record(&inputs, |v| {
///     let a = v[2].slice(0, 0..4).reshape([2, 2]);
///     vec![v[0].matmul_with(a, false, true)]
/// })?;
/// let (h, theta) = ([1.0, 1.0, 0.0], [1.0, 2.0, 3.0, 4.0, 1.0, -1.0]);
/// let exact = with_log_density(&f, &Trace::Exact).eval(&[&h, &[0.0], &theta])?;
/// let estimate = with_log_density(&f, &Trace::Hutchinson(4..6)).eval(&[&h, &[0.0], &theta])?;
/// assert_eq!((&exact[0][..], &estimate[0][..]), (&[3.0, 7.0, -5.0][..], &[3.0, 7.0, 0.0][..]));
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn with_log_density<T: Scalar>(f: &Function<T>, trace: &Trace) -> Function<T> {
    assert!(
        f.inputs().len() == 3 && f.outputs().len() == 1 && f.input_shape(0).rank() == 2,
        "a flow needs a field of x [B, n], t and theta"
    );
    let [batch, n] = [0, 1].map(|axis| f.input_shape(0).axis(axis));
    let products = f.vjp(&[0]);
    let theta = f.input_shape(2).to_vec();
    let state = [batch, n + 1];
    let inputs: [(&str, &[usize]); 3] = [("h", &state), ("t", &[]), ("theta", &theta)];
    let recorded = Function::record(&inputs, |inputs| {
        let (x, t, theta) = (inputs[0].slice(1, 0..n), inputs[1], inputs[2]);
        let (dx, trace) = match trace {
            Trace::Exact => {
                let one = x.full(T::from_f64(1.0), [batch, 1]);
                let entries: Vec<_> = (0..n)
                    .map(|i| products.call(&[x, t, theta, one.pad(1, i, n)])[1].slice(1, i..i + 1))
                    .collect();
                let sum = entries.into_iter().reduce(|sum, entry| sum + entry);
                (f.call(&[x, t, theta])[0], sum.expect("a component"))
            }
            Trace::Hutchinson(noise) => {
                let noise = theta.slice(0, noise.clone()).reshape([batch, n]);
                let out = products.call(&[x, t, theta, noise]);
                let estimate = (out[1] * noise).sum_axis(1);
                (out[0], estimate.reshape([batch, 1]))
            }
        };
        vec![Var::concat(&[dx, -trace], 1)] // book: (log-density)
    });
    recorded.expect("distinct names")
}

/// ln p₀ of a standard normal density of n components, Σ −½ x² − ½ ln 2π, for each sample of x `[B, n]`: `[B]`.
///
/// # Panics
/// If x is not `[B, n]`.
///
/// ```
/// use costate_neural_ode::flow;
/// use costate_tape::Function;
///
/// let f = Function::<f64>::record(&[("x", &[1, 2])], |v| vec![flow::standard_normal(v[0])])?;
/// let found = f.eval(&[&[1.0, 2.0]])?[0][0];
/// assert!((found + 2.5 + std::f64::consts::TAU.ln()).abs() < 1e-15); // −½ (1² + 2²) − ln 2π
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn standard_normal<T: Scalar>(x: Var<'_, T>) -> Var<'_, T> {
    let n = x.shape().axis(1) as f64;
    let squares = (x * x).sum_axis(1) * T::from_f64(-0.5);
    squares - T::from_f64(0.5 * n * std::f64::consts::TAU.ln())
}
