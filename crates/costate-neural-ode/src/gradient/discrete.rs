//! The exact gradient of the numbers computed.

mod checkpoints;
mod error_bar;
mod explicit;
mod small;
pub(super) mod steps;
mod sweep;

use super::{About, Gradient, GradientMethod, LossFn, Problem, Saved};
use crate::{Error, VectorField};
use costate_ode::{Method, Options, Real, State};
use explicit::Explicit;
use steps::Steps;

pub(super) const ABOUT: About = About {
    name: "discrete",
    title: "Discrete adjoint",
    memory: "every evaluation of f on the way from t0 to t1, or a budget",
    when: "The default: the exact gradient of the numbers computed, whatever the tolerance, at the cost of two to three solves.",
    when_not: "Where the gradient of the exact solution is wanted rather than that of the numbers computed.",
    reference: "[Hager2000], [SanzSerna2016]",
    exact: true,
};

/// The discrete adjoint: the chain rule through every stage of every accepted step, backwards.
///
/// For a step of an explicit method, h₁ = h + dt Σ b_i k_i with k_i = f(h + dt Σ_j a_ij k_j, t + c_i dt, θ), and λ the cotangent of h₁, it goes through the stages from
/// the last to the first,
///
/// ```text
/// κ_i = dt (b_i λ + Σ_{j>i} a_ji v_j)        the cotangent of k_i
/// v_i = κ_i·∂f/∂h                            the cotangent of where stage i was evaluated
/// ```
///
/// and ends with the cotangent λ + Σ v_i of h and, over all steps, ∂L/∂θ = Σ κ_i·∂f/∂θ. A save time inside the step adds dt w_i(σ) g to κ_i and g to
/// the cotangent of h. Where the last stage is the next step's first (FSAL), its two cotangents are added before one product is taken:
/// a solve with n steps of s stages takes (s − 1) n products, and some more where the loss looks inside steps.
///
/// With κ_i put into v_i, and in the book's letters (a₊ for λ, Δ for dt):
#[cfg_attr(doc, doc = include_str!("../../formulas/discrete-rk.html"))]
///
/// Rejected steps leave no trace.
///
/// # Solvers
/// Any one-step method is as good: only the equations for κ_i differ.
///
/// | solver | backwards | of f it needs |
/// |---|---|---|
/// | explicit | as above | products |
/// | diagonally implicit: Euler, midpoint, trapezoid, TR-BDF2, Kværnø, KenCarp | (1 − dt γ ∂f/∂h)ᵀ κ_i = dt (b_i λ + Σ_{j>i} a_ji v_j) | products, ∂f/∂h at the stages |
/// | additive: KenCarp with a field in two parts, [`Split`](crate::Split) | the same, with ε_i·∂f_E/∂h of the part taken explicitly on the right | products of both parts, ∂f_I/∂h at the stages |
/// | Rosenbrock: ROS3P, RODAS4, Rodas5P | (1/(γ dt) − ∂f/∂h)ᵀ s_i = …, and s_i·∂(∂f/∂h u_i + dt γ_i ∂f/∂t) for each stage u_i | the same, and [second derivatives](VectorField::curvature) |
/// | Radau IIA | all stages in one system of 3 n equations | products, ∂f/∂h at the stages |
/// | symplectic | kicks and drifts in reverse | products |
/// | `auto` | each step as it was taken | as explicit and Rosenbrock methods |
///
/// Of implicit Euler's one stage, in the book's letters, this is
///
/// ```text
/// a = a₊ (1 − Δ ∂f/∂h)⁻¹        ∂L/∂θ = Σ Δ a·∂f/∂θ
/// ```
#[cfg_attr(doc, doc = include_str!("../../formulas/implicit-adjoint.html"))]
///
/// An implicit stage is the *solution* of its equation, whatever Newton's iteration began from: so the gradient is that of the solution, by the implicit function
/// theorem, and the iterations go on to rounding in a solve for a gradient, beyond what the tolerance asks for. No iteration is differentiated. ∂f/∂h comes from the
/// field itself ([`VectorField::jacobian`], or products with the rows that [`VectorField::structure`] lets be taken together). What is kept of a step are h, dt and its
/// stages; f is evaluated at them again on the way back. Such a solve allocates a few vectors each time.
///
/// Methods of several steps (`bdf`, `adams`) and stabilised ones (`rock2`, `rock4`) are refused with [`Error::Unavailable`], which names solvers to take instead.
///
/// ```
/// use costate_neural_ode::{Discrete, GradientMethod, Native, Problem, RightHandSide};
/// use costate_ode::{Method, Options};
/// use costate_tape::Scalar;
///
/// /// dh/dt = −k (h − cos t): for k = 10⁶ an explicit method would take a million steps.
/// struct Stiff;
///
/// impl RightHandSide<1, 1> for Stiff {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [k]: [S; 1]) -> [S; 1] {
///         [-(k * (h - t.cos()))]
///     }
/// }
///
/// for name in ["auto", "kvaerno5", "rodas5p", "radau"] {
///     let (method, options) = (Method::by_name(name)?, Options::tolerances(1e-6, 1e-8));
///     let mut discrete = Discrete::new(Native::new(Stiff), &[0.0], method, options)?;
///     let problem = Problem { h0: &[1.0], theta: &[1e6], t0: 0.0, t1: 2.0, save_at: &[] };
///     let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
///         cotangents.state_mut(0)[0] = 1.0;
///         saved.state(0)[0]
///     })?;
///     assert!((gradient.t1 + 2.0_f64.sin()).abs() < 1e-4, "{name}"); // h(t) ≈ cos t
///     assert!(gradient.h0[0].abs() < 1e-6 && gradient.stats.forward.accepted < 200);
/// }
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Hager2000\], \[SanzSerna2016\], \[Griewank2008\]; implicit methods \[Sandu2006\], \[Zhang2014\], \[Hairer1996\] IV.7, IV.8
// book: (discrete-costate)
#[derive(Debug)]
pub struct Discrete<T: Real, Y: State<T>, F> {
    way: Way<T, Y, F>,
    /// Of the solver.
    order: usize,
    cotangents: Saved<Y::Element>,
    gradient: Gradient<Y::Element>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // There is one of them, and the large one is the usual one.
enum Way<T: Real, Y: State<T>, F> {
    Explicit(Explicit<T, Y, F>),
    Steps {
        field: F,
        steps: Box<Steps<T, Y::Element>>,
    },
}

impl<T, Y, F> Discrete<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter, and a solver: an explicit [`Tableau`](costate_ode::Tableau), or any [`Method`].
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense; [`Error::Unavailable`] for a solver whose gradient cannot be had, with one whose can.
    pub fn new(
        field: F,
        like: &Y,
        method: impl Into<Method>,
        options: Options<T>,
    ) -> Result<Self, Error> {
        let method = method.into();
        let cotangents = Saved::new(like.as_slice().len());
        let way = match method.tableau() {
            Some(tableau) => Way::Explicit(Explicit::new(field, like, tableau, options)?),
            None => {
                let mut field = field;
                let steps = Box::new(Steps::new(&ABOUT, &mut field, method, options)?);
                Way::Steps { field, steps }
            }
        };
        Ok(Self {
            way,
            order: method.order,
            cotangents,
            gradient: Gradient::default(),
        })
    }

