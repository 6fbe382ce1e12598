//! The exact gradient of the numbers computed.

mod checkpoints;
mod small;
mod sweep;

use super::primal::Primal;
use super::{About, Gradient, GradientMethod, LossFn, Problem, Saved, Stats, dot, total};
use crate::{Error, VectorField};
use checkpoints::Checkpoints;
use costate_ode::{Options, Real, State, Tableau};
use num_traits::Zero;
use sweep::Sweep;

pub(super) const ABOUT: About = About {
    name: "discrete",
    title: "Discrete adjoint",
    memory: "every evaluation of f on the way from t0 to t1, or a budget",
    when: "The default: the exact gradient of the numbers computed, whatever the tolerance, at about the cost of two solves.",
    when_not: "Where the gradient of the exact solution is wanted rather than that of the numbers computed.",
    reference: "[Hager2000], [SanzSerna2016]",
    exact: true,
};

/// The discrete adjoint: the chain rule through every stage of every accepted step, backwards.
///
/// For a step h₁ = h + dt Σ b_i k_i with k_i = f(h + dt Σ_j a_ij k_j, t + c_i dt, θ), and λ the cotangent of h₁, it goes through the stages from
/// the last to the first,
///
/// ```text
/// κ_i = dt (b_i λ + Σ_{j>i} a_ji v_j)        the cotangent of k_i
/// v_i = κ_i·∂f/∂h                            the cotangent of where stage i was evaluated
/// ```
///
/// and ends with the cotangent λ + Σ v_i of h and, over all steps, ∂L/∂θ = Σ κ_i·∂f/∂θ. A save time inside the step adds dt w_i(σ) g to κ_i and g to
/// the cotangent of h. Where the last stage is the next step's first (FSAL), its two cotangents are added before one product is taken:
/// a solve with n steps of s stages takes (s − 1) n + 1 products.
///
/// Rejected steps leave no trace.
///
/// # References
/// \[Hager2000\], \[SanzSerna2016\], \[Griewank2008\]
// book: (discrete-costate)
#[derive(Debug)]
pub struct Discrete<T: Real, Y: State<T>, F> {
    primal: Primal<T, Y, F>,
    sweep: Sweep<T, Y>,
    checkpoints: Option<Checkpoints<T, Y::Element>>,
    cotangents: Saved<Y::Element>,
    gradient: Gradient<Y::Element>,
}

impl<T, Y, F> Discrete<T, Y, F>
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
        let primal = Primal::new(field, like, tableau, options)?;
        Ok(Self {
            sweep: Sweep::new(&primal),
            cotangents: Saved::new(primal.width()),
            gradient: Gradient::default(),
            checkpoints: None,
            primal,
        })
    }

    /// The same within so many bytes, besides what the loss and the saved states take: where the evaluations do not fit, states are kept here and there and the steps
    /// between them are taken again, once or, within a small budget, more often. The gradient is the same to the bit, and no number of steps has to be known.
    ///
    /// The size of every step is kept, 8 bytes: a budget of 1 MiB is enough for 100 000 steps. A field of your own says by [`VectorField::frame_bytes`] what an
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
        self.checkpoints = Some(Checkpoints::new(bytes, &mut self.primal));
        self
    }

    /// How many steps the last gradient took again to stay within its budget.
    #[must_use]
    pub fn retaken(&self) -> usize {
        self.checkpoints.as_ref().map_or(0, |kept| kept.retaken)
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &F {
        &self.primal.it.system().field
    }

    /// The sizes of the steps of the last solve, signed.
    pub fn steps(&self) -> impl Iterator<Item = T> + '_ {
        let kept = self.checkpoints.iter().flat_map(Checkpoints::sizes);
        let recorded = self.primal.steps.iter().map(|step| step.size);
        kept.chain(recorded.take_while(|_| self.checkpoints.is_none()))
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
        let Self {
            primal,
            sweep,
            checkpoints,
            cotangents,
            gradient,
        } = self;
        primal.begin(problem)?;
        match checkpoints {
            Some(checkpoints) => checkpoints.solve(primal)?,
            None => while primal.advance()? {},
        }
        let forward = *primal.it.stats();
        cotangents.resize(primal.saved.len());
        gradient.loss = loss(&primal.saved, cotangents);

        gradient.save.clear();
        if primal.times_are_variables {
            // book: (save-time)
            let slopes =
                (0..cotangents.len()).map(|i| (cotangents.state(i), primal.slopes.state(i)));
            gradient
                .save
                .extend(slopes.map(|(cotangent, slope)| dot(cotangent, slope)));
        }
        sweep.begin();
        let (steps, before) = (
            primal.steps.len(),
            forward.accepted.saturating_sub(primal.steps.len()),
        );
        for n in (0..steps).rev() {
            sweep.step(primal, n, (before + n == 0, n + 1 == steps), cotangents);
        }
        gradient.t1 = sweep.end_time(primal, &gradient.save);
        if let Some(checkpoints) = checkpoints {
            checkpoints.sweep(primal, sweep, cotangents);
        }

        gradient.h0.resize(primal.width(), Y::Element::zero());
        gradient
            .theta
            .resize(problem.theta.len(), Y::Element::zero());
        primal
            .field()
            .unpack(sweep.costate().as_slice(), &mut gradient.h0);
        primal.field().finish(&mut gradient.theta);
        gradient.t0 = sweep.clock() - gradient.t1 - total(&gradient.save);
        gradient.stats = Stats {
            forward,
            backward: costate_ode::Stats::default(),
            products: sweep.products(),
        };
        Ok(gradient)
    }
}
