//! The equations of a system in which no derivative occurs.

use crate::jacobian::Derivatives;
use crate::linear::Factors;
use crate::{Field, Matrix, Real, State, Structure};
use std::convert::identity;

/// N f = 0 beside M δ = 0, for the left null vectors N of a singular M.
pub(super) enum Equations<E> {
    /// Rows of M that vanish, of a diagonal M.
    Rows {
        algebraic: Vec<bool>,
        matrix: Matrix<E>,
        factors: Factors<E>,
    },
    /// Combinations of rows.
    Combined {
        /// What is left of M, row by row.
        mass: Vec<Vec<E>>,
        /// N, row by row.
        null: Vec<Vec<E>>,
        matrix: Matrix<E>,
        factors: Factors<E>,
    },
}

impl<E: Copy> Equations<E> {
    /// Those of a system; none if its mass matrix is regular or not there.
    pub(super) fn new<T, Y>(derivatives: &Derivatives<T, Y>) -> Option<Self>
    where
        T: Real,
        Y: State<T, Element = E>,
        E: Field<T>,
    {
        let mass = derivatives.mass.as_ref()?;
        let n = mass.len();
        let (zero, mut diagonal) = (T::zero(), true);
        mass.for_each(|i, j, entry| diagonal &= i == j || entry.magnitude() == zero);
        if diagonal {
            let vanishes = |i: usize| mass.get(i, i).magnitude() == zero;
            let algebraic: Vec<bool> = (0..n).map(vanishes).collect();
            if !algebraic.contains(&true) {
                return None;
            }
            let matrix = derivatives.jacobian.clone();
            let factors = Factors::new::<T, E>(&matrix);
            return Some(Self::Rows {
                algebraic,
                matrix,
                factors,
            });
        }
        let (mass, null) = echelon::<T, E>(mass);
        if null.is_empty() {
            return None;
        }
        let matrix = Matrix::new::<T>(n, Structure::Dense);
        let factors = Factors::new::<T, E>(&matrix);
        Some(Self::Combined {
            mass,
            null,
            matrix,
            factors,
        })
    }

    /// N f, each with the rows of f that it is made of.
    fn residuals<T: Real>(&self, f: &[E]) -> Vec<(Vec<usize>, E)>
    where
        E: Field<T>,
    {
        match self {
            Self::Rows { algebraic, .. } => {
                let rows = (0..f.len()).filter(|i| algebraic[*i]);
                rows.map(|i| (vec![i], f[i])).collect()
            }
            Self::Combined { null, .. } => null
                .iter()
                .map(|row| (rows_of::<T, E>(row), dot::<T, E>(row, f)))
                .collect(),
        }
    }

    /// The rows of the largest residual, and of those within a tenth of it; and how large it is.
    pub(super) fn worst<T: Real>(&self, f: &[E]) -> (Vec<usize>, T)
    where
        E: Field<T>,
    {
        let residuals = self.residuals::<T>(f);
        let sizes = residuals.iter().map(|(_, r)| r.magnitude());
        let larger = |max: T, r: T| if max >= r || max.is_nan() { max } else { r };
        let largest = sizes.fold(T::zero(), larger);
        let far = |r: T| !r.is_finite() || r * T::from_f64(10.0) >= largest;
        let rows = residuals.iter().filter(|(_, r)| far(r.magnitude()));
        let mut rows: Vec<usize> = rows.flat_map(|(rows, _)| rows.clone()).collect();
        rows.sort_unstable();
        rows.dedup();
        (rows, largest)
    }

    /// Factorises M over N ∂f/∂y. False if that is singular.
    pub(super) fn factorise<T: Real>(&mut self, jacobian: &Matrix<E>) -> bool
    where
        E: Field<T>,
    {
        // Factors are of shift · M − J: all entries with their signs changed.
        match self {
            Self::Rows {
                algebraic,
                matrix,
                factors,
            } => {
                let mut entries = Vec::new();
                jacobian.for_each(|i, j, entry| {
                    let other = if i == j { -E::one() } else { E::zero() };
                    entries.push((i, j, if algebraic[i] { entry } else { other }));
                });
                for (i, j, entry) in entries {
                    matrix.set(i, j, entry);
                }
                factors.factorise::<T, E>(E::zero(), None, matrix, identity)
            }
            Self::Combined {
                mass,
                null,
                matrix,
                factors,
            } => {
                let n = matrix.len();
                for j in 0..n {
                    let column: Vec<E> = (0..n).map(|i| jacobian.get(i, j)).collect();
                    for (i, row) in mass.iter().enumerate() {
                        matrix.set(i, j, -row[j]);
                    }
                    for (i, row) in null.iter().enumerate() {
                        matrix.set(mass.len() + i, j, dot::<T, E>(row, &column));
                    }
                }
                factors.factorise::<T, E>(E::zero(), None, matrix, identity)
            }
        }
    }

