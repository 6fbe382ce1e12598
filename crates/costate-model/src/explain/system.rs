//! The functions of a model with every state, every parameter and every weight matrix as an input of its own.

use std::collections::HashMap;

use costate_tape::{Function, Names, Rule, Var};

use crate::field::{Slope, Values, differentiated};
use crate::model::Model;
use crate::scope::Resolved;

type Recorded<T> = Result<T, costate_tape::Error>;

/// What an output is, beside the name it is written by in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// x at the start of time.
    Start(String),
    /// dx/dt.
    Rate(String),
    /// Zero, by the equation of x.
    Zero(String),
    /// a·∂f/∂x.
    Product(String),
}

impl Left {
    /// The plain name.
    pub(super) fn text(&self) -> String {
        match self {
            Left::Start(x) => format!("{x}(t0)"),
            Left::Rate(x) => format!("d_{x}"),
            Left::Zero(x) => format!("zero_{x}"),
            Left::Product(x) => format!("by_{x}"),
        }
    }
}

/// A function whose outputs say what they are; definitions and outputs of networks are values with names of their own.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) function: Function<f64>,
    pub(super) outputs: Vec<Left>,
    pub(super) names: Names,
}

/// The inputs of a model: states, time, parameters, weights.
pub(super) struct System<'m> {
    model: &'m Model,
    inputs: Vec<(String, Vec<usize>)>,
    /// The network of each weight matrix or bias, and its place among the network's weights.
    tensors: Vec<(usize, usize)>,
    /// The costates' names.
    costates: Vec<String>,
}