    /// The same within so many bytes, besides what the loss, the saved states and the solver itself take (some tens of states, and matrices): where the evaluations do not fit, states are kept here and there and the steps
    /// between them are taken again, once or, within a small budget, more often. The gradient is the same to the bit, and no number of steps has to be known.
    /// Through an implicit solver it is the same to rounding: its iterations begin from other guesses then.
    ///
    /// The size of every step is kept, 8 bytes: a budget of 1 MiB is enough for 100 000 steps, and for millions where long runs of them are equal, as with constant
    /// steps. [`predict_retaken`](Discrete::predict_retaken) says beforehand what a budget costs. A field of your own says by [`VectorField::frame_bytes`] what an
    /// evaluation takes.
    ///
    /// ```
    /// use costate_neural_ode::{Discrete, GradientMethod, Problem, doc::House};
    /// use costate_ode::{Options, tableau};
    ///
    /// let options = Options::constant_step(1e-4); // 20 000 steps
    /// let method = || Discrete::new(House::default(), &[0.0], tableau::by_name("rk4").unwrap(), options.clone());
    /// let (mut all, mut some) = (method()?, method()?.with_budget(300_000));
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// let mut loss = |saved: &costate_neural_ode::Saved<f64>, cotangents: &mut costate_neural_ode::Saved<f64>| {
    ///     cotangents.state_mut(0)[0] = 1.0;
    ///     saved.state(0)[0]
    /// };
    /// assert_eq!(some.gradient(&problem, &mut loss)?, all.gradient(&problem, &mut loss)?);
    /// assert!(some.retaken() > 19_000 && all.retaken() == 0);
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    ///
    /// # References
    /// \[Griewank2008\] 12, \[Stumm2010\]
    #[must_use]
    pub fn with_budget(mut self, bytes: usize) -> Self {
        match &mut self.way {
            Way::Explicit(explicit) => explicit.limit(bytes),
            Way::Steps { steps, .. } => steps.limit(bytes),
        }
        self
    }

