//! Layers over the samples that fill no register: `S` samples beside each other, and N/S units share a register.
//!
//! An array of u units is stored \[unit\]\[S\], filled up to whole registers; a batch of one is the case S = 1.

use core::marker::PhantomData;

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::panel::{Epilogue, Linear};
use super::panel_grad::Outer;
use super::vector::Vector;

/// Registers of the widest tile.
const WIDEST: usize = 8;

/// The widths of the tiles that cover `registers` registers of output.
pub(crate) fn groups(registers: usize) -> impl Iterator<Item = usize> {
    let mut left = registers;
    core::iter::from_fn(move || {
        let group = [WIDEST, 4, 2, 1].into_iter().find(|&g| g <= left)?;
        left -= group;
        Some(group)
    })
}

/// [`Linear`] over `S` samples; weights and bias are packed with each number repeated for the samples, \[tile\]\[input\]\[lane of
/// the tile\].
pub(crate) struct TailLinear<E, const S: usize>(PhantomData<E>);

impl<E: Epilogue, const S: usize> Kernel for TailLinear<E, S> {
    type Args = Linear;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Linear) {
        if S >= V::N {
            unreachable!("a tail is narrower than a register");
        }
        // SAFETY: the caller's; tiles follow each other without gaps.
        unsafe {
            let x = memory.frame.add(args.x).cast_const();
            let mut w = memory.constants.add(args.w).cast_const();
            let mut at = 0;
            for group in groups((args.units * S).div_ceil(V::N)) {
                let tile = Tile {
                    x,
                    w,
                    bias: memory.constants.add(args.bias + at),
                    aux: memory.frame.add(args.aux + at),
                    o: memory.frame.add(args.o + at),
                    inputs: args.inputs,
                };
                match group {
                    8 => tile.run::<V, E, 8, S>(),
                    4 => tile.run::<V, E, 4, S>(),
                    2 => tile.run::<V, E, 2, S>(),
                    _ => tile.run::<V, E, 1, S>(),
                }
                w = w.add(args.inputs * group * V::N);
                at += group * V::N;
            }
        }
    }
}

/// Where one tile of a layer is.
struct Tile<T> {
    x: *const T,
    w: *const T,
    bias: *const T,
    aux: *const T,
    o: *mut T,
    inputs: usize,
}

impl<T: Constants> Tile<T> {
    /// `A` registers of output.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`; the pointers cover the tile.
    #[inline(always)]
    unsafe fn run<V: Vector<T = T>, E: Epilogue, const A: usize, const S: usize>(&self) {
        let chains = match A {
            1 | 2 => 4,
            4 => 2,
            _ => 1,
        };
        // SAFETY: the caller's.
        unsafe {
            let zero = V::splat(V::T::ZERO);
            let mut sums = [[zero; A]; 4];
            for a in 0..A {
                sums[0][a] = V::load(self.bias.add(a * V::N));
            }
            let (mut x, mut w) = (self.x, self.w);
            let mut k = self.inputs;
            while k >= chains {
                for c in 0..chains {
                    sums[c] = step::<V, A, S>(sums[c], x.add(c * S), w.add(c * A * V::N));
                }
                x = x.add(chains * S);
                w = w.add(chains * A * V::N);
                k -= chains;
            }
            while k > 0 {
                sums[0] = step::<V, A, S>(sums[0], x, w);
                x = x.add(S);
                w = w.add(A * V::N);
                k -= 1;
            }
            for c in 1..chains {
                for a in 0..A {
                    sums[0][a] = sums[0][a].add(sums[c][a]);
                }
            }
            let [done] = E::apply([sums[0]], self.aux, 0);
            for a in 0..A {
                done[a].store(self.o.add(a * V::N));
            }
        }
    }
}

