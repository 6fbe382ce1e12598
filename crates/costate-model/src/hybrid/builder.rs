//! Everything that happens to a model, from its inputs, its comparisons and its events.

use std::ops::Range;
use std::sync::Arc;

use costate_tape::{Scalar, Var};

use super::event::{Event, When};
use super::reset::{Reset, Target};
use super::schedule::{Margin, Schedule, Span};
use super::settle::Settle;
use super::system::{Happening, Shape, Timing, What};
use crate::consistent::Consistent;
use crate::error::Result;
use crate::field::{self, Map};
use crate::model::Model;
use crate::scope::Resolved;

/// Everything that happens, made step by step.
pub(super) struct Builder<'a> {
    pub(super) model: &'a Model,
    pub(super) phi: &'a [f64],
    pub(super) span: &'a Span,
    pub(super) shape: Shape,
    /// How far each comparison holds.
    pub(super) margins: &'a [Map],
    pub(super) infused: Vec<Infused>,
    pub(super) settle: Option<Settle>,
}

/// The infusions of one event: so many at a time, and which of its times each of them has.
pub(super) struct Infused {
    event: usize,
    /// For each of those that can run at a time: the numbers of its times, and its components.
    slots: Vec<(Vec<usize>, Range<usize>)>,
}

impl Builder<'_> {
    fn map(&self, function: &costate_tape::Function<f64>) -> Result<Map> {
        let map = Map::new(self.model, function)?;
        Ok(map.reading(&self.shape.pieces))
    }

    fn active(&self) -> impl Iterator<Item = (usize, &Event)> {
        let experiment = self.model.chosen_experiment();
        let events = self.model.events.iter().enumerate();
        events.filter(move |(_, event)| event.happens_in(experiment))
    }

    /// Makes room for the rates: as many for an event as its infusions overlap.
    pub(super) fn infusions(&mut self) -> Result<()> {
        let model = self.model;
        let mut width = self.shape.width;
        let (mut infused, mut flows) = (Vec::new(), Vec::new());
        for (index, event) in self.active() {
            let Some(over) = &event.over else { continue };
            let over = model.evaluate(over, self.phi).abs();
            let schedule = known(model, &event.when, None, None)?;
            let times = schedule.times(self.phi);
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
            let running = |i: usize| {
                let begun = times[order[i]];
                // One that ends where the next begins does not run beside it.
                let earlier = order[..i].iter();
                earlier
                    .filter(|&&k| times[k] + over > begun * (1.0 + 1e-12))
                    .count()
            };
            let most = (0..order.len()).map(running).max().unwrap_or(0) + 1;
            let mut slots = Vec::new();
            for slot in 0..most {
                let numbers = order.iter().copied().skip(slot).step_by(most);
                let components = width..width + event.add.len();
                let pairs = components.clone().zip(&event.add);
                flows.extend(pairs.map(|(component, (state, _))| (component, *state)));
                width = components.end;
                slots.push((numbers.collect(), components));
            }
            infused.push(Infused {
                event: index,
                slots,
            });
        }
        self.shape.width = width;
        self.shape.infusions = flows;
        self.infused = infused;
        Ok(())
    }

    fn plain(&self) -> Reset {
        Reset {
            span: self.span.clone(),
            width: self.shape.width,
            ..Reset::default()
        }
    }

    /// A reset after which the switches that depend on states are looked at.
    fn jump(&self) -> Reset {
        Reset {
            settle: self.settle.clone(),
            ..self.plain()
        }
    }

    pub(super) fn happenings(&self) -> Result<Vec<Happening>> {
        let mut all = Vec::new();
        self.pieces(&mut all);
        self.switches(&mut all);
        self.infusion_ends(&mut all)?;
        for (index, event) in self.active() {
            self.event(index, event, &mut all)?;
        }
        Ok(all)
    }

    fn pieces(&self, all: &mut Vec<Happening>) {
        for (component, input) in self.shape.pieces.iter().zip(self.model.inputs.iter()) {
            let Some(component) = component else { continue };
            let mut reset = self.jump();
            reset.piece = Some((*component, input.clone()));
            all.push(Happening {
                what: What::Piece,
                when: Timing::Known(Schedule::Constant(input.knots())),
                reset: Some(reset),
                terminal: false,
            });
        }
    }

    fn switches(&self, all: &mut Vec<Happening>) {
        let switches = self.model.switches.iter().zip(self.margins);
        for (i, (switch, margin)) in switches.enumerate() {
            let component = self.shape.switches.start + i;
            if switch.is_scheduled {
                let states = self.shape.states;
                let zeros =
                    Margin::new(margin.clone(), states, switch.is_affine, self.span.clone());
                let mut reset = self.jump();
                reset.turned = Some((component, margin.clone()));
                all.push(Happening {
                    what: What::Switch(i),
                    when: Timing::Known(Schedule::Margin(Arc::new(zeros))),
                    reset: Some(reset),
                    terminal: false,
                });
                continue;
            }
            for (rising, answer) in [(true, 1.0), (false, 0.0)] {
                let mut reset = self.jump();
                reset.crossed = Some((component, answer));
                all.push(Happening {
                    what: What::Switch(i),
                    when: Timing::Crossing(Box::new(margin.clone()), Some(rising)),
                    reset: Some(reset),
                    terminal: false,
                });
            }
        }
    }

    fn infusion_ends(&self, all: &mut Vec<Happening>) -> Result<()> {
        for infused in &self.infused {
            let event = &self.model.events[infused.event];
            for (numbers, components) in &infused.slots {
                let mut reset = self.plain();
                reset.constants = components.clone().map(|i| (i, 0.0)).collect();
                let over = event.over.as_ref();
                let schedule = known(self.model, &event.when, over, Some(numbers.as_slice()))?;
                all.push(Happening {
                    what: What::InfusionEnds(
                        infused.event,
                        over.map_or(0.0, |over| self.model.evaluate(over, self.phi)),
                    ),
                    when: Timing::Known(schedule),
                    reset: Some(reset),
                    terminal: false,
                });
            }
        }
        Ok(())
    }

    fn event(&self, index: usize, event: &Event, all: &mut Vec<Happening>) -> Result<()> {
        let what = What::Event(index);
        let infused = self.infused.iter().find(|infused| infused.event == index);
        if let (Some(infused), Some(over)) = (infused, &event.over) {
            let formulas: Vec<&Resolved> = event.add.iter().map(|(_, formula)| formula).collect();
            for (numbers, components) in &infused.slots {
                let mut reset = self.jump();
                let rates = self.map(&field::quotients(self.model, &formulas, over)?)?;
                let targets = components.clone().map(Target::Set).collect();
                reset.changes.push((rates, targets));
                self.set(event, &mut reset)?;
                let schedule = known(self.model, &event.when, None, Some(numbers.as_slice()))?;
                all.push(Happening {
                    what,
                    when: Timing::Known(schedule),
                    reset: Some(reset),
                    terminal: event.terminal,
                });
            }
            return Ok(());
        }
        let when = match &event.when {
            When::Zero(formula, rising) => {
                let map = self.map(&field::values(self.model, &[formula])?)?;
                Timing::Crossing(Box::new(map), *rising)
            }
            when => Timing::Known(known(self.model, when, None, None)?),
        };
        let mut reset = None;
        if !event.set.is_empty() || !event.add.is_empty() {
            let mut jump = self.jump();
            let consistent = Consistent::new(self.model)?;
            jump.consistent = consistent.map(|own| own.reading(&self.shape.pieces));
            self.set(event, &mut jump)?;
            if !event.add.is_empty() {
                let formulas: Vec<&Resolved> = event.add.iter().map(|(_, f)| f).collect();
                let map = self.map(&field::values(self.model, &formulas)?)?;
                let targets = event.add.iter().map(|(i, _)| Target::Add(*i));
                jump.changes.push((map, targets.collect()));
            }
            reset = Some(jump);
        }
        all.push(Happening {
            what,
            when,
            reset,
            terminal: event.terminal,
        });
        Ok(())
    }

    fn set(&self, event: &Event, reset: &mut Reset) -> Result<()> {
        if event.set.is_empty() {
            return Ok(());
        }
        let formulas: Vec<&Resolved> = event.set.iter().map(|(_, formula)| formula).collect();
        let map = self.map(&field::values(self.model, &formulas)?)?;
        let targets = event.set.iter().map(|(i, _)| Target::Set(*i));
        reset.changes.push((map, targets.collect()));
        Ok(())
    }
}

