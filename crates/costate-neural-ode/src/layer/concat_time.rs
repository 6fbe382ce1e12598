//! Time as one more input.

use super::{Layer, Parameter};
use costate_tape::{Scalar, Shape, Var};
use rand::Rng;

/// y = layer(\[x, t\]): t is one more input behind the others, for images one more channel. The plainest way to let a field look at t; the parameters are the layer's,
/// whose number of inputs counts t.
///
/// x is `[n]`, `[B, n]` or `[B, channels, …]`; what the layer sees is `[n + 1]`, `[B, n + 1]` or `[B, channels + 1, …]`.
///
/// ```
/// use costate_neural_ode::layer::{ConcatTime, Layer, Linear};
/// use costate_neural_ode::{Recorded, VectorField};
///
/// // f = 2 h + 10 t + 1
/// let layer = ConcatTime(Linear::new(2, 1));
/// let mut field = Recorded::record(&[3, 1], layer.parameter_len(), |h, t, theta| layer.apply_at(h, t, theta))?;
/// field.set_parameters(&[2.0_f64, 10.0, 1.0]);
/// let (mut h, mut dh, mut natural) = ([0.0; 3], [0.0; 3], [0.0; 3]);
/// field.pack(&[1.0, 2.0, 3.0], &mut h);
/// field.eval(0, 0.5, &h, &mut dh);
/// field.unpack(&dh, &mut natural);
/// assert_eq!(natural, [8.0, 10.0, 12.0]);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConcatTime<L>(pub L);

/// x with t behind it.
#[track_caller]
fn with_time<'t, T: Scalar>(x: Var<'t, T>, t: Var<'t, T>) -> Var<'t, T> {
    let shape = x.shape();
    let axis = usize::from(shape.rank() > 1);
    // A plain constant is on no tape: the sum is.
    let t = x.full(T::from_f64(0.0), Shape::scalar()) + t;
    Var::concat(&[x, t.broadcast_to(shape.with_axis(axis, 1))], axis)
}

impl<L: Layer> Layer for ConcatTime<L> {
    fn parameters(&self) -> Vec<Parameter> {
        self.0.parameters()
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        self.apply_at(x, Var::from_f64(0.0), theta)
    }

    #[track_caller]
    fn apply_at<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        t: Var<'t, T>,
        theta: Var<'t, T>,
    ) -> Var<'t, T> {
        self.0.apply_at(with_time(x, t), t, theta)
    }

    #[track_caller]
    fn apply_combination<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        t: Var<'t, T>,
        w: &[Var<'t, T>],
        theta: &[Var<'t, T>],
    ) -> Var<'t, T> {
        self.0.apply_combination(with_time(x, t), t, w, theta)
    }

    fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]) {
        self.0.initialize(random, theta);
    }
}
