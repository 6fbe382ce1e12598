//! LU factors of sparse matrices, without exchanging rows: the pattern of the factors is found once.

use super::{Field, Pattern, usable};

/// Column by column, in an order that keeps the factors sparse: L without its ones, U with reciprocals on its diagonal.
///
/// The order is that of least degree: of the unknowns that remain, the one is eliminated next that is coupled to the fewest others.
#[derive(Clone, Debug)]
pub(crate) struct Sparse<F> {
    /// The unknown that is eliminated k-th.
    order: Vec<usize>,
    /// The entries of the matrix in column order of `order`: (row in that order, place among the matrix's entries).
    entries: Vec<(usize, usize)>,
    entry_starts: Vec<usize>,
    /// Rows of L's columns, ascending, and the columns of L with an entry in each row: by symmetry U's rows.
    l_rows: Vec<usize>,
    l_starts: Vec<usize>,
    u_rows: Vec<usize>,
    u_starts: Vec<usize>,
    matrix: Vec<F>,
    l: Vec<F>,
    u: Vec<F>,
    reciprocals: Vec<F>,
    work: Vec<F>,
}

impl<F> Sparse<F> {
    pub(super) fn new<T>(pattern: &Pattern) -> Self
    where
        F: Field<T>,
    {
        let n = pattern.len();
        let (order, columns) = eliminate(pattern);
        let mut rank = vec![0; n];
        for (k, unknown) in order.iter().enumerate() {
            rank[*unknown] = k;
        }
        let (mut l_rows, mut l_starts, mut of_row) = (Vec::new(), vec![0], vec![Vec::new(); n]);
        for (k, column) in columns.iter().enumerate() {
            let mut rows: Vec<usize> = column.iter().map(|unknown| rank[*unknown]).collect();
            rows.sort_unstable();
            for row in &rows {
                of_row[*row].push(k);
            }
            l_rows.extend(rows);
            l_starts.push(l_rows.len());
        }
        let u_rows = of_row.concat();
        let mut u_starts = vec![0];
        u_starts.extend(of_row.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let (mut entries, mut entry_starts) = (Vec::new(), vec![0]);
        for j in &order {
            let of_column = pattern.column(*j).iter().map(|i| {
                let place = pattern.position(*i, *j).expect("an entry of the pattern");
                (rank[*i], place)
            });
            entries.extend(of_column);
            entry_starts.push(entries.len());
        }
        Self {
            matrix: vec![F::zero(); pattern.entries()],
            l: vec![F::zero(); l_rows.len()],
            u: vec![F::zero(); u_rows.len()],
            reciprocals: vec![F::zero(); n],
            work: vec![F::zero(); n],
            order,
            entries,
            entry_starts,
            l_rows,
            l_starts,
            u_rows,
            u_starts,
        }
    }

    /// Factorises the matrix whose entries `fill` writes, in the order of its pattern. False if a pivot vanishes or is not a number.
    pub(super) fn factorise<T: PartialOrd>(&mut self, fill: impl FnOnce(&mut [F])) -> bool
    where
        F: Field<T>,
    {
        fill(&mut self.matrix);
        let work = &mut self.work;
        for k in 0..self.order.len() {
            let (l_rows, u_rows) = (
                self.l_starts[k]..self.l_starts[k + 1],
                self.u_starts[k]..self.u_starts[k + 1],
            );
            for i in self.l_rows[l_rows.clone()]
                .iter()
                .chain(&self.u_rows[u_rows.clone()])
            {
                work[*i] = F::zero();
            }
            work[k] = F::zero();
            for (i, place) in &self.entries[self.entry_starts[k]..self.entry_starts[k + 1]] {
                work[*i] = self.matrix[*place];
            }
            for at in u_rows {
                let i = self.u_rows[at];
                let factor = work[i];
                self.u[at] = factor;
                let column = self.l_starts[i]..self.l_starts[i + 1];
                for (row, l) in self.l_rows[column.clone()].iter().zip(&self.l[column]) {
                    work[*row] = work[*row] - *l * factor;
                }
            }
            if !usable(work[k].magnitude(), F::zero().magnitude()) {
                return false;
            }
            let reciprocal = F::one() / work[k];
            self.reciprocals[k] = reciprocal;
            for at in l_rows {
                self.l[at] = work[self.l_rows[at]] * reciprocal;
            }
        }
        true
    }

    pub(super) fn solve<T>(&mut self, b: &mut [F])
    where
        F: Field<T>,
    {
        let (n, x) = (self.order.len(), &mut self.work);
        for (x, unknown) in x.iter_mut().zip(&self.order) {
            *x = b[*unknown];
        }
        for k in 0..n {
            let (value, column) = (x[k], self.l_starts[k]..self.l_starts[k + 1]);
            for (row, l) in self.l_rows[column.clone()].iter().zip(&self.l[column]) {
                x[*row] = x[*row] - *l * value;
            }
        }
        for k in (0..n).rev() {
            let value = x[k] * self.reciprocals[k];
            x[k] = value;
            let column = self.u_starts[k]..self.u_starts[k + 1];
            for (row, u) in self.u_rows[column.clone()].iter().zip(&self.u[column]) {
                x[*row] = x[*row] - *u * value;
            }
        }
        for (x, unknown) in x.iter().zip(&self.order) {
            b[*unknown] = *x;
        }
    }
}

/// The order of elimination, and for each of its steps the unknowns still coupled to the one eliminated: the column of L.
fn eliminate(pattern: &Pattern) -> (Vec<usize>, Vec<Vec<usize>>) {
    let n = pattern.len();
    let transposed = pattern.transposed();
    let mut coupled: Vec<Vec<usize>> = (0..n)
        .map(|j| {
            let both = pattern.column(j).iter().chain(transposed.column(j));
            let mut others: Vec<usize> = both.copied().filter(|i| *i != j).collect();
            others.sort_unstable();
            others.dedup();
            others
        })
        .collect();
    // Unknowns by degree; entries that are out of date are skipped.
    let mut queue: std::collections::BTreeSet<(usize, usize)> =
        (0..n).map(|j| (coupled[j].len(), j)).collect();
    let (mut order, mut columns) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut merged = Vec::new();
    while let Some((_, k)) = queue.pop_first() {
        let column = std::mem::take(&mut coupled[k]);
        for i in &column {
            queue.remove(&(coupled[*i].len(), *i));
            merge(&coupled[*i], &column, &mut merged);
            merged.retain(|j| j != i && *j != k);
            coupled[*i].clone_from(&merged);
            queue.insert((coupled[*i].len(), *i));
        }
        order.push(k);
        columns.push(column);
    }
    (order, columns)
}

/// The union of two ascending lists, ascending.
fn merge(a: &[usize], b: &[usize], out: &mut Vec<usize>) {
    out.clear();
    let (mut b, mut rest) = (b.iter().peekable(), a);
    while let Some((first, others)) = rest.split_first() {
        while let Some(other) = b.next_if(|other| *other < first) {
            out.push(*other);
        }
        b.next_if_eq(&first);
        out.push(*first);
        rest = others;
    }
    out.extend(b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_merged_as_sets() {
        let lists: [&[usize]; 5] = [&[], &[3], &[1, 2, 5], &[2, 3, 4, 9], &[0, 5, 9, 12]];
        let mut merged = vec![7];
        for a in lists {
            for b in lists {
                let both: std::collections::BTreeSet<_> = a.iter().chain(b).copied().collect();
                merge(a, b, &mut merged);
                assert_eq!(merged, both.into_iter().collect::<Vec<_>>(), "{a:?} {b:?}");
            }
        }
    }
}
