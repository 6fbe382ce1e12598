//! `costate fit`: a model's parameters and networks from its data.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use costate_model::{Fit, Found, Model, Outcome, Save, Starts, Verdict};

use super::open;
use super::solve::rows;
use crate::args::{Fit as Args, ReportFormat};
use crate::checkpoint::{Checkpoint, Plan};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::folder::{self, Folder};
use crate::interrupt;
use crate::progress::Progress;
use crate::report::number::{count, exact};
use crate::report::plot::{Picture, Series};
use crate::report::{csv, found, html, json};

/// Points of the curves in a picture.
const FINE: usize = 1000;

pub(crate) fn run(args: &Args, console: Console) -> Result<()> {
    let (mut work, begun) = match &args.resume {
        Some(place) => resume(args, place)?,
        None => start(args, console)?,
    };
    let (mut fit, interrupted) = match begun {
        Begun::One(mut fit) => {
            introduce(&fit, &work, console);
            interrupt::listen();
            let interrupted = work.drive(&mut fit, args.checkpoint_every, console)?;
            (*fit, interrupted)
        }
        Begun::Many(starts) => {
            interrupt::listen();
            work.spread(*starts, args.jobs, console)?
        }
    };
    let found = fit.found()?;
    let starts = work.starts.clone();
    let place = work.write(&mut fit, &found, interrupted)?;

    let mut out = console.output();
    let shown = place.display().to_string();
    match args.format {
        ReportFormat::Json => {
            let mut document = found::json(&found, &shown);
            if let Some(starts) = &starts {
                document["starts"] = starts.outcomes().iter().map(outcome).collect();
            }
            json::write(&mut out, &document)?;
        }
        ReportFormat::Text => {
            report(&mut out, &found, &fit, &shown)?;
            if let Some(starts) = &starts {
                tell_starts(&mut out, starts)?;
            }
        }
    }
    out.flush()?;
    match &found.verdict {
        _ if interrupted => Err(Error::Interrupted),
        Verdict::Failed(why) => Err(Error::Numerical(format!(
            "the fit failed: {why}; what it had is in '{shown}'"
        ))),
        _ => Ok(()),
    }
}

/// A fit's folder and how the fit was started.
struct Work {
    folder: Folder,
    plan: Plan,
    /// The folder's name as the user knows it.
    shown: PathBuf,
    /// What came of several starts.
    starts: Option<Starts>,
}

/// A fit that is under way.
enum Begun {
    One(Box<Fit>),
    Many(Box<Starts>),
}

fn start(args: &Args, console: Console) -> Result<(Work, Begun)> {
    let path = args
        .model
        .as_ref()
        .expect("the command line asks for a model without --resume");
    let plan = Plan {
        model: fs::canonicalize(path).unwrap_or_else(|_| path.clone()),
        overrides: args.overrides.clone(),
        iterations: args.iterations,
        starts: args.starts,
    };
    let model = planned(path, &plan)?;
    let shown = args.out.clone().unwrap_or_else(|| default_folder(path));
    let (folder, set_aside) = Folder::create(&shown, args.force)?;
    if let Some(path) = set_aside {
        console.note(format!(
            "an interrupted fit was found here and is kept in '{}'",
            path.display()
        ));
    }
    let begun = match model.fit_settings().starts {
        1 => Begun::One(Box::new(Fit::new(model)?)),
        _ => Begun::Many(Box::new(Starts::new(&model))),
    };
    let work = Work {
        folder,
        plan,
        shown,
        starts: None,
    };
    Ok((work, begun))
}

fn resume(args: &Args, place: &Path) -> Result<(Work, Begun)> {
    let (folder, bytes) = Folder::reopen(place)?;
    let checkpoint = Checkpoint::parse(&bytes, &place.join(folder::CHECKPOINT))?;
    let plan = checkpoint.plan;
    if let Some(path) = &args.model
        && fs::canonicalize(path).ok() != fs::canonicalize(&plan.model).ok()
    {
        return Err(Error::Misuse(format!(
            "the fit in '{}' is one of '{}', not of '{}'",
            place.display(),
            plan.model.display(),
            path.display()
        )));
    }
    let path = args.model.as_ref().unwrap_or(&plan.model);
    let model = planned(path, &plan)?;
    let refused = |error| Error::Misuse(format!("cannot resume '{}': {error}", place.display()));
    let begun = match model.fit_settings().starts {
        1 => Begun::One(Box::new(
            Fit::resume(model, &checkpoint.state).map_err(refused)?,
        )),
        _ => {
            let mut starts = Starts::new(&model);
            starts.restore(&checkpoint.state).map_err(refused)?;
            Begun::Many(Box::new(starts))
        }
    };
    let work = Work {
        folder,
        plan,
        shown: place.to_owned(),
        starts: None,
    };
    Ok((work, begun))
}

