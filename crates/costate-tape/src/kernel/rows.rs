//! Layers over few samples with wide weights: units fill the registers, and the samples share each weight that is loaded.
//!
//! An array of u units is stored \[sample\]\[unit\], each sample filled up to whole registers. Weights and bias are packed as for a
//! [tail](super::tail) of one sample.

use core::marker::PhantomData;

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::panel::{Epilogue, Linear};
use super::panel_grad::{Outer, Sum};
use super::tail::groups;
use super::vector::Vector;

/// [`Linear`] over `panels` samples.
pub(crate) struct RowsLinear<E>(PhantomData<E>);

impl<E: Epilogue> Kernel for RowsLinear<E> {
    type Args = Linear;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Linear) {
        let (x_row, o_row) = (args.x_panel, args.o_panel);
        // SAFETY: the caller's; tiles follow each other without gaps, and samples are filled up to registers.
        unsafe {
            let mut w = memory.constants.add(args.w).cast_const();
            let mut at = 0;
            for group in groups(args.units.div_ceil(V::N)) {
                let mut column = 0;
                while column < group {
                    let width = (group - column).min(4);
                    let mut sample = 0;
                    while sample < args.panels {
                        let left = args.panels - sample;
                        let here = at + column * V::N;
                        let tile = Tile {
                            x: memory.frame.add(args.x + sample * x_row),
                            w: w.add(column * V::N),
                            bias: memory.constants.add(args.bias + here),
                            aux: memory.frame.add(args.aux + sample * o_row + here),
                            o: memory.frame.add(args.o + sample * o_row + here),
                            inputs: args.inputs,
                            x_row,
                            w_row: group * V::N,
                            o_row,
                        };
                        // Sums and operands of a tile fit the registers.
                        let rows = match (left, V::REGISTERS, width) {
                            (1, _, _) => 1,
                            (2 | 3, _, _) | (_, ..32, 4) => 2,
                            _ => 4,
                        };
                        match (rows, width) {
                            (4, 4) => tile.run::<V, E, 4, 4>(),
                            (4, 2) => tile.run::<V, E, 4, 2>(),
                            (4, _) => tile.run::<V, E, 4, 1>(),
                            (2, 4) => tile.run::<V, E, 2, 4>(),
                            (2, 2) => tile.run::<V, E, 2, 2>(),
                            (2, _) => tile.run::<V, E, 2, 1>(),
                            (_, 4) => tile.run::<V, E, 1, 4>(),
                            (_, 2) => tile.run::<V, E, 1, 2>(),
                            (_, _) => tile.run::<V, E, 1, 1>(),
                        }
                        sample += rows;
                    }
                    column += width;
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
    /// Distances of samples, and of the weights of two inputs.
    x_row: usize,
    w_row: usize,
    o_row: usize,
}

impl<T: Constants> Tile<T> {
    /// `R` samples, `A` registers of units.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`; the pointers cover the tile.
    #[inline(always)]
    unsafe fn run<V: Vector<T = T>, E: Epilogue, const R: usize, const A: usize>(&self) {
        // Too few sums to hide the latency of a multiply-add: several chains over the inputs.
        let chains = match R * A {
            1 | 2 => 4,
            3 | 4 => 2,
            _ => 1,
        };
        // SAFETY: the caller's.
        unsafe {
            let zero = V::splat(V::T::ZERO);
            let mut sums = [[[zero; A]; R]; 4];
            for a in 0..A {
                let bias = V::load(self.bias.add(a * V::N));
                for r in 0..R {
                    sums[0][r][a] = bias;
                }
            }
            let mut k = 0;
            while k + chains <= self.inputs {
                for c in 0..chains {
                    sums[c] = self.step::<V, R, A>(sums[c], k + c);
                }
                k += chains;
            }
            while k < self.inputs {
                sums[0] = self.step::<V, R, A>(sums[0], k);
                k += 1;
            }
            for c in 1..chains {
                for r in 0..R {
                    for a in 0..A {
                        sums[0][r][a] = sums[0][r][a].add(sums[c][r][a]);
                    }
                }
            }
            let done = E::apply(sums[0], self.aux, self.o_row);
            for r in 0..R {
                for a in 0..A {
                    done[r][a].store(self.o.add(r * self.o_row + a * V::N));
                }
            }
        }
    }

    /// Input `k`: every unit gains its weight times that input of each sample.
    ///
    /// # Safety
    /// As [`run`](Tile::run).
    #[inline(always)]
    unsafe fn step<V: Vector<T = T>, const R: usize, const A: usize>(
        &self,
        mut sums: [[V; A]; R],
        k: usize,
    ) -> [[V; A]; R] {
        // SAFETY: the caller's.
        unsafe {
            let w = self.w.add(k * self.w_row);
            let mut lanes = [V::splat(V::T::ZERO); A];
            for a in 0..A {
                lanes[a] = V::load(w.add(a * V::N));
            }
            for r in 0..R {
                let x = V::splat(*self.x.add(r * self.x_row + k));
                for a in 0..A {
                    sums[r][a] = x.fma(lanes[a], sums[r][a]);
                }
            }
        }
        sums
    }
}

/// [`Outer`] over `panels` samples; sums are \[row\]\[unit of the right array, filled up to registers\].
pub(crate) struct RowsOuter;

impl Kernel for RowsOuter {
    type Args = Outer;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Outer) {
        let registers = args.columns.div_ceil(V::N);
        // SAFETY: the caller's; row and column tiles stay inside the arrays.
        unsafe {
            let mut column = 0;
            while column < registers {
                let width = match registers - column {
                    4.. if V::REGISTERS >= 32 => 4,
                    2.. => 2,
                    _ => 1,
                };
                let mut row = 0;
                while row < args.rows {
                    let height = if args.rows - row >= 4 { 4 } else { 1 };
                    let tile = OuterTile {
                        memory,
                        left: args.left + row,
                        right: args.right + column * V::N,
                        left_row: args.left_panel,
                        right_row: args.right_panel,
                        sums_row: registers * V::N,
                        samples: args.panels,
                        sums: memory
                            .constants
                            .add(args.sums + (row * registers + column) * V::N),
                    };
                    match (height, width) {
                        (4, 4) => tile.run::<V, 4, 4>(),
                        (4, 2) => tile.run::<V, 4, 2>(),
                        (4, _) => tile.run::<V, 4, 1>(),
                        (_, 4) => tile.run::<V, 1, 4>(),
                        (_, 2) => tile.run::<V, 1, 2>(),
                        (_, _) => tile.run::<V, 1, 1>(),
                    }
                    row += height;
                }
                column += width;
            }
        }
    }
}

/// Where one tile of sums comes from.
struct OuterTile<'a, T> {
    memory: &'a Memory<'a, T>,
    left: usize,
    right: usize,
    /// Distances of samples.
    left_row: usize,
    right_row: usize,
    /// Of rows of sums.
    sums_row: usize,
    samples: usize,
    sums: *mut T,
}

impl<T: Constants> OuterTile<'_, T> {
    /// `R` rows of `A` registers.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`; the arrays of every kept frame, and the sums, are where the tile says.
    #[inline(always)]
    unsafe fn run<V: Vector<T = T>, const R: usize, const A: usize>(&self) {
        // SAFETY: the caller's.
        unsafe {
            let mut sums = [[V::splat(V::T::ZERO); A]; R];
            for r in 0..R {
                for a in 0..A {
                    sums[r][a] = V::load(self.sums.add(r * self.sums_row + a * V::N));
                }
            }
            for &(frame, weight) in self.memory.kept {
                let weight = V::splat(weight);
                let frame = self.memory.frame.add(frame);
                let (left, right) = (frame.add(self.left), frame.add(self.right));
                for s in 0..self.samples {
                    let mut lanes = [weight; A];
                    for a in 0..A {
                        lanes[a] = V::load(right.add(s * self.right_row + a * V::N)).mul(weight);
                    }
                    for r in 0..R {
                        let row = V::splat(*left.add(s * self.left_row + r));
                        for a in 0..A {
                            sums[r][a] = row.fma(lanes[a], sums[r][a]);
                        }
                    }
                }
            }
            for r in 0..R {
                for a in 0..A {
                    sums[r][a].store(self.sums.add(r * self.sums_row + a * V::N));
                }
            }
        }
    }
}

/// [`Sum`] over `panels` samples.
pub(crate) struct RowsSum;

impl Kernel for RowsSum {
    type Args = Sum;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Sum) {
        let registers = args.units.div_ceil(V::N);
        // SAFETY: the caller's.
        unsafe {
            for register in 0..registers {
                let sums = memory.constants.add(args.sums + register * V::N);
                let mut sum = V::load(sums);
                for &(frame, weight) in memory.kept {
                    let x = memory.frame.add(frame + args.x + register * V::N);
                    for s in 0..args.panels {
                        let x = V::load(x.add(s * args.panel));
                        sum = V::splat(weight).fma(x, sum);
                    }
                }
                sum.store(sums);
            }
        }
    }
}
