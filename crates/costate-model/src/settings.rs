//! What a model file says beside its equations: parameters, solver, data and fit.

use std::path::PathBuf;
use std::time::Duration;

use costate_neural_ode::train::loss::Loss;
use costate_ode::Method;

use crate::error::Place;
use crate::file::Placed;
use crate::likelihood::Prior;

/// The axis along which an optimiser moves a parameter. Bounds and reports are in the parameter's own units on either.
///
/// ```
/// use costate_model::Scale;
/// assert_eq!((Scale::Log.coordinate(1.0), Scale::Log.value(0.0), Scale::Log.slope(5.0)), (0.0, 1.0, 5.0));
/// ```
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
///
/// ```
/// use costate_model::{Model, Scale};
/// let model = Model::open("examples/lynx-hare.toml")?;
/// let alpha = &model.parameters()[0];
/// assert_eq!((alpha.name.as_str(), alpha.value, alpha.fixed), ("alpha", 0.55, false));
/// assert!(alpha.lower < alpha.value && alpha.value < alpha.upper && matches!(alpha.scale, Scale::Linear | Scale::Log));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name in formulas; `NAME[EXPERIMENT]` for a copy.
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
    /// What is known of it before the data.
    pub prior: Option<Prior>,
    /// Which name of formulas it stands for.
    pub(crate) symbol: usize,
    /// Which copy it is, where a parameter has one for each experiment.
    pub(crate) copy: Option<String>,
}

/// How a fit moves.
///
/// ```
/// use costate_model::{Model, Optimizer};
/// let mut model = Model::open("examples/lynx-hare.toml")?;
/// model.fit_settings_mut().optimizer = Optimizer::Lbfgs;
/// assert_eq!(model.check()?.optimizers, [Optimizer::Lbfgs.name()]);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimizer {
    /// Gauss–Newton for few parameters, L-BFGS for many, Adam and then L-BFGS with networks.
    Auto,
    /// Gauss–Newton in a trust region with bounds.
    GaussNewton,
    /// L-BFGS with bounds.
    Lbfgs,
    /// Adam with cosine decay.
    Adam,
    /// Adam, with weights of networks that shrink by themselves.
    AdamW,
    /// RMSprop.
    RmsProp,
    /// Stochastic gradient descent.
    Sgd,
}

impl Optimizer {
    pub(crate) const NAMES: [(&str, Optimizer); 7] = [
        ("auto", Optimizer::Auto),
        ("gauss-newton", Optimizer::GaussNewton),
        ("lbfgs", Optimizer::Lbfgs),
        ("adam", Optimizer::Adam),
        ("adamw", Optimizer::AdamW),
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
///
/// ```
/// use costate_model::Model;
/// let model = Model::parse(
///     "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 1.0\n[solver]\nmethod = \"radau\"\nrtol = 1e-8",
///     "decay.toml",
/// )?;
/// assert_eq!((model.solver().method.name, model.solver().rtol), ("radau", 1e-8));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SolverSettings {
    /// The method.
    pub method: Method,
    /// The relative tolerance.
    pub rtol: f64,
    /// Steps after which to give up.
    pub max_steps: usize,
    /// The size of constant steps, for which no error is estimated; `None` for steps that follow from the tolerances.
    pub step: Option<f64>,
}

impl SolverSettings {
    /// What sets how exact solutions are: `the step` where it is constant, else `rtol and atol`.
    pub fn of_accuracy(&self) -> &'static str {
        match self.step {
            Some(_) => "the step",
            None => "rtol and atol",
        }
    }
}

/// Random windows of the data to train on.
///
/// ```
/// use costate_model::{BatchSettings, Model};
/// let mut model = Model::open("examples/spiral.toml")?;
/// model.fit_settings_mut().batch = Some(BatchSettings { size: 20, length: 10 });
/// assert_eq!(model.fit_settings().batch.map(|batch| batch.size * batch.length), Some(200));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// Windows in a batch.
    pub size: usize,
    /// Rows of data in a window.
    pub length: usize,
}

/// How to fit.
///
/// ```
/// use costate_model::Model;
/// let mut model = Model::open("examples/lynx-hare.toml")?;
/// model.fit_settings_mut().iterations = Some(2);
/// let mut fit = costate_model::Fit::new(model)?;
/// while fit.advance()? {}
/// assert_eq!(fit.found()?.iterations, 2);
/// # Ok::<(), costate_model::Error>(())
/// ```
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
    /// The segments of each experiment's solution; 1 for solutions in one piece.
    pub segments: usize,
    /// The penalty of gaps between segments.
    pub continuity: f64,
    /// The stages in which the time window grows; 1 for all times from the beginning.
    pub curriculum: usize,
    /// How many starts: the file's own values, and others within the bounds.
    pub starts: usize,
    /// The seed of everything random in a fit.
    pub seed: u64,
    /// The time after which a fit ends as if its iterations were done.
    pub time_limit: Option<Duration>,
    pub(crate) batch_place: Option<Place>,
    pub(crate) segments_place: Option<Place>,
    pub(crate) curriculum_place: Option<Place>,
}

/// Which data to read.
#[derive(Clone, Debug)]
pub(crate) struct DataSettings {
    pub(crate) file: PathBuf,
    pub(crate) file_place: Place,
    pub(crate) time: Placed<String>,
    pub(crate) used: Option<crate::expression::Formula>,
    /// The column that names the experiment.
    pub(crate) experiment: Option<String>,
    /// The columns of the observable's name and of the number, in the long layout.
    pub(crate) long: Option<[String; 2]>,
}
