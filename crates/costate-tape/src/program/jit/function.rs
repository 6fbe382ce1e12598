//! Functions of registers as operations: what [`elementary`](crate::kernel::elementary) computes with a register is written down, not done.

use std::cell::{Cell, RefCell};

use super::assembler::{Arithmetic, Bits, Comparison, Fused, Shift};
use super::operation::{Operation, Operations, Value, bits};
use crate::kernel::dispatch::Registers;
use crate::kernel::vector::{Vector, scaled};

/// Where operations are written down.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) operations: RefCell<Operations>,
    /// Whether the processor scales by powers of two.
    pub(super) scales: bool,
    /// The comparison of which a function asked whether it holds anywhere.
    pub(super) asked: Cell<Option<(Comparison, [Value; 2])>>,
}

/// A register of which is known what makes it.
#[derive(Clone, Copy)]
pub(super) enum Traced<'a, T: Registers> {
    /// The same number in every lane.
    Constant(T::V128),
    Made(&'a Trace, Value),
}

impl<'a, T: Registers> Traced<'a, T> {
    /// The trace of what is no constant.
    fn trace(values: &[Self]) -> Option<&'a Trace> {
        values.iter().find_map(|value| match value {
            Traced::Constant(_) => None,
            Traced::Made(trace, _) => Some(*trace),
        })
    }

    /// What it is in this trace.
    pub(super) fn value(self, trace: &Trace) -> Value {
        match self {
            Traced::Made(_, value) => value,
            Traced::Constant(register) => {
                let mut lanes = [T::ZERO; 4];
                // SAFETY: a register of 16 bytes has at most four numbers.
                unsafe { register.store(lanes.as_mut_ptr()) };
                trace.operations.borrow_mut().constant(bits(lanes[0]))
            }
        }
    }

    /// What an operation makes of some, of which one is no constant.
    fn make<const N: usize>(
        from: [Self; N],
        operation: impl FnOnce([Value; N], Value) -> Operation,
    ) -> Self {
        let trace = Self::trace(&from).expect("functions compute with their argument");
        let from = from.map(|x| x.value(trace));
        let made = |value| operation(from, value);
        Traced::Made(trace, trace.operations.borrow_mut().make(made))
    }

    fn arithmetic(self, op: Arithmetic, o: Self) -> Self {
        Self::make([self, o], |from, to| Operation::Arithmetic(op, from, to))
    }

    fn bitwise(self, op: Bits, o: Self) -> Self {
        Self::make([self, o], |from, to| Operation::Bits(op, from, to))
    }

    fn fused(op: Fused, from: [Self; 3]) -> Self {
        Self::make(from, |from, to| Operation::Fused(op, from, to))
    }

    fn shift(self, shift: Shift) -> Self {
        Self::make([self], |from, to| Operation::Shift(shift, from, to))
    }
}

impl<'a, T: Registers> Vector for Traced<'a, T> {
    type T = T;
    type Mask = (Comparison, [Traced<'a, T>; 2]);
    const N: usize = 1;
    const REGISTERS: usize = 0;

    unsafe fn splat(x: T) -> Self {
        // SAFETY: every x86-64 has these registers.
        Traced::Constant(unsafe { T::V128::splat(x) })
    }
    unsafe fn load(_: *const T) -> Self {
        unreachable!("functions have no memory")
    }
    unsafe fn repeat<const R: usize>(_: *const T) -> Self {
        unreachable!("functions have no memory")
    }
    unsafe fn store(self, _: *mut T) {
        unreachable!("functions have no memory")
    }
    unsafe fn add_sums(_: [Self; 8], _: *mut T) {
        unreachable!("functions have no memory")
    }
    /// Noted, and taken for rare: what is done then does not depend on what is written down here.
    fn any((comparison, from): Self::Mask) -> bool {
        let trace = Self::trace(&from).expect("functions compare their argument");
        let from = from.map(|x| x.value(trace));
        trace.asked.set(Some((comparison, from)));
        false
    }

    fn add(self, o: Self) -> Self {
        match (self, o) {
            (Traced::Constant(x), Traced::Constant(y)) => Traced::Constant(x.add(y)),
            _ => self.arithmetic(Arithmetic::Add, o),
        }
    }
    fn sub(self, o: Self) -> Self {
        self.arithmetic(Arithmetic::Sub, o)
    }
    fn mul(self, o: Self) -> Self {
        self.arithmetic(Arithmetic::Mul, o)
    }
    fn div(self, o: Self) -> Self {
        self.arithmetic(Arithmetic::Div, o)
    }
    fn fma(self, b: Self, c: Self) -> Self {
        Self::fused(Fused::Add, [self, b, c])
    }
    fn fnma(self, b: Self, c: Self) -> Self {
        Self::fused(Fused::SubtractFrom, [self, b, c])
    }
    fn min(self, o: Self) -> Self {
        self.arithmetic(Arithmetic::Min, o)
    }
    fn max(self, o: Self) -> Self {
        self.arithmetic(Arithmetic::Max, o)
    }
    fn sqrt(self) -> Self {
        self.arithmetic(Arithmetic::Sqrt, self)
    }
    fn and(self, o: Self) -> Self {
        self.bitwise(Bits::And, o)
    }
    fn or(self, o: Self) -> Self {
        self.bitwise(Bits::Or, o)
    }
    fn xor(self, o: Self) -> Self {
        match (self, o) {
            (Traced::Constant(x), Traced::Constant(y)) => Traced::Constant(x.xor(y)),
            _ => self.bitwise(Bits::Xor, o),
        }
    }
    fn lt(self, o: Self) -> Self::Mask {
        (Comparison::Less, [self, o])
    }
    fn eq(self, o: Self) -> Self::Mask {
        (Comparison::Equal, [self, o])
    }
    fn select((comparison, [x, y]): Self::Mask, a: Self, b: Self) -> Self {
        Self::make([x, y, a, b], |from, to| {
            Operation::Select(comparison, from, to)
        })
    }
    fn bits_to_exponent(self) -> Self {
        self.shift(Shift::Left)
    }
    fn exponent_to_bits(self) -> Self {
        self.shift(Shift::Right)
    }
    fn scale(self, n: Self) -> Self {
        match Self::trace(&[self, n]) {
            Some(trace) if trace.scales => self.arithmetic(Arithmetic::Scale, n),
            _ => scaled(self, n),
        }
    }
}
