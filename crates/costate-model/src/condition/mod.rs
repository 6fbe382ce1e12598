//! Experiments: the same model under several conditions, each with values of its own in the place of some parameters or initial states.
//!
//! θ is what a fit varies: every parameter, those with a copy for each experiment copy by copy, and all weights. What formulas see in an
//! experiment is φ(θ): one value for each parameter's name, and the weights.

mod copies;
mod pull;
mod table;

pub(crate) use pull::Pull;

use std::path::Path;

use crate::data::Outline;
use crate::error::{Error, Result, nearest};
use crate::file::{ModelFile, Named};
use crate::model::Model;
use crate::scope::{Parts, Resolved, Scope, Symbol};
use crate::settings::Parameter;

/// An experiment's name, and the values that it gives.
type Experiment = (String, Vec<Named>);

/// The conditions of one experiment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    /// `None`: the model as it stands.
    pub(crate) name: Option<String>,
    /// The component of θ behind each parameter's name.
    pub(crate) picks: Vec<usize>,
    /// The parameters with a value of their own here, which is an expression of the others.
    pub(crate) overrides: Vec<(usize, Resolved)>,
    /// The states that begin elsewhere.
    pub(crate) initial: Vec<(usize, Resolved)>,
}

impl Condition {
    /// Whether solutions from the same state are the same under both.
    pub(crate) fn like(&self, other: &Self) -> bool {
        let plain = self.overrides.is_empty() && other.overrides.is_empty();
        plain && self.picks == other.picks
    }

    /// What a state begins with here, if that is not as in the other experiments.
    pub(crate) fn initial_of(&self, state: usize) -> Option<&Resolved> {
        let found = self.initial.iter().find(|(i, _)| *i == state);
        found.map(|(_, formula)| formula)
    }
}

/// The parameters of θ and the conditions: first the model as it stands, then the experiments in the order of the model file and the data.
pub(crate) fn conditions(
    file: &ModelFile,
    scope: &Scope,
    parts: &Parts,
    directory: &Path,
) -> Result<(Vec<Parameter>, Vec<Condition>)> {
    let outline = copies::outline(file, directory)?;
    let experiments = experiments(file, directory, &outline)?;
    let (parameters, copies) = copies::copies(file, &outline, &experiments)?;
    let mut conditions = vec![Condition::default()];
    conditions[0].picks = copies.iter().map(|copies| copies.first).collect();
    for (i, (name, overrides)) in experiments.iter().enumerate() {
        let mut condition = Condition {
            name: Some(name.clone()),
            picks: copies
                .iter()
                .map(|copies| copies.first + copies.of[i])
                .collect(),
            ..Condition::default()
        };
        for entry in overrides {
            let formula = scope.resolve(&entry.formula)?;
            crate::model::constant(&formula, parts, "a value of an experiment")?;
            let list = match scope.overridable(&entry.name)? {
                Symbol::State(state) => (&mut condition.initial, state),
                Symbol::Parameter(parameter) => {
                    let block = &file.parameters[parameter];
                    // What a fit changes may begin anywhere: of that a warning tells.
                    let value = (!block.fixed && is_held(&formula, parts, file)).then(|| {
                        let picks = condition.picks.iter();
                        let values: Vec<f64> = picks.map(|&k| parameters[k].value).collect();
                        parts.evaluate(&formula, &values)
                    });
                    if let Some(message) = value.and_then(|value| block.refusal(value)) {
                        return Err(entry.formula.place().error(message).into());
                    }
                    (&mut condition.overrides, parameter)
                }
                _ => unreachable!("only states and parameters can be overridden"),
            };
            list.0.retain(|(known, _)| *known != list.1);
            list.0.push((list.1, formula));
        }
        conditions.push(condition);
    }
    Ok((parameters, conditions))
}

/// The experiments with what each says: those of the file's table, then others of the file, then those that only the data name.
fn experiments(file: &ModelFile, directory: &Path, outline: &Outline) -> Result<Vec<Experiment>> {
    let mut experiments: Vec<Experiment> = match &file.experiments.file {
        Some(path) => table::read(file, &directory.join(&path.value))
            .map_err(|error| error.named(&path.place))?,
        None => Vec::new(),
    };
    for table in &file.experiments.tables {
        let ours = experiments
            .iter_mut()
            .find(|(known, _)| *known == table.name.value);
        match ours {
            // What is written in the model file stands over what its table says.
            Some((_, overrides)) => overrides.extend(table.overrides.iter().cloned()),
            None => experiments.push((table.name.value.clone(), table.overrides.clone())),
        }
    }
    for name in &outline.experiments {
        if !experiments.iter().any(|(known, _)| known == name) {
            experiments.push((name.clone(), Vec::new()));
        }
    }
    Ok(experiments)
}

