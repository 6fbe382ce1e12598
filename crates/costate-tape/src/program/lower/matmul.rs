//! Matrix products: layers and outer products in a batch, kernels by how the operands lie otherwise.

use super::{Lower, Unfit, Value, Virtual};
use crate::kernel::dispatch::Registers;
use crate::kernel::straight::Code;
use crate::program::allocate::Origin;
use crate::program::draft::{Draft, Epilogue, Layer};
use crate::program::packing::Matrix;
use crate::program::place::{self, Place};
use crate::program::source::Node;

/// Products of at most this many multiplications become scalar steps.
const FEW: usize = 12;

impl<T: Registers> Lower<'_, T> {
    pub(super) fn matmul(&mut self, node: &Node<T>) -> Result<Value, Unfit> {
        let [left, right] = [node.operands[0], node.operands[1]];
        let (m, k) = match *self.shape(left) {
            [m, k] => (m, k),
            _ => unreachable!("the source makes every product one of matrices"),
        };
        let n = self.len(right) / k.max(1);
        let b = self.value(right);
        if self.is_parameter(&b) && self.geometry.is_some_and(|geometry| geometry.batch == m) {
            // Whatever a layer reads lies in panels: states beside times, for one.
            let panels = self.in_panels(&self.value(left), k)?;
            self.values[left] = Some(Value::Panels(panels, k));
        }
        let a = self.value(left);
        if let Value::Panels(x, _) = a
            && let Some(value) = self.layer(x, &b, k, n)?
        {
            return Ok(value);
        }
        if let Some(value) = self.outer(&a, &b, m, n)? {
            return Ok(value);
        }
        let (a_places, b_places) = (self.places(&a)?, self.places(&b)?);
        let a_places = self.all_readable(a_places)?;
        let b_places = self.all_readable(b_places)?;
        if m * k * n <= FEW {
            return Ok(self.few(&a_places, &b_places, [m, k, n]));
        }
        let to = self.array(m * n);
        let a_strides = place::strides(&a_places, m, k);
        match place::strides(&b_places, k, n) {
            // B lies transposed: its columns are rows side by side.
            Some((b, [1, column])) if n == 1 || column == k => {
                let a = self.operand(left)?;
                self.steps.push(Draft::MatMulTransposed {
                    a,
                    b,
                    to,
                    shape: [m, k, n],
                });
            }
            _ => {
                let b = self.operand(right)?;
                let (a, strides) = match a_strides {
                    Some(found) => found,
                    None => (self.operand(left)?, [k, 1]),
                };
                self.steps.push(Draft::MatMul {
                    a,
                    b,
                    to,
                    shape: [m, k, n],
                    strides,
                });
            }
        }
        Ok(Value::Array(to, m * n))
    }

    fn few(&mut self, a: &[Place], b: &[Place], [m, k, n]: [usize; 3]) -> Value {
        let mut places = Vec::new();
        for i in 0..m {
            for j in 0..n {
                let mut sum = self.one(Code::Mul, &[a[i * k], b[j]]);
                for l in 1..k {
                    let product = self.one(Code::Mul, &[a[i * k + l], b[l * n + j]]);
                    sum = self.one(Code::Add, &[sum, product]);
                }
                places.push(sum);
            }
        }
        Value::of(places)
    }

    /// x·B for a batch x and a matrix B of parameters.
    fn layer(&mut self, x: u32, b: &Value, k: usize, n: usize) -> Result<Option<Value>, Unfit> {
        let geometry = self.geometry.ok_or(Unfit)?;
        let places = self.places(b)?;
        let Some((first, [row, column])) = place::strides(&places, k, n) else {
            return Ok(None);
        };
        if !matches!(self.virtuals.get(&first.slot), Some(Virtual::Parameters)) {
            return Ok(None);
        }
        let to = self.panels(geometry, n);
        // The layer's weights are [out, in].
        let weights = Matrix {
            start: first.at as usize,
            rows: n,
            columns: k,
            strides: [column, row],
        };
        let layer = Layer {
            x: Place::new(x),
            weights,
            bias: None,
            epilogue: Epilogue::Identity,
            aux: None,
            to,
        };
        self.steps.push(Draft::Linear(layer));
        Ok(Some(Value::Panels(to.slot, n)))
    }

    /// dᵀ·x for two batches: part of the parameters' gradient.
    fn outer(&mut self, a: &Value, b: &Value, m: usize, n: usize) -> Result<Option<Value>, Unfit> {
        let (Some(geometry), &Value::Panels(right, _)) = (self.geometry, b) else {
            return Ok(None);
        };
        let places = self.places(a)?;
        let left = places[0].slot;
        let fits = self.slots[left as usize].len == geometry.len(m);
        if !fits || self.virtuals.contains_key(&left) {
            return Ok(None);
        }
        let order = self.order(m);
        let batch = geometry.batch;
        let transposed = (0..m).all(|unit| {
            (0..batch).all(|sample| {
                places[unit * batch + sample]
                    == Place {
                        slot: left,
                        at: order[sample * m + unit],
                    }
            })
        });
        if !transposed {
            return Ok(None);
        }
        let slot = self.slot(m * n, Origin::Constant);
        self.virtuals.insert(
            slot,
            Virtual::Outer {
                left,
                right,
                rows: m,
                columns: n,
            },
        );
        Ok(Some(Value::Array(Place::new(slot), m * n)))
    }
}
