//! A model as a chain of arcs: the longer state, and everything that happens to it.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use costate_neural_ode::hybrid::{Hybrid, Map as HybridMap};
use costate_ode::{Method, Norm, Options, Tolerance};
use costate_tape::Var;

use super::driven::Driven;
use super::event::{Event, When};
use super::reset::{Reset, Target};
use super::schedule::{Margin, Schedule, Span};
use super::settle::{Settle, Slid};
use crate::error::Result;
use crate::field::{self, Map};
use crate::model::Model;
use crate::scope::Resolved;

/// The components of the longer state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) states: usize,
    /// The component with the number of each input's piece, for inputs that have jumps.
    pub(super) pieces: Vec<Option<usize>>,
    pub(super) switches: Range<usize>,
    /// Components with rates, and the states that they flow into.
    pub(super) infusions: Vec<(usize, usize)>,
    pub(crate) width: usize,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    /// An input goes on to its next piece.
    Piece,
    /// A comparison changes its answer.
    Switch(usize),
    /// An infusion of an event ends, so long after it began.
    InfusionEnds(usize, f64),
    /// An event of the file.
    Event(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Happening {
    pub(super) what: What,
    pub(super) when: Timing,
    pub(super) reset: Option<Reset>,
    pub(super) terminal: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Timing {
    Known(Schedule),
    Crossing(Box<Map>, Option<bool>),
}

/// A model under one condition, with everything that happens.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) shape: Shape,
    pub(super) happenings: Vec<Happening>,
    pub(super) field: Driven,
    pub(super) span: Span,
    /// How far each comparison of time and parameters holds, and the component of its answer.
    margins: Vec<(usize, Map)>,
    settle: Settle,
    /// Where a solution could not go on because both sides of a comparison lead back to it.
    pub(super) slid: Slid,
    inputs: Arc<Vec<crate::input::Input>>,
}

/// Events at known times beyond these are more than anyone means.
const MOST: usize = 1_000_000;

impl System {
    pub(crate) fn new(model: &Model) -> Result<Self> {
        let phi = model.phi();
        let span = Span::default();
        let (start, end) = model.span();
        span.set(start, end);
        let mut shape = Shape {
            states: model.states.len(),
            width: model.states.len(),
            ..Shape::default()
        };
        for input in model.inputs.iter() {
            shape.pieces.push(match input.knots().is_empty() {
                true => None,
                false => {
                    shape.width += 1;
                    Some(shape.width - 1)
                }
            });
        }
        shape.switches = shape.width..shape.width + model.switches.len();
        shape.width = shape.switches.end;
        let mut builder = Builder {
            model,
            phi: &phi,
            span: &span,
            shape,
            infused: Vec::new(),
            settle: None,
        };
        builder.infusions()?;
        let inner = field::driven(model)?;
        let field = Driven::new(inner, model.inputs.clone(), builder.shape.clone());
        let (mut margins, mut by_state) = (Vec::new(), Vec::new());
        for (i, switch) in model.switches.iter().enumerate() {
            let component = builder.shape.switches.start + i;
            let map = margin(model, &builder.shape, &switch.formula, switch.node)?;
            match switch.is_scheduled {
                true => margins.push((component, map)),
                false => by_state.push((i, component, map)),
            }
        }
        let slid = Slid::default();
        let settle = Settle::new(field.clone(), by_state, slid.clone());
        builder.settle = (!model.switches.is_empty()).then(|| settle.clone());
        let happenings = builder.happenings()?;
        Ok(System {
            happenings,
            shape: builder.shape,
            margins,
            settle,
            slid,
            field,
            span,
            inputs: model.inputs.clone(),
        })
    }

    /// The longer state at the start, for what formulas see.
    pub(crate) fn begin(&mut self, phi: &[f64], h0: &[f64], start: f64, end: f64) -> Vec<f64> {
        self.span.set(start, end);
        let direction = self.span.direction();
        let mut h = h0.to_vec();
        h.resize(self.shape.width, 0.0);
        for (component, input) in self.shape.pieces.iter().zip(self.inputs.iter()) {
            if let Some(component) = component {
                h[*component] = input.next_piece(start, direction < 0.0) as f64;
            }
        }
        for (component, margin) in &mut self.margins {
            margin.set_parameters(phi);
            let mut value = [0.0];
            Map::eval(margin, 0, &h, start, &mut value);
            let rate = margin.row(0, &[1.0], &mut vec![0.0; h.len()]) * direction;
            let holds = value[0] > 0.0 || (value[0] == 0.0 && rate > 0.0);
            h[*component] = f64::from(u8::from(holds));
        }
        self.slid.take();
        self.settle.set_parameters(phi);
        self.settle.settle(&mut h, start, direction, None);
        h
    }

    /// The comparison that a solution slid along, and when.
    pub(crate) fn slid(&self) -> Option<(What, f64)> {
        let (switch, t) = self.slid.take()?;
        Some((What::Switch(switch), t))
    }

    pub(crate) fn what(&self, happening: usize) -> What {
        self.happenings[happening].what
    }

    /// Tolerances of the model's own states: the rest has no error.
    pub(crate) fn options(&self, model: &Model) -> Options<f64> {
        let atol = model.states.iter().map(|state| state.atol);
        let mut atol: Vec<f64> = atol.collect();
        atol.resize(self.shape.width, 1.0);
        let mut options = Options::tolerances(model.solver.rtol, Tolerance::Components(atol));
        options.norm = Norm::RmsOf(0..self.shape.states);
        options.max_steps = model.solver.max_steps;
        options
    }

    /// The system for gradients.
    pub(crate) fn hybrid(&self, model: &Model, method: Method) -> Hybrid<f64, Vec<f64>, Driven> {
        use costate_neural_ode::hybrid::Event as HybridEvent;
        let like = vec![0.0; self.shape.width];
        let mut hybrid = Hybrid::new(self.field.clone(), &like, method, self.options(model));
        for happening in &self.happenings {
            let mut event = match &happening.when {
                Timing::Known(schedule) => schedule.event(),
                Timing::Crossing(map, rising) => {
                    let event = HybridEvent::crossing((**map).clone());
                    match rising {
                        None => event,
                        Some(true) => event.rising(),
                        Some(false) => event.falling(),
                    }
                }
            };
            if let Some(reset) = &happening.reset {
                event = event.reset(reset.clone());
            }
            if happening.terminal {
                event = event.terminal();
            }
            hybrid = hybrid.event(event);
        }
        hybrid.max_events(MOST)
    }

    /// The events for a solve without gradient, at what formulas see.
    pub(super) fn events(&self, phi: &[f64]) -> Vec<costate_ode::Event<f64, Vec<f64>>> {
        let one = |happening: &Happening| {
            let mut event = match &happening.when {
                Timing::Known(schedule) => costate_ode::Event::at(schedule.times(phi)),
                Timing::Crossing(map, rising) => {
                    let mut map = map.clone();
                    map.set_parameters(phi);
                    let map = Mutex::new(map);
                    let function = move |t: f64, h: &Vec<f64>| {
                        let mut value = [0.0];
                        let mut map = map.lock().expect("nothing panics with it");
                        Map::eval(&mut map, 0, h, t, &mut value);
                        value[0]
                    };
                    let event = costate_ode::Event::when_zero(function);
                    match rising {
                        None => event,
                        Some(true) => event.rising(),
                        Some(false) => event.falling(),
                    }
                }
            };
            if let Some(reset) = &happening.reset {
                let mut reset = reset.clone();
                reset.set_parameters(phi);
                let reset = Mutex::new(reset);
                event = event.reset(move |t, h: &mut Vec<f64>| {
                    let before = h.clone();
                    let mut reset = reset.lock().expect("nothing panics with it");
                    reset.eval(&before, t, h);
                });
            }
            match happening.terminal {
                true => event.terminal(),
                false => event,
            }
        };
        self.happenings.iter().map(one).collect()
    }
}

fn margin(model: &Model, shape: &Shape, formula: &Resolved, node: usize) -> Result<Map> {
    let map = Map::new(model, &field::margin(model, formula, node)?)?;
    Ok(map.reading(&shape.pieces))
}

struct Builder<'a> {
    model: &'a Model,
    phi: &'a [f64],
    span: &'a Span,
    shape: Shape,
    infused: Vec<Infused>,
    settle: Option<Settle>,
}

