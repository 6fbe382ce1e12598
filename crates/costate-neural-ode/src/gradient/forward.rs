//! Sensitivities, carried along with the solution.

mod tangents;

use super::primal::Primal;
use super::{About, Gradient, GradientMethod, LossFn, Problem, Saved, Stats, dot};
use crate::{Error, VectorField};
use costate_ode::{Options, Real, State, Tableau};
use num_traits::Zero;
use tangents::Tangents;

pub(super) const ABOUT: About = About {
    name: "forward",
    title: "Forward sensitivities",
    memory: "one step, and the saved states' Jacobian",
    when: "With few parameters, and for least squares: it gives the Jacobian of the saved states, exact for the numbers computed.",
    when_not: "With many parameters or states: the work grows with (states) x (states + parameters).",
    reference: "[Hairer1993]",
    exact: true,
};

/// Forward sensitivities: the derivative of every step, taken along with the step.
///
/// With S = ∂h/∂(h₀, θ, t₀, t₁), a step h₁ = h + dt Σ b_i k_i becomes S₁ = S + dt Σ b_i K_i with K_i = ∂f/∂h (S + dt Σ_j a_ij K_j) + ∂f/∂θ + …: the same formula
/// with the same weights, at the evaluations that the step had. So the steps are those of the solution alone, and the result is the exact
/// derivative of the numbers computed. ∂f/∂h, ∂f/∂θ come row by row from the field's products.
///
/// ```
/// use costate_neural_ode::{Forward, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut forward = Forward::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[4.0, 5.0] };
/// let (saved, sensitivities) = forward.solve(&problem)?;
/// // h(t) = h₀ exp(θ (t² − t₀²)/2)
/// assert!((saved.state(0)[0] - 3.0 * 0.875_f64.exp()).abs() < 1e-8);
/// assert!((sensitivities.h0(0, 0)[0] - 0.875_f64.exp()).abs() < 1e-8);
/// assert!((sensitivities.theta(1, 0)[0] - 24.0 * 2.0_f64.exp()).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1993\] I.14, II.6
#[derive(Debug)]
pub struct Forward<T: Real, Y: State<T>, F> {
    primal: Primal<T, Y, F>,
    tangents: Tangents<T, Y>,
    sensitivities: Sensitivities<Y::Element>,
    cotangents: Saved<Y::Element>,
    gradient: Gradient<Y::Element>,
}

/// The saved states and their Jacobian.
type Solved<'a, E> = (&'a Saved<E>, &'a Sensitivities<E>);

/// The Jacobian of the saved states by everything they depend on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sensitivities<E> {
    width: usize,
    parameters: usize,
    /// For each save time the columns of h₀, θ, t₀, t₁ and of the save time itself.
    values: Vec<E>,
}

impl<E: Real> Sensitivities<E> {
    /// ∂h(t_save)/∂h₀\[j\], a column.
    #[must_use]
    pub fn h0(&self, save: usize, j: usize) -> &[E] {
        assert!(
            j < self.width,
            "there are {} initial values, no {j}",
            self.width
        );
        self.column(save, j)
    }

    /// ∂h(t_save)/∂θ\[k\], a column.
    #[must_use]
    pub fn theta(&self, save: usize, k: usize) -> &[E] {
        assert!(
            k < self.parameters,
            "there are {} parameters, no {k}",
            self.parameters
        );
        self.column(save, self.width + k)
    }

    /// ∂h(t_save)/∂t₀, a column.
    #[must_use]
    pub fn t0(&self, save: usize) -> &[E] {
        self.column(save, self.width + self.parameters)
    }

    /// ∂h(t_save)/∂t₁, a column.
    #[must_use]
    pub fn t1(&self, save: usize) -> &[E] {
        self.column(save, self.width + self.parameters + 1)
    }

    /// ∂h(t_save)/∂t_save, a column; zero if there are no save times and the state is that at t₁.
    #[must_use]
    pub fn time(&self, save: usize) -> &[E] {
        self.column(save, self.width + self.parameters + 2)
    }

    /// Writes the gradient of a loss whose derivatives by the saved states are `cotangents`, Σ cotangent · ∂h(t_save)/∂·, for so many save times that are
    /// variables; the loss itself and the statistics stay.
    pub fn pull(&self, cotangents: &Saved<E>, saves: usize, gradient: &mut Gradient<E>) {
        let along =
            |save: usize, column: usize| dot(cotangents.state(save), self.column(save, column));
        let by = |column: usize| {
            let terms = (0..cotangents.len()).map(|save| along(save, column));
            terms.fold(E::zero(), |sum, term| sum + term)
        };
        let (n, p) = (self.width, self.parameters);
        gradient.h0.clear();
        gradient.h0.extend((0..n).map(by));
        gradient.theta.clear();
        gradient.theta.extend((n..n + p).map(by));
        (gradient.t0, gradient.t1) = (by(n + p), by(n + p + 1));
        gradient.save.clear();
        let times = (0..saves).map(|save| along(save, n + p + 2));
        gradient.save.extend(times);
    }

    /// The columns of a save time.
    fn columns(&self) -> usize {
        self.width + self.parameters + 3
    }

    fn column(&self, save: usize, column: usize) -> &[E] {
        let begin = (save * self.columns() + column) * self.width;
        &self.values[begin..begin + self.width]
    }

    fn column_mut(&mut self, save: usize, column: usize) -> &mut [E] {
        let begin = (save * self.columns() + column) * self.width;
        &mut self.values[begin..begin + self.width]
    }
}

impl<T, Y, F> Forward<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
    ) -> Result<Self, Error> {
        let mut primal = Primal::of_one_step(field, like, tableau, options)?;
        let (width, parameters) = (primal.width(), primal.field().parameter_len());
        Ok(Self {
            tangents: Tangents::new(&primal, parameters),
            sensitivities: Sensitivities {
                width,
                parameters,
                values: Vec::new(),
            },
            cotangents: Saved::new(width),
            gradient: Gradient::default(),
            primal,
        })
    }

    /// The saved states and their Jacobian.
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`].
    ///
    /// # Panics
    /// As [`GradientMethod::gradient`].
    #[track_caller]
    pub fn solve(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
    ) -> Result<Solved<'_, Y::Element>, Error> {
        self.primal.begin(problem)?;
        let entries =
            problem.times().len() * self.sensitivities.columns() * self.sensitivities.width;
        self.sensitivities.values.clear();
        self.sensitivities
            .values
            .resize(entries, Y::Element::zero());
        self.tangents.begin(self.primal.field());
        while self.primal.advance()? {
            self.tangents
                .step(&mut self.primal, &mut self.sensitivities);
            self.primal.steps.clear();
        }
        Ok((&self.primal.saved, &self.sensitivities))
    }

    /// What the last solve cost.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            forward: *self.primal.it.stats(),
            backward: costate_ode::Stats::default(),
            products: self.tangents.products(),
        }
    }
}

impl<T, Y, F> GradientMethod<T, Y::Element> for Forward<T, Y, F>
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
        self.solve(problem)?;
        self.cotangents.resize(self.primal.saved.len());
        self.gradient.loss = loss(&self.primal.saved, &mut self.cotangents);
        self.gradient.stats = self.stats();
        let saves = problem.save_at.len();
        self.sensitivities
            .pull(&self.cotangents, saves, &mut self.gradient);
        Ok(&self.gradient)
    }
}
