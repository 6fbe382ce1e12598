//! The cubic through both ends of a step and their slopes.

use super::Span;
use crate::system::evaluate;
use crate::{Element, Real, State, Stats, System};

/// Dense output by that cubic, for methods that do not evaluate f at the ends of their steps: it does so once a step, when first asked.
#[derive(Clone, Debug)]
pub(super) struct Ends<Y> {
    slopes: [Y; 2],
    known: bool,
}

impl<Y: Clone> Ends<Y> {
    /// For states like `y`.
    pub(super) fn like(y: &Y) -> Self {
        Self {
            slopes: [y.clone(), y.clone()],
            known: false,
        }
    }

    /// There is another step.
    pub(super) fn forget(&mut self) {
        self.known = false;
    }

    fn know<T: Real, S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        [y, y_next]: [&Y; 2],
        stats: &mut Stats,
    ) where
        Y: State<T>,
    {
        if !self.known {
            evaluate(system, span.t, y, &mut self.slopes[0]);
            evaluate(system, span.t_next, y_next, &mut self.slopes[1]);
            stats.nfe += 2;
            self.known = true;
        }
    }

    /// As [`write`], with the slopes.
    pub(super) fn write<T: Real, S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        states: [&Y; 2],
        sigma: T,
        out: &mut Y,
        stats: &mut Stats,
    ) where
        Y: State<T>,
    {
        self.know(system, span, states, stats);
        write(out, states, self.slopes.each_ref(), span.h, sigma);
    }

    /// As [`powers`], with the slopes.
    pub(super) fn powers<T: Real, S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        states: [&Y; 2],
        out: &mut Vec<Y>,
        stats: &mut Stats,
    ) where
        Y: State<T>,
    {
        self.know(system, span, states, stats);
        powers(states, self.slopes.each_ref(), span.h, out);
    }
}

/// Writes the cubic at t + σh.
pub(super) fn write<T: Real, Y: State<T>>(
    out: &mut Y,
    [y, y_next]: [&Y; 2],
    slopes: [&Y; 2],
    h: T,
    sigma: T,
) {
    let c = T::from_f64;
    let (square, rest) = (sigma * sigma, T::one() - sigma);
    let share = Y::Element::weight(square * (c(3.0) - c(2.0) * sigma));
    let minus = Y::Element::weight(-T::one());
    let first = Y::Element::weight(h * sigma * rest * rest);
    let second = Y::Element::weight(-h * square * rest);
    let ends = y.as_slice().iter().zip(y_next.as_slice());
    let slopes = slopes[0].as_slice().iter().zip(slopes[1].as_slice());
    for ((out, (y, y1)), (f, f1)) in out.as_mut_slice().iter_mut().zip(ends).zip(slopes) {
        let way = y1.add_scaled(minus, *y);
        let line = y.add_scaled(share, way);
        *out = line.add_scaled(first, *f).add_scaled(second, *f1);
    }
}

/// Pushes its coefficients: y + σ (c_0 + c_1 σ + c_2 σ²).
pub(super) fn powers<T: Real, Y: State<T>>(
    [y, y_next]: [&Y; 2],
    slopes: [&Y; 2],
    h: T,
    powers: &mut Vec<Y>,
) {
    let weight = |value: f64| Y::Element::weight(T::from_f64(value));
    let minus = weight(-1.0);
    for [way, first, second] in [[0.0, 1.0, 0.0], [3.0, -2.0, -1.0], [-2.0, 1.0, 1.0]] {
        let mut state = y.clone();
        for (i, out) in state.as_mut_slice().iter_mut().enumerate() {
            let full = y_next.as_slice()[i].add_scaled(minus, y.as_slice()[i]);
            let sum = Y::Element::zero().add_scaled(weight(way), full);
            let [f, f1] = slopes.map(|slope| slope.as_slice()[i]);
            let sum = sum.add_scaled(Y::Element::weight(h * T::from_f64(first)), f);
            *out = sum.add_scaled(Y::Element::weight(h * T::from_f64(second)), f1);
        }
        powers.push(state);
    }
}
