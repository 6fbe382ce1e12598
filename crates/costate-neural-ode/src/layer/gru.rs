//! A recurrent cell.

use super::initializer::uniform;
use super::{Initializer, Layer, Parameter, pieces};
use costate_tape::{Scalar, Var};
use rand::Rng;

/// The gated recurrent unit, with inputs x `[B, inputs]` and hidden state h `[B, hidden]`:
///
/// ```text
/// r  = σ(W_ir x + b_ir + W_hr h + b_hr)         what of h is looked at
/// z  = σ(W_iz x + b_iz + W_hz h + b_hz)         what of h is kept
/// n  = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))
/// h′ = n + z ⊙ (h − n)
/// ```
///
/// Names, shapes and order are those of PyTorch's `GRUCell`: `weight_ih` `[3 hidden, inputs]`, `weight_hh` `[3 hidden, hidden]`, `bias_ih`, `bias_hh`, the gates in the order r, z, n.
///
/// It encodes a sequence of observations, the last first for a latent ODE. As a [`Layer`] it takes x and h side by side, `[B, inputs + hidden]`; [`step`](Gru::step) takes them apart.
///
/// ```
/// use costate_neural_ode::layer::{Gru, Layer};
/// use costate_tape::Function;
///
/// let gru = Gru::new(2, 3);
/// let p = [gru.parameter_len()];
/// let inputs: [(&str, &[usize]); 3] = [("x", &[5, 2]), ("h", &[5, 3]), ("theta", &p)];
/// let f = Function::<f64>::record(&inputs, |v| vec![gru.step(v[0], v[1], v[2])])?;
/// // Without weights everything is halfway: h′ = h/2.
/// assert_eq!(f.eval(&[&[1.0; 10], &[4.0; 15], &vec![0.0; p[0]]])?[0], [2.0; 15]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
///
/// # References
/// \[Cho2014\]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gru {
    /// The number of components of x.
    pub inputs: usize,
    /// The number of components of h.
    pub hidden: usize,
    /// How training begins; `Uniform` is between ∓1/√hidden for everything, as PyTorch has it, the others are for each matrix of each gate.
    pub initializer: Initializer,
}

impl Gru {
    /// With PyTorch's initial values.
    #[must_use]
    pub fn new(inputs: usize, hidden: usize) -> Self {
        Self {
            inputs,
            hidden,
            initializer: Initializer::default(),
        }
    }

    /// Records h′ of x and h.
    ///
    /// # Panics
    /// If a shape does not fit.
    #[must_use]
    #[track_caller]
    pub fn step<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        h: Var<'t, T>,
        theta: Var<'t, T>,
    ) -> Var<'t, T> {
        let (inputs, hidden) = (self.inputs, self.hidden);
        let lengths = [
            3 * hidden * inputs,
            3 * hidden * hidden,
            3 * hidden,
            3 * hidden,
        ];
        let parts = pieces(theta, &lengths);
        let from_x = x.matmul(parts[0].reshape([3 * hidden, inputs]).transpose()) + parts[2];
        let from_h = h.matmul(parts[1].reshape([3 * hidden, hidden]).transpose()) + parts[3];
        let last = h.shape().rank() - 1;
        let gate = |of: Var<'t, T>, g: usize| of.slice(last, g * hidden..(g + 1) * hidden);
        let r = (gate(from_x, 0) + gate(from_h, 0)).sigmoid();
        let z = (gate(from_x, 1) + gate(from_h, 1)).sigmoid();
        let n = (gate(from_x, 2) + r * gate(from_h, 2)).tanh();
        n + z * (h - n)
    }
}

impl Layer for Gru {
    fn parameters(&self) -> Vec<Parameter> {
        let rows = 3 * self.hidden;
        let named = [
            ("weight_ih", vec![rows, self.inputs]),
            ("weight_hh", vec![rows, self.hidden]),
            ("bias_ih", vec![rows]),
            ("bias_hh", vec![rows]),
        ];
        let parameter = |(name, shape): (&str, Vec<usize>)| Parameter {
            name: name.to_owned(),
            shape,
        };
        named.map(parameter).to_vec()
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        let last = x.shape().rank() - 1;
        let h = x.slice(last, self.inputs..self.inputs + self.hidden);
        self.step(x.slice(last, 0..self.inputs), h, theta)
    }

    #[track_caller]
    fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]) {
        if self.initializer == Initializer::Uniform {
            uniform(random, (self.hidden as f64).sqrt().recip(), theta);
            return;
        }
        let mut rest = theta;
        for columns in [self.inputs, self.hidden] {
            for _ in 0..3 {
                let (weight, behind) = rest.split_at_mut(self.hidden * columns);
                let mut bias = vec![0.0; self.hidden];
                self.initializer.fill(random, 1, weight, &mut bias);
                rest = behind;
            }
        }
        rest.fill(0.0);
    }
}
