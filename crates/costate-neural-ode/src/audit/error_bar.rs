//! How far a gradient is from that of the exact solution.

use crate::gradient::{Gradient, GradientMethod, LossFn, Problem, by_name};
use crate::{Error, VectorField};
use costate_ode::{Method, Options, Real, State, Tolerance};

/// By how much tolerances are tightened.
const TIGHTER: f64 = 1e-2;

/// A gradient with an estimate of its own error.
///
/// See [`error_bar`], which makes it and has an example.
#[derive(Clone, Debug)]
pub struct ErrorBar<E> {
    /// The gradient, as it was asked for.
    pub gradient: Gradient<E>,
    /// For the loss and each entry, about how far it is from that of the exact solution.
    pub error: Gradient<E>,
}

/// The gradient by `name` with its error bar: what is left of the solver's error in it.
///
/// The gradient is taken once more by a better solve, with a hundredth of the tolerances; or, with constant steps, with half the step. The error falls about
/// with the tolerance, or, for a method of order p, by 2^p: so the difference of the two, in the second case divided by 1 − 2^(−p), is about the error of the first.
///
/// It is an estimate, not a bound: close to the resolution of the number type, and where tolerances are too loose for the error to fall as it should, it says
/// only how much the gradient still changes. It costs the two gradients, the second with about 100^(1/p) times the steps.
/// [`Discrete::error_bar`](crate::Discrete::error_bar) keeps to the steps of the first, and so takes no more than two for each.
///
/// ```
/// use costate_neural_ode::audit::error_bar;
/// use costate_neural_ode::{Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-5, 1e-5));
/// let found = error_bar("discrete", &House::default(), &[0.0], tsit5, &options, &problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// let error = (found.gradient.theta[0] - 24.0 * 2.0_f64.exp()).abs();
/// assert!(found.error.theta[0] > 0.5 * error && found.error.theta[0] < 2.0 * error);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # Errors
/// As [`by_name`] and [`GradientMethod::gradient`].
///
/// # Panics
/// As [`GradientMethod::gradient`].
///
/// # References
/// \[Hairer1993\] II.4 (Richardson extrapolation)
#[track_caller]
pub fn error_bar<T, Y, F>(
    name: &str,
    field: &F,
    like: &Y,
    method: impl Into<Method>,
    options: &Options<T>,
    problem: &Problem<'_, T, Y::Element>,
    loss: &mut LossFn<'_, Y::Element>,
) -> Result<ErrorBar<Y::Element>, Error>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element> + Clone,
{
    let method = method.into();
    let mut gradient = |options: Options<T>| -> Result<Gradient<Y::Element>, Error> {
        let mut by = by_name(name, field.clone(), like, method, options)?;
        Ok(by.gradient(problem, loss)?.clone())
    };
    let found = gradient(options.clone())?;
    let better = gradient(tighter(options))?;
    let share = if options.step.is_some() {
        share_of_half(method.order)
    } else {
        1.0
    };
    Ok(ErrorBar::between(found, &better, share))
}

impl<E: Real> ErrorBar<E> {
    /// From a better gradient: the error of the first is about this share of their difference.
    pub(crate) fn between(found: Gradient<E>, better: &Gradient<E>, share: f64) -> Self {
        let share = E::from_f64(share);
        let off = |a: &E, b: &E| share * (*a - *b).abs();
        let all = |a: &[E], b: &[E]| a.iter().zip(b).map(|(a, b)| off(a, b)).collect();
        let error = Gradient {
            loss: off(&found.loss, &better.loss),
            h0: all(&found.h0, &better.h0),
            theta: all(&found.theta, &better.theta),
            t0: off(&found.t0, &better.t0),
            t1: off(&found.t1, &better.t1),
            save: all(&found.save, &better.save),
            stats: better.stats,
        };
        Self {
            gradient: found,
            error,
        }
    }
}

/// By which share of the difference a gradient is off from that with half the steps, by a method of this order.
pub(crate) fn share_of_half(order: usize) -> f64 {
    1.0 / (1.0 - 0.5_f64.powi(order.try_into().unwrap_or(i32::MAX)))
}

/// The same options for a better solve.
fn tighter<T: Real>(options: &Options<T>) -> Options<T> {
    let least = T::epsilon() * T::from_f64(16.0);
    let smaller = |tolerance: &Tolerance<T>, least: T| {
        let smaller = |value: T| (value * T::from_f64(TIGHTER)).max(least.min(value));
        match tolerance {
            Tolerance::Scalar(value) => Tolerance::Scalar(smaller(*value)),
            Tolerance::Components(values) => {
                Tolerance::Components(values.iter().map(|value| smaller(*value)).collect())
            }
        }
    };
    Options {
        rtol: smaller(&options.rtol, least),
        atol: smaller(&options.atol, T::zero()),
        step: options.step.map(|step| step * T::from_f64(0.5)),
        ..options.clone()
    }
}
