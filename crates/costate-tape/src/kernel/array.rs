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

/// Runs of elements, one after another from `to` on: slices, broadcasts, concatenations.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    runs: Box<[Run]>,
    to: usize,
    len: usize,
}

/// Elements that lie side by side, or one again and again.
#[derive(Clone, Copy, Debug)]
struct Run {
    from: u32,
    len: u32,
    repeats: bool,
}

impl Runs {
    /// The fewest elements of a run, on average, that are moved faster by registers than one by one.
    const WORTH: usize = 4;

    /// A movement as runs, if they are long enough to be worth it.
    pub(crate) fn of(from: &[u32], to: usize) -> Option<Runs> {
        let mut runs: Vec<Run> = Vec::new();
        for &at in from {
            let last = runs.last_mut().filter(|run| match run.len {
                1 => at == run.from || at == run.from + 1,
                len => at == run.from + if run.repeats { 0 } else { len },
            });
            match last {
                Some(run) => {
                    run.repeats = at == run.from;
                    run.len += 1;
                }
                None => runs.push(Run {
                    from: at,
                    len: 1,
                    repeats: false,
                }),
            }
        }
        (from.len() >= Self::WORTH * runs.len()).then(|| Runs {
            runs: runs.into(),
            to,
            len: from.len(),
        })
    }
}

impl Kernel for Runs {
    type Args = Runs;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Runs) {
        // SAFETY: the caller's. Registers may be read past a run's end, where the file has room, and written past it as far as the next
        // runs go, which are written later.
        unsafe {
            let mut to = memory.frame.add(args.to);
            let end = to.add(args.len);
            for run in &args.runs {
                let from = memory.frame.add(run.from as usize).cast_const();
                let next = to.add(run.len as usize);
                let stride = usize::from(!run.repeats);
                let repeated = V::splat(*from);
                let mut i = 0;
                while to < next && to.add(V::N) <= end {
                    let value = if run.repeats {
                        repeated
                    } else {
                        V::load(from.add(i))
                    };
                    value.store(to);
                    to = to.add(V::N);
                    i += V::N;
                }
                while to < next {
                    *to = *from.add(stride * i);
                    to = to.add(1);
                    i += 1;
                }
                to = next;
            }
        }
    }
}

/// to\[i\] = file\[from\[i\]\]: any movement of elements (transposes, …).
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
