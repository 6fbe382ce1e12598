//! Activations.

use super::{Layer, Parameter};
use costate_tape::{Scalar, Unary, Var};
use rand::Rng;

/// y = φ(x), each element by itself; no parameters.
///
/// ```
/// use costate_neural_ode::layer::{Activation, Layer};
/// use costate_tape::{Function, Unary};
///
/// let relu = Activation(Unary::Relu);
/// let f = Function::<f64>::record(&[("x", &[2]), ("theta", &[0])], |v| vec![relu.apply(v[0], v[1])])?;
/// assert_eq!(f.eval(&[&[3.0, -4.0], &[]])?[0], [3.0, 0.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation(pub Unary);

impl Layer for Activation {
    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, _theta: Var<'t, T>) -> Var<'t, T> {
        x.unary(self.0)
    }

    fn apply_combination<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        _t: Var<'t, T>,
        _w: &[Var<'t, T>],
        _theta: &[Var<'t, T>],
    ) -> Var<'t, T> {
        x.unary(self.0)
    }

    fn initialize(&self, _random: &mut dyn Rng, _theta: &mut [f64]) {}
}
