//! Chains of elementwise operations over arrays: an interpreter whose instructions work on blocks of registers.
//!
//! An operand is an index into a table of pointers, so no instruction only loads or stores; with eight registers to a block
//! the dispatch costs less than the memory traffic, and disappears beside one tanh. What broadcasting repeats is read again row by row.

use core::mem::MaybeUninit;

use super::dispatch::{Kernel, Memory};
use super::elementary::{self, Constants};
use super::registers::{self, load};
use super::straight::Code;
use super::vector::Vector;
use crate::op::Unary;
use crate::scalar::Scalar;

/// Whether registers have a way of their own for a function: to 2.5 units in the last place, as `elementary` says.
pub(crate) fn is_function(op: Unary) -> bool {
    use Unary::{Cos, Elu, Exp, Expm1, Ln, Sigmoid, Silu, Sin, Softplus, Tanh};
    matches!(
        op,
        Exp | Expm1 | Elu | Tanh | Sigmoid | Silu | Softplus | Ln | Sin | Cos
    )
}

/// φ of a group of registers, if [`is_function`] says that they have a way of their own.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn function<V: Vector, const G: usize>(op: Unary, x: [V; G]) -> Option<[V; G]> {
    // SAFETY: the caller's.
    unsafe {
        Some(match op {
            Unary::Exp => elementary::exp(x),
            Unary::Expm1 => elementary::expm1(x),
            Unary::Elu => elementary::elu(x),
            Unary::Tanh => elementary::tanh(x),
            Unary::Sigmoid => elementary::sigmoid(x),
            Unary::Silu => elementary::silu(x),
            Unary::Softplus => elementary::softplus(x),
            Unary::Ln => elementary::ln(x),
            Unary::Sin => turned(op, x, elementary::sin(x)),
            Unary::Cos => turned(op, x, elementary::cos(x)),
            _ => return None,
        })
    }
}

/// One instruction: operands and destination are indices into the table of the [`Chain`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Instruction {
    pub(crate) code: Code,
    pub(crate) to: u16,
    pub(crate) from: [u16; 3],
}

/// A chain of elementwise operations over arrays of one length; places are in the frame.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// Arrays read or written: table entries from 0.
    pub(crate) arrays: Box<[u32]>,
    /// Single numbers repeated over the array: the entries after those.
    pub(crate) numbers: Box<[u32]>,
    /// Temporaries: the entries after those.
    pub(crate) temporaries: usize,
    /// Operands that come again from row to row: the entries after those.
    pub(crate) rows: Box<[Rows]>,
    pub(crate) code: Box<[Instruction]>,
    /// Elements; work is rounded up to whole registers.
    pub(crate) len: usize,
    /// Elements of a row, whole registers if there are several rows.
    pub(crate) row: usize,
}

/// What is read for each row: from `at` on, a `step` farther after `every` rows, from the beginning after `count` steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rows {
    pub(crate) at: u32,
    pub(crate) every: u32,
    pub(crate) count: u32,
    pub(crate) step: u32,
    /// One number for each element, or one for all of a row.
    pub(crate) along: bool,
}

impl Rows {
    /// What row number `row` begins with.
    pub(crate) fn start(&self, row: usize) -> usize {
        self.at as usize + row / self.every as usize % self.count as usize * self.step as usize
    }
}

/// Entries of the table.
pub(crate) const TABLE: usize = 64;
/// Numbers, also those of rows, and temporaries together.
pub(crate) const SCRATCH: usize = 48;
/// Registers of a block.
const BLOCK: usize = 8;

/// Runs a [`Chain`].
pub(crate) struct Elementwise;

