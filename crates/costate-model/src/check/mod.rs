//! What a model is, and what about it deserves a second look, without solving it.

mod bounds;
mod data;
mod influence;
mod smoothness;

use std::fmt;

use crate::data::Data;
use crate::error::{Place, Result};
use crate::field::{Layout, check_separable};
use crate::fit::Fit;
use crate::model::Model;

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
    /// The optimisers of a fit, in their order; empty without data, without anything to fit, or where a fit refuses the data.
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

impl Warning {
    pub(crate) fn new(place: Option<&Place>, message: String) -> Self {
        let of = |place: &Place| (place.source.path.display().to_string(), place.line());
        Warning {
            place: place.map(of),
            message,
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
        // Without data every observable counts.
        let reached = self.reached(|i| data.is_none() || counts[i] > 0);
        let mut warnings = self.without_influence(&reached, data.is_some());
        if let Some(data) = &data {
            warnings.extend(self.oddities(data));
            warnings.extend(self.unfitted(data));
        }
        for condition in 0..self.conditions.len() {
            warnings.extend(self.under(condition).events_outside());
        }
        warnings.extend((0..self.conditions.len()).find_map(|i| self.under(i).no_start()));
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
            let message = "no row of the data is to be fitted: see 'use' under [data]";
            warnings.push(Warning::new(None, message.into()));
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
            experiments: self.measured_experiments(data.as_ref()),
            measurements: data
                .as_ref()
                .map_or((0, 0), |data| (data.count(true), data.count(false))),
            optimizers: fit.map(|fit| fit.optimizers()).unwrap_or_default(),
            warnings,
        })
    }

    /// Each experiment with the number of its measurements.
    fn measured_experiments(&self, data: Option<&Data>) -> Vec<(String, usize)> {
        let count = |name: &str| {
            let Some(data) = data else { return 0 };
            let rows = (0..data.times().len()).filter(|&row| data.experiment(row) == Some(name));
            rows.map(|row| data.measured(row)).sum()
        };
        self.experiments()
            .map(|name| (name.to_owned(), count(name)))
            .collect()
    }

    /// A state that begins with no finite number.
    fn no_start(&self) -> Option<Warning> {
        let initial = self.initial();
        let mut states = self.initial_formulas().enumerate();
        let (i, formula) = states.find(|(i, _)| !initial[*i].is_finite())?;
        let message = self.without_start(i, initial[i]);
        Some(Warning::new(Some(formula.formula.place()), message))
    }

    /// A loss that is named where the noise of observables decides.
    fn ignored_loss(&self) -> Option<Warning> {
        let place = self
            .place_of("fit", "loss")
            .filter(|_| self.has_likelihood())?;
        let message = "'loss' is not taken: observables have noise, so the loss is the negative log-likelihood; leave out the one or the other (an observable's 'distribution' has forms for outliers, such as \"laplace\")";
        Some(Warning::new(Some(&place), message.into()))
    }

    /// Where the file gives a key of one of its tables.
    fn place_of(&self, table: &str, key: &str) -> Option<Place> {
        let document = toml_edit::Document::parse(self.source.text.as_str()).ok()?;
        let (key, item) = document
            .as_table()
            .get(table)?
            .as_table_like()?
            .get_key_value(key)?;
        Some(Place {
            source: self.source.clone(),
            span: key.span().or_else(|| item.span())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::room;

    pub(super) const MODEL: &str = "[states]\nx = 1.0\ny = \"y0\"\n[parameters]\na = 1.0\nb = 2.0\ny0 = 3.0\nheld = { value = 1.0, fixed = true }\n\
        [equations]\nx = \"-a * x\"\ny = \"-b * y + x\"\n[time]\nstart = 0.0\nend = 2.0\n[observables]\nx = { is = \"x\" }\n";

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

    pub(super) fn warnings_without_data(text: &str) -> Vec<String> {
        let check = Model::parse(text, "m.toml").unwrap().check().unwrap();
        check.warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_start_that_is_no_number_is_warned_of_with_its_reason() {
        let text = MODEL.replace("is = \"x\"", "is = \"x + y\"");
        let text = text.replace("y = \"y0\"", "y = \"log(y0)\"");
        assert!(warnings_without_data(&text).is_empty());
        let wrong = text.replace("y0 = 3.0", "y0 = -3.0");
        let told = ["m.toml:3: y is NaN at the start: log of -3 in 'log(y0)'"];
        assert_eq!(warnings_without_data(&wrong), told);
        let one = format!("{text}[experiments.dry]\ny0 = 0\n");
        let told = ["m.toml:3: y is -inf at the start (experiment dry): log of 0 in 'log(y0)'"];
        assert_eq!(warnings_without_data(&one), told);
    }

    #[test]
    fn a_loss_beside_noise_is_named_with_its_line() {
        let told = |text: &str| {
            let mut warnings = warnings_without_data(text);
            warnings.retain(|text| text.contains("'loss'"));
            warnings
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
    fn what_nothing_observed_depends_on_is_named_with_its_line() {
        let check = Model::parse(MODEL, "m.toml").unwrap().check().unwrap();
        assert_eq!(
            warnings_without_data(MODEL),
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
        assert_eq!(warnings_without_data(&text), [""; 0]);
    }

    #[test]
    fn a_model_without_oddities_has_no_warnings() {
        let text = MODEL.replace("is = \"x\"", "is = \"x + y\"");
        assert_eq!(warnings_without_data(&text), [""; 0]);
        let through = MODEL.replace("-a * x\"", "-a * x * y\"");
        assert_eq!(warnings_without_data(&through), [""; 0]);
    }
}