    /// How many steps the last gradient took again to stay within its budget.
    #[must_use]
    pub fn retaken(&self) -> usize {
        match &self.way {
            Way::Explicit(explicit) => explicit.retaken(),
            Way::Steps { steps, .. } => steps.retaken(),
        }
    }

    /// How many steps a solve of so many steps will take again to stay within the budget: the price of the memory, before it is paid. Almost
    /// all of them once while there is room for enough marks on the way, then twice, and so on.
    ///
    /// ```
    /// use costate_neural_ode::{Discrete, doc::House};
    /// use costate_ode::{Options, tableau};
    ///
    /// let options = Options::tolerances(1e-6, 1e-6);
    /// let discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?.with_budget(1 << 20);
    /// assert_eq!(discrete.predict_retaken(100), 0); // Everything fits.
    /// assert!((99_000..100_000).contains(&discrete.predict_retaken(100_000))); // Each step twice.
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[must_use]
    pub fn predict_retaken(&self, steps: usize) -> usize {
        match &self.way {
            Way::Explicit(explicit) => explicit.predict_retaken(steps),
            Way::Steps { steps: by, .. } => by.predict_retaken(steps),
        }
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &F {
        match &self.way {
            Way::Explicit(explicit) => &explicit.primal.it.system().field,
            Way::Steps { field, .. } => field,
        }
    }

    /// The sizes of the steps of the last solve, signed.
    pub fn steps(&self) -> impl Iterator<Item = T> + '_ {
        let (explicit, steps) = match &self.way {
            Way::Explicit(explicit) => (Some(explicit), None),
            Way::Steps { steps, .. } => (None, Some(steps)),
        };
        let explicit = explicit.into_iter().flat_map(Explicit::sizes);
        explicit.chain(steps.into_iter().flat_map(|steps| steps.sizes()))
    }
}

impl<T, Y, F> GradientMethod<T, Y::Element> for Discrete<T, Y, F>
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
        let (cotangents, gradient) = (&mut self.cotangents, &mut self.gradient);
        match &mut self.way {
            Way::Explicit(explicit) => explicit.gradient(problem, loss, cotangents, gradient)?,
            Way::Steps { field, steps } => {
                steps.gradient(field, problem, loss, cotangents, gradient)?;
            }
        }
        Ok(gradient)
    }
}
