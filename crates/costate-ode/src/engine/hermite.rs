//! The cubic through both ends of a step and their slopes.

use crate::{Element, Real, State};

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
