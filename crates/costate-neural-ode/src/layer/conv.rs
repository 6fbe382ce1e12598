//! Convolutions.

use super::{Initializer, Layer, Parameter, combination};
use costate_tape::{Scalar, Var};
use rand::Rng;

/// A convolution along one axis, with zeros around x: x `[B, inputs, length]` gives `[B, outputs, length + 2 padding − width + 1]`,
///
/// ```text
/// y[b, o, i] = bias[o] + Σ_{c,k} weight[o, c, k] x[b, c, i + k − padding]
/// ```
///
/// θ is `weight` `[outputs, inputs, width]`, then `bias`. It serves fields on a line or a ring of grid points.
///
/// ```
/// use costate_neural_ode::layer::{Conv1d, Layer};
/// use costate_tape::Function;
///
/// let conv = Conv1d::new(1, 1, 3);
/// let inputs: [(&str, &[usize]); 2] = [("x", &[1, 1, 4]), ("theta", &[4])];
/// let f = Function::<f64>::record(&inputs, |v| vec![conv.apply(v[0], v[1])])?;
/// // Second differences, zero beyond the ends
/// assert_eq!(f.eval(&[&[1.0, 4.0, 9.0, 16.0], &[1.0, -2.0, 1.0, 0.0]])?[0], [2.0, 2.0, 2.0, -23.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv1d {
    /// The channels of x.
    pub inputs: usize,
    /// The channels of y.
    pub outputs: usize,
    /// The width of the kernel.
    pub width: usize,
    /// How many zeros are put before and behind x.
    pub padding: usize,
    /// How training begins.
    pub initializer: Initializer,
}

impl Conv1d {
    /// With PyTorch's initial values, and with half the width as padding: a kernel of odd width keeps the length, as a vector field must.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize, width: usize) -> Self {
        Self {
            inputs,
            outputs,
            width,
            padding: width / 2,
            initializer: Initializer::default(),
        }
    }
}

/// A convolution along two axes, with zeros around x: x `[B, inputs, height, width]` gives `[B, outputs, height + 2 p₀ − k₀ + 1, width + 2 p₁ − k₁ + 1]` for a kernel of k₀ × k₁ and a
/// padding of p₀ and p₁. θ is `weight` `[outputs, inputs, k₀, k₁]`, then `bias`.
///
/// ```
/// use costate_neural_ode::layer::{Conv2d, Layer};
/// use costate_tape::Function;
///
/// let conv = Conv2d::new(1, 2, 3);
/// let inputs: [(&str, &[usize]); 2] = [("x", &[5, 1, 8, 8]), ("theta", &[2 * 9 + 2])];
/// let f = Function::<f64>::record(&inputs, |v| vec![conv.apply(v[0], v[1])])?;
/// assert_eq!(f.output_shape(0).to_vec(), [5, 2, 8, 8]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv2d {
    /// The channels of x.
    pub inputs: usize,
    /// The channels of y.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// How many rows of zeros are put above and below x, and how many columns on either side.
    pub padding: [usize; 2],
    /// How training begins.
    pub initializer: Initializer,
}

impl Conv2d {
    /// With a square kernel, PyTorch's initial values, and half the kernel as padding: an odd one keeps the size, as a vector field must.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize, kernel: usize) -> Self {
        Self {
            inputs,
            outputs,
            kernel: [kernel; 2],
            padding: [kernel / 2; 2],
            initializer: Initializer::default(),
        }
    }
}

/// Zeros on both sides of an axis.
#[track_caller]
fn around<T: Scalar>(x: Var<'_, T>, axis: usize, padding: usize) -> Var<'_, T> {
    if padding == 0 {
        return x;
    }
    let length = x.shape().axis(axis) + 2 * padding;
    x.pad(axis, padding, length)
}

/// The parameters: a kernel and a bias.
fn kernel_and_bias(shape: &[usize]) -> Vec<Parameter> {
    vec![
        Parameter {
            name: "weight".to_owned(),
            shape: shape.to_vec(),
        },
        Parameter {
            name: "bias".to_owned(),
            shape: vec![shape[0]],
        },
    ]
}

impl Layer for Conv1d {
    fn parameters(&self) -> Vec<Parameter> {
        kernel_and_bias(&[self.outputs, self.inputs, self.width])
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        let weights = self.outputs * self.inputs * self.width;
        let kernel = theta.slice(0, 0..weights);
        let bias = theta.slice(0, weights..weights + self.outputs);
        let y = around(x, 2, self.padding).conv1d(kernel.reshape([
            self.outputs,
            self.inputs,
            self.width,
        ]));
        y + bias.reshape([self.outputs, 1])
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
        let (weight, bias) = theta.split_at_mut(self.outputs * self.inputs * self.width);
        self.initializer.fill(random, self.width, weight, bias);
    }
}

impl Layer for Conv2d {
    fn parameters(&self) -> Vec<Parameter> {
        kernel_and_bias(&[self.outputs, self.inputs, self.kernel[0], self.kernel[1]])
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        let [rows, columns] = self.kernel;
        let weights = self.outputs * self.inputs * rows * columns;
        let kernel = theta.slice(0, 0..weights);
        let bias = theta.slice(0, weights..weights + self.outputs);
        let padded = around(around(x, 2, self.padding[0]), 3, self.padding[1]);
        let y = padded.conv2d(kernel.reshape([self.outputs, self.inputs, rows, columns]));
        y + bias.reshape([self.outputs, 1, 1])
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
        let window = self.kernel[0] * self.kernel[1];
        let (weight, bias) = theta.split_at_mut(self.outputs * self.inputs * window);
        self.initializer.fill(random, window, weight, bias);
    }
}
