//! Elementwise operations: scalar steps for few elements, chains for many, bias and layers in a batch.

use super::{Lower, SMALL, Unfit, Value, Virtual};
use crate::kernel::dispatch::Registers;
use crate::kernel::elementwise::Rows;
use crate::program::draft::{Draft, Each, Operand};
use crate::program::packing::Matrix;
use crate::program::place::{self, Place};
use crate::program::source::{Elementwise, Node};

/// Numbers of a row that is worth beginning anew.
const SHORTEST: usize = 16;

impl<T: Registers> Lower<'_, T> {
    pub(super) fn each(&mut self, node: &Node<T>, operation: Elementwise) -> Result<Value, Unfit> {
        if let Some(value) = self.single(node, operation) {
            return Ok(value);
        }
        let values: Vec<Value> = node
            .operands
            .iter()
            .map(|&operand| self.value(operand))
            .collect();
        if operation.is_add()
            && let Some(value) = self.add(node, &values)?
        {
            return Ok(value);
        }
        if let Some(units) = self.batch_units(node, &values) {
            return self.each_in_panels(node, operation, &values, units);
        }
        let len = node.shape.iter().product::<usize>();
        if len <= SMALL {
            let operands = self.spread_all(node, &values)?;
            let places = (0..len).map(|i| {
                let from: Vec<Place> = operands.iter().map(|places| places[i]).collect();
                self.one(operation.code(), &from)
            });
            return Ok(Value::of(places.collect()));
        }
        let mut from = Vec::new();
        for (value, &operand) in values.iter().zip(&node.operands) {
            from.push(self.chain_operand(value, operand, &node.shape)?);
        }
        let repeated = from.iter().any(|x| matches!(x, Operand::Rows(..)));
        let row = if repeated { row_len(&node.shape) } else { len };
        let to = self.array(len);
        let each = Each {
            code: operation.code(),
            to,
            from,
        };
        self.steps.push(Draft::Chain {
            len,
            row,
            each: vec![each],
        });
        Ok(Value::Array(to, len))
    }

    /// One number from numbers, which is what scalar code is made of; nothing that stands for more than its value.
    fn single(&mut self, node: &Node<T>, operation: Elementwise) -> Option<Value> {
        if !node.shape.is_empty() || self.geometry.is_some() {
            return None;
        }
        let mut from = [Place::ZERO; 3];
        for (place, &operand) in from.iter_mut().zip(&node.operands) {
            *place = match self.values[operand].as_ref()? {
                Value::Array(first, 1) => *first,
                Value::View(places) if places.len() == 1 => places[0],
                _ => return None,
            };
            if place.is_zero() {
                return None;
            }
        }
        let to = self.one(operation.code(), &from[..node.operands.len()]);
        Some(Value::Array(to, 1))
    }

    /// Units of the result, if it is a batch of which some operand is in panels.
    fn batch_units(&self, node: &Node<T>, values: &[Value]) -> Option<usize> {
        let units = self.sample_units(&node.shape)?;
        let in_panels = |value: &Value| matches!(value, Value::Panels(_, own) if *own == units);
        values.iter().any(in_panels).then_some(units)
    }

    fn each_in_panels(
        &mut self,
        node: &Node<T>,
        operation: Elementwise,
        values: &[Value],
        units: usize,
    ) -> Result<Value, Unfit> {
        let geometry = self.geometry.ok_or(Unfit)?;
        let mut from = Vec::new();
        for (value, &operand) in values.iter().zip(&node.operands) {
            if let Some(number) = self.number(value)? {
                from.push(Operand::Number(number));
                continue;
            }
            let spread = match value {
                Value::Panels(_, own) if *own == units => value.clone(),
                _ => Value::of(self.spread(value, operand, &node.shape)?),
            };
            from.push(Operand::Array(Place::new(self.in_panels(&spread, units)?)));
        }
        let to = self.panels(geometry, units);
        let each = Each {
            code: operation.code(),
            to,
            from,
        };
        let len = geometry.len(units);
        self.steps.push(Draft::Chain {
            len,
            row: len,
            each: vec![each],
        });
        Ok(Value::Panels(to.slot, units))
    }

    /// An operand of a chain over arrays of `shape`.
    fn chain_operand(
        &mut self,
        value: &Value,
        node: usize,
        shape: &[usize],
    ) -> Result<Operand, Unfit> {
        if let Some(number) = self.number(value)? {
            return Ok(Operand::Number(number));
        }
        if self.shape(node) == shape {
            return Ok(Operand::Array(self.operand(node)?));
        }
        let spread = self.spread(value, node, shape)?;
        let spread = self.all_readable(spread)?;
        let row = row_len(shape);
        if self.lanes > 0
            && row >= SHORTEST
            && row.is_multiple_of(self.lanes)
            && let Some((slot, rows)) = rows(&spread, row)
        {
            return Ok(Operand::Rows(slot, rows));
        }
        Ok(Operand::Array(self.contiguous(&Value::of(spread))?))
    }

    /// The place of all elements, if they are the same number.
    fn number(&mut self, value: &Value) -> Result<Option<Place>, Unfit> {
        let place = match value {
            Value::Array(first, 1) => Some(*first),
            Value::View(places) => place::uniform(places),
            _ => None,
        };
        place.map(|place| self.readable(place)).transpose()
    }

    /// The operand's places, repeated to the result's shape.
    fn spread(&mut self, value: &Value, node: usize, shape: &[usize]) -> Result<Vec<Place>, Unfit> {
        let places = self.places(value)?;
        let own = self.shape(node);
        if own == shape {
            return Ok(places);
        }
        let len = shape.iter().product();
        Ok((0..len)
            .map(|i| places[broadcast_source(i, own, shape)])
            .collect())
    }

    fn spread_all(&mut self, node: &Node<T>, values: &[Value]) -> Result<Vec<Vec<Place>>, Unfit> {
        let mut all = Vec::new();
        for (value, &operand) in values.iter().zip(&node.operands) {
            let places = self.spread(value, operand, &node.shape)?;
            all.push(self.all_readable(places)?);
        }
        Ok(all)
    }

    /// Additions that need no step, or another: a layer's bias, parts of the parameters' gradient, padded arrays.
    fn add(&mut self, node: &Node<T>, values: &[Value]) -> Result<Option<Value>, Unfit> {
        let [left, right] = values else {
            return Ok(None);
        };
        for (layer, bias, bias_node) in [
            (left, right, node.operands[1]),
            (right, left, node.operands[0]),
        ] {
            if self.is_parameter(bias) {
                let layer_node = if bias_node == node.operands[1] {
                    node.operands[0]
                } else {
                    node.operands[1]
                };
                if let Ok(value) = self.bias(node, layer_node, layer, bias, bias_node) {
                    return Ok(Some(value));
                }
            }
        }
        if self.is_sum(left) || self.is_sum(right) {
            let mut terms = Vec::new();
            for value in [left, right] {
                match value {
                    Value::Total(more) => terms.extend(more.iter().cloned()),
                    other => terms.push(other.clone()),
                }
            }
            return Ok(Some(Value::Total(terms.into())));
        }
        let padded = |value: &Value| matches!(value, Value::View(places) if places.iter().any(|p| p.is_zero()));
        if !padded(left) && !padded(right) {
            return Ok(None);
        }
        let operands = self.spread_all(node, values)?;
        let both = operands[0]
            .iter()
            .zip(&operands[1])
            .filter(|(a, b)| !a.is_zero() && !b.is_zero())
            .count();
        if both > 4 * SMALL {
            return Ok(None);
        }
        let sums =
            operands[0]
                .iter()
                .zip(&operands[1])
                .map(|(&a, &b)| match (a.is_zero(), b.is_zero()) {
                    (true, _) => b,
                    (_, true) => a,
                    _ => self.one(crate::kernel::straight::Code::Add, &[a, b]),
                });
        Ok(Some(Value::of(sums.collect())))
    }

    /// Whether a value is part of the parameters.
    pub(super) fn is_parameter(&self, value: &Value) -> bool {
        let virtual_of = |place: &Place| self.virtuals.get(&place.slot);
        let first = match value {
            Value::Array(first, _) => Some(*first),
            Value::View(places) => places.first().copied(),
            _ => None,
        };
        first.is_some_and(|place| matches!(virtual_of(&place), Some(Virtual::Parameters)))
    }

    /// Whether a value has parts that are only known when parameter products are accumulated.
    fn is_sum(&self, value: &Value) -> bool {
        let sum = |place: &Place| {
            matches!(
                self.virtuals.get(&place.slot),
                Some(Virtual::Outer { .. } | Virtual::BatchSum { .. })
            )
        };
        match value {
            Value::Total(_) => true,
            Value::Array(first, _) => sum(first),
            // Padding has many zeros, which no look-up need find.
            Value::View(places) => {
                !self.virtuals.is_empty()
                    && places.iter().any(|place| !place.is_zero() && sum(place))
            }
            Value::Panels(..) => false,
        }
    }

    /// Gives the layer its bias.
    fn bias(
        &mut self,
        node: &Node<T>,
        layer_node: usize,
        layer: &Value,
        bias: &Value,
        bias_node: usize,
    ) -> Result<Value, Unfit> {
        let (&Value::Panels(slot, units), Some(geometry)) = (layer, self.geometry) else {
            return Err(Unfit);
        };
        if self.sample_units(&node.shape) != Some(units) {
            return Err(Unfit);
        }
        let places = self.spread(bias, bias_node, &node.shape)?;
        let strides = place::strides(&places, geometry.batch, units);
        let (first, [0, stride]) = strides.ok_or(Unfit)? else {
            return Err(Unfit);
        };
        let only_user = self.uses[layer_node] == 1;
        match self
            .steps
            .iter_mut()
            .rev()
            .find(|step| matches!(step, Draft::Linear(l) if l.to.slot == slot))
        {
            Some(Draft::Linear(linear)) if only_user && linear.bias.is_none() => {
                linear.bias = Some(Matrix {
                    start: first.at as usize,
                    rows: units,
                    columns: 1,
                    strides: [stride, 1],
                });
                Ok(layer.clone())
            }
            _ => Err(Unfit),
        }
    }
}

