//! What a fit writes into its folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use costate_model::{Error as ModelError, Fit, Found, Model, Save, Starts, Trajectory};

use super::Work;
use crate::checkpoint::{Checkpoint, Plan};
use crate::command::{solutions, solve::rows, title, uncontrolled};
use crate::error::Result;
use crate::folder;
use crate::interrupt;
use crate::report::number::exact;
use crate::report::plot::{Picture, Series};
use crate::report::{csv, html};

/// Points of the curves in a picture.
const FINE: usize = 1000;

impl Work {
    /// Writes everything and moves the folder to its place, unless an interrupted fit would take that of a finished one. Returns where
    /// the files are, which experiments could not be solved, and what of a finished fit's solutions has no control of its errors.
    pub(super) fn write(
        self,
        fit: &mut Fit,
        found: &Found,
        interrupted: bool,
    ) -> Result<(PathBuf, BTreeSet<String>)> {
        self.checkpoint(fit)?;
        let fitted = fit.fitted();
        let (mut solved, mut warnings) = (Vec::new(), BTreeSet::new());
        for solution in solutions(&fitted) {
            let (model, solution) = solution?;
            match solution {
                Ok(solution) => solved.push((model, solution)),
                // What was fitted loses nothing by what was not.
                Err(ModelError::Solve { message, .. }) => {
                    match model.solve_fitted(fit.data(), &Save::Steps)? {
                        Some(solution) => {
                            warnings.insert(format!(
                                "trajectory.csv ends with the rows that were fitted: {message}"
                            ));
                            solved.push((model, solution));
                        }
                        None => {
                            warnings.insert(format!("left out of trajectory.csv: {message}"));
                        }
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        let trajectory = trajectory(&solved)?;
        if !interrupted {
            warnings.extend(uncontrolled(&solved));
        }
        let mut history = Vec::new();
        let records: Vec<(f64, [f64; 2])> = fit
            .history()
            .map(|record| (record.iteration as f64, [record.loss, record.gradient_norm]))
            .collect();
        let lines = records
            .iter()
            .map(|(iteration, values)| (*iteration, &values[..]));
        csv::write(&mut history, "iteration", ["loss", "gradient_norm"], lines)?;

        let folder = &self.folder;
        folder.write(
            folder::FITTED,
            fitted.to_file(folder.place(), folder::WEIGHTS).as_bytes(),
        )?;
        if let Some(weights) = fitted.weights_file() {
            folder.write(folder::WEIGHTS, &weights)?;
        }
        folder.write(folder::HISTORY, &history)?;
        folder.write(folder::TRAJECTORY, &trajectory)?;
        folder.write(
            folder::FIT_PICTURE,
            fit_picture(fit, &fitted)?.svg().as_bytes(),
        )?;
        folder.write(
            folder::HISTORY_PICTURE,
            history_picture(fit).svg().as_bytes(),
        )?;
        folder.write(
            folder::REPORT,
            self.web_page(fit, &fitted, found)?.as_bytes(),
        )?;

        interrupt::release();
        if interrupted && self.stands_before_a_finished_fit() {
            return Ok((self.folder.leave(), warnings));
        }
        self.folder.finish()?;
        Ok((self.shown, warnings))
    }

    /// Everything about the fit on one page.
    fn web_page(&self, fit: &mut Fit, fitted: &Model, found: &Found) -> Result<String> {
        let review = fit.review(found)?;
        let report = html::Report {
            fit,
            fitted,
            found,
            review: &review,
            starts: self.starts.as_ref().map_or(&[], Starts::outcomes),
            source: fit.start().source(),
            command: &again(&self.plan),
        };
        Ok(html::page(&report, &title(fitted)))
    }

    fn stands_before_a_finished_fit(&self) -> bool {
        let earlier = self.folder.earlier();
        earlier.is_some_and(|bytes| {
            Checkpoint::parse(&bytes, self.folder.place())
                .is_ok_and(|checkpoint| checkpoint.finished)
        })
    }
}

/// The fitted model's solution as CSV; experiment by experiment, with their names in front, where there are several.
fn trajectory(solved: &[(Model, Trajectory)]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for (i, (model, solution)) in solved.iter().enumerate() {
        let Some(name) = model.chosen_experiment() else {
            csv::write(&mut text, "t", &solution.names, rows(solution))?;
            continue;
        };
        if i == 0 {
            csv::header(&mut text, "experiment,t", &solution.names)?;
        }
        let quoted = match name.contains([',', '"']) {
            true => format!("\"{}\"", name.replace('"', "\"\"")),
            false => name.to_owned(),
        };
        csv::lines(&mut text, &format!("{quoted},"), rows(solution))?;
    }
    Ok(text)
}

/// The observables of the fitted model with their data.
fn fit_picture(fit: &Fit, fitted: &Model) -> Result<Picture> {
    let data = fit.data();
    let mut series = Vec::new();
    let named = data.experiments().iter().map(|name| Some(name.as_str()));
    let experiments: Vec<Option<&str>> = match data.experiments() {
        [] => vec![None],
        _ => named.collect(),
    };
    for experiment in experiments {
        let model = match experiment {
            Some(name) => fitted.experiment(name)?,
            None => fitted.clone(),
        };
        let Some(solution) = model.solve_fitted(data, &Save::Grid(FINE))? else {
            continue;
        };
        let curves = model.observe(&solution)?;
        let own = |row: &usize| data.experiment(*row) == experiment;
        for (i, name) in curves.names.iter().enumerate() {
            let measured = (0..data.times().len()).filter(own);
            series.push(Series {
                name: experiment
                    .map_or(name.clone(), |experiment| format!("{name} ({experiment})")),
                curve: rows(&curves).map(|(t, values)| (t, values[i])).collect(),
                data: measured
                    .filter_map(|row| Some((data.times()[row], data.value(row, i)?)))
                    .collect(),
            });
        }
    }
    Ok(Picture {
        title: title(fitted),
        along: fitted.time_name().to_owned(),
        series,
    })
}

/// The command line that makes this fit again, from the folder of the model.
fn again(plan: &Plan) -> String {
    let quoted = |word: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%[]".contains(c);
        match word.chars().all(is_plain) && !word.is_empty() {
            true => word.to_owned(),
            false => format!("'{}'", word.replace('\'', r"'\''")),
        }
    };
    let overrides = &plan.overrides;
    let name = plan.model.file_name().unwrap_or_default();
    let mut words = vec!["costate fit".to_owned(), quoted(&name.to_string_lossy())];
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {}", quoted(&value))));
    };
    option("method", overrides.method.clone());
    option("step", overrides.step.map(exact));
    option("rtol", overrides.rtol.map(exact));
    option("atol", overrides.atol.map(exact));
    for setting in &overrides.set {
        option(
            "set",
            Some(format!("{}={}", setting.name, exact(setting.value))),
        );
    }
    option("iterations", plan.iterations.map(|n| n.to_string()));
    option("starts", plan.starts.map(|n| n.to_string()));
    words.join(" ")
}

fn history_picture(fit: &Fit) -> Picture {
    let along = |value: fn(&costate_model::Record) -> f64| {
        fit.history()
            .map(|record| (record.iteration as f64, value(&record)))
            .collect()
    };
    let series = |name: &str, curve| Series {
        name: name.into(),
        curve,
        data: Vec::new(),
    };
    Picture {
        title: title(fit.start()),
        along: "iteration".into(),
        series: vec![
            series("loss", along(|record| record.loss)),
            series("gradient norm", along(|record| record.gradient_norm)),
        ],
    }
}
