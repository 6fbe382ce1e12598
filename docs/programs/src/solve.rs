//! Solutions exact to about ten digits, to check and to draw.

use costate_ode::{Ivp, Trajectory};

const FAILED: &str = "the book's problems are solvable";

/// The state at `t1` of y' = f(t, y) from `y0` at `t0`; `t1` may lie before `t0`.
pub fn end<const N: usize>(
    f: impl FnMut(f64, &[f64; N], &mut [f64; N]),
    t0: f64,
    y0: [f64; N],
    t1: f64,
) -> [f64; N] {
    let ivp = Ivp::new(f, t0, y0, t1).rtol(1e-12).atol(1e-13);
    *ivp.save_end().solve().expect(FAILED).last()
}

/// The same, as a function of time.
pub fn path<const N: usize>(
    f: impl FnMut(f64, &[f64; N], &mut [f64; N]),
    t0: f64,
    y0: [f64; N],
    t1: f64,
) -> Trajectory<f64, [f64; N]> {
    let ivp = Ivp::new(f, t0, y0, t1).rtol(1e-12).atol(1e-13);
    ivp.dense().solve().expect(FAILED).dense.expect(FAILED)
}

/// dL/dx at `x` by central differences of step `e` and e/2, extrapolated once.
pub fn difference(loss: impl Fn(f64) -> f64, x: f64, e: f64) -> f64 {
    let central = |e: f64| (loss(x + e) - loss(x - e)) / (2.0 * e);
    (4.0 * central(e / 2.0) - central(e)) / 3.0
}

/// `n` + 1 equally spaced points.
#[must_use]
pub fn grid(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..=n)
        .map(|i| from + (to - from) * i as f64 / n as f64)
        .collect()
}
