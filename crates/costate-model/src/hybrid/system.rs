//! A model as a chain of arcs: the longer state, and everything that happens to it.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use costate_neural_ode::hybrid::{Hybrid, Map as HybridMap};
use costate_ode::{Method, Norm, Options, Tolerance};

use super::builder::Builder;
use super::driven::Driven;
use super::reset::Reset;
use super::schedule::{Schedule, Span};
use super::settle::{Settle, Slid};
use super::switch::Switch;
use crate::error::Result;
use crate::field::{self, Map};
use crate::model::Model;

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
        field::check_separable(model, field::Layout::Single)?;
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
        let margin = |switch: &Switch| -> Result<Map> {
            let function = field::margin(model, &switch.formula)?;
            Ok(Map::new(model, &function)?.reading(&shape.pieces))
        };
        let all: Vec<Map> = model.switches.iter().map(margin).collect::<Result<_>>()?;
        let mut builder = Builder {
            model,
            phi: &phi,
            span: &span,
            shape,
            margins: &all,
            infused: Vec::new(),
            settle: None,
        };
        builder.infusions()?;
        let inner = field::driven(model)?;
        let field = Driven::new(inner, model.inputs.clone(), builder.shape.clone());
        let (mut margins, mut by_state) = (Vec::new(), Vec::new());
        for (i, (switch, map)) in model.switches.iter().zip(&all).enumerate() {
            let (component, map) = (builder.shape.switches.start + i, map.clone());
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
        options.step = model.solver.step;
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
        // Between two of them lies a step at least, and a solve has no more.
        hybrid.max_events(MOST.min(model.solver.max_steps))
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
