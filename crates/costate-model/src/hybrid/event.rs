//! The events of a model file with their names resolved.

use costate_tape::Scalar;

use crate::error::{Error, Place, Result};
use crate::file::{EventBlock, ModelFile, Named, WhenBlock};
use crate::model::constant;
use crate::scope::{Parts, Resolved, Scope};

/// Something that happens on the way.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) when: When,
    /// New values of states.
    pub(crate) set: Vec<(usize, Resolved)>,
    /// What is added to states.
    pub(crate) add: Vec<(usize, Resolved)>,
    /// How long the addition takes, where it is infused.
    pub(crate) over: Option<Resolved>,
    pub(crate) terminal: bool,
    /// The experiments in which it happens; all if there are none.
    pub(crate) experiments: Option<Vec<String>>,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) enum When {
    /// Where the formula crosses zero; only rising, only falling, or either.
    Zero(Resolved, Option<bool>),
    At(Vec<Resolved>),
    Every {
        every: Resolved,
        count: usize,
        start: Option<Resolved>,
    },
}

impl Event {
    /// Whether it happens under a condition of this name.
    pub(crate) fn happens_in(&self, experiment: Option<&str>) -> bool {
        match (&self.experiments, experiment) {
            (None, _) => true,
            (Some(names), Some(name)) => names.iter().any(|known| known == name),
            (Some(_), None) => false,
        }
    }

    /// Everything in it that names are used in.
    pub(crate) fn formulas(&self) -> impl Iterator<Item = &Resolved> {
        let when: Vec<&Resolved> = match &self.when {
            When::Zero(formula, _) => vec![formula],
            When::At(times) => times.iter().collect(),
            When::Every { every, start, .. } => [every].into_iter().chain(start).collect(),
        };
        let changes = self.set.iter().chain(&self.add).map(|(_, formula)| formula);
        when.into_iter().chain(changes).chain(&self.over)
    }
}

impl When {
    /// What the times that are known beforehand are computed from, in the order in which [`When::time`] takes their values; `start` is that of the model's time.
    pub(crate) fn formulas<'a>(&'a self, start: &'a Resolved) -> Vec<&'a Resolved> {
        match self {
            When::Zero(..) => Vec::new(),
            When::At(times) => times.iter().collect(),
            When::Every {
                every, start: own, ..
            } => vec![own.as_ref().unwrap_or(start), every],
        }
    }

    /// How many times are known beforehand.
    pub(crate) fn count(&self) -> usize {
        match self {
            When::Zero(..) => 0,
            When::At(times) => times.len(),
            When::Every { count, .. } => *count,
        }
    }

    /// The `k`-th time, from the values of its [formulas](When::formulas).
    pub(crate) fn time<S: Scalar>(&self, given: &[S], k: usize) -> S {
        match self {
            When::Every { .. } => given[0] + given[1] * S::from_f64(k as f64),
            _ => given[k],
        }
    }
}

pub(crate) fn events(
    file: &ModelFile,
    scope: &Scope,
    parts: &Parts,
    experiments: &[&str],
) -> Result<Vec<Event>> {
    let one = |block: &EventBlock| event(block, scope, parts, experiments);
    file.events.iter().map(one).collect()
}

fn event(block: &EventBlock, scope: &Scope, parts: &Parts, experiments: &[&str]) -> Result<Event> {
    let known = |formula| {
        let resolved = scope.resolve(formula)?;
        constant(&resolved, parts, "the time of an event")?;
        Ok::<_, Error>(resolved)
    };
    let when = match &block.when {
        WhenBlock::Zero(formula, rising) => When::Zero(scope.resolve(formula)?, *rising),
        WhenBlock::At(times) => When::At(times.iter().map(known).collect::<Result<_>>()?),
        WhenBlock::Every {
            every,
            count,
            start,
        } => When::Every {
            every: known(every)?,
            count: *count,
            start: start.as_ref().map(known).transpose()?,
        },
    };
    let changes = |named: &[Named]| -> Result<Vec<(usize, Resolved)>> {
        let change =
            |entry: &Named| Ok((scope.state(&entry.name)?, scope.resolve(&entry.formula)?));
        named.iter().map(change).collect()
    };
    if let Some(names) = &block.experiments {
        for name in names {
            if !experiments.contains(&name.value.as_str()) {
                let near = crate::error::nearest(&name.value, experiments.iter().copied());
                let help = near.map(|near| format!("did you mean '{near}'?"));
                let message = format!("no experiment is called '{}'", name.value);
                return Err(name.place.error(message).with_help(help).into());
            }
        }
    }
    let names = block.experiments.as_ref();
    Ok(Event {
        when,
        set: changes(&block.set)?,
        add: changes(&block.add)?,
        over: block.over.as_ref().map(known).transpose()?,
        terminal: block.terminal,
        experiments: names.map(|names| names.iter().map(|name| name.value.clone()).collect()),
        place: block.place.clone(),
    })
}
