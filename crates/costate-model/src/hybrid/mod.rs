//! Models whose equations jump: inputs between whose rows they are smooth, comparisons whose answers change, events, infusions.
//!
//! Between two such times everything is a plain initial value problem. What is constant there stands in the state, after the model's own
//! components: the number of each input's piece, the answer of each moving comparison, the rate of each infusion. Resets change it. So the
//! equations are smooth on each arc up to its very ends, and no comparison is asked at the time where it changes its answer.

mod arcs;
mod builder;
mod differences;
mod driven;
mod event;
mod reset;
mod schedule;
mod settle;
mod solve;
mod switch;
mod system;

pub(crate) use arcs::{Arcs, Unreached};
pub(crate) use differences::{SOLVER, differences};
pub(crate) use event::{Event, When, events};
pub(crate) use switch::{Switch, switches};
pub(crate) use system::{System, What};

use crate::check::Warning;
use crate::model::Model;
use crate::trajectory::Trajectory;

impl Model {
    /// Whether solutions of this model have arcs.
    pub(crate) fn is_hybrid(&self) -> bool {
        let experiment = self.chosen_experiment();
        let happens = |event: &Event| event.happens_in(experiment);
        !self.switches.is_empty() || !self.inputs.is_empty() || self.events.iter().any(happens)
    }

    /// What an event is called in messages: its number in the file and its line.
    pub(crate) fn event_name(&self, event: usize) -> String {
        format!(
            "event {} (line {})",
            event + 1,
            self.events[event].place.line()
        )
    }

    /// The event that ended a solution, and when: one of the file's that is terminal.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    /// let text = "[states]\ny = 1.0\n[equations]\ny = \"-1\"\n[[events]]\nwhen = \"y\"\nterminal = true\n[time]\nstart = 0.0\nend = 9.0";
    /// let model = Model::parse(text, "fall.toml")?;
    /// let (event, t) = model.ended_by(&model.solve(&Save::Steps)?).expect("y comes to zero");
    /// assert!(event == "event 1 (line 5)" && (t - 1.0).abs() < 1e-9);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn ended_by(&self, solution: &Trajectory) -> Option<(String, f64)> {
        let (last, t) = solution.events.last()?;
        let ends = |&i: &usize| self.events[i].terminal && self.event_name(i) == *last;
        let found = (0..self.events.len()).find(ends);
        found.map(|_| (last.clone(), *t))
    }

    /// A warning for each scheduled event of this experiment whose time lies outside the model's, so that it does not happen. Of one that repeats, and may be given
    /// more times than there are, only where none lies within.
    pub(crate) fn events_outside(&self) -> Vec<Warning> {
        let ((start, end), phi) = (self.span(), self.phi());
        let outside = |t: &f64| (t - start) * (end - t) < 0.0;
        let mut warnings = Vec::new();
        for (i, event) in self.events.iter().enumerate() {
            if !event.happens_in(self.chosen_experiment()) {
                continue;
            }
            let given = event.when.formulas(&self.start).into_iter();
            let given: Vec<f64> = given.map(|formula| self.evaluate(formula, &phi)).collect();
            let times = (0..event.when.count()).map(|k| event.when.time(&given, k));
            let beyond: Vec<f64> = times.filter(outside).collect();
            let repeats = matches!(event.when, When::Every { .. });
            let Some(t) = beyond
                .first()
                .filter(|_| !repeats || beyond.len() == event.when.count())
            else {
                continue;
            };
            let more = match beyond.len() {
                1 => String::new(),
                many => format!(" (and {} more)", many - 1),
            };
            let message = format!(
                "event {} at t = {t}{more} lies outside the time span {start} to {end}{} and does not happen",
                i + 1,
                self.within()
            );
            warnings.push(Warning::new(Some(&event.place), message));
        }
        warnings
    }

    /// A warning for each scheduled event whose time lies outside the model's.
    ///
    /// ```
    /// use costate_model::Model;
    /// let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[[events]]\nat = [5, 50]\nadd = { y = 1.0 }\n[time]\nstart = 0.0\nend = 24.0";
    /// let warnings = Model::parse(text, "dose.toml")?.unscheduled();
    /// assert_eq!(warnings, ["event 1 at t = 50 lies outside the time span 0 to 24 and does not happen"]);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn unscheduled(&self) -> Vec<String> {
        let warnings = self.events_outside().into_iter();
        warnings.map(|warning| warning.message).collect()
    }
}
