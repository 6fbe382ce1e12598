//! The equations of a model as functions on the tape: f(h, t, θ), and everything else that is computed from h, t and θ.
//!
//! θ is here what formulas see, φ of [`crate::condition`]: the parameters in the order of the file, fixed ones included; the weights of the
//! networks; and, for windows of data that begin at different times, the start of each window.

use std::collections::HashMap;

use costate_neural_ode::Recorded;
use costate_tape::{Function, Var};

use crate::error::{Error, Result};
pub(crate) use crate::map::Map;
use crate::model::{Model, Noise};
use crate::network::Network;
use crate::scope::{Answer, Part, Resolved, Symbol};

/// The compiled right-hand side of a model.
pub(crate) type Field = Recorded<f64>;

/// The shape of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[n]`.
    Single,
    /// `[B, n]`: B copies of the model side by side, each with its own start of time, to which `t` is relative.
    Windows(usize),
}

impl Layout {
    fn shape(self, n: usize) -> Vec<usize> {
        match self {
            Layout::Single => vec![n],
            Layout::Windows(windows) => vec![windows, n],
        }
    }

    pub(crate) fn copies(self) -> usize {
        match self {
            Layout::Single => 1,
            Layout::Windows(windows) => windows,
        }
    }
}

impl Model {
    /// θ without windows.
    pub(crate) fn theta(&self) -> Vec<f64> {
        let weights = self
            .networks
            .iter()
            .flat_map(|network| network.weights.iter().copied());
        self.parameters
            .iter()
            .map(|parameter| parameter.value)
            .chain(weights)
            .collect()
    }

    /// Takes the values of parameters and weights from θ.
    pub(crate) fn set_theta(&mut self, theta: &[f64]) {
        let (parameters, mut weights) = theta.split_at(self.parameters.len());
        self.parameters
            .iter_mut()
            .zip(parameters)
            .for_each(|(parameter, &value)| parameter.value = value);
        for network in &mut self.networks {
            let (own, rest) = weights.split_at(network.weights.len());
            network.weights.copy_from_slice(own);
            weights = rest;
        }
    }
}

/// The right-hand side, recorded, differentiated and compiled.
pub(crate) fn compile(model: &Model, layout: Layout) -> Result<Field> {
    Recorded::new(&right_side(model, layout)?).map_err(internal)
}

/// d(state)/dt as a function of h, t and θ.
pub(crate) fn right_side(model: &Model, layout: Layout) -> Result<Function<f64>> {
    let equations: Vec<&Resolved> = model.states.iter().map(|state| &state.equation).collect();
    record(model, &equations, layout)
}

/// `[m]`: the observables.
pub(crate) fn observables(model: &Model) -> Result<Function<f64>> {
    let observables: Vec<&Resolved> = model
        .observables
        .iter()
        .map(|observable| &observable.is)
        .collect();
    record(model, &observables, Layout::Single)
}

/// `[m + k]`: the observables, and the widths of their noise that are formulas.
pub(crate) fn measured(model: &Model) -> Result<Function<f64>> {
    let widths = model
        .observables
        .iter()
        .filter_map(|observable| match &observable.noise {
            Some(Noise::Formula(width)) => Some(width),
            _ => None,
        });
    let observables = model.observables.iter().map(|observable| &observable.is);
    record(
        model,
        &observables.chain(widths).collect::<Vec<_>>(),
        Layout::Single,
    )
}

/// `[n + 2]`: the initial state, then start and end of time. They depend on parameters alone, and on the chosen condition.
pub(crate) fn boundary(model: &Model) -> Result<Function<f64>> {
    let formulas = model.initial_formulas().chain([&model.start, &model.end]);
    record(model, &formulas.collect::<Vec<_>>(), Layout::Single)
}

/// `[k]`: the values of any formulas.
pub(crate) fn values(model: &Model, formulas: &[&Resolved]) -> Result<Function<f64>> {
    record(model, formulas, Layout::Single)
}

/// d(state)/dt with inputs and the answers of moving comparisons after the states in h, and zero for these: `[n + inputs + switches]`.
pub(crate) fn driven(model: &Model) -> Result<Field> {
    let equations: Vec<&Resolved> = model.states.iter().map(|state| &state.equation).collect();
    let f = record_with(model, &equations, Layout::Single, true)?;
    let width = f.input_shape(0).len();
    let inputs: [(&str, &[usize]); 3] = [
        ("h", &[width]),
        ("t", &[]),
        ("theta", &[f.input_shape(2).len()]),
    ];
    let rest = width - model.states.len();
    let square = Function::record(&inputs, |inputs| {
        let own = f.call(inputs)[0];
        match rest {
            0 => vec![own],
            _ => vec![Var::concat(&[own, inputs[1].full(0.0, [rest])], 0)],
        }
    });
    Recorded::new(&square.map_err(internal)?).map_err(internal)
}

/// `[k]`: formulas divided by another.
pub(crate) fn quotients(
    model: &Model,
    formulas: &[&Resolved],
    by: &Resolved,
) -> Result<Function<f64>> {
    function(model, |h, t, theta| {
        let mut values = Values::new(model, Layout::Single, h, t, theta);
        values.prepare(&[formulas, &[by]].concat());
        let by = values.number(by);
        let parts = formulas.iter().map(|formula| values.number(formula) / by);
        vec![Var::stack(&parts.collect::<Vec<_>>())]
    })
}

