//! How far a discrete gradient is from that of the exact solution.

use super::{Discrete, Way};
use crate::audit::{ErrorBar, share_of_half};
use crate::gradient::{GradientMethod, LossFn, Problem};
use crate::{Error, VectorField};
use costate_ode::{Real, State};

impl<T, Y, F> Discrete<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// The gradient with an estimate of its own error, entry by entry: what the solver's steps leave in it.
    ///
    /// Each step Φ makes a local error; two half steps Ψ make about 2^(−p) of it, for a method of order p. To first order the errors of the loss add up, each
    /// weighted by the costate λ behind its step, and those of the gradient are the derivatives of that sum,
    ///
    /// ```text
    /// L − L(exact) ≈ Σ_n λ_{n+1}·(Φ_n(h_n) − φ_n(h_n))          φ_n = Ψ_n + (Ψ_n − Φ_n)/(2^p − 1) + …
    /// ```
    ///
    /// All of them together are the difference of two discrete gradients: that by the steps of the solve, and that by the halves of the same steps, times
    /// 2^p/(2^p − 1). No second derivative of f is needed, and as the mesh stays what it is, no luck with the step-size control either. It costs a gradient with
    /// twice the steps.
    ///
    /// It is an estimate, not a bound: off where the steps are too large for the error to fall as 2^(−p), as it does where stiff methods lose order, and meaningless
    /// below rounding. The sizes of the half steps are kept beside a [budget](Discrete::with_budget).
    ///
    /// ```
    /// use costate_neural_ode::{Discrete, Problem, doc::House}; // f = θ t h
    /// use costate_ode::{Options, tableau};
    ///
    /// let options = Options::tolerances(1e-5, 1e-5);
    /// let mut discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// let found = discrete.error_bar(&problem, &mut |saved, cotangents| {
    ///     cotangents.state_mut(0)[0] = 1.0;
    ///     saved.state(0)[0]
    /// })?;
    /// let error = (found.gradient.theta[0] - 24.0 * 2.0_f64.exp()).abs();
    /// assert!(found.error.theta[0] > 0.5 * error && found.error.theta[0] < 2.0 * error);
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`].
    ///
    /// # Panics
    /// As [`GradientMethod::gradient`].
    ///
    /// # References
    /// \[Hairer1993\] II.4 (extrapolation of steps), \[Cao2004\] (errors weighted by the costate)
    #[track_caller]
    pub fn error_bar(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<ErrorBar<Y::Element>, Error> {
        let found = self.gradient(problem, loss)?.clone();
        if problem.t0 == problem.t1 {
            let same = found.clone();
            return Ok(ErrorBar::between(found, &same, 0.0));
        }
        match &mut self.way {
            Way::Explicit(explicit) => explicit.schedule_halves(),
            Way::Steps { steps, .. } => steps.schedule_halves(),
        }
        let better = self.gradient(problem, loss).cloned();
        match &mut self.way {
            Way::Explicit(explicit) => explicit.primal.choose_steps(),
            Way::Steps { steps, .. } => steps.choose_steps(),
        }
        Ok(ErrorBar::between(
            found,
            &better?,
            share_of_half(self.order),
        ))
    }
}
