//! Dense output by the cubic through both ends of a step and their slopes: its weights, its slope.

use costate_ode::Real;

/// Weights of h₁ − h, dt f and dt f₁ in h(t + σ dt) − h.
pub(crate) fn weights<E: Real>(sigma: E) -> [E; 3] {
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
