//! Square matrices kept in the form of their structure.

use super::{Field, Structure};
use crate::Element;

/// A square matrix of which only the entries of its [`Structure`] are kept: ∂f/∂y, or a mass matrix.
///
/// A system that knows ∂f/∂y writes it entry by entry, or column by column from products with directions: a group of columns
/// that have no row in common needs one product,
///
/// ```
/// use costate_ode::{Matrix, Structure};
///
/// let jacobian_times = |d: &[f64]| [d[0], 2.0 * d[1] + d[0], 3.0 * d[2] + d[1]];
/// let mut jacobian = Matrix::<f64>::new::<f64>(3, Structure::Banded { lower: 1, upper: 0 });
/// for colour in 0..jacobian.colours() {
///     let mut direction = [0.0; 3];
///     for j in jacobian.columns(colour) {
///         direction[*j] = 1.0;
///     }
///     let product = jacobian_times(&direction);
///     jacobian.set_columns(colour, |i, _j| product[i]);
/// }
/// assert_eq!(jacobian.colours(), 2);
/// assert_eq!((jacobian.get(2, 2), jacobian.get(2, 1), jacobian.get(0, 2)), (3.0, 1.0, 0.0));
/// ```
#[derive(Clone, Debug)]
pub struct Matrix<E> {
    n: usize,
    structure: Structure,
    values: Vec<E>,
    /// What is not kept.
    zero: E,
    /// Columns by colour, and where the colours begin.
    columns: Vec<usize>,
    colours: Vec<usize>,
}

impl<E: Copy> Matrix<E> {
    /// The zero matrix with n rows.
    ///
    /// # Panics
    /// If a sparse structure is of another size.
    #[must_use]
    #[track_caller]
    pub fn new<T>(n: usize, structure: Structure) -> Self
    where
        E: Element<T>,
    {
        let (entries, groups) = match &structure {
            Structure::Dense => (n * n, (0..n).map(|j| vec![j]).collect()),
            Structure::Banded { lower, upper } => {
                let width = lower + upper + 1;
                let group = |colour| (colour..n).step_by(width).collect();
                (n * width, (0..width.min(n)).map(group).collect())
            }
            Structure::Sparse(pattern) => {
                assert!(
                    pattern.len() == n,
                    "a pattern of {} rows for a state of {n} components",
                    pattern.len()
                );
                (pattern.entries(), pattern.colours())
            }
        };
        let mut colours = vec![0];
        for group in &groups {
            colours.push(colours[colours.len() - 1] + group.len());
        }
        Self {
            n,
            structure,
            values: vec![E::zero(); entries],
            zero: E::zero(),
            columns: groups.concat(),
            colours,
        }
    }

    /// The diagonal matrix with these entries, as a banded one.
    #[must_use]
    pub fn diagonal<T>(entries: impl IntoIterator<Item = E>) -> Self
    where
        E: Element<T>,
    {
        let entries: Vec<E> = entries.into_iter().collect();
        let structure = Structure::Banded { lower: 0, upper: 0 };
        let mut matrix = Self::new::<T>(entries.len(), structure);
        matrix.values = entries;
        matrix
    }

    /// Rows and columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Which entries are kept.
    #[must_use]
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    #[inline]
    fn position(&self, i: usize, j: usize) -> Option<usize> {
        match &self.structure {
            Structure::Dense => (i < self.n && j < self.n).then_some(j * self.n + i),
            Structure::Banded { lower, upper } => {
                (i < self.n && j < self.n && i <= j + lower && j <= i + upper)
                    .then(|| j * (lower + upper + 1) + upper + i - j)
            }
            Structure::Sparse(pattern) => pattern.position(i, j),
        }
    }

    /// The entry in row `i` and column `j`; zero outside the structure.
    #[inline]
    #[must_use]
    pub fn get(&self, i: usize, j: usize) -> E {
        self.position(i, j).map_or(self.zero, |at| self.values[at])
    }

    /// Sets the entry in row `i` and column `j`.
    ///
    /// # Panics
    /// If it lies outside the structure.
    #[inline]
    #[track_caller]
    pub fn set(&mut self, i: usize, j: usize, value: E) {
        let Some(at) = self.position(i, j) else {
            panic!("the entry ({i}, {j}) lies outside the structure of the matrix")
        };
        self.values[at] = value;
    }