/// By how much a comparison holds.
pub(crate) fn margin(model: &Model, formula: &Resolved, node: usize) -> Result<Function<f64>> {
    function(model, |h, t, theta| {
        let mut values = Values::new(model, Layout::Single, h, t, theta);
        values.prepare(&[formula]);
        let name = |name: usize| values.symbol(formula.symbols[name]);
        let value = formula.formula.margin(node, name);
        vec![values.recorded(value).reshape([1])]
    })
}

/// `[k]`: times as a function of θ alone, combined from the values of formulas.
pub(crate) fn times(
    model: &Model,
    formulas: &[&Resolved],
    combine: impl for<'t> Fn(&[Var<'t, f64>]) -> Vec<Var<'t, f64>>,
) -> Result<Function<f64>> {
    let width = model.states.len() + model.inputs.len();
    let theta = [model.symbols.len() + weights_of(model)];
    let function = Function::record(&[("theta", &theta)], |inputs| {
        let (h, t) = (inputs[0].full(0.0, [width]), inputs[0].full(0.0, []));
        let mut values = Values::new(model, Layout::Single, h, t, inputs[0]);
        values.prepare(formulas);
        let given: Vec<Var<'_, f64>> = formulas.iter().map(|f| values.number(f)).collect();
        vec![Var::stack(&combine(&given))]
    });
    function.map_err(internal)
}

fn weights_of(model: &Model) -> usize {
    model.networks.iter().map(Network::parameter_count).sum()
}

/// The values of formulas, side by side, as a function of h, t and θ. Inputs, where there are any, follow the states in h.
fn record(model: &Model, formulas: &[&Resolved], layout: Layout) -> Result<Function<f64>> {
    record_with(model, formulas, layout, false)
}

/// With the answers of moving comparisons after the inputs in h, if they are `answered`; otherwise each comparison answers for itself.
fn record_with(
    model: &Model,
    formulas: &[&Resolved],
    layout: Layout,
    answered: bool,
) -> Result<Function<f64>> {
    let switches = if answered { model.switches.len() } else { 0 };
    let width = model.states.len() + model.inputs.len() + switches;
    let starts = match layout {
        Layout::Single => 0,
        Layout::Windows(windows) => windows,
    };
    let theta = [model.symbols.len() + weights_of(model) + starts];
    let state = layout.shape(width);
    let inputs: [(&str, &[usize]); 3] = [("h", &state), ("t", &[]), ("theta", &theta)];
    let function = Function::record(&inputs, |inputs| {
        let mut values = Values::new(model, layout, inputs[0], inputs[1], inputs[2]);
        values.answered = answered;
        values.prepare(formulas);
        let columns: Vec<Var<'_, f64>> = formulas
            .iter()
            .map(|formula| values.column(formula))
            .collect();
        vec![values.join(&columns)]
    });
    function.map_err(internal)
}

/// A function of h, with inputs after the states, t and θ.
fn function<F>(model: &Model, f: F) -> Result<Function<f64>>
where
    F: for<'t> FnOnce(Var<'t, f64>, Var<'t, f64>, Var<'t, f64>) -> Vec<Var<'t, f64>>,
{
    let width = model.states.len() + model.inputs.len();
    let theta = [model.symbols.len() + weights_of(model)];
    let inputs: [(&str, &[usize]); 3] = [("h", &[width]), ("t", &[]), ("theta", &theta)];
    Function::record(&inputs, |v| f(v[0], v[1], v[2])).map_err(internal)
}

/// A fault of this crate or of the tape, not of the model: everything the user can do wrong is found before recording.
pub(crate) fn internal(error: impl std::fmt::Display) -> Error {
    Error::Argument(format!("the model's equations cannot be compiled: {error}"))
}

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
    answered: bool,
    definitions: Vec<Option<Var<'t, f64>>>,
    outputs: Vec<Vec<Var<'t, f64>>>,
}

impl<'m, 't> Values<'m, 't> {
    fn new(
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
        }
    }

    /// Computes what these formulas need.
    pub(crate) fn prepare(&mut self, formulas: &[&Resolved]) {
        for part in self.model.parts.needed(formulas.iter().copied()) {
            self.compute(part);
        }
    }

    /// The definitions and outputs of networks computed so far, by name.
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
            .collect()
    }

    fn symbol(&self, symbol: Symbol) -> Var<'t, f64> {
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
    fn recorded(&self, value: Var<'t, f64>) -> Var<'t, f64> {
        match value.value() {
            Some(number) => self.time.full(number[0], []),
            None => value,
        }
    }

    /// The value of a formula with the shape of one component, also where it is constant.
    fn column(&self, formula: &Resolved) -> Var<'t, f64> {
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
    fn join(&self, columns: &[Var<'t, f64>]) -> Var<'t, f64> {
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

    fn network(&self, index: usize) -> Vec<Var<'t, f64>> {
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
        let layers = network.layers();
        for (i, layer) in layers.iter().enumerate() {
            let weight = self.weights(index, layer.offset, &[layer.outputs, layer.inputs]);
            let bias = self.weights(index, layer.bias(), &[layer.outputs]);
            x = match is_apart {
                true => weight.matmul(x) + bias,
                false => x.matmul(weight.transpose()) + bias,
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