/// The times of an event that are known beforehand; those of some numbers alone, and later by a duration, if that is asked for.
fn known(
    model: &Model,
    when: &When,
    later: Option<&Resolved>,
    numbers: Option<&[usize]>,
) -> Result<Schedule> {
    let mut formulas = when.formulas(&model.start);
    let given = formulas.len();
    formulas.extend(later);
    let all: Vec<usize> = (0..when.count()).collect();
    let numbers = numbers.unwrap_or(&all).to_vec();
    if numbers.is_empty() {
        return Ok(Schedule::Constant(Vec::new()));
    }
    let literals = formulas.iter().map(|formula| formula.formula.literal());
    if let Some(values) = literals.collect::<Option<Vec<f64>>>() {
        return Ok(Schedule::Constant(times(when, &values, given, &numbers)));
    }
    let function = field::times(model, &formulas, |values: &[Var<'_, f64>]| {
        times(when, values, given, &numbers)
    })?;
    Ok(Schedule::Function(Arc::new(function)))
}

/// The times of these numbers, from the values of what they are computed from: so many `given` for the event, and behind them by how much they are later.
fn times<S: Scalar>(when: &When, values: &[S], given: usize, numbers: &[usize]) -> Vec<S> {
    let (given, later) = values.split_at(given);
    let time = |&k: &usize| match later {
        [later] => when.time(given, k) + *later,
        _ => when.time(given, k),
    };
    numbers.iter().map(time).collect()
}
