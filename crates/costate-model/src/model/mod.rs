//! A model: names resolved, everything checked that can be checked without solving.

mod build;
mod checks;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use build::constant;

use crate::condition::{Condition, conditions};
use crate::consistent::Consistent;
use crate::data::{Columns, Data, Layout};
use crate::error::{Error, Result, Source};
use crate::expression::Formula;
use crate::file::{self, ModelFile};
use crate::hybrid::{Event, Switch, events, switches};
use crate::input::Input;
use crate::likelihood::Distribution;
use crate::network::Network;
use crate::overrides::Overridden;
use crate::scope::{Parts, Resolved, Scope};
use crate::settings::{DataSettings, FitSettings, Parameter, SolverSettings};

/// A component of the state vector.
///
/// ```
/// use costate_model::Model;
/// let model = Model::open("examples/lynx-hare.toml")?;
/// let names: Vec<&str> = model.states().iter().map(|state| state.name.as_str()).collect();
/// assert_eq!((names.as_slice(), model.states()[0].atol > 0.0), (&["hare", "lynx"][..], true));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StateVariable {
    /// The name in formulas.
    pub name: String,
    /// The absolute tolerance of its error, in its own units.
    pub atol: f64,
    pub(crate) initial: Resolved,
    /// Its rate; what is zero for an algebraic one.
    pub(crate) equation: Resolved,
    pub(crate) is_algebraic: bool,
}