/// One input of a tile.
///
/// # Safety
/// The processor has the instruction set of `V`; `x` covers `S` numbers, `w` `A` registers.
#[inline(always)]
unsafe fn step<V: Vector, const A: usize, const S: usize>(
    mut sums: [V; A],
    x: *const V::T,
    w: *const V::T,
) -> [V; A] {
    // SAFETY: the caller's.
    unsafe {
        let input = V::repeat::<S>(x);
        for a in 0..A {
            sums[a] = V::load(w.add(a * V::N)).fma(input, sums[a]);
        }
    }
    sums
}

/// [`Outer`] over `S` samples. The sums stay apart for each sample: \[row\]\[lane of the right array\].
pub(crate) struct TailOuter<const S: usize>;

impl<const S: usize> Kernel for TailOuter<S> {
    type Args = Outer;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Outer) {
        if S >= V::N {
            unreachable!("a tail is narrower than a register");
        }
        let registers = (args.columns * S).div_ceil(V::N);
        // SAFETY: the caller's; row and column tiles stay inside the arrays.
        unsafe {
            let mut row = 0;
            while row < args.rows {
                let height = if args.rows - row >= 4 { 4 } else { 1 };
                let mut column = 0;
                while column < registers {
                    let width = if registers - column >= 2 { 2 } else { 1 };
                    let tile = OuterTile {
                        frames: memory.frame,
                        kept: memory.kept,
                        left: args.left + row * S,
                        right: args.right + column * V::N,
                        sums: memory
                            .constants
                            .add(args.sums + (row * registers + column) * V::N),
                        stride: registers * V::N,
                    };
                    match (height, width) {
                        (4, 2) => tile.run::<V, 4, 2, S>(),
                        (4, _) => tile.run::<V, 4, 1, S>(),
                        (_, 2) => tile.run::<V, 1, 2, S>(),
                        (_, _) => tile.run::<V, 1, 1, S>(),
                    }
                    column += width;
                }
                row += height;
            }
        }
    }
}

/// Where one tile of sums comes from.
struct OuterTile<'a, T> {
    frames: *const T,
    kept: &'a [(usize, T)],
    left: usize,
    right: usize,
    sums: *mut T,
    stride: usize,
}

impl<T: Constants> OuterTile<'_, T> {
    /// `R` rows of `A` registers.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`; the arrays of every kept frame, and the sums, are where the tile says.
    #[inline(always)]
    unsafe fn run<V: Vector<T = T>, const R: usize, const A: usize, const S: usize>(&self) {
        // SAFETY: the caller's.
        unsafe {
            let mut sums = [[V::splat(V::T::ZERO); A]; R];
            for r in 0..R {
                for a in 0..A {
                    sums[r][a] = V::load(self.sums.add(r * self.stride + a * V::N));
                }
            }
            for &(frame, weight) in self.kept {
                let weight = V::splat(weight);
                let (left, right) = (
                    self.frames.add(frame + self.left),
                    self.frames.add(frame + self.right),
                );
                let mut lanes = [weight; A];
                for a in 0..A {
                    lanes[a] = V::load(right.add(a * V::N)).mul(weight);
                }
                for r in 0..R {
                    let row = V::repeat::<S>(left.add(r * S));
                    for a in 0..A {
                        sums[r][a] = row.fma(lanes[a], sums[r][a]);
                    }
                }
            }
            for r in 0..R {
                for a in 0..A {
                    sums[r][a].store(self.sums.add(r * self.stride + a * V::N));
                }
            }
        }
    }
}

/// Sums over kept frames for `S` samples, one lane for each element: s\[lane\] += Σ weight · x\[lane\].
pub(crate) struct TailSum<const S: usize>;

impl<const S: usize> Kernel for TailSum<S> {
    type Args = super::panel_grad::Sum;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Self::Args) {
        // SAFETY: the caller's.
        unsafe {
            for register in 0..(args.units * S).div_ceil(V::N) {
                let sums = memory.constants.add(args.sums + register * V::N);
                let mut sum = V::load(sums);
                for &(frame, weight) in memory.kept {
                    let x = V::load(memory.frame.add(frame + args.x + register * V::N));
                    sum = V::splat(weight).fma(x, sum);
                }
                sum.store(sums);
            }
        }
    }
}
