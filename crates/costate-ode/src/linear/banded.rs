//! LU factors of banded matrices, rows exchanged for the largest pivot.

use super::{Field, usable};

/// Column j holds rows j − lower − upper to j + lower: exchanging rows fills in as many diagonals above as there are below.
#[derive(Clone, Debug)]
pub(crate) struct Banded<F> {
    n: usize,
    lower: usize,
    /// Diagonals above the main one, with those filled in.
    above: usize,
    lu: Vec<F>,
    swaps: Vec<usize>,
}

impl<F> Banded<F> {
    pub(super) fn new<T>(n: usize, lower: usize, upper: usize) -> Self
    where
        F: Field<T>,
    {
        let above = lower + upper;
        Self {
            n,
            lower,
            above,
            lu: vec![F::zero(); n * (above + lower + 1)],
            swaps: vec![0; n],
        }
    }

    #[inline]
    fn at(&self, i: usize, j: usize) -> usize {
        j * (self.above + self.lower + 1) + self.above + i - j
    }

    #[inline]
    pub(super) fn set(&mut self, i: usize, j: usize, value: F) {
        let at = self.at(i, j);
        self.lu[at] = value;
    }

    /// Factorises the matrix that `fill` sets. False if a pivot vanishes or is not a number.
    pub(super) fn factorise<T: PartialOrd>(&mut self, fill: impl FnOnce(&mut Self)) -> bool
    where
        F: Field<T>,
    {
        self.lu.fill(F::zero());
        fill(self);
        let n = self.n;
        for k in 0..n {
            let below = (k + self.lower + 1).min(n);
            let (mut pivot, mut largest) = (k, self.lu[self.at(k, k)].magnitude());
            for i in k + 1..below {
                let size = self.lu[self.at(i, k)].magnitude();
                if size > largest {
                    (pivot, largest) = (i, size);
                }
            }
            if !usable(largest, F::zero().magnitude()) {
                return false;
            }
            self.swaps[k] = pivot;
            let right = (k + self.above + 1).min(n);
            if pivot != k {
                for j in k..right {
                    let (a, b) = (self.at(k, j), self.at(pivot, j));
                    self.lu.swap(a, b);
                }
            }
            let diagonal = self.at(k, k);
            let reciprocal = F::one() / self.lu[diagonal];
            self.lu[diagonal] = reciprocal;
            let rows = below - k - 1;
            for l in &mut self.lu[diagonal + 1..][..rows] {
                *l = *l * reciprocal;
            }
            for j in k + 1..right {
                let top = self.at(k, j);
                let factor = self.lu[top];
                let (left, column) = self.lu.split_at_mut(top + 1);
                let l = &left[diagonal + 1..][..rows];
                for (x, l) in column[..rows].iter_mut().zip(l) {
                    *x = *x - *l * factor;
                }
            }
        }
        true
    }

    pub(super) fn solve<T>(&self, b: &mut [F])
    where
        F: Field<T>,
    {
        let n = self.n;
        for k in 0..n {
            b.swap(k, self.swaps[k]);
            let (x, below) = (b[k], (k + self.lower + 1).min(n));
            let l = &self.lu[self.at(k, k) + 1..];
            for (b, l) in b[k + 1..below].iter_mut().zip(l) {
                *b = *b - *l * x;
            }
        }
        for k in (0..n).rev() {
            let diagonal = self.at(k, k);
            let x = b[k] * self.lu[diagonal];
            b[k] = x;
            let top = k.saturating_sub(self.above);
            let u = &self.lu[diagonal - (k - top)..diagonal];
            for (b, u) in b[top..k].iter_mut().zip(u) {
                *b = *b - *u * x;
            }
        }
    }
}
