//! Sums over axes.

use super::{Lower, Unfit, Value, Virtual};
use crate::kernel::dispatch::Registers;
use crate::kernel::straight::Code;
use crate::program::allocate::Origin;
use crate::program::draft::Draft;
use crate::program::place::Place;
use crate::program::source::Node;

/// Sums of at most this many numbers become scalar steps.
const FEW: usize = 8;

impl<T: Registers> Lower<'_, T> {
    pub(super) fn sum(&mut self, node: &Node<T>, shape: [usize; 3]) -> Result<Value, Unfit> {
        let value = self.value(node.operands[0]);
        let [outer, axis, inner] = shape;
        if let (&Value::Panels(slot, units), Some(geometry)) = (&value, self.geometry) {
            // What has an axis left is the cotangent of a bias.
            if [outer, axis, inner] == [1, geometry.batch, units] && node.shape.len() == 1 {
                let of = slot;
                let slot = self.slot(units, Origin::Constant);
                self.virtuals.insert(slot, Virtual::BatchSum { of, units });
                return Ok(Value::Array(Place::new(slot), units));
            }
            if axis == geometry.batch * units {
                return Ok(Value::Array(self.panels_total(slot, units), 1));
            }
        }
        if outer * axis * inner <= FEW {
            let places = self.places(&value)?;
            let places = self.all_readable(places)?;
            let mut sums = Vec::new();
            for o in 0..outer {
                for i in 0..inner {
                    let terms: Vec<Place> = (0..axis)
                        .map(|a| places[(o * axis + a) * inner + i])
                        .collect();
                    let sum = terms
                        .iter()
                        .copied()
                        .reduce(|sum, term| self.one(Code::Add, &[sum, term]));
                    sums.push(sum.unwrap_or(Place::ZERO));
                }
            }
            return Ok(Value::of(sums));
        }
        let from = self.operand(node.operands[0])?;
        let to = self.array(outer * inner);
        self.steps.push(Draft::Sum { from, to, shape });
        Ok(Value::Array(to, outer * inner))
    }

    /// The sum over batch and units, run by run, so that what fills last registers stays out.
    fn panels_total(&mut self, slot: u32, units: usize) -> Place {
        let geometry = self.geometry.expect("only batches have panels");
        let runs = geometry.runs(units).into_iter();
        let parts: Vec<Place> = runs
            .map(|(start, len)| {
                let from = Place {
                    slot,
                    at: start as u32,
                };
                let to = self.array(1);
                self.steps.push(Draft::Sum {
                    from,
                    to,
                    shape: [1, len, 1],
                });
                to
            })
            .collect();
        parts
            .into_iter()
            .reduce(|sum, part| self.one(Code::Add, &[sum, part]))
            .unwrap_or(Place::ZERO)
    }
}
