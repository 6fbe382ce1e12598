//! LU factors of dense matrices, rows exchanged for the largest pivot.

use super::{Field, usable};

/// Column by column: U with reciprocals on its diagonal, L below without its ones.
#[derive(Clone, Debug)]
pub(crate) struct Dense<F> {
    n: usize,
    lu: Vec<F>,
    /// The row exchanged with row k in step k.
    swaps: Vec<usize>,
}

impl<F> Dense<F> {
    pub(super) fn new<T>(n: usize) -> Self
    where
        F: Field<T>,
    {
        Self {
            n,
            lu: vec![F::zero(); n * n],
            swaps: vec![0; n],
        }
    }

    /// Factorises the matrix that `fill` writes, column by column. False if a pivot vanishes or is not a number.
    #[inline]
    pub(super) fn factorise<T: PartialOrd>(&mut self, fill: impl FnOnce(&mut [F])) -> bool
    where
        F: Field<T>,
    {
        fill(&mut self.lu);
        // Small systems get code of their own, with loops of known length.
        match self.n {
            1 => factorise::<T, F>(1, &mut self.lu, &mut self.swaps),
            2 => factorise::<T, F>(2, &mut self.lu, &mut self.swaps),
            3 => factorise::<T, F>(3, &mut self.lu, &mut self.swaps),
            4 => factorise::<T, F>(4, &mut self.lu, &mut self.swaps),
            n => factorise::<T, F>(n, &mut self.lu, &mut self.swaps),
        }
    }

    #[inline]
    pub(super) fn solve<T>(&self, b: &mut [F])
    where
        F: Field<T>,
    {
        match self.n {
            1 => solve::<T, F>(1, &self.lu, &self.swaps, b),
            2 => solve::<T, F>(2, &self.lu, &self.swaps, b),
            3 => solve::<T, F>(3, &self.lu, &self.swaps, b),
            4 => solve::<T, F>(4, &self.lu, &self.swaps, b),
            n => solve::<T, F>(n, &self.lu, &self.swaps, b),
        }
    }
}

#[inline(always)]
fn factorise<T: PartialOrd, F: Field<T>>(n: usize, lu: &mut [F], swaps: &mut [usize]) -> bool {
    let (lu, swaps) = (&mut lu[..n * n], &mut swaps[..n]);
    for k in 0..n {
        let (mut pivot, mut largest) = (k, lu[k * n + k].magnitude());
        for i in k + 1..n {
            let size = lu[k * n + i].magnitude();
            if size > largest {
                (pivot, largest) = (i, size);
            }
        }
        if !usable(largest, F::zero().magnitude()) {
            return false;
        }
        swaps[k] = pivot;
        if pivot != k {
            for j in 0..n {
                lu.swap(j * n + k, j * n + pivot);
            }
        }
        let (left, right) = lu.split_at_mut((k + 1) * n);
        let column = &mut left[k * n..];
        let reciprocal = F::one() / column[k];
        column[k] = reciprocal;
        for l in &mut column[k + 1..] {
            *l = *l * reciprocal;
        }
        for other in right.chunks_exact_mut(n) {
            let factor = other[k];
            for (x, l) in other[k + 1..].iter_mut().zip(&column[k + 1..]) {
                *x = *x - *l * factor;
            }
        }
    }
    true
}

#[inline(always)]
fn solve<T, F: Field<T>>(n: usize, lu: &[F], swaps: &[usize], b: &mut [F]) {
    let (lu, swaps, b) = (&lu[..n * n], &swaps[..n], &mut b[..n]);
    for k in 0..n {
        b.swap(k, swaps[k]);
    }
    for k in 0..n {
        let x = b[k];
        for (b, l) in b[k + 1..].iter_mut().zip(&lu[k * n + k + 1..(k + 1) * n]) {
            *b = *b - *l * x;
        }
    }
    for k in (0..n).rev() {
        let x = b[k] * lu[k * n + k];
        b[k] = x;
        for (b, u) in b[..k].iter_mut().zip(&lu[k * n..k * n + k]) {
            *b = *b - *u * x;
        }
    }
}
