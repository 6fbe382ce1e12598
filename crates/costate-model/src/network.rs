//! Small networks whose outputs are names in formulas.

use std::path::{Path, PathBuf};

use costate_neural_ode::function_space::Basis;
use costate_tape::Unary;

use crate::error::Result;
use crate::file::{DepthBlock, NetworkBlock};
use crate::random::Random;
use crate::weights;

/// A fully connected network, y = W x + b in every layer, with an activation between layers and none after the last. W and b may vary with t, each a
/// series Σ φ_k(t) W_k in the same basis.
///
/// ```
/// use costate_model::Model;
///
/// let text = "[states]\ny = 1.0\n[networks.net]\ninputs = [\"y\"]\noutputs = [\"rate\"]\nhidden = [8]\n[equations]\ny = \"-rate\"\n[time]\nstart = 0.0\nend = 1.0";
/// let model = Model::parse(text, "learned.toml")?;
/// let net = &model.networks()[0];
/// assert_eq!((net.widths(), net.parameter_count(), net.activation()), (vec![1, 8, 1], 8 + 8 + 8 + 1, "tanh"));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    name: String,
    inputs: usize,
    hidden: Vec<usize>,
    outputs: Vec<String>,
    /// The basis of weights that vary with t, where it has more than one function.
    depth: Option<Basis>,
    pub(crate) activation: Option<Unary>,
    pub(crate) l2: f64,
    seed: u64,
    /// Where the weights were read from, if they were.
    pub(crate) file: Option<PathBuf>,
    pub(crate) weights: Vec<f64>,
}

/// The place of one layer among the weights of its network, in the first term of their series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Where W, `[outputs, inputs]` row by row, begins; b follows.
    pub(crate) offset: usize,
}

impl Layer {
    pub(crate) fn bias(self) -> usize {
        self.offset + self.outputs * self.inputs
    }

    pub(crate) fn end(self) -> usize {
        self.bias() + self.outputs
    }
}

const ACTIVATIONS: [&str; 7] = ["tanh", "softplus", "sigmoid", "relu", "silu", "gelu", "sin"];

