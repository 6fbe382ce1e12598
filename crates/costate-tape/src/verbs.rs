//! Derivatives of a closure at a point, in one call: record, differentiate, evaluate.
//!
//! For a function that is differentiated once. What is differentiated again and again is better recorded once as a
//! [`Function`], whose methods of the same names give functions.
//!
//! They panic where the closure calls a [`Function`] that was recorded on the other side of a branch.

use crate::function::Function;
use crate::scalar::Scalar;
use crate::var::Var;

/// Records a closure at a point.
fn record<T: Scalar, F>(f: F, x: &[T]) -> Function<T>
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    Function::record_at(&[("x", &[x.len()], x)], |v| vec![f(v[0])])
        .expect("one input, of its own length")
}

/// The outputs of a derivative at the point of the record, where every branch holds but those of functions that were called.
#[track_caller]
fn at_point<T: Scalar>(f: &Function<T>, inputs: &[&[T]]) -> Vec<Vec<T>> {
    match f.eval(inputs) {
        Ok(outputs) => outputs,
        Err(error) => panic!("a function that is called was recorded elsewhere: {error}"),
    }
}

#[track_caller]
fn same_length(what: &str, given: usize, expected: usize) {
    assert!(
        given == expected,
        "{what}: {given} numbers given, {expected} expected"
    );
}

/// The gradient ∂f/∂x of a function of a vector to a number.
///
/// # Panics
/// If f returns more than one number.
///
/// ```
/// use costate_tape::{Scalar, gradient};
/// let g = gradient(|x| x.index(0) * x.index(1).exp(), &[2.0, 0.0]);
/// assert_eq!(g, [1.0, 2.0]);
/// // Branches follow the point.
/// let g = gradient(|x| if x.index(0) > x.index(1) { x.index(0) } else { x.index(1) }, &[2.0, 5.0]);
/// assert_eq!(g, [0.0, 1.0]);
/// ```
#[track_caller]
pub fn gradient<T: Scalar, F>(f: F, x: &[T]) -> Vec<T>
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    value_and_gradient(f, x).1
}

/// The value f(x) and the gradient ∂f/∂x of a function of a vector to a number.
///
/// # Panics
/// If f returns more than one number.
///
/// ```
/// let (y, g) = costate_tape::value_and_gradient(|x| (x * x).sum(), &[3.0, 4.0]);
/// assert_eq!((y, g), (25.0, vec![6.0, 8.0]));
/// ```
#[track_caller]
pub fn value_and_gradient<T: Scalar, F>(f: F, x: &[T]) -> (T, Vec<T>)
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    let mut out = at_point(&record(f, x).value_and_gradient(&[0]), &[x]);
    let gradient = out.pop().unwrap_or_default();
    (out[0][0], gradient)
}

/// The value f(x) and the vector–Jacobian product vᵀ·∂f/∂x (reverse mode): one number for each of x's.
///
/// # Panics
/// If v has not one number for each of f's.
///
/// ```
/// // J = [[x₁, x₀], [0, 2x₁]]
/// use costate_tape::{Var, vjp};
/// let (y, product) = vjp(|x| Var::stack(&[x.index(0) * x.index(1), x.index(1) * x.index(1)]), &[3.0, 5.0], &[1.0, 10.0]);
/// assert_eq!((y, product), (vec![15.0, 25.0], vec![5.0, 103.0]));
/// ```
#[track_caller]
pub fn vjp<T: Scalar, F>(f: F, x: &[T], v: &[T]) -> (Vec<T>, Vec<T>)
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    let f = record(f, x);
    same_length("cotangent", v.len(), f.output_shape(0).len());
    let mut out = at_point(&f.vjp(&[0]), &[x, v]);
    let product = out.pop().unwrap_or_default();
    (out.swap_remove(0), product)
}

/// The value f(x) and the Jacobian–vector product ∂f/∂x·u (forward mode): one number for each of f's.
///
/// # Panics
/// If u has not one number for each of x's.
///
/// ```
/// let (y, product) = costate_tape::jvp(|x| x * x.sum(), &[3.0, 5.0], &[1.0, 0.0]);
/// assert_eq!((y, product), (vec![24.0, 40.0], vec![11.0, 5.0]));
/// ```
#[track_caller]
pub fn jvp<T: Scalar, F>(f: F, x: &[T], u: &[T]) -> (Vec<T>, Vec<T>)
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    same_length("tangent", u.len(), x.len());
    let mut out = at_point(&record(f, x).jvp(&[0]), &[x, u]);
    let product = out.pop().unwrap_or_default();
    (out.swap_remove(0), product)
}

/// The Jacobian ∂f/∂x, row by row: entry i·n + j is ∂fᵢ/∂xⱼ, with n numbers in x.
///
/// ```
/// let j = costate_tape::jacobian(|x| x * x.sum(), &[3.0, 5.0]);
/// assert_eq!(j, [11.0, 3.0, 5.0, 13.0]);
/// ```
#[track_caller]
pub fn jacobian<T: Scalar, F>(f: F, x: &[T]) -> Vec<T>
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    at_point(&record(f, x).jacobian(&[0]), &[x]).swap_remove(0)
}

/// The Hessian ∂²f/∂x² of a function of a vector to a number, row by row.
///
/// # Panics
/// If f returns more than one number.
///
/// ```
/// let h = costate_tape::hessian(|x| x.index(0) * x.index(0) * x.index(1), &[3.0, 5.0]);
/// assert_eq!(h, [10.0, 6.0, 6.0, 0.0]);
/// ```
#[track_caller]
pub fn hessian<T: Scalar, F>(f: F, x: &[T]) -> Vec<T>
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    at_point(&record(f, x).hessian(0), &[x]).swap_remove(0)
}

/// The Hessian of a function of a vector to a number, times a vector: ∂²f/∂x²·u, at the price of a few evaluations.
///
/// # Panics
/// If f returns more than one number, or u has not one number for each of x's.
///
/// ```
/// let product = costate_tape::hvp(|x| x.index(0) * x.index(0) * x.index(1), &[3.0, 5.0], &[1.0, 1.0]);
/// assert_eq!(product, [16.0, 6.0]);
/// ```
#[track_caller]
pub fn hvp<T: Scalar, F>(f: F, x: &[T], u: &[T]) -> Vec<T>
where
    F: for<'t> FnOnce(Var<'t, T>) -> Var<'t, T>,
{
    same_length("direction", u.len(), x.len());
    at_point(&record(f, x).hvp(&[0]), &[x, u]).swap_remove(0)
}
