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
/// factor. Their derivatives do: they are that factor, (h λ)^p/p! of a rate λ in a step of an explicit method. So along a state at rest a step is no longer than [`REACH`]/|λ|, with λ by
/// the power method with rows a·∂f/∂h.
#[derive(Debug)]
pub(crate) struct Stability<E> {
    row: Vec<E>,
    image: Vec<E>,
}

impl<E: Real> Stability<E> {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            row: vec![E::zero(); n],
            image: vec![E::zero(); n],
        }
    }

    /// Begins with any row, whatever was found along another solution.
    pub(crate) fn begin(&mut self) {
        for (i, row) in self.row.iter_mut().enumerate() {
            *row = E::from_f64((1.3 + 2.1 * i as f64).sin());
        }
    }

    /// Whether a step from `before` to `after` says little about the next, `growth` times as long.
    #[inline]
    pub(crate) fn is_asked(before: &[E], after: &[E], growth: f64) -> bool {
        let still = E::epsilon() * E::from_f64(4.0);
        let rests = |(a, b): (&E, &E)| (*b - *a).abs() <= still * b.abs();
        growth > LEAP || before.iter().zip(after).any(rests)
    }

    /// The longest step at the state whose evaluation is kept in `frame`.
    #[cold]
    #[inline(never)]
    pub(crate) fn longest(&mut self, field: &mut impl VectorField<E>, frame: usize) -> f64 {
        let mut largest = 0.0_f64;
        for _ in 0..PRODUCTS {
            let size = norm(&self.row);
            self.row
                .iter_mut()
                .for_each(|a| *a = *a / E::from_f64(size));
            field.products(frame, &self.row, &mut self.image);
            let rate = norm(&self.image);
            if !(rate > 0.0 && rate.is_finite()) {
                return f64::INFINITY;
            }
            // Of a pair of complex rates now one part is seen and now the other.
            largest = largest.max(rate);
            std::mem::swap(&mut self.row, &mut self.image);
        }
        REACH / largest
    }
}

fn norm<E: Real>(row: &[E]) -> f64 {
    row.iter().map(|a| a.as_f64().powi(2)).sum::<f64>().sqrt()
}
