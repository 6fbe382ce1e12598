//! Adams methods of variable order and step size.

mod formula;

use super::{Engine, Span};
use crate::combine::{Terms, combine};
use crate::controller::inverse_root;
use crate::method::{Family, Method};
use crate::size::Size;
use crate::system::evaluate;
use crate::{Element, Real, Scale, State, Stats, System};
use formula::{Formulas, MAX_ORDER};

pub(crate) static METHOD: Method = Method {
    name: NAME,
    title: "Adams–Bashforth–Moulton, orders 1 to 12",
    order: MAX_ORDER,
    variable_order: true,
    dense_order: MAX_ORDER,
    stages: 2,
    adaptive: true,
    stiff: false,
    mass: false,
    memory: MAX_ORDER + 9,
    when: "Smooth problems at tight tolerances whose f is dear: two evaluations a step, whatever the order; not where events restart it often.",
    reference: "[Shampine1975]",
    family: Family::Adams,
};

const NAME: &str = "adams";

/// Where the difference at the end of the step stands among those at its start.
const END: usize = MAX_ORDER + 1;

/// The engine of the Adams methods of variable order, on grids of any step sizes, in the form of Shampine and Gordon: of order k,
///
/// ```text
/// p  = y + h Σ_{j<k} g_j φ*_j                    predict, by a polynomial of degree k − 1 through f at t, t₋₁, …
/// y₁ = p + h g_k (f(t + h, p) − Σ_{j<k} φ*_j)    correct, by one of degree k through f(t + h, p) as well
/// ```
///
/// with modified divided differences φ*_j of f. f is evaluated at p, and at y₁ where the next step begins: predict, evaluate, correct, evaluate. The
/// integration goes on with the corrected value, of order k + 1. Dense output is the integral of the corrector's polynomial, of the same order, at no further
/// evaluation.
///
/// # Order and step size
/// It controls both itself; the factors of [`Options::controller`](crate::Options::controller) do not matter to it. The estimate is the difference of the correctors
/// of orders k and k + 1, h |g_k − g_{k−1}| times the difference of order k, and likewise for the orders below and above.
/// - At the start, and after a restart, order and step grow together, k by 1 and h by 2, until lower orders do better.
/// - Later k falls by 1 if neither of the two orders below would err more; it rises by 1 if that errs less, after k + 1 steps of equal size.
/// - The step is doubled if half the tolerance allows twice the step, kept if it allows this one, and otherwise shrunk by 0.5 to 0.9; steps of equal size make for
///   smooth errors.
/// - A rejected step is halved at least; after the third in a row the order is 1.
///
/// With constant steps the order stays 1 (Heun's method).
///
/// # Events, and changes from outside
/// It knows f at up to thirteen times before. A restart forgets them, and it begins again with order 1: after a reset, a jump, or a change of the state.
/// Steps cannot be taken again ([`rewind`](Engine::rewind) is false), so events are located on dense output.
///
/// ```
/// use costate_ode::{Adams, Integrator, Options};
///
/// let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
/// let mut it = Integrator::with_engine(Adams::new(&[1.0, 0.0]), f, 0.0, &[1.0, 0.0], Options::tolerances(1e-10, 1e-10))?;
/// it.set_end(20.0);
/// while !it.finished() {
///     it.step()?;
/// }
/// assert!((it.y()[0] - 20.0_f64.cos()).abs() < 1e-8);
/// assert!(it.engine().order() > 8 && it.stats().nfe < 500);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Shampine1975\], \[Hairer1993\] III.5 and III.7.
#[derive(Clone, Debug)]
pub struct Adams<T, Y> {
    /// Modified divided differences of f where the step begins; that of its end.
    phi: Vec<Y>,
    /// How many of them are known; none after a restart.
    known: usize,
    /// t − t₋_j for these.
    distances: [T; MAX_ORDER + 1],
    formulas: Formulas<T>,
    order: usize,
    /// The order of the last try, its signed size, and how many steps of that size there were.
    order_tried: usize,
    h: T,
    equal: usize,
    /// An accepted step whose end is not among the differences yet.
    moves_on: bool,
    /// Order and step still grow together.
    starting: bool,
    failures: u32,
    predicted: Y,
    slope: Y,
    weights: Terms<T>,
    /// Factor of the difference at the end in the error; squared errors of one order less, two less, one more.
    share: T,
    less2: T,
    lower2: T,
    more2: T,
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Adams<T, Y> {
    /// An engine for states like `y`.
    #[must_use]
    pub fn new(y: &Y) -> Self {
        let () = Size::<Y>::ALLOWED;
        Self {
            phi: vec![y.clone(); END + 1],
            known: 0,
            distances: [T::zero(); MAX_ORDER + 1],
            formulas: Formulas::new(),
            order: 1,
            order_tried: 1,
            h: T::zero(),
            equal: 0,
            moves_on: false,
            starting: true,
            failures: 0,
            predicted: y.clone(),
            slope: y.clone(),
            weights: Terms::with_capacity(END + 1),
            share: T::zero(),
            less2: T::infinity(),
            lower2: T::infinity(),
            more2: T::infinity(),
            bad: None,
        }
    }

    /// The order of the next step's predictor.
    #[must_use]
    pub fn order(&self) -> usize {
        self.order
    }

    /// Takes f at the end of the accepted step among the differences: φ_j ← φ_{j−1} − β_{j−1} φ_{j−1} of before.
    fn move_on(&mut self) {
        let count = (self.known + 1)
            .min(self.order_tried + 2)
            .min(MAX_ORDER + 1);
        for j in 0..count - 1 {
            let minus = Y::Element::weight(-self.formulas.beta[j]);
            let both = self.phi[j].as_mut_slice().iter_mut();
            for (phi, next) in both.zip(self.slope.as_mut_slice()) {
                let before = std::mem::replace(phi, *next);
                *next = next.add_scaled(minus, before);
            }
        }
        std::mem::swap(&mut self.phi[count - 1], &mut self.slope);
        for j in (1..count).rev() {
            self.distances[j] = self.distances[j - 1] + self.h;
        }
        self.known = count;
    }

    /// Squared errors of the orders around k, from the difference of order k at the end.
    fn estimate(&mut self, scale: &mut Scale<T>, y: &Y, trial: &Y) -> T {
        let (k, g, beta) = (self.order_tried, &self.formulas.g, &self.formulas.beta);
        let share = |j: usize| self.h * (g[j] - g[j - 1]);
        let (y, trial) = (y.as_slice(), trial.as_slice());
        let phi = |j: usize| self.phi[j].as_slice();
        let end = phi(END);
        let square = |x: T| x * x;
        let one = |j: usize| Y::Element::weight(beta[j]);
        (self.less2, self.lower2, self.more2) = (T::infinity(), T::infinity(), T::infinity());
        if k > 1 {
            let (weight, last) = (one(k - 1), phi(k - 1));
            let difference = |i: usize| end[i].add_scaled(weight, last[i]);
            self.less2 = scale.squared(y, trial, difference) * square(share(k - 1));
            if k > 2 {
                let (weight, last) = (one(k - 2), phi(k - 2));
                let difference = |i: usize| difference(i).add_scaled(weight, last[i]);
                self.lower2 = scale.squared(y, trial, difference) * square(share(k - 2));
            }
        }
        if k < MAX_ORDER && k < self.known && self.equal > k {
            let (weight, next) = (Y::Element::weight(-beta[k]), phi(k));
            let difference = |i: usize| end[i].add_scaled(weight, next[i]);
            self.more2 = scale.squared(y, trial, difference) * square(share(k + 1));
        }
        self.share = share(k);
        scale.squared(y, trial, |i| end[i]) * square(self.share)
    }

    /// Whether a lower order than that of the last try would do as well.
    fn lower_is_better(&self, error2: T) -> bool {
        match self.order_tried {
            1 => false,
            // Half the error, as there is no second opinion.
            2 => self.less2 * T::from_f64(4.0) <= error2,
            _ => self.less2.max(self.lower2) <= error2,
        }
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Adams<T, Y> {
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        if self.known == 0 {
            evaluate(system, t, y, &mut self.phi[0]);
            stats.nfe += 1;
            self.known = 1;
        } else if std::mem::take(&mut self.moves_on) {
            evaluate(system, t, y, &mut self.slope);
            stats.nfe += 1;
            self.move_on();
        }
        &self.phi[0]
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
        <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
        self.bad = None;
        let k = self.order.min(self.known);
        self.order_tried = k;
        if span.h != self.h {
            (self.h, self.equal) = (span.h, 0);
        }
        let known = &self.distances[..self.known];
        self.formulas.prepare(span.h, known);
        let Formulas { g, beta, .. } = &self.formulas;
        self.weights.clear();
        self.weights.extend((0..k).map(|j| (j, g[j] * beta[j])));
        let predicted = &mut self.predicted;
        combine(predicted, y, &self.phi, &self.weights, span.h);
        evaluate(system, span.t_next, predicted, &mut self.slope);
        stats.nfe += 1;
        let wrong = |f: &Y::Element| !f.magnitude().is_finite();
        if let Some(component) = self.slope.as_slice().iter().position(wrong) {
            self.bad = Some((0, span.t_next, component));
            // Not a number, for those who take constant steps too.
            trial.as_mut_slice().copy_from_slice(self.slope.as_slice());
            return T::infinity();
        }
        self.weights.clear();
        self.weights.extend((0..k).map(|j| (j, -beta[j])));
        combine(trial, &self.slope, &self.phi, &self.weights, T::one());
        std::mem::swap(&mut self.phi[END], trial);
        let end = [(END, g[k])];
        combine(trial, &self.predicted, &self.phi, &end, span.h);
        if measure {
            self.estimate(scale, y, trial)
        } else {
            T::zero()
        }
    }

    fn accept(&mut self) {
        self.moves_on = true;
        self.equal += 1;
        self.failures = 0;
    }

    fn propose(&mut self, tried: T, error2: T, accepted: bool, _proposal: T) -> T {
        let k = self.order_tried;
        let number = T::from_f64;
        // The factor by which a step may grow whose error is to be half of what is allowed.
        let allows = |error2: T, order: usize| inverse_root(4.0 * error2.as_f64(), order + 1);
        if !accepted {
            self.starting = false;
            self.failures += 1;
            (self.order, self.equal) = (k, 0);
            if self.failures >= 3 {
                self.order = 1;
            } else if self.lower_is_better(error2) {
                self.order = k - 1;
            }
            return tried * number(allows(error2, k).clamp(0.1, 0.5));
        }
        let lower = self.lower_is_better(error2);
        if self.starting && !lower && k < MAX_ORDER {
            self.order = k + 1;
            return tried * number(2.0);
        }
        self.starting = false;
        let mut error2 = error2;
        if lower || (k > 1 && self.less2 <= error2.min(self.more2) && self.more2.is_finite()) {
            (self.order, error2) = (k - 1, self.less2);
        } else if self.more2
            < if k == 1 {
                error2 * number(0.25)
            } else {
                error2
            }
        {
            (self.order, error2) = (k + 1, self.more2);
        } else {
            self.order = k;
        }
        let factor = allows(error2, self.order);
        tried
            * number(if factor >= 2.0 {
                2.0
            } else if factor >= 1.0 {
                1.0
            } else {
                factor.clamp(0.5, 0.9)
            })
    }

    fn rewind(&mut self) -> bool {
        // Its past would have to be that of the step before.
        false
    }

    fn restart(&mut self) {
        (self.known, self.order, self.equal, self.failures) = (0, 1, 0, 0);
        (self.moves_on, self.starting) = (false, true);
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
        let (k, formulas) = (self.order_tried, &self.formulas);
        self.weights.clear();
        let weights = (0..k).map(|j| (j, formulas.beta[j] * formulas.integral(j, sigma)));
        self.weights.extend(weights);
        self.weights.push((END, formulas.integral(k, sigma)));
        combine(out, y, &self.phi, &self.weights, span.h);
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
        let (k, formulas) = (self.order_tried, &self.formulas);
        let mut rows = vec![Vec::new(); END + 1];
        for (j, row) in rows[..k].iter_mut().enumerate() {
            let coefficients = formulas.coefficients(j).iter();
            row.extend(coefficients.map(|c| *c * formulas.beta[j]));
        }
        rows[END] = formulas.coefficients(k).to_vec();
        super::push_powers(y, &self.phi, &rows, span.h, powers);
    }

    fn error_exponent(&self) -> usize {
        2
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        let end = self.phi[END].as_slice();
        let (i, size) = scale.worst(y.as_slice(), trial.as_slice(), |i| end[i])?;
        Some((i, size * self.share.abs()))
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
