//! Radau IIA of order 5: three stages that are solved for together.

#[rustfmt::skip]
mod coefficients;
mod scheme;
mod step;

use super::newton::{Convergence, Lifetime, Settling};
use super::slope::Slope;
use super::{Engine, Span};
use crate::combine::{Terms, combine};
use crate::jacobian::Derivatives;
use crate::linear::{Factors, Pair};
use crate::method::{Family, Method};
use crate::tableau::polynomial;
use crate::{Coefficient, Element, Field, Real, Scale, State, Stats, System};
use scheme::Scheme;
use std::convert::identity;
use step::{add, loosened};

pub(crate) static METHOD: Method = Method {
    name: NAME,
    title: "Radau IIA, order 5",
    order: 5,
    variable_order: false,
    dense_order: 3,
    stages: 3,
    adaptive: true,
    stiff: true,
    mass: true,
    memory: 17,
    when: "Very stiff problems and differential-algebraic ones at tight tolerances (1e-6 and below), or where Jacobians are dear.",
    reference: "[Hairer1996]",
    family: Family::Radau,
};

const NAME: &str = "radau";

/// The engine of Radau IIA with three stages, of order 5, after Hairer and Wanner's RADAU5:
///
/// ```text
/// z_i = h Σ_j a_ij f(t + c_j h, y + z_j),  i = 1, 2, 3        y₁ = y + z_3
/// ```
///
/// A transformation splits each Newton iteration into one real and one complex system of the size of the state. Dense output is the collocation
/// polynomial, of order 3.
///
/// # What is kept, and when it is renewed
/// ∂f/∂y is kept as long as Newton's iteration contracts by 1/1000 or better and the step is at most four times the one it was taken for. It is taken afresh for the next step otherwise; at once if an iteration does not
/// converge, and after a rejection, unless it is of the present state. The factors are kept, and the step with them, while the step would grow by less than a fifth; any other step size costs a real and a complex
/// factorisation. Each iteration costs three evaluations of f and two solutions; a step costs one evaluation at its start, and one more for
/// its error estimate after a rejection and in the first step.
///
/// # Step sizes
/// Its estimate is of an error of order 3; as the solution is of order 5, the estimate is held below 0.1 rtol^{2/3} instead of rtol, and atol in proportion.
/// It controls its steps itself: the smaller one of the elementary controller's and Gustafsson's proposals, safer the more iterations there were. The factors of
/// [`Options::controller`](crate::Options::controller) do not matter to it.
///
/// ```
/// use costate_ode::{Integrator, Options, Radau};
///
/// let f = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * (y[0] - t.cos());
/// let mut it = Integrator::with_engine(Radau::new(&f, &[1.0]), f, 0.0, &[1.0], Options::tolerances(1e-6, 1e-8))?;
/// it.set_end(3.0);
/// while !it.finished() {
///     it.step()?;
/// }
/// assert!((it.y()[0] - 3.0_f64.cos()).abs() < 1e-6);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.8.
#[derive(Clone, Debug)]
pub struct Radau<T, Y: State<T>> {
    scheme: Scheme<T>,
    derivatives: Derivatives<T, Y>,
    real: Factors<Y::Element>,
    complex: Factors<Pair<Y::Element>>,
    /// Stages of the try at hand, transformed ones, f at the stages.
    z: Vec<Y>,
    w: Vec<Y>,
    slopes: Vec<Y>,
    /// Stages of the accepted step, and its size; zero if there is none to extrapolate.
    accepted: Vec<Y>,
    accepted_h: T,
    tried_h: T,
    f: Slope<Y>,
    argument: Y,
    product: Y,
    rhs: Y,
    complex_rhs: Vec<Pair<Y::Element>>,
    weights: Terms<T>,
    jacobian: Lifetime<T>,
    /// The step that the factors are for.
    factorised: Option<T>,
    convergence: Convergence<T>,
    settling: Option<Settling<T>>,
    /// The iteration did not converge.
    failed: bool,
    first: bool,
    rejected: bool,
    /// The step before and its error, for the predictive controller.
    before: Option<(T, T)>,
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Radau<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system's structure or mass matrix is of another size.
    #[track_caller]
    pub fn new<S: System<T, Y>>(system: &S, y: &Y) -> Self {
        let derivatives = Derivatives::new(system, y);
        let three = || vec![y.clone(); 3];
        Self {
            scheme: Scheme::new(),
            real: Factors::new::<T, _>(&derivatives.jacobian),
            complex: Factors::new::<T, _>(&derivatives.jacobian),
            derivatives,
            z: three(),
            w: three(),
            slopes: three(),
            accepted: three(),
            accepted_h: T::zero(),
            tried_h: T::zero(),
            f: Slope::like(y),
            argument: y.clone(),
            product: y.clone(),
            rhs: y.clone(),
            complex_rhs: vec![Pair::zero(); y.as_slice().len()],
            weights: Terms::new(),
            jacobian: Lifetime::new(),
            factorised: None,
            convergence: Convergence::new(7),
            settling: None,
            failed: false,
            first: true,
            rejected: false,
            before: None,
            bad: None,
        }
    }

