//! Products of row-major matrices, by tiles of the result that stay in registers.

use core::mem::MaybeUninit;

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
    /// B is a transpose.
    pub(crate) turned: bool,
}

/// Registers of a packed panel of B: they stay in the first cache while the rows of A pass.
const PANEL: usize = 384;
/// From this many rows on, packing a panel pays.
const ROWS_TO_PACK: usize = 32;

impl Kernel for MatMul {
    type Args = MatMul;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &MatMul) {
        // SAFETY: the caller's; see the type for the stores past a row's end. Loads past B's last row stay inside the room there.
        unsafe {
            let a = memory.frame.add(args.a).cast_const();
            let b = memory.frame.add(args.b).cast_const();
            let c = memory.frame.add(args.c);
            let mut tile = Tile {
                a_strides: args.a_strides,
                b_row: args.n,
                c_row: args.n,
                m: args.m,
                k: args.k,
                more: false,
            };
            let most = widest::<V>(args.m);
            let mut end = args.n.div_ceil(V::N);
            let row = size_of::<V::T>() * args.n;
            let pack = args.turned
                || end > most
                    && args.m >= ROWS_TO_PACK
                    && (args.k * most > PANEL || row.is_multiple_of(512) && args.k >= 32);
            let mut panel = [MaybeUninit::<V>::uninit(); PANEL];
            let packed = panel.as_mut_ptr().cast::<V::T>();
            while end > 0 {
                let width = match end % most {
                    0 => most,
                    // A single row's tiles are of eight or at most four registers.
                    rest if rest > 4 => rest - 4,
                    rest => rest,
                };
                end -= width;
                let c = c.add(end * V::N);
                if !pack {
                    columns::<V>(&tile, width, a, b.add(end * V::N), c);
                    continue;
                }
                // In parts of k that fit the panel; the sums wait in C, rounded as they are.
                let part = PANEL / width;
                for from in (0..args.k).step_by(part) {
                    let k = part.min(args.k - from);
                    if args.turned {
                        let columns = (width * V::N).min(args.n - end * V::N);
                        let b = b.add(end * V::N * args.k + from);
                        turn(b, args.k, columns, k, packed, width * V::N);
                    } else {
                        let b = b.add(from * args.n + end * V::N);
                        for i in 0..k {
                            for w in 0..width {
                                let x = V::load(b.add(i * args.n + w * V::N));
                                x.store(packed.add((i * width + w) * V::N));
                            }
                        }
                    }
                    tile.b_row = width * V::N;
                    (tile.k, tile.more) = (k, from > 0);
                    let a = a.add(from * args.a_strides[1]);
                    columns::<V>(&tile, width, a, packed, c);
                }
            }
        }
    }
}

impl MatMul {
    /// Whether a product of this shape with a transpose is better done here than by dot products: where there are rows enough to
    /// share the turning of B, or dot products would be short. `row` is how many numbers a register holds.
    pub(crate) fn turns(m: usize, k: usize, n: usize, row: usize) -> bool {
        // Parts of k leave their sums in C, where a panel that has all columns writes over them past the ends of rows.
        let whole = k * 4 <= PANEL || n > 4 * row;
        whole && m > 1 && (m >= 16 && n >= 8 || k <= row)
    }
}

/// to\[i, j\] = from\[j, i\] for `rows` rows of `columns` numbers.
///
/// # Safety
/// The pointers cover the numbers.
#[inline(always)]
unsafe fn turn<T: Copy>(
    from: *const T,
    from_row: usize,
    rows: usize,
    columns: usize,
    to: *mut T,
    to_row: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut j = 0;
        while j + 4 <= rows {
            let row = from.add(j * from_row);
            for i in 0..columns {
                let to = to.add(i * to_row + j);
                for r in 0..4 {
                    *to.add(r) = *row.add(r * from_row + i);
                }
            }
            j += 4;
        }
        while j < rows {
            for i in 0..columns {
                *to.add(i * to_row + j) = *from.add(j * from_row + i);
            }
            j += 1;
        }
    }
}

/// Registers of columns in the widest tile for `m` rows.
#[inline(always)]
fn widest<V: Vector>(m: usize) -> usize {
    match (m, V::REGISTERS) {
        (1, _) => 8,
        (2..4, _) | (_, 32) => 4,
        _ => 2,
    }
}

/// What the tiles of a product have in common.
struct Tile {
    a_strides: [usize; 2],
    b_row: usize,
    c_row: usize,
    m: usize,
    k: usize,
    /// C holds sums already.
    more: bool,
}

/// All rows times `width` registers of columns.
///
/// # Safety
/// The processor has the instruction set; the pointers cover the operands.
#[inline(always)]
unsafe fn columns<V: Vector>(
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