impl<'m> System<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        let number = |name: &str| (name.to_owned(), Vec::new());
        let mut inputs: Vec<(String, Vec<usize>)> = Vec::new();
        inputs.extend(model.states.iter().map(|state| number(&state.name)));
        inputs.push(number("t"));
        inputs.extend(model.symbols.iter().map(|symbol| number(symbol)));
        inputs.extend(model.inputs.iter().map(|input| number(&input.name)));
        let mut tensors = Vec::new();
        for (n, network) in model.networks.iter().enumerate() {
            let name = network.name();
            for k in 0..network.terms() {
                // Of a series Σ φ_k W_k by itself; the sum has the name without the term.
                let term = match network.depth() {
                    Some(_) => format!("_term{k}"),
                    None => String::new(),
                };
                let from = k * network.term_len();
                for (i, layer) in network.layers().iter().enumerate() {
                    let weight = format!("W_{name}_{i}{term}");
                    inputs.push((weight, vec![layer.outputs, layer.inputs]));
                    inputs.push((format!("b_{name}_{i}{term}"), vec![layer.outputs]));
                    tensors.extend([(n, from + layer.offset), (n, from + layer.bias())]);
                }
            }
        }
        let is_taken = |name: &str| inputs.iter().any(|(input, _)| input == name);
        System {
            model,
            costates: costate_names(model, is_taken),
            inputs,
            tensors,
        }
    }

    /// What every symbol stands for, given the inputs.
    fn values<'t>(&self, inputs: &[Var<'t, f64>]) -> Values<'m, 't> {
        let (states, rest) = inputs.split_at(self.model.states.len());
        let (parameters, tensors) =
            rest[1..].split_at(self.model.symbols.len() + self.model.inputs.len());
        let weights: HashMap<(usize, usize), Var<'t, f64>> = self
            .tensors
            .iter()
            .copied()
            .zip(tensors.iter().copied())
            .collect();
        Values::apart(
            self.model,
            rest[0],
            states.to_vec(),
            parameters.to_vec(),
            weights,
        )
    }

    fn record<F>(&self, more: &[String], body: F) -> Recorded<Function<f64>>
    where
        F: for<'t> FnOnce(&[Var<'t, f64>]) -> Vec<Var<'t, f64>>,
    {
        let own = self
            .inputs
            .iter()
            .map(|(name, shape)| (name.as_str(), shape.as_slice()));
        let more = more.iter().map(|name| (name.as_str(), &[][..]));
        let inputs: Vec<(&str, &[usize])> = own.chain(more).collect();
        Function::record(&inputs, body)
    }

    /// Formulas as numbers.
    fn formulas(&self, formulas: &[&Resolved]) -> Recorded<Function<f64>> {
        self.record(&[], |inputs| {
            let mut values = self.values(inputs);
            values.prepare(formulas);
            formulas
                .iter()
                .map(|formula| values.number(formula))
                .collect()
        })
    }

    /// The values with names of their own that these formulas need.
    fn named(&self, formulas: &[&Resolved]) -> Recorded<Function<f64>> {
        let mut names = Vec::new();
        let function = self.record(&[], |inputs| {
            let mut values = self.values(inputs);
            values.prepare(formulas);
            let (own, values) = values.named().into_iter().unzip();
            names = own;
            values
        })?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(function.with_output_names(&names))
    }

    /// d(state)/dt, that of algebraic states among them.
    fn right_side(&self) -> Recorded<Function<f64>> {
        let equations = self.equations();
        let f = self.formulas(&equations)?;
        let (algebraic, n) = (self.model.algebraic(), equations.len());
        if algebraic.is_empty() {
            return Ok(f);
        }
        let by: Vec<usize> = (0..=n).collect();
        let products = algebraic
            .iter()
            .map(|&z| Ok(self.formulas(&[equations[z]])?.vjp(&by)))
            .collect::<Recorded<Vec<_>>>()?;
        self.record(&[], |inputs| {
            let mut rates = f.call(inputs);
            let slope = |products: &Function<f64>| {
                let one = inputs[0].full(1.0, []);
                let all = products.call(&[inputs, &[one]].concat());
                Slope {
                    by_state: all[1..=n].to_vec(),
                    by_time: all[n + 1],
                }
            };
            let slopes: Vec<Slope<'_>> = products.iter().map(slope).collect();
            differentiated(&mut rates, &algebraic, &slopes);
            rates
        })
    }

    fn equations(&self) -> Vec<&'m Resolved> {
        self.model
            .states
            .iter()
            .map(|state| &state.equation)
            .collect()
    }

    fn states(&self) -> impl Iterator<Item = String> {
        self.model.states.iter().map(|state| state.name.clone())
    }

    /// The slopes of the known functions of time, by name.
    fn slopes(&self) -> Vec<String> {
        let inputs = self.model.inputs.iter();
        inputs
            .map(|input| format!("{}_slope", input.name))
            .collect()
    }

    /// The places of the known functions of time among the inputs.
    fn driven(&self) -> std::ops::Range<usize> {
        let first = self.model.states.len() + 1 + self.model.symbols.len();
        first..first + self.model.inputs.len()
    }

    /// Everything that is differentiated by: states, parameters, weights, time; the known functions of time are a part of that.
    fn differentiated(&self) -> Vec<usize> {
        let n = self.model.states.len();
        let others = (n + 1..self.inputs.len()).filter(|input| !self.driven().contains(input));
        (0..n).chain(others).chain([n]).collect()
    }

    fn name(&self, input: usize) -> String {
        self.inputs[input].0.clone()
    }

    /// The initial values, by parameters.
    pub(super) fn start(&self) -> Recorded<Written> {
        let formulas: Vec<&Resolved> = self.model.initial_formulas().collect();
        let (function, named) = (self.formulas(&formulas)?, self.named(&formulas)?);
        let function = self.record(&[], |inputs| {
            [function.call(inputs), named.call(inputs)].concat()
        })?;
        Ok(written(
            &function,
            self.states().map(Left::Start).collect(),
            &named,
        ))
    }

    /// d(state)/dt.
    pub(super) fn rates(&self) -> Recorded<Written> {
        let equations = self.equations();
        let (function, named) = (self.right_side()?, self.named(&equations)?);
        let function = self.record(&[], |inputs| {
            [function.call(inputs), named.call(inputs)].concat()
        })?;
        Ok(written(
            &function,
            self.states().map(Left::Rate).collect(),
            &named,
        ))
    }

    /// What is zero, for a model with algebraic equations.
    pub(super) fn zeros(&self) -> Recorded<Option<Written>> {
        let algebraic = self.model.algebraic();
        let states: Vec<_> = algebraic.iter().map(|&z| &self.model.states[z]).collect();
        let equations: Vec<&Resolved> = states.iter().map(|state| &state.equation).collect();
        if equations.is_empty() {
            return Ok(None);
        }
        let (function, named) = (self.formulas(&equations)?, self.named(&equations)?);
        let function = self.record(&[], |inputs| {
            [function.call(inputs), named.call(inputs)].concat()
        })?;
        let outputs = states.iter().map(|state| Left::Zero(state.name.clone()));
        Ok(Some(written(&function, outputs.collect(), &named)))
    }

    /// f and its products with a row a, which follows the inputs, and after it the slopes of the known functions of time: through these f changes with
    /// time too.
    fn with_products(&self) -> Recorded<Function<f64>> {
        let function = self.right_side()?;
        let (n, by) = (self.model.states.len(), self.differentiated());
        let all: Vec<usize> = by.iter().copied().chain(self.driven()).collect();
        let vjp = function.vjp(&all);
        let given = [self.costates.clone(), self.slopes()].concat();
        self.record(&given, |inputs| {
            let (own, slopes) = inputs.split_at(self.inputs.len() + n);
            let mut values = vjp.call(own);
            let through = values.split_off(n + by.len());
            for (product, slope) in through.into_iter().zip(slopes) {
                values[n + by.len() - 1] = values[n + by.len() - 1] + product * *slope;
            }
            values
        })
    }

    /// The products of the row a with the derivatives of f.
    pub(super) fn products(&self) -> Recorded<Written> {
        let (all, named) = (self.with_products()?, self.named(&self.equations())?);
        let given = [self.costates.clone(), self.slopes()].concat();
        let function = self.record(&given, |inputs| {
            let products = all.call(inputs).split_off(self.model.states.len());
            [products, named.call(&inputs[..self.inputs.len()])].concat()
        })?;
        let by = self.differentiated().into_iter();
        let outputs = by.map(|input| Left::Product(self.name(input)));
        Ok(written(&function, outputs.collect(), &named))
    }

    /// The augmented adjoint system: the rates, and the products with their sign.
    pub(super) fn augmented(&self) -> Recorded<Written> {
        let (all, named) = (self.with_products()?, self.named(&self.equations())?);
        let (n, by) = (self.model.states.len(), self.differentiated());
        let given = [self.costates.clone(), self.slopes()].concat();
        let function = self.record(&given, |inputs| {
            let mut rates = all.call(inputs);
            rates.iter_mut().skip(n).for_each(|rate| *rate = -*rate);
            [rates, named.call(&inputs[..self.inputs.len()])].concat()
        })?;
        let others = by[n..]
            .iter()
            .map(|&input| format!("a_{}", self.name(input)));
        let costates = self.costates.iter().cloned().chain(others);
        let outputs = self.states().chain(costates).map(Left::Rate);
        Ok(written(&function, outputs.collect(), &named))
    }
}

/// A function simplified, its outputs named, and after them the values with names of their own.
fn written(function: &Function<f64>, outputs: Vec<Left>, named: &Function<f64>) -> Written {
    let mut names = Names::new();
    let mut all: Vec<String> = outputs.iter().map(Left::text).collect();
    for port in named.outputs() {
        names = names.value(&port.name);
        all.push(port.name.clone());
    }
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    Written {
        function: function.simplify_with(&Rule::ALL).with_output_names(&all),
        outputs,
        names,
    }
}

/// A name for the costate of each state, none of which is taken.
pub(super) fn costate_names(model: &Model, is_taken: impl Fn(&str) -> bool) -> Vec<String> {
    let names = |prefix: &str| -> Vec<String> {
        let states = model.states.iter();
        states
            .map(|state| format!("{prefix}{}", state.name))
            .collect()
    };
    let prefixes = ["a_", "costate_", "costate_of_"];
    let free = prefixes
        .into_iter()
        .find(|prefix| !names(prefix).iter().any(|name| is_taken(name)));
    names(free.unwrap_or("the_costate_of_"))
}
