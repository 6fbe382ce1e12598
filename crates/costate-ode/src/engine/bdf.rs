//! Backward differentiation: numerical differentiation formulas of orders 1 to 5.

mod differences;
mod step;

use super::newton::{Convergence, Lifetime};
use super::slope::Slope;
use super::{Engine, Span};
use crate::combine::{Terms, combine};
use crate::controller::inverse_root;
use crate::jacobian::Derivatives;
use crate::linear::{Factors, Gmres};
use crate::method::{Family, Method};
use crate::{Element, Field, Real, Scale, State, Stats, System};
use differences::{MAX_ORDER, Rescaling, formula, newton_polynomials};

pub(crate) static METHOD: Method = Method {
    name: NAME,
    title: "NDF, orders 1 to 5",
    order: MAX_ORDER,
    variable_order: true,
    dense_order: MAX_ORDER,
    stages: 1,
    adaptive: true,
    stiff: true,
    mass: true,
    memory: 18,
    when: "Large stiff problems, whose f or Jacobian are dear, at loose to middle tolerances; not for eigenvalues near the imaginary axis.",
    reference: "[Shampine1997]",
    family: Family::Bdf,
};

const NAME: &str = "bdf";

/// The engine of the numerical differentiation formulas, of variable order 1 to 5 with quasi-constant steps, after Shampine and Reichelt's ode15s:
///
/// ```text
/// Σ_{j=1}^k 1/j ∇ʲy₁ − κ_k γ_k (y₁ − y₁⁰) = h f(t + h, y₁),      γ_k = Σ_{j=1}^k 1/j
/// ```
///
/// with backward differences ∇ʲ and the value y₁⁰ that they predict. Dense output is the polynomial through the last k + 1 states.
///
/// # What is kept, and when it is renewed
/// ∂f/∂y is kept as long as Newton's iteration contracts by 1/4 or better and the step is at most four times the one it was taken for. It is taken
/// afresh for the next step otherwise, or at once if an iteration does not converge. The factors are kept as long as step and order are: these change once in k + 1 steps at most, but for rejections. Each iteration costs an evaluation
/// of f and a solution; taking differences costs another evaluation. Without matrices ([`System::krylov`]) each iteration is solved by GMRES, ∂f/∂y taken where it stands,
/// to a tenth or to a twentieth of what the iteration may leave.
///
/// # Order and step sizes
/// It controls both itself: of the orders k − 1, k and k + 1 the one that allows the longest step is next. The factors of
/// [`Options::controller`](crate::Options::controller) do not matter to it. With constant steps the order stays 1.
///
/// ```
/// use costate_ode::{Bdf, Integrator, Options};
///
/// let f = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * (y[0] - t.cos());
/// let mut it = Integrator::with_engine(Bdf::new(&f, &[1.0]), f, 0.0, &[1.0], Options::tolerances(1e-6, 1e-8))?;
/// it.set_end(3.0);
/// while !it.finished() {
///     it.step()?;
/// }
/// assert!((it.y()[0] - 3.0_f64.cos()).abs() < 1e-5);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Shampine1997\].
#[derive(Clone, Debug)]
pub struct Bdf<T, Y: State<T>> {
    derivatives: Derivatives<T, Y>,
    factors: Factors<Y::Element>,
    /// Instead of these, if there are to be none.
    krylov: Option<Box<Gmres<T, Y>>>,
    /// ∇⁰y to ∇^{k+2}y for steps of `spacing`; none if that is zero.
    differences: Vec<Y>,
    spacing: T,
    order: usize,
    /// The order of the accepted step: that of its dense output.
    order_taken: usize,
    /// Steps of this order and size so far.
    equal: usize,
    rescaling: Rescaling<T>,
    f: Slope<Y>,
    predicted: Y,
    psi: Y,
    /// y₁ − y₁⁰.
    d: Y,
    rhs: Y,
    product: Y,
    zero: Y,
    weights: Terms<T>,
    /// Squared errors that one order less and one more would have made.
    less2: T,
    more2: T,
    jacobian: Lifetime<T>,
    /// h and the order that the factors are for.
    factorised: Option<(T, usize)>,
    convergence: Convergence<T>,
    failed: bool,
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Bdf<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system's structure or mass matrix is of another size, or a system with a mass matrix is to be solved without matrices.
    #[track_caller]
    pub fn new<S: System<T, Y>>(system: &S, y: &Y) -> Self {
        let derivatives = Derivatives::optional(system, y);
        assert!(
            derivatives.mass.is_none() || system.krylov().is_none(),
            "{NAME} needs matrices for systems with a mass matrix"
        );
        let mut zero = y.clone();
        zero.as_mut_slice().fill(Y::Element::zero());
        let state = || zero.clone();
        Self {
            factors: Factors::new::<T, _>(&derivatives.jacobian),
            krylov: system
                .krylov()
                .map(|krylov| Box::new(Gmres::new(krylov, y))),
            derivatives,
            differences: vec![zero.clone(); MAX_ORDER + 3],
            spacing: T::zero(),
            order: 1,
            order_taken: 1,
            equal: 0,
            rescaling: Rescaling::new(),
            f: Slope::like(y),
            predicted: state(),
            psi: state(),
            d: state(),
            rhs: state(),
            product: state(),
            weights: Terms::new(),
            less2: T::infinity(),
            more2: T::infinity(),
            jacobian: Lifetime::new(),
            factorised: None,
            convergence: Convergence::new(4),
            failed: false,
            bad: None,
            zero,
        }
    }

    /// The order of the next step.
    #[must_use]
    pub fn order(&self) -> usize {
        self.order
    }

