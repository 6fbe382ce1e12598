//! Straight-line scalar code over a file of numbers.

use std::sync::Arc;

use super::dispatch::{Kernel, Memory};
use super::vector::Vector;
use crate::op::{Binary, Unary};
use crate::scalar::Scalar;

/// What an instruction computes. The compound ones round after every operation, as the operations they stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Code {
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    /// a·a
    Square,
    /// a·b + c
    MulAdd,
    /// a·b − c
    MulSub,
    /// c − a·b
    SubMul,
    /// (a·b)·c
    MulMul,
    /// (a·b)/c
    MulDiv,
    /// (a/b)·c
    DivMul,
    /// (a + b)·c
    SumMul,
    /// (a − b)·c
    DiffMul,
    /// b where a ≠ 0, else c
    Select,
    Unary(Unary),
    Binary(Binary),
}

/// One instruction; operands and destination are places in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Instruction {
    pub(crate) code: Code,
    pub(crate) to: u32,
    pub(crate) from: [u32; 3],
}

impl Instruction {
    /// The places that it reads, and the one that it writes.
    pub(crate) fn places(&self) -> [u32; 4] {
        let [a, b, c] = self.from;
        [a, b, c, self.to]
    }
}

/// Instructions in the order in which they run.
pub(crate) type List = Arc<[Instruction]>;

/// Runs a [`List`] over the frame.
pub(crate) struct Straight;

impl Kernel for Straight {
    type Args = List;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Self::Args) {
        let file = memory.frame;
        for instruction in args.iter() {
            let [a, b, c] = instruction.from;
            // SAFETY: the caller's: every place is inside the file.
            unsafe {
                let at = |i: u32| *file.add(i as usize);
                let value = match instruction.code {
                    Code::Add => at(a) + at(b),
                    Code::Sub => at(a) - at(b),
                    Code::Mul => at(a) * at(b),
                    Code::Div => at(a) / at(b),
                    Code::Neg => -at(a),
                    Code::Square => at(a) * at(a),
                    Code::MulAdd => at(a) * at(b) + at(c),
                    Code::MulSub => at(a) * at(b) - at(c),
                    Code::SubMul => at(c) - at(a) * at(b),
                    Code::MulMul => at(a) * at(b) * at(c),
                    Code::MulDiv => at(a) * at(b) / at(c),
                    Code::DivMul => at(a) / at(b) * at(c),
                    Code::SumMul => (at(a) + at(b)) * at(c),
                    Code::DiffMul => (at(a) - at(b)) * at(c),
                    Code::Select => Scalar::select(at(a), at(b), at(c)),
                    Code::Unary(op) => at(a).unary(op),
                    Code::Binary(op) => at(a).binary(op, at(b)),
                };
                *file.add(instruction.to as usize) = value;
            }
        }
    }
}
