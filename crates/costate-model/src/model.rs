//! A model: names resolved, everything checked that can be checked without solving.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use costate_ode::Method;

use crate::data::{Columns, Data};
use crate::error::{Error, Result, Source};
use crate::file::{self, ModelFile};
use crate::likelihood::Distribution;
use crate::network::Network;
use crate::overrides::{Overridden, method_by_name};
use crate::scope::{Dependence, Parts, Resolved, Scope};
use crate::settings::{BatchSettings, DataSettings, FitSettings, Parameter, Scale, SolverSettings};

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
    /// How far measurements of it scatter; with any, the loss is a likelihood.
    pub(crate) noise: Option<Noise>,
    /// How they scatter.
    pub(crate) distribution: Distribution,
}

impl Observable {
    /// What it is, and the width of its noise if that is a formula.
    pub(crate) fn formulas(&self) -> impl Iterator<Item = &Resolved> {
        let width = match &self.noise {
            Some(Noise::Formula(width)) => Some(width),
            _ => None,
        };
        [&self.is].into_iter().chain(width)
    }
}

/// The width of a distribution of measurements.
#[derive(Clone, Debug)]
pub(crate) enum Noise {
    /// An expression of states, parameters and time.
    Formula(Resolved),
    /// Known error bars: their column of the data.
    Column(String),
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
        model.check_likelihood(&file)?;
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
        let bars: Vec<String> = self
            .error_bars()
            .map(|(_, column)| column.to_owned())
            .collect();
        let columns = Columns {
            time: &settings.time.value,
            observables: &names,
            bars: &bars,
            all: self.observables_named,
            used: settings.used.as_ref(),
            direction: (end - start).signum(),
        };
        Data::read(&settings.file, &columns).map(Some)
    }

    /// # Errors
    /// A prior without noise to weigh it against, or noise for some observables alone.
    fn check_likelihood(&self, file: &ModelFile) -> Result<()> {
        if !self.has_likelihood() {
            let prior = file
                .parameters
                .iter()
                .find_map(|block| block.prior.as_ref());
            return match prior {
                Some((_, place)) => {
                    let error = place.error("a prior is weighed against the noise of measurements: give observables 'noise'");
                    Err(error
                        .with_help(Some(
                            "under [observables]: x = { is = \"x\", noise = \"sigma\" }".into(),
                        ))
                        .into())
                }
                None => Ok(()),
            };
        }
        let blocks = file.observables.iter().flatten();
        match blocks
            .zip(&self.observables)
            .find(|(_, observable)| observable.noise.is_none())
        {
            Some((block, observable)) => {
                let message = format!(
                    "'{}' has no 'noise', but other observables have: a likelihood needs it for each",
                    observable.name
                );
                Err(block.name.place.error(message).into())
            }
            None => Ok(()),
        }
    }

    /// Whether the loss is the negative log-likelihood of the data and the priors.
    pub fn has_likelihood(&self) -> bool {
        self.observables
            .iter()
            .any(|observable| observable.noise.is_some())
    }

    /// The observables with known error bars, and the columns of these.
    pub(crate) fn error_bars(&self) -> impl Iterator<Item = (usize, &str)> {
        let observables = self.observables.iter().enumerate();
        observables.filter_map(|(i, observable)| match &observable.noise {
            Some(Noise::Column(column)) => Some((i, column.as_str())),
            _ => None,
        })
    }

    /// Whether the loss is a sum of squares.
    pub(crate) fn has_squares(&self) -> bool {
        !self.has_likelihood() && self.fit.loss.residual(1.0, 1.0).is_some()
    }

    /// What the loss is called.
    pub fn loss_name(&self) -> &'static str {
        match self.has_likelihood() {
            true => "negative log-likelihood",
            false => self.fit.loss.name(),
        }
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
        prior: block.prior.as_ref().map(|(prior, _)| *prior),
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
                let noise = match &block.noise {
                    Some(file::NoiseBlock::Formula(formula)) => {
                        Some(Noise::Formula(scope.resolve(formula)?))
                    }
                    Some(file::NoiseBlock::Column(column)) => {
                        Some(Noise::Column(column.value.clone()))
                    }
                    None => None,
                };
                Ok(Observable {
                    name,
                    column,
                    state: identity(&is),
                    is,
                    noise,
                    distribution: block.distribution,
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
                    noise: None,
                    distribution: Distribution::default(),
                })
            })
            .collect(),
    }
}

fn method(file: &ModelFile) -> Result<Method> {
    let Some(name) = &file.solver.method else {
        return Ok(method_by_name("auto").expect("a registered method"));
    };
    method_by_name(&name.value).map_err(|(message, help)| {
        let help = help.trim_start_matches("; ").to_owned();
        name.place
            .error(message)
            .with_help(Some(help).filter(|help| !help.is_empty()))
            .into()
    })
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
