//! Rosenbrock–Wanner steps: implicit, yet without iterations.

mod rodas4;
mod rodas5p;
mod ros3p;
mod tableau;

pub use tableau::RosenbrockTableau;

use super::runge_kutta::terms;
use super::slope::Slope;
use super::{Engine, Span};
use crate::combine::{Terms, combine};
use crate::jacobian::Derivatives;
use crate::linear::Factors;
use crate::system::evaluate;
use crate::tableau::polynomial;
use crate::{Element, Field, Real, Scale, State, Stats, System};
use std::convert::identity;

/// By rising order.
static TABLEAUS: &[&RosenbrockTableau] = &[&ros3p::ROS3P, &rodas4::RODAS4, &rodas5p::RODAS5P];

/// What is taken when nothing is said.
pub(super) static DEFAULT: &RosenbrockTableau = &rodas5p::RODAS5P;

fn tableaus() -> &'static [&'static RosenbrockTableau] {
    TABLEAUS
}

/// A stage in the scalar of an integration.
#[derive(Clone, Debug)]
struct Stage<T> {
    alpha: T,
    gamma_sum: T,
    a: Terms<T>,
    c: Terms<T>,
    /// f is evaluated where it was for the stage before.
    shared: bool,
}

/// The engine of the Rosenbrock–Wanner methods.
///
/// # What is evaluated, and when
/// The first try of a step takes f, ∂f/∂y and ∂f/∂t at its start, in this order; tries of the same step after a rejection use them again. Each
/// try factorises one matrix, M/(γh) − ∂f/∂y, and then takes its stages in order: an evaluation of f for each but the first, and a solution of equations for
/// each. Nothing is kept from one accepted step to the next. These methods need the Jacobian itself: an inexact one, such as differences give,
/// costs digits only when tolerances come near to its own.
///
/// ```
/// use costate_ode::{Integrator, Options, Rosenbrock, RosenbrockTableau};
///
/// let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -1e6 * (y[0] - 1.0) - 1e6 * y[1]];
/// let y0 = [2.0, 0.0];
/// let engine = Rosenbrock::new(RosenbrockTableau::by_name("rodas5p")?, &f, &y0);
/// let mut it = Integrator::with_engine(engine, f, 0.0, &y0, Options::tolerances(1e-8, 1e-10))?;
/// it.set_end(1.0);
/// while !it.finished() {
///     it.step()?;
/// }
/// assert!((it.y()[0] - (1.0 + (-1.0_f64).exp())).abs() < 1e-5);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.7.
#[derive(Clone, Debug)]
pub struct Rosenbrock<T, Y: State<T>> {
    tableau: &'static RosenbrockTableau,
    gamma: T,
    stages: Vec<Stage<T>>,
    m: Terms<T>,
    m_err: Terms<T>,
    /// Polynomials of dense output, coefficients of σ¹ first.
    dense: Vec<Vec<T>>,
    derivatives: Derivatives<T, Y>,
    factors: Factors<Y::Element>,
    /// u_i of the step.
    u: Vec<Y>,
    /// f, and h γ_i is to multiply this: ∂f/∂t, at the start of the step.
    f: Slope<Y>,
    f_t: Y,
    argument: Y,
    slope: Y,
    rhs: Y,
    derivatives_known: bool,
    weights: Terms<T>,
    /// The stage that was not finite, its time and component.
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Rosenbrock<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system's structure or mass matrix is of another size.
    #[track_caller]
    pub fn new<S: System<T, Y>>(tableau: &'static RosenbrockTableau, system: &S, y: &Y) -> Self {
        let derivatives = Derivatives::new(system, y);
        let stage = |i: usize| Stage {
            alpha: tableau.alpha[i].to(),
            gamma_sum: tableau.gamma_sum[i].to(),
            a: terms(tableau.a[i]),
            c: terms(tableau.c[i]),
            shared: i > 1 && tableau.shares_evaluation(i),
        };
        Self {
            tableau,
            gamma: tableau.gamma.to(),
            stages: (0..tableau.stages()).map(stage).collect(),
            m: terms(tableau.m),
            m_err: terms(tableau.m_err),
            dense: tableau.dense_polynomials(),
            factors: Factors::new::<T, _>(&derivatives.jacobian),
            derivatives,
            u: vec![y.clone(); tableau.stages()],
            f: Slope::like(y),
            f_t: y.clone(),
            argument: y.clone(),
            slope: y.clone(),
            rhs: y.clone(),
            derivatives_known: false,
            weights: Terms::with_capacity(tableau.stages()),
            bad: None,
        }
    }

    /// u_i of the step just accepted: valid until the next one begins.
    #[must_use]
    pub fn stages(&self) -> &[Y] {
        &self.u
    }

