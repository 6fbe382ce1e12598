//! Products of row-major matrices, by tiles of the result that stay in registers.

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::vector::Vector;

/// C = A·B, \[m, k\]·\[k, n\], for row-major C. A may have any strides, so that it may be a transpose; B is row-major, or the
/// transpose of a row-major \[n, k\].
///
/// Each element is summed in the order of k, whatever tile it falls into: a row's bits do not depend on how many rows there are.
///
/// Rows of C are written in whole registers. The last columns come first, from the first row to the last: what a row leaves past
/// its end is where the next begins, which is written later, and past the last row there is room.
#[derive(Clone, Debug)]
pub(crate) struct MatMul {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) c: usize,
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
    /// Distance of rows and of columns in A.
    pub(crate) a_strides: [usize; 2],
    /// B is a transpose, which it may be for [`Packed`](super::packed::Packed) and [`Narrow`](super::narrow::Narrow).
    pub(crate) turned: bool,
}

impl Kernel for MatMul {
    type Args = MatMul;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &MatMul) {
        // SAFETY: the caller's; see the type for the stores past a row's end. Loads past B's last row stay inside the room there.
        unsafe {
            let a = memory.frame.add(args.a).cast_const();
            let b = memory.frame.add(args.b).cast_const();
            let c = memory.frame.add(args.c);
            let tile = Tile::new(args);
            let mut end = args.n.div_ceil(V::N);
            while end > 0 {
                let width = last_columns(end, widest(args.m, V::REGISTERS));
                end -= width;
                columns::<V>(&tile, width, a, b.add(end * V::N), c.add(end * V::N));
            }
        }
    }
}

/// Registers of columns in the last tile of so many, the widest of which has `most`.
#[inline(always)]
pub(super) fn last_columns(end: usize, most: usize) -> usize {
    match end % most {
        0 => most,
        // A single row's tiles are of eight or at most four registers.
        rest if rest > 4 => rest - 4,
        rest => rest,
    }
}

/// Registers of columns in the widest tile for `m` rows on a processor with so many registers.
#[inline(always)]
pub(super) fn widest(m: usize, registers: usize) -> usize {
    match (m, registers) {
        (1, _) => 8,
        (2..4, _) | (_, 32) => 4,
        _ => 2,
    }
}

/// What the tiles of a product have in common.
pub(super) struct Tile {
    a_strides: [usize; 2],
    pub(super) b_row: usize,
    c_row: usize,
    m: usize,
    pub(super) k: usize,
    /// C holds sums already.
    pub(super) more: bool,
}

impl Tile {
    pub(super) fn new(args: &MatMul) -> Self {
        Tile {
            a_strides: args.a_strides,
            b_row: args.n,
            c_row: args.n,
            m: args.m,
            k: args.k,
            more: false,
        }
    }
}

/// All rows times `width` registers of columns.
///
/// # Safety
/// The processor has the instruction set; the pointers cover the operands.
#[inline(always)]
pub(super) unsafe fn columns<V: Vector>(
    tile: &Tile,
    width: usize,
    a: *const V::T,
    b: *const V::T,
    c: *mut V::T,
) {
    // SAFETY: the caller's.
    unsafe {
        match width {
            1 => rows::<V, 1>(tile, a, b, c),
            2 => rows::<V, 2>(tile, a, b, c),
            3 => rows::<V, 3>(tile, a, b, c),
            4 => rows::<V, 4>(tile, a, b, c),
            _ => one::<V, 1, 8>(tile, 0, a, b, c),
        }
    }
}

/// # Safety
/// As [`columns`].
#[inline(always)]
unsafe fn rows<V: Vector, const C: usize>(
    tile: &Tile,
    a: *const V::T,
    b: *const V::T,
    c: *mut V::T,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut i = 0;
        if C == 1 {
            while i + 12 <= tile.m {
                one::<V, 12, C>(tile, i, a, b, c);
                i += 12;
            }
        }
        if C == 1 || C <= 3 && V::REGISTERS == 32 {
            while i + 8 <= tile.m {
                one::<V, 8, C>(tile, i, a, b, c);
                i += 8;
            }
        } else if C <= 2 || V::REGISTERS == 32 {
            while i + 6 <= tile.m {
                one::<V, 6, C>(tile, i, a, b, c);
                i += 6;
            }
        }
        if C <= 2 || V::REGISTERS == 32 {
            while i + 4 <= tile.m {
                one::<V, 4, C>(tile, i, a, b, c);
                i += 4;
            }
        }
        while i + 2 <= tile.m {
            one::<V, 2, C>(tile, i, a, b, c);
            i += 2;
        }
        if i < tile.m {
            one::<V, 1, C>(tile, i, a, b, c);
        }
    }
}

/// `R` rows from row `i` on times `C` registers of columns.
///
/// # Safety
/// As [`columns`].
#[inline(always)]
unsafe fn one<V: Vector, const R: usize, const C: usize>(
    tile: &Tile,
    i: usize,
    a: *const V::T,
    b: *const V::T,
    c: *mut V::T,
) {
    // SAFETY: the caller's.
    unsafe {
        let [row, column] = tile.a_strides;
        let a = a.add(i * row);
        let c = c.add(i * tile.c_row);
        let mut sums = [[V::splat(V::T::ZERO); C]; R];
        if tile.more {
            for r in 0..R {
                for w in 0..C {
                    sums[r][w] = V::load(c.add(r * tile.c_row + w * V::N));
                }
            }
        }
        for k in 0..tile.k {
            let b = b.add(k * tile.b_row);
            let mut lanes = [V::splat(V::T::ZERO); C];
            for w in 0..C {
                lanes[w] = V::load(b.add(w * V::N));
            }
            for r in 0..R {
                let x = V::splat(*a.add(r * row + k * column));
                for w in 0..C {
                    sums[r][w] = x.fma(lanes[w], sums[r][w]);
                }
            }
        }
        for r in 0..R {
            for w in 0..C {
                sums[r][w].store(c.add(r * tile.c_row + w * V::N));
            }
        }
    }
}
