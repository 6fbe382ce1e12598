//! Which entries of a matrix can be other than zero.

/// Which entries of ∂f/∂y can be other than zero: what decides how it is had, kept and factorised.
///
/// With n components and differences for a Jacobian, a dense one costs n evaluations of f, a banded one `lower + upper + 1`, a sparse one as
/// many as it has colours: columns without a common row share an evaluation.
///
/// ```
/// use costate_ode::{Pattern, Structure};
///
/// let neighbours = Structure::Banded { lower: 1, upper: 1 };
/// let arrow = Structure::Sparse(Pattern::new(4, [(0, 1), (0, 2), (0, 3)]));
/// assert_ne!(neighbours, arrow);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Structure {
    /// Any of them.
    #[default]
    Dense,
    /// Those near the diagonal: i − j ≤ `lower` and j − i ≤ `upper` in row i and column j.
    Banded {
        /// Diagonals below the main one.
        lower: usize,
        /// Diagonals above the main one.
        upper: usize,
    },
    /// Those listed. They are factorised without exchanging rows, as the diagonal's shift by 1/h allows for ordinary differential equations;
    /// a differential-algebraic system whose constraints do not contain their own variables needs one of the other forms.
    Sparse(Pattern),
}

impl Structure {
    /// The structure with rows for columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        match self {
            Self::Dense => Self::Dense,
            Self::Banded { lower, upper } => Self::Banded {
                lower: *upper,
                upper: *lower,
            },
            Self::Sparse(pattern) => Self::Sparse(pattern.transposed()),
        }
    }
}

/// A list of entries of a square matrix, column by column; the diagonal is always among them.
///
/// ```
/// use costate_ode::{Matrix, Pattern, Structure};
///
/// let arrow = Pattern::new(4, (1..4).flat_map(|i| [(0, i), (i, 0)]));
/// assert_eq!((arrow.entries(), arrow.column(2)), (4 + 6, &[0, 2][..]));
/// let mut matrix = Matrix::new::<f64>(4, Structure::Sparse(arrow));
/// matrix.set(0, 3, 7.0);
/// assert_eq!((matrix.get(0, 3), matrix.get(1, 3)), (7.0, 0.0)); // the second is not kept
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    starts: Vec<usize>,
    rows: Vec<usize>,
}

impl Pattern {
    /// The pattern of the n × n matrix with these entries (row, column), in any order and as often as you like, and the diagonal.
    ///
    /// # Panics
    /// If an entry lies outside.
    #[must_use]
    #[track_caller]
    pub fn new(n: usize, entries: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut sorted: Vec<(usize, usize)> = (0..n).map(|i| (i, i)).collect();
        for (row, column) in entries {
            assert!(
                row < n && column < n,
                "the entry ({row}, {column}) lies outside a matrix of {n} rows"
            );
            sorted.push((column, row));
        }
        sorted.sort_unstable();
        sorted.dedup();
        let starts = (0..=n)
            .map(|j| sorted.partition_point(|(column, _)| *column < j))
            .collect();
        let rows = sorted.into_iter().map(|(_, row)| row).collect();
        Self { starts, rows }
    }

    /// Rows and columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of entries.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.rows.len()
    }

    /// The rows of column `j`, ascending.
    #[must_use]
    pub fn column(&self, j: usize) -> &[usize] {
        &self.rows[self.starts[j]..self.starts[j + 1]]
    }

    /// Where entry (i, j) stands among all entries, if it is one.
    pub(super) fn position(&self, i: usize, j: usize) -> Option<usize> {
        let within = self.column(j).binary_search(&i).ok()?;
        Some(self.starts[j] + within)
    }

    /// The pattern with rows for columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let entries = (0..self.len()).flat_map(|j| self.column(j).iter().map(move |i| (j, *i)));
        Self::new(self.len(), entries)
    }

    /// Groups of columns of which no two have a common row, greedily.
    pub(super) fn colours(&self) -> Vec<Vec<usize>> {
        let transposed = self.transposed();
        let (mut groups, mut colour_of) = (Vec::<Vec<usize>>::new(), vec![usize::MAX; self.len()]);
        let mut taken_by = Vec::new();
        for j in 0..self.len() {
            for other in self.column(j).iter().flat_map(|i| transposed.column(*i)) {
                if let Some(mark) = taken_by.get_mut(colour_of[*other]) {
                    *mark = j;
                }
            }
            let free = taken_by.iter().position(|mark| *mark != j);
            let colour = free.unwrap_or_else(|| {
                taken_by.push(usize::MAX);
                groups.push(Vec::new());
                groups.len() - 1
            });
            colour_of[j] = colour;
            groups[colour].push(j);
        }
        groups
    }
}
