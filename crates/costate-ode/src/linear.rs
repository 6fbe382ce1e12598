//! Linear algebra of implicit methods: matrices in the form of their structure, and LU factors of shifted ones.

mod banded;
mod dense;
mod field;
mod gmres;
mod matrix;
mod pattern;
mod sparse;

pub use field::Field;
pub(crate) use field::Pair;
pub(crate) use gmres::Gmres;
pub use gmres::Krylov;
pub use matrix::Matrix;
pub use pattern::{Pattern, Structure};

use banded::Banded;
use dense::Dense;
use sparse::Sparse;
use std::convert::identity;

/// Whether a pivot of this size can be divided by; not if it is not a number.
fn usable<T: PartialOrd>(size: T, zero: T) -> bool {
    size > zero
}

/// LU factors of shift · M − J, for matrices M and J of one structure; made once, then refilled without allocating.
#[derive(Clone, Debug)]
pub(crate) enum Factors<F> {
    Dense(Dense<F>),
    Banded(Banded<F>),
    Sparse(Box<Sparse<F>>),
}

impl<F> Factors<F> {
    /// Room for the factors of matrices like `matrix`.
    pub(crate) fn new<T, E: Field<T>>(matrix: &Matrix<E>) -> Self
    where
        F: Field<T>,
    {
        let n = matrix.len();
        match matrix.structure() {
            Structure::Dense => Self::Dense(Dense::new::<T>(n)),
            Structure::Banded { lower, upper } => Self::Banded(Banded::new::<T>(n, *lower, *upper)),
            Structure::Sparse(pattern) => Self::Sparse(Box::new(Sparse::new::<T>(pattern))),
        }
    }

    /// Factorises shift · M − J, with M the identity unless it is given. False if a pivot vanishes or is not finite. `lift` turns entries into what the factors are
    /// made of; it is a function with a name, so that all callers share what is compiled.
    pub(crate) fn factorise<T, E: Field<T>>(
        &mut self,
        shift: F,
        mass: Option<&Matrix<E>>,
        jacobian: &Matrix<E>,
        lift: impl Fn(E) -> F,
    ) -> bool
    where
        T: PartialOrd + Copy,
        F: Field<T>,
    {
        let shifted = |i: usize, j: usize, entry: E| match mass {
            None if i == j => shift - lift(entry),
            None => -lift(entry),
            Some(mass) => shift * lift(mass.get(i, j)) - lift(entry),
        };
        match self {
            Self::Dense(dense) => dense.factorise::<T>(|lu| {
                let mut slots = lu.iter_mut();
                jacobian.for_each(|i, j, entry| {
                    if let Some(slot) = slots.next() {
                        *slot = shifted(i, j, entry);
                    }
                });
            }),
            Self::Banded(banded) => banded.factorise::<T>(|lu| {
                jacobian.for_each(|i, j, entry| lu.set(i, j, shifted(i, j, entry)));
            }),
            Self::Sparse(sparse) => sparse.factorise::<T>(|values| {
                let mut slots = values.iter_mut();
                jacobian.for_each(|i, j, entry| {
                    if let Some(slot) = slots.next() {
                        *slot = shifted(i, j, entry);
                    }
                });
            }),
        }
    }

    /// Solves for one right-hand side, in place.
    #[inline]
    pub(crate) fn solve<T>(&mut self, b: &mut [F])
    where
        F: Field<T>,
    {
        match self {
            Self::Dense(dense) => dense.solve::<T>(b),
            Self::Banded(banded) => banded.solve::<T>(b),
            Self::Sparse(sparse) => sparse.solve::<T>(b),
        }
    }
}

/// LU factors of s·1 − A for matrices A of one structure, for those who solve equations of a step outside its engine: the transposed ones of an adjoint, say.
///
/// Made once, then refilled without allocating.
///
/// ```
/// use costate_ode::{Lu, Matrix, Structure};
///
/// let mut a = Matrix::new::<f64>(2, Structure::Dense);
/// a.set(0, 1, 1.0);
/// let (mut lu, mut b) = (Lu::new::<f64>(&a), [1.0, 4.0]);
/// assert!(lu.factorise::<f64>(2.0, &a));
/// lu.solve::<f64>(&mut b);
/// assert_eq!(b, [1.5, 2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Lu<E>(Factors<E>);

impl<E> Lu<E> {
    /// Room for the factors of matrices like `matrix`.
    #[must_use]
    pub fn new<T>(matrix: &Matrix<E>) -> Self
    where
        E: Field<T>,
    {
        Self(Factors::new::<T, E>(matrix))
    }

    /// Factorises `shift`·1 − A. False if a pivot vanishes or is not finite.
    pub fn factorise<T>(&mut self, shift: E, a: &Matrix<E>) -> bool
    where
        T: PartialOrd + Copy,
        E: Field<T>,
    {
        self.0.factorise::<T, E>(shift, None, a, identity)
    }

    /// Solves for one right-hand side, in place.
    pub fn solve<T>(&mut self, b: &mut [E])
    where
        E: Field<T>,
    {
        self.0.solve::<T>(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Element;

    /// Numbers between −1 and 1 that look random and are always the same.
    fn noise() -> impl FnMut() -> f64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        }
    }

