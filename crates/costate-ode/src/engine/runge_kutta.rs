//! Explicit Runge–Kutta steps, led by a tableau.

mod scheme;
mod straight;

pub(super) use scheme::terms;
use scheme::time;
pub use scheme::{Part, Scheme};
use straight::Rows;

use super::{Engine, Span};
use crate::combine::{Combination, Terms, combine};
use crate::size::Size;
use crate::system::evaluate;
use crate::tableau::centred;
use crate::{Element, Real, Scale, State, Stats, System, Tableau};

/// The engine of the explicit Runge–Kutta methods.
///
/// # When f is evaluated
/// A step evaluates its stages 0, 1, …, s − 1 in this order, each once. Stage 0 is not evaluated when it is already known: from the last stage of the accepted
/// step before (FSAL), from f(t + h, y₁) where dense output or the caller asked for that, from the estimate of the initial step, or from the rejected attempt before.
/// The estimate of the initial step evaluates stage 0 and then f once more, a small Euler step ahead. Dense output of methods that need more slopes evaluates these
/// when an accepted step is first interpolated, in the order of their rows.
///
/// ```
/// use costate_ode::{Integrator, Options, RungeKutta, tableau};
///
/// let field = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = t;
/// let engine = RungeKutta::new(tableau::by_name("midpoint")?, &[0.0]);
/// let mut integrator = Integrator::with_engine(engine, field, 0.0, &[0.0], Options::constant_step(0.5))?;
/// integrator.force_step(0.5);
/// assert_eq!(integrator.engine().slopes()[..2], [[0.0], [0.25]]); // at t = 0 and in the middle
/// assert_eq!(integrator.y(), &[0.125]); // the whole step by the second
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RungeKutta<T, Y> {
    scheme: Scheme<T>,
    straight: Rows<T>,
    /// Slopes: stages, then what dense output adds.
    k: Vec<Y>,
    /// Where a slope of dense output is evaluated.
    argument: Y,
    /// Weights of dense output at one point.
    weights: Terms<T>,
    /// Stage 0 of the next attempt is known, and lies in this slot.
    first: Option<usize>,
    /// How many slopes of the accepted step are known, beginning with the stages.
    known: usize,
}

impl<T: Real, Y: State<T>> RungeKutta<T, Y> {
    /// An engine for states like `y`.
    pub fn new(tableau: &'static Tableau, y: &Y) -> Self {
        let () = Size::<Y>::ALLOWED;
        let k = vec![y.clone(); tableau.dense_len()];
        let weights = Terms::with_capacity(tableau.dense_len());
        Self {
            scheme: Scheme::new(tableau),
            straight: Rows::new::<Y>(tableau),
            k,
            argument: y.clone(),
            weights,
            first: None,
            known: 0,
        }
    }

    /// The tableau in the scalar `T`.
    #[must_use]
    pub fn scheme(&self) -> &Scheme<T> {
        &self.scheme
    }

    /// The slopes of the step: its stages k_0, k_1, … and, once they were asked for, those of dense output.
    #[must_use]
    #[inline]
    pub fn slopes(&self) -> &[Y] {
        &self.k
    }

    /// Moves a first stage that is known to its place. After this the slopes of the step before are gone.
    #[inline]
    fn bring_first(&mut self) -> bool {
        match self.first {
            Some(0) => true,
            Some(slot) => {
                self.k.swap(0, slot);
                self.first = Some(0);
                true
            }
            None => false,
        }
    }