/// Something that can be measured: an expression of states, parameters and time.
///
/// ```
/// use costate_model::Model;
///
/// let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[observables]\ntwice = { is = \"2 * y\" }\n[time]\nstart = 0.0\nend = 1.0";
/// let model = Model::parse(text, "decay.toml")?;
/// assert_eq!((model.observables()[0].name.as_str(), model.observables()[0].column.as_str()), ("twice", "twice"));
/// # Ok::<(), costate_model::Error>(())
/// ```
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
    /// Those of θ: a copy for each experiment where there are several.
    pub(crate) parameters: Vec<Parameter>,
    /// The names of the parameters in formulas.
    pub(crate) symbols: Vec<String>,
    /// The model as it stands, and its experiments.
    pub(crate) conditions: Vec<Condition>,
    /// The condition that this model stands for.
    pub(crate) selected: usize,
    pub(crate) networks: Vec<Network>,
    pub(crate) parts: Parts,
    /// Known functions of time.
    pub(crate) inputs: Arc<Vec<Input>>,
    /// The comparisons of the equations whose answers change on the way.
    pub(crate) switches: Vec<Switch>,
    pub(crate) events: Vec<Event>,
    pub(crate) observables: Vec<Observable>,
    /// Whether the file names its observables; otherwise the states whose columns the data have.
    pub(crate) observables_named: bool,
    pub(crate) start: Resolved,
    pub(crate) end: Resolved,
    pub(crate) solver: SolverSettings,
    pub(crate) data: Option<DataSettings>,
    /// The table of the experiments' conditions.
    pub(crate) conditions_file: Option<PathBuf>,
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
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 4.0\n[parameters]\nk = { value = 2.0, lower = 0.0 }\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let model = Model::parse(text, "decay.toml")?;
    /// assert_eq!((model.states()[0].name.as_str(), model.initial(), model.span()), ("y", vec![4.0], (0.0, 1.0)));
    /// assert_eq!((model.parameters()[0].name.as_str(), model.parameters()[0].value), ("k", 2.0));
    /// assert_eq!((model.observables().len(), model.has_likelihood(), model.title()), (1, false, None));
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn parse(text: &str, path: impl AsRef<Path>) -> Result<Self> {
        let file = ModelFile::parse(path.as_ref(), text.to_owned())?;
        let scope = Scope::new(&file)?;
        let mut parts = Parts::new(&file, &scope)?;
        let mut states = build::states(&file, &scope, &parts)?;
        let mut equations: Vec<&mut Resolved> =
            states.iter_mut().map(|state| &mut state.equation).collect();
        let switches = switches(&mut parts, &mut equations);
        let constant = |formula, what| {
            let resolved = scope.resolve(formula)?;
            constant(&resolved, &parts, what)?;
            Ok::<_, Error>(resolved)
        };
        let directory = path.as_ref().parent().unwrap_or(Path::new(""));
        let (parameters, conditions) = conditions(&file, &scope, &parts, directory)?;
        let experiments: Vec<&str> = conditions
            .iter()
            .filter_map(|c| c.name.as_deref())
            .collect();
        let events = events(&file, &scope, &parts, &experiments)?;
        let time = |formula: &Formula| {
            let number = formula.names().next().is_none();
            number.then(|| formula.eval::<f64>(|_| f64::NAN))
        };
        let time = time(&file.start).zip(time(&file.end));
        let time = time.map(|(start, end)| [start, end]);
        let inputs = file.inputs.iter();
        let inputs = inputs.map(|block| Input::read(block, directory));
        let model = Model {
            title: file.title.clone(),
            start: constant(&file.start, "the start of time")?,
            end: constant(&file.end, "the end of time")?,
            networks: file
                .networks
                .iter()
                .map(|block| Network::new(block, time, directory))
                .collect::<Result<_>>()?,
            observables: build::observables(&file, &scope, &states)?,
            observables_named: file.observables.is_some(),
            solver: SolverSettings {
                method: build::method(&file)?,
                rtol: file.solver.rtol,
                max_steps: file.solver.max_steps,
                step: file.solver.step.as_ref().map(|step| step.value),
            },
            data: file.data.as_ref().map(|block| DataSettings {
                file: directory.join(&block.file.value),
                file_place: block.file.place.clone(),
                time: block.time.clone(),
                used: block.used.clone(),
                experiment: block.experiment.as_ref().map(|name| name.value.clone()),
                long: block.long.clone().map(|names| names.map(|name| name.value)),
            }),
            conditions_file: file
                .experiments
                .file
                .as_ref()
                .map(|name| directory.join(&name.value)),
            fit: build::fit_settings(&file)?,
            symbols: file
                .parameters
                .iter()
                .map(|block| block.name.value.clone())
                .collect(),
            inputs: Arc::new(inputs.collect::<Result<_>>()?),
            switches,
            events,
            parameters,
            conditions,
            selected: 0,
            source: file.source.clone(),
            overridden: Overridden::default(),
            states,
            parts,
        };
        model.check_likelihood(&file)?;
        model.check_algebra()?;
        for condition in 0..model.conditions.len() {
            let under = model.under(condition);
            let (start, end) = under.span();
            if !(start.is_finite() && end.is_finite()) || start == end {
                let message = format!(
                    "time runs from {start} to {end}{}: start and end must be two different numbers",
                    under.within()
                );
                return Err(model.end.formula.place().error(message).into());
            }
            under.check_inputs()?;
            under.check_repeats(start, end)?;
            under.check_infusions(start, end)?;
            under.check_algebraic()?;
        }
        Ok(model)
    }

    /// The file that the model was read from.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Every file that the model is made of: its own, its data, its networks' weights, its inputs and its conditions.
    pub fn files(&self) -> Vec<PathBuf> {
        let own = [self.source.path.clone()];
        let data = self.data.iter().map(|data| data.file.clone());
        let weights = self
            .networks
            .iter()
            .filter_map(|network| network.file.clone());
        let conditions = self.conditions_file.clone();
        let inputs = self.inputs.iter().map(|input| input.file.clone());
        let others = data.chain(weights).chain(conditions).chain(inputs);
        own.into_iter().chain(others).collect()
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

    /// Start and end of time at the present parameters, in the experiment that was chosen.
    pub fn span(&self) -> (f64, f64) {
        let phi = self.phi();
        (
            self.evaluate(&self.start, &phi),
            self.evaluate(&self.end, &phi),
        )
    }

    /// The initial value of every state at the present parameters, in the experiment that was chosen; of algebraic states what their equations make of it.
    pub fn initial(&self) -> Vec<f64> {
        let phi = self.phi();
        let mut h: Vec<f64> = self
            .initial_formulas()
            .map(|formula| self.evaluate(formula, &phi))
            .collect();
        if let Ok(Some(mut consistent)) = Consistent::new(self) {
            consistent.set_parameters(&phi);
            consistent.solve(&mut h, self.span().0);
        }
        h
    }

    /// What each state begins with under the chosen condition.
    pub(crate) fn initial_formulas(&self) -> impl Iterator<Item = &Resolved> {
        let states = self.states.iter().enumerate();
        states.map(|(i, state)| self.condition().initial_of(i).unwrap_or(&state.initial))
    }

    /// Reads the data, if the file names any.
    ///
    /// # Errors
    /// [`Error::Written`] if there is no such file, or for anything wrong in it.
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
        let bars: Vec<(usize, String)> = self
            .error_bars()
            .map(|(observable, column)| (observable, column.to_owned()))
            .collect();
        let columns = Columns {
            time: &settings.time.value,
            observables: &names,
            bars: &bars,
            all: self.observables_named,
            used: settings.used.as_ref(),
            direction: (end - start).signum(),
            experiment: settings.experiment.as_deref(),
            layout: match &settings.long {
                Some([observable, value]) => Layout::Long { observable, value },
                None => Layout::Wide,
            },
        };
        let data = Data::read(&settings.file, &columns);
        data.map(Some)
            .map_err(|error| error.named(&settings.file_place))
    }

    /// Whether the loss is the negative log-likelihood of the data and the priors.
    pub fn has_likelihood(&self) -> bool {
        self.observables
            .iter()
            .any(|observable| observable.noise.is_some())
    }

    /// Whether the likelihood has kinks where it meets measurements.
    pub(crate) fn has_kinks(&self) -> bool {
        let mut observables = self.observables.iter();
        observables
            .any(|observable| observable.noise.is_some() && observable.distribution.has_kink())
    }

    /// The observables with known error bars, and the columns of these.
    pub(crate) fn error_bars(&self) -> impl Iterator<Item = (usize, &str)> {
        let observables = self.observables.iter().enumerate();
        observables.filter_map(|(i, observable)| match &observable.noise {
            Some(Noise::Column(column)) => Some((i, column.as_str())),
            _ => None,
        })
    }

    /// The heading of the data column with the numbers of an observable called `column` there.
    pub(crate) fn value_heading<'a>(&'a self, column: &'a str) -> &'a str {
        let long = self.data.as_ref().and_then(|data| data.long.as_ref());
        long.map_or(column, |[_, value]| value)
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

    /// The value of a formula of parameters alone, at φ.
    pub(crate) fn evaluate(&self, formula: &Resolved, phi: &[f64]) -> f64 {
        self.parts.evaluate(formula, phi)
    }
}
