//! What went wrong with a solution, in the names of its model.

use costate_ode::{Cause, Diagnosis};

use super::Trajectory;
use crate::error::Error;
use crate::model::Model;

impl Model {
    /// An integration that stopped, told with the names of this model.
    pub(crate) fn stopped(&self, error: &costate_ode::Error, partial: Trajectory) -> Error {
        match error {
            costate_ode::Error::Stopped(diagnosis) => Error::Solve {
                message: Told::new(self, diagnosis, &partial).text(),
                partial: Box::new(partial),
            },
            costate_ode::Error::Tolerance {
                which,
                component,
                value,
                reason,
            } => {
                let state = &self.states[component % self.states.len()].name;
                Error::Argument(format!("{which} = {value:e} for state {state}: {reason}"))
            }
            costate_ode::Error::Start { component, value } => {
                let told = self.without_start(component % self.states.len(), *value);
                let message = format!("{}: {told}", self.path().display());
                Error::Solve {
                    message,
                    partial: Box::new(partial),
                }
            }
            other => Error::Argument(other.to_string()),
        }
    }

    /// Of a state that begins with no finite number.
    pub(crate) fn without_start(&self, state: usize, value: f64) -> String {
        let initial = self.initial_formulas().nth(state);
        let why = initial.and_then(|formula| self.origin(formula, &[], f64::NAN));
        format!(
            "{} is {value} at the start{}{}",
            self.states[state].name,
            self.within(),
            why.map_or(String::new(), |why| format!(": {why}"))
        )
    }

    /// What the event that has just happened makes of a state, if that is no finite number; `last` is the state before it.
    fn spoilt_by_event(&self, last: &[f64], t: f64, partial: &Trajectory) -> Option<String> {
        let just = partial.events.iter().rev().take_while(|(_, at)| *at == t);
        let happened: Vec<&str> = just.map(|(name, _)| name.as_str()).collect();
        (0..self.events.len())
            .filter(|&i| happened.contains(&self.event_name(i).as_str()))
            .find_map(|i| {
                let changes = self.events[i].set.iter().chain(&self.events[i].add);
                let mut changes = changes.filter_map(|(k, formula)| {
                    let why = self.origin(formula, last, t)?;
                    Some((&self.states[*k].name, why))
                });
                let (state, why) = changes.next()?;
                let event = self.event_name(i);
                Some(format!(
                    "{event} gives {state} no finite number there: {why}"
                ))
            })
    }
}

/// A diagnosis with the names of a model.
struct Told<'a> {
    model: &'a Model,
    diagnosis: &'a Diagnosis,
    partial: &'a Trajectory,
    /// The last state that was reached: where no step was taken, the start.
    last: Vec<f64>,
    /// A state whose equation has no value there, and why: each try began there, and so none was short enough.
    undefined: Option<(&'a str, String)>,
}

impl<'a> Told<'a> {
    fn new(model: &'a Model, diagnosis: &'a Diagnosis, partial: &'a Trajectory) -> Self {
        let last = match partial.len() {
            0 => model.initial(),
            rows => partial.row(rows - 1).to_vec(),
        };
        let undefined = model.states.iter().find_map(|state| {
            let why = model.origin(&state.equation, &last, diagnosis.t)?;
            Some((state.name.as_str(), why))
        });
        Told {
            model,
            diagnosis,
            partial,
            last,
            undefined,
        }
    }

    /// The state that a component is of; windows of data have several copies of each side by side.
    fn state(&self, component: usize) -> usize {
        component % self.model.states.len()
    }

