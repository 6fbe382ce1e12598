//! Row-major arrays in a file: sums and movement of elements.

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::vector::Vector;

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