fn planned(path: &Path, plan: &Plan) -> Result<Model> {
    let mut model = open(path, &plan.overrides)?;
    if plan.iterations.is_some() {
        model.fit_settings_mut().iterations = plan.iterations;
    }
    if let Some(starts) = plan.starts {
        if starts == 0 {
            return Err(Error::Misuse("--starts must be at least 1".into()));
        }
        model.fit_settings_mut().starts = starts;
    }
    Ok(model)
}

fn default_folder(model: &Path) -> PathBuf {
    let mut name = model.file_stem().unwrap_or_default().to_owned();
    name.push("-fit");
    name.into()
}

/// Says what will be fitted, to what, and how.
fn introduce(fit: &Fit, work: &Work, console: Console) {
    let (model, data) = (fit.start(), fit.data());
    console.note(super::title(model));
    let names = |fixed: bool| {
        let parameters = model
            .parameters()
            .iter()
            .filter(|parameter| parameter.fixed == fixed);
        parameters
            .map(|parameter| parameter.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let some = |names: String| {
        if names.is_empty() {
            "no parameters".to_owned()
        } else {
            names
        }
    };
    let networks = model.networks().iter().map(|network| {
        format!(
            "; network {} ({} weights)",
            network.name(),
            count(network.parameter_count())
        )
    });
    console.note(format!(
        "  fitted  {}{}",
        some(names(false)),
        networks.collect::<String>()
    ));
    if model.parameters().iter().any(|parameter| parameter.fixed) {
        console.note(format!("  fixed   {}", names(true)));
    }
    let validation = match data.count(false) {
        0 => String::new(),
        others => format!(", {} more for validation", count(others)),
    };
    let measurements = count(data.count(true));
    console.note(format!(
        "  to      {measurements} measurements in {}{validation}{}",
        data.path().display(),
        match data.experiments().len() {
            0 => String::new(),
            n => format!("; {} experiments", count(n)),
        }
    ));
    let solver = model.solver();
    let batch = match model.fit_settings().batch {
        Some(batch) => format!(
            ", batches of {} windows of {} rows",
            batch.size, batch.length
        ),
        None => String::new(),
    };
    console.note(format!(
        "  by      {}{batch}; loss {}; solver {} at rtol {}",
        fit.optimizers().join(", then "),
        model.loss_name(),
        solver.method.name,
        exact(solver.rtol)
    ));
    console.note(format!("  into    {}", work.shown.display()));
}

impl Work {
    fn checkpoint(&self, fit: &mut Fit) -> Result<()> {
        let checkpoint = match &self.starts {
            Some(starts) => Checkpoint {
                plan: self.plan.clone(),
                finished: starts.have_ended(),
                state: starts.save(),
            },
            None => Checkpoint {
                plan: self.plan.clone(),
                finished: fit.is_finished(),
                state: fit.save(),
            },
        };
        self.folder
            .write(folder::CHECKPOINT, &checkpoint.to_bytes())
    }

    /// Fits from every start; the best of them, and whether Ctrl-C came before all had ended.
    fn spread(
        &mut self,
        mut starts: Starts,
        jobs: Option<usize>,
        console: Console,
    ) -> Result<(Fit, bool)> {
        let jobs = jobs.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        let all = starts.models().len();
        console.note(super::title(&starts.models()[0]));
        console.note(format!(
            "  from    {} starts, {} at a time, into {}",
            count(all),
            jobs.min(all),
            self.shown.display()
        ));
        // A fit that is killed begins again from here.
        let checkpoint = Checkpoint {
            plan: self.plan.clone(),
            finished: false,
            state: starts.save(),
        };
        self.folder
            .write(folder::CHECKPOINT, &checkpoint.to_bytes())?;
        starts.run(jobs, &interrupt::requested, &|_| {});
        let fit = starts.best()?;
        let interrupted = !starts.have_ended();
        self.starts = Some(starts);
        Ok((fit, interrupted))
    }

    /// Runs the fit to its end, or until Ctrl-C; whether it was that.
    fn drive(&mut self, fit: &mut Fit, every: f64, console: Console) -> Result<bool> {
        let every = Duration::try_from_secs_f64(every).unwrap_or(Duration::MAX);
        let (done, of) = fit.progress();
        let progress = Progress::new(console, done, of);
        let mut saved: Option<Instant> = None;
        while !fit.is_finished() {
            if interrupt::requested() {
                return Ok(true);
            }
            fit.advance()?;
            if saved.is_none_or(|at| at.elapsed() >= every) {
                self.checkpoint(fit)?;
                saved = Some(Instant::now());
            }
            let (done, of) = fit.progress();
            if let Some(last) = fit.history().last() {
                progress.show(done, of, last.loss, last.gradient_norm);
            }
        }
        Ok(false)
    }

    /// Writes everything and moves the folder to its place, unless an interrupted fit would take that of a finished one. Returns where
    /// the files are.
    fn write(self, fit: &mut Fit, found: &Found, interrupted: bool) -> Result<PathBuf> {
        self.checkpoint(fit)?;
        let fitted = fit.fitted();
        let trajectory = trajectory(&fitted)?;
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
            web_page(fit, &fitted, found, &self.plan)?.as_bytes(),
        )?;

        if interrupted && self.stands_before_a_finished_fit() {
            return Ok(self.folder.leave());
        }
        self.folder.finish()?;
        Ok(self.shown)
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
fn trajectory(fitted: &Model) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if fitted.experiments().next().is_none() {
        let solution = fitted.solve(&Save::Steps)?;
        csv::write(&mut text, "t", &solution.names, rows(&solution))?;
        return Ok(text);
    }
    for (i, name) in fitted.experiments().enumerate() {
        let solution = fitted.experiment(name)?.solve(&Save::Steps)?;
        let mut part = Vec::new();
        csv::write(&mut part, "t", &solution.names, rows(&solution))?;
        let part = String::from_utf8_lossy(&part);
        let mut lines = part.lines();
        let header = lines.next().unwrap_or_default();
        if i == 0 {
            writeln!(text, "experiment,{header}")?;
        }
        let quoted = match name.contains([',', '"']) {
            true => format!("\"{}\"", name.replace('"', "\"\"")),
            false => name.to_owned(),
        };
        lines.try_for_each(|line| writeln!(text, "{quoted},{line}"))?;
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
        let curves = model.observe(&model.solve(&Save::Grid(FINE))?)?;
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
        title: super::title(fitted),
        along: fitted.time_name().to_owned(),
        series,
    })
}

/// Everything about the fit on one page.
fn web_page(fit: &mut Fit, fitted: &Model, found: &Found, plan: &Plan) -> Result<String> {
    let review = fit.review(found)?;
    let report = html::Report {
        fit,
        fitted,
        found,
        review: &review,
        source: fit.start().source(),
        command: &again(plan),
    };
    Ok(html::page(&report, &super::title(fitted)))
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
    option("rtol", overrides.rtol.map(exact));
    option("atol", overrides.atol.map(exact));
    for setting in &overrides.set {
        option(
            "set",
            Some(format!("{}={}", setting.name, exact(setting.value))),
        );
    }
    option("iterations", plan.iterations.map(|n| n.to_string()));
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
        title: super::title(fit.start()),
        along: "iteration".into(),
        series: vec![
            series("loss", along(|record| record.loss)),
            series("gradient norm", along(|record| record.gradient_norm)),
        ],
    }
}

