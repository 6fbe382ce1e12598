//! From the nodes of a graph to steps: every element of every array gets a place.
//!
//! Slices, transposes and other movements make views and no steps. Small arrays become scalar operations, large ones kernels.
//! With a [`Geometry`], states of a batch lie in panels, their products with parameters are layers, and what the parameters'
//! gradient is made of stays apart until it is accumulated.

mod algebra;
mod elementwise;
mod matmul;
mod movement;
mod sum;

use std::collections::{BTreeMap, HashMap};

use super::allocate::{Origin, Slot};
use super::draft::{Draft, One};
use super::geometry::Geometry;
use super::place::{Place, Value};
use super::source::{Kind, Source};
use crate::kernel::dispatch::Registers;
use crate::kernel::straight;

/// Arrays of at most this many elements are worked on one by one.
const SMALL: usize = 4;

/// A batch may read this many parameters one by one, outside layers; each evaluation copies them into its frame.
const COPIES: usize = 64;

/// A slot that has no memory of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Virtual {
    /// θ, of which layers hold packed copies.
    Parameters,
    /// leftᵀ·right over the batch, \[units of left, units of right\].
    Outer {
        left: u32,
        right: u32,
        rows: usize,
        columns: usize,
    },
    /// The sum of an array over the batch.
    BatchSum { of: u32, units: usize },
}

/// The function does not fit batch panels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfit;

/// The state of lowering.
pub(super) struct Lower<'a, T> {
    source: &'a Source<T>,
    geometry: Option<&'a Geometry>,
    /// Numbers of a register, if chains may read what broadcasting repeats where it is; else 0.
    lanes: usize,
    /// How often nodes are used.
    uses: Vec<u32>,
    values: Vec<Option<Value>>,
    pub(super) slots: Vec<Slot>,
    pub(super) virtuals: HashMap<u32, Virtual>,
    /// Slots of literals and their values; the first is zero.
    pub(super) literals: Vec<(u32, T)>,
    known: HashMap<u64, Place>,
    /// Where single parameters lie that steps read, by their index in θ.
    pub(super) copies: BTreeMap<u32, Place>,
    /// Natural order to panels, by units.
    orders: HashMap<usize, std::rc::Rc<[u32]>>,
    pub(super) steps: Vec<Draft>,
}

