//! Steps before their operands have addresses.

use std::rc::Rc;

use super::algebra::Algebra;
use super::packing::Matrix;
use super::place::Place;
use crate::kernel::elementwise::Rows;
use crate::kernel::straight::Code;

/// An operand of an elementwise step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operand {
    /// As long as the step.
    Array(Place),
    /// One number for all elements.
    Number(Place),
    /// What broadcasting repeats; `at` counts from the beginning of a slot.
    Rows(u32, Rows),
}

impl Operand {
    pub(crate) fn place(self) -> Place {
        match self {
            Operand::Array(place) | Operand::Number(place) => place,
            Operand::Rows(slot, rows) => Place { slot, at: rows.at },
        }
    }
}

/// One elementwise operation over arrays.
#[derive(Clone, Debug)]
pub(crate) struct Each {
    pub(crate) code: Code,
    pub(crate) to: Place,
    pub(crate) from: Vec<Operand>,
}

/// One scalar operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct One {
    pub(crate) code: Code,
    pub(crate) to: Place,
    pub(crate) from: [Place; 3],
    /// How many of `from` count.
    pub(crate) operands: usize,
}

impl One {
    pub(crate) fn new(code: Code, to: Place, operands: &[Place]) -> One {
        let mut from = [Place::ZERO; 3];
        from[..operands.len()].copy_from_slice(operands);
        One {
            code,
            to,
            from,
            operands: operands.len(),
        }
    }
}

/// A layer over batch panels.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) x: Place,
    /// \[units, inputs\] in θ.
    pub(crate) weights: Matrix,
    /// \[units, 1\] in θ.
    pub(crate) bias: Option<Matrix>,
    pub(crate) epilogue: Epilogue,
    /// The auxiliary array of the epilogue.
    pub(crate) aux: Option<Place>,
    pub(crate) to: Place,
}

/// What a layer does with its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Epilogue {
    Identity,
    /// Times 1 − y², for y in the auxiliary array.
    TanhSlope,
}

/// One step of a program.
#[derive(Clone, Debug)]
pub(crate) enum Draft {
    One(One),
    /// Operations on arrays of `len` elements, one after another; a `row` is what broadcasting repeats, or all.
    Chain {
        len: usize,
        row: usize,
        each: Vec<Each>,
    },
    /// \[m, k\]·\[k, n\]; `strides` are those of the first.
    MatMul {
        a: Place,
        b: Place,
        to: Place,
        shape: [usize; 3],
        strides: [usize; 2],
    },
    /// \[m, k\]·\[n, k\]ᵀ.
    MatMulTransposed {
        a: Place,
        b: Place,
        to: Place,
        shape: [usize; 3],
    },
    /// Sum over the middle of three axes.
    Sum {
        from: Place,
        to: Place,
        shape: [usize; 3],
    },
    /// Elements brought side by side.
    Gather {
        from: Vec<Place>,
        to: Place,
    },
    /// A layer over batch panels, x·Wᵀ + b, and what follows it.
    Linear(Layer),
    /// Elimination, or what its factors are good for, over rows of \[n, columns\].
    Algebra {
        algebra: Algebra,
        from: Vec<Place>,
        to: Place,
        shape: [usize; 2],
    },
    /// Elements added to those at `table` of `len`, which are zero before.
    Scatter {
        table: Rc<[u32]>,
        from: Place,
        to: Place,
        len: usize,
    },
}

impl Draft {
    /// Tells every slot that the step reads, once for each reading operand.
    pub(crate) fn reads(&self, mut tell: impl FnMut(u32)) {
        match self {
            Draft::One(one) => one.from[..one.operands].iter().for_each(|p| tell(p.slot)),
            Draft::Chain { each, .. } => each
                .iter()
                .flat_map(|e| &e.from)
                .for_each(|o| tell(o.place().slot)),
            Draft::MatMul { a, b, .. } | Draft::MatMulTransposed { a, b, .. } => {
                tell(a.slot);
                tell(b.slot);
            }
            Draft::Sum { from, .. } | Draft::Scatter { from, .. } => tell(from.slot),
            Draft::Linear(layer) => {
                tell(layer.x.slot);
                layer.aux.iter().for_each(|p| tell(p.slot));
            }
            Draft::Gather { from, .. } | Draft::Algebra { from, .. } => {
                from.iter().for_each(|p| tell(p.slot))
            }
        }
    }

    /// Tells every slot that the step writes.
    pub(crate) fn writes(&self, mut tell: impl FnMut(u32)) {
        match self {
            Draft::One(one) => tell(one.to.slot),
            Draft::Chain { each, .. } => each.iter().for_each(|e| tell(e.to.slot)),
            Draft::Linear(layer) => tell(layer.to.slot),
            Draft::MatMul { to, .. }
            | Draft::MatMulTransposed { to, .. }
            | Draft::Sum { to, .. }
            | Draft::Gather { to, .. }
            | Draft::Algebra { to, .. }
            | Draft::Scatter { to, .. } => tell(to.slot),
        }
    }
}
