//! Fits from several starts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Fit;
use super::state::Verdict;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::random::Random;
use crate::settings::{Parameter, Scale};

/// What came of one start.
///
/// ```
/// use costate_model::{Model, Outcome, Starts};
///
/// let mut model = Model::open("examples/lynx-hare.toml")?;
/// model.fit_settings_mut().starts = 2;
/// let starts = Starts::new(&model);
/// // Nothing was done yet: all that is left to do is marked by no state at all.
/// assert!(starts.outcomes().iter().all(|outcome| *outcome == Outcome::Interrupted(String::new())));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The fit ended with this loss.
    Ended {
        /// The loss at the best values.
        loss: f64,
        /// How it ended.
        verdict: Verdict,
        /// Everything from which [`Fit::resume`] goes on.
        state: String,
    },
    /// It could not begin, or not go on: why.
    Failed(String),
    /// It was interrupted before it ended; everything from which it goes on, empty if it had not begun.
    Interrupted(String),
}

impl Outcome {
    /// Whether there is something left to do.
    fn is_open(&self) -> bool {
        matches!(self, Outcome::Interrupted(_))
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    outcomes: Vec<Outcome>,
}

/// A fit from several starts: the file's own values, and others spread over the bounds of all parameters so that each has one value in each of as many equal parts of its
/// range, on its own scale (a Latin hypercube). Where there is no bound the range is a factor of ten both ways on a logarithmic scale, and the
/// value's own size both ways on a linear one. Networks begin with weights of other seeds.
///
/// The starts do not know of each other, so the result does not depend on how many of them are fitted at a time.
///
/// ```
/// use costate_model::{Model, Starts};
///
/// let mut model = Model::open("examples/lynx-hare.toml")?;
/// model.fit_settings_mut().starts = 3;
/// let starts = Starts::new(&model);
/// let alphas: Vec<f64> = starts.models().iter().map(|model| model.parameters()[0].value).collect();
/// assert_eq!((alphas.len(), alphas[0]), (3, 0.55)); // the file's own first
/// assert!(!starts.have_ended());
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Starts {
    models: Vec<Model>,
    outcomes: Vec<Outcome>,
}

impl Starts {
    /// As many starts as the fit's settings say.
    pub fn new(model: &Model) -> Self {
        let count = model.fit.starts.max(1);
        let mut models = vec![model.clone()];
        let mut random = Random::new(model.fit.seed, 0x5741_5254);
        // For each parameter, which part of its range each of the other starts has.
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for parameter in model.parameters.iter().filter(|parameter| !parameter.fixed) {
            let mut parts: Vec<usize> = (0..count - 1).collect();
            for i in (1..parts.len()).rev() {
                parts.swap(i, random.below(i + 1));
            }
            let (from, to) = range(parameter);
            let value = |part: usize| {
                let along = (part as f64 + random.uniform()) / (count - 1) as f64;
                let value = parameter.scale.value(from + along * (to - from));
                value.clamp(parameter.lower, parameter.upper)
            };
            columns.push(parts.into_iter().map(value).collect());
        }
        for i in 1..count {
            let mut other = model.clone();
            let free = other
                .parameters
                .iter_mut()
                .filter(|parameter| !parameter.fixed);
            for (parameter, column) in free.zip(&columns) {
                parameter.value = column[i - 1];
            }
            for network in &mut other.networks {
                network.begin_again(i as u64);
            }
            models.push(other);
        }
        Starts {
            outcomes: vec![Outcome::Interrupted(String::new()); models.len()],
            models,
        }
    }

    /// The model as each start has it, the file's own first.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// What came of each start.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Whether nothing is left to do.
    pub fn have_ended(&self) -> bool {
        !self.outcomes.iter().any(Outcome::is_open)
    }

    /// Everything from which [`Starts::restore`] goes on.
    pub fn save(&self) -> String {
        saved(self.outcomes.clone())
    }

    /// Takes over what an earlier run saved.
    ///
    /// # Errors
    /// [`Error::Argument`] if this is not what one saved, or of another number of starts.
    pub fn restore(&mut self, saved: &str) -> Result<()> {
        let saved: Saved = toml::from_str(saved).map_err(|error| {
            let reason = error.message();
            Error::Argument(format!("this is not the state of several starts: {reason}"))
        })?;
        if saved.outcomes.len() != self.models.len() {
            return Err(Error::Argument(format!(
                "this is the state of {} starts, not of {}",
                saved.outcomes.len(),
                self.models.len()
            )));
        }
        self.outcomes = saved.outcomes;
        Ok(())
    }

