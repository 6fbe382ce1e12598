//! Steps of small states as straight-line code: the sums of every number of stages written out by the compiler, zeros among their coefficients.
//!
//! The numbers are those of the general way, for which the coefficients are listed without zeros: sums run in the same order, and 0·k adds nothing.

use super::scheme::time;
use super::{RungeKutta, of_both};
use crate::combine::{PASS, Pair, combine_first, sum_first};
use crate::engine::Span;
use crate::system::evaluate;
use crate::{Coefficient, Real, Scale, State, System, Tableau};

/// Coefficients as straight-line code reads them, zeros among them.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    nodes: Vec<T>,
    /// Row i of the stages with its i entries, row behind row, then b, b_err and b_err_low with one for each stage. None for methods without such code.
    a: Vec<Pair<T>>,
}

/// The most stages that there is straight-line code for.
const STRAIGHT: usize = 16;

/// Where the row of stage i begins; of so many stages, where b begins.
const fn begin(i: usize) -> usize {
    i * (i - 1) / 2
}

/// The N entries of a row.
#[inline(always)]
fn row<T, const N: usize>(a: &[Pair<T>], begin: usize) -> &[Pair<T>; N] {
    a[begin..].first_chunk().expect("as long as the sum")
}

/// The most stages that there is straight-line code for with states of this type: none unless they are small and of a size known to the compiler.
const fn most_stages<Y>() -> usize {
    match size_of::<Y>() {
        _ if std::mem::needs_drop::<Y>() => 0,
        // Of many stages many coefficients are zero: where components are few, products with them cost less than finding the others.
        0..=24 => STRAIGHT,
        25..=128 => 7,
        _ => 0,
    }
}

impl<T: Real> Rows<T> {
    /// The rows of a method for states of this type, if there is straight-line code for both.
    pub(super) fn new<Y: State<T>>(tableau: &Tableau) -> Self {
        let stages = tableau.stages();
        // The general way takes longer sums in two passes, which rounds otherwise.
        let long = |row: &[Coefficient]| {
            row.len() > PASS && row.iter().filter(|c| !c.is_zero()).count() > PASS
        };
        let mut sums = tableau.a.iter().chain([&tableau.b]);
        if stages > most_stages::<Y>() || sums.any(|row| long(row)) {
            return Self {
                nodes: Vec::new(),
                a: Vec::new(),
            };
        }
        let mut a = Vec::with_capacity(begin(stages) + 3 * stages);
        let ends = [tableau.b, tableau.b_err, tableau.b_err_low];
        let ends = ends.map(|row| (stages, row));
        for (len, row) in tableau.a.iter().copied().enumerate().chain(ends) {
            let zeros = std::iter::repeat_n([T::zero(); 2], len.saturating_sub(row.len()));
            a.extend(
                row.iter()
                    .take(len)
                    .map(|weight| [weight.to(); 2])
                    .chain(zeros),
            );
        }
        let nodes = tableau.c.iter().map(|c| c.to()).collect();
        Self { nodes, a }
    }
}

/// What the stages of a step read and write. Apart from the engine, so that the compiler sees that evaluating f leaves it as it is.
struct Step<'a, T, Y> {
    nodes: &'a [T],
    rows: &'a [Pair<T>],
    k: &'a mut [Y],
    /// Where stages are evaluated, the last of all at y₁ if the method is FSAL.
    trial: &'a mut Y,
    y: &'a Y,
    span: Span<T>,
    stages: usize,
}