    /// Solves the equations of every step to rounding, and iterates `more` times beyond that: as [`Dirk::settled`](super::Dirk::settled).
    #[must_use]
    pub fn settled(mut self, more: usize) -> Self {
        self.settling = Some(Settling::new(more));
        self
    }

    /// z_i of the step just accepted: valid until the next one is.
    #[must_use]
    pub fn stages(&self) -> &[Y] {
        &self.accepted
    }

    /// Nodes c and matrix a of the method.
    #[must_use]
    pub fn coefficients() -> ([T; 3], [[T; 3]; 3]) {
        let row = |row: [Coefficient; 3]| row.map(Coefficient::to);
        (row(coefficients::NODES), coefficients::A.map(row))
    }

    /// The polynomials of dense output, y(t + σh) = y + Σ l_i(σ) z_i, as rows of coefficients of σ¹, σ², σ³.
    #[must_use]
    pub fn dense_polynomials() -> Vec<Vec<T>> {
        Scheme::new().dense
    }

    /// The matrices for the step, factorised; false if one is singular.
    fn prepare<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        if self.jacobian.must_take(span.h) {
            let f = self.f.known();
            self.derivatives
                .take(system, span.t, y, f, span.h, scale, stats);
            self.factorised = None;
        }
        if self.factorised == Some(span.h) {
            return true;
        }
        let over_h = |x: T| Y::Element::real(x / span.h);
        let (jacobian, mass) = (&self.derivatives.jacobian, self.derivatives.mass.as_ref());
        let shift = Pair {
            re: over_h(self.scheme.alpha),
            im: -over_h(self.scheme.beta),
        };
        if self.jacobian.kept() {
            self.convergence.forget();
        }
        stats.factorisations += 2;
        let gamma = over_h(self.scheme.gamma);
        let done = self.real.factorise::<T, _>(gamma, mass, jacobian, identity)
            && self
                .complex
                .factorise::<T, _>(shift, mass, jacobian, Pair::real::<T>);
        self.factorised = done.then_some(span.h);
        done
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Radau<T, Y>
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
        (self.bad, self.failed, self.tried_h) = (None, false, span.h);
        <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
        loop {
            if self.prepare(system, span, y, scale, stats) {
                self.predict(span.h);
                if self.iterate(system, span, y, scale, stats) {
                    break;
                }
            }
            if !self.jacobian.failed() {
                self.failed = true;
                return T::infinity();
            }
        }
        add(trial, y, &self.z[2]);
        if !measure {
            return T::zero();
        }
        let (_, looser) = loosened(scale.finest_rtol());
        self.error2(system, span, y, trial, scale, stats, looser * looser)
    }

    fn accept(&mut self) {
        std::mem::swap(&mut self.z, &mut self.accepted);
        self.accepted_h = self.tried_h;
        self.f.forget();
        self.jacobian
            .accepted(self.convergence.rate() <= T::from_f64(1e-3));
    }

    fn propose(&mut self, tried: T, error2: T, accepted: bool, _proposal: T) -> T {
        let number = T::from_f64;
        if !accepted {
            self.rejected = true;
            self.jacobian.failed();
        }
        if self.failed {
            return tried * number(0.5);
        }
        let limit = number(self.convergence.limit() as f64);
        let iterations = number(self.convergence.iterations() as f64);
        let safety = number(0.9).min(
            number(0.9) * (number(2.0) * limit + T::one()) / (number(2.0) * limit + iterations),
        );
        // Roots of roots round alike on every machine; powers do not.
        let root4 = |x: T| x.sqrt().sqrt();
        let error = error2.sqrt().max(number(1e-10));
        let within = |factor: T| factor.max(number(0.2)).min(number(8.0));
        let mut size = tried * within(safety / root4(error));
        if !accepted {
            return if self.first {
                tried * number(0.1)
            } else {
                size
            };
        }
        if let Some((h, e)) = self.before {
            let predicted = number(0.9) * tried / h * root4(e / (error * error));
            size = size.min(tried * within(predicted));
        }
        if self.rejected {
            size = size.min(tried);
        }
        self.before = Some((tried, error.max(number(0.01))));
        (self.first, self.rejected) = (false, false);
        let keeps = self.jacobian.kept() && size >= tried && size <= tried * number(1.2);
        if keeps { tried } else { size }
    }

    fn restart(&mut self) {
        self.f.forget();
        self.jacobian.end();
        self.accepted_h = T::zero();
        self.before = None;
        (self.first, self.rejected) = (true, false);
        self.convergence.forget();
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
        let weights = self.scheme.dense.iter().map(|row| polynomial(row, sigma));
        self.weights.extend(weights.enumerate());
        combine(out, y, &self.accepted, &self.weights, T::one());
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
        super::push_powers(y, &self.accepted, &self.scheme.dense, T::one(), powers);
    }

    fn error_exponent(&self) -> usize {
        4
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        let error = self.rhs.as_slice();
        scale.worst(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        NAME
    }
}
