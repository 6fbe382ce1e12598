//! Diagonally implicit Runge–Kutta steps, led by a tableau.

mod imex;
mod implicit_euler;
mod implicit_midpoint;
mod kencarp3;
mod kencarp4;
mod kencarp5;
mod kvaerno3;
mod kvaerno4;
mod kvaerno5;
mod stage;
mod tableau;
mod trapezoid;
mod trbdf2;

pub use imex::Imex;
pub use tableau::DirkTableau;

use super::newton::{Convergence, Lifetime, Settling};
use super::runge_kutta::terms;
use super::slope::Slope;
use super::{Engine, Span};
use crate::combine::{Terms, combine};
use crate::jacobian::Derivatives;
use crate::linear::{Factors, Gmres};
use crate::tableau::polynomial;
use crate::{Element, Field, Real, Scale, State, Stats, System};
use stage::{Stage, stage};
use std::convert::identity;

/// By rising order.
static TABLEAUS: &[&DirkTableau] = &[
    &implicit_euler::IMPLICIT_EULER,
    &implicit_midpoint::IMPLICIT_MIDPOINT,
    &trapezoid::TRAPEZOID,
    &trbdf2::TRBDF2,
    &kvaerno3::KVAERNO3,
    &kencarp3::KENCARP3,
    &kvaerno4::KVAERNO4,
    &kencarp4::KENCARP4,
    &kvaerno5::KVAERNO5,
    &kencarp5::KENCARP5,
];

/// The engine of the diagonally implicit Runge–Kutta methods.
///
/// # What is kept, and when it is renewed
/// ∂f/∂y is kept as long as Newton's iterations contract by 1/20 or better in all stages of a step and the step is at most four times the one it was taken for. It is
/// taken afresh for the next step otherwise, or at once if an iteration does not converge. The factors are kept, and the step with them, while the step would grow by less than a fifth and ∂f/∂y is kept; any
/// other step size costs a factorisation. Each iteration costs an evaluation of f and a solution, an error estimate another solution. A first stage
/// f(t, y) is the last stage of the step before where that is the same; taking differences costs another evaluation there, as the stage is known to the
/// accuracy of the iteration only.
///
/// Without matrices ([`System::krylov`]) each iteration is solved by GMRES, ∂f/∂y taken where it stands, to a tenth or to a twentieth of what the iteration may leave.
///
/// Systems with a mass matrix are refused.
///
/// ```
/// use costate_ode::{Dirk, DirkTableau, Integrator, Options};
///
/// let f = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * (y[0] - t.cos());
/// let engine = Dirk::new(DirkTableau::by_name("kencarp4")?, &f, &[1.0]);
/// let mut it = Integrator::with_engine(engine, f, 0.0, &[1.0], Options::tolerances(1e-6, 1e-8))?;
/// it.set_end(3.0);
/// while !it.finished() {
///     it.step()?;
/// }
/// assert!((it.y()[0] - 3.0_f64.cos()).abs() < 1e-5);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.6, IV.8, \[Kennedy2003\].
#[derive(Clone, Debug)]
pub struct Dirk<T, Y: State<T>> {
    tableau: &'static DirkTableau,
    gamma: T,
    stages: Vec<Stage<T>>,
    b: Terms<T>,
    /// b_err/γ: what the filter of the error estimate is given.
    b_err: Terms<T>,
    dense: Vec<Vec<T>>,
    derivatives: Derivatives<T, Y>,
    factors: Factors<Y::Element>,
    /// Instead of these, if there are to be none.
    krylov: Option<Box<Gmres<T, Y>>>,
    k: Vec<Y>,
    /// The first stage, or the guess of one, is known and lies in this slot.
    first: Option<usize>,
    zero: Y,
    base: Y,
    delta: Y,
    argument: Y,
    slope: Y,
    /// f(t, y), for methods without a first stage to answer with.
    f: Slope<Y>,
    weights: Terms<T>,
    jacobian: Lifetime<T>,
    /// The step that the factors are for.
    factorised: Option<T>,
    convergence: Convergence<T>,
    settling: Option<Settling<T>>,
    /// The worst contraction of the step.
    rate: T,
    failed: bool,
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Dirk<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system's structure is of another size, or the system has a mass matrix.
    #[track_caller]
    pub fn new<S: System<T, Y>>(tableau: &'static DirkTableau, system: &S, y: &Y) -> Self {
        let derivatives = Derivatives::optional(system, y);
        assert!(
            derivatives.mass.is_none(),
            "{} cannot solve systems with a mass matrix",
            tableau.name
        );
        let mut zero = y.clone();
        zero.as_mut_slice().fill(Y::Element::zero());
        let stages = tableau.stages();
        let gamma = tableau.gamma.to();
        let mut b_err: Terms<T> = terms(tableau.b_err);
        b_err.iter_mut().for_each(|(_, w)| *w = *w / gamma);
        Self {
            tableau,
            gamma,
            stages: (0..stages).map(|i| stage(tableau, i)).collect(),
            b: (0..stages).map(|i| (i, tableau.b(i).to())).collect(),
            b_err,
            dense: tableau.dense_polynomials(),
            factors: Factors::new::<T, _>(&derivatives.jacobian),
            krylov: system
                .krylov()
                .map(|krylov| Box::new(Gmres::new(krylov, y))),
            derivatives,
            k: vec![zero.clone(); stages],
            first: None,
            base: zero.clone(),
            delta: zero.clone(),
            argument: zero.clone(),
            slope: zero.clone(),
            f: Slope::like(&zero),
            zero,
            weights: Terms::with_capacity(stages),
            jacobian: Lifetime::new(),
            factorised: None,
            convergence: Convergence::new(10),
            settling: None,
            rate: T::zero(),
            failed: false,
            bad: None,
        }
    }

