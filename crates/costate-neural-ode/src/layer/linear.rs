//! A linear layer.

use super::{Initializer, Layer, Parameter, combination};
use costate_tape::{Scalar, Var};
use rand::Rng;

/// y = x·Wᵀ + b, with W of the shape `[outputs, inputs]` as PyTorch has it; θ is W row by row, then b.
///
/// ```
/// use costate_neural_ode::layer::{Layer, Linear};
/// use costate_tape::Function;
///
/// let linear = Linear::new(2, 1);
/// let inputs: [(&str, &[usize]); 2] = [("x", &[3, 2]), ("theta", &[3])];
/// let f = Function::<f64>::record(&inputs, |v| vec![linear.apply(v[0], v[1])])?;
/// let y = f.eval(&[&[1.0, 0.0, 0.0, 1.0, 2.0, 2.0], &[10.0, 20.0, 5.0]])?;
/// assert_eq!(y[0], [15.0, 25.0, 65.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// The number of components of x.
    pub inputs: usize,
    /// The number of components of y.
    pub outputs: usize,
    /// How training begins.
    pub initializer: Initializer,
}

impl Linear {
    /// With PyTorch's initial values.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            initializer: Initializer::default(),
        }
    }

    /// The number of elements of W.
    fn weights(&self) -> usize {
        self.outputs * self.inputs
    }
}

impl Layer for Linear {
    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter {
                name: "weight".to_owned(),
                shape: vec![self.outputs, self.inputs],
            },
            Parameter {
                name: "bias".to_owned(),
                shape: vec![self.outputs],
            },
        ]
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        let weights = self.weights();
        let weight = theta
            .slice(0, 0..weights)
            .reshape([self.outputs, self.inputs]);
        let bias = theta.slice(0, weights..weights + self.outputs);
        x.matmul(weight.transpose()) + bias
    }

    #[track_caller]
    fn apply_combination<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        _t: Var<'t, T>,
        w: &[Var<'t, T>],
        theta: &[Var<'t, T>],
    ) -> Var<'t, T> {
        let y: Vec<_> = theta.iter().map(|theta| self.apply(x, *theta)).collect();
        combination(w, &y)
    }

    #[track_caller]
    fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]) {
        let (weight, bias) = theta.split_at_mut(self.weights());
        self.initializer.fill(random, 1, weight, bias);
    }
}
