//! Products of large matrices, and with transposes: B is packed in panels of columns, which the rows of A pass.

use core::mem::MaybeUninit;

use super::dispatch::{Isa, Kernel, Memory, Registers};
use super::matmul::{MatMul, Tile, columns, last_columns, widest};
use super::vector::Vector;

/// A [`MatMul`] with B packed.
pub(crate) struct Packed;

/// Registers of a panel.
const PANEL: usize = 768;
/// Bytes of a first cache.
const CACHE: usize = 32 * 1024;
/// From this many rows on, packing pays.
const ROWS: usize = 32;

impl Packed {
    /// Whether packing the columns of a tile pays: they would not stay in the first cache, or B's rows are so far apart that they fall into
    /// few of its sets.
    pub(crate) fn takes<T: Registers>(args: &MatMul, isa: Isa) -> bool {
        let register = isa.lanes::<T>() * size_of::<T>();
        let (row, widest) = (
            args.n * size_of::<T>(),
            widest(args.m, isa.registers::<T>()) * register,
        );
        let round = row.is_multiple_of(512) && args.k * row > CACHE;
        args.turned || args.m >= ROWS && row > widest && (round || args.k * widest > CACHE)
    }

    /// Whether a product of this shape with a transpose is better done here than by dot products: where there are rows enough to
    /// share the turning of B, or dot products would be short. `row` is how many numbers a register holds.
    pub(crate) fn turns(m: usize, k: usize, n: usize, row: usize) -> bool {
        // Parts of k leave their sums in C, where a panel that has all columns writes over them past the ends of rows.
        let whole = k * 4 <= PANEL || n > 4 * row;
        whole && m > 1 && (m >= 16 && n >= 8 || k <= row)
    }
}

impl Kernel for Packed {
    type Args = MatMul;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &MatMul) {
        // SAFETY: the caller's; see the type of the arguments for the stores past a row's end.
        unsafe {
            let a = memory.frame.add(args.a).cast_const();
            let b = memory.frame.add(args.b).cast_const();
            let c = memory.frame.add(args.c);
            let mut tile = Tile::new(args);
            let mut panel = [MaybeUninit::<V>::uninit(); PANEL];
            let packed = panel.as_mut_ptr().cast::<V::T>();
            let mut end = args.n.div_ceil(V::N);
            while end > 0 {
                let width = last_columns(end, widest(args.m, V::REGISTERS));
                end -= width;
                tile.b_row = width * V::N;
                // In equal parts of k that fit the panel; the sums wait in C, rounded as they are.
                let parts = args.k.div_ceil(PANEL / width).max(1);
                let part = args.k.div_ceil(parts).max(1);
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
                    (tile.k, tile.more) = (k, from > 0);
                    let a = a.add(from * args.a_strides[1]);
                    columns::<V>(&tile, width, a, packed, c.add(end * V::N));
                }
            }
        }
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
