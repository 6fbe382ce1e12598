//! Straight-line code over a file of blocks: each place holds as many points as fit a group of registers.
//!
//! Every operation rounds as [`Straight`](super::straight::Straight) does, and what registers do not have is done point by point
//! by the operation's own rule. Functions that registers have a way of their own for are not for this kernel but for
//! [`Elementwise`](super::elementwise::Elementwise).

use std::ops::Range;

use super::dispatch::{Kernel, Memory};
use super::elementwise::{binary, load, one_by_one, pair_by_pair, select, unary};
use super::registers;
use super::straight::{Code, List};
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
                let (a, b, c) = (block(a), block(b), block(c));
                let to = block(instruction.to);
                let x: [V; G] = load(a);
                let value = match instruction.code {
                    Code::Add => binary(
                        x,
                        load(b),
                        #[inline(always)]
                        |x, y| x.add(y),
                    ),
                    Code::Sub => binary(
                        x,
                        load(b),
                        #[inline(always)]
                        |x, y| x.sub(y),
                    ),
                    Code::Mul => binary(
                        x,
                        load(b),
                        #[inline(always)]
                        |x, y| x.mul(y),
                    ),
                    Code::Div => binary(
                        x,
                        load(b),
                        #[inline(always)]
                        |x, y| x.div(y),
                    ),
                    Code::Neg => unary(
                        x,
                        #[inline(always)]
                        |x| x.neg(),
                    ),
                    Code::Square => unary(
                        x,
                        #[inline(always)]
                        |x| x.mul(x),
                    ),
                    Code::MulAdd => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| x.mul(y).add(z),
                    ),
                    Code::MulSub => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| x.mul(y).sub(z),
                    ),
                    Code::SubMul => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| z.sub(x.mul(y)),
                    ),
                    Code::MulMul => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| x.mul(y).mul(z),
                    ),
                    Code::MulDiv => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| x.mul(y).div(z),
                    ),
                    Code::DivMul => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| x.div(y).mul(z),
                    ),
                    Code::SumMul => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| x.add(y).mul(z),
                    ),
                    Code::DiffMul => ternary(
                        x,
                        load(b),
                        load(c),
                        #[inline(always)]
                        |x, y, z| x.sub(y).mul(z),
                    ),
                    Code::Select => select(x, load(b), load(c)),
                    Code::Unary(op) => match registers::unary(op, x) {
                        Some(value) => value,
                        None => {
                            one_by_one(op, a, to, G * V::N);
                            continue;
                        }
                    },
                    Code::Binary(op) => match registers::binary(op, x, load(b)) {
                        Some(value) => value,
                        None => {
                            pair_by_pair(op, a, b, to, G * V::N);
                            continue;
                        }
                    },
                };
                for g in 0..G {
                    value[g].store(to.add(g * V::N));
                }
            }
        }
    }
}

#[inline(always)]
fn ternary<V: Vector, const G: usize>(
    mut x: [V; G],
    y: [V; G],
    z: [V; G],
    f: impl Fn(V, V, V) -> V,
) -> [V; G] {
    for g in 0..G {
        x[g] = f(x[g], y[g], z[g]);
    }
    x
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
                let block: [V; G] = load(from);
                for g in 0..G {
                    block[g].store(to.add(g * V::N));
                }
            }
        }
    }
}