impl<T: Real, Y: State<T>> Step<'_, T, Y> {
    /// Stage N.
    #[inline(always)]
    fn stage<S: System<T, Y>, const N: usize>(&mut self, system: &mut S) {
        let (row, (earlier, this)) = (row(self.rows, begin(N)), self.k.split_at_mut(N));
        combine_first::<T, Y, N>(self.trial, self.y, earlier, row, self.span.h);
        evaluate(
            system,
            time(self.nodes[N], self.span),
            self.trial,
            &mut this[0],
        );
    }

    /// All stages but the first.
    #[inline(always)]
    fn stages<S: System<T, Y>>(mut self, system: &mut S) {
        if self.stages > 1 {
            self.stage::<S, 1>(system);
        }
        if self.stages > 2 {
            self.stage::<S, 2>(system);
        }
        if self.stages > 3 {
            self.stage::<S, 3>(system);
        }
        if self.stages > 4 {
            self.stage::<S, 4>(system);
        }
        if self.stages > 5 {
            self.stage::<S, 5>(system);
        }
        if self.stages > 6 {
            self.stage::<S, 6>(system);
        }
        if most_stages::<Y>() > 7 && self.stages > 7 {
            self.many_stages(system);
        }
    }

    /// Stages beyond the seventh: a function of its own, so that methods of few stages stay one short piece of code.
    #[inline(never)]
    fn many_stages<S: System<T, Y>>(mut self, system: &mut S) {
        self.stage::<S, 7>(system);
        if self.stages > 8 {
            self.stage::<S, 8>(system);
        }
        if self.stages > 9 {
            self.stage::<S, 9>(system);
        }
        if self.stages > 10 {
            self.stage::<S, 10>(system);
        }
        if self.stages > 11 {
            self.stage::<S, 11>(system);
        }
        if self.stages > 12 {
            self.stage::<S, 12>(system);
        }
        if self.stages > 13 {
            self.stage::<S, 13>(system);
        }
        if self.stages > 14 {
            self.stage::<S, 14>(system);
        }
        if self.stages > 15 {
            self.stage::<S, 15>(system);
        }
    }
}

impl<T: Real, Y: State<T>> RungeKutta<T, Y> {
    /// Whether there is straight-line code for this method and this state.
    #[inline(always)]
    pub(super) fn is_straight(&self) -> bool {
        most_stages::<Y>() > 0 && !self.straight.a.is_empty()
    }

    /// All stages but the first, by straight-line code.
    #[inline(always)]
    pub(super) fn small_stages<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
    ) {
        let step = Step {
            nodes: &self.straight.nodes,
            rows: &self.straight.a,
            k: &mut self.k,
            trial,
            y,
            span,
            stages: self.scheme.tableau.stages(),
        };
        // Said once, not at every stage.
        assert!(step.nodes.len() >= step.stages && step.k.len() >= step.stages);
        step.stages(system);
    }

    /// The end of a step and its squared error, for the numbers of stages that there are methods with.
    #[inline(always)]
    pub(super) fn small_end(
        &self,
        h: T,
        scale: &mut Scale<T>,
        y: &Y,
        trial: &mut Y,
        measure: bool,
    ) -> T {
        match self.scheme.tableau.stages() {
            4 => self.end_of::<4>(h, scale, y, trial, measure),
            6 => self.end_of::<6>(h, scale, y, trial, measure),
            7 => self.end_of::<7>(h, scale, y, trial, measure),
            9 => self.end_of::<9>(h, scale, y, trial, measure),
            10 => self.end_of::<10>(h, scale, y, trial, measure),
            12 => self.end_of::<12>(h, scale, y, trial, measure),
            13 => self.end_of::<13>(h, scale, y, trial, measure),
            16 => self.end_of::<16>(h, scale, y, trial, measure),
            _ => self.any_end(h, scale, y, trial, measure),
        }
    }

    /// The end of a step of N stages, and its squared error.
    #[inline(always)]
    fn end_of<const N: usize>(
        &self,
        h: T,
        scale: &mut Scale<T>,
        y: &Y,
        trial: &mut Y,
        measure: bool,
    ) -> T {
        let k = &self.k[..N];
        if !self.scheme.tableau.fsal {
            combine_first::<T, Y, N>(trial, y, k, row(&self.straight.a, begin(N)), h);
        }
        if !measure {
            return T::zero();
        }
        let error2 = self.small_error::<N>(1, h, scale, y, trial);
        if self.scheme.tableau.b_err_low.is_empty() || error2 == T::zero() {
            return error2;
        }
        of_both(error2, self.small_error::<N>(2, h, scale, y, trial))
    }

    /// The squared norm of h Σ w_j k_j, with the weights in this row behind those of the stages.
    #[inline(always)]
    fn small_error<const N: usize>(
        &self,
        behind: usize,
        h: T,
        scale: &mut Scale<T>,
        y: &Y,
        y1: &Y,
    ) -> T {
        let error = sum_first::<T, Y, N>(&self.k, row(&self.straight.a, begin(N) + behind * N), h);
        let error = error.as_slice();
        scale.squared(y.as_slice(), y1.as_slice(), |i| error[i])
    }
}
