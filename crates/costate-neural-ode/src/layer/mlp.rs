//! Linear layers one after another.

use super::{Initializer, Layer, Linear, Parameter, under};
use costate_tape::{Scalar, Unary, Var};
use rand::Rng;

/// Linear layers with an activation between them and none after the last; θ holds the layers one after another, named `0.weight`, `0.bias`, `1.weight`, ….
///
/// ```
/// use costate_neural_ode::layer::{Initializer, Layer, Mlp};
/// use costate_tape::Unary;
///
/// let net = Mlp::new(&[2, 50, 2], Unary::Tanh).initializer(Initializer::Normal { std: 0.1 });
/// let names: Vec<_> = net.parameters().into_iter().map(|p| (p.name, p.shape)).collect();
/// assert_eq!(names[0], ("0.weight".to_owned(), vec![50, 2]));
/// assert_eq!(names[3], ("1.bias".to_owned(), vec![2]));
/// assert_eq!(net.initial::<f64>(1), net.initial::<f64>(1));
/// ```
///
/// A network that sees t too takes it as one more input:
///
/// ```
/// use costate_neural_ode::Recorded;
/// use costate_neural_ode::layer::{Layer, Mlp};
/// use costate_tape::{Unary, Var};
///
/// let net = Mlp::new(&[3, 16, 2], Unary::Tanh);
/// let field = Recorded::<f64>::record(&[20, 2], net.parameter_len(), |h, t, theta| {
///     net.apply(Var::concat(&[h, t.broadcast_to([20, 1])], 1), theta)
/// })?;
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    layers: Vec<Linear>,
    activation: Unary,
}

impl Mlp {
    /// The network whose inputs, hidden layers and outputs have these widths.
    ///
    /// # Panics
    /// If there are fewer than two widths.
    #[must_use]
    #[track_caller]
    pub fn new(widths: &[usize], activation: Unary) -> Self {
        assert!(
            widths.len() >= 2,
            "a network needs the widths of its input and its output, but {widths:?} was given"
        );
        let layers = widths.windows(2).map(|pair| Linear::new(pair[0], pair[1]));
        Self {
            layers: layers.collect(),
            activation,
        }
    }

    /// The same with other initial values in all layers.
    #[must_use]
    pub fn initializer(mut self, initializer: Initializer) -> Self {
        for layer in &mut self.layers {
            layer.initializer = initializer;
        }
        self
    }

    /// The layers.
    #[must_use]
    pub fn layers(&self) -> &[Linear] {
        &self.layers
    }

    /// The layers, to change how each begins.
    pub fn layers_mut(&mut self) -> &mut [Linear] {
        &mut self.layers
    }
}

impl Layer for Mlp {
    fn parameters(&self) -> Vec<Parameter> {
        let layers = self.layers.iter().enumerate();
        let named = layers.flat_map(|(i, layer)| under(&i.to_string(), layer.parameters()));
        named.collect()
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        let (mut y, mut begin) = (x, 0);
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                y = y.unary(self.activation);
            }
            let end = begin + layer.parameter_len();
            y = layer.apply(y, theta.slice(0, begin..end));
            begin = end;
        }
        y
    }

    #[track_caller]
    fn apply_combination<'t, T: Scalar>(
        &self,
        x: Var<'t, T>,
        t: Var<'t, T>,
        w: &[Var<'t, T>],
        theta: &[Var<'t, T>],
    ) -> Var<'t, T> {
        let (mut y, mut begin) = (x, 0);
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                y = y.unary(self.activation);
            }
            let end = begin + layer.parameter_len();
            let own: Vec<_> = theta
                .iter()
                .map(|theta| theta.slice(0, begin..end))
                .collect();
            y = layer.apply_combination(y, t, w, &own);
            begin = end;
        }
        y
    }

    fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]) {
        let mut rest = theta;
        for layer in &self.layers {
            let (own, behind) = rest.split_at_mut(layer.parameter_len());
            layer.initialize(random, own);
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use costate_tape::Function;

    #[test]
    fn a_network_is_its_formula() {
        let net = Mlp::new(&[2, 3, 1], Unary::Tanh);
        let theta: Vec<f64> = (0..net.parameter_len())
            .map(|i| (i as f64 * 0.7).sin())
            .collect();
        let x = [[0.3, -0.8], [1.1, 0.4]];
        let by_hand = |x: [f64; 2]| {
            let hidden =
                |i: usize| (theta[2 * i] * x[0] + theta[2 * i + 1] * x[1] + theta[6 + i]).tanh();
            (0..3).map(|i| theta[9 + i] * hidden(i)).sum::<f64>() + theta[12]
        };
        let batch: [(&str, &[usize]); 2] = [("x", &[2, 2]), ("theta", &[13])];
        let f = Function::<f64>::record(&batch, |v| vec![net.apply(v[0], v[1])]).unwrap();
        let y = f.eval(&[x.as_flattened(), &theta]).unwrap();
        assert!(
            y[0].iter()
                .zip(x)
                .all(|(y, x)| (y - by_hand(x)).abs() < 1e-15)
        );

        let single: [(&str, &[usize]); 2] = [("x", &[2]), ("theta", &[13])];
        let f = Function::<f64>::record(&single, |v| vec![net.apply(v[0], v[1])]).unwrap();
        assert_eq!(f.eval(&[&x[0], &theta]).unwrap()[0], y[0][..1]);
    }

    #[test]
    fn initial_values_follow_the_seed_alone() {
        let net = Mlp::new(&[3, 8, 8, 2], Unary::Tanh);
        let theta = net.initial::<f64>(3);
        assert_eq!(theta, net.initial::<f64>(3));
        assert_ne!(theta, net.initial::<f64>(4));
        // Another width behind does not change the layers before.
        let wider = Mlp::new(&[3, 8, 8, 5], Unary::Tanh).initial::<f64>(3);
        assert_eq!(theta[..3 * 8 + 8], wider[..3 * 8 + 8]);
        assert!(theta[..24].iter().all(|w| w.abs() <= 1.0 / 3.0_f64.sqrt()));
    }
}
