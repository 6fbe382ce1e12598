//! Steps of small states as straight-line code: the sums of every number of stages written out by the compiler, zeros among their coefficients.
//!
//! The numbers are those of the general way, for which the coefficients are listed without zeros: sums run in the same order, and 0·k adds nothing.

use super::RungeKutta;
use crate::combine::{Combination, combine, combine_first};
use crate::engine::Span;
use crate::system::evaluate;
use crate::{Real, Scale, State, System};

impl<T: Real, Y: State<T>> RungeKutta<T, Y> {
    /// Whether states are small and of a size known to the compiler: then every stage is straight-line code of its own.
    const SMALL: bool = !std::mem::needs_drop::<Y>() && size_of::<Y>() <= 128;

    /// Whether they are so small that products with the many zeros of methods of many stages cost less than finding the others.
    const TINY: bool = Self::SMALL && size_of::<Y>() <= 24;

    /// Stage N of a small state.
    #[inline(always)]
    fn stage<S: System<T, Y>, const N: usize>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
    ) {
        let tableau = self.scheme.tableau;
        let argument = if tableau.fsal && N + 1 == tableau.stages() {
            trial
        } else {
            &mut self.argument
        };
        let (earlier, this) = self.k.split_at_mut(N);
        combine_first::<T, Y, N>(
            argument,
            y,
            earlier,
            &self.scheme.triangle[N * (N - 1) / 2..],
            span.h,
        );
        evaluate(system, self.scheme.time(N, span), argument, &mut this[0]);
    }

    /// All stages but the first, of a small state: of methods that have a triangle.
    #[inline(always)]
    pub(super) fn small_stages<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
    ) {
        let stages = self.scheme.tableau.stages();
        if stages > 1 {
            self.stage::<S, 1>(system, span, y, trial);
        }
        if stages > 2 {
            self.stage::<S, 2>(system, span, y, trial);
        }
        if stages > 3 {
            self.stage::<S, 3>(system, span, y, trial);
        }
        if stages > 4 {
            self.stage::<S, 4>(system, span, y, trial);
        }
        if stages > 5 {
            self.stage::<S, 5>(system, span, y, trial);
        }
        if stages > 6 {
            self.stage::<S, 6>(system, span, y, trial);
        }
        if Self::TINY && stages > 7 {
            self.many_stages(system, span, y, trial);
        }
    }

    /// Stages beyond the seventh of a small state: a function of its own, so that methods of few stages stay one short piece of code.
    #[inline(never)]
    fn many_stages<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
    ) {
        let stages = self.scheme.tableau.stages();
        self.stage::<S, 7>(system, span, y, trial);
        if stages > 8 {
            self.stage::<S, 8>(system, span, y, trial);
        }
        if stages > 9 {
            self.stage::<S, 9>(system, span, y, trial);
        }
        if stages > 10 {
            self.stage::<S, 10>(system, span, y, trial);
        }
        if stages > 11 {
            self.stage::<S, 11>(system, span, y, trial);
        }
        if stages > 12 {
            self.stage::<S, 12>(system, span, y, trial);
        }
        if stages > 13 {
            self.stage::<S, 13>(system, span, y, trial);
        }
        if stages > 14 {
            self.stage::<S, 14>(system, span, y, trial);
        }
        if stages > 15 {
            self.stage::<S, 15>(system, span, y, trial);
        }
    }

    /// The row of the triangle behind `before` rows of weights: b, b_err, b_err_low.
    #[inline(always)]
    fn weights<const N: usize>(&self, before: usize) -> &[T] {
        &self.scheme.triangle[N * (N - 1) / 2 + N * before..]
    }

    /// y₁ of a small state.
    #[inline(always)]
    fn small_end<const N: usize>(&self, h: T, y: &Y, trial: &mut Y) {
        combine_first::<T, Y, N>(trial, y, &self.k, self.weights::<N>(0), h);
    }

    /// The squared norm of h Σ b_err · k of a small state, or of b_err_low.
    #[inline(always)]
    fn small_error<const N: usize>(
        &self,
        before: usize,
        h: T,
        scale: &mut Scale<T>,
        y: &Y,
        y1: &Y,
    ) -> T {
        let (y, y1) = (y.as_slice(), y1.as_slice());
        let weights = self.weights::<N>(before);
        let error = Combination::<T, Y::Element, N>::of_first(y.len(), &self.k, weights, h);
        scale.squared(y, y1, |i| error.at(i))
    }

    /// The end of a step, unless the last stage was there.
    #[inline(always)]
    pub(super) fn end(&self, h: T, y: &Y, trial: &mut Y) {
        if self.scheme.tableau.fsal {
            return;
        }
        match self.scheme.tableau.stages() {
            10 if self.straight() => self.small_end::<10>(h, y, trial),
            12 if self.straight() => self.small_end::<12>(h, y, trial),
            13 if self.straight() => self.small_end::<13>(h, y, trial),
            16 if self.straight() => self.small_end::<16>(h, y, trial),
            _ => combine(trial, y, &self.k, &self.scheme.b, h),
        }
    }

    /// Whether there is straight-line code for this method and this state.
    #[inline(always)]
    pub(super) fn straight(&self) -> bool {
        let small = Self::TINY || (Self::SMALL && self.scheme.tableau.stages() <= 7);
        small && !self.scheme.triangle.is_empty()
    }

    /// The squared norm of h Σ b_err · k.
    #[inline(always)]
    pub(super) fn first_error(&self, h: T, scale: &mut Scale<T>, y: &Y, y1: &Y) -> T {
        match self.scheme.tableau.stages() {
            4 if self.straight() => self.small_error::<4>(1, h, scale, y, y1),
            6 if self.straight() => self.small_error::<6>(1, h, scale, y, y1),
            7 if self.straight() => self.small_error::<7>(1, h, scale, y, y1),
            9 if self.straight() => self.small_error::<9>(1, h, scale, y, y1),
            10 if self.straight() => self.small_error::<10>(1, h, scale, y, y1),
            12 if self.straight() => self.small_error::<12>(1, h, scale, y, y1),
            13 if self.straight() => self.small_error::<13>(1, h, scale, y, y1),
            16 if self.straight() => self.small_error::<16>(1, h, scale, y, y1),
            _ => self.error(&self.scheme.b_err, h, scale, y, y1),
        }
    }

    /// The squared norm of h Σ b_err_low · k.
    #[inline(always)]
    pub(super) fn second_error(&self, h: T, scale: &mut Scale<T>, y: &Y, y1: &Y) -> T {
        match self.scheme.tableau.stages() {
            12 if self.straight() => self.small_error::<12>(2, h, scale, y, y1),
            _ => self.error(&self.scheme.b_err_low, h, scale, y, y1),
        }
    }
}