impl<'a, T: Registers> Lower<'a, T> {
    pub(super) fn new(
        source: &'a Source<T>,
        geometry: Option<&'a Geometry>,
        lanes: usize,
    ) -> Lower<'a, T> {
        let mut uses = vec![0; source.nodes.len()];
        for node in &source.nodes {
            node.operands.iter().for_each(|&operand| uses[operand] += 1);
        }
        source.outputs.iter().for_each(|&output| uses[output] += 1);
        Lower {
            source,
            geometry,
            lanes,
            uses,
            values: vec![None; source.nodes.len()],
            slots: vec![Slot {
                len: 1,
                from: Origin::Constant,
            }],
            virtuals: HashMap::new(),
            literals: vec![(0, T::ZERO)],
            known: HashMap::new(),
            copies: BTreeMap::new(),
            orders: HashMap::new(),
            steps: Vec::new(),
        }
    }

    fn slot(&mut self, len: usize, from: Origin) -> u32 {
        self.slots.push(Slot { len, from });
        (self.slots.len() - 1) as u32
    }

    fn array(&mut self, len: usize) -> Place {
        Place::new(self.slot(len, Origin::Array))
    }

    fn panels(&mut self, geometry: &Geometry, units: usize) -> Place {
        self.array(geometry.len(units))
    }

    /// The result of a new scalar step.
    fn one(&mut self, code: straight::Code, operands: &[Place]) -> Place {
        let to = Place::new(self.slot(1, Origin::Scalar));
        self.steps.push(Draft::One(One::new(code, to, operands)));
        to
    }

    /// A number that is known now; equal ones are stored once.
    fn literal(&mut self, value: T) -> Place {
        let bits = value.constant_key();
        if let Some(&place) = bits.and_then(|bits| self.known.get(&bits)) {
            return place;
        }
        let place = Place::new(self.slot(1, Origin::Constant));
        self.literals.push((place.slot, value));
        bits.map(|bits| self.known.insert(bits, place));
        place
    }

    /// An input of a phase.
    pub(super) fn input(&mut self, node: usize, phase: usize) -> Value {
        let len = self.len(node);
        let value = match (self.geometry, self.sample_units(self.shape(node))) {
            (Some(geometry), Some(units)) => {
                Value::Panels(self.slot(geometry.len(units), Origin::Input(phase)), units)
            }
            _ => Value::Array(Place::new(self.slot(len, Origin::Input(phase))), len),
        };
        self.values[node] = Some(value.clone());
        value
    }

    /// The units of each sample, if an array of this shape is a batch; vectors are batches of one.
    pub(super) fn sample_units(&self, shape: &[usize]) -> Option<usize> {
        let batch = self.geometry?.batch;
        match *shape {
            [samples, units] if samples == batch => Some(units),
            [units] if batch == 1 => Some(units),
            _ => None,
        }
    }

    /// The parameters.
    pub(super) fn parameters(&mut self, node: usize) -> Value {
        let len = self.len(node);
        let slot = self.slot(len, Origin::Constant);
        if self.geometry.is_some() {
            self.virtuals.insert(slot, Virtual::Parameters);
        }
        let value = Value::Array(Place::new(slot), len);
        self.values[node] = Some(value.clone());
        value
    }

    /// The value of a result, in a batch brought into panels, or side by side if it is no batch.
    pub(super) fn result(&mut self, node: usize) -> Result<Value, Unfit> {
        let value = self.value(node);
        if self.geometry.is_none() {
            return Ok(value);
        }
        match self.sample_units(self.shape(node)) {
            Some(units) => Ok(Value::Panels(self.in_panels(&value, units)?, units)),
            _ => Ok(Value::Array(self.contiguous(&value)?, self.len(node))),
        }
    }

    /// The places of a value that was lowered and is no total.
    pub(super) fn elements(&self, value: &Value) -> Vec<Place> {
        match value {
            Value::Array(first, len) => (0..*len).map(|i| first.plus(i)).collect(),
            Value::View(places) => places.to_vec(),
            Value::Panels(slot, units) => {
                let order = self.geometry.map(|geometry| geometry.places(*units));
                let order = order.unwrap_or_default().into_iter();
                order.map(|at| Place { slot: *slot, at }).collect()
            }
            Value::Total(_) => Vec::new(),
        }
    }

    /// Slots and keys of the literals.
    pub(super) fn literal_keys(&self) -> HashMap<u32, u64> {
        let keys = self
            .literals
            .iter()
            .filter_map(|&(slot, value)| Some((slot, value.constant_key()?)));
        keys.collect()
    }

    /// Takes the memory of slots that have none of their own.
    pub(super) fn forget_virtual_memory(&mut self) {
        for &slot in self.virtuals.keys() {
            self.slots[slot as usize].len = 0;
        }
    }

    /// The value of a node that was lowered.
    pub(super) fn value(&self, node: usize) -> Value {
        self.values[node]
            .clone()
            .expect("operands come before their users")
    }

    /// Lowers one node.
    pub(super) fn node(&mut self, index: usize) -> Result<(), Unfit> {
        if self.values[index].is_some() {
            return Ok(());
        }
        let source = self.source;
        let node = &source.nodes[index];
        let value = match &node.kind {
            Kind::Input => unreachable!("inputs have values before any step"),
            Kind::Constant(values) => {
                Value::of(values.iter().map(|&value| self.literal(value)).collect())
            }
            Kind::Each(each) => self.each(node, *each)?,
            Kind::MatMul => self.matmul(node)?,
            Kind::Sum { outer, axis, inner } => self.sum(node, [*outer, *axis, *inner])?,
            Kind::Move(movement) => self.movement(node, movement)?,
            Kind::Algebra(algebra) => self.algebra(node, *algebra)?,
            Kind::Scatter(table) => {
                let from = self.operand(node.operands[0])?;
                let len = node.shape.iter().product();
                let to = self.array(len);
                self.steps.push(Draft::Scatter {
                    table: table.clone(),
                    from,
                    to,
                    len,
                });
                Value::Array(to, len)
            }
        };
        self.values[index] = Some(value);
        Ok(())
    }

    fn shape(&self, node: usize) -> &'a [usize] {
        &self.source.nodes[node].shape
    }

    fn len(&self, node: usize) -> usize {
        self.shape(node).iter().product()
    }

    /// Places of a value's elements in row-major order; those of a total only after it has been added up.
    fn places(&mut self, value: &Value) -> Result<Vec<Place>, Unfit> {
        match value {
            Value::Panels(slot, units) => {
                let order = self.order(*units);
                Ok(order.iter().map(|&at| Place { slot: *slot, at }).collect())
            }
            Value::Total(_) => Err(Unfit),
            _ => Ok(self.elements(value)),
        }
    }

    /// Natural order to panels.
    fn order(&mut self, units: usize) -> std::rc::Rc<[u32]> {
        let geometry = self.geometry.expect("only batches have panels");
        self.orders
            .entry(units)
            .or_insert_with(|| geometry.places(units).into())
            .clone()
    }

    /// The place where a step can read an element: its own, or that of a copy if it is a parameter.
    fn readable(&mut self, place: Place) -> Result<Place, Unfit> {
        match self.virtuals.get(&place.slot) {
            None => Ok(place),
            Some(Virtual::Parameters) if self.copies.len() < COPIES => {
                if let Some(&copy) = self.copies.get(&place.at) {
                    return Ok(copy);
                }
                let copy = Place::new(self.slot(1, Origin::Constant));
                self.copies.insert(place.at, copy);
                Ok(copy)
            }
            Some(_) => Err(Unfit),
        }
    }

    /// [`readable`](Lower::readable) for all elements.
    fn all_readable(&mut self, mut places: Vec<Place>) -> Result<Vec<Place>, Unfit> {
        if !self.virtuals.is_empty() {
            for place in &mut places {
                *place = self.readable(*place)?;
            }
        }
        Ok(places)
    }

    /// The first element of a value whose elements lie side by side, brought there if need be.
    pub(super) fn contiguous(&mut self, value: &Value) -> Result<Place, Unfit> {
        match value {
            Value::Array(first, _) if !self.virtuals.contains_key(&first.slot) => {
                return Ok(*first);
            }
            _ => {}
        }
        let from = self.places(value)?;
        let from = self.all_readable(from)?;
        let to = self.array(from.len());
        self.steps.push(Draft::Gather { from, to });
        Ok(to)
    }

    /// As [`contiguous`](Lower::contiguous), for the value of a node, which keeps its new place.
    fn operand(&mut self, node: usize) -> Result<Place, Unfit> {
        let value = self.value(node);
        let place = self.contiguous(&value)?;
        if !matches!(value, Value::Panels(..)) {
            self.values[node] = Some(Value::Array(place, self.len(node)));
        }
        Ok(place)
    }

    /// The slot of a value in panels, brought there if need be.
    pub(super) fn in_panels(&mut self, value: &Value, units: usize) -> Result<u32, Unfit> {
        if let Value::Panels(slot, own) = value
            && *own == units
        {
            return Ok(*slot);
        }
        let geometry = self.geometry.ok_or(Unfit)?;
        let places = self.places(value)?;
        let places = self.all_readable(places)?;
        let order = self.order(units);
        if places.len() != order.len() {
            return Err(Unfit);
        }
        let mut from = vec![Place::ZERO; geometry.len(units)];
        for (&at, &place) in order.iter().zip(&places) {
            from[at as usize] = place;
        }
        let to = self.panels(geometry, units);
        self.steps.push(Draft::Gather { from, to });
        Ok(to.slot)
    }
}
