//! C = A·Bᵀ for row-major matrices, by dot products: several rows of each at once, so that every load serves more than one.

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::vector::Vector;

/// C = A·Bᵀ for row-major A, B and C: \[m, k\]·\[n, k\]ᵀ, a dot product for each element; also a matrix times a vector.
///
/// An element's bits depend on k alone, not on how many rows there are.
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
        // SAFETY: the caller's.
        unsafe {
            let (a, b, c) = (
                memory.frame.add(args.a).cast_const(),
                memory.frame.add(args.b).cast_const(),
                memory.frame.add(args.c),
            );
            let &MatMulTransposed { m, k, n, .. } = args;
            // Eight rows at once of the matrix of which that leaves fewer over.
            let with_rest = |rows: usize, others: usize| rows.next_multiple_of(8) * others;
            let (few, many, few_rows, many_rows, strides) = if with_rest(m, n) < with_rest(n, m) {
                (b, a, n, m, [1, n])
            } else {
                (a, b, m, n, [n, 1])
            };
            for j in (0..many_rows).step_by(8) {
                let eight = Eight {
                    k,
                    count: (many_rows - j).min(8),
                    rows: many.add(j * k),
                    strides,
                };
                let c = c.add(j * strides[1]);
                let mut i = 0;
                if V::REGISTERS == 32 {
                    // Four are better twice two than three and one.
                    while i + 3 <= few_rows && i + 4 != few_rows {
                        eight.times::<V, 3>(few.add(i * k), c.add(i * strides[0]));
                        i += 3;
                    }
                    while i + 2 <= few_rows {
                        eight.times::<V, 2>(few.add(i * k), c.add(i * strides[0]));
                        i += 2;
                    }
                }
                while i < few_rows {
                    eight.times::<V, 1>(few.add(i * k), c.add(i * strides[0]));
                    i += 1;
                }
            }
        }
    }
}

/// At most eight rows; rows past the last stay on the last.
struct Eight<T> {
    k: usize,
    count: usize,
    rows: *const T,
    /// Of the results: by rows of the other matrix, by these.
    strides: [usize; 2],
}

impl<T: Constants> Eight<T> {
    /// The products with `R` other rows.
    ///
    /// # Safety
    /// The processor has the instruction set; the pointers cover the rows.
    #[inline(always)]
    unsafe fn times<V: Vector<T = T>, const R: usize>(&self, a: *const T, c: *mut T) {
        let (k, b, count) = (self.k, self.rows, self.count);
        let whole = k - k % V::N;
        // SAFETY: the caller's. Past the last row there is room for a register.
        unsafe {
            let mut rows = [b; 8];
            for (r, row) in rows.iter_mut().enumerate() {
                *row = b.add(r.min(count - 1) * k);
            }
            let mut sums = [[V::splat(V::T::ZERO); 8]; R];
            let mut at = 0;
            while at < whole {
                let mut x = [V::splat(V::T::ZERO); R];
                for i in 0..R {
                    x[i] = V::load(a.add(i * k + at));
                }
                for r in 0..8 {
                    let y = V::load(rows[r].add(at));
                    for i in 0..R {
                        sums[i][r] = x[i].fma(y, sums[i][r]);
                    }
                }
                at += V::N;
            }
            if whole < k {
                // Ones in all bits of the numbers that are left.
                let mask = V::load(V::T::ONES_THEN_ZEROS.as_ptr().add(16 - (k - whole)));
                let mut x = [V::splat(V::T::ZERO); R];
                for i in 0..R {
                    x[i] = V::load(a.add(i * k + whole)).and(mask);
                }
                for r in 0..8 {
                    let y = V::load(rows[r].add(whole)).and(mask);
                    for i in 0..R {
                        sums[i][r] = x[i].fma(y, sums[i][r]);
                    }
                }
            }
            for i in 0..R {
                let mut totals = [V::T::ZERO; 8];
                V::add_sums(sums[i], totals.as_mut_ptr());
                for r in 0..count {
                    *c.add(i * self.strides[0] + r * self.strides[1]) = totals[r];
                }
            }
        }
    }
}
