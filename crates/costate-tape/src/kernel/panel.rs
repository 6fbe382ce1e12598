//! Layers over batch panels: samples fill the registers, and an array of u units is stored \[panel\]\[unit\]\[panel width\].

use core::marker::PhantomData;

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::vector::Vector;

/// What a layer does with its sums before it stores them.
pub(crate) trait Epilogue: 'static {
    /// The finished lanes of a tile; `aux` points at the same elements of the auxiliary array, whose rows are `stride` apart.
    ///
    /// # Safety
    /// The processor has the instruction set; if the epilogue has an auxiliary array, `aux` covers the tile.
    unsafe fn apply<V: Vector, const A: usize, const B: usize>(
        sums: [[V; A]; B],
        aux: *const V::T,
        stride: usize,
    ) -> [[V; A]; B];
}

/// Nothing.
pub(crate) struct Identity;

impl Epilogue for Identity {
    #[inline(always)]
    unsafe fn apply<V: Vector, const A: usize, const B: usize>(
        sums: [[V; A]; B],
        _: *const V::T,
        _: usize,
    ) -> [[V; A]; B] {
        sums
    }
}

/// The sum times 1 − y², for y in the auxiliary array: the backward step of tanh.
pub(crate) struct TanhSlope;

impl Epilogue for TanhSlope {
    #[inline(always)]
    unsafe fn apply<V: Vector, const A: usize, const B: usize>(
        mut sums: [[V; A]; B],
        aux: *const V::T,
        stride: usize,
    ) -> [[V; A]; B] {
        for b in 0..B {
            for a in 0..A {
                // SAFETY: the caller's.
                let (y, one) =
                    unsafe { (V::load(aux.add(b * stride + a * V::N)), V::splat(V::T::ONE)) };
                sums[b][a] = sums[b][a].mul(y.fnma(y, one));
            }
        }
        sums
    }
}

/// A layer: o = E(W·x + b).
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    /// In the frame: input, auxiliary array, output.
    pub(crate) x: usize,
    pub(crate) aux: usize,
    pub(crate) o: usize,
    /// In the constants: packed weights, bias.
    pub(crate) w: usize,
    pub(crate) bias: usize,
    /// Units in and out.
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    /// Panels, and their distances in the input and in the output.
    pub(crate) panels: usize,
    pub(crate) x_panel: usize,
    pub(crate) o_panel: usize,
    /// Rows of the main tile; [`blocks`] gives the others.
    pub(crate) rows: usize,
}

/// The heights of the tiles that cover `units` rows, the main one `rows` high.
pub(crate) fn blocks(units: usize, rows: usize) -> impl Iterator<Item = usize> {
    let mut left = units;
    core::iter::from_fn(move || {
        let block = [rows, 4, 2, 1]
            .into_iter()
            .find(|&r| r <= left && r <= rows)?;
        left -= block;
        Some(block)
    })
}

/// The height of the main tile for panels of `vectors` registers.
pub(crate) fn rows(vectors: usize, registers: usize) -> usize {
    match (vectors, registers) {
        (1, _) => 8,
        (2, 32) => 8,
        _ => 6,
    }
}

/// [`Linear`] over panels of `VECTORS` registers; packed weights are \[tile\]\[input\]\[row of the tile\].
pub(crate) struct PanelLinear<E, const VECTORS: usize>(PhantomData<E>);

impl<E: Epilogue, const VECTORS: usize> Kernel for PanelLinear<E, VECTORS> {
    type Args = Linear;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Linear) {
        if VECTORS > 2 && V::REGISTERS < 32 {
            unreachable!("a tile of four registers needs 32");
        }
        let width = VECTORS * V::N;
        // SAFETY: the caller's; the tiles of a panel follow each other without gaps.
        unsafe {
            for panel in 0..args.panels {
                let x = memory.frame.add(args.x + panel * args.x_panel).cast_const();
                let mut w = memory.constants.add(args.w).cast_const();
                let mut row = 0;
                for block in blocks(args.units, args.rows) {
                    let at = panel * args.o_panel + row * width;
                    let tile = Tile {
                        x,
                        w,
                        bias: memory.constants.add(args.bias + row),
                        aux: memory.frame.add(args.aux + at),
                        o: memory.frame.add(args.o + at),
                        inputs: args.inputs,
                    };
                    match block {
                        8 if VECTORS <= 2 => tile.run::<V, E, 8, VECTORS>(),
                        6 if VECTORS >= 2 => tile.run::<V, E, 6, VECTORS>(),
                        4 => tile.run::<V, E, 4, VECTORS>(),
                        2 => tile.run::<V, E, 2, VECTORS>(),
                        _ => tile.run::<V, E, 1, VECTORS>(),
                    }
                    w = w.add(block * args.inputs);
                    row += block;
                }
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
    /// `R` rows of `A` registers.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`; the pointers cover the tile.
    #[inline(always)]
    unsafe fn run<V: Vector<T = T>, E: Epilogue, const R: usize, const A: usize>(&self) {
        // Too few sums to hide the latency of a multiply-add: several chains over the inputs.
        let chains = match R * A {
            1 | 2 => 4,
            3..8 => 2,
            _ => 1,
        };
        // SAFETY: the caller's.
        unsafe {
            let zero = V::splat(V::T::ZERO);
            let mut sums = [[[zero; A]; R]; 4];
            for r in 0..R {
                sums[0][r] = [V::splat(*self.bias.add(r)); A];
            }
            let (mut x, mut w) = (self.x, self.w);
            let mut k = self.inputs;
            while k >= chains {
                for c in 0..chains {
                    sums[c] = step(sums[c], x.add(c * A * V::N), w.add(c * R));
                }
                x = x.add(chains * A * V::N);
                w = w.add(chains * R);
                k -= chains;
            }
            while k > 0 {
                sums[0] = step(sums[0], x, w);
                x = x.add(A * V::N);
                w = w.add(R);
                k -= 1;
            }
            for c in 1..chains {
                for r in 0..R {
                    for a in 0..A {
                        sums[0][r][a] = sums[0][r][a].add(sums[c][r][a]);
                    }
                }
            }
            let done = E::apply(sums[0], self.aux, A * V::N);
            for r in 0..R {
                for a in 0..A {
                    done[r][a].store(self.o.add((r * A + a) * V::N));
                }
            }
        }
    }
}

/// One input of a tile: every row gains its weight times that input.
///
/// # Safety
/// The processor has the instruction set of `V`; `x` covers `A` registers, `w` `R` numbers.
#[inline(always)]
unsafe fn step<V: Vector, const A: usize, const R: usize>(
    mut sums: [[V; A]; R],
    x: *const V::T,
    w: *const V::T,
) -> [[V; A]; R] {
    // SAFETY: the caller's.
    unsafe {
        let mut lanes = [V::splat(V::T::ZERO); A];
        for a in 0..A {
            lanes[a] = V::load(x.add(a * V::N));
        }
        for r in 0..R {
            let weight = V::splat(*w.add(r));
            for a in 0..A {
                sums[r][a] = weight.fma(lanes[a], sums[r][a]);
            }
        }
    }
    sums
}