impl Kernel for Elementwise {
    type Args = Chain;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Chain) {
        let place = |at: usize| memory.frame.wrapping_add(at);
        // SAFETY: the caller's; table and scratch are written before they are read, temporaries by the code.
        unsafe {
            let mut scratch = [MaybeUninit::<[V; BLOCK]>::uninit(); SCRATCH];
            let mut table = [MaybeUninit::<Entry<V::T>>::uninit(); TABLE];
            let arrays = args.arrays.len();
            let inside = args.numbers.len() + args.temporaries;
            for (i, &number) in args.numbers.iter().enumerate() {
                scratch[i].write([V::splat(*place(number as usize)); BLOCK]);
            }
            for i in 0..inside {
                table[arrays + i].write(Entry {
                    base: scratch[i].as_mut_ptr().cast(),
                    moves: 0,
                });
            }
            let rows = args.len / args.row;
            for row in 0..rows {
                for (entry, &array) in args.arrays.iter().enumerate() {
                    table[entry].write(Entry {
                        base: place(array as usize + row * args.row),
                        moves: usize::MAX,
                    });
                }
                for (i, own) in args.rows.iter().enumerate() {
                    let start = place(own.start(row));
                    let entry = if own.along {
                        Entry {
                            base: start,
                            moves: usize::MAX,
                        }
                    } else {
                        let number = scratch[inside + i].write([V::splat(*start); BLOCK]);
                        Entry {
                            base: number.as_mut_ptr().cast(),
                            moves: 0,
                        }
                    };
                    table[arrays + inside + i].write(entry);
                }
                one_row::<V>(args, &table);
            }
        }
    }
}

/// The code over all registers of a row.
///
/// # Safety
/// As [`pass`], with the row's end in place of `at + G`.
#[inline(always)]
unsafe fn one_row<V: Vector>(args: &Chain, table: &[MaybeUninit<Entry<V::T>>; TABLE]) {
    let registers = args.row.div_ceil(V::N);
    let mut at = 0;
    // SAFETY: the caller's.
    unsafe {
        while at + 8 <= registers {
            pass::<V, 8>(&args.code, table, at);
            at += 8;
        }
        if at + 4 <= registers {
            pass::<V, 4>(&args.code, table, at);
            at += 4;
        }
        if at + 2 <= registers {
            pass::<V, 2>(&args.code, table, at);
            at += 2;
        }
        if at < registers {
            pass::<V, 1>(&args.code, table, at);
        }
    }
}

/// One line of the table: where the operand begins, and all ones if it moves on with the block.
#[derive(Clone, Copy)]
struct Entry<T> {
    base: *mut T,
    moves: usize,
}

/// The whole code over `G` registers.
///
/// # Safety
/// The processor has the instruction set; arrays reach to register `at + G`; indices are inside the table.
#[inline(always)]
unsafe fn pass<V: Vector, const G: usize>(
    code: &[Instruction],
    table: &[MaybeUninit<Entry<V::T>>; TABLE],
    at: usize,
) {
    for instruction in code {
        // SAFETY: the caller's.
        unsafe {
            let address = |operand: u16| {
                let entry = table.get_unchecked(operand as usize).assume_init();
                entry.base.add((at * V::N) & entry.moves)
            };
            let [a, b, c] = instruction.from;
            let from: [*const V::T; 3] = [address(a), address(b), address(c)];
            registers::perform::<V, G>(
                instruction.code,
                from,
                address(instruction.to),
                #[inline(always)]
                |op, x| function(op, x),
            );
        }
    }
}

/// The sine or cosine `y` of `x`, by the operation's own rule where the argument is too large for registers: a lane's value is its own,
/// whatever stands beside it.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn turned<V: Vector, const G: usize>(op: Unary, x: [V; G], mut y: [V; G]) -> [V; G] {
    // SAFETY: the caller's; both arrays have room for the registers of a group.
    unsafe {
        if elementary::too_large(x) {
            let mut numbers = [const { MaybeUninit::<[V; G]>::uninit() }; 2];
            let [from, to] = &mut numbers;
            let (from, to): (*mut V::T, *mut V::T) =
                (from.as_mut_ptr().cast(), to.as_mut_ptr().cast());
            for g in 0..G {
                x[g].store(from.add(g * V::N));
                y[g].store(to.add(g * V::N));
            }
            too_large_one_by_one::<V::T>(op, from, to, G * V::N);
            y = load(to);
        }
        y
    }
}

/// φ of those of `len` numbers that are too large for registers.
///
/// # Safety
/// Both pointers cover `len` numbers.
#[inline(never)]
pub(crate) unsafe fn too_large_one_by_one<T: Constants + PartialOrd>(
    op: Unary,
    x: *const T,
    to: *mut T,
    len: usize,
) {
    for i in 0..len {
        // SAFETY: the caller's.
        unsafe {
            let x = *x.add(i);
            if T::MOST_TURNS < Scalar::abs(x) {
                *to.add(i) = x.unary(op);
            }
        }
    }
}