/// The infusions of one event: so many at a time, and which of its times each of them has.
struct Infused {
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
    fn infusions(&mut self) -> Result<()> {
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

    fn happenings(&self) -> Result<Vec<Happening>> {
        let mut all = Vec::new();
        self.pieces(&mut all)?;
        self.switches(&mut all)?;
        self.infusion_ends(&mut all)?;
        for (index, event) in self.active() {
            self.event(index, event, &mut all)?;
        }
        Ok(all)
    }

    fn pieces(&self, all: &mut Vec<Happening>) -> Result<()> {
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
        Ok(())
    }

    fn switches(&self, all: &mut Vec<Happening>) -> Result<()> {
        for (i, switch) in self.model.switches.iter().enumerate() {
            let component = self.shape.switches.start + i;
            let margin = margin(self.model, &self.shape, &switch.formula, switch.node)?;
            if switch.is_scheduled {
                let states = self.shape.states;
                let zeros =
                    Margin::new(margin.clone(), states, switch.is_affine, self.span.clone());
                let mut reset = self.jump();
                reset.turned = Some((component, margin));
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
        Ok(())
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
    let (mut formulas, count): (Vec<&Resolved>, usize) = match when {
        When::Zero(..) => (Vec::new(), 0),
        When::At(times) => (times.iter().collect(), times.len()),
        When::Every {
            every,
            count,
            start,
        } => (vec![every, start.as_ref().unwrap_or(&model.start)], *count),
    };
    let all: Vec<usize> = (0..count).collect();
    let numbers = numbers.unwrap_or(&all).to_vec();
    let literals: Option<Vec<f64>> = formulas
        .iter()
        .chain(&later)
        .map(|formula| formula.formula.literal())
        .collect();
    if numbers.is_empty() {
        return Ok(Schedule::Constant(Vec::new()));
    }
    let repeated = matches!(when, When::Every { .. });
    if let Some(values) = literals {
        let later = later.map_or(0.0, |_| values[values.len() - 1]);
        let time = |&k: &usize| match repeated {
            true => values[1] + k as f64 * values[0] + later,
            false => values[k] + later,
        };
        return Ok(Schedule::Constant(numbers.iter().map(time).collect()));
    }
    formulas.extend(later);
    let is_later = later.is_some();
    let function = field::times(model, &formulas, |given: &[Var<'_, f64>]| {
        let time = |&k: &usize| {
            let time = match repeated {
                true => given[1] + given[0] * k as f64,
                false => given[k],
            };
            match is_later {
                true => time + given[given.len() - 1],
                false => time,
            }
        };
        numbers.iter().map(time).collect()
    })?;
    Ok(Schedule::Function(Arc::new(function)))
}