/// The element of an operand of shape `own` that broadcasting puts at `index` of `shape`.
fn broadcast_source(mut index: usize, own: &[usize], shape: &[usize]) -> usize {
    let (mut source, mut stride) = (0, 1);
    for axis in 0..shape.len() {
        let at = index % shape[shape.len() - 1 - axis];
        index /= shape[shape.len() - 1 - axis];
        if axis < own.len() {
            let extent = own[own.len() - 1 - axis];
            if extent > 1 {
                source += at * stride;
            }
            stride *= extent;
        }
    }
    source
}

/// Elements of the last axis along which there are several.
fn row_len(shape: &[usize]) -> usize {
    let several = shape.iter().rev().find(|&&extent| extent > 1);
    several.copied().unwrap_or(1)
}

/// Places as rows of one slot, if they come again in such a way.
fn rows(places: &[Place], row: usize) -> Option<(u32, Rows)> {
    let slot = places.first()?.slot;
    let own = |place: &Place| place.slot == slot && !place.is_zero();
    if !places.iter().all(own) {
        return None;
    }
    let at = |place: &Place| place.at;
    let along = places[row - 1].at != places[0].at;
    let regular = |row: &[Place]| {
        let of_row =
            |(i, place): (usize, &Place)| at(place) == at(&row[0]) + u32::from(along) * i as u32;
        row.iter().enumerate().all(of_row)
    };
    if !places.chunks_exact(row).all(regular) {
        return None;
    }
    let starts: Vec<u32> = places.iter().step_by(row).map(at).collect();
    let first = starts[0];
    let every = starts.iter().position(|&start| start != first);
    let (every, count, step) = match every {
        None => (starts.len(), 1, 0),
        Some(every) => {
            let mut steps = starts.iter().step_by(every).skip(1);
            let count = steps.position(|&start| start == first);
            let count = count.map_or(starts.len().div_ceil(every), |before| before + 1);
            (every, count, starts[every].checked_sub(first)?)
        }
    };
    let rows = Rows {
        at: first,
        every: every as u32,
        count: count as u32,
        step,
        along,
    };
    let found = (0..starts.len()).map(|row| rows.start(row));
    found
        .eq(starts.iter().map(|&start| start as usize))
        .then_some((slot, rows))
}
