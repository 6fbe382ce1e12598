//! Products with a matrix of few columns: a register holds as many columns as there are, each with several numbers along k.

use core::mem::MaybeUninit;

use super::dispatch::{Kernel, Memory};
use super::elementary::Constants;
use super::matmul::MatMul;
use super::vector::Vector;

/// A [`MatMul`] whose B has at most half as many columns as a register has numbers, and whose A has its rows side by side.
///
/// With c columns, N/c numbers of a row of A are read at once and repeated for each column; what the register holds of a column is summed
/// at the end. An element's bits depend on k and n, not on how many rows there are.
pub(crate) struct Narrow;

/// Registers of packed B: they stay in the first cache while the rows of A pass.
const MOST: usize = 384;

impl Narrow {
    /// Whether it takes a product of this shape in registers of so many numbers: one of which [`MatMul`] would leave half of them idle,
    /// with rows enough to share the packing of B.
    pub(crate) fn takes([m, k, n]: [usize; 3], row: usize) -> bool {
        let columns = n.next_power_of_two();
        n > 1 && 2 * columns <= row && m >= 12 && m * k >= 512 && k * columns <= MOST * row
    }
}

impl Kernel for Narrow {
    type Args = MatMul;

    #[inline(always)]
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &MatMul) {
        // SAFETY: the caller's.
        unsafe {
            match V::N / args.n.next_power_of_two() {
                2 => product::<V, 2>(memory, args),
                4 => product::<V, 4>(memory, args),
                _ => unreachable!("wider registers are not for so few columns"),
            }
        }
    }
}

/// The product, with `R` numbers of each column in a register.
///
/// # Safety
/// As [`Kernel::run`].
#[inline(always)]
unsafe fn product<V: Vector, const R: usize>(memory: &Memory<'_, V::T>, args: &MatMul) {
    let &MatMul {
        m, k, n, turned, ..
    } = args;
    let mut packed = [const { MaybeUninit::<V>::uninit() }; MOST];
    let registers = k.div_ceil(R);
    // SAFETY: the caller's; `Narrow::takes` has made sure that B fits.
    unsafe {
        let b = memory.frame.add(args.b).cast_const();
        let numbers = packed.as_mut_ptr().cast::<V::T>();
        let zero = V::splat(V::T::ZERO);
        if n * R < V::N || k % R > 0 {
            for register in &mut packed[..registers] {
                register.write(zero);
            }
        }
        for j in 0..n {
            let to = numbers.add(j * R);
            if turned {
                pack::<_, R>(b.add(j * k), 1, k, to, V::N);
            } else {
                pack::<_, R>(b.add(j), n, k, to, V::N);
            }
        }
        let columns = Columns::<V> {
            packed: packed.as_ptr().cast(),
            a: memory.frame.add(args.a),
            c: memory.frame.add(args.c),
            k,
            n,
        };
        let mut i = 0;
        while i + 8 <= m {
            columns.rows::<R, 8>(i);
            i += 8;
        }
        while i + 4 <= m {
            columns.rows::<R, 4>(i);
            i += 4;
        }
        while i < m {
            columns.rows::<R, 1>(i);
            i += 1;
        }
    }
}

/// What the rows have in common.
struct Columns<V: Vector> {
    packed: *const V,
    a: *const V::T,
    c: *mut V::T,
    k: usize,
    n: usize,
}

impl<V: Vector> Columns<V> {
    /// `M` rows from row `i` on.
    ///
    /// # Safety
    /// The processor has the instruction set; the pointers cover the operands, and past the last row of A there is room for a register.
    #[inline(always)]
    unsafe fn rows<const R: usize, const M: usize>(&self, i: usize) {
        let &Columns { packed, k, n, .. } = self;
        let (whole, left) = (k / R, k % R);
        // SAFETY: the caller's.
        unsafe {
            let a = self.a.add(i * k);
            let mut sums = [V::splat(V::T::ZERO); M];
            for at in 0..whole {
                let b = packed.add(at).read();
                for r in 0..M {
                    sums[r] = V::repeat::<R>(a.add(r * k + at * R)).fma(b, sums[r]);
                }
            }
            if left > 0 {
                // Ones in all bits of the numbers that are left.
                let mask = V::repeat::<R>(V::T::ONES_THEN_ZEROS.as_ptr().add(16 - left));
                let b = packed.add(whole).read();
                for r in 0..M {
                    let a = V::repeat::<R>(a.add(r * k + whole * R)).and(mask);
                    sums[r] = a.fma(b, sums[r]);
                }
            }
            for r in 0..M {
                // No register has more.
                let mut parts = [V::T::ZERO; 8];
                sums[r].store(parts.as_mut_ptr());
                for j in 0..n {
                    *self.c.add((i + r) * n + j) = sum::<V::T, R>(&parts[j * R..]);
                }
            }
        }
    }
}

/// The sum of the first `R` numbers, a power of two, in pairs.
#[inline(always)]
fn sum<T: Constants, const R: usize>(numbers: &[T]) -> T {
    let mut sums: [T; R] = *numbers.first_chunk().expect("so many are there");
    let mut half = R / 2;
    while half > 0 {
        for r in 0..half {
            sums[r] = sums[r] + sums[r + half];
        }
        half /= 2;
    }
    sums[0]
}

/// `k` numbers so far apart in runs of `R`, whose beginnings are `row` apart.
///
/// # Safety
/// The pointers cover the numbers.
#[inline(always)]
unsafe fn pack<T: Copy, const R: usize>(
    from: *const T,
    apart: usize,
    k: usize,
    to: *mut T,
    row: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        for i in 0..k / R {
            for r in 0..R {
                *to.add(i * row + r) = *from.add((i * R + r) * apart);
            }
        }
        for i in k - k % R..k {
            *to.add(i / R * row + i % R) = *from.add(i * apart);
        }
    }
}
