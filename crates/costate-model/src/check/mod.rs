//! What a model is, and what about it deserves a second look, without solving it.

mod influence;

use std::fmt;

use crate::condition::Condition;
use crate::data::Data;
use crate::error::Result;
use crate::field::{Layout, check_separable};
use crate::fit::Fit;
use crate::model::Model;
use crate::scope::{Answer, Resolved, Symbol};

/// A model as far as it can be looked at without solving it.
///
/// ```
/// use costate_model::Model;
///
/// let check = Model::open("examples/lynx-hare.toml")?.check()?;
/// assert_eq!(check.observables, [("hare".to_owned(), 21), ("lynx".to_owned(), 21)]);
/// assert_eq!((check.measurements, check.optimizers.as_slice()), ((42, 0), &["gauss-newton"][..]));
/// assert!(check.warnings.is_empty());
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The parameters that a fit varies.
    pub fitted: Vec<String>,
    /// The parameters that it leaves as they are.
    pub fixed: Vec<String>,
    /// Each network with its number of weights.
    pub networks: Vec<(String, usize)>,
    /// Each observable with the number of its measurements.
    pub observables: Vec<(String, usize)>,
    /// Each experiment with the number of its measurements; none if there are no experiments.
    pub experiments: Vec<(String, usize)>,
    /// Measurements to fit, and measurements for validation.
    pub measurements: (usize, usize),
    /// The optimisers of a fit, in their order; empty without data or without anything to fit.
    pub optimizers: Vec<&'static str>,
    /// What deserves a second look.
    pub warnings: Vec<Warning>,
}