impl Network {
    /// The network of a block; `time` is the model's, where it is given as two numbers.
    pub(crate) fn new(
        block: &NetworkBlock,
        time: Option<[f64; 2]>,
        directory: &Path,
    ) -> Result<Self> {
        let activation = match block.activation.value.as_str() {
            "identity" => None,
            name if ACTIVATIONS.contains(&name) => {
                Some(Unary::by_name(name).expect("all of them are operations of the tape"))
            }
            name => {
                let known = ACTIVATIONS.iter().copied().chain(["identity"]);
                let help = match crate::error::nearest(name, known.clone()) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("activations: {}", known.collect::<Vec<_>>().join(", ")),
                };
                return Err(block
                    .activation
                    .place
                    .error(format!("no activation is called '{name}'"))
                    .with_help(Some(help))
                    .into());
            }
        };
        let mut network = Network {
            name: block.name.value.clone(),
            inputs: block.inputs.len(),
            hidden: block.hidden.clone(),
            outputs: block
                .outputs
                .iter()
                .map(|output| output.value.clone())
                .collect(),
            depth: match &block.depth {
                Some(depth) => basis(depth, time)?,
                None => None,
            },
            activation,
            l2: block.l2,
            seed: block.seed,
            file: block
                .weights
                .as_ref()
                .map(|file| directory.join(&file.value)),
            weights: Vec::new(),
        };
        network.weights = match &block.weights {
            Some(file) => weights::read(&network, &directory.join(&file.value))
                .map_err(|message| file.place.error(message))?,
            None => network.initial(block.seed),
        };
        Ok(network)
    }

    /// Weights and biases uniform in ±1/√inputs, as is usual for layers of this kind; the last layer is zero, so that the
    /// model starts as what it is without the network. Weights that may vary with t are constant at first.
    fn initial(&self, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed, 0);
        let layers = self.layers();
        let mut weights = Vec::with_capacity(self.parameter_count());
        for (i, layer) in layers.iter().enumerate() {
            let bound = 1.0 / (layer.inputs as f64).sqrt();
            let last = i + 1 == layers.len();
            weights.extend((layer.offset..layer.end()).map(|_| {
                if last {
                    0.0
                } else {
                    bound * (2.0 * random.uniform() - 1.0)
                }
            }));
        }
        weights.resize(self.parameter_count(), 0.0);
        weights
    }

    /// Takes the weights of another seed, unless they were read from a file.
    pub(crate) fn begin_again(&mut self, start: u64) {
        if self.file.is_none() {
            self.weights = self.initial(self.seed.wrapping_add(start));
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of units of each layer, inputs first.
    pub fn widths(&self) -> Vec<usize> {
        [self.inputs]
            .into_iter()
            .chain(self.hidden.iter().copied())
            .chain([self.outputs.len()])
            .collect()
    }

    /// The names of the outputs.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The name of the activation.
    pub fn activation(&self) -> &'static str {
        self.activation.map_or("identity", Unary::name)
    }

    /// The basis φ_k in which W and b vary with t, on its interval; `None` if they are constant.
    pub fn depth(&self) -> Option<&Basis> {
        self.depth.as_ref()
    }

    /// The number of terms of the series of a weight; 1 if it is constant.
    pub(crate) fn terms(&self) -> usize {
        self.depth.map_or(1, |basis| basis.terms())
    }

    /// The number of weights and biases in one term.
    pub(crate) fn term_len(&self) -> usize {
        self.layers().last().map_or(0, |layer| layer.end())
    }

    /// Weights and biases, layer by layer: W `[outputs, inputs]` row by row, then b; term by term where they vary with t.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The number of weights and biases.
    pub fn parameter_count(&self) -> usize {
        self.terms() * self.term_len()
    }

    /// W and b of every layer at one time.
    fn weights_at(&self, t: f64) -> Vec<f64> {
        let Some(basis) = &self.depth else {
            return self.weights.clone();
        };
        let mut at = vec![0.0; self.term_len()];
        let terms = self.weights.chunks_exact(at.len());
        for (phi, term) in basis.values(t).into_iter().zip(terms) {
            at.iter_mut().zip(term).for_each(|(at, w)| *at += phi * w);
        }
        at
    }

    /// The outputs for one point of inputs at a time.
    pub(crate) fn eval(&self, inputs: &[f64], t: f64) -> Vec<f64> {
        let (layers, weights) = (self.layers(), self.weights_at(t));
        let mut x = inputs.to_vec();
        for (i, layer) in layers.iter().enumerate() {
            let rows = weights[layer.offset..layer.bias()].chunks_exact(layer.inputs);
            let bias = &weights[layer.bias()..layer.end()];
            let sums = rows
                .zip(bias)
                .map(|(row, b)| row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + b);
            let sums: Vec<f64> = sums.collect();
            x = match self.activation {
                Some(activation) if i + 1 < layers.len() => {
                    sums.into_iter().map(|x| activation.value(x)).collect()
                }
                _ => sums,
            };
        }
        x
    }

    pub(crate) fn layers(&self) -> Vec<Layer> {
        let mut offset = 0;
        let layer = |pair: &[usize]| {
            let layer = Layer {
                inputs: pair[0],
                outputs: pair[1],
                offset,
            };
            offset = layer.end();
            layer
        };
        self.widths().windows(2).map(layer).collect()
    }
}

/// The basis of a block, on the interval that it names or else on the model's time. One function is 1, and changes nothing.
fn basis(block: &DepthBlock, time: Option<[f64; 2]>) -> Result<Option<Basis>> {
    let Some([start, end]) = block.interval.or(time) else {
        let error = block
            .place
            .error("weights vary over the model's time, but [time] is no pair of numbers here");
        let help = "say where the basis lives: depth_basis = { kind = \"…\", terms = 3, start = 0.0, end = 10.0 }";
        return Err(error.with_help(Some(help.into())).into());
    };
    if !(end - start).is_finite() || start == end {
        let message = format!("a basis needs an interval, but {start} to {end} is none");
        return Err(block.place.error(message).into());
    }
    let basis = Basis::new(block.kind, block.terms, start.min(end), start.max(end));
    Ok(Some(basis).filter(|basis| basis.terms() > 1))
}

#[cfg(test)]
mod tests {
    use costate_neural_ode::function_space::Family;
    use costate_neural_ode::layer::{Depth, Layer as _, Mlp};
    use costate_neural_ode::{Recorded, VectorField};

    use super::*;
    use crate::field::{self, Layout};
    use crate::model::Model;
    use crate::room::room;

    const MODEL: &str = r#"
[states]
x = 1.3
y = 0.4
[networks.rest]
inputs = ["x", "y"]
outputs = ["u", "v"]
hidden = [3]
depth_basis = { kind = "KIND", terms = 4 }
[equations]
x = "u"
y = "v"
[time]
start = 3.0
end = 1.0
"#;

    fn numbers(count: usize) -> Vec<f64> {
        let number = |i: usize| 0.5 * (1.0 + 1.7 * i as f64).sin();
        (0..count).map(number).collect()
    }

    fn rates(field: &mut impl VectorField<f64>, theta: &[f64], t: f64) -> [f64; 2] {
        let mut rates = [0.0; 2];
        field.set_parameters(theta);
        field.eval(0, t, &[0.8, -0.3], &mut rates);
        rates
    }

