//! `costate solve`: a model's trajectory.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use costate_model::{Error as ModelError, Model, Save, Trajectory};

use super::{open, tell_unseen};
use crate::args::{Solve, TableFormat};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::report::number::{count, exact};
use crate::report::plot::{Picture, Series};
use crate::report::{csv, json, npy};

pub(crate) fn run(args: &Solve, console: Console) -> Result<()> {
    let mut model = open(&args.model, &args.overrides)?;
    if let Some(name) = &args.experiment {
        model = model.experiment(name)?;
        // What the command line sets stands over what the experiment says.
        for setting in &args.overrides.set {
            model.set(&setting.name, setting.value)?;
        }
    }
    for output in [&args.out, &args.plot].into_iter().flatten() {
        spare_inputs(&model, output)?;
    }
    if args.out.is_some() && args.out == args.plot {
        return Err(Error::Misuse(
            "--out and --plot name the same file; give the picture a name of its own".into(),
        ));
    }
    let format = match args.format {
        Some(format) => format,
        None => by_ending(args.out.as_deref())?,
    };
    tell_unseen(&model, console);
    let save = match &args.save_at {
        Some(times) => Save::At(times.0.clone()),
        None => Save::Steps,
    };
    // A solve that fails half-way is written as far as it came, and only then reported.
    let (trajectory, failure) = match model.solve(&save) {
        Ok(trajectory) => (trajectory, None),
        Err(ModelError::Solve { message, partial }) => (*partial, Some(Error::Numerical(message))),
        Err(error) => return Err(error.into()),
    };
    let warnings = warnings(&model, &save, &trajectory);
    let plotted = trajectory.clone();
    let trajectory = match args.observables {
        true => with_observables(&model, trajectory)?,
        false => trajectory,
    };
    match &args.out {
        None => write(&mut console.output(), &trajectory, format)?,
        Some(path) => File::create(path)
            .and_then(|file| write(&mut BufWriter::new(file), &trajectory, format))
            .map_err(|e| Error::file("write", path, &e))?,
    }
    if let Some(path) = &args.plot {
        let curve = match (&save, &failure) {
            (Save::Steps, None) => model.solve(&Save::At(refined(&plotted.times)))?,
            _ => plotted,
        };
        fs::write(path, picture(&model, &curve).svg())
            .map_err(|e| Error::file("write", path, &e))?;
    }
    for warning in warnings {
        console.note(warning);
    }
    if args.stats {
        print_stats(&trajectory);
    }
    match failure {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// What of a solution may not be what was meant.
fn warnings(model: &Model, save: &Save, trajectory: &Trajectory) -> Vec<String> {
    let mut warnings = model.unscheduled();
    let copies = model.first_copies();
    if !copies.is_empty() {
        let experiments: Vec<&str> = model.experiments().collect();
        warnings.push(format!(
            "no experiment is chosen: this solution is that of {}; --experiment NAME solves with the copies of {}",
            copies.join(", "),
            experiments.join(", ")
        ));
    }
    if let Save::At(times) = save
        && let Some((event, t)) = model.ended_by(trajectory)
        && let missing @ 1.. = times.len().saturating_sub(trajectory.len())
    {
        warnings.push(format!(
            "{event} ended the solution at t = {}: the last {missing} of the times to save lie behind it",
            exact(t)
        ));
    }
    warnings.extend(model.uncontrolled(trajectory));
    warnings
}

/// Endings of files that nobody expects CSV in.
const OTHER_FORMS: [&str; 16] = [
    "feather", "h5", "hdf5", "html", "mat", "nc", "npz", "ods", "parquet", "pdf", "png", "svg",
    "toml", "tsv", "xls", "xlsx",
];

/// The form that the ending of a file name asks for; CSV if it asks for none.
fn by_ending(path: Option<&Path>) -> Result<TableFormat> {
    let ending = path.and_then(Path::extension).unwrap_or_default();
    match ending.to_string_lossy().to_ascii_lowercase().as_str() {
        "npy" => Ok(TableFormat::Npy),
        "json" => Ok(TableFormat::Json),
        other if OTHER_FORMS.contains(&other) => Err(Error::Misuse(format!(
            "nothing is written in the form of '.{other}': give --out a name that ends in .csv, .json or .npy, or say --format"
        ))),
        _ => Ok(TableFormat::Csv),
    }
}

fn write(out: &mut impl Write, trajectory: &Trajectory, format: TableFormat) -> io::Result<()> {
    match format {
        TableFormat::Csv => csv::write(out, "t", &trajectory.names, rows(trajectory))?,
        TableFormat::Json => json::write_rows(out, "t", &trajectory.names, rows(trajectory))?,
        TableFormat::Npy => {
            let columns = trajectory.names.len() + 1;
            let row = |i: usize| [&trajectory.times[i]].into_iter().chain(trajectory.row(i));
            npy::write(
                out,
                trajectory.len(),
                columns,
                (0..trajectory.len()).flat_map(row),
            )?;
        }
    }
    out.flush()
}

/// The states and after them the observables, but for those that are states under their own names.
fn with_observables(model: &Model, states: Trajectory) -> Result<Trajectory> {
    let observed = model.observe(&states)?;
    let new: Vec<usize> = (0..observed.names.len())
        .filter(|&i| !states.names.contains(&observed.names[i]))
        .collect();
    let values = (0..states.len()).flat_map(|row| {
        let more = new.iter().map(|&i| observed.row(row)[i]);
        let own = states.row(row).iter().copied();
        own.chain(more).collect::<Vec<f64>>()
    });
    Ok(Trajectory {
        values: values.collect(),
        names: states
            .names
            .iter()
            .cloned()
            .chain(new.iter().map(|&i| observed.names[i].clone()))
            .collect(),
        times: states.times.clone(),
        stats: states.stats,
        events: states.events.clone(),
    })
}

/// The times and states of a trajectory, row by row.
pub(super) fn rows(trajectory: &Trajectory) -> impl Iterator<Item = (f64, &[f64])> {
    trajectory
        .times
        .iter()
        .enumerate()
        .map(|(i, &t)| (t, trajectory.row(i)))
}

fn print_stats(trajectory: &Trajectory) {
    let stats = trajectory.stats;
    let mut text = format!(
        "{} steps, {} rejected tries, {} evaluations of the equations",
        count(stats.accepted),
        count(stats.rejected),
        count(stats.nfe)
    );
    if stats.jacobians > 0 {
        text += &format!(
            ", {} Jacobians, {} factorisations",
            count(stats.jacobians),
            count(stats.factorisations)
        );
    }
    for (name, t) in &trajectory.events {
        text += &format!("\n{name} at t = {}", exact(*t));
    }
    let _ = writeln!(io::stderr(), "{text}");
}

fn picture(model: &Model, trajectory: &Trajectory) -> Picture {
    let curve = |i: usize| rows(trajectory).map(|(t, row)| (t, row[i])).collect();
    let series = trajectory.names.iter().enumerate();
    Picture {
        title: super::title(model),
        along: "t".into(),
        series: series
            .map(|(i, name)| Series {
                name: name.clone(),
                curve: curve(i),
                data: Vec::new(),
            })
            .collect(),
    }
}

/// Times that follow the solver's own steps, each in so many parts that its curve looks smooth.
fn refined(steps: &[f64]) -> Vec<f64> {
    const PARTS: usize = 8;
    let parts = |ends: &[f64]| {
        let (from, to) = (ends[0], ends[1]);
        (0..PARTS).map(move |i| from + (to - from) * (i as f64 / PARTS as f64))
    };
    let mut times: Vec<f64> = steps
        .windows(2)
        .flat_map(parts)
        .chain(steps.last().copied())
        .collect();
    times.dedup();
    times
}

/// Refuses to write over a file that the model is made of.
pub(super) fn spare_inputs(model: &Model, output: &Path) -> Result<()> {
    let Ok(output_file) = fs::canonicalize(output) else {
        return Ok(());
    };
    match model
        .files()
        .into_iter()
        .find(|input| fs::canonicalize(input).is_ok_and(|input| input == output_file))
    {
        Some(_) => Err(Error::Misuse(format!(
            "'{}' belongs to the model and is not overwritten; give another name",
            output.display()
        ))),
        None => Ok(()),
    }
}