    fn structures(n: usize) -> Vec<Structure> {
        let grid = (0..n).flat_map(|i| [(i, (i + 1) % n), ((i * 3) % n, i), (n - 1 - i, i)]);
        vec![
            Structure::Dense,
            Structure::Banded { lower: 1, upper: 2 },
            Structure::Banded { lower: 3, upper: 0 },
            Structure::Sparse(Pattern::new(n, grid)),
        ]
    }

    fn filled(n: usize, structure: Structure) -> Matrix<f64> {
        let (mut matrix, mut noise) = (Matrix::new::<f64>(n, structure), noise());
        matrix.as_mut_slice().iter_mut().for_each(|x| *x = noise());
        matrix
    }

    fn largest<E: Element<f64>>(x: &[E]) -> f64 {
        x.iter().map(|x| x.magnitude()).fold(0.0, f64::max)
    }

    #[test]
    fn factors_of_every_structure_solve_real_and_complex_systems() {
        for n in [1, 2, 3, 4, 5, 17, 40] {
            for structure in structures(n) {
                let jacobian = filled(n, structure);
                let mut noise = noise();
                let solution: Vec<f64> = (0..n).map(|_| noise()).collect();
                let mut product = vec![0.0; n];
                jacobian.multiply::<f64>(&solution, &mut product);

                let shift = 2.5;
                let mut b: Vec<f64> = (0..n).map(|i| shift * solution[i] - product[i]).collect();
                let mut factors = Factors::new::<f64, f64>(&jacobian);
                assert!(factors.factorise::<f64, f64>(shift, None, &jacobian, |x| x));
                factors.solve::<f64>(&mut b);
                let off: Vec<f64> = b.iter().zip(&solution).map(|(a, b)| a - b).collect();
                assert!(
                    largest(&off) < 1e-11,
                    "{n} {:?}: {off:?}",
                    jacobian.structure()
                );

                // (2 − i) x − J x with x multiplied by 1 + i.
                let shift = Pair { re: 2.0, im: -1.0 };
                let turned = |x: f64| Pair { re: x, im: x };
                let mut b: Vec<Pair<f64>> = (0..n)
                    .map(|i| shift * turned(solution[i]) - turned(product[i]))
                    .collect();
                let mut factors = Factors::new::<f64, f64>(&jacobian);
                assert!(factors.factorise::<f64, f64>(shift, None, &jacobian, Pair::real::<f64>));
                factors.solve::<f64>(&mut b);
                let off: Vec<_> = (0..n).map(|i| b[i] - turned(solution[i])).collect();
                assert!(
                    largest(&off) < 1e-11,
                    "{n} {:?}: {off:?}",
                    jacobian.structure()
                );
            }
        }
    }

    #[test]
    fn a_mass_matrix_takes_the_place_of_the_identity() {
        let jacobian = filled(5, Structure::Banded { lower: 1, upper: 1 });
        let mass = Matrix::diagonal::<f64>([1.0, 0.0, 2.0, 1.0, 0.5]);
        let (x, mut jx, mut mx) = ([1.0, -2.0, 3.0, 0.5, 0.25], [0.0; 5], [0.0; 5]);
        jacobian.multiply::<f64>(&x, &mut jx);
        mass.multiply::<f64>(&x, &mut mx);
        let mut b: Vec<f64> = (0..5).map(|i| 3.0 * mx[i] - jx[i]).collect();
        let mut factors = Factors::new::<f64, f64>(&jacobian);
        assert!(factors.factorise::<f64, f64>(3.0, Some(&mass), &jacobian, |x| x));
        factors.solve::<f64>(&mut b);
        for i in 0..5 {
            assert!((b[i] - x[i]).abs() < 1e-13, "{b:?}");
        }
    }

    #[test]
    fn singular_matrices_are_refused() {
        for structure in structures(4) {
            let mut jacobian = filled(4, structure);
            jacobian.as_mut_slice().fill(0.0);
            let mut factors = Factors::new::<f64, f64>(&jacobian);
            assert!(!factors.factorise::<f64, f64>(0.0, None, &jacobian, |x| x));
            assert!(!factors.factorise::<f64, f64>(f64::NAN, None, &jacobian, |x| x));
            assert!(factors.factorise::<f64, f64>(1.0, None, &jacobian, |x| x));
        }
    }

    #[test]
    fn columns_of_one_colour_have_no_row_in_common() {
        for structure in structures(23) {
            let matrix = filled(23, structure);
            let mut seen = [0; 23];
            for colour in 0..matrix.colours() {
                let mut owner = vec![None; 23];
                for j in matrix.columns(colour) {
                    seen[*j] += 1;
                    matrix.for_each(|row, column, _| {
                        if column == *j {
                            assert_eq!(owner[row].replace(column), None, "row {row}");
                        }
                    });
                }
            }
            assert!(seen.iter().all(|times| *times == 1));
        }
        // A five-point stencil is coloured with few more than five.
        let m = 20;
        let stencil = (0..m * m).flat_map(|k| {
            let right = (k % m + 1 < m).then_some((k, k + 1));
            let up = (k + m < m * m).then_some((k, k + m));
            [right, up]
                .into_iter()
                .flatten()
                .flat_map(|(i, j)| [(i, j), (j, i)])
        });
        let pattern = Pattern::new(m * m, stencil);
        assert!(pattern.colours().len() <= 9, "{}", pattern.colours().len());
    }
}
