//! The way back through a step of a small state: the sums of a row have a constant number of terms, so that a row is straight-line code.

use super::sweep::Sweep;
use crate::VectorField;
use crate::gradient::primal::{Primal, StepRecord};
use crate::gradient::{add, scalar};
use costate_ode::{Real, Scheme, State};
use num_traits::One;

/// Rows before the closing one, at most.
pub(super) const ROWS: usize = 6;

/// b_i, then a_ji for the rows j from the last before the closing one down to i + 1: so the v_j that was found last comes last, and only
/// one addition waits for it.
pub(super) type Column<E> = [E; ROWS + 1];

/// The columns of a method, if it has few enough rows and all of them count.
pub(super) fn columns<T, Y>(scheme: &Scheme<T>) -> Vec<Column<Y::Element>>
where
    T: Real,
    Y: State<T, Element: Real>,
{
    let (tableau, rows) = (scheme.tableau(), scheme.tableau().next());
    let is_small = !std::mem::needs_drop::<Y>() && size_of::<Y>() <= 128;
    if rows > ROWS || !is_small {
        return Vec::new();
    }
    let counts = |i| (i + 1..rows).any(|j| !tableau.a(j, i).is_zero()) || !tableau.b[i].is_zero();
    if !(0..rows).all(counts) {
        return Vec::new();
    }
    let column = |i: usize| {
        let mut column = [scalar::<T, Y::Element>(T::zero()); ROWS + 1];
        column[0] = scalar(tableau.b[i].to::<T>());
        for (m, j) in (i + 1..rows).rev().enumerate() {
            column[m + 1] = scalar(tableau.a(j, i).to::<T>());
        }
        column
    };
    (0..rows).map(column).collect()
}

impl<T, Y> Sweep<T, Y>
where
    T: Real,
    Y: State<T, Element: Real>,
{
    /// Goes back through a step that is not the last and has no save time inside.
    #[inline(always)]
    pub(super) fn small_step<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        step: &StepRecord<T>,
        is_first: bool,
    ) {
        let (closing, lambda) = (self.closing, self.nodes.len());
        std::mem::swap(&mut self.carry, &mut self.kappa);
        self.product(primal, step, closing);
        let (rows, rest) = self.slots.split_at_mut(lambda);
        add(rest[0].as_mut_slice(), rows[closing].as_slice());

        // The last row first; row 0 waits until the step before has added its part, unless there is none.
        self.small_row::<F, 0>(primal, step, is_first);
        if closing > 1 {
            self.small_row::<F, 1>(primal, step, is_first);
        }
        if closing > 2 {
            self.small_row::<F, 2>(primal, step, is_first);
        }
        if closing > 3 {
            self.small_row::<F, 3>(primal, step, is_first);
        }
        if closing > 4 {
            self.small_row::<F, 4>(primal, step, is_first);
        }
        if closing > 5 {
            self.small_row::<F, 5>(primal, step, is_first);
        }
        let (rows, rest) = self.slots.split_at_mut(lambda);
        for row in rows[usize::from(!is_first)..closing].iter().rev() {
            add(rest[0].as_mut_slice(), row.as_slice());
        }
    }

    /// κ and v of the row that M rows before the closing one come behind.
    #[inline(always)]
    fn small_row<F: VectorField<Y::Element>, const M: usize>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        step: &StepRecord<T>,
        is_first: bool,
    ) {
        let (i, size) = (self.closing - 1 - M, scalar::<T, Y::Element>(step.size));
        let (column, lambda) = (&self.columns[i], self.slots[self.nodes.len()].as_slice());
        let behind = &self.slots[i + 1..i + 1 + M];
        for (c, kappa) in self.kappa.as_mut_slice().iter_mut().enumerate() {
            let mut sum = column[0] * lambda[c];
            for m in 0..M {
                sum = sum + column[m + 1] * behind[M - 1 - m].as_slice()[c];
            }
            *kappa = size * sum;
        }
        if i == 0 && !is_first {
            std::mem::swap(&mut self.carry, &mut self.kappa);
        } else {
            self.product(primal, step, i);
        }
    }

    /// v of row `i` from its κ.
    #[inline(always)]
    fn product<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        step: &StepRecord<T>,
        i: usize,
    ) {
        let (frame, v) = (step.frames.of(i), self.slots[i].as_mut_slice());
        let rate = primal.field().products(frame, self.kappa.as_slice(), v);
        self.frames.push((frame, Y::Element::one()));
        self.clock = self.clock + rate;
    }
}
