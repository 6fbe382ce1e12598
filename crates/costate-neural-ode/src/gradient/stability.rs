//! Steps that stay stable where the error does not see that they must.

use crate::VectorField;
use costate_ode::Real;

/// Steps of explicit methods are stable up to about this over the largest rate (the real interval of pairs of order 2 and above reaches to 2 at least).
const REACH: f64 = 2.0;
/// A next step so many times as long: its error does not hold it back.
const LEAP: f64 = 4.0;
/// Products for an estimate; each begins where the last one ended.
const PRODUCTS: usize = 3;

/// What holds steps back where a component rests: at an equilibrium, or at zero until something happens to it.
///
/// There the error estimate is zero whatever the step, and steps grow until they leave the method's domain of stability. The numbers do not show it, for what is zero stays zero under any
/// factor. Their derivatives do: they are that factor, R(hλ) in place of e^{hλ} for a rate λ of the components at rest among themselves. The two differ by about (hλ)^{p+1}/(p+1)!, which
/// is kept to the relative tolerance, as an error estimate would. Beside a leap of all that moves, steps are kept stable. Rates are found by the power method with rows a·∂f/∂h.
#[derive(Debug)]
pub(crate) struct Stability<E> {
    /// hλ of the longest step along what rests.
    exact: f64,
    row: Vec<E>,
    image: Vec<E>,
    rests: Vec<bool>,
}

impl<E: Real> Stability<E> {
    /// For `n` components, a method of order `p` and the tolerance that derivatives are to be good to.
    pub(crate) fn new(n: usize, p: usize, tolerance: f64) -> Self {
        let factorial: f64 = (1..=p + 1).map(|k| k as f64).product();
        Self {
            exact: (factorial * tolerance)
                .powf(1.0 / (p as f64 + 1.0))
                .min(REACH),
            row: vec![E::zero(); n],
            image: vec![E::zero(); n],
            rests: vec![false; n],
        }
    }

    /// Begins with any row, whatever was found along another solution.
    pub(crate) fn begin(&mut self) {
        for (i, row) in self.row.iter_mut().enumerate() {
            *row = any(i);
        }
    }

    /// Whether a step from `before` to `after` says little about the next, `growth` times as long.
    #[inline]
    pub(crate) fn is_asked(before: &[E], after: &[E], growth: f64) -> bool {
        growth > LEAP || before.iter().zip(after).any(|(a, b)| rests(*a, *b))
    }

    /// Notes which components rest.
    pub(crate) fn look(&mut self, before: &[E], after: &[E]) {
        for ((rest, a), b) in self.rests.iter_mut().zip(before).zip(after) {
            *rest = rests(*a, *b);
        }
    }

    /// The longest next step, `growth` times as long as the last one, from the state whose evaluation is kept in `frame`.
    #[cold]
    #[inline(never)]
    pub(crate) fn longest(
        &mut self,
        field: &mut impl VectorField<E>,
        frame: usize,
        growth: f64,
    ) -> f64 {
        let mut longest = f64::INFINITY;
        if self.rests.contains(&true) {
            longest = self.exact / self.rate(field, frame);
        }
        if growth > LEAP && self.rests.contains(&false) {
            self.rests.fill(true);
            longest = longest.min(REACH / self.rate(field, frame));
        }
        longest
    }

    /// The largest rate of the components at rest among themselves.
    fn rate(&mut self, field: &mut impl VectorField<E>, frame: usize) -> f64 {
        let mut largest = 0.0_f64;
        for _ in 0..PRODUCTS {
            if self.norm() == 0.0 {
                self.begin();
            }
            let size = E::from_f64(self.norm());
            for (row, rests) in self.row.iter_mut().zip(&self.rests) {
                *row = if *rests { *row / size } else { E::zero() };
            }
            field.products(frame, &self.row, &mut self.image);
            std::mem::swap(&mut self.row, &mut self.image);
            let rate = self.norm();
            if !(rate > 0.0 && rate.is_finite()) {
                self.begin();
                return 0.0;
            }
            // Of a pair of complex rates now one part is seen and now the other.
            largest = largest.max(rate);
        }
        largest
    }

    /// The norm of the row's components at rest.
    fn norm(&self) -> f64 {
        let pairs = self.row.iter().zip(&self.rests);
        let squares = pairs.filter(|(_, rests)| **rests);
        squares.map(|(a, _)| a.as_f64().powi(2)).sum::<f64>().sqrt()
    }
}

/// Whether a component that was `a` is the same after a step, but for rounding.
fn rests<E: Real>(a: E, b: E) -> bool {
    (b - a).abs() <= E::epsilon() * E::from_f64(4.0) * b.abs()
}

/// An entry of a row that is nothing special.
fn any<E: Real>(i: usize) -> E {
    E::from_f64((1.3 + 2.1 * i as f64).sin())
}
