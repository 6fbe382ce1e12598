//! Residual blocks.

use super::{Layer, Parameter};
use costate_tape::{Scalar, Var};
use rand::Rng;

/// y = x + layer(x): a step of Euler's method, of size 1, on dx/dt = layer(x). The parameters are the layer's, by the layer's names.
///
/// ```
/// use costate_neural_ode::layer::{Activation, Layer, Residual};
/// use costate_tape::{Function, Unary};
///
/// let block = Residual(Activation(Unary::Sin));
/// let f = Function::<f64>::record(&[("x", &[1]), ("theta", &[0])], |v| vec![block.apply(v[0], v[1])])?;
/// assert_eq!(f.eval(&[&[2.0], &[]])?[0], [2.0 + 2.0_f64.sin()]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
///
/// # References
/// \[He2016\]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual<L>(pub L);

impl<L: Layer> Layer for Residual<L> {
    fn parameters(&self) -> Vec<Parameter> {
        self.0.parameters()
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        x + self.0.apply(x, theta)
    }

    #[track_caller]
    fn apply_at<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        t: Var<'t, T>,
        theta: Var<'t, T>,
    ) -> Var<'t, T> {
        x + self.0.apply_at(x, t, theta)
    }

    #[track_caller]
    fn apply_combination<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        t: Var<'t, T>,
        w: &[Var<'t, T>],
        theta: &[Var<'t, T>],
    ) -> Var<'t, T> {
        x + self.0.apply_combination(x, t, w, theta)
    }

    fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]) {
        self.0.initialize(random, theta);
    }
}