/// Whether a formula has the same value whatever a fit finds.
fn is_held(formula: &Resolved, parts: &Parts, file: &ModelFile) -> bool {
    let all = parts.with_needed(&[formula]);
    all.iter()
        .flat_map(|f| &f.symbols)
        .all(|symbol| match symbol {
            Symbol::Parameter(i) => file.parameters[*i].fixed,
            _ => true,
        })
}

impl Model {
    /// The experiments: those of the model file, then those that only the data name.
    pub fn experiments(&self) -> impl Iterator<Item = &str> {
        self.conditions
            .iter()
            .filter_map(|condition| condition.name.as_deref())
    }

    /// This model under the conditions of an experiment: its span, its initial values and its solutions are those of the experiment.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = \"y0\"\n[parameters]\ny0 = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 1.0\n\
    ///     [experiments.double]\ny0 = \"2 * y0\"";
    /// let model = Model::parse(text, "decay.toml")?;
    /// assert_eq!(model.initial(), [1.0]);
    /// assert_eq!(model.experiment("double")?.initial(), [2.0]);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such experiment.
    pub fn experiment(&self, name: &str) -> Result<Self> {
        let found = self
            .conditions
            .iter()
            .position(|condition| condition.name.as_deref() == Some(name));
        let Some(found) = found else {
            let help = match nearest(name, self.experiments()) {
                Some(near) => format!("; did you mean '{near}'?"),
                None if self.conditions.len() == 1 => {
                    "; the model has no [experiments], and its data no 'experiment' column".into()
                }
                None => format!(
                    "; experiments: {}",
                    self.experiments().collect::<Vec<_>>().join(", ")
                ),
            };
            let path = self.path().display();
            return Err(Error::Argument(format!(
                "{path}: no experiment is called '{name}'{help}"
            )));
        };
        Ok(self.under(found))
    }

    /// The experiment that this model stands for, if it was chosen.
    pub fn chosen_experiment(&self) -> Option<&str> {
        self.condition().name.as_deref()
    }

    /// The copies that a solution takes because they are the first, where no experiment was chosen and others have other values.
    ///
    /// ```
    /// use costate_model::Model;
    /// # let folder = std::env::temp_dir().join(format!("costate-copies-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("plots.csv"), "t,y,plot\n1,0.4,north\n1,0.6,south")?;
    /// let text = "[states]\ny = 1.0\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0\n\
    ///     [parameters]\nk = { value = { north = 0.9, south = 0.5 }, per = \"experiment\" }\n\
    ///     [data]\nfile = \"plots.csv\"\ntime = \"t\"\nexperiment = \"plot\"";
    /// std::fs::write(folder.join("decay.toml"), text)?;
    /// let model = Model::open(&folder.join("decay.toml"))?;
    /// assert_eq!(model.first_copies(), ["k[north]"]);
    /// assert!(model.experiment("south")?.first_copies().is_empty());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn first_copies(&self) -> Vec<&str> {
        if self.chosen_experiment().is_some() {
            return Vec::new();
        }
        let picks = self.condition().picks.iter();
        let first = picks.map(|&k| &self.parameters()[k]).filter(|first| {
            let others = self.parameters().iter();
            others
                .filter(|other| other.symbol == first.symbol)
                .any(|other| other.value != first.value)
        });
        first.map(|first| first.name.as_str()).collect()
    }

    pub(crate) fn under(&self, condition: usize) -> Self {
        let mut model = self.clone();
        model.selected = condition;
        model
    }

    pub(crate) fn condition(&self) -> &Condition {
        &self.conditions[self.selected]
    }

    /// The condition that a row's experiment stands for; the model as it stands where no column names it.
    pub(crate) fn condition_of(&self, experiment: Option<&str>) -> usize {
        let found = self
            .conditions
            .iter()
            .position(|condition| condition.name.as_deref() == experiment);
        found.unwrap_or(0)
    }

    /// " (experiment NAME)" for messages; nothing for the model as it stands.
    pub(crate) fn within(&self) -> String {
        self.chosen_experiment()
            .map_or_else(String::new, |name| format!(" (experiment {name})"))
    }

    /// φ: a value for each parameter's name under the chosen condition, and the weights.
    pub(crate) fn phi(&self) -> Vec<f64> {
        let theta = self.theta();
        let condition = self.condition();
        let base: Vec<f64> = condition.picks.iter().map(|&k| theta[k]).collect();
        let mut phi = base.clone();
        for (i, formula) in &condition.overrides {
            phi[*i] = self.evaluate(formula, &base);
        }
        phi.extend(&theta[self.parameters.len()..]);
        phi
    }
}
