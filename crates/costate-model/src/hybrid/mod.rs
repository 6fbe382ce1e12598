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
pub(crate) use event::{Event, events};
pub(crate) use switch::{Switch, switches};
pub(crate) use system::{System, What};

use crate::model::Model;

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
}