    fn name(&self, component: usize) -> &'a str {
        &self.model.states[self.state(component)].name
    }

    fn growth(&self, component: usize) -> Option<(f64, f64)> {
        let state = self.state(component);
        self.model.growth(state, &self.last, self.diagnosis.t)
    }

    /// Whether events rather than errors keep the steps short.
    fn by_events(&self) -> bool {
        2 * self.partial.events.len() > self.diagnosis.stats.accepted
    }

    fn text(&self) -> String {
        let diagnosis = self.diagnosis;
        let mut text = self.cause();
        if let Some(worst) = diagnosis.worst
            && matches!(diagnosis.cause, Cause::StepTooSmall | Cause::TooManySteps)
            && self.undefined.is_none()
            && self.model.solver.step.is_none()
            && !self.by_events()
        {
            text += &format!(
                "; the error of {} asks for the smallest steps (its value there is {:e})",
                self.name(worst.component),
                worst.magnitude
            );
        }
        if matches!(
            diagnosis.cause,
            Cause::Unbounded { .. } | Cause::NotFinite { .. }
        ) && let Some(blame) = self.model.blamed_on_atol(self.partial)
        {
            text += &blame;
        }
        if diagnosis.looks_stiff() {
            text += "; the equations look stiff";
        }
        let cost = diagnosis.stats;
        text + &format!(
            " ({} steps, {} rejected, {} evaluations until there)",
            cost.accepted, cost.rejected, cost.nfe
        )
    }

    fn cause(&self) -> String {
        let (model, diagnosis) = (self.model, self.diagnosis);
        let path = model.path().display();
        let stopped = format!(
            "{path}: no step is possible at t = {}{}: ",
            diagnosis.t,
            model.within()
        );
        // So far from where it could have come by its units.
        let runaway = |component: usize| {
            self.growth(component)
                .filter(|(value, _)| value.abs() > 1e100)
        };
        let after_event = model.spoilt_by_event(&self.last, diagnosis.t, self.partial);
        match diagnosis.cause {
            Cause::Unbounded { component, near } => format!(
                "{stopped}state {} grows without bound{} and seems to be infinite near t = {near:.6}; check the signs and units of its equation, or end before it",
                self.name(component),
                self.growth(component)
                    .map_or(String::new(), |(value, doubling)| format!(
                        " ({value:.3e} and doubling every {doubling:.3e}, ever faster)"
                    ))
            ),
            Cause::NotFinite { component, .. }
                if let Some((value, doubling)) = runaway(component) =>
            {
                format!(
                    "{stopped}state {} grows without bound ({value:.3e} and doubling every {doubling:.3e}) until its equation overflows; check the signs and units of its equation, or end before it",
                    self.name(component)
                )
            }
            Cause::State { .. } | Cause::NotFinite { .. } | Cause::StepTooSmall
                if let Some(why) = &after_event =>
            {
                format!("{stopped}{why}")
            }
            Cause::NotFinite { t, component, .. } => {
                let step = (t - diagnosis.t) + f64::EPSILON * (t.abs() + 1.0).copysign(diagnosis.h);
                let why = model.origin_behind(self.state(component), &self.last, diagnosis.t, step);
                format!(
                    "{stopped}the equation of {} gives no finite number at t = {t}: {}",
                    self.name(component),
                    why.unwrap_or_else(|| {
                        "look for a division by zero, a logarithm or root of a negative number, or an overflow".into()
                    })
                )
            }
            Cause::NothingAllowed { component } => format!(
                "{stopped}{name} is zero there and so is its atol, which allows it no error at all; set an atol for {name}, the size below which it does not matter",
                name = self.name(component)
            ),
            Cause::StepTooSmall if let Some((state, why)) = &self.undefined => {
                format!("{stopped}the equation of {state} gives no finite number there: {why}")
            }
            Cause::StepTooSmall => format!(
                "{stopped}the step {:e} is too small to go on; a jump or a singularity of the equations lies near, or rtol and atol are out of reach",
                diagnosis.h
            ),
            Cause::TooManySteps => format!(
                "{path}: max_steps = {} is used up at t = {} on the way to {}; {}",
                model.solver.max_steps,
                diagnosis.t,
                diagnosis.end,
                match self.by_events() {
                    true => format!(
                        "{} events until there end most of them: raise it, or look at the events",
                        self.partial.events.len()
                    ),
                    false => format!("raise it, or {}", model.solver.of_accuracy()),
                }
            ),
            _ => format!("{path}: {diagnosis}"),
        }
    }
}
