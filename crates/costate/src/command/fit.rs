//! `costate fit`: a model's parameters and networks from its data.

mod files;
mod starts;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use costate_model::{Fit, Found, Model, Starts, Verdict};

use super::open;
use super::solve::spare_inputs;
use crate::args::{Fit as Args, ReportFormat};
use crate::checkpoint::{Checkpoint, Plan};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::folder::{self, Folder};
use crate::interrupt::{self, Doing};
use crate::progress::Progress;
use crate::report::number::{count, exact};
use crate::report::{found, json};

pub(crate) fn run(args: &Args, console: Console) -> Result<()> {
    let (mut work, begun) = match &args.resume {
        Some(place) => resume(args, place)?,
        None => start(args, console)?,
    };
    let (mut fit, interrupted) = match begun {
        Begun::One(mut fit) => {
            introduce(&fit, &work, console);
            interrupt::listen();
            let interrupted = work.drive(&mut fit, every(args), console)?;
            (*fit, interrupted)
        }
        Begun::Many(starts) => {
            interrupt::listen();
            work.spread(*starts, args.jobs, every(args), console)?
        }
    };
    let waiting = Progress::waiting(console, "what the data tell of the parameters");
    let found = fit.found()?;
    for warning in fit.unfitted() {
        console.note(warning);
    }
    let starts = work.starts.clone();
    let (place, warnings) = work.write(&mut fit, &found, interrupted)?;
    drop(waiting);
    for warning in warnings {
        console.note(warning);
    }

    let mut out = console.output();
    let shown = place.display().to_string();
    match args.format {
        ReportFormat::Json => {
            let mut document = found::json(&found, &shown);
            if let Some(starts) = &starts {
                document["starts"] = starts.outcomes().iter().map(starts::json).collect();
            }
            json::write(&mut out, &document)?;
        }
        ReportFormat::Text => {
            report(&mut out, &found, &fit, &shown)?;
            if let Some(starts) = &starts {
                starts::tell(&mut out, starts)?;
            }
            if interrupted || found.verdict == Verdict::Interrupted {
                writeln!(out, "go on with: costate fit --resume {shown}")?;
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
    super::tell_unseen(&model, console);
    let shown = args.out.clone().unwrap_or_else(|| default_folder(path));
    spare_inputs(&model, &shown)?;
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
        model.fit_settings_mut().starts = starts;
    }
    Ok(model)
}

/// The time between two checkpoints.
fn every(args: &Args) -> Duration {
    Duration::try_from_secs_f64(args.checkpoint_every).unwrap_or(Duration::MAX)
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
    let settings = model.fit_settings();
    let batch = match settings.batch {
        Some(batch) => format!(
            ", batches of {} windows of {} rows",
            batch.size, batch.length
        ),
        None if settings.segments > 1 => format!(", in {} segments first", settings.segments),
        None if settings.curriculum > 1 => {
            format!(", on times that grow in {} stages", settings.curriculum)
        }
        None => String::new(),
    };
    console.note(format!(
        "  by      {}{batch}; loss {}; solver {}",
        fit.optimizers().join(", then "),
        model.loss_name(),
        found::solved_by(solver, exact)
    ));
    console.note(format!("  into    {}", work.shown.display()));
}

/// After an evaluation that took longer, what there is is kept before the next.
const WORTH_KEEPING: Duration = Duration::from_millis(10);

impl Work {
    fn checkpoint(&self, fit: &mut Fit) -> Result<()> {
        match &self.starts {
            Some(starts) => self.save(starts.have_ended(), starts.save()),
            None => self.save(fit.is_finished(), fit.save()),
        }
    }

    fn save(&self, finished: bool, state: String) -> Result<()> {
        let bytes = self.bytes(finished, state);
        self.folder.write(folder::CHECKPOINT, &bytes)
    }

    fn bytes(&self, finished: bool, state: String) -> Vec<u8> {
        let checkpoint = Checkpoint {
            plan: self.plan.clone(),
            finished,
            state,
        };
        checkpoint.to_bytes()
    }

    /// Keeps what there is for a Ctrl-C during what comes next.
    fn keep(&self, fit: &mut Fit, doing: Doing) {
        let fitted = fit.fitted();
        let text = fitted.to_file(self.folder.place(), folder::WEIGHTS);
        let mut files = vec![(folder::FITTED, text.into_bytes())];
        files.extend(
            fitted
                .weights_file()
                .map(|weights| (folder::WEIGHTS, weights)),
        );
        files.push((
            folder::CHECKPOINT,
            self.bytes(fit.is_finished(), fit.save()),
        ));
        interrupt::keep(self.folder.snapshot(&self.shown, files), doing);
    }

    /// Runs the fit to its end, or until Ctrl-C; whether it was that.
    fn drive(&mut self, fit: &mut Fit, every: Duration, console: Console) -> Result<bool> {
        let (done, of) = fit.progress();
        let progress = Progress::new(console, done, of);
        let mut saved: Option<Instant> = None;
        let mut took = Duration::MAX;
        let mut stage = None;
        while !fit.is_finished() {
            let now = fit.stage_name();
            if now != stage {
                progress.note(console, now.as_deref().unwrap_or_default());
                stage = now;
            }
            if interrupt::requested() {
                // The report is work too.
                self.keep(fit, Doing::Report);
                return Ok(true);
            }
            if took > WORTH_KEEPING {
                self.keep(fit, Doing::Evaluation);
            }
            let begun = Instant::now();
            fit.advance()?;
            took = begun.elapsed();
            if saved.is_none_or(|at| at.elapsed() >= every) {
                self.checkpoint(fit)?;
                saved = Some(Instant::now());
            }
            let (done, of) = fit.progress();
            if let Some(last) = fit.history().last() {
                progress.show(done, of, last.loss, last.gradient_norm);
            }
        }
        self.keep(fit, Doing::Report);
        Ok(false)
    }
}

fn report(out: &mut impl Write, found: &Found, fit: &Fit, place: &str) -> Result<()> {
    found::write(out, found, fit.start().solver())?;
    let weights = if fit.start().networks().is_empty() {
        ""
    } else {
        ", weights.safetensors"
    };
    writeln!(
        out,
        "\nwritten to {place}: fitted.toml{weights}, trajectory.csv, history.csv, fit.svg, history.svg, report.html"
    )?;
    Ok(())
}