fn report(out: &mut impl Write, found: &Found, fit: &Fit, place: &str) -> Result<()> {
    found::write(out, found)?;
    let weights = if fit.start().networks().is_empty() {
        ""
    } else {
        ", weights.safetensors"
    };
    writeln!(
        out,
        "\nwritten to {place}: fitted.toml{weights}, trajectory.csv, history.csv, fit.svg, history.svg, report.html"
    )?;
    if found.verdict == Verdict::Interrupted {
        writeln!(out, "go on with: costate fit --resume {place}")?;
    }
    Ok(())
}

/// What came of the starts, in one sentence, and why some failed.
fn tell_starts(out: &mut impl Write, starts: &Starts) -> Result<()> {
    let losses = starts
        .outcomes()
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Ended { loss, .. } => Some(*loss),
            _ => None,
        });
    let losses: Vec<f64> = losses.collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let alike = |loss: &&f64| **loss - best <= 1e-3 * best.abs().max(1e-12);
    writeln!(
        out,
        "{} of {} starts ended, {} of them within a thousandth of the least loss",
        losses.len(),
        starts.outcomes().len(),
        losses.iter().filter(alike).count()
    )?;
    for (i, outcome) in starts.outcomes().iter().enumerate() {
        if let Outcome::Failed(why) = outcome {
            writeln!(out, "start {} failed: {why}", i + 1)?;
        }
    }
    Ok(())
}

fn outcome(outcome: &Outcome) -> serde_json::Value {
    match outcome {
        Outcome::Ended { loss, verdict, .. } => {
            serde_json::json!({ "loss": loss, "verdict": verdict.to_string() })
        }
        Outcome::Failed(why) => serde_json::json!({ "failed": why }),
        Outcome::Interrupted(_) => serde_json::json!({ "verdict": "interrupted" }),
    }
}
