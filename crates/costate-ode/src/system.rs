//! The right-hand side of dy/dt = f(t, y).

/// The vector field f of dy/dt = f(t, y).
///
/// Closures and functions `|t: f64, y: &Y, dy: &mut Y|` implement it. `eval` takes `&mut self`, so a system may own its work
/// space, count its calls or record them. The order in which an integrator calls it is part of the integrator's documentation.
///
/// `eval` must write every component of `dy`; what it finds there is left from earlier evaluations.
///
/// ```
/// use costate_ode::System;
///
/// struct Decay { rate: f64 }
/// impl System<f64, [f64; 1]> for Decay {
///     fn eval(&mut self, _t: f64, y: &[f64; 1], dy: &mut [f64; 1]) {
///         dy[0] = -self.rate * y[0];
///     }
/// }
/// let mut dy = [0.0];
/// Decay { rate: 2.0 }.eval(0.0, &[3.0], &mut dy);
/// assert_eq!(dy, [-6.0]);
/// ```
pub trait System<T, Y> {
    /// Writes f(t, y) into `dy`.
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y);
}

impl<T, Y, F: FnMut(T, &Y, &mut Y)> System<T, Y> for F {
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self(t, y, dy);
    }
}