    /// Evaluates what dense output needs beyond the stages.
    #[inline]
    fn complete<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        stats: &mut Stats,
    ) {
        while self.known < self.k.len() {
            let (i, (c, row)) = (self.known, &self.scheme.rows[self.known]);
            if i == self.scheme.tableau.next() {
                evaluate(system, span.t_next, y_next, &mut self.k[i]);
                self.first = Some(i);
            } else {
                combine(&mut self.argument, y, &self.k, row, span.h);
                evaluate(system, span.t + *c * span.h, &self.argument, &mut self.k[i]);
            }
            stats.nfe += 1;
            self.known += 1;
        }
    }

    /// All stages but the first, each evaluated in `trial`: the last of all at y₁ if the method is FSAL.
    #[inline(always)]
    fn any_stages<S: System<T, Y>>(&mut self, system: &mut S, span: Span<T>, y: &Y, trial: &mut Y) {
        let rows = &*self.scheme.rows;
        for i in 1..self.scheme.tableau.stages() {
            // book: (runge-kutta), book: (solver-step)
            let (c, row) = &rows[i];
            combine(trial, y, &self.k, row, span.h);
            evaluate(system, time(*c, span), trial, &mut self.k[i]);
        }
    }

    /// The end of a step, unless the last stage was there, and its squared error.
    #[inline]
    fn any_end(&self, h: T, scale: &mut Scale<T>, y: &Y, trial: &mut Y, measure: bool) -> T {
        if !self.scheme.tableau.fsal {
            combine(trial, y, &self.k, &self.scheme.b, h);
        }
        if !measure {
            return T::zero();
        }
        let error2 = self.error(&self.scheme.b_err, h, scale, y, trial);
        if self.scheme.tableau.b_err_low.is_empty() || error2 == T::zero() {
            return error2;
        }
        of_both(
            error2,
            self.error(&self.scheme.b_err_low, h, scale, y, trial),
        )
    }

    #[inline]
    fn error_of<const N: usize>(
        &self,
        terms: &Terms<T>,
        h: T,
        scale: &mut Scale<T>,
        y: &Y,
        y1: &Y,
    ) -> T {
        let (y, y1) = (y.as_slice(), y1.as_slice());
        let error = Combination::<T, Y::Element, N>::new(y.len(), &self.k, terms, h);
        scale.squared(y, y1, |i| error.at(i))
    }

    /// The squared norm of h Σ terms · k.
    #[inline]
    fn error(&self, terms: &Terms<T>, h: T, scale: &mut Scale<T>, y: &Y, y1: &Y) -> T {
        match terms.len() {
            2 => self.error_of::<2>(terms, h, scale, y, y1),
            3 => self.error_of::<3>(terms, h, scale, y, y1),
            4 => self.error_of::<4>(terms, h, scale, y, y1),
            5 => self.error_of::<5>(terms, h, scale, y, y1),
            6 => self.error_of::<6>(terms, h, scale, y, y1),
            7 => self.error_of::<7>(terms, h, scale, y, y1),
            8 => self.error_of::<8>(terms, h, scale, y, y1),
            9 => self.error_of::<9>(terms, h, scale, y, y1),
            10 => self.error_of::<10>(terms, h, scale, y, y1),
            _ => scale.squared(y.as_slice(), y1.as_slice(), |i| self.any_error(terms, h, i)),
        }
    }

    fn any_error(&self, terms: &Terms<T>, h: T, i: usize) -> Y::Element {
        terms.iter().fold(Y::Element::zero(), |sum, (j, w)| {
            sum.add_scaled(Y::Element::weight(h * *w), self.k[*j].as_slice()[i])
        })
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for RungeKutta<T, Y> {
    #[inline]
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        if !self.bring_first() {
            evaluate(system, t, y, &mut self.k[0]);
            stats.nfe += 1;
            self.first = Some(0);
        }
        &self.k[0]
    }

    #[inline]
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
        let stages = self.scheme.tableau.stages();
        <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
        stats.nfe += stages - 1;
        if self.is_straight() {
            self.small_stages(system, span, y, trial);
            self.small_end(span.h, scale, y, trial, measure)
        } else {
            self.any_stages(system, span, y, trial);
            self.any_end(span.h, scale, y, trial, measure)
        }
    }

    #[inline]
    fn accept(&mut self) {
        self.known = self.scheme.tableau.stages();
        self.first = self.scheme.tableau.fsal.then(|| self.known - 1);
    }

    fn rewind(&mut self) -> bool {
        // Stage 0 stays where it was until the next step begins.
        self.first = Some(0);
        true
    }

    fn restart(&mut self) {
        self.first = None;
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
        self.complete(system, span, y, y_next, stats);
        self.weights.clear();
        let used = self
            .scheme
            .centred()
            .iter()
            .enumerate()
            .filter(|(_, polynomial)| !polynomial.is_empty());
        self.weights
            .extend(used.map(|(i, row)| (i, centred(row, sigma))));
        combine(out, y, &self.k, &self.weights, span.h);
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
        self.complete(system, span, y, y_next, stats);
        super::push_powers(y, &self.k, self.scheme.centred(), span.h, powers);
    }

    fn centre(&self) -> T {
        T::from_f64(0.5)
    }

    fn error_exponent(&self) -> usize {
        let tableau = self.scheme.tableau;
        if !tableau.b_err_low.is_empty() {
            return tableau.order;
        }
        tableau
            .embedded_order
            .map_or(tableau.order, |embedded| embedded.min(tableau.order))
            + 1
    }

    fn worst(&self, span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        scale.worst(y.as_slice(), trial.as_slice(), |i| {
            self.any_error(&self.scheme.b_err, span.h, i)
        })
    }

    fn not_finite(&self, span: Span<T>) -> Option<(usize, T, usize)> {
        let stages = self.k[..self.scheme.tableau.stages()].iter().enumerate();
        stages
            .filter_map(|(stage, k)| {
                let component = k
                    .as_slice()
                    .iter()
                    .position(|k| !k.magnitude().is_finite())?;
                Some((
                    stage,
                    span.t + self.scheme.rows[stage].0 * span.h,
                    component,
                ))
            })
            .next()
    }

    fn name(&self) -> &'static str {
        self.scheme.tableau.name
    }
}

/// The squared error of methods with two estimates, e⁴/(e² + ê²/100).
#[inline(always)]
fn of_both<T: Real>(error2: T, low2: T) -> T {
    error2 * error2 / (error2 + low2 * T::from_f64(0.01))
}
