//! Gauss–Legendre methods: symplectic, symmetric, all stages solved for together.

mod step;
#[rustfmt::skip]
mod tableau;

use super::hermite::Ends;
use super::newton::{Convergence, Lifetime, Settling};
use super::slope::Slope;
use super::{Engine, Span, lagrange};
use crate::combine::Terms;
use crate::jacobian::Derivatives;
use crate::linear::{Factors, Pair};
use crate::{Coefficient, Element, Error, Field, Real, Scale, State, Stats, System};
use std::convert::identity;

/// A Gauss–Legendre method with s stages, of order 2s: collocation at the roots of Legendre's polynomial.
///
/// ```text
/// z_i = h Σ_j a_ij f(t + c_j h, y + z_j)        y₁ = y + Σ_i d_i z_i,   d = b A⁻¹
/// ```
///
/// # References
/// \[Hairer1996\] IV.5, \[Hairer2006\] II.1.
///
/// ```
/// use costate_ode::GaussTableau;
/// // Collocation integrates 1 and t exactly in each row: Σ_j a_ij = c_i, Σ_j a_ij c_j = c_i²/2.
/// let method = GaussTableau::by_name("gauss6")?;
/// let c: Vec<f64> = method.c.iter().map(|c| c.to()).collect();
/// for (row, node) in method.a.iter().zip(&c) {
///     let a: Vec<f64> = row.iter().map(|a| a.to()).collect();
///     let moment = |k: i32| -> f64 { a.iter().zip(&c).map(|(a, c)| a * c.powi(k)).sum() };
///     assert!((moment(0) - node).abs() < 1e-15 && (moment(1) - node * node / 2.0).abs() < 1e-15);
/// }
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Debug)]
pub struct GaussTableau {
    /// The name by which programs and files choose the method.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// Its order.
    pub order: usize,
    /// Nodes.
    pub c: &'static [Coefficient],
    /// The matrix of the method, row by row.
    pub a: &'static [&'static [Coefficient]],
    /// The real eigenvalue of A⁻¹, and the complex one as α, β.
    real: Option<Coefficient>,
    complex: (Coefficient, Coefficient),
    /// T with A⁻¹ T = T diag(γ, [α β; −β α]), and its inverse.
    transform: &'static [&'static [Coefficient]],
    inverse: &'static [&'static [Coefficient]],
    /// When to choose the method, in a sentence.
    pub when: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
}

