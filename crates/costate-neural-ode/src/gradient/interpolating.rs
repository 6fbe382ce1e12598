//! The costate along the forward solution's dense output.

use super::costate::Along;
use super::{About, Gradient, GradientMethod, LossFn, Problem};
use crate::{Error, VectorField};
use costate_ode::{Options, Real, State, Tableau};

pub(super) const ABOUT: About = About {
    name: "interpolating",
    title: "Continuous adjoint along the dense output",
    memory: "the states and slopes of every step",
    when: "Where the exact solution's gradient is wanted and h cannot be rebuilt going back: damped systems, loose tolerances.",
    when_not: "Where an optimiser needs the exact gradient of the computed loss: discrete, within a budget if its evaluations do not fit into memory.",
    reference: "[Hindmarsh2005], [Rackauckas2020]",
    exact: false,
};

/// The continuous adjoint with h from the forward solution's dense output: only the costate is solved backwards,
///
/// ```text
/// da/dt = −a·∂f/∂h(h(t), t, θ)
/// ```
#[cfg_attr(doc, doc = include_str!("../../formulas/adjoint-ode.html"))]
///
/// a_θ and a_t are quadratures with the weights of the method, at the stages of its steps. Unlike [`Backsolve`](super::Backsolve) it does not rebuild h, so it is as
/// stable going back as the costate is.
///
/// ```
/// use costate_neural_ode::{GradientMethod, Interpolating, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-8, 1e-20);
/// let mut method = Interpolating::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
/// // h falls by e⁻³², and L with it: no way back for h, but one for a.
/// let problem = Problem { h0: &[3.0], theta: &[-4.0], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = method.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = saved.state(0)[0].recip();
///     saved.state(0)[0].ln()
/// })?;
/// assert!((gradient.h0[0] - 1.0 / 3.0).abs() < 1e-5); // L = ln h₀ + 8 θ
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Hindmarsh2005\], \[Rackauckas2020\]
#[derive(Debug)]
pub struct Interpolating<T: Real, Y: State<T, Element: Real>, F> {
    along: Along<T, Y, F>,
}

impl<T, Y, F> Interpolating<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter. The costate has the tolerances of the state.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
    ) -> Result<Self, Error> {
        let along = Along::new(field, like, tableau, options, &[])?;
        Ok(Self { along })
    }
}

impl<T, Y, F> GradientMethod<T, Y::Element> for Interpolating<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    #[track_caller]
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<&Gradient<Y::Element>, Error> {
        self.along.run(problem, loss)?;
        Ok(&self.along.gradient)
    }
}
