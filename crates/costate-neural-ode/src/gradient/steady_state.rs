//! The gradient of an equilibrium.

use super::discrete::steps::rows::Rows;
use super::{About, Gradient, GradientMethod, LossFn, Problem, Saved, Stats, scalar};
use crate::field::Natural;
use crate::{Error, VectorField};
use costate_ode::{Element, Lu, Matrix, Real};
use num_traits::{One, Zero};
use std::marker::PhantomData;

pub(super) const ABOUT: About = About {
    name: "steady-state",
    title: "Implicit function theorem at the equilibrium",
    memory: "one matrix",
    when: "For a loss of the state at rest: no way there is gone back through.",
    when_not: "For anything on the way to rest, or where the solution does not come to rest.",
    reference: "[Griewank2008], [Kelley1998]",
    exact: false,
};

/// Steps towards the equilibrium after which there is none.
const LIMIT: usize = 500;

/// The gradient of a loss of the equilibrium h* that the solution from h₀ comes to rest at, f(h*, t₁, θ) = 0, by the implicit function theorem:
///
#[cfg_attr(doc, doc = include_str!("../../formulas/steady-state.html"))]
/// ```text
/// ∂f/∂hᵀ x = −∂L/∂h*          ∂L/∂θ = x·∂f/∂θ          ∂L/∂t₁ = x·∂f/∂t
/// ```
///
/// One system of equations, whatever the way there. The equilibrium is found by steps of implicit Euler that grow as |f| falls and so become Newton's
/// (\[Kelley1998\]): from h₀, so that of several equilibria it is one that attracts. It is a function of θ alone, so ∂L/∂h₀ and ∂L/∂t₀ are zero: not so if
/// f conserves a quantity, which is refused; leave a state out then.
///
/// f is taken at t₁. The one saved state is h*; other save times there are none.
///
/// ```
/// use costate_neural_ode::{GradientMethod, Native, Problem, RightHandSide, gradient::SteadyState};
/// use costate_tape::Scalar;
///
/// /// Logistic growth with harvest: r h (1 − h/k) − q h rests at h = k (1 − q/r).
/// struct Harvest;
///
/// impl RightHandSide<1, 3> for Harvest {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [r, k, q]: [S; 3]) -> [S; 1] {
///         [r * h * (S::from_f64(1.0) - h / k) - q * h]
///     }
/// }
///
/// let mut method = SteadyState::<f64, f64, _>::new(Native::new(Harvest));
/// let problem = Problem { h0: &[0.1], theta: &[2.0, 8.0, 0.5], t0: 0.0, t1: 0.0, save_at: &[] };
/// let gradient = method.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// assert!((gradient.loss - 6.0).abs() < 1e-12);
/// for (found, expected) in gradient.theta.iter().zip([1.0, 0.75, -4.0]) {
///     assert!((found - expected).abs() < 1e-12);
/// }
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Griewank2008\] 15, \[Kelley1998\]
#[derive(Debug)]
pub struct SteadyState<T, E, F> {
    field: F,
    rows: Rows<E>,
    /// ∂f/∂h, its factors, and those of the transposed one.
    direct: Matrix<E>,
    lu: Lu<E>,
    lu_transposed: Lu<E>,
    h: Vec<E>,
    f: Vec<E>,
    step: Vec<E>,
    tried: Vec<E>,
    saved: Saved<E>,
    cotangents: Saved<E>,
    gradient: Gradient<E>,
    by_scalar: PhantomData<T>,
}

