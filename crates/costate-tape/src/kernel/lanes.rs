//! Straight-line code over a file of blocks: each place holds as many points as fit a group of registers.
//!
//! Every operation rounds as [`Straight`](super::straight::Straight) does. Functions that registers have a way of their own for are not
//! for this kernel but for [`Elementwise`](super::elementwise::Elementwise).

use std::ops::Range;

use super::dispatch::{Kernel, Memory};
use super::registers;
use super::straight::List;
use super::vector::Vector;

/// Neighbouring instructions of a list.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    pub(crate) list: List,
    pub(crate) range: Range<usize>,
}

/// Runs [`Lines`] over the frame, whose places are blocks of `G` registers.
pub(crate) struct Lanes<const G: usize>;

impl<const G: usize> Kernel for Lanes<G> {
    type Args = Lines;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Self::Args) {
        let file = memory.frame;
        for instruction in &args.list[args.range.clone()] {
            // SAFETY: the caller's: every place is inside the file.
            unsafe {
                let block = |i: u32| file.add(i as usize * (G * V::N));
                let [a, b, c] = instruction.from;
                let from: [*const V::T; 3] = [block(a), block(b), block(c)];
                registers::perform::<V, G>(
                    instruction.code,
                    from,
                    block(instruction.to),
                    #[inline(always)]
                    |_, _| None,
                );
            }
        }
    }
}

/// Rows of blocks, so far apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) rows: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// Copies blocks of `G` registers from the constants to the frame.
pub(crate) struct Copy<const G: usize>;

impl<const G: usize> Kernel for Copy<G> {
    type Args = Rows;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Rows) {
        for row in 0..args.rows {
            // SAFETY: the caller's.
            unsafe {
                let from = memory.constants.add(row * args.from);
                let to = memory.frame.add(row * args.to);
                let block: [V; G] = registers::load(from);
                for g in 0..G {
                    block[g].store(to.add(g * V::N));
                }
            }
        }
    }
}