/// Something that is allowed and yet hardly meant.
///
/// ```
/// use costate_model::Warning;
/// let warning = Warning { place: Some(("decay.toml".into(), 5)), message: "'spare' is used nowhere".into() };
/// assert_eq!(warning.to_string(), "decay.toml:5: 'spare' is used nowhere");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file and line concerned, where there is one.
    pub place: Option<(String, usize)>,
    /// What is the matter.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((path, line)) => write!(f, "{path}:{line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Model {
    /// Reads the data too, resolves everything, and says what would be fitted and what deserves a second look.
    ///
    /// # Errors
    /// What is wrong with the data, or with the settings of the fit.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 1.0\n[parameters]\nk = 2.0\nspare = 3.0\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let check = Model::parse(text, "decay.toml")?.check()?;
    /// assert_eq!((check.fitted.as_slice(), check.measurements), (&["k".to_owned(), "spare".into()][..], (0, 0)));
    /// assert!(check.warnings[0].to_string().contains("spare"), "{}", check.warnings[0]);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn check(&self) -> Result<Check> {
        check_separable(self, Layout::Single)?;
        let data = self.read_data()?;
        let measured = |i: usize| data.as_ref().map_or(0, |data| data.measurements_of(i));
        let counts: Vec<usize> = (0..self.observables.len()).map(measured).collect();
        let reached = self.reached(&counts, data.is_some());
        let mut warnings = self.without_influence(&reached, data.is_some());
        let experiments = self.measured_experiments(data.as_ref());
        warnings.extend(data.as_ref().map_or(Vec::new(), |data| self.oddities(data)));
        warnings.extend(data.as_ref().map_or(Vec::new(), |data| self.unfitted(data)));
        for condition in 0..self.conditions.len() {
            for (line, message) in self.under(condition).events_outside() {
                let place = Some((self.path().display().to_string(), line));
                warnings.push(Warning { place, message });
            }
        }
        warnings.extend(self.ignored_loss());
        warnings.extend(self.beyond_bounds());
        warnings.extend(self.unseen_jumps());
        if data.is_some() {
            warnings.extend(self.unseen_kinks());
        }
        let outside = data.as_ref().and_then(|data| self.outside(data));
        let names = |fixed: bool| {
            let parameters = self
                .parameters
                .iter()
                .filter(|parameter| parameter.fixed == fixed);
            parameters
                .map(|parameter| parameter.name.clone())
                .collect::<Vec<_>>()
        };
        let something = self.networks.len() + names(false).len() > 0;
        let ready = something && outside.is_none();
        warnings.extend(outside);
        let empty = data.as_ref().is_some_and(|data| data.count(true) == 0);
        if empty {
            warnings.push(Warning {
                place: None,
                message: "no row of the data is to be fitted: see 'use' under [data]".into(),
            });
        }
        let fit = match &data {
            Some(data) if ready && !empty => Some(Fit::prepare(self.clone(), data.clone())?),
            _ => None,
        };
        Ok(Check {
            fitted: names(false),
            fixed: names(true),
            networks: self
                .networks
                .iter()
                .map(|network| (network.name().to_owned(), network.parameter_count()))
                .collect(),
            observables: self
                .observables
                .iter()
                .map(|observable| observable.name.clone())
                .zip(counts)
                .collect(),
            experiments,
            measurements: data
                .as_ref()
                .map_or((0, 0), |data| (data.count(true), data.count(false))),
            optimizers: fit.map(|fit| fit.optimizers()).unwrap_or_default(),
            warnings,
        })
    }

    fn measured_experiments(&self, data: Option<&Data>) -> Vec<(String, usize)> {
        let count = |name: &str| {
            let Some(data) = data else { return 0 };
            let rows = (0..data.times().len()).filter(|&row| data.experiment(row) == Some(name));
            let measured = |row| {
                let columns = 0..self.observables.len();
                columns.filter(|&i| data.value(row, i).is_some()).count()
            };
            rows.map(measured).sum()
        };
        self.experiments()
            .map(|name| (name.to_owned(), count(name)))
            .collect()
    }

    /// Experiments that only the model file or only the data know, and measurements of nothing.
    fn oddities(&self, data: &Data) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let path = data.path().display();
        let mut warn = |message| {
            let place = None;
            warnings.push(Warning { place, message });
        };
        let conditions = self.conditions.iter();
        let different = |c: &&Condition| !c.overrides.is_empty() || !c.initial.is_empty();
        let known: Vec<&str> = conditions
            .filter(different)
            .filter_map(|condition| condition.name.as_deref())
            .collect();
        for name in self.experiments() {
            let measured = data.experiments().iter().any(|other| other == name);
            match (measured, known.contains(&name)) {
                (false, _) => warn(format!("experiment {name} has no measurements in {path}")),
                (true, false) if !known.is_empty() => warn(format!(
                    "experiment {name} of {path} has no conditions of its own under [experiments]"
                )),
                _ => {}
            }
        }
        for (i, observable) in self.observables.iter().enumerate() {
            let (name, column) = (&observable.name, &observable.column);
            if data.has(i) && data.measurements_of(i) == 0 {
                warn(format!(
                    "observable {name} is never measured in {path}: all of {column} is empty"
                ));
            }
            let mut before = self.observables[..i].iter();
            if let Some(first) = before.find(|other| other.column == *column) {
                warn(format!(
                    "observables {} and {name} are both measured by the column {column} of {path}: each of its measurements counts twice; give each its own 'column', or leave out one of them",
                    first.name
                ));
            }
        }
        for name in data.ignored() {
            warn(format!(
                "{path} measures {name}, which is no observable of the model"
            ));
        }
        warnings
    }

    /// A loss that is named where the noise of observables decides.
    fn ignored_loss(&self) -> Option<Warning> {
        let line = self
            .line_of("fit", "loss")
            .filter(|_| self.has_likelihood())?;
        Some(Warning {
            place: Some((self.path().display().to_string(), line)),
            message: "'loss' is not taken: observables have noise, so the loss is the negative log-likelihood; leave out the one or the other (an observable's 'distribution' has forms for outliers, such as \"laplace\")".into(),
        })
    }

    /// Where the equations jump without anything that looks for it, and comparisons whose answer is taken for granted.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 1.0\n[parameters]\nday = 24.0\n[equations]\ny = \"-floor(t / day) * y\"\n[time]\nstart = 0.0\nend = 48.0";
    /// let jumps = Model::parse(text, "days.toml")?.unseen_jumps();
    /// assert!(jumps[0].to_string().starts_with("days.toml:6: floor(t / day) jumps on the way"), "{}", jumps[0]);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn unseen_jumps(&self) -> Vec<Warning> {
        let equations: Vec<&Resolved> = self.states.iter().map(|state| &state.equation).collect();
        let parts = self.parts.needed(equations.iter().copied());
        let parts = parts.into_iter().flat_map(|part| self.parts.formulas(part));
        let mut warnings = Vec::new();
        for resolved in parts.chain(equations) {
            let moves = |name: usize| self.parts.dependence_of(resolved.symbols[name]).moves();
            let place = Some((
                self.path().display().to_string(),
                resolved.formula.place().line(),
            ));
            let mut warn = |message| {
                let place = place.clone();
                warnings.push(Warning { place, message });
            };
            for text in resolved.formula.floors(moves) {
                warn(format!(
                    "{text} jumps on the way: its jumps are not located, so steps are small there, and no gradient sees how they move; comparisons, if(a < b, …), and [[events]] are located"
                ));
            }
            for (node, answer) in &resolved.answers {
                if let Answer::Always(answer) = answer {
                    let text = resolved.formula.text_of(*node);
                    warn(format!(
                        "{text} is taken as {answer} throughout: what moves is equal for moments alone; ask which side is smaller, as in if(a < b, …), or abs(a - b) < 0.5 for whole numbers"
                    ));
                }
            }
        }
        warnings
    }

    /// Values that experiments give by expressions, and that lie outside the bounds of their parameters: a fit holds θ to its bounds, and no expression.
    /// Those of the chosen experiment, or else of all.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 1.0\n[parameters]\nk = { value = 2.0, lower = 0.1, upper = 3.0 }\n[equations]\ny = \"-k * y\"\n\
    ///     [time]\nstart = 0.0\nend = 1.0\n[experiments.warm]\nk = \"2 * k\"";
    /// let beyond = Model::parse(text, "decay.toml")?.beyond_bounds();
    /// assert_eq!(
    ///     beyond[0].to_string(),
    ///     "decay.toml:11: in experiment warm k = 4 is outside its bounds, 0.1 to 3; a fit does not hold an expression to that"
    /// );
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn beyond_bounds(&self) -> Vec<Warning> {
        let conditions = match self.selected {
            0 => 0..self.conditions.len(),
            chosen => chosen..chosen + 1,
        };
        let mut warnings = Vec::new();
        for under in conditions.map(|condition| self.under(condition)) {
            let (phi, condition) = (under.phi(), under.condition());
            for (symbol, formula) in &condition.overrides {
                let parameter = &under.parameters[condition.picks[*symbol]];
                let refusal = parameter.refusal(phi[*symbol]).filter(|_| !parameter.fixed);
                let Some(refusal) = refusal else { continue };
                let place = formula.formula.place();
                warnings.push(Warning {
                    place: Some((place.source.path.display().to_string(), place.line())),
                    message: format!(
                        "in experiment {} {refusal}; a fit does not hold an expression to that",
                        condition.name.as_deref().unwrap_or_default()
                    ),
                });
            }
        }
        warnings
    }

    /// Where the equations bend by a function of states, which nothing looks for: what a gradient loses there.
    fn unseen_kinks(&self) -> Vec<Warning> {
        let equations: Vec<&Resolved> = self.states.iter().map(|state| &state.equation).collect();
        let parts = self.parts.needed(equations.iter().copied());
        let parts = parts.into_iter().flat_map(|part| self.parts.formulas(part));
        let mut warnings = Vec::new();
        for resolved in parts.chain(equations) {
            let symbol = |name: usize| resolved.symbols[name];
            let moves = |name: usize| self.parts.dependence_of(symbol(name)).states;
            let is_state = |name: usize| matches!(symbol(name), Symbol::State(_));
            for [text, instead] in resolved.formula.bends(moves, is_state) {
                let path = self.path().display().to_string();
                warnings.push(Warning {
                    place: Some((path, resolved.formula.place().line())),
                    message: format!(
                        "{text} bends on the way: if the solution crosses there, gradients are off by more than the tolerances; {instead} is located, and exact"
                    ),
                });
            }
        }
        warnings
    }

    /// Rows to fit at times that the model does not reach.
    fn outside(&self, data: &Data) -> Option<Warning> {
        let (start, end) = self.span();
        let rows = (0..data.times().len()).filter(|&row| data.used(row));
        let beyond: Vec<usize> = rows
            .filter(|&row| (data.times()[row] - start) * (end - data.times()[row]) < 0.0)
            .collect();
        let first = *beyond.first()?;
        Some(Warning {
            place: Some((data.path().display().to_string(), data.line(first))),
            message: format!(
                "{} of the rows to fit lie outside the model's time, {start} to {end} (this is the first, t = {}): move [time], or leave them out by 'use' under [data]",
                beyond.len(),
                data.times()[first]
            ),
        })
    }

    /// The line of a key of one of the file's tables.
    fn line_of(&self, table: &str, key: &str) -> Option<usize> {
        let document = toml_edit::Document::parse(self.source.text.as_str()).ok()?;
        let (key, item) = document
            .as_table()
            .get(table)?
            .as_table_like()?
            .get_key_value(key)?;
        let span = key.span().or_else(|| item.span())?;
        Some(self.source.line(span.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::room;

    pub(super) const MODEL: &str = "[states]\nx = 1.0\ny = \"y0\"\n[parameters]\na = 1.0\nb = 2.0\ny0 = 3.0\nheld = { value = 1.0, fixed = true }\n\
        [equations]\nx = \"-a * x\"\ny = \"-b * y + x\"\n[time]\nstart = 0.0\nend = 2.0\n[observables]\nx = { is = \"x\" }\n";

    #[test]
    fn a_loss_beside_noise_is_named_with_its_line() {
        let told = |text: &str| {
            let check = Model::parse(text, "m.toml").unwrap().check().unwrap();
            let warnings = check.warnings.iter().map(ToString::to_string);
            warnings
                .filter(|text| text.contains("'loss'"))
                .collect::<Vec<_>>()
        };
        let huber = format!("{MODEL}[fit]\nloss = \"huber\"\n");
        assert!(told(&huber).is_empty());
        let noisy = huber.replace("x = { is = \"x\" }", "x = { is = \"x\", noise = 0.1 }");
        assert!(
            told(&noisy)[0].starts_with("m.toml:18: 'loss' is not taken: observables have noise")
        );
        assert!(told(&noisy.replace("loss = \"huber\"\n", "")).is_empty());
    }

    #[test]
    fn an_equality_of_what_moves_is_warned_of() {
        let told = |equation: &str| {
            let text = MODEL.replace("-a * x\"", &format!("{equation}\""));
            let jumps = Model::parse(&text, "m.toml").unwrap().unseen_jumps();
            jumps.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let told_of = told("-a * if(x == 1, y, 2)");
        assert!(
            told_of.len() == 1
                && told_of[0].starts_with("m.toml:10: x == 1 is taken as false throughout")
        );
        assert!(told("-a * (x != y)")[0].contains("(x != y) is taken as true throughout"));
        assert!(told("-a * if(b == 2, y, 2) * (x < y)").is_empty());
    }

    /// The warnings of a model with data.
    pub(super) fn warnings(text: &str, rows: &str) -> Vec<String> {
        let folder = room(&[("d.csv", rows)]);
        let model = Model::parse(text, folder.join("m.toml")).unwrap();
        let warnings = model.check().unwrap().warnings;
        let folder = format!("{}/", folder.display());
        let texts = warnings
            .iter()
            .map(|warning| warning.to_string().replace(&folder, ""));
        texts.collect()
    }

    #[test]
    fn functions_that_bend_are_warned_of_with_what_is_located_in_their_place() {
        let data = "[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
        let told = |equation: &str| {
            let text = MODEL.replace("-a * x\"", &format!("{equation}\""));
            let text = format!("{text}y = {{ is = \"y\" }}\n{data}");
            let mut told = warnings(&text, "t,x,y\n1,0.4,1\n");
            told.retain(|text| text.contains("bends"));
            told
        };
        for (equation, bend, instead) in [
            (
                "-a * abs(x - y)",
                "abs(x - y)",
                "if(x - y > 0, x - y, -(x - y))",
            ),
            ("-a * abs(x) * y", "abs(x)", "if(x > 0, x, -x)"),
            (
                "-a * max(x - b, 0)",
                "max(x - b, 0)",
                "if(x - b > 0, x - b, 0)",
            ),
            ("-a * max(x, 0.5)", "max(x, 0.5)", "if(x > 0.5, x, 0.5)"),
            (
                "-a * min(x, y * t)",
                "min(x, y * t)",
                "if(x < y * t, x, y * t)",
            ),
            ("-relu(x - 1)", "relu(x - 1)", "if(x - 1 > 0, x - 1, 0)"),
        ] {
            let told = told(equation);
            let expected = format!("m.toml:10: {bend} bends on the way: ");
            assert!(
                told.len() == 1
                    && told[0].starts_with(&expected)
                    && told[0].contains(&format!("; {instead} is located")),
                "{equation}: {told:?}"
            );
        }
        // Guards, what is known beforehand, and what has a slope everywhere.
        for equation in [
            "-a * max(x, 0)",
            "-a * sqrt(max(1e-9, x))",
            "-relu(x)",
            "-x * abs(sin(a * t))",
            "-a * x * abs(x) / b",
            "-abs(x - y) * b * (x - y)",
            "-if(x > 1, a * x, 1)",
        ] {
            assert_eq!(told(equation), [""; 0], "{equation}");
        }
        let text = MODEL.replace("-a * x\"", "-a * abs(x + y)\"");
        assert_eq!(
            Model::parse(&text, "m.toml")
                .unwrap()
                .check()
                .unwrap()
                .warnings
                .len(),
            0
        );
    }

    #[test]
    fn columns_that_are_empty_or_counted_twice_are_warned_of() {
        let rows = "t,x,y\n0,1,\n1,0.4,\n";
        let data = "[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
        let plain = format!("{}{data}", MODEL.split("[observables]").next().unwrap());
        let told = "observable y is never measured in d.csv: all of y is empty";
        let told_of = warnings(&plain, rows);
        assert!(told_of.iter().any(|text| text == told), "{told_of:?}");
        // A state that the file has no column for is just not observed.
        let told_of = warnings(&plain, &rows.replace("y", "z"));
        assert!(
            told_of.iter().all(|text| !text.contains("empty")),
            "{told_of:?}"
        );
        let twice = format!("{MODEL}y = {{ is = \"2 * y\", column = \"x\" }}\n{data}");
        let told_of = warnings(&twice, rows);
        assert!(
            told_of.len() == 1
                && told_of[0]
                    .starts_with("observables x and y are both measured by the column x of d.csv"),
            "{told_of:?}"
        );
    }

    #[test]
    fn what_nothing_observed_depends_on_is_named_with_its_line() {
        let check = Model::parse(MODEL, "m.toml").unwrap().check().unwrap();
        let warnings: Vec<String> = check.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "m.toml:6: parameter b changes no observable: fix it, or observe what it acts on",
                "m.toml:7: parameter y0 changes no observable: fix it, or observe what it acts on",
                "m.toml:3: state y is never observed and changes no observable",
            ]
        );
        assert_eq!(
            (check.fitted.join(" "), check.fixed.join(" ")),
            ("a b y0".into(), "held".into())
        );
    }

    #[test]
    fn the_width_of_noise_has_influence() {
        let text = MODEL
            .replace("is = \"x\"", "is = \"x + y\", noise = \"sigma\"")
            .replace("[equations]", "sigma = 1.0\n[equations]");
        assert_eq!(
            Model::parse(&text, "m.toml")
                .unwrap()
                .check()
                .unwrap()
                .warnings,
            []
        );
    }

    #[test]
    fn a_model_without_oddities_has_no_warnings() {
        let text = MODEL.replace("is = \"x\"", "is = \"x + y\"");
        assert_eq!(
            Model::parse(&text, "m.toml")
                .unwrap()
                .check()
                .unwrap()
                .warnings,
            []
        );
        let through = MODEL.replace("-a * x\"", "-a * x * y\"");
        assert_eq!(
            Model::parse(&through, "m.toml")
                .unwrap()
                .check()
                .unwrap()
                .warnings,
            []
        );
    }
}