    /// Fits from every start that has not ended, `jobs` at a time, until `stop` says so. `seen` is called whenever one has ended, and about once a
    /// second while one goes on, with how many have ended and a way to save everything as it is then.
    ///
    /// ```
    /// use costate_model::{Model, Starts};
    ///
    /// let mut model = Model::open("examples/lynx-hare.toml")?;
    /// model.fit_settings_mut().starts = 2;
    /// let mut starts = Starts::new(&model);
    /// starts.run(1, &|| true, &|_ended, _save| {}); // stopped at once, as by Ctrl-C
    /// assert!(!starts.have_ended());
    /// let mut later = Starts::new(&model);
    /// later.restore(&starts.save())?;
    /// assert_eq!(later.outcomes(), starts.outcomes());
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn run(
        &mut self,
        jobs: usize,
        stop: &(dyn Fn() -> bool + Sync),
        seen: &(dyn Fn(usize, &dyn Fn() -> String) + Sync),
    ) {
        let next = AtomicUsize::new(0);
        let outcomes: Vec<Mutex<Outcome>> = self.outcomes.drain(..).map(Mutex::new).collect();
        let at = |i: usize| outcomes[i].lock().expect("nothing panics with it");
        let models = &self.models;
        let look = || {
            let ended = (0..models.len()).filter(|&i| !at(i).is_open()).count();
            let save = || saved((0..models.len()).map(|i| at(i).clone()).collect());
            seen(ended, &save);
        };
        let work = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= models.len() {
                    return;
                }
                let Outcome::Interrupted(state) = at(i).clone() else {
                    continue;
                };
                let outcome = one(&models[i], &state, stop, &|state| {
                    *at(i) = Outcome::Interrupted(state);
                    look();
                });
                *at(i) = outcome;
                look();
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..jobs.clamp(1, models.len()) {
                scope.spawn(work);
            }
            work();
        });
        let outcomes = outcomes.into_iter();
        let outcomes = outcomes.map(|own| own.into_inner().expect("nothing panics with it"));
        self.outcomes = outcomes.collect();
    }

    /// The fit from the start that led to the least loss; of equal ones the first.
    ///
    /// # Errors
    /// [`Error::Numerical`] if every start failed: why the first did.
    pub fn best(&self) -> Result<Fit> {
        let ended = self.outcomes.iter().enumerate();
        let ended = ended.filter_map(|(i, outcome)| match outcome {
            Outcome::Ended { loss, state, .. } if !loss.is_nan() => Some((i, *loss, state)),
            _ => None,
        });
        let best = ended.min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((i, _, state)) = best {
            return Fit::resume(self.models[i].clone(), state);
        }
        let begun = self.outcomes.iter().zip(&self.models);
        for (outcome, model) in begun {
            if let Outcome::Interrupted(state) = outcome
                && !state.is_empty()
            {
                return Fit::resume(model.clone(), state);
            }
        }
        let why = self.outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Failed(why) => Some(why.clone()),
            _ => None,
        });
        match why {
            Some(why) => Err(Error::Numerical(format!(
                "every start failed; the first: {why}"
            ))),
            None => Fit::new(self.models[0].clone()),
        }
    }
}

fn saved(outcomes: Vec<Outcome>) -> String {
    toml::to_string(&Saved { outcomes }).expect("numbers and texts are TOML")
}

/// Between two looks at a fit that goes on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

fn one(
    model: &Model,
    state: &str,
    stop: &(dyn Fn() -> bool + Sync),
    goes_on: &dyn Fn(String),
) -> Outcome {
    if stop() {
        return Outcome::Interrupted(state.to_owned());
    }
    let fit = match state {
        "" => Fit::new(model.clone()),
        state => Fit::resume(model.clone(), state),
    };
    let mut fit = match fit {
        Ok(fit) => fit,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let mut looked = Instant::now();
    loop {
        if stop() {
            return Outcome::Interrupted(fit.save());
        }
        if looked.elapsed() >= LOOK_EVERY {
            goes_on(fit.save());
            looked = Instant::now();
        }
        match fit.advance() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Outcome::Failed(error.to_string()),
        }
    }
    Outcome::Ended {
        loss: fit.best_loss(),
        verdict: fit.verdict(),
        state: fit.save(),
    }
}

/// The ends of a parameter's coordinate.
fn range(parameter: &Parameter) -> (f64, f64) {
    let Parameter {
        value,
        lower,
        upper,
        scale,
        ..
    } = *parameter;
    let (below, above) = match scale {
        Scale::Log => (value / 10.0, value * 10.0),
        Scale::Linear => {
            let size = if value == 0.0 { 1.0 } else { value.abs() };
            (value - size, value + size)
        }
    };
    let lower = match (lower.is_finite(), scale) {
        (true, Scale::Linear) => lower,
        (true, Scale::Log) if lower > 0.0 => lower,
        _ => below,
    };
    let upper = if upper.is_finite() { upper } else { above };
    (scale.coordinate(lower), scale.coordinate(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_one_start_in_each_part_of_its_range() {
        let text = "[states]\ny = 1.0\n[parameters]\na = { value = 1.0, lower = 0.01, upper = 100.0 }\nb = { value = 0.0, lower = -1.0, upper = 3.0 }\n\
            c = 2.0\nd = { value = 5.0, fixed = true }\n[equations]\ny = \"a + b + c + d\"\n[time]\nstart = 0\nend = 1\n[fit]\nstarts = 9\nseed = 4\n";
        let model = Model::parse(text, "m.toml").unwrap();
        let starts = Starts::new(&model);
        assert_eq!(starts.models().len(), 9);
        assert_eq!(starts.models()[0].parameters(), model.parameters());
        let part = |k: usize, coordinate: fn(f64) -> f64| {
            let others = starts.models()[1..].iter();
            let mut parts: Vec<usize> = others
                .map(|model| (coordinate(model.parameters()[k].value) * 8.0) as usize)
                .collect();
            parts.sort_unstable();
            parts
        };
        let all: Vec<usize> = (0..8).collect();
        assert_eq!(part(0, |a| (a / 0.01).ln() / 1e4_f64.ln()), all);
        assert_eq!(part(1, |b| (b + 1.0) / 4.0), all);
        assert_eq!(part(2, |c| c / 4.0), all);
        assert!(
            starts
                .models()
                .iter()
                .all(|model| model.parameters()[3].value == 5.0)
        );
        assert_eq!(
            Starts::new(&model).models()[5].parameters(),
            starts.models()[5].parameters()
        );
    }
}