    #[test]
    fn weights_that_vary_are_those_of_the_layers_that_do() {
        for kind in [Family::Fourier, Family::Legendre, Family::Chebyshev] {
            let model = Model::parse(&MODEL.replace("KIND", kind.name()), "m.toml").unwrap();
            let theta = numbers(4 * 17);
            assert_eq!(model.networks[0].parameter_count(), theta.len());
            let layer = Depth::new(
                Mlp::new(&[2, 3, 2], Unary::Tanh),
                Basis::new(kind, 4, 1.0, 3.0),
            );
            let mut other = Recorded::<f64>::record(&[2], theta.len(), |h, t, theta| {
                let h = h.reshape([1, 2]);
                layer.apply_at(h, t, theta).reshape([2])
            });
            let other = other.as_mut().unwrap();
            let mut own = field::compile(&model, Layout::Single).unwrap();
            let mut network = model.networks[0].clone();
            network.weights.copy_from_slice(&theta);
            for t in [1.0, 1.7, 3.0] {
                let (own, other) = (rates(&mut own, &theta, t), rates(other, &theta, t));
                let plain = network.eval(&[0.8, -0.3], t);
                for ((a, b), c) in own.iter().zip(other).zip(plain) {
                    assert!(
                        (a - b).abs() < 1e-14 && (a - c).abs() < 1e-14,
                        "{a} {b} {c}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_term_is_the_plain_network_to_the_bit() {
        let line = "depth_basis = { kind = \"KIND\", terms = 4 }\n";
        let plain = Model::parse(&MODEL.replace(line, ""), "m.toml").unwrap();
        for kind in ["fourier", "legendre", "chebyshev"] {
            let one = MODEL
                .replace("terms = 4", "terms = 1")
                .replace("KIND", kind);
            let one = Model::parse(&one, "m.toml").unwrap();
            assert_eq!(one.networks, plain.networks);
            assert_eq!(one.weights_file(), plain.weights_file());
            let field = |model: &Model| field::right_side(model, Layout::Single).unwrap();
            assert_eq!(field(&one).to_string(), field(&plain).to_string());
        }
        // At first, and as long as only the first term is not zero, more terms give the same numbers.
        let four = Model::parse(&MODEL.replace("KIND", "legendre"), "m.toml").unwrap();
        let own = four.networks[0].weights();
        assert_eq!(&own[..17], plain.networks[0].weights());
        assert!(own[17..].iter().all(|w| *w == 0.0));
    }

    #[test]
    fn the_derivation_shows_the_series_of_each_weight() {
        let model = Model::parse(&MODEL.replace("KIND", "fourier"), "m.toml").unwrap();
        let text = model.explain().unwrap().text(&str::to_owned);
        let line = |name: &str| {
            let mut lines = text.lines().map(str::trim_start);
            let found = lines.find(|line| line.starts_with(&format!("{name} = ")));
            found.unwrap_or_else(|| panic!("{name}: {text}")).to_owned()
        };
        let weight = line("W_rest_0");
        for part in [
            "W_rest_0_term0 + ",
            "phi_rest_1*W_rest_0_term1",
            "phi_rest_3*W_rest_0_term3",
        ] {
            assert!(weight.contains(part), "{weight}");
        }
        assert!(line("phi_rest_1").contains("cos(") && line("phi_rest_2").contains("sin("));
        assert!(line("by_W_rest_1_term2").contains("phi_rest_2"));
        assert_ne!(line("by_t"), "by_t = 0");
    }

    #[test]
    fn a_fitted_file_keeps_the_interval_whatever_becomes_of_the_time() {
        let model = Model::parse(&MODEL.replace("KIND", "chebyshev"), "m.toml").unwrap();
        let mut fitted = model.clone();
        fitted.networks[0].weights.copy_from_slice(&numbers(68));
        let folder = room(&[]);
        let weights = fitted.weights_file().unwrap();
        std::fs::write(folder.join("w.safetensors"), weights).unwrap();
        let text = fitted.to_file(&folder, "w.safetensors");
        let read = |text: &str| Model::parse(text, folder.join("f.toml")).unwrap();
        let (again, longer) = (
            read(&text),
            read(&text.replace("end = 1.0\n", "end = 0.0\n")),
        );
        assert_eq!(again.networks[0].weights, fitted.networks[0].weights);
        for model in [&again, &longer] {
            assert_eq!(model.networks[0].depth().unwrap().interval(), [1.0, 3.0]);
        }
        assert_eq!(longer.span(), (3.0, 0.0));
    }
}
