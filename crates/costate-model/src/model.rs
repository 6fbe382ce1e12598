//! A model: names resolved, everything checked that can be checked without solving.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use costate_neural_ode::train::loss::Loss;
use costate_ode::Tableau;
use costate_ode::tableau;

use crate::data::{Columns, Data};
use crate::error::{Error, Place, Result, Source, nearest};
use crate::file::{self, ModelFile, Placed};
use crate::network::Network;
use crate::scope::{Dependence, Parts, Resolved, Scope};

/// The axis along which an optimiser moves a parameter. Bounds and reports are in the parameter's own units on either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The value itself.
    Linear,
    /// Its logarithm: for positive numbers known to a factor.
    Log,
}

impl Scale {
    /// The optimiser's coordinate of a value.
    pub fn coordinate(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Log => value.ln(),
        }
    }

    /// The value at a coordinate.
    pub fn value(self, coordinate: f64) -> f64 {
        match self {
            Scale::Linear => coordinate,
            Scale::Log => coordinate.exp(),
        }
    }

    /// d value / d coordinate, at a value.
    pub fn slope(self, value: f64) -> f64 {
        match self {
            Scale::Linear => 1.0,
            Scale::Log => value,
        }
    }
}

/// A number that formulas refer to by name, fitted unless fixed.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name in formulas.
    pub name: String,
    /// The value: of the file, until it is set or fitted.
    pub value: f64,
    /// The least value allowed; −∞ if there is no bound.
    pub lower: f64,
    /// The greatest value allowed; +∞ if there is no bound.
    pub upper: f64,
    /// The axis of the optimiser.
    pub scale: Scale,
    /// Whether a fit leaves it as it is.
    pub fixed: bool,
    /// The unit, for reports.
    pub unit: Option<String>,
    /// A remark, for reports.
    pub note: Option<String>,
}

/// A component of the state vector.
#[derive(Clone, Debug)]
pub struct StateVariable {
    /// The name in formulas.
    pub name: String,
    /// The absolute tolerance of its error, in its own units.
    pub atol: f64,
    pub(crate) initial: Resolved,
    pub(crate) equation: Resolved,
}

/// Something that can be measured: an expression of states, parameters and time.
#[derive(Clone, Debug)]
pub struct Observable {
    /// Its name.
    pub name: String,
    /// The data column that measures it.
    pub column: String,
    pub(crate) is: Resolved,
    /// The state it equals, if it is one as it stands.
    pub(crate) state: Option<usize>,
}

/// How a fit moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimizer {
    /// Gauss–Newton for few parameters and a loss of squares, L-BFGS for many, Adam and then L-BFGS with networks.
    Auto,
    /// Gauss–Newton in a trust region with bounds.
    GaussNewton,
    /// L-BFGS with bounds.
    Lbfgs,
    /// Adam with cosine decay.
    Adam,
    /// RMSprop.
    RmsProp,
    /// Stochastic gradient descent.
    Sgd,
}

impl Optimizer {
    pub(crate) const NAMES: [(&str, Optimizer); 6] = [
        ("auto", Optimizer::Auto),
        ("gauss-newton", Optimizer::GaussNewton),
        ("lbfgs", Optimizer::Lbfgs),
        ("adam", Optimizer::Adam),
        ("rmsprop", Optimizer::RmsProp),
        ("sgd", Optimizer::Sgd),
    ];

    /// The name in model files.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, optimizer)| *optimizer == self)
            .map_or("", |(name, _)| name)
    }
}

/// How to integrate.
#[derive(Clone, Debug)]
pub struct SolverSettings {
    /// The method.
    pub method: &'static Tableau,
    /// The relative tolerance.
    pub rtol: f64,
    /// Steps after which to give up.
    pub max_steps: usize,
}

/// Random windows of the data to train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// Windows in a batch.
    pub size: usize,
    /// Rows of data in a window.
    pub length: usize,
}

