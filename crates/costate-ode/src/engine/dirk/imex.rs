//! Systems in two parts: one taken explicitly, the other by a diagonally implicit method.

use super::{Dirk, DirkTableau};
use crate::combine::{Terms, combine};
use crate::engine::runge_kutta::terms;
use crate::engine::{Engine, Span, hermite};
use crate::system::{Erased, evaluate};
use crate::{Element, Field, Real, Scale, State, Stats, System};

/// The engine of the additive methods on systems in two parts, f = f_E + f_I ([`Split`](crate::Split)): with a_ij of the implicit method, α_ij of its explicit companion,
/// and the same nodes and weights,
///
/// ```text
/// Y_i = y + h Σ_{j<i} α_ij f_E(t_j, Y_j) + h Σ_{j≤i} a_ij f_I(t_j, Y_j)
/// y₁  = y + h Σ b_i (f_E(t_i, Y_i) + f_I(t_i, Y_i))
/// ```
///
/// Newton's iterations, their Jacobian and what becomes of it are those of [`Dirk`], for f_I alone. The error estimate is the embedded method's difference, filtered by
/// (1 − γh ∂f_I/∂y)⁻¹. An evaluation of one part counts as one. Dense output is the cubic through both ends and their slopes, of order 3; it evaluates
/// both parts at the end of the step.
///
/// # When not to use it
/// The explicit part limits the step by its stability. Where it costs little to linearise everything, the implicit method alone takes longer steps.
///
/// # References
/// \[Kennedy2003\].
///
/// ```
/// use costate_ode::{DirkTableau, Imex, Integrator, Options, Split};
///
/// // A current that turns, and drag: only the drag is linearised.
/// let current = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
/// let drag = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [0.0, -1e3 * y[1]];
/// let mut system = Split::new(current, drag);
/// let engine = Imex::new(DirkTableau::by_name("kencarp4")?, &mut system, &[1.0, 0.0]);
/// let mut integrator = Integrator::with_engine(engine, system, 0.0, &[1.0, 0.0], Options::tolerances(1e-6, 1e-9))?;
/// integrator.set_end(10.0);
/// while !integrator.finished() {
///     integrator.step()?;
/// }
/// let slow = (1e3 - (1e6_f64 - 4.0).sqrt()) / 2.0; // of λ² − 1000 λ + 1 = 0
/// assert!((integrator.y()[0] - (-10.0 * slow).exp()).abs() < 1e-4);
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Imex<T, Y: State<T>> {
    dirk: Dirk<T, Y>,
    /// Rows of α.
    rows: Vec<Terms<T>>,
    /// f_E at the stages.
    k: Vec<Y>,
    /// f at both ends of the step.
    ends: [Y; 2],
    start_known: bool,
    end_known: bool,
}

impl<T: Real, Y: State<T>> Imex<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system does not have two parts, the method no explicit companion, or a structure is of another size.
    #[track_caller]
    pub fn new<S: System<T, Y>>(tableau: &'static DirkTableau, system: &mut S, y: &Y) -> Self {
        assert!(
            !tableau.explicit.is_empty() && tableau.explicit_first,
            "{} has no explicit companion",
            tableau.name
        );
        let (_, implicit) = parts(system);
        let dirk = Dirk::new(tableau, &Erased(implicit), y);
        Self {
            rows: tableau.explicit.iter().map(|row| terms(row)).collect(),
            k: vec![dirk.zero.clone(); tableau.stages()],
            ends: [dirk.zero.clone(), dirk.zero.clone()],
            start_known: false,
            end_known: false,
            dirk,
        }
    }

    /// Solves the equations of every stage to rounding, as [`Dirk::settled`] does.
    #[must_use]
    pub fn settled(mut self, more: usize) -> Self {
        self.dirk = self.dirk.settled(more);
        self
    }

    /// f_I and f_E at the stages of the step just accepted: valid until the next one begins.
    #[must_use]
    pub fn stages(&self) -> (&[Y], &[Y]) {
        (self.dirk.stages(), &self.k)
    }

    /// Both parts at the first stage, and their sum.
    fn know_start<S: System<T, Y>>(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) {
        if self.start_known {
            return;
        }
        let (explicit, implicit) = parts(system);
        evaluate(explicit, t, y, &mut self.k[0]);
        stats.nfe += 1;
        let mut implicit = Erased(implicit);
        let f = Engine::slope(&mut self.dirk, &mut implicit, t, y, stats);
        let one = Y::Element::weight(T::one());
        let both = f.as_slice().iter().zip(self.k[0].as_slice());
        for (sum, (a, b)) in self.ends[0].as_mut_slice().iter_mut().zip(both) {
            *sum = a.add_scaled(one, *b);
        }
        self.start_known = true;
    }

    fn know_end<S: System<T, Y>>(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) {
        if !self.end_known {
            evaluate(system, t, y, &mut self.ends[1]);
            stats.nfe += 2;
            self.end_known = true;
        }
    }

    /// All stages but the first; false if one cannot be solved for.
    fn solve_stages<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        let (dirk, one) = (&mut self.dirk, Y::Element::weight(T::one()));
        for i in 1..self.k.len() {
            let (explicit, implicit) = parts(system);
            dirk.begin_stage(i, span, y);
            let row = &self.rows[i];
            combine(&mut dirk.argument, &dirk.base, &self.k, row, span.h);
            std::mem::swap(&mut dirk.argument, &mut dirk.base);
            if !dirk.solve_stage(&mut Erased(implicit), i, span, y, scale, stats) {
                return false;
            }
            let both = dirk.base.as_slice().iter().zip(dirk.delta.as_slice());
            for (x, (base, delta)) in dirk.argument.as_mut_slice().iter_mut().zip(both) {
                *x = base.add_scaled(one, *delta);
            }
            let t = dirk.time(i, span);
            evaluate(explicit, t, &dirk.argument, &mut self.k[i]);
            stats.nfe += 1;
            let wrong = |f: &Y::Element| !f.magnitude().is_finite();
            if let Some(component) = self.k[i].as_slice().iter().position(wrong) {
                dirk.bad = Some((i, t, component));
                return false;
            }
        }
        true
    }
}

