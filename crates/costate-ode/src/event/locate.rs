//! Bringing an integration to a crossing.

use super::Event;
use super::watch::{Crossing, Cut, Watch, crosses, value};
use crate::{Engine, Integrator, Real, State, System};

impl<T: Real, Y: State<T>> Watch<T, Y> {
    /// Brings the integration to where event `crossing.index` has just crossed: on the solution itself, or else (false) on dense output.
    pub(super) fn locate<S, E>(
        &mut self,
        events: &[Event<T, Y>],
        it: &mut Integrator<T, Y, S, E>,
        crossing: Crossing<T>,
        [start, h, end]: [T; 3],
        cut: Cut<'_, T, Y, S, E>,
    ) -> bool
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let watched = &self.watched[crossing.index];
        let (event, from_sign) = (watched.event, watched.sign);
        let has_crossed = |value: T| crosses(events, event, from_sign, value);
        let tolerance = resolution(start, end);
        // First on dense output.
        let scratch = &mut self.scratch;
        let on_dense = |sigma: T, it: &mut Integrator<T, Y, S, E>, scratch: &mut Y| {
            it.interpolate(start + sigma * h, scratch);
            value(events, event, start + sigma * h, scratch)
        };
        let (mut low, mut high) = (crossing.from, crossing.to);
        for _ in 0..60 {
            if (high - low) * h.abs() <= tolerance {
                break;
            }
            let middle = low + (high - low) * T::from_f64(0.5);
            if has_crossed(on_dense(middle, it, scratch)) {
                high = middle;
            } else {
                low = middle;
            }
        }
        // Then on the solution.
        let width = (crossing.to - crossing.from) * T::from_f64(1e-3);
        let (a, b) = ((high - width).max(T::zero()), (high + width).min(T::one()));
        let slope = (on_dense(b, it, scratch) - on_dense(a, it, scratch)) / ((b - a) * h);
        if !it.retake(high * h) {
            cut(it, start + high * h);
            it.cut(start + high * h);
            return false;
        }
        let slope = slope * h.signum();
        self.refine(events, it, event, &has_crossed, [high, slope, h, tolerance]);
        true
    }

    /// Secants from the part `first` of the step, each a step taken again, kept in a bracket, until the event lies between two neighbours. `slope` is that
    /// of g by the length of the step.
    fn refine<S, E>(
        &self,
        events: &[Event<T, Y>],
        it: &mut Integrator<T, Y, S, E>,
        event: usize,
        has_crossed: &impl Fn(T) -> bool,
        [first, mut slope, h, tolerance]: [T; 4],
    ) where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let way = h.signum();
        let (mut low, mut high) = (T::zero(), h.abs());
        let mut x = first * h.abs();
        let mut here = value(events, event, it.t(), it.y());
        for _ in 0..60 {
            if has_crossed(here) {
                high = x;
            } else {
                low = x;
            }
            if here == T::zero() || high - low <= tolerance {
                break;
            }
            // A little beyond the root, so that it is soon between two neighbours.
            let beyond = if has_crossed(here) {
                -tolerance
            } else {
                tolerance
            } * T::from_f64(0.5);
            let mut next = x - here / slope + beyond;
            if !(next > low && next < high) {
                next = low + (high - low) * T::from_f64(0.5);
            }
            it.retake(next * way);
            let there = value(events, event, it.t(), it.y());
            if next != x && there != here {
                slope = (there - here) / (next - x);
            }
            (x, here) = (next, there);
        }
        if x != high && here != T::zero() {
            it.retake(high * way);
        }
    }
}

/// How far apart times near `a` and `b` can be told apart.
pub(super) fn resolution<T: Real>(a: T, b: T) -> T {
    a.abs().max(b.abs()) * T::epsilon() * T::from_f64(2.0)
}
