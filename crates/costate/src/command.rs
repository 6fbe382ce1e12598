//! One file for each command.

mod audit;
mod check;
mod editor;
mod explain;
mod fit;
mod gradient;
mod methods;
mod new;
mod solve;

use std::collections::BTreeSet;
use std::path::Path;

use costate_model::{Model, Save};

use crate::args::{Command, Overrides};
use crate::console::Console;
use crate::error::Result;

pub(crate) fn run(command: Command, console: Console) -> Result<()> {
    match command {
        Command::Solve(args) => solve::run(&args, console),
        Command::Fit(args) => fit::run(&args, console),
        Command::Gradient(args) => gradient::run(&args, console),
        Command::Audit(args) => audit::run(&args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Explain(args) => explain::run(&args, console),
        Command::Schema(args) => editor::schema(&args, console),
        Command::Completions(args) => editor::completions(&args, console),
        Command::Man(args) => editor::man(&args, console),
        Command::New(args) => new::run(&args, console),
        Command::Methods(args) => methods::run(&args, console),
    }
}

/// Reads a model file and puts the command line's values in the place of its own.
fn open(path: &Path, overrides: &Overrides) -> Result<Model> {
    let mut model = Model::open(path)?;
    match (&overrides.method, overrides.step) {
        (None, None) => {}
        (Some(name), None) => model.set_method(name)?,
        (name, Some(step)) => {
            let own = model.solver().method.name;
            model.set_constant_step(name.as_deref().unwrap_or(own), step)?;
        }
    }
    if let Some(rtol) = overrides.rtol {
        model.set_rtol(rtol)?;
    }
    if let Some(atol) = overrides.atol {
        model.set_atol(atol)?;
    }
    for setting in &overrides.set {
        model.set(&setting.name, setting.value)?;
    }
    Ok(model)
}

/// Says which jumps of the equations neither the solver nor a gradient sees.
fn tell_jumps(model: &Model, console: Console) {
    for jump in model.unseen_jumps() {
        console.note(jump);
    }
}

/// Says which states, and costates of its gradient, the solutions of a model leave without control of their errors: of all its experiments, if none was chosen.
fn tell_uncontrolled(model: &Model, console: Console) {
    let experiments: Vec<Model> = match model.chosen_experiment() {
        Some(_) => Vec::new(),
        None => model
            .experiments()
            .filter_map(|name| model.experiment(name).ok())
            .collect(),
    };
    let models = match experiments.is_empty() {
        true => std::slice::from_ref(model),
        false => &experiments,
    };
    let mut told = BTreeSet::new();
    for model in models {
        let solution = model.solve(&Save::Steps);
        if let Ok(solution) = solution {
            told.extend(model.uncontrolled(&solution));
            told.extend(model.uncontrolled_costates(&solution));
        }
    }
    told.into_iter().for_each(|warning| console.note(warning));
}

/// What a picture of the model is called: its title, or else its file's name.
fn title(model: &Model) -> String {
    let stem = || {
        model
            .path()
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    model.title().map_or_else(stem, String::from)
}