    /// Brings the differences to steps of h: from those of another size, or from f at the start.
    fn arrange<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        stats: &mut Stats,
    ) {
        if self.spacing == T::zero() {
            (self.order, self.equal) = (1, 0);
            if self.derivatives.mass.is_none() {
                <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
                let first = &mut self.differences[1];
                combine(
                    first,
                    &self.zero,
                    std::slice::from_ref(self.f.last()),
                    &[(0, span.h)],
                    T::one(),
                );
            } else {
                // f is not a slope: nothing is predicted.
                self.differences[1].as_mut_slice().fill(Y::Element::zero());
            }
            self.differences[2].as_mut_slice().fill(Y::Element::zero());
        } else if self.spacing != span.h {
            let factor = span.h / self.spacing;
            // Differences of high order do not survive being spread over much longer steps.
            if factor > T::from_f64(10.5) {
                self.order = 1;
            }
            self.rescaling
                .apply::<Y>(&mut self.differences[1..=self.order], factor);
            self.equal = 0;
        }
        self.spacing = span.h;
        self.differences[0]
            .as_mut_slice()
            .copy_from_slice(y.as_slice());
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Bdf<T, Y>
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
        (self.bad, self.failed) = (None, false);
        self.arrange(system, span, y, stats);
        self.predict();
        while !(self.prepare(system, span, y, scale, stats)
            && self.solve(system, span, trial, scale, stats))
        {
            if !self.jacobian.failed() {
                self.failed = true;
                return T::infinity();
            }
        }
        if !measure {
            return T::zero();
        }
        let (k, d) = (self.order, self.d.as_slice());
        let (y, y1) = (y.as_slice(), trial.as_slice());
        let square = |x: T| x * x;
        (self.less2, self.more2) = (T::infinity(), T::infinity());
        if self.equal >= k {
            let one = Y::Element::weight(T::one());
            let minus = Y::Element::weight(-T::one());
            if k > 1 {
                let last = self.differences[k].as_slice();
                self.less2 = scale.squared(y, y1, |i| last[i].add_scaled(one, d[i]))
                    * square(formula::<T>(k - 1).error);
            }
            if k < MAX_ORDER {
                let next = self.differences[k + 1].as_slice();
                self.more2 = scale.squared(y, y1, |i| d[i].add_scaled(minus, next[i]))
                    * square(formula::<T>(k + 1).error);
            }
        }
        scale.squared(y, y1, |i| d[i]) * square(formula::<T>(k).error)
    }

    fn accept(&mut self) {
        let k = self.order;
        let (one, minus) = (Y::Element::weight(T::one()), Y::Element::weight(-T::one()));
        let (low, high) = self.differences.split_at_mut(k + 2);
        let both = self.d.as_slice().iter().zip(low[k + 1].as_slice());
        for (next, (d, before)) in high[0].as_mut_slice().iter_mut().zip(both) {
            *next = d.add_scaled(minus, *before);
        }
        low[k + 1].as_mut_slice().copy_from_slice(self.d.as_slice());
        for j in (0..=k).rev() {
            let (low, high) = self.differences.split_at_mut(j + 1);
            for (x, next) in low[j].as_mut_slice().iter_mut().zip(high[0].as_slice()) {
                *x = x.add_scaled(one, *next);
            }
        }
        self.order_taken = k;
        self.f.forget();
        self.jacobian
            .accepted(self.convergence.rate() <= T::from_f64(0.25));
    }

    fn propose(&mut self, tried: T, error2: T, accepted: bool, _proposal: T) -> T {
        if self.failed {
            self.equal = 0;
            return tried * T::from_f64(0.5);
        }
        let (limit, iterations) = (self.convergence.limit(), self.convergence.iterations());
        let safety = 0.9 * (2 * limit + 1) as f64 / (2 * limit + iterations) as f64;
        let root = |error2: T, order: usize| inverse_root(error2.as_f64(), order + 1);
        let k = self.order;
        if !accepted {
            self.equal = 0;
            return tried * T::from_f64((safety * root(error2, k)).max(0.2));
        }
        self.equal += 1;
        if self.equal <= k {
            return tried;
        }
        let mut factor = root(error2, k);
        let (less, more) = (root(self.less2, k.max(2) - 1), root(self.more2, k + 1));
        if less > factor.max(more) {
            (factor, self.order) = (less, k - 1);
        } else if more > factor {
            (factor, self.order) = (more, k + 1);
        }
        self.equal = 0;
        tried * T::from_f64((safety * factor).min(10.0))
    }

    fn rewind(&mut self) -> bool {
        // The differences have already moved on.
        false
    }

    fn restart(&mut self) {
        self.spacing = T::zero();
        self.f.forget();
        self.jacobian.end();
        self.convergence.forget();
    }

    fn interpolate(
        &mut self,
        _system: &mut S,
        _span: Span<T>,
        _y: &Y,
        _y_next: &Y,
        sigma: T,
        out: &mut Y,
        _stats: &mut Stats,
    ) {
        self.weights.clear();
        let mut weight = T::one();
        for j in 1..=self.order_taken {
            let m = T::from_f64((j - 1) as f64);
            weight = weight * (sigma - T::one() + m) / (m + T::one());
            self.weights.push((j, weight));
        }
        combine(
            out,
            &self.differences[0],
            &self.differences,
            &self.weights,
            T::one(),
        );
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
        let rows = newton_polynomials(self.order_taken);
        super::push_powers(y, &self.differences, &rows, T::one(), powers);
    }

    fn error_exponent(&self) -> usize {
        2
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        let d = self.d.as_slice();
        let (i, size) = scale.worst(y.as_slice(), trial.as_slice(), |i| d[i])?;
        Some((i, size * formula::<T>(self.order).error))
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

#[cfg(test)]
mod tests;
