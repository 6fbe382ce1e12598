//! Layers of networks: functions of arrays whose parameters lie in θ one after another.
//!
//! | layer | y |
//! |---|---|
//! | [`Linear`] | x·Wᵀ + b |
//! | [`Mlp`] | linear layers with an activation between them |
//! | [`Activation`] | φ(x), elementwise, without parameters |
//! | [`Conv1d`], [`Conv2d`] | convolutions over one or two axes, padded |
//! | [`MeanPool`] | means over squares of an image |
//! | [`Gru`] | a recurrent cell: the next hidden state |
//! | [`Residual`] | x + layer(x) |
//! | [`ConcatTime`] | layer of x with t beside it |
//! | [`Depth`] | layer(x, θ(t)), θ(t) = Σ φ_k(t) θ_k |
//! | tuples `(A, B, …)` | one after the other, named `0.…`, `1.…`, as PyTorch's `Sequential` |
//!
//! Shapes, names and order of parameters are PyTorch's; with the feature `safetensors`, the module `weights` reads and writes its files.
//!
//! ```
//! use costate_neural_ode::layer::{Activation, ConcatTime, Layer, Linear, Residual};
//! use costate_tape::Unary;
//!
//! let block = Residual(ConcatTime((Linear::new(3, 16), Activation(Unary::Tanh), Linear::new(16, 2))));
//! let names: Vec<_> = block.parameters().into_iter().map(|p| p.name).collect();
//! assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
//! ```
//!
//! # Adding one
//! A file with a type that implements [`Layer`], like `layer/linear.rs` (the shortest), and its `mod` and `pub use` line here.

mod activation;
mod concat_time;
mod conv;
mod depth;
mod gru;
mod initializer;
mod linear;
mod mlp;
mod pool;
mod residual;
mod sequence;
#[cfg(feature = "safetensors")]
pub mod weights;

pub use activation::Activation;
pub use concat_time::ConcatTime;
pub use conv::{Conv1d, Conv2d};
pub use depth::Depth;
pub use gru::Gru;
pub use initializer::Initializer;
pub use linear::Linear;
pub use mlp::Mlp;
pub use pool::MeanPool;
pub use residual::Residual;

use costate_ode::Real;
use costate_tape::{Scalar, Var};
use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

/// A parameter of a layer: an array among the numbers of θ.
///
/// ```
/// use costate_neural_ode::layer::{Layer, Mlp};
/// use costate_tape::Unary;
///
/// let parameters = Mlp::new(&[2, 16, 1], Unary::Tanh).parameters();
/// let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "1.weight", "1.bias"]);
/// assert_eq!((parameters[0].shape.as_slice(), parameters[0].len()), (&[16, 2][..], 32));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name, as PyTorch gives it: `weight`, or `0.weight` in the layer numbered 0 of several.
    pub name: String,
    /// The shape; its elements lie in θ row by row.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// The number of its elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A function y(x, θ) that is recorded as part of a vector field.
///
/// It holds no numbers: its parameters are a piece of θ. A neural ODE dh/dt = net(h³) for a batch of 20 states with 2 components each:
///
/// ```
/// use costate_neural_ode::layer::{Layer, Mlp};
/// use costate_neural_ode::{Recorded, VectorField};
/// use costate_tape::Unary;
///
/// let net = Mlp::new(&[2, 50, 2], Unary::Tanh);
/// let mut field = Recorded::<f64>::record(&[20, 2], net.parameter_len(), |h, _t, theta| {
///     net.apply(h * h * h, theta)
/// })?;
/// field.set_parameters(&net.initial(1));
/// assert_eq!((field.state_len(), field.parameter_len()), (40, 252));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub trait Layer {
    /// Names and shapes of the parameters, in the order in which they lie in θ.
    fn parameters(&self) -> Vec<Parameter>;

    /// Records y of x, which has the shape `[B, inputs]`, or `[inputs]`; θ has as many elements as the parameters together.
    ///
    /// # Panics
    /// If a shape does not fit.
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T>;

    /// The same at depth t, a recorded number. Most layers do not look at it; those that do, such as [`Depth`], write this method, and their
    /// [`apply`](Layer::apply) is that at t = 0.
    ///
    /// # Panics
    /// If a shape does not fit.
    #[track_caller]
    fn apply_at<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        t: Var<'t, T>,
        theta: Var<'t, T>,
    ) -> Var<'t, T> {
        let _ = t;
        self.apply(x, theta)
    }

    /// The same with the parameters Σ_k w_k θ_k, for recorded numbers w_k.
    ///
    /// A layer that is linear in its parameters writes this method as Σ_k w_k y(x, θ_k): then every matrix is a parameter, and programs for batches can pack it once.
    ///
    /// # Panics
    /// If a shape does not fit, or there are not as many w as θ, and one at least.
    #[track_caller]
    fn apply_combination<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        t: Var<'t, T>,
        w: &[Var<'t, T>],
        theta: &[Var<'t, T>],
    ) -> Var<'t, T> {
        self.apply_at(x, t, combination(w, theta))
    }

    /// Writes values to begin a training with into θ.
    fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]);

    /// The number of elements of θ.
    fn parameter_len(&self) -> usize {
        self.parameters().iter().map(Parameter::len).sum()
    }

    /// Values to begin a training with: the same for the same seed, on every machine.
    fn initial<T: Real>(&self, seed: u64) -> Vec<T> {
        let mut theta = vec![0.0; self.parameter_len()];
        self.initialize(&mut Xoshiro256PlusPlus::seed_from_u64(seed), &mut theta);
        theta.into_iter().map(T::from_f64).collect()
    }
}

/// Σ_k w_k y_k.
#[track_caller]
fn combination<'t, T: Scalar>(w: &[Var<'t, T>], y: &[Var<'t, T>]) -> Var<'t, T> {
    assert!(
        w.len() == y.len() && !w.is_empty(),
        "a combination of {} arrays needs as many factors, but {} are given",
        y.len(),
        w.len()
    );
    let terms = w.iter().zip(y).map(|(w, y)| *w * *y);
    terms.reduce(|sum, term| sum + term).expect("a term")
}

/// The parameters of a layer that is a part of another and has this name in it.
fn under(name: &str, parameters: Vec<Parameter>) -> Vec<Parameter> {
    let prefixed = parameters.into_iter().map(|parameter| Parameter {
        name: format!("{name}.{}", parameter.name),
        shape: parameter.shape,
    });
    prefixed.collect()
}

/// Cuts θ into the pieces of layers with so many parameters each, one after another.
///
/// ```
/// use costate_neural_ode::layer::{Layer, Linear, pieces};
/// use costate_tape::Function;
///
/// let (encoder, readout) = (Linear::new(2, 3), Linear::new(3, 1));
/// let lengths = [encoder.parameter_len(), readout.parameter_len()];
/// let f = Function::<f64>::record(&[("x", &[5, 2]), ("theta", &[9 + 4])], |v| {
///     let theta = pieces(v[1], &lengths);
///     vec![readout.apply(encoder.apply(v[0], theta[0]), theta[1])]
/// })?;
/// assert_eq!(f.output_shape(0).to_vec(), [5, 1]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
///
/// # Panics
/// If θ is shorter than the pieces together.
#[must_use]
#[track_caller]
pub fn pieces<'t, T: Scalar>(theta: Var<'t, T>, lengths: &[usize]) -> Vec<Var<'t, T>> {
    let ends = lengths.iter().scan(0, |end, len| {
        *end += len;
        Some(*end - len..*end)
    });
    ends.map(|range| theta.slice(0, range)).collect()
}