    /// Solves the equations of every stage to rounding, and iterates `more` times beyond that (for elements that carry derivatives, which follow later). The steps
    /// are those chosen otherwise; what is gained is that the numbers are a smooth function of the data.
    #[must_use]
    pub fn settled(mut self, more: usize) -> Self {
        self.settling = Some(Settling::new(more));
        self
    }

    /// k_i of the step just accepted: valid until the next one begins.
    #[must_use]
    pub fn stages(&self) -> &[Y] {
        &self.k
    }

    /// The method's coefficients.
    #[must_use]
    pub fn tableau(&self) -> &'static DirkTableau {
        self.tableau
    }

    /// Moves the first stage, or what guesses it, to its place.
    fn bring_first(&mut self) -> bool {
        let Some(slot) = self.first else { return false };
        self.k.swap(0, slot);
        self.first = Some(0);
        true
    }

    /// Divides what is in `delta` by 1/(γh) − ∂f/∂y. False if that cannot be done.
    fn filter<S: System<T, Y>>(&mut self, system: &mut S, stats: &mut Stats) -> bool {
        if let Some(gmres) = &mut self.krylov {
            let tolerance = T::from_f64(0.05);
            return gmres.solve(system, &mut self.delta, tolerance, stats);
        }
        self.factors.solve::<T>(self.delta.as_mut_slice());
        stats.solves += 1;
        true
    }

    /// The matrix for the step, factorised; false if it is singular.
    fn prepare<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        if self.krylov.is_some() {
            return true;
        }
        if self.jacobian.must_take(span.h) {
            let f = self.f.known();
            self.derivatives
                .take(system, span.t, y, f, span.h, scale, stats);
            self.factorised = None;
        }
        if self.factorised == Some(span.h) {
            return true;
        }
        let shift = Y::Element::real(T::one() / (self.gamma * span.h));
        let jacobian = &self.derivatives.jacobian;
        if self.jacobian.kept() {
            self.convergence.forget();
        }
        stats.factorisations += 1;
        let done = self
            .factors
            .factorise::<T, _>(shift, None, jacobian, identity);
        self.factorised = done.then_some(span.h);
        done
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Dirk<T, Y>
where
    Y::Element: Field<T>,
{
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        if self.tableau.explicit_first && self.bring_first() {
            return &self.k[0];
        }
        let f = self.f.know(system, t, y, stats);
        if self.first.is_none() {
            self.k[0].as_mut_slice().copy_from_slice(f.as_slice());
            self.first = Some(0);
        }
        f
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
        if !self.bring_first() {
            <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
        }
        loop {
            self.rate = T::zero();
            let from = usize::from(self.tableau.explicit_first);
            let done = self.prepare(system, span, y, scale, stats)
                && (from..self.stages.len()).all(|i| {
                    self.begin_stage(i, span, y);
                    self.solve_stage(system, i, span, y, scale, stats)
                });
            if done {
                break;
            }
            if !self.jacobian.failed() {
                self.failed = true;
                return T::infinity();
            }
        }
        combine(trial, y, &self.k, &self.b, span.h);
        if !measure {
            return T::zero();
        }
        combine(&mut self.delta, &self.zero, &self.k, &self.b_err, T::one());
        if !self.filter(system, stats) {
            return T::infinity();
        }
        let error = self.delta.as_slice();
        scale.squared(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn accept(&mut self) {
        self.f.forget();
        self.first = Some(self.stages.len() - 1);
        self.jacobian.accepted(self.rate <= T::from_f64(0.05));
    }

    fn propose(&mut self, tried: T, _error2: T, accepted: bool, proposal: T) -> T {
        if self.failed {
            return tried * T::from_f64(0.5);
        }
        let grows_little = proposal >= tried && proposal <= tried * T::from_f64(1.2);
        if accepted && self.jacobian.kept() && grows_little {
            tried
        } else {
            proposal
        }
    }

    fn restart(&mut self) {
        self.f.forget();
        self.first = None;
        self.jacobian.end();
        self.convergence.forget();
    }

    fn interpolate(
        &mut self,
        _system: &mut S,
        span: Span<T>,
        y: &Y,
        _y_next: &Y,
        sigma: T,
        out: &mut Y,
        _stats: &mut Stats,
    ) {
        self.weights.clear();
        let weights = self.dense.iter().map(|row| polynomial(row, sigma));
        self.weights.extend(weights.enumerate());
        combine(out, y, &self.k, &self.weights, span.h);
    }

    fn powers(
        &mut self,
        _system: &mut S,
        span: Span<T>,
        y: &Y,
        _y_next: &Y,
        powers: &mut Vec<Y>,
        _stats: &mut Stats,
    ) {
        super::push_powers(y, &self.k, &self.dense, span.h, powers);
    }

    fn error_exponent(&self) -> usize {
        let tableau = self.tableau;
        let embedded = tableau.embedded_order.unwrap_or(tableau.order);
        embedded.min(tableau.order) + 1
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        let error = self.delta.as_slice();
        scale.worst(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        self.tableau.name
    }
}
