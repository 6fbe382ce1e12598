//! What the symbols of formulas stand for while a function is recorded.

use std::collections::HashMap;

use costate_tape::Var;

use super::Layout;
use crate::model::Model;
use crate::network::{Layer, Network};
use crate::scope::{Answer, Part, Resolved, Symbol};

/// States, parameters and weights while recording.
enum Given<'t> {
    /// h and θ as arrays.
    Together {
        state: Var<'t, f64>,
        theta: Var<'t, f64>,
    },
    /// Every state, every parameter, and W and b of every layer by itself, for formulas to be read.
    Apart {
        states: Vec<Var<'t, f64>>,
        parameters: Vec<Var<'t, f64>>,
        /// By network and place among its weights.
        weights: HashMap<(usize, usize), Var<'t, f64>>,
    },
}

/// What every symbol stands for while recording: arrays of shape `[]`, or `[B, 1]` for windows.
pub(crate) struct Values<'m, 't> {
    model: &'m Model,
    layout: Layout,
    given: Given<'t>,
    time: Var<'t, f64>,
    /// Whether the answers of moving comparisons stand in h.
    pub(super) answered: bool,
    definitions: Vec<Option<Var<'t, f64>>>,
    outputs: Vec<Vec<Var<'t, f64>>>,
    /// Where everything stands by itself: the weights of layers that vary with t, by name.
    varying: Vec<(String, Var<'t, f64>)>,
}

impl<'m, 't> Values<'m, 't> {
    pub(super) fn new(
        model: &'m Model,
        layout: Layout,
        state: Var<'t, f64>,
        time: Var<'t, f64>,
        theta: Var<'t, f64>,
    ) -> Self {
        let time = match layout {
            Layout::Single => time,
            Layout::Windows(windows) => {
                let length = theta.shape().len();
                time + theta
                    .slice(0, length - windows..length)
                    .reshape([windows, 1])
            }
        };
        Self::of(model, layout, time, Given::Together { state, theta })
    }

    /// Every state, every parameter and every weight matrix by itself.
    pub(crate) fn apart(
        model: &'m Model,
        time: Var<'t, f64>,
        states: Vec<Var<'t, f64>>,
        parameters: Vec<Var<'t, f64>>,
        weights: HashMap<(usize, usize), Var<'t, f64>>,
    ) -> Self {
        let given = Given::Apart {
            states,
            parameters,
            weights,
        };
        Self::of(model, Layout::Single, time, given)
    }

    fn of(model: &'m Model, layout: Layout, time: Var<'t, f64>, given: Given<'t>) -> Self {
        Values {
            model,
            layout,
            given,
            time,
            answered: false,
            definitions: vec![None; model.parts.definitions.len()],
            outputs: vec![Vec::new(); model.networks.len()],
            varying: Vec::new(),
        }
    }

    /// Computes what these formulas need.
    pub(crate) fn prepare(&mut self, formulas: &[&Resolved]) {
        for part in self.model.parts.needed(formulas.iter().copied()) {
            self.compute(part);
        }
    }

    /// The definitions, outputs of networks and weights that vary with t computed so far, by name.
    pub(crate) fn named(&self) -> Vec<(String, Var<'t, f64>)> {
        let definitions = self.model.parts.definition_names.iter();
        let definitions = definitions.zip(&self.definitions);
        let networks = self.model.networks.iter().zip(&self.outputs);
        definitions
            .filter_map(|(name, value)| Some((name.clone(), self.recorded((*value)?))))
            .chain(networks.flat_map(|(network, values)| {
                let names = network.outputs().iter().cloned();
                names.zip(values.iter().copied())
            }))
            .chain(self.varying.iter().cloned())
            .collect()
    }

    pub(super) fn symbol(&self, symbol: Symbol) -> Var<'t, f64> {
        match (symbol, self.layout) {
            (Symbol::Time, _) => self.time,
            (Symbol::State(i), layout) => match (&self.given, layout) {
                (Given::Apart { states, .. }, _) => states[i],
                (Given::Together { state, .. }, Layout::Single) => state.index(i),
                (Given::Together { state, .. }, Layout::Windows(_)) => state.slice(1, i..i + 1),
            },
            (Symbol::Parameter(i), _) => match &self.given {
                Given::Apart { parameters, .. } => parameters[i],
                Given::Together { theta, .. } => theta.index(i),
            },
            (Symbol::Input(i), layout) => match (&self.given, layout) {
                // Known functions follow the parameters where everything stands by itself.
                (Given::Apart { parameters, .. }, _) => parameters[self.model.symbols.len() + i],
                (Given::Together { state, .. }, Layout::Single) => {
                    state.index(self.model.states.len() + i)
                }
                (Given::Together { state, .. }, Layout::Windows(_)) => {
                    let at = self.model.states.len() + i;
                    state.slice(1, at..at + 1)
                }
            },
            (Symbol::Definition(i), _) => {
                self.definitions[i].expect("definitions in the order of their need")
            }
            (Symbol::Output { network, index }, _) => self.outputs[network][index],
        }
    }

