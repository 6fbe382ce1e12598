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

use costate_model::{Model, Save, Trajectory};

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

/// Says which jumps of the equations neither the solver nor a gradient sees, and which bounds a fit does not.
fn tell_unseen(model: &Model, console: Console) {
    let unseen = model.unseen_jumps().into_iter();
    for warning in unseen.chain(model.beyond_bounds()) {
        console.note(warning);
    }
}

/// A model under the conditions of all its experiments, if it has some and none was chosen, each with its solution step by step.
fn solutions(
    model: &Model,
) -> impl Iterator<Item = costate_model::Result<(Model, costate_model::Result<Trajectory>)>> {
    let experiments = match model.chosen_experiment() {
        Some(_) => Vec::new(),
        None => model.experiments().collect(),
    };
    let itself = experiments.is_empty().then(|| Ok(model.clone()));
    let under = experiments.into_iter().map(|name| model.experiment(name));
    itself.into_iter().chain(under).map(|model| {
        let model = model?;
        let solution = model.solve(&Save::Steps);
        Ok((model, solution))
    })
}

/// Which states, and costates of the gradient, these solutions leave without control of their errors.
fn uncontrolled<'a>(
    solutions: impl IntoIterator<Item = &'a (Model, Trajectory)>,
) -> BTreeSet<String> {
    let warnings = solutions.into_iter().flat_map(|(model, solution)| {
        let states = model.uncontrolled(solution);
        states
            .into_iter()
            .chain(model.uncontrolled_costates(solution))
    });
    warnings.collect()
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
