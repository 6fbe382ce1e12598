//! Movement of elements: views of what is there.

use super::{Lower, Unfit, Value};
use crate::kernel::dispatch::Registers;
use crate::program::place::Place;
use crate::program::source::{Movement, Node};

impl<T: Registers> Lower<'_, T> {
    pub(super) fn movement(&mut self, node: &Node<T>, movement: &Movement) -> Result<Value, Unfit> {
        let values: Vec<Value> = node
            .operands
            .iter()
            .map(|&operand| self.value(operand))
            .collect();
        // A sum moves term by term.
        if let [Value::Total(terms)] = values.as_slice() {
            let moved = terms
                .iter()
                .map(|term| self.moved(node, movement, std::slice::from_ref(term)));
            return Ok(Value::Total(moved.collect::<Result<Vec<_>, _>>()?.into()));
        }
        self.moved(node, movement, &values)
    }

    fn moved(
        &mut self,
        node: &Node<T>,
        movement: &Movement,
        values: &[Value],
    ) -> Result<Value, Unfit> {
        // What stays in order needs no look at its elements.
        match (movement, values) {
            (Movement::Same, [Value::Panels(slot, units)]) if node.shape.last() == Some(units) => {
                return Ok(Value::Panels(*slot, *units));
            }
            (Movement::Same, [value @ (Value::Array(..) | Value::View(_))]) => {
                return Ok(value.clone());
            }
            (Movement::Run { start, len }, [Value::Array(first, _)]) => {
                return Ok(Value::Array(first.plus(*start), *len));
            }
            _ => {}
        }
        let mut sources = Vec::new();
        for value in values {
            sources.extend(self.places(value)?);
        }
        let len = node.shape.iter().product();
        let pick = |i: usize| match movement.source(i) {
            Some(at) => sources[at],
            None => Place::ZERO,
        };
        Ok(Value::of((0..len).map(pick).collect()))
    }
}