impl GaussTableau {
    /// Every Gauss method of this crate, by rising order; the implicit midpoint rule, which has one stage, is a [`DirkTableau`](crate::DirkTableau).
    #[must_use]
    pub fn all() -> &'static [&'static Self] {
        static ALL: &[&GaussTableau] = &[&tableau::GAUSS4, &tableau::GAUSS6];
        ALL
    }

    /// The method called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`], which lists the names there are.
    ///
    /// ```
    /// use costate_ode::GaussTableau;
    /// let names: Vec<&str> = GaussTableau::all().iter().map(|method| method.name).collect();
    /// assert_eq!(names, ["gauss4", "gauss6"]);
    /// assert_eq!(GaussTableau::by_name("gauss6")?.stages(), 3);
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    pub fn by_name(name: &str) -> Result<&'static Self, Error> {
        let found = Self::all().iter().find(|tableau| tableau.name == name);
        found.copied().ok_or_else(|| Error::UnknownMethod {
            name: name.to_owned(),
            known: Self::all()
                .iter()
                .map(|tableau| tableau.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The number of stages.
    #[must_use]
    pub const fn stages(&self) -> usize {
        self.c.len()
    }
}

/// The engine of the Gauss–Legendre methods.
///
/// With constant steps the energy of a Hamiltonian system stays near its value for ever, of separable systems and others; quadratic invariants are kept to
/// rounding; and a step of −h goes back to where a step of h came from, to rounding.
///
/// # What is kept, and when it is renewed
/// All stages are solved for by simplified Newton iterations, whose linear equations a transformation splits into one complex system of the size of the state and,
/// with three stages, a real one. The iterations go on until rounding ends them, as all those properties are of the exact solution of the equations. ∂f/∂y is kept while
/// they contract by 1/10 or better. An iteration costs an evaluation for each stage. The first guess continues the collocation polynomial of the step before.
/// Dense output is the cubic through both ends and their slopes, which it evaluates.
///
/// # When not to use it
/// There is no error estimate: steps are constant. Stiff components are stable but not damped. For separable systems explicit symplectic methods
/// ([`Symplectic`](crate::Symplectic)) cost less.
///
/// ```
/// use costate_ode::{Ivp, Method};
///
/// // A pendulum, whose energy is not a quadratic form.
/// let pendulum = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0].sin()];
/// let energy = |y: &[f64; 2]| 0.5 * y[1] * y[1] - y[0].cos();
/// let solution = Ivp::new(pendulum, 0.0, [2.5, 0.0], 1000.0)
///     .method(Method::by_name("gauss4")?)
///     .step(0.1)
///     .solve()?;
/// assert!(solution.y.iter().all(|y| (energy(y) - energy(&[2.5, 0.0])).abs() < 1e-5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.8, \[Hairer2006\] II.1, VI.4, VIII.6.
#[derive(Clone, Debug)]
pub struct Gauss<T, Y: State<T>> {
    tableau: &'static GaussTableau,
    c: Vec<T>,
    gamma: T,
    alpha: T,
    beta: T,
    transform: Vec<Vec<T>>,
    inverse: Vec<Vec<T>>,
    /// y(t + σh) = y + Σ l_i(σ) z_i: coefficients of σ, σ², …
    collocation: Vec<Vec<T>>,
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
    zero: Y,
    rhs: Y,
    complex_rhs: Vec<Pair<Y::Element>>,
    weights: Terms<T>,
    ends: Ends<Y>,
    jacobian: Lifetime<T>,
    /// The step that the factors are for.
    factorised: Option<T>,
    convergence: Convergence<T>,
    settling: Settling<T>,
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Gauss<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system's structure is of another size, or the system has a mass matrix.
    #[track_caller]
    pub fn new<S: System<T, Y>>(tableau: &'static GaussTableau, system: &S, y: &Y) -> Self {
        let derivatives = Derivatives::new(system, y);
        assert!(
            derivatives.mass.is_none(),
            "{} cannot solve systems with a mass matrix",
            tableau.name
        );
        let mut zero = y.clone();
        zero.as_mut_slice().fill(Y::Element::zero());
        let s = tableau.stages();
        let stages = || vec![zero.clone(); s];
        let convert = |row: &&[Coefficient]| row.iter().map(|c| c.to()).collect::<Vec<T>>();
        let c = convert(&tableau.c);
        Self {
            tableau,
            gamma: tableau.real.unwrap_or(Coefficient::ZERO).to(),
            alpha: tableau.complex.0.to(),
            beta: tableau.complex.1.to(),
            transform: tableau.transform.iter().map(convert).collect(),
            inverse: tableau.inverse.iter().map(convert).collect(),
            collocation: (0..s).map(|i| lagrange::polynomial(&c, i)).collect(),
            c,
            real: Factors::new::<T, _>(&derivatives.jacobian),
            complex: Factors::new::<T, _>(&derivatives.jacobian),
            derivatives,
            z: stages(),
            w: stages(),
            slopes: stages(),
            accepted: stages(),
            accepted_h: T::zero(),
            tried_h: T::zero(),
            f: Slope::like(y),
            argument: zero.clone(),
            rhs: zero.clone(),
            complex_rhs: vec![Pair::zero(); y.as_slice().len()],
            weights: Terms::with_capacity(s),
            ends: Ends::like(y),
            zero,
            jacobian: Lifetime::new(),
            factorised: None,
            convergence: Convergence::new(20),
            settling: Settling::new(0),
            bad: None,
        }
    }

    /// Iterates `more` times beyond what rounding asks for: for elements that carry derivatives, which follow later.
    #[must_use]
    pub fn settled(mut self, more: usize) -> Self {
        self.settling = Settling::new(more);
        self
    }

    /// z_i of the step just accepted: valid until the next one is.
    #[must_use]
    pub fn stages(&self) -> &[Y] {
        &self.accepted
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
        if self.jacobian.kept() {
            self.convergence.forget();
        }
        let over_h = |x: T| Y::Element::real(x / span.h);
        let shift = Pair {
            re: over_h(self.alpha),
            im: -over_h(self.beta),
        };
        let jacobian = &self.derivatives.jacobian;
        stats.factorisations += 1;
        let mut done = self
            .complex
            .factorise::<T, _>(shift, None, jacobian, Pair::real::<T>);
        if self.tableau.real.is_some() {
            stats.factorisations += 1;
            done &= self
                .real
                .factorise::<T, _>(over_h(self.gamma), None, jacobian, identity);
        }
        self.factorised = done.then_some(span.h);
        done
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Gauss<T, Y>
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
        _measure: bool,
        stats: &mut Stats,
    ) -> T {
        (self.bad, self.tried_h) = (None, span.h);
        self.ends.forget();
        loop {
            if self.prepare(system, span, y, scale, stats) {
                self.predict(span.h);
                if self.iterate(system, span, y, scale, stats) {
                    break;
                }
            }
            if !self.jacobian.failed() {
                return T::infinity();
            }
        }
        self.finish(trial, y);
        T::zero()
    }

    fn accept(&mut self) {
        std::mem::swap(&mut self.z, &mut self.accepted);
        self.accepted_h = self.tried_h;
        self.f.forget();
        self.jacobian
            .accepted(self.convergence.rate() <= T::from_f64(0.1));
    }

    fn restart(&mut self) {
        self.f.forget();
        self.jacobian.end();
        self.accepted_h = T::zero();
        self.convergence.forget();
    }

    fn interpolate(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        sigma: T,
        out: &mut Y,
        stats: &mut Stats,
    ) {
        self.ends
            .write(system, span, [y, y_next], sigma, out, stats);
    }

    fn powers(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        powers: &mut Vec<Y>,
        stats: &mut Stats,
    ) {
        self.ends.powers(system, span, [y, y_next], powers, stats);
    }

    fn error_exponent(&self) -> usize {
        self.tableau.order + 1
    }

    fn worst(&self, _span: Span<T>, _y: &Y, _trial: &Y, _scale: &Scale<T>) -> Option<(usize, T)> {
        None
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        self.tableau.name
    }
}
