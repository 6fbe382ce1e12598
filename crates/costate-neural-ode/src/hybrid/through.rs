//! A hybrid system with a gradient method, as a gradient method.

use super::Hybrid;
use crate::gradient::{Gradient, GradientMethod, LossFn, Problem};
use crate::{Error, VectorField};
use costate_ode::{Real, State};

/// A [`Hybrid`] system with the gradient method for its arcs, as a [`GradientMethod`]: for losses of the saved states alone, wherever one without events would do.
///
/// The gradients of scheduled times are left out, unless they are functions of θ: [`Hybrid::gradient`] gives them. Behind a terminal event the loss sees fewer states
/// than there are save times.
///
/// ```
/// use costate_neural_ode::hybrid::{Event, Hybrid, Through, Written};
/// use costate_neural_ode::{GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// // h is halved at t = 4.
/// let half = Written::new(
///     1,
///     |h: &[f64], _t, _theta: &[f64], out: &mut [f64]| out[0] = 0.5 * h[0],
///     |_h: &[f64], _t, _theta: &[f64], a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]| {
///         (a_h[0], a_theta[0]) = (0.5 * a[0], 0.0);
///         0.0
///     },
/// );
/// let options = Options::tolerances(1e-10, 1e-10);
/// let hybrid = Hybrid::new(House::default(), &vec![0.0], tableau::by_name("tsit5")?, options).event(Event::at([4.0]).reset(half));
/// let discrete = hybrid.method("discrete")?;
/// let mut through = Through::new(hybrid, discrete);
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = through.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// assert!((gradient.theta[0] - 12.0 * 2.0_f64.exp()).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub struct Through<T: Real, Y: State<T>, F, M> {
    hybrid: Hybrid<T, Y, F>,
    method: M,
}

impl<T: Real, Y: State<T>, F, M> Through<T, Y, F, M> {
    /// `hybrid` with `method` for its arcs.
    #[must_use]
    pub fn new(hybrid: Hybrid<T, Y, F>, method: M) -> Self {
        Self { hybrid, method }
    }
}

impl<T: Real, Y: State<T>, F: std::fmt::Debug, M> std::fmt::Debug for Through<T, Y, F, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Through")
            .field("hybrid", &self.hybrid)
            .finish_non_exhaustive()
    }
}

impl<T, Y, F, M> GradientMethod<T, Y::Element> for Through<T, Y, F, M>
where
    M: GradientMethod<T, Y::Element>,
    T: Real + Send + 'static,
    Y: State<T, Element: Real + Send + Sync + 'static>,
    F: VectorField<Y::Element>,
{
    #[track_caller]
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<&Gradient<Y::Element>, Error> {
        let found =
            self.hybrid
                .gradient(&mut self.method, problem, &mut |solution, cotangents| {
                    loss(&solution.saved, &mut cotangents.saved)
                })?;
        Ok(&found.gradient)
    }
}
