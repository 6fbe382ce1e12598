//! Dense output by the cubic through both ends of a step and their slopes: its weights, its slope, and the way back through it.

use super::add_scaled;
use costate_ode::Real;

/// Weights of h₁ − h, dt f and dt f₁ in h(t + σ dt) − h.
fn weights<E: Real>(sigma: E) -> [E; 3] {
    let (one, number) = (E::one(), E::from_f64);
    let (square, rest) = (sigma * sigma, one - sigma);
    [
        square * (number(3.0) - number(2.0) * sigma),
        sigma * rest * rest,
        -square * rest,
    ]
}

/// Writes dh/dt at t + σ dt, from h and f at both ends.
pub(crate) fn slope<E: Real>(h: [&[E]; 2], slopes: [&[E]; 2], (sigma, dt): (E, E), out: &mut [E]) {
    let (one, number) = (E::one(), E::from_f64);
    let share = number(6.0) * sigma * (one - sigma);
    let first = one - number(4.0) * sigma + number(3.0) * sigma * sigma;
    let second = number(3.0) * sigma * sigma - number(2.0) * sigma;
    for (i, out) in out.iter_mut().enumerate() {
        // A step of size zero goes nowhere.
        let way = if dt == E::zero() {
            E::zero()
        } else {
            (h[1][i] - h[0][i]) / dt
        };
        *out = share * way + first * slopes[0][i] + second * slopes[1][i];
    }
}

/// Goes back through the states: adds what those at σ inside a step, with the cotangents g, have of h and h₁ to the cotangents of both.
pub(crate) fn pull_states<E: Real>(inside: &[(E, Vec<E>)], begin: &mut [E], end: &mut [E]) {
    for (sigma, g) in inside {
        let [share, ..] = weights(*sigma);
        for (i, g) in g.iter().enumerate() {
            end[i] = end[i] + share * *g;
            begin[i] = begin[i] + (E::one() - share) * *g;
        }
    }
}

/// Goes back through the slopes: writes the cotangent of f where the step begins (side 0) or ends (side 1).
pub(crate) fn pull_slope<E: Real>(inside: &[(E, Vec<E>)], side: usize, dt: E, kappa: &mut [E]) {
    kappa.fill(E::zero());
    for (sigma, g) in inside {
        add_scaled(kappa, dt * weights(*sigma)[1 + side], g);
    }
}
