//! Linear systems in a file: elimination, and what its factors are good for.

use crate::kernel::dispatch::{Kernel, Memory};
use crate::kernel::vector::Vector;
use crate::op::special::lu;

/// What is done with a matrix or its factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algebra {
    /// The factors of a matrix and, in the memory of n more numbers, the order of its rows.
    Factor,
    /// A⁻¹b, or A⁻ᵀb.
    Substitute {
        transposed: bool,
    },
    Determinant,
    LogAbsDeterminant,
}

/// Numbers that the factors of a matrix \[n, n\] take.
pub(crate) fn factors_len(n: usize) -> usize {
    n * (n + 1)
}

/// The n of factors that take this many numbers.
pub(crate) fn order_of(len: usize) -> usize {
    (0..).find(|&n| factors_len(n) >= len).unwrap_or(0)
}

/// A step of linear algebra: `from` is the matrix or its factors, then the right-hand sides.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) algebra: Algebra,
    pub(crate) from: [usize; 2],
    pub(crate) to: usize,
    pub(crate) n: usize,
    pub(crate) columns: usize,
}

impl Kernel for Dense {
    type Args = Dense;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Dense) {
        let (n, square) = (args.n, args.n * args.n);
        // SAFETY: the caller's: the places lie in the file, and what a step writes shares no memory with what it reads. The order
        // is n numbers of 4 bytes in the memory of n that are at least as large, written by the elimination before it is read.
        unsafe {
            let (from, to) = (memory.frame.add(args.from[0]), memory.frame.add(args.to));
            if args.algebra == Algebra::Factor {
                let lu = std::slice::from_raw_parts_mut(to, square);
                lu.copy_from_slice(std::slice::from_raw_parts(from, square));
                let order = std::slice::from_raw_parts_mut(to.add(square).cast::<u32>(), n);
                order.fill(0);
                lu::factor(lu, order, n);
                return;
            }
            let lu = std::slice::from_raw_parts(from, square);
            let order = std::slice::from_raw_parts(from.add(square).cast::<u32>(), n);
            match args.algebra {
                Algebra::Substitute { transposed } => {
                    let len = n * args.columns;
                    let x = std::slice::from_raw_parts_mut(to, len);
                    let b = memory.frame.add(args.from[1]);
                    x.copy_from_slice(std::slice::from_raw_parts(b, len));
                    lu::substitute(lu, order, x, n, args.columns, transposed);
                }
                Algebra::Determinant => *to = lu::determinant(lu, order, n),
                Algebra::LogAbsDeterminant => *to = lu::log_abs_determinant(lu, n),
                Algebra::Factor => unreachable!("done above"),
            }
        }
    }
}