/// How to fit.
#[derive(Clone, Debug)]
pub struct FitSettings {
    /// The distance of prediction and measurement.
    pub loss: Loss,
    /// The optimiser asked for.
    pub optimizer: Optimizer,
    /// The most iterations; by default what suits the optimiser.
    pub iterations: Option<usize>,
    /// The learning rate of Adam, RMSprop and SGD; by default what suits the optimiser.
    pub learning_rate: Option<f64>,
    /// The gradient method asked for; `auto` is `discrete`.
    pub gradient: String,
    /// Windows to train on; the whole data if there is none.
    pub batch: Option<BatchSettings>,
    /// The seed of everything random in a fit.
    pub seed: u64,
    /// The time after which a fit ends as if its iterations were done.
    pub time_limit: Option<Duration>,
    pub(crate) batch_place: Option<Place>,
}

/// Which data to read.
#[derive(Clone, Debug)]
pub(crate) struct DataSettings {
    pub(crate) file: PathBuf,
    pub(crate) time: Placed<String>,
    pub(crate) used: Option<crate::expression::Formula>,
}

/// Differential equations with everything a file says about them.
///
/// ```
/// use costate_model::Model;
///
/// let text = r#"
/// [states]
/// x = 1.0
/// [parameters]
/// rate = 0.5
/// [equations]
/// x = "-rate * x"
/// [time]
/// start = 0.0
/// end = 2.0
/// "#;
/// let model = Model::parse(text, "decay.toml")?;
/// assert_eq!(model.parameters()[0].name, "rate");
///
/// let error = Model::parse(&text.replace("-rate", "-rat"), "decay.toml").unwrap_err();
/// assert!(error.to_string().starts_with("decay.toml:7:7: nothing is called 'rat'"));
/// assert!(error.to_string().ends_with("did you mean 'rate' (parameter, line 5)?"));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) source: Arc<Source>,
    pub(crate) title: Option<String>,
    pub(crate) states: Vec<StateVariable>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) networks: Vec<Network>,
    pub(crate) parts: Parts,
    pub(crate) observables: Vec<Observable>,
    /// Whether the file names its observables; otherwise the states whose columns the data have.
    pub(crate) observables_named: bool,
    pub(crate) start: Resolved,
    pub(crate) end: Resolved,
    pub(crate) solver: SolverSettings,
    pub(crate) data: Option<DataSettings>,
    pub(crate) fit: FitSettings,
    pub(crate) overridden: Overridden,
}

/// What no longer is as the file has it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overridden {
    pub(crate) method: bool,
    pub(crate) rtol: bool,
    pub(crate) atol: bool,
}

