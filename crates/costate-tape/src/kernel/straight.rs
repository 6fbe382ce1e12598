//! Straight-line scalar code over a file of numbers.

use std::ptr::NonNull;
use std::sync::Arc;

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

/// A [`List`] with a function for each instruction that does it and calls that of the next: a last call, of which the compiler makes a jump
/// unless it was told not to optimise.
#[derive(Clone, Debug)]
pub(crate) struct Straight<T> {
    pub(crate) list: List,
    handlers: Box<[Handler<T>]>,
}

/// Does the instruction that it belongs to over a file, then those that follow it, as far as a [`stop`].
#[derive(Clone, Copy, Debug)]
struct Handler<T>(unsafe fn(*mut T, *const Instruction, *const Handler<T>));

/// So many instructions call each other; where calls are not jumps, the stack is as deep.
const CALLS: usize = 64;

impl<T: Scalar> Straight<T> {
    pub(crate) fn new(list: List) -> Self {
        let mut handlers = Vec::with_capacity(list.len() + list.len().div_ceil(CALLS));
        for part in list.chunks(CALLS) {
            handlers.extend(part.iter().map(|one| handler(one.code)));
            handlers.push(Handler(stop));
        }
        Straight {
            list,
            handlers: handlers.into(),
        }
    }

    /// Runs the list.
    ///
    /// # Safety
    /// Every place is inside the file, and nothing else touches it meanwhile.
    #[inline]
    pub(crate) unsafe fn run(&self, file: *mut T) {
        let (mut instruction, mut handler) = (self.list.as_ptr(), self.handlers.as_ptr());
        let end = self.handlers.as_ptr_range().end;
        while handler < end {
            // SAFETY: the caller's; each instruction has its handler, and a stop follows so many of them.
            unsafe {
                (*handler).0(file, instruction, handler);
                instruction = instruction.wrapping_add(CALLS);
                handler = handler.wrapping_add(CALLS + 1);
            }
        }
    }
}

fn handler<T: Scalar>(code: Code) -> Handler<T> {
    match code {
        Code::Add => of(|_, [a, b, _]: [T; 3]| a + b),
        Code::Sub => of(|_, [a, b, _]: [T; 3]| a - b),
        Code::Mul => of(|_, [a, b, _]: [T; 3]| a * b),
        Code::Div => of(|_, [a, b, _]: [T; 3]| a / b),
        Code::Neg => of(|_, [a, ..]: [T; 3]| -a),
        Code::Square => of(|_, [a, ..]: [T; 3]| a * a),
        Code::MulAdd => of(|_, [a, b, c]: [T; 3]| a * b + c),
        Code::MulSub => of(|_, [a, b, c]: [T; 3]| a * b - c),
        Code::SubMul => of(|_, [a, b, c]: [T; 3]| c - a * b),
        Code::MulMul => of(|_, [a, b, c]: [T; 3]| a * b * c),
        Code::MulDiv => of(|_, [a, b, c]: [T; 3]| a * b / c),
        Code::DivMul => of(|_, [a, b, c]: [T; 3]| a / b * c),
        Code::SumMul => of(|_, [a, b, c]: [T; 3]| (a + b) * c),
        Code::DiffMul => of(|_, [a, b, c]: [T; 3]| (a - b) * c),
        Code::Select => of(|_, [a, b, c]: [T; 3]| Scalar::select(a, b, c)),
        Code::Unary(_) => of(|code, [a, ..]: [T; 3]| match code {
            Code::Unary(op) => a.unary(op),
            _ => unreachable!("it is its instruction's handler"),
        }),
        Code::Binary(_) => of(|code, [a, b, _]: [T; 3]| match code {
            Code::Binary(op) => a.binary(op, b),
            _ => unreachable!("it is its instruction's handler"),
        }),
    }
}

/// The handler of instructions that compute `value`, a function that captures nothing.
fn of<T: Scalar, F: Fn(Code, [T; 3]) -> T>(value: F) -> Handler<T> {
    const { assert!(size_of::<F>() == 0) }
    let _ = value;
    Handler(one::<T, F>)
}

/// # Safety
/// As [`Straight::run`]; a handler follows this one. There is an `F`, and it has no size.
unsafe fn one<T: Scalar, F: Fn(Code, [T; 3]) -> T>(
    file: *mut T,
    instruction: *const Instruction,
    handler: *const Handler<T>,
) {
    // SAFETY: the caller's.
    unsafe {
        let Instruction { code, to, from } = *instruction;
        let value = NonNull::<F>::dangling().as_ref();
        *file.add(to as usize) = value(code, from.map(|i| *file.add(i as usize)));
        let next = handler.add(1);
        (*next).0(file, instruction.add(1), next);
    }
}

/// What follows the last instruction.
unsafe fn stop<T>(_: *mut T, _: *const Instruction, _: *const Handler<T>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_all_lengths_run_to_their_ends() {
        for len in (0..2 * CALLS + 2).chain([1000]) {
            // Each place gains what stands before it.
            let add = |i: usize| Instruction {
                code: Code::Add,
                to: i as u32 + 1,
                from: [i as u32, i as u32 + 1, 0],
            };
            let straight = Straight::new((0..len).map(add).collect());
            let mut file = vec![1.0; len + 2];
            // SAFETY: the places are inside the file.
            unsafe { straight.run(file.as_mut_ptr()) };
            assert!(
                file[..=len]
                    .iter()
                    .copied()
                    .eq((0..=len).map(|i| 1.0 + i as f64))
            );
            assert_eq!(file[len + 1], 1.0);
        }
    }
}
