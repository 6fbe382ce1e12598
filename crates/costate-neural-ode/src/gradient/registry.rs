//! The gradient methods there are, and how one is had by its name.

use super::{
    Backsolve, Discrete, FiniteDifference, Forward, Gauss, GradientMethod, Interpolating,
    backsolve, discrete, finite_difference, forward, gauss, interpolating, reversible,
    steady_state,
};
use crate::{Error, VectorField};
use costate_ode::{Method, Options, Real, State, Tableau};

/// What to know of a gradient method before choosing it.
///
/// ```
/// use costate_neural_ode::gradient::METHODS;
///
/// // Those whose gradient is that of the numbers computed.
/// let exact: Vec<&str> = METHODS.iter().filter(|about| about.exact).map(|about| about.name).collect();
/// assert!(exact.contains(&"discrete") && exact.contains(&"forward") && !exact.contains(&"backsolve"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name by which programs and files choose it.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// What it keeps.
    pub memory: &'static str,
    /// When to take it.
    pub when: &'static str,
    /// When not.
    pub when_not: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
    /// Whether it gives the derivative of the numbers computed, with their steps; otherwise that of the exact solution, as well as the tolerances let it.
    pub exact: bool,
}

/// Every gradient method of this crate that takes any explicit solver; beside them stand those of [`OTHERS`].
pub static METHODS: [About; 6] = [
    discrete::ABOUT,
    forward::ABOUT,
    backsolve::ABOUT,
    interpolating::ABOUT,
    gauss::ABOUT,
    finite_difference::ABOUT,
];

/// The gradient methods that have solvers of their own, or need none. They are made by the name of their type and called like the others.
///
/// ```
/// use costate_neural_ode::gradient::{METHODS, OTHERS};
///
/// let names: Vec<&str> = METHODS.iter().chain(&OTHERS).map(|about| about.name).collect();
/// assert!(names.contains(&"reversible") && names.contains(&"steady-state"));
/// ```
pub static OTHERS: [About; 2] = [reversible::ABOUT, steady_state::ABOUT];

/// The name of the method that takes differences.
pub(crate) const DIFFERENCES: &str = finite_difference::ABOUT.name;

/// The method called `name`, for a field with states like `like` and solves by `method`: a [`Method`], or a [`Tableau`].
///
/// # Errors
/// [`Error::UnknownMethod`], which lists the names there are; [`Error::Unavailable`] if this gradient cannot be had through that solver, with one that can;
/// [`Error::Solver`] for options that make no sense.
///
/// ```
/// use costate_neural_ode::gradient::{self, GradientMethod, Problem};
/// use costate_neural_ode::doc::House; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-10));
/// let mut method = gradient::by_name("interpolating", House::default(), &vec![0.0], tsit5, options.clone())?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = method.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0; // L = h(5)
///     saved.state(0)[0]
/// })?;
/// assert!((gradient.h0[0] - 2.0_f64.exp()).abs() < 1e-7);
/// assert!(gradient::by_name("adjoint", House::default(), &vec![0.0], tsit5, options).is_err());
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub fn by_name<'a, T, Y, F>(
    name: &str,
    field: F,
    like: &Y,
    method: impl Into<Method>,
    options: Options<T>,
) -> Result<Box<dyn GradientMethod<T, Y::Element> + 'a>, Error>
where
    T: Real + 'a,
    Y: State<T, Element: Real> + 'a,
    F: VectorField<Y::Element> + 'a,
{
    let method = method.into();
    Ok(match name {
        _ if name == discrete::ABOUT.name => Box::new(Discrete::new(field, like, method, options)?),
        _ if name == forward::ABOUT.name => {
            let tableau = explicit(&forward::ABOUT, method)?;
            Box::new(Forward::new(field, like, tableau, options)?)
        }
        _ if name == backsolve::ABOUT.name => {
            let tableau = explicit(&backsolve::ABOUT, method)?;
            Box::new(Backsolve::new(field, like, tableau, options)?)
        }
        _ if name == interpolating::ABOUT.name => {
            let tableau = explicit(&interpolating::ABOUT, method)?;
            Box::new(Interpolating::new(field, like, tableau, options)?)
        }
        _ if name == gauss::ABOUT.name => {
            let tableau = explicit(&gauss::ABOUT, method)?;
            Box::new(Gauss::new(field, like, tableau, options)?)
        }
        _ if name == finite_difference::ABOUT.name => {
            Box::new(FiniteDifference::new(field, like, method, options)?)
        }
        _ => {
            if let Some(about) = OTHERS.iter().find(|about| about.name == name) {
                return Err(Error::Unavailable {
                    method: about.name,
                    what: "a gradient through a solver chosen by name",
                    instead: "its own constructor (Reversible::coupled, SteadyState::new), or discrete",
                });
            }
            return Err(Error::UnknownMethod {
                name: name.to_owned(),
                known: METHODS.map(|about| about.name).join(", "),
            });
        }
    })
}

/// The tableau that a gradient method which solves back in time needs.
fn explicit(about: &About, method: Method) -> Result<&'static Tableau, Error> {
    method.tableau().ok_or(Error::Unavailable {
        method: about.name,
        what: "a gradient through a solver that is no explicit Runge–Kutta method",
        instead: if discrete::steps::formula::has_adjoint(method) {
            discrete::ABOUT.name
        } else {
            "discrete, and kvaerno5, radau, rodas5p or auto as the solver"
        },
    })
}
