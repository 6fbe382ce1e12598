//! Experiments: the same model under several conditions, each with values of its own in the place of some parameters or initial states.
//!
//! θ is what a fit varies: every parameter, those with a copy for each experiment copy by copy, and all weights. What formulas see in an
//! experiment is φ(θ): one value for each parameter's name, and the weights.

use std::path::Path;

use crate::data::{Outline, Sheet};
use crate::error::{Error, Result, nearest};
use crate::expression::Formula;
use crate::field::{self, Map};
use crate::file::{self, ModelFile, Named, Placed};
use crate::likelihood::Prior;
use crate::model::Model;
use crate::scope::{Parts, Resolved, Scope, Symbol};
use crate::settings::Parameter;

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
    let outline = outline(file, directory)?;
    let mut named: Vec<(String, Vec<Named>)> = Vec::new();
    if let Some(path) = &file.experiments.file {
        named =
            sheet(file, &directory.join(&path.value)).map_err(|error| error.named(&path.place))?;
    }
    for table in &file.experiments.tables {
        let ours = named
            .iter_mut()
            .find(|(known, _)| *known == table.name.value);
        match ours {
            // What is written in the model file stands over what its table says.
            Some((_, overrides)) => overrides.extend(table.overrides.iter().cloned()),
            None => named.push((table.name.value.clone(), table.overrides.clone())),
        }
    }
    for name in &outline.experiments {
        if !named.iter().any(|(known, _)| known == name) {
            named.push((name.clone(), Vec::new()));
        }
    }
    let (parameters, copies) = copies(file, &outline, &named)?;
    let mut conditions = vec![Condition::default()];
    conditions[0].picks = copies.iter().map(|copies| copies.first).collect();
    for (i, (name, overrides)) in named.iter().enumerate() {
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

/// Whether a formula has the same value whatever a fit finds.
fn is_held(formula: &Resolved, parts: &Parts, file: &ModelFile) -> bool {
    let needed = parts.needed([formula]).into_iter();
    let needed = needed.flat_map(|part| parts.formulas(part));
    let mut symbols = needed.chain([formula]).flat_map(|f| &f.symbols);
    symbols.all(|symbol| match symbol {
        Symbol::Parameter(i) => file.parameters[*i].fixed,
        _ => true,
    })
}

/// What the data say about experiments.
fn outline(file: &ModelFile, directory: &Path) -> Result<Outline> {
    let per: Vec<&Placed<String>> = file
        .parameters
        .iter()
        .filter_map(|block| block.per.as_ref())
        .collect();
    let data = file.data.as_ref();
    match data.and_then(|data| Some((data, data.experiment.as_ref()?))) {
        Some((data, experiment)) => {
            let others: Vec<_> = per
                .into_iter()
                .filter(|per| !names_experiments(per, &experiment.value))
                .collect();
            Outline::read(
                &directory.join(&data.file.value),
                &experiment.value,
                &others,
            )
            .map_err(|error| error.named(&data.file.place))
        }
        None => match per.first() {
            Some(per) => {
                let error = per
                    .place
                    .error("'per' needs experiments: [data] does not say which column names them");
                let help = "under [data]: experiment = \"…\", the column of the experiment's name";
                Err(error.with_help(Some(help.into())).into())
            }
            None => Ok(Outline::default()),
        },
    }
}

/// Whether a parameter has a copy for each experiment: by the word, or by the column that names them.
fn names_experiments(per: &Placed<String>, experiment: &str) -> bool {
    per.value == "experiment" || per.value == experiment
}

/// Where the copies of a parameter begin in θ, and which of them each experiment has.
struct Copies {
    first: usize,
    of: Vec<usize>,
}

fn copies(
    file: &ModelFile,
    outline: &Outline,
    named: &[(String, Vec<Named>)],
) -> Result<(Vec<Parameter>, Vec<Copies>)> {
    let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    let experiment = file.data.as_ref().and_then(|data| data.experiment.as_ref());
    let experiment = experiment.map_or("", |name| name.value.as_str());
    let (mut parameters, mut all, mut column) = (Vec::new(), Vec::new(), 0);
    for (symbol, block) in file.parameters.iter().enumerate() {
        let plain = parameter(block, symbol);
        let first = parameters.len();
        let Some(per) = &block.per else {
            parameters.push(plain);
            let of = vec![0; names.len()];
            all.push(Copies { first, of });
            continue;
        };
        // What tells the copies apart, in each experiment.
        let texts: Vec<&str> = if names_experiments(per, experiment) {
            names.clone()
        } else {
            column += 1;
            let of = |name: &&str| {
                let known = outline.experiments.iter().position(|known| known == name);
                known.map_or("", |i| outline.columns[column - 1][i].as_str())
            };
            names.iter().map(of).collect()
        };
        let mut kinds: Vec<&str> = Vec::new();
        for text in &texts {
            if !kinds.contains(text) && !text.is_empty() {
                kinds.push(text);
            }
        }
        for (name, _) in &block.values {
            if !kinds.contains(&name.value.as_str()) {
                let error = name.place.error(format!(
                    "'{}' has no copy '{}'",
                    block.name.value, name.value
                ));
                let near = nearest(&name.value, kinds.iter().copied());
                let help = near.map(|near| format!("did you mean '{near}'?"));
                return Err(error.with_help(help).into());
            }
        }
        let missing = kinds.iter().find(|kind| {
            let mut given = block.values.iter();
            // An experiment that says itself what the parameter is needs no copy's value.
            let needed = named.iter().zip(&texts).any(|((_, overrides), text)| {
                let mut names = overrides.iter().map(|own| &own.name.value);
                text == *kind && !names.any(|own| *own == block.name.value)
            });
            let is_given = given.any(|(name, _)| name.value == **kind);
            needed && !block.values.is_empty() && !is_given
        });
        if let Some(missing) = missing {
            let name = &block.name;
            let error = name.place.error(format!(
                "'{}' has no value for its copy '{missing}'",
                name.value
            ));
            let all = kinds.iter().map(|kind| format!("{kind} = …"));
            let help = format!(
                "one number for all copies, or a number for each: value = {{ {} }}",
                all.collect::<Vec<_>>().join(", ")
            );
            return Err(error.with_help(Some(help)).into());
        }
        for kind in &kinds {
            let mut copy = plain.clone();
            copy.name = format!("{}[{kind}]", block.name.value);
            copy.copy = Some((*kind).to_owned());
            let own = block.values.iter().find(|(name, _)| name.value == *kind);
            copy.value = own.map_or(block.value, |(_, value)| *value);
            let measured = |i: &usize| {
                texts[*i] == *kind && outline.experiments.iter().any(|name| name == names[*i])
            };
            // Without data there is nothing to fit it to.
            copy.fixed |= !(0..names.len()).any(|i| measured(&i));
            parameters.push(copy);
        }
        let place = |text: &&str| kinds.iter().position(|kind| kind == text).unwrap_or(0);
        let of = texts.iter().map(place).collect();
        all.push(Copies { first, of });
    }
    Ok((parameters, all))
}

fn parameter(block: &file::ParameterBlock, symbol: usize) -> Parameter {
    use crate::settings::Scale;
    let lower = block.lower.unwrap_or(f64::NEG_INFINITY);
    let upper = block.upper.unwrap_or(f64::INFINITY);
    // Beyond a uniform prior there is no likelihood to go by.
    let (lower, upper) = match block.prior.as_ref().map(|(prior, _)| *prior) {
        Some(Prior::Uniform(from, to)) => (lower.max(from), upper.min(to)),
        _ => (lower, upper),
    };
    let automatic = if lower > 0.0 {
        Scale::Log
    } else {
        Scale::Linear
    };
    Parameter {
        name: block.name.value.clone(),
        value: block.value,
        lower,
        upper,
        scale: block.scale.unwrap_or(automatic),
        fixed: block.fixed,
        unit: block.unit.clone(),
        note: block.note.clone(),
        prior: block.prior.as_ref().map(|(prior, _)| *prior),
        symbol,
        copy: None,
    }
}

/// A table of conditions: a row for each experiment, a column for each override; an empty cell leaves the model's own.
fn sheet(file: &ModelFile, path: &Path) -> Result<Vec<(String, Vec<Named>)>> {
    let sheet = Sheet::read(path)?;
    let own = file.data.as_ref().and_then(|data| data.experiment.as_ref());
    let own = own.map(|name| name.value.as_str());
    // Called as in the data, or 'experiment', or else the first.
    let heading = |name: &str| sheet.header.iter().position(|heading| heading == name);
    let names = own
        .and_then(heading)
        .or_else(|| heading("experiment"))
        .unwrap_or(0);
    let mut experiments: Vec<(String, Vec<Named>)> = Vec::new();
    for (row, (_, cells)) in sheet.rows.iter().enumerate() {
        let name = &cells[names];
        if name.is_empty() {
            return Err(sheet.error(row, names, "the experiment is missing".into()));
        }
        if experiments.iter().any(|(known, _)| known == name) {
            let message = format!("there are two rows for experiment '{name}'");
            return Err(sheet.error(row, names, message));
        }
        let mut overrides = Vec::new();
        for (column, text) in cells.iter().enumerate() {
            if column == names || text.is_empty() {
                continue;
            }
            let place = sheet.place(Some(row), column);
            let raw = &place.source.text[place.span.clone()];
            let offset = raw.find(text.as_str()).map(|at| place.span.start + at);
            overrides.push(Named {
                name: Placed {
                    value: sheet.header[column].clone(),
                    place: sheet.place(None, column),
                },
                formula: Formula::parse(text, place, offset)?,
            });
        }
        experiments.push((name.clone(), overrides));
    }
    Ok(experiments)
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

/// φ(θ) with its derivative, for one condition.
pub(crate) struct Pull {
    picks: Vec<usize>,
    overridden: Vec<usize>,
    formulas: Option<Map>,
    states: usize,
    /// Where the weights begin in θ.
    weights: usize,
}

impl Pull {
    pub(crate) fn new(model: &Model) -> Result<Self> {
        let condition = model.condition();
        let formulas: Vec<&Resolved> = condition.overrides.iter().map(|(_, f)| f).collect();
        let formulas = match formulas.is_empty() {
            true => None,
            false => Some(Map::new(model, &field::values(model, &formulas)?)?),
        };
        Ok(Pull {
            picks: condition.picks.clone(),
            overridden: condition.overrides.iter().map(|(i, _)| *i).collect(),
            formulas,
            states: model.states.len(),
            weights: model.parameters.len(),
        })
    }

    /// φ at θ.
    pub(crate) fn push(&mut self, theta: &[f64]) -> Vec<f64> {
        let picked = self.picks.iter().map(|&k| theta[k]);
        let mut phi: Vec<f64> = picked
            .chain(theta[self.weights..].iter().copied())
            .collect();
        if let Some(formulas) = &mut self.formulas {
            let mut values = vec![0.0; self.overridden.len()];
            formulas.set_parameters(&phi);
            formulas.eval(0, &vec![0.0; self.states], 0.0, &mut values);
            for (&i, value) in self.overridden.iter().zip(values) {
                phi[i] = value;
            }
        }
        phi
    }

    /// Adds a·∂φ/∂θ at the θ last pushed to `a_theta`, for a row `a` by φ.
    pub(crate) fn back(&mut self, a: &[f64], a_theta: &mut [f64]) {
        let mut a = a.to_vec();
        if let Some(formulas) = &mut self.formulas {
            let own: Vec<f64> = self
                .overridden
                .iter()
                .map(|&i| std::mem::take(&mut a[i]))
                .collect();
            formulas.products(0, &own, &mut vec![0.0; self.states]);
            formulas.finish(&mut a);
        }
        let (by_symbol, by_weight) = a.split_at(self.picks.len());
        for (&k, part) in self.picks.iter().zip(by_symbol) {
            a_theta[k] += part;
        }
        let weights = a_theta[self.weights..].iter_mut().zip(by_weight);
        weights.for_each(|(total, part)| *total += part);
    }
}