    pub(crate) fn value(&self, formula: &Resolved) -> Var<'t, f64> {
        let answer = |node: usize| {
            let known = formula.answers.iter().find(|(known, _)| *known == node);
            match (known?.1, &self.given) {
                (Answer::Always(answer), _) if self.answered => {
                    Some(self.time.full(f64::from(u8::from(answer)), []))
                }
                (Answer::Switch(i), Given::Together { state, .. }) if self.answered => {
                    let first = self.model.states.len() + self.model.inputs.len();
                    Some(state.index(first + i))
                }
                _ => None,
            }
        };
        let name = |name: usize| self.symbol(formula.symbols[name]);
        formula.formula.eval_with(name, answer)
    }

    /// The value of a formula as one number of this record, also where it is constant.
    pub(crate) fn number(&self, formula: &Resolved) -> Var<'t, f64> {
        self.recorded(self.value(formula))
    }

    /// While formulas are recorded only a plain number, which is on no tape yet, has a value.
    pub(super) fn recorded(&self, value: Var<'t, f64>) -> Var<'t, f64> {
        match value.value() {
            Some(number) => self.time.full(number[0], []),
            None => value,
        }
    }

    /// The value of a formula with the shape of one component, also where it is constant.
    pub(super) fn column(&self, formula: &Resolved) -> Var<'t, f64> {
        let shape = match self.layout {
            Layout::Single => vec![1],
            Layout::Windows(windows) => vec![windows, 1],
        };
        // While formulas are recorded only a plain number, which is on no tape yet, has a value.
        let value = self.value(formula);
        match value.value() {
            Some(number) => self.time.full(number[0], &shape[..]),
            None => value.broadcast_to(&shape[..]),
        }
    }

    /// Components side by side: `[k]`, or `[B, k]`.
    pub(super) fn join(&self, columns: &[Var<'t, f64>]) -> Var<'t, f64> {
        Var::concat(columns, self.axis())
    }

    fn axis(&self) -> usize {
        match self.layout {
            Layout::Single => 0,
            Layout::Windows(_) => 1,
        }
    }

    fn compute(&mut self, part: Part) {
        match part {
            Part::Definition(i) => {
                self.definitions[i] = Some(self.value(&self.model.parts.definitions[i]))
            }
            Part::Network(i) => self.outputs[i] = self.network(i),
        }
    }

    /// So many weights of a network from one of them on, as an array.
    fn weights(&self, network: usize, from: usize, shape: &[usize]) -> Var<'t, f64> {
        match &self.given {
            Given::Apart { weights, .. } => weights[&(network, from)],
            Given::Together { theta, .. } => {
                let before = self.model.networks[..network]
                    .iter()
                    .map(Network::parameter_count)
                    .sum::<usize>();
                let first = self.model.symbols.len() + before + from;
                let length = shape.iter().product::<usize>();
                theta.slice(0, first..first + length).reshape(shape)
            }
        }
    }

    /// The layer's weights in every term of their series: W and b of each.
    fn terms(&self, network: usize, layer: Layer) -> Vec<(Var<'t, f64>, Var<'t, f64>)> {
        let own = &self.model.networks[network];
        let term = |k: usize| {
            let from = k * own.term_len();
            let shape = [layer.outputs, layer.inputs];
            let weight = self.weights(network, from + layer.offset, &shape);
            let bias = self.weights(network, from + layer.bias(), &[layer.outputs]);
            (weight, bias)
        };
        (0..own.terms()).map(term).collect()
    }

    fn network(&mut self, index: usize) -> Vec<Var<'t, f64>> {
        let network = &self.model.networks[index];
        let inputs: Vec<_> = self.model.parts.networks[index]
            .iter()
            .map(|input| self.column(input))
            .collect();
        let is_apart = matches!(self.given, Given::Apart { .. });
        let mut x = match self.layout.copies() {
            // A column, as one writes it: W x + b.
            1 if is_apart => self.join(&inputs),
            copies => self.join(&inputs).reshape([copies, inputs.len()]),
        };
        let phi = match network.depth() {
            Some(basis) => basis.values(self.time),
            None => Vec::new(),
        };
        if is_apart {
            let named = phi.iter().enumerate().skip(1);
            let name =
                |(k, phi): (usize, &Var<'t, f64>)| (format!("phi_{}_{k}", network.name()), *phi);
            self.varying.extend(named.map(name));
        }
        let layers = network.layers();
        for (i, layer) in layers.iter().enumerate() {
            let terms = self.terms(index, *layer);
            x = match (is_apart, terms.as_slice()) {
                (true, [(weight, bias)]) => weight.matmul(x) + *bias,
                (false, [(weight, bias)]) => x.matmul(weight.transpose()) + *bias,
                (true, terms) => {
                    let (weights, biases): (Vec<_>, Vec<_>) = terms.iter().copied().unzip();
                    let (weight, bias) = (series(&phi, &weights), series(&phi, &biases));
                    let name = network.name();
                    self.varying.push((format!("W_{name}_{i}"), weight));
                    self.varying.push((format!("b_{name}_{i}"), bias));
                    weight.matmul(x) + bias
                }
                // Linear in the weights: so every matrix is a parameter, which programs for batches pack once.
                (false, terms) => {
                    let y = terms.iter();
                    let y = y.map(|(weight, bias)| x.matmul(weight.transpose()) + *bias);
                    series(&phi, &y.collect::<Vec<_>>())
                }
            };
            if let (Some(activation), true) = (network.activation, i + 1 < layers.len()) {
                x = costate_tape::Scalar::unary(x, activation);
            }
        }
        let output = |i: usize| match self.layout {
            Layout::Single => x.reshape([network.outputs().len()]).index(i),
            Layout::Windows(_) => x.slice(1, i..i + 1),
        };
        (0..network.outputs().len()).map(output).collect()
    }
}

/// Σ φ_k y_k.
fn series<'t>(phi: &[Var<'t, f64>], y: &[Var<'t, f64>]) -> Var<'t, f64> {
    let terms = phi.iter().zip(y).map(|(phi, y)| *phi * *y);
    let sum = terms.reduce(|sum, term| sum + term);
    sum.expect("a basis has a function")
}