    /// δ with M δ = 0 and N ∂f/∂y δ = −N f.
    pub(super) fn correction<T: Real>(&mut self, f: &[E], step: &mut [E])
    where
        E: Field<T>,
    {
        match self {
            Self::Rows {
                algebraic, factors, ..
            } => {
                for (i, step) in step.iter_mut().enumerate() {
                    *step = if algebraic[i] { f[i] } else { E::zero() };
                }
                factors.solve::<T>(step);
                // What is differentiated stays what it is to the last bit.
                for (step, algebraic) in step.iter_mut().zip(algebraic) {
                    if !*algebraic {
                        *step = E::zero();
                    }
                }
            }
            Self::Combined {
                mass,
                null,
                factors,
                ..
            } => {
                step[..mass.len()].fill(E::zero());
                for (step, row) in step[mass.len()..].iter_mut().zip(null) {
                    *step = dot::<T, E>(row, f);
                }
                factors.solve::<T>(step);
            }
        }
    }

    /// Rows that say nothing of the algebraic variables; all of the algebraic ones if each says something.
    pub(super) fn without_unknowns<T: Real>(&self, jacobian: &Matrix<E>) -> Vec<usize>
    where
        E: Field<T>,
    {
        let n = jacobian.len();
        let all: Vec<Vec<usize>> = match self {
            Self::Rows { algebraic, .. } => {
                (0..n).filter(|i| algebraic[*i]).map(|i| vec![i]).collect()
            }
            Self::Combined { null, .. } => null.iter().map(|row| rows_of::<T, E>(row)).collect(),
        };
        let says = |i: usize, j: usize| jacobian.get(i, j).magnitude() > T::zero();
        let empty = |i: usize| match self {
            Self::Rows { algebraic, .. } => !(0..n).any(|j| algebraic[j] && says(i, j)),
            Self::Combined { .. } => !(0..n).any(|j| says(i, j)),
        };
        let all: Vec<usize> = all.concat();
        let some: Vec<usize> = all.iter().copied().filter(|i| empty(*i)).collect();
        if some.is_empty() { all } else { some }
    }
}

/// Which entries of a row are not zero.
fn rows_of<T: Real, E: Field<T>>(row: &[E]) -> Vec<usize> {
    let used = row.iter().enumerate();
    used.filter(|(_, c)| c.magnitude() > T::zero())
        .map(|(i, _)| i)
        .collect()
}

fn dot<T: Real, E: Field<T>>(a: &[E], b: &[E]) -> E {
    let products = a.iter().zip(b).map(|(a, b)| *a * *b);
    products.fold(E::zero(), |sum, x| sum + x)
}

/// M as rows of full rank, by eliminations with the largest pivot there is; and the combinations of its rows that vanish.
fn echelon<T: Real, E: Field<T>>(mass: &Matrix<E>) -> (Vec<Vec<E>>, Vec<Vec<E>>) {
    let n = mass.len();
    let row = |i: usize| (0..n).map(|j| mass.get(i, j)).collect::<Vec<E>>();
    let unit = |i: usize| {
        let one = |j: usize| if i == j { E::one() } else { E::zero() };
        (0..n).map(one).collect::<Vec<E>>()
    };
    let mut rows: Vec<Vec<E>> = (0..n).map(row).collect();
    let mut made_of: Vec<Vec<E>> = (0..n).map(unit).collect();
    let mut free = vec![true; n];
    let mut threshold = T::zero();
    for rank in 0..n {
        let mut pivot = (rank, 0, T::zero());
        for (i, row) in rows.iter().enumerate().skip(rank) {
            for (j, entry) in row.iter().enumerate().filter(|(j, _)| free[*j]) {
                if entry.magnitude() > pivot.2 {
                    pivot = (i, j, entry.magnitude());
                }
            }
        }
        let (i, column, size) = pivot;
        if rank == 0 {
            threshold = size * E::epsilon() * T::from_f64(n as f64);
        }
        if size <= threshold {
            let null = made_of.split_off(rank);
            rows.truncate(rank);
            return (rows, null);
        }
        rows.swap(rank, i);
        made_of.swap(rank, i);
        free[column] = false;
        for below in rank + 1..n {
            let factor = rows[below][column] / rows[rank][column];
            if factor.magnitude() == T::zero() {
                continue;
            }
            for set in [&mut rows, &mut made_of] {
                let (done, rest) = set.split_at_mut(below);
                for (x, p) in rest[0].iter_mut().zip(&done[rank]) {
                    *x = *x - factor * *p;
                }
            }
            rows[below][column] = E::zero();
        }
    }
    (rows, Vec::new())
}
