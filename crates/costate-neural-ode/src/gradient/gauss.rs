//! Parameters by quadrature of their own.

use super::costate::{Along, Nodes};
use super::{About, Gradient, GradientMethod, LossFn, Problem};
use crate::{Error, VectorField};
use costate_ode::{Options, Real, State, Tableau};

pub(super) const ABOUT: About = About {
    name: "gauss",
    title: "Continuous adjoint, parameters by Gaussian quadrature",
    memory: "the states and slopes of every step",
    when: "With a great many parameters and long steps: a·∂f/∂θ is taken at three points of each step.",
    when_not: "Where an optimiser needs the exact gradient of the computed loss: discrete.",
    reference: "[Norcliffe2023]",
    exact: false,
};

/// How the integral ∫ a·∂f/∂θ dt is taken over each step of the costate.
///
/// ```
/// use costate_neural_ode::gradient::Rule;
/// use costate_neural_ode::{Gauss, GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let products = |rule| -> Result<usize, costate_neural_ode::Error> {
///     let (verner9, options) = (tableau::by_name("verner9")?, Options::tolerances(1e-9, 1e-9));
///     let mut gauss = Gauss::with_rule(House::default(), &[0.0], verner9, options, rule)?;
///     let gradient = gauss.gradient(&problem, &mut |saved, cotangents| {
///         cotangents.state_mut(0)[0] = 1.0;
///         saved.state(0)[0]
///     })?;
///     assert!((gradient.theta[0] - 24.0 * 2.0_f64.exp()).abs() < 1e-5);
///     Ok(gradient.stats.products)
/// };
/// // What a linear integrand does not need: four more points in each step.
/// assert!(products(Rule::Kronrod)? > products(Rule::Legendre)?);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Gauss–Legendre with three points: exact for polynomials of degree 5.
    #[default]
    Legendre,
    /// Gauss–Kronrod with seven points: degree 11. For tolerances near rounding, with methods of high order.
    Kronrod,
}

/// On [0, 1]; ½ ∓ ½ √(3/5).
const LEGENDRE: Nodes = &[
    (0.112_701_665_379_258_3, 0.277_777_777_777_777_8),
    (0.5, 0.444_444_444_444_444_4),
    (0.887_298_334_620_741_7, 0.277_777_777_777_777_8),
];

/// The Kronrod extension of the three points above, on [0, 1].
const KRONROD: Nodes = &[
    (0.019_754_365_645_989_9, 0.052_328_113_013_233_7),
    (0.112_701_665_379_258_3, 0.134_244_044_934_166_7),
    (0.282_878_125_326_598_7, 0.200_698_707_387_981_1),
    (0.5, 0.225_458_269_329_237_1),
    (0.717_121_874_673_401_3, 0.200_698_707_387_981_1),
    (0.887_298_334_620_741_7, 0.134_244_044_934_166_7),
    (0.980_245_634_354_010_1, 0.052_328_113_013_233_7),
];

/// The continuous adjoint along the forward solution's dense output, as [`Interpolating`](super::Interpolating), but with a_θ and a_t by a Gaussian rule on each
/// step of the costate: the products with ∂f/∂θ do not depend on how many stages the method has, and parameters are never in the state.
#[cfg_attr(doc, doc = include_str!("../../formulas/parameter-gradient.html"))]
///
/// A field that likes several evaluations at once ([`VectorField::evaluates_at_once`]), as a network over one sample does, which waits for its weights, gets all
/// stages of a step together, for they lie on a path that is known, and the nodes of four steps. If it has no more than four states, it is asked at nodes alone: for
/// ∂f/∂h as a matrix at those of each step of the solve, between which it is the polynomial through them. The costate is then solved without the field, and a·∂f/∂θ
/// taken at the same nodes.
///
/// ```
/// use costate_neural_ode::{Gauss, GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut gauss = Gauss::new(House::default(), &[0.0], tableau::by_name("dopri5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = gauss.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// assert!((gradient.theta[0] - 24.0 * 2.0_f64.exp()).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Norcliffe2023\]
#[derive(Debug)]
pub struct Gauss<T: Real, Y: State<T, Element: Real>, F> {
    along: Along<T, Y, F>,
}

impl<T, Y, F> Gauss<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter, by the rule with three points.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
    ) -> Result<Self, Error> {
        Self::with_rule(field, like, tableau, options, Rule::default())
    }

    /// The same by the rule of your choice.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    ///
    /// ```
    /// use costate_neural_ode::{Gauss, GradientMethod, Problem, doc::House, gradient::Rule}; // f = θ t h
    /// use costate_ode::{Options, tableau};
    ///
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// for rule in [Rule::Legendre, Rule::Kronrod] {
    ///     let (dop853, options) = (tableau::by_name("dop853")?, Options::tolerances(1e-12, 1e-12));
    ///     let mut gauss = Gauss::with_rule(House::default(), &[0.0], dop853, options, rule)?;
    ///     let gradient = gauss.gradient(&problem, &mut |saved, cotangents| {
    ///         cotangents.state_mut(0)[0] = 1.0;
    ///         saved.state(0)[0]
    ///     })?;
    ///     assert!((gradient.theta[0] - 24.0 * 2.0_f64.exp()).abs() < 1e-6);
    /// }
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    pub fn with_rule(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
        rule: Rule,
    ) -> Result<Self, Error> {
        let nodes = match rule {
            Rule::Legendre => LEGENDRE,
            Rule::Kronrod => KRONROD,
        };
        let along = Along::new(field, like, tableau, options, nodes)?;
        Ok(Self { along })
    }
}

impl<T, Y, F> GradientMethod<T, Y::Element> for Gauss<T, Y, F>
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_exact_for_polynomials_of_their_degree() {
        for (rule, degree) in [(LEGENDRE, 5), (KRONROD, 11)] {
            let integral = |m: i32| rule.iter().map(|(x, w)| w * x.powi(m)).sum::<f64>();
            for m in 0..=degree {
                let exact = 1.0 / f64::from(m + 1);
                assert!(
                    (integral(m) - exact).abs() < 2e-15,
                    "degree {m}: {}",
                    integral(m)
                );
            }
            assert!((integral(degree + 1) - 1.0 / f64::from(degree + 2)).abs() > 1e-9);
        }
    }
}