impl<T: Real, E: Element<T> + Real, F: VectorField<E>> SteadyState<T, E, F> {
    /// For a field.
    #[must_use]
    pub fn new(field: F) -> Self {
        let n = field.state_len();
        let rows = Rows::new::<T>(&field);
        let direct = Matrix::new::<T>(n, field.structure());
        let zeros = || vec![<E as Zero>::zero(); n];
        Self {
            lu: Lu::new::<T>(&direct),
            lu_transposed: Lu::new::<T>(&rows.transposed),
            direct,
            rows,
            field,
            h: zeros(),
            f: zeros(),
            step: zeros(),
            tried: zeros(),
            saved: Saved::new(n),
            cotangents: Saved::new(n),
            gradient: Gradient::default(),
            by_scalar: PhantomData,
        }
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &F {
        &self.field
    }

    /// Takes ∂f/∂h at h and solves (shift − ∂f/∂h) step = f. False if that is singular.
    fn newton(&mut self, t: E, shift: E) -> bool {
        let mut natural = Natural::new(&mut self.field);
        natural.eval(0, t, &self.h, &mut self.f);
        self.rows.take(&mut natural, 0, (t, &self.h), false);
        let direct = &mut self.direct;
        let set = |j: usize, i: usize, entry: E| direct.set(i, j, entry);
        self.rows.transposed.for_each(set);
        self.step.copy_from_slice(&self.f);
        if !self.lu.factorise::<T>(shift, &self.direct) {
            return false;
        }
        self.lu.solve::<T>(&mut self.step);
        true
    }

    /// Goes to the equilibrium from h.
    fn settle(&mut self, t: E) -> Result<usize, Error> {
        let number = E::from_f64;
        Natural::new(&mut self.field).eval(0, t, &self.h, &mut self.f);
        let mut size = largest(&self.f);
        // At first a hundredth of the time in which the state would change by its size.
        let span = (largest(&self.h) + number(1e-6)) / size;
        let mut dt = if size > <E as Zero>::zero() {
            number(0.01) * span
        } else {
            <E as One>::one()
        };
        for taken in 0..LIMIT {
            if self.newton(t, dt.recip()) {
                for ((tried, h), step) in self.tried.iter_mut().zip(&self.h).zip(&self.step) {
                    *tried = *h + *step;
                }
                let mut natural = Natural::new(&mut self.field);
                natural.eval(0, t, &self.tried, &mut self.f);
                let after = largest(&self.f);
                if after.is_finite() && after <= number(4.0) * size {
                    std::mem::swap(&mut self.h, &mut self.tried);
                    let moved = largest(&self.step);
                    let still = moved <= number(1e-9) * largest(&self.h);
                    // Then it was Newton's step, not a short one.
                    let is_newton = moved <= number(1e-3) * size * dt;
                    if after == <E as Zero>::zero() || (still && is_newton) {
                        return self.polish(t).map(|()| taken + 1);
                    }
                    let factor = (size / after).max(number(0.5)).min(number(10.0));
                    // However flat f is, time goes on.
                    dt = dt * factor.max(number(1.5));
                    size = after;
                    continue;
                }
            }
            dt = dt * number(0.25);
        }
        Err(Error::NoEquilibrium {
            steps: LIMIT,
            residual: size.as_f64(),
        })
    }

    /// Newton's steps to rounding.
    fn polish(&mut self, t: E) -> Result<(), Error> {
        for _ in 0..3 {
            if !self.newton(t, <E as Zero>::zero()) {
                return Err(Error::DegenerateEquilibrium);
            }
            for (h, step) in self.h.iter_mut().zip(&self.step) {
                *h = *h + *step;
            }
        }
        Ok(())
    }
}

fn largest<E: Real>(x: &[E]) -> E {
    x.iter().fold(
        E::zero(),
        |max, x| {
            if x.is_nan() { *x } else { max.max(x.abs()) }
        },
    )
}

impl<T: Real, E: Element<T> + Real, F: VectorField<E>> GradientMethod<T, E>
    for SteadyState<T, E, F>
{
    /// The loss of the equilibrium that the solution from `problem.h0` comes to rest at, with f taken at `problem.t1`, and its gradient.
    ///
    /// # Errors
    /// [`Error::NoEquilibrium`] if none is found, [`Error::DegenerateEquilibrium`] if it is no function of θ; [`Error::Unavailable`] if there are save times.
    #[track_caller]
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, E>,
        loss: &mut LossFn<'_, E>,
    ) -> Result<&Gradient<E>, Error> {
        super::primal::check_lengths(&self.field, problem, self.h.len());
        if !problem.save_at.is_empty() {
            return Err(Error::Unavailable {
                method: ABOUT.name,
                what: "the gradient of states on the way",
                instead: super::discrete::ABOUT.name,
            });
        }
        self.field.set_parameters(problem.theta);
        let t = scalar(problem.t1);
        self.h.copy_from_slice(problem.h0);
        let steps = self.settle(t)?;
        self.saved.resize(1);
        self.saved.state_mut(0).copy_from_slice(&self.h);
        self.cotangents.resize(1);
        self.gradient.loss = loss(&self.saved, &mut self.cotangents);

        let zero = <E as Zero>::zero();
        // The last of Newton's steps left f, and ∂f/∂h, where they are but for rounding.
        let mut natural = Natural::new(&mut self.field);
        let mut norm = zero;
        self.rows
            .transposed
            .for_each(|_, _, entry| norm = norm.max(entry.abs()));
        // (0 − ∂f/∂hᵀ) x = ∂L/∂h
        let x = &mut self.step;
        x.copy_from_slice(self.cotangents.state(0));
        let given = largest(x);
        if !self
            .lu_transposed
            .factorise::<T>(zero, &self.rows.transposed)
        {
            return Err(Error::DegenerateEquilibrium);
        }
        self.lu_transposed.solve::<T>(x);
        let condition = largest(x) * norm * num_traits::Float::epsilon();
        if condition.is_nan() || condition > given * E::from_f64(1e-2) {
            return Err(Error::DegenerateEquilibrium);
        }
        let rate = natural.products(0, x, &mut self.tried);
        let gradient = &mut self.gradient;
        natural.accumulate(&[(0, <E as One>::one())]); // book: (steady-state)
        gradient.theta.resize(problem.theta.len(), zero);
        natural.finish(&mut gradient.theta);
        gradient.h0.clear();
        gradient.h0.resize(self.h.len(), zero);
        (gradient.t0, gradient.t1) = (zero, rate);
        gradient.stats = Stats {
            forward: costate_ode::Stats {
                steps,
                accepted: steps,
                ..costate_ode::Stats::default()
            },
            products: 1,
            ..Stats::default()
        };
        Ok(&self.gradient)
    }
}
