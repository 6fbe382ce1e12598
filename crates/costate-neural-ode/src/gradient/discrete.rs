//! The exact gradient of the numbers computed.

mod small;
mod sweep;

use super::primal::Primal;
use super::{About, Gradient, GradientMethod, LossFn, Problem, Saved, Stats, dot, total};
use crate::{Error, VectorField};
use costate_ode::{Options, Real, State, Tableau};
use num_traits::Zero;
use sweep::Sweep;

pub(super) const ABOUT: About = About {
    name: "discrete",
    title: "Discrete adjoint",
    memory: "every evaluation of f on the way from t0 to t1",
    when: "The default: the exact gradient of the numbers computed, whatever the tolerance, at about the cost of two solves.",
    when_not: "Solves so long that their evaluations do not fit into memory.",
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
            primal,
        })
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &F {
        &self.primal.it.system().field
    }

    /// The sizes of the steps of the last solve, signed.
    pub fn steps(&self) -> impl Iterator<Item = T> + '_ {
        self.primal.steps.iter().map(|step| step.size)
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
            cotangents,
            gradient,
        } = self;
        primal.begin(problem)?;
        while primal.advance()? {}
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
        for n in (0..primal.steps.len()).rev() {
            sweep.step(primal, n, cotangents);
        }

        gradient.h0.resize(primal.width(), Y::Element::zero());
        gradient
            .theta
            .resize(problem.theta.len(), Y::Element::zero());
        primal
            .field()
            .unpack(sweep.costate().as_slice(), &mut gradient.h0);
        primal.field().finish(&mut gradient.theta);
        gradient.t1 = sweep.end_time(primal, &gradient.save);
        gradient.t0 = sweep.clock() - gradient.t1 - total(&gradient.save);
        gradient.stats = Stats {
            forward: *primal.it.stats(),
            backward: costate_ode::Stats::default(),
            products: sweep.products(),
        };
        Ok(gradient)
    }
}