    /// The method's coefficients.
    #[must_use]
    pub fn tableau(&self) -> &'static RosenbrockTableau {
        self.tableau
    }

    /// ∂f/∂y of the last step.
    pub(super) fn jacobian(&self) -> &crate::Matrix<Y::Element> {
        &self.derivatives.jacobian
    }

    /// The right-hand side of stage `i`, from f at the stage.
    fn right_hand_side(&mut self, i: usize, h: T) {
        let stage = &self.stages[i];
        let f = if i == 0 { self.f.last() } else { &self.slope };
        let inverse_h = T::one() / h;
        match &self.derivatives.mass {
            None => combine(&mut self.rhs, f, &self.u, &stage.c, inverse_h),
            Some(mass) => {
                self.argument.as_mut_slice().fill(Y::Element::zero());
                combine(&mut self.rhs, &self.argument, &self.u, &stage.c, inverse_h);
                mass.multiply::<T>(self.rhs.as_slice(), self.argument.as_mut_slice());
                let both = self.argument.as_slice().iter().zip(f.as_slice());
                for (rhs, (sum, f)) in self.rhs.as_mut_slice().iter_mut().zip(both) {
                    *rhs = *sum + *f;
                }
            }
        }
        if stage.gamma_sum != T::zero() {
            let weight = Y::Element::weight(h * stage.gamma_sum);
            for (rhs, f_t) in self.rhs.as_mut_slice().iter_mut().zip(self.f_t.as_slice()) {
                *rhs = rhs.add_scaled(weight, *f_t);
            }
        }
    }

    /// All stages; false if one of them is not finite.
    fn solve_stages<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        stats: &mut Stats,
    ) -> bool {
        for i in 0..self.stages.len() {
            let stage = &self.stages[i];
            if i > 0 && !stage.shared {
                combine(&mut self.argument, y, &self.u, &stage.a, T::one());
                let t = if stage.alpha == T::one() {
                    span.t_next
                } else {
                    span.t + stage.alpha * span.h
                };
                evaluate(system, t, &self.argument, &mut self.slope);
                stats.nfe += 1;
            }
            let f = if i == 0 { self.f.last() } else { &self.slope };
            let wrong = |f: &Y::Element| !f.magnitude().is_finite();
            if let Some(component) = f.as_slice().iter().position(wrong) {
                self.bad = Some((i, span.t + self.stages[i].alpha * span.h, component));
                return false;
            }
            self.right_hand_side(i, span.h);
            self.factors.solve::<T>(self.rhs.as_mut_slice());
            stats.solves += 1;
            std::mem::swap(&mut self.rhs, &mut self.u[i]);
        }
        true
    }

    fn error(&self, i: usize) -> Y::Element {
        self.m_err.iter().fold(Y::Element::zero(), |sum, (j, w)| {
            sum.add_scaled(Y::Element::weight(*w), self.u[*j].as_slice()[i])
        })
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Rosenbrock<T, Y>
where
    Y::Element: Field<T>,
{
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        self.f.know(system, t, y, stats)
    }

    fn attempt(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        scale: &mut Scale<T>,
        measure: bool,
        stats: &mut Stats,
    ) -> T {
        self.bad = None;
        <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
        if !self.derivatives_known {
            let (d, f, h) = (&mut self.derivatives, self.f.last(), span.h);
            d.take(system, span.t, y, Some(f), h, scale, stats);
            d.take_in_time(system, span.t, y, f, h, &mut self.f_t, stats);
            self.derivatives_known = true;
        }
        let shift = Y::Element::real(T::one() / (self.gamma * span.h));
        let (jacobian, mass) = (&self.derivatives.jacobian, self.derivatives.mass.as_ref());
        stats.factorisations += 1;
        if !self
            .factors
            .factorise::<T, _>(shift, mass, jacobian, identity)
        {
            return T::infinity();
        }
        if !self.solve_stages(system, span, y, stats) {
            return T::nan();
        }
        combine(trial, y, &self.u, &self.m, T::one());
        if !measure {
            return T::zero();
        }
        scale.squared(y.as_slice(), trial.as_slice(), |i| self.error(i))
    }

    fn accept(&mut self) {
        self.f.forget();
        self.derivatives_known = false;
    }

    fn restart(&mut self) {
        self.f.forget();
        self.derivatives_known = false;
    }

    fn interpolate(
        &mut self,
        _system: &mut S,
        _span: Span<T>,
        y: &Y,
        _y_next: &Y,
        sigma: T,
        out: &mut Y,
        _stats: &mut Stats,
    ) {
        self.weights.clear();
        let weights = self.dense.iter().map(|row| polynomial(row, sigma));
        self.weights.extend(weights.enumerate());
        combine(out, y, &self.u, &self.weights, T::one());
    }

    fn powers(
        &mut self,
        _system: &mut S,
        _span: Span<T>,
        y: &Y,
        _y_next: &Y,
        powers: &mut Vec<Y>,
        _stats: &mut Stats,
    ) {
        super::push_powers(y, &self.u, &self.dense, T::one(), powers);
    }

    fn error_exponent(&self) -> usize {
        self.tableau.embedded_order.min(self.tableau.order) + 1
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        scale.worst(y.as_slice(), trial.as_slice(), |i| self.error(i))
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        self.tableau.name
    }
}