    /// All kept entries, to write: column behind column. Columns of a banded matrix are `lower + upper + 1` long and have row j − upper
    /// first, whether there is one or not.
    pub fn as_mut_slice(&mut self) -> &mut [E] {
        &mut self.values
    }

    /// How many groups of columns without a common row there are.
    #[must_use]
    pub fn colours(&self) -> usize {
        self.colours.len() - 1
    }

    /// The columns of one group.
    ///
    /// # Panics
    /// If there is no such group.
    #[must_use]
    pub fn columns(&self, colour: usize) -> &[usize] {
        &self.columns[self.colours[colour]..self.colours[colour + 1]]
    }

    /// Sets all entries (i, j) of the columns of one group.
    ///
    /// # Panics
    /// If there is no such group.
    ///
    /// ```
    /// use costate_ode::{Matrix, Structure};
    ///
    /// // Three diagonals: columns that are three apart have no row in common, so three differences of f find them all.
    /// let mut jacobian = Matrix::new::<f64>(50, Structure::Banded { lower: 1, upper: 1 });
    /// assert_eq!(jacobian.colours(), 3);
    /// for colour in 0..jacobian.colours() {
    ///     jacobian.set_columns(colour, |i, j| (100 * i + j) as f64);
    /// }
    /// assert_eq!((jacobian.get(30, 31), jacobian.get(30, 32)), (3031.0, 0.0));
    /// ```
    #[inline]
    pub fn set_columns(&mut self, colour: usize, entry: impl Fn(usize, usize) -> E) {
        for at in self.colours[colour]..self.colours[colour + 1] {
            let j = self.columns[at];
            let (first, values) = match &self.structure {
                Structure::Dense => (0, &mut self.values[j * self.n..][..self.n]),
                Structure::Banded { lower, upper } => {
                    let rows = j.saturating_sub(*upper)..(j + lower + 1).min(self.n);
                    let begin = j * (lower + upper + 1) + upper + rows.start - j;
                    (rows.start, &mut self.values[begin..][..rows.len()])
                }
                Structure::Sparse(pattern) => {
                    for i in pattern.column(j) {
                        let at = pattern.position(*i, j).expect("an entry of the pattern");
                        self.values[at] = entry(*i, j);
                    }
                    continue;
                }
            };
            for (k, value) in values.iter_mut().enumerate() {
                *value = entry(first + k, j);
            }
        }
    }

    /// Calls `visit(i, j, entry)` for every kept entry, column by column and down the rows.
    #[inline(always)]
    pub fn for_each(&self, mut visit: impl FnMut(usize, usize, E)) {
        let n = self.n;
        match &self.structure {
            Structure::Dense => {
                for j in 0..n {
                    for i in 0..n {
                        visit(i, j, self.values[j * n + i]);
                    }
                }
            }
            Structure::Banded { lower, upper } => {
                for j in 0..n {
                    for i in j.saturating_sub(*upper)..(j + lower + 1).min(n) {
                        visit(i, j, self.values[j * (lower + upper + 1) + upper + i - j]);
                    }
                }
            }
            Structure::Sparse(pattern) => {
                let mut values = self.values.iter();
                for j in 0..n {
                    for (i, value) in pattern.column(j).iter().zip(&mut values) {
                        visit(*i, j, *value);
                    }
                }
            }
        }
    }

    /// Writes the product with `x` into `out`.
    pub(crate) fn multiply<T>(&self, x: &[E], out: &mut [E])
    where
        E: Field<T>,
    {
        out.fill(self.zero);
        self.for_each(|i, j, entry| out[i] = out[i] + entry * x[j]);
    }

    /// The smallest structure that holds this matrix and one of `other`.
    pub(crate) fn structure_with(&self, other: &Structure) -> Structure {
        match (&self.structure, other) {
            (Structure::Banded { lower, upper }, Structure::Banded { lower: l, upper: u }) => {
                Structure::Banded {
                    lower: *lower.max(l),
                    upper: *upper.max(u),
                }
            }
            (_, Structure::Sparse(pattern)) => {
                let mut entries = Vec::new();
                self.for_each(|i, j, _| entries.push((i, j)));
                let others =
                    (0..self.n).flat_map(|j| pattern.column(j).iter().map(move |i| (*i, j)));
                entries.extend(others);
                Structure::Sparse(super::Pattern::new(self.n, entries))
            }
            _ => Structure::Dense,
        }
    }
}
