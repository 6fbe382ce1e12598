//! Small networks whose outputs are names in formulas.

use std::path::{Path, PathBuf};

use costate_tape::Unary;

use crate::error::Result;
use crate::file::NetworkBlock;
use crate::random::Random;
use crate::weights;

/// A fully connected network, y = W x + b in every layer, with an activation between layers and none after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    name: String,
    inputs: usize,
    hidden: Vec<usize>,
    outputs: Vec<String>,
    pub(crate) activation: Option<Unary>,
    pub(crate) l2: f64,
    seed: u64,
    /// Where the weights were read from, if they were.
    pub(crate) file: Option<PathBuf>,
    pub(crate) weights: Vec<f64>,
}

/// The place of one layer among the weights of its network.
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
    pub(crate) fn new(block: &NetworkBlock, directory: &Path) -> Result<Self> {
        let activation = match block.activation.value.as_str() {
            "identity" => None,
            name if ACTIVATIONS.contains(&name) => match Unary::by_name(name) {
                Some(op) => Some(op),
                None => {
                    return Err(block
                        .activation
                        .place
                        .error(format!(
                            "the activation '{name}' is not available in this release"
                        ))
                        .into());
                }
            },
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
    /// model starts as what it is without the network.
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

    /// Weights and biases, layer by layer: W `[outputs, inputs]` row by row, then b.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The number of weights and biases.
    pub fn parameter_count(&self) -> usize {
        self.layers().last().map_or(0, |layer| layer.end())
    }

    /// The outputs for one point of inputs.
    pub(crate) fn eval(&self, inputs: &[f64]) -> Vec<f64> {
        let layers = self.layers();
        let mut x = inputs.to_vec();
        for (i, layer) in layers.iter().enumerate() {
            let weights = self.weights[layer.offset..layer.bias()].chunks_exact(layer.inputs);
            let bias = &self.weights[layer.bias()..layer.end()];
            let sums = weights
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
