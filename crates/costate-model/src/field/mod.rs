//! The equations of a model as functions on the tape: f(h, t, θ), and everything else that is computed from h, t and θ.
//!
//! θ is here what formulas see, φ of [`crate::condition`]: the parameters in the order of the file, fixed ones included; the weights of the
//! networks; and, for windows of data that begin at different times, the start of each window.

mod algebraic;
mod separable;
mod values;

use costate_neural_ode::Recorded;
use costate_tape::{Function, Var};

use crate::error::{Error, Result};
pub(crate) use crate::map::Map;
use crate::model::{Model, Noise};
use crate::network::Network;
use crate::scope::Resolved;
pub(crate) use algebraic::{Slope, differentiated};
pub(crate) use separable::check_separable;
pub(crate) use values::Values;

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
    check_separable(model, layout)?;
    Recorded::new(&right_side(model, layout)?).map_err(internal)
}

/// d(state)/dt as a function of h, t and θ.
pub(crate) fn right_side(model: &Model, layout: Layout) -> Result<Function<f64>> {
    rates(model, layout, false)
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
    let f = rates(model, Layout::Single, true)?;
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
pub(crate) fn margin(model: &Model, formula: &Resolved) -> Result<Function<f64>> {
    function(model, |h, t, theta| {
        let mut values = Values::new(model, Layout::Single, h, t, theta);
        values.prepare(&[formula]);
        let name = |name: usize| values.symbol(formula.symbols[name]);
        let value = formula.formula.margin(name);
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

/// The number of all networks' weights.
pub(crate) fn weights_of(model: &Model) -> usize {
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

/// d(state)/dt, that of algebraic states among them.
fn rates(model: &Model, layout: Layout, answered: bool) -> Result<Function<f64>> {
    let equations: Vec<&Resolved> = model.states.iter().map(|state| &state.equation).collect();
    let f = record_with(model, &equations, layout, answered)?;
    let algebraic = model.algebraic();
    if algebraic.is_empty() {
        return Ok(f);
    }
    let products: Vec<Function<f64>> = algebraic
        .iter()
        .map(|&z| Ok(record_with(model, &[equations[z]], layout, answered)?.vjp(&[0, 1])))
        .collect::<Result<_>>()?;
    let shape = |k: usize| f.input_shape(k).to_vec();
    let (h, theta) = (shape(0), shape(2));
    let inputs: [(&str, &[usize]); 3] = [("h", &h), ("t", &[]), ("theta", &theta)];
    let function = Function::record(&inputs, |inputs| {
        let value = f.call(inputs)[0];
        let mut rates: Vec<Var<'_, f64>> = (0..equations.len()).map(|i| value.index(i)).collect();
        let slopes: Vec<Slope<'_>> = products
            .iter()
            .map(|products| {
                let one = inputs[1].full(1.0, [1]);
                let all = products.call(&[inputs[0], inputs[1], inputs[2], one]);
                Slope {
                    by_state: (0..equations.len()).map(|j| all[1].index(j)).collect(),
                    by_time: all[2],
                }
            })
            .collect();
        differentiated(&mut rates, &algebraic, &slopes);
        vec![Var::stack(&rates)]
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
