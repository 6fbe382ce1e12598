//! A right-hand side in two parts.

use super::{Parts, System};
use crate::{Element, Real, State};

/// dy/dt = f_explicit(t, y) + f_implicit(t, y): the first is cheap or unpleasant to linearise and not stiff, the second stiff.
///
/// Methods with an explicit companion (`kencarp3`, `kencarp4`, `kencarp5`) take the one explicitly and the other implicitly ([`Imex`](crate::Imex)); all others
/// see the sum. What the stiff part balances belongs to it: a large explicit force against a stiff spring costs the methods their order, and many small steps. What implicit methods may know (Jacobian, structure) is attached to the implicit part alone; attached to the whole, it makes it a whole.
///
/// ```
/// use costate_ode::{Ivp, Method, Split};
///
/// // A force that swings, and a stiff spring that follows it.
/// let force = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -t.sin();
/// let spring = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e4 * (y[0] - t.cos());
/// let solution = Ivp::with_system(Split::new(force, spring), 0.0, [1.0], 2.0)
///     .method(Method::by_name("kencarp4")?)
///     .solve()?;
/// assert!((solution.last()[0] - 2.0_f64.cos()).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Split<Y, E, I> {
    explicit: E,
    implicit: I,
    /// Room for one part where both are asked for.
    part: Option<Y>,
}

impl<Y, E, I> Split<Y, E, I> {
    /// The sum of an explicit and an implicit part.
    pub fn new(explicit: E, implicit: I) -> Self {
        Self {
            explicit,
            implicit,
            part: None,
        }
    }
}

impl<T: Real, Y: State<T>, E: System<T, Y>, I: System<T, Y>> System<T, Y> for Split<Y, E, I> {
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        let part = self.part.get_or_insert_with(|| y.clone());
        self.explicit.eval(t, y, part);
        self.implicit.eval(t, y, dy);
        let one = Y::Element::weight(T::one());
        for (dy, part) in dy.as_mut_slice().iter_mut().zip(part.as_slice()) {
            *dy = dy.add_scaled(one, *part);
        }
    }
    fn parts(&mut self) -> Option<Parts<'_, T, Y>> {
        Some((&mut self.explicit, &mut self.implicit))
    }
}