impl Model {
    /// Reads a model file. Data and weights that it names are looked for beside it.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read, [`Error::Written`] for anything wrong in it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::parse(&file::read(path)?, path)
    }

    /// A model from the text of a file, with the path that messages show and that data and weights are looked for beside.
    ///
    /// # Errors
    /// [`Error::Written`] for anything wrong in the text; [`Error::Read`] for weights that cannot be read.
    pub fn parse(text: &str, path: impl AsRef<Path>) -> Result<Self> {
        let file = ModelFile::parse(path.as_ref(), text.to_owned())?;
        let scope = Scope::new(&file)?;
        let parts = Parts::new(&file, &scope)?;
        let states = states(&file, &scope, &parts)?;
        let equations: Vec<Resolved> = states.iter().map(|state| state.equation.clone()).collect();
        parts.refuse_moving_comparisons(&equations)?;
        let constant = |formula, what| {
            let resolved = scope.resolve(formula)?;
            constant(&resolved, &parts, what)?;
            Ok::<_, Error>(resolved)
        };
        let directory = path.as_ref().parent().unwrap_or(Path::new(""));
        let model = Model {
            title: file.title.clone(),
            start: constant(&file.start, "the start of time")?,
            end: constant(&file.end, "the end of time")?,
            networks: file
                .networks
                .iter()
                .map(|block| Network::new(block, directory))
                .collect::<Result<_>>()?,
            observables: observables(&file, &scope, &states)?,
            observables_named: file.observables.is_some(),
            solver: SolverSettings {
                method: method(&file)?,
                rtol: file.solver.rtol,
                max_steps: file.solver.max_steps,
            },
            data: file.data.as_ref().map(|block| DataSettings {
                file: directory.join(&block.file.value),
                time: block.time.clone(),
                used: block.used.clone(),
            }),
            fit: fit_settings(&file)?,
            parameters: file.parameters.iter().map(parameter).collect(),
            source: file.source.clone(),
            overridden: Overridden::default(),
            states,
            parts,
        };
        let (start, end) = model.span();
        if !(start.is_finite() && end.is_finite()) || start == end {
            let message =
                format!("time runs from {start} to {end}: start and end must be two numbers");
            return Err(model.end.formula.place().error(message).into());
        }
        Ok(model)
    }

    /// The file that the model was read from.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Every file that the model is made of: its own, its data and its networks' weights.
    pub fn files(&self) -> Vec<PathBuf> {
        let own = [self.source.path.clone()];
        let data = self.data.iter().map(|data| data.file.clone());
        let weights = self
            .networks
            .iter()
            .filter_map(|network| network.file.clone());
        own.into_iter().chain(data).chain(weights).collect()
    }

    /// What the data call the time; `t` without data.
    pub fn time_name(&self) -> &str {
        self.data.as_ref().map_or("t", |data| &data.time.value)
    }

    /// The title, if the file gives one.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The state variables in the order of the state vector.
    pub fn states(&self) -> &[StateVariable] {
        &self.states
    }

    /// The parameters in the order of the file.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The networks in the order of the file.
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// What data can measure: the observables of the file, or every state as it is.
    pub fn observables(&self) -> &[Observable] {
        &self.observables
    }

    /// How the model is integrated.
    pub fn solver(&self) -> &SolverSettings {
        &self.solver
    }

    /// How the model is fitted.
    pub fn fit_settings(&self) -> &FitSettings {
        &self.fit
    }

    /// Start and end of time at the present parameters.
    pub fn span(&self) -> (f64, f64) {
        (self.constant(&self.start), self.constant(&self.end))
    }

    /// The initial value of every state at the present parameters.
    pub fn initial(&self) -> Vec<f64> {
        self.states
            .iter()
            .map(|state| self.constant(&state.initial))
            .collect()
    }

    /// Gives a parameter, or a state that begins with a number, another value.
    ///
    /// # Errors
    /// [`Error::Argument`] if nothing of this name can be set, or if the value lies outside the parameter's bounds.
    pub fn set(&mut self, name: &str, value: f64) -> Result<()> {
        if !value.is_finite() {
            return Err(Error::Argument(format!(
                "{name} = {value}: a value must be a finite number"
            )));
        }
        if let Some(parameter) = self
            .parameters
            .iter_mut()
            .find(|parameter| parameter.name == name)
        {
            if value < parameter.lower || value > parameter.upper {
                let (lower, upper) = (parameter.lower, parameter.upper);
                return Err(Error::Argument(format!(
                    "{name} = {value} is outside its bounds, {lower} to {upper}"
                )));
            }
            if parameter.scale == Scale::Log && value <= 0.0 {
                return Err(Error::Argument(format!(
                    "{name} = {value}: a parameter on a log scale is positive"
                )));
            }
            parameter.value = value;
            return Ok(());
        }
        if let Some(state) = self.states.iter_mut().find(|state| state.name == name) {
            if state.initial.formula.literal().is_none() {
                let message = format!(
                    "the initial value of {name} is an expression of parameters: set those"
                );
                return Err(Error::Argument(message));
            }
            state.initial.formula = state.initial.formula.with_literal(value);
            return Ok(());
        }
        let known = self
            .parameters
            .iter()
            .map(|p| p.name.as_str())
            .chain(self.states.iter().map(|s| s.name.as_str()));
        let help = nearest(name, known)
            .map(|near| format!("; did you mean '{near}'?"))
            .unwrap_or_default();
        Err(Error::Argument(format!(
            "no parameter or state is called '{name}'{help}"
        )))
    }

    /// Takes another method, by its name in `costate_ode::tableau` or `auto`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such method, or if it cannot choose its steps.
    pub fn set_method(&mut self, name: &str) -> Result<()> {
        self.solver.method =
            method_by_name(name).map_err(|(message, help)| Error::Argument(message + &help))?;
        self.overridden.method = true;
        Ok(())
    }

    /// Takes another gradient method, by its name in `costate_neural_ode::gradient` or `auto`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such method.
    pub fn set_gradient(&mut self, name: &str) -> Result<()> {
        let refused = |(message, help)| Error::Argument(format!("{message}; {help}"));
        crate::problem::check_gradient(name).map_err(refused)?;
        self.fit.gradient = name.to_owned();
        Ok(())
    }

    /// Takes another relative tolerance.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not a number from 0 up.
    pub fn set_rtol(&mut self, rtol: f64) -> Result<()> {
        self.solver.rtol = tolerance("rtol", rtol)?;
        self.overridden.rtol = true;
        Ok(())
    }

    /// Takes another absolute tolerance, the same for all states.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not a number from 0 up.
    pub fn set_atol(&mut self, atol: f64) -> Result<()> {
        let atol = tolerance("atol", atol)?;
        self.states.iter_mut().for_each(|state| state.atol = atol);
        Ok(())
    }

    /// Takes other settings of the fit.
    pub fn fit_settings_mut(&mut self) -> &mut FitSettings {
        &mut self.fit
    }

    /// Reads the data, if the file names any.
    ///
    /// # Errors
    /// [`Error::Read`] if there is no such file, [`Error::Written`] for anything wrong in it.
    pub fn read_data(&self) -> Result<Option<Data>> {
        let Some(settings) = &self.data else {
            return Ok(None);
        };
        let (start, end) = self.span();
        let names: Vec<String> = self
            .observables
            .iter()
            .map(|observable| observable.column.clone())
            .collect();
        let columns = Columns {
            time: &settings.time.value,
            observables: &names,
            all: self.observables_named,
            used: settings.used.as_ref(),
            direction: (end - start).signum(),
        };
        Data::read(&settings.file, &columns).map(Some)
    }

    /// The value of a formula of parameters alone.
    fn constant(&self, formula: &Resolved) -> f64 {
        let mut definitions = vec![f64::NAN; self.parts.definitions.len()];
        let value = |formula: &Resolved, definitions: &[f64]| {
            formula
                .formula
                .eval::<f64>(|name| match formula.symbols[name] {
                    crate::scope::Symbol::Parameter(i) => self.parameters[i].value,
                    crate::scope::Symbol::Definition(i) => definitions[i],
                    _ => f64::NAN,
                })
        };
        for part in self.parts.needed([formula]) {
            if let crate::scope::Part::Definition(i) = part {
                definitions[i] = value(&self.parts.definitions[i], &definitions);
            }
        }
        value(formula, &definitions)
    }
}