/// Both parts of a system.
#[track_caller]
fn parts<T, Y: State<T>, S: System<T, Y>>(system: &mut S) -> crate::system::Parts<'_, T, Y> {
    let parts = system.parts();
    parts.expect("an additive method is for systems in two parts")
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Imex<T, Y>
where
    Y::Element: Field<T>,
{
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        self.know_start(system, t, y, stats);
        &self.ends[0]
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
        self.know_start(system, span.t, y, stats);
        self.end_known = false;
        (self.dirk.bad, self.dirk.failed) = (None, false);
        loop {
            self.dirk.rate = T::zero();
            let (_, implicit) = parts(system);
            let mut implicit = Erased(implicit);
            let ready = self.dirk.prepare(&mut implicit, span, y, scale, stats);
            if ready && self.solve_stages(system, span, y, scale, stats) {
                break;
            }
            if !self.dirk.jacobian.failed() {
                self.dirk.failed = true;
                return T::infinity();
            }
        }
        let dirk = &mut self.dirk;
        combine(&mut dirk.argument, y, &dirk.k, &dirk.b, span.h);
        combine(trial, &dirk.argument, &self.k, &dirk.b, span.h);
        if !measure {
            return T::zero();
        }
        let weights = &dirk.b_err;
        combine(&mut dirk.argument, &dirk.zero, &dirk.k, weights, T::one());
        combine(&mut dirk.delta, &dirk.argument, &self.k, weights, T::one());
        let (_, implicit) = parts(system);
        if !dirk.filter(&mut Erased(implicit), stats) {
            return T::infinity();
        }
        let error = dirk.delta.as_slice();
        scale.squared(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn accept(&mut self) {
        let dirk = &mut self.dirk;
        dirk.f.forget();
        // The end is no stage: the explicit part of the last one is another.
        dirk.first = None;
        dirk.jacobian.accepted(dirk.rate <= T::from_f64(0.05));
        self.start_known = false;
    }

    fn propose(&mut self, tried: T, error2: T, accepted: bool, proposal: T) -> T {
        Engine::<T, Y, Erased<'_, T, Y>>::propose(&mut self.dirk, tried, error2, accepted, proposal)
    }

    fn restart(&mut self) {
        Engine::<T, Y, Erased<'_, T, Y>>::restart(&mut self.dirk);
        self.start_known = false;
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
        self.know_end(system, span.t_next, y_next, stats);
        hermite::write(out, [y, y_next], self.ends.each_ref(), span.h, sigma);
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
        self.know_end(system, span.t_next, y_next, stats);
        hermite::powers([y, y_next], self.ends.each_ref(), span.h, powers);
    }

    fn error_exponent(&self) -> usize {
        Engine::<T, Y, Erased<'_, T, Y>>::error_exponent(&self.dirk)
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        let error = self.dirk.delta.as_slice();
        scale.worst(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.dirk.bad
    }

    fn name(&self) -> &'static str {
        self.dirk.tableau.name
    }
}
