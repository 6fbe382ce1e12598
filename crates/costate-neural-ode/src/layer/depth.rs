//! Weights that vary with depth.

use super::{Layer, Parameter};
use crate::function_space::{Basis, Family};
use costate_tape::{Scalar, Var};
use rand::Rng;

/// Any layer with parameters that are functions of t, each a series in the same basis:
///
/// ```text
/// y = layer(x, θ(t))        θ(t) = Σ_{k<n} φ_k(t) θ_k
/// ```
///
/// Depth in a neural ODE is t: where a residual network has other weights in each block, the continuous one has W(t) and b(t). With constant weights the field is the same
/// at every depth, and there is much that it cannot do; with n terms the parameters are n times as many.
///
/// θ holds the coefficients θ₀, θ₁, … one after another, each like the parameters of the layer, named `terms.0.weight`, `terms.0.bias`, `terms.1.weight`, …. At first all weights are
/// constant in t, as the layer would draw them. With [`Basis::constant`] it is the plain layer, to the bit and by the same names.
///
/// Along a solution its gradient is that of the plain layer, weighed with φ_k:
#[cfg_attr(doc, doc = include_str!("../../formulas/coefficient-gradient.html"))]
///
/// The evaluation at t is [`apply_at`](Layer::apply_at); [`apply`](Layer::apply) is that at t = 0.
///
/// ```
/// use costate_neural_ode::function_space::Basis;
/// use costate_neural_ode::layer::{Depth, Layer, Linear, Mlp};
/// use costate_neural_ode::{Recorded, VectorField};
/// use costate_tape::Unary;
///
/// // f = W(t) h + b(t), W(t) = W₀ + W₁ s with s = 2t − 1 on [0, 1]
/// let layer = Depth::new(Linear::new(1, 1), Basis::legendre(2, 0.0, 1.0));
/// let mut field = Recorded::record(&[1], layer.parameter_len(), |h, t, theta| layer.apply_at(h, t, theta))?;
/// let theta = [3.0_f64, 0.0, 2.0, 10.0]; // W₀, b₀, W₁, b₁
/// field.set_parameters(&theta);
/// let mut dh = [0.0];
/// field.eval(0, 0.75, &[5.0], &mut dh); // W = 3 + 2/2, b = 10/2
/// assert_eq!(dh, [25.0]);
/// assert_eq!(layer.at(0.75, &theta), [4.0, 5.0]);
///
/// // A network all of whose weights vary
/// let net = Depth::new(Mlp::new(&[2, 16, 2], Unary::Tanh), Basis::fourier(3, 0.0, 1.0));
/// assert_eq!(net.parameter_len(), 3 * (2 * 16 + 16 + 16 * 2 + 2));
/// assert_eq!(net.parameters()[4].name, "terms.1.0.weight");
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Massaroli2020\]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth<L> {
    /// The layer.
    pub layer: L,
    /// φ_k, on the interval of t that is solved over.
    pub basis: Basis,
}

impl<L: Layer> Depth<L> {
    /// `layer` with parameters in `basis`.
    #[must_use]
    pub fn new(layer: L, basis: Basis) -> Self {
        Self { layer, basis }
    }

    /// θ(t): the parameters of the layer at one depth.
    ///
    /// # Panics
    /// If θ is not as long as the parameters together.
    ///
    /// ```
    /// use costate_neural_ode::function_space::Basis;
    /// use costate_neural_ode::layer::{Depth, Linear};
    ///
    /// // W = 1 + 2 s and b = 0, with s = −1 … 1 on [0, 4]
    /// let layer = Depth::new(Linear::new(1, 1), Basis::legendre(2, 0.0, 4.0));
    /// assert_eq!(layer.at(4.0, &[1.0, 0.0, 2.0, 0.0]), [3.0, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn at<S: Scalar>(&self, t: S, theta: &[S]) -> Vec<S> {
        let len = self.layer.parameter_len();
        assert!(
            theta.len() == len * self.basis.terms(),
            "{} parameters given, but {} terms of {len} expected",
            theta.len(),
            self.basis.terms()
        );
        let mut at = vec![S::from_f64(0.0); len];
        for (k, value) in self.basis.values(t).into_iter().enumerate() {
            for (at, coefficient) in at.iter_mut().zip(&theta[k * len..]) {
                // recorded, so that its vjp is book: (coefficient-gradient)
                *at += value * *coefficient;
            }
        }
        at
    }
}

impl<L: Layer> Layer for Depth<L> {
    fn parameters(&self) -> Vec<Parameter> {
        if self.basis.family() == Family::Constant {
            return self.layer.parameters();
        }
        let terms = 0..self.basis.terms();
        let named =
            terms.flat_map(|k| super::under(&format!("terms.{k}"), self.layer.parameters()));
        named.collect()
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
        if self.basis.family() == Family::Constant {
            return self.layer.apply_at(x, t, theta);
        }
        let len = self.layer.parameter_len();
        let coefficients: Vec<_> = (0..self.basis.terms())
            .map(|k| theta.slice(0, k * len..(k + 1) * len))
            .collect();
        self.layer
            .apply_combination(x, t, &self.basis.values(t), &coefficients)
    }

    fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]) {
        let mut drawn = vec![0.0; self.layer.parameter_len()];
        self.layer.initialize(random, &mut drawn);
        let shares = self.basis.constant_coefficients();
        for (coefficient, share) in theta.chunks_mut(drawn.len().max(1)).zip(shares) {
            for (theta, drawn) in coefficient.iter_mut().zip(&drawn) {
                *theta = share * drawn;
            }
        }
    }
}