fn tolerance(what: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(Error::Argument(format!(
            "{what} = {value}: a tolerance must not be negative"
        )))
    }
}

/// # Errors
/// If the formula depends on more than parameters.
fn constant(formula: &Resolved, parts: &Parts, what: &str) -> Result<()> {
    let moving = |&i: &usize| parts.dependence_of(formula.symbols[i]) != Dependence::default();
    match (0..formula.symbols.len()).find(moving) {
        None => Ok(()),
        Some(i) => {
            let name = formula.formula.names().nth(i).unwrap_or_default();
            let message = format!(
                "{what} is an expression of parameters, but '{name}' changes with states, time or a network"
            );
            Err(formula.formula.error_at_name(i, message).into())
        }
    }
}

fn states(file: &ModelFile, scope: &Scope, parts: &Parts) -> Result<Vec<StateVariable>> {
    let mut equations: Vec<Option<Resolved>> = vec![None; file.states.len()];
    for equation in &file.equations {
        equations[scope.state(&equation.name)?] = Some(scope.resolve(&equation.formula)?);
    }
    let mut atol = vec![file.solver.atol; file.states.len()];
    for (state, value) in &file.solver.atol_of {
        atol[scope.state(state)?] = *value;
    }
    let state = |((state, equation), atol): ((&file::Named, Option<Resolved>), f64)| {
        let name = state.name.value.clone();
        let Some(equation) = equation else {
            let error = state
                .name
                .place
                .error(format!("the state '{name}' has no equation"));
            return Err(error
                .with_help(Some(format!(
                    "under [equations]: {name} = \"…\", its derivative d{name}/dt"
                )))
                .into());
        };
        let initial = scope.resolve(&state.formula)?;
        constant(&initial, parts, "an initial value")?;
        Ok(StateVariable {
            name,
            atol,
            initial,
            equation,
        })
    };
    let states: Vec<_> = file
        .states
        .iter()
        .zip(equations)
        .zip(atol)
        .map(state)
        .collect::<Result<_>>()?;
    match states.is_empty() {
        true => Err(file
            .source
            .error(0..0, "a model needs at least one state")
            .into()),
        false => Ok(states),
    }
}

