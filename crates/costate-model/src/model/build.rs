//! The parts of a model from the blocks of its file.

use costate_ode::Method;

use super::{Noise, Observable, StateVariable};
use crate::error::{Error, Result};
use crate::file::{self, ModelFile};
use crate::likelihood::Distribution;
use crate::overrides::{AUTOMATIC, method_by_name};
use crate::scope::{Dependence, Parts, Resolved, Scope};
use crate::settings::{BatchSettings, FitSettings};

/// # Errors
/// If the formula depends on more than parameters.
pub(crate) fn constant(formula: &Resolved, parts: &Parts, what: &str) -> Result<()> {
    let moving = |&i: &usize| parts.dependence_of(formula.symbols[i]) != Dependence::default();
    match (0..formula.symbols.len()).find(moving) {
        None => Ok(()),
        Some(i) => {
            let name = formula.formula.names().nth(i).unwrap_or_default();
            let message = format!(
                "{what} is an expression of parameters, but '{name}' changes with states, time or a network"
            );
            Err(formula.formula.error_at_name(i, message).into())
        }
    }
}

/// A rate, or what is zero; and whether it is this.
type Equation = (Resolved, bool);

pub(super) fn states(file: &ModelFile, scope: &Scope, parts: &Parts) -> Result<Vec<StateVariable>> {
    let mut equations: Vec<Option<Equation>> = vec![None; file.states.len()];
    for equation in &file.equations {
        let resolved = scope.resolve(&equation.formula)?;
        equations[scope.state(&equation.name)?] = Some((resolved, false));
    }
    for equation in &file.algebraic {
        let (state, name) = (scope.state(&equation.name)?, &equation.name);
        if equations[state].is_some() {
            let message = format!(
                "'{}' has an equation under [equations] already: it is given there, or by what is zero",
                name.value
            );
            return Err(name.place.error(message).into());
        }
        equations[state] = Some((scope.resolve(&equation.formula)?, true));
    }
    let mut atol = vec![file.solver.atol; file.states.len()];
    for (state, value) in &file.solver.atol_of {
        atol[scope.state(state)?] = *value;
    }
    let state = |((state, equation), atol): ((&file::Named, Option<Equation>), f64)| {
        let name = state.name.value.clone();
        let Some((equation, is_algebraic)) = equation else {
            let error = state
                .name
                .place
                .error(format!("the state '{name}' has no equation"));
            return Err(error
                .with_help(Some(format!(
                    "under [equations]: {name} = \"…\", its derivative d{name}/dt; or under [algebraic] what is zero"
                )))
                .into());
        };
        let initial = scope.resolve(&state.formula)?;
        constant(&initial, parts, "an initial value")?;
        Ok(StateVariable {
            name,
            atol,
            initial,
            equation,
            is_algebraic,
        })
    };
    let states: Vec<_> = file
        .states
        .iter()
        .zip(equations)
        .zip(atol)
        .map(state)
        .collect::<Result<_>>()?;
    match states.is_empty() {
        true => Err(file
            .source
            .error(0..0, "a model needs at least one state")
            .into()),
        false => Ok(states),
    }
}

pub(super) fn observables(
    file: &ModelFile,
    scope: &Scope,
    states: &[StateVariable],
) -> Result<Vec<Observable>> {
    let identity =
        |formula: &Resolved| match (formula.formula.is_name(), formula.symbols.as_slice()) {
            (true, &[crate::scope::Symbol::State(i)]) => Some(i),
            _ => None,
        };
    match &file.observables {
        Some(blocks) => blocks
            .iter()
            .map(|block| {
                let name = block.name.value.clone();
                let column = block
                    .column
                    .as_ref()
                    .map_or_else(|| name.clone(), |column| column.value.clone());
                let is = scope.resolve(&block.is)?;
                let noise = match &block.noise {
                    Some(file::NoiseBlock::Formula(formula)) => {
                        Some(Noise::Formula(scope.resolve(formula)?))
                    }
                    Some(file::NoiseBlock::Column(column)) => {
                        Some(Noise::Column(column.value.clone()))
                    }
                    None => None,
                };
                Ok(Observable {
                    name,
                    column,
                    state: identity(&is),
                    is,
                    noise,
                    distribution: block.distribution,
                })
            })
            .collect(),
        None => file
            .states
            .iter()
            .zip(states)
            .enumerate()
            .map(|(i, (entry, state))| {
                let formula =
                    crate::expression::Formula::parse(&state.name, entry.name.place.clone(), None)?;
                Ok(Observable {
                    name: state.name.clone(),
                    column: state.name.clone(),
                    state: Some(i),
                    is: scope.resolve(&formula)?,
                    noise: None,
                    distribution: Distribution::default(),
                })
            })
            .collect(),
    }
}

pub(super) fn method(file: &ModelFile) -> Result<Method> {
    let (name, place) = match (&file.solver.method, &file.solver.step) {
        (Some(name), _) => (name.value.as_str(), &name.place),
        (None, Some(step)) => (AUTOMATIC, &step.place),
        (None, None) => return Ok(Method::by_name(AUTOMATIC).expect("a registered method")),
    };
    let step = file.solver.step.as_ref().map(|step| step.value);
    method_by_name(name, step)
        .map_err(|(message, help)| place.error(message).with_help(Some(help)).into())
}

pub(super) fn fit_settings(file: &ModelFile) -> Result<FitSettings> {
    let block = &file.fit;
    if let Some(name) = &block.gradient {
        crate::problem::check_gradient(&name.value).map_err(|(message, help)| {
            Error::from(name.place.error(message).with_help(Some(help)))
        })?;
    }
    Ok(FitSettings {
        loss: block.loss,
        optimizer: block.optimizer,
        iterations: block.iterations,
        learning_rate: block.learning_rate,
        gradient: block
            .gradient
            .as_ref()
            .map_or("auto", |name| name.value.as_str())
            .to_owned(),
        batch: block.batch.as_ref().map(|batch| BatchSettings {
            size: batch.size,
            length: batch.length,
        }),
        segments: block.segments.as_ref().map_or(1, |placed| placed.value),
        continuity: block.continuity,
        curriculum: block.curriculum.as_ref().map_or(1, |placed| placed.value),
        starts: block.starts,
        seed: block.seed,
        time_limit: block.time_limit,
        batch_place: block.batch.as_ref().map(|batch| batch.place.clone()),
        segments_place: block.segments.as_ref().map(|placed| placed.place.clone()),
        curriculum_place: block.curriculum.as_ref().map(|placed| placed.place.clone()),
    })
}
