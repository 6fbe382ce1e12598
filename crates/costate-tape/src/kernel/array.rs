//! Row-major arrays in a file: products, sums and movement of elements.

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::vector::Vector;

/// C = A·B for row-major C and B: \[m, k\]·\[k, n\]. A may have any strides, so that it may be a transpose.
///
/// Rows of C are written in whole registers, in order: each overwrites what the one before left past its end, and past the
/// last there is room.
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
}

impl Kernel for MatMul {
    type Args = MatMul;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &MatMul) {
        // SAFETY: the caller's; see the type for the stores past a row's end.
        unsafe {
            let (a, b, c) = (
                memory.frame.add(args.a),
                memory.frame.add(args.b),
                memory.frame.add(args.c),
            );
            for i in 0..args.m {
                let row = a.add(i * args.a_strides[0]);
                let mut j = 0;
                while j + 4 * V::N <= args.n {
                    row_tile::<V, 4>(
                        row,
                        args.a_strides[1],
                        b.add(j),
                        args.n,
                        args.k,
                        c.add(i * args.n + j),
                    );
                    j += 4 * V::N;
                }
                while j < args.n {
                    row_tile::<V, 1>(
                        row,
                        args.a_strides[1],
                        b.add(j),
                        args.n,
                        args.k,
                        c.add(i * args.n + j),
                    );
                    j += V::N;
                }
            }
        }
    }
}

/// A row of A times `W` registers of columns of B.
///
/// # Safety
/// The processor has the instruction set; the pointers cover the operands.
#[inline(always)]
unsafe fn row_tile<V: Vector, const W: usize>(
    a: *const V::T,
    stride: usize,
    b: *const V::T,
    b_row: usize,
    k: usize,
    c: *mut V::T,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [[V::splat(V::T::ZERO); W]; 2];
        for i in 0..k {
            let x = V::splat(*a.add(i * stride));
            for w in 0..W {
                sums[i & 1][w] = x.fma(V::load(b.add(i * b_row + w * V::N)), sums[i & 1][w]);
            }
        }
        for w in 0..W {
            sums[0][w].add(sums[1][w]).store(c.add(w * V::N));
        }
    }
}

/// C = A·Bᵀ for row-major A, B and C: \[m, k\]·\[n, k\]ᵀ, a dot product for each element; also a matrix times a vector.
#[derive(Clone, Debug)]
pub(crate) struct MatMulTransposed {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) c: usize,
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
}

impl Kernel for MatMulTransposed {
    type Args = MatMulTransposed;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &MatMulTransposed) {
        let k = args.k;
        let whole = k - k % V::N;
        // SAFETY: the caller's. Groups of rows of B past the last stay on the last.
        unsafe {
            let (a, b, c) = (
                memory.frame.add(args.a),
                memory.frame.add(args.b),
                memory.frame.add(args.c),
            );
            for i in 0..args.m {
                let x = a.add(i * k);
                for j in (0..args.n).step_by(8) {
                    let count = (args.n - j).min(8);
                    let mut sums = [V::splat(V::T::ZERO); 8];
                    let mut at = 0;
                    while at < whole {
                        let lanes = V::load(x.add(at));
                        for r in 0..8 {
                            let row = b.add((j + r.min(count - 1)) * k + at);
                            sums[r] = lanes.fma(V::load(row), sums[r]);
                        }
                        at += V::N;
                    }
                    let mut totals = [V::T::ZERO; 8];
                    V::add_sums(sums, totals.as_mut_ptr());
                    for r in 0..count {
                        let mut total = totals[r];
                        for at in whole..k {
                            total = total + *x.add(at) * *b.add((j + r) * k + at);
                        }
                        *c.add(i * args.n + j + r) = total;
                    }
                }
            }
        }
    }
}

/// to\[o, i\] = Σ over the middle axis of from\[o, a, i\].
#[derive(Clone, Debug)]
pub(crate) struct SumAxis {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) outer: usize,
    pub(crate) axis: usize,
    pub(crate) inner: usize,
}

impl Kernel for SumAxis {
    type Args = SumAxis;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &SumAxis) {
        // SAFETY: the caller's; as for products, a row's last register may run past its end into the next, which is written later.
        unsafe {
            let (from, to) = (
                memory.frame.add(args.from).cast_const(),
                memory.frame.add(args.to),
            );
            for o in 0..args.outer {
                let block = from.add(o * args.axis * args.inner);
                if args.inner == 1 {
                    *to.add(o) = total::<V>(block, args.axis);
                    continue;
                }
                let mut i = 0;
                while i < args.inner {
                    let mut sum = V::splat(V::T::ZERO);
                    for a in 0..args.axis {
                        sum = sum.add(V::load(block.add(a * args.inner + i)));
                    }
                    sum.store(to.add(o * args.inner + i));
                    i += V::N;
                }
            }
        }
    }
}

/// The sum of `len` numbers.
///
/// # Safety
/// The processor has the instruction set; `p` covers `len` numbers.
#[inline(always)]
unsafe fn total<V: Vector>(p: *const V::T, len: usize) -> V::T {
    // SAFETY: the caller's.
    unsafe {
        let whole = len - len % V::N;
        let mut sum = V::splat(V::T::ZERO);
        for at in (0..whole).step_by(V::N) {
            sum = sum.add(V::load(p.add(at)));
        }
        let mut total = if whole > 0 { sum.sum() } else { V::T::ZERO };
        for at in whole..len {
            total = total + *p.add(at);
        }
        total
    }
}

/// to\[i\] = file\[from\[i\]\]: any movement of elements (transposes, slices, broadcasts, concatenations …).
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    pub(crate) from: Box<[u32]>,
    pub(crate) to: usize,
}

impl Kernel for Gather {
    type Args = Gather;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Gather) {
        // SAFETY: the caller's.
        unsafe {
            let to = memory.frame.add(args.to);
            for (i, &from) in args.from.iter().enumerate() {
                *to.add(i) = *memory.frame.add(from as usize);
            }
        }
    }
}

/// to[table[i]] += file[from + i], after all of `to` is zero.
#[derive(Clone, Debug)]
pub(crate) struct Scatter {
    pub(crate) table: Box<[u32]>,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) len: usize,
}

impl Kernel for Scatter {
    type Args = Scatter;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Scatter) {
        // SAFETY: the caller's; the table stays below `len`.
        unsafe {
            let (from, to) = (memory.frame.add(args.from), memory.frame.add(args.to));
            for i in 0..args.len {
                *to.add(i) = V::T::ZERO;
            }
            for (i, &at) in args.table.iter().enumerate() {
                let sum = to.add(at as usize);
                *sum = *sum + *from.add(i);
            }
        }
    }
}

/// sums\[i\] += Σ weight · from\[i\] over kept frames; the sums are among the constants.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pub(crate) from: Box<[u32]>,
    pub(crate) sums: usize,
}

impl Kernel for Numbers {
    type Args = Numbers;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Numbers) {
        // SAFETY: the caller's.
        unsafe {
            for &(frame, weight) in memory.kept {
                let frame = memory.frame.add(frame);
                for (i, &from) in args.from.iter().enumerate() {
                    let sum = memory.constants.add(args.sums + i);
                    *sum = *sum + weight * *frame.add(from as usize);
                }
            }
        }
    }
}