fn parameter(block: &file::ParameterBlock) -> Parameter {
    let lower = block.lower.unwrap_or(f64::NEG_INFINITY);
    let automatic = if lower > 0.0 {
        Scale::Log
    } else {
        Scale::Linear
    };
    Parameter {
        name: block.name.value.clone(),
        value: block.value,
        lower,
        upper: block.upper.unwrap_or(f64::INFINITY),
        scale: block.scale.unwrap_or(automatic),
        fixed: block.fixed,
        unit: block.unit.clone(),
        note: block.note.clone(),
    }
}

fn observables(
    file: &ModelFile,
    scope: &Scope,
    states: &[StateVariable],
) -> Result<Vec<Observable>> {
    let identity =
        |formula: &Resolved| match (formula.formula.is_name(), formula.symbols.as_slice()) {
            (true, &[crate::scope::Symbol::State(i)]) => Some(i),
            _ => None,
        };
    match &file.observables {
        Some(blocks) => blocks
            .iter()
            .map(|block| {
                let name = block.name.value.clone();
                let column = block
                    .column
                    .as_ref()
                    .map_or_else(|| name.clone(), |column| column.value.clone());
                let is = scope.resolve(&block.is)?;
                Ok(Observable {
                    name,
                    column,
                    state: identity(&is),
                    is,
                })
            })
            .collect(),
        None => file
            .states
            .iter()
            .zip(states)
            .enumerate()
            .map(|(i, (entry, state))| {
                let formula =
                    crate::expression::Formula::parse(&state.name, entry.name.place.clone(), None)?;
                Ok(Observable {
                    name: state.name.clone(),
                    column: state.name.clone(),
                    state: Some(i),
                    is: scope.resolve(&formula)?,
                })
            })
            .collect(),
    }
}

/// What `auto` means as long as there are explicit methods alone.
const AUTOMATIC: &str = "tsit5";

fn method(file: &ModelFile) -> Result<&'static Tableau> {
    let Some(name) = &file.solver.method else {
        return Ok(tableau::by_name(AUTOMATIC).expect("a registered method"));
    };
    method_by_name(&name.value).map_err(|(message, help)| {
        let help = help.trim_start_matches("; ").to_owned();
        name.place
            .error(message)
            .with_help(Some(help).filter(|help| !help.is_empty()))
            .into()
    })
}

/// The method, or a message and a hint that follows it.
fn method_by_name(name: &str) -> Result<&'static Tableau, (String, String)> {
    let wanted = if name == "auto" { AUTOMATIC } else { name };
    let names: Vec<&str> = tableau::tableaus()
        .iter()
        .filter(|t| t.embedded_order.is_some())
        .map(|t| t.name)
        .collect();
    match tableau::by_name(wanted) {
        Ok(found) if found.embedded_order.is_some() => Ok(found),
        Ok(_) => Err((
            format!("the method '{name}' has no error estimate to choose its steps by"),
            format!("; take one of {}", names.join(", ")),
        )),
        Err(_) => {
            let help = match nearest(name, names.iter().copied()) {
                Some(near) => format!("; did you mean '{near}'?"),
                None => format!("; methods: auto, {}", names.join(", ")),
            };
            Err((format!("no method is called '{name}'"), help))
        }
    }
}

fn fit_settings(file: &ModelFile) -> Result<FitSettings> {
    let block = &file.fit;
    if let Some(name) = &block.gradient {
        crate::problem::check_gradient(&name.value).map_err(|(message, help)| {
            Error::from(name.place.error(message).with_help(Some(help)))
        })?;
    }
    Ok(FitSettings {
        loss: block.loss,
        optimizer: block.optimizer,
        iterations: block.iterations,
        learning_rate: block.learning_rate,
        gradient: block
            .gradient
            .as_ref()
            .map_or("auto", |name| name.value.as_str())
            .to_owned(),
        batch: block.batch.as_ref().map(|batch| BatchSettings {
            size: batch.size,
            length: batch.length,
        }),
        seed: block.seed,
        time_limit: block.time_limit,
        batch_place: block.batch.as_ref().map(|batch| batch.place.clone()),
    })
}
