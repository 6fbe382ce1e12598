//! Products of matrices.

use crate::op::{Op, matmul};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;

impl<T: Scalar> Var<'_, T> {
    /// The matrix product; a vector `[n]` on the right is a column, on the left a row, and its axis disappears.
    ///
    /// # Panics
    /// If an array has not one or two axes, or the inner lengths differ.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// let (column, row) = (tape.constant([3], &[1.0, 0.0, -1.0]), tape.constant([2], &[1.0, 1.0]));
    /// assert_eq!(x.matmul(column).value().unwrap(), [-2.0, -2.0]);
    /// assert_eq!(row.matmul(x).value().unwrap(), [5.0, 7.0, 9.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(
            (1..=2).contains(&a.rank()) && (1..=2).contains(&b.rank()),
            "matmul takes vectors and matrices, not {a} and {b}"
        );
        let left = if a.rank() == 1 {
            self.reshape([1, a.axis(0)])
        } else {
            self
        };
        let right = if b.rank() == 1 {
            other.reshape([b.axis(0), 1])
        } else {
            other
        };
        let product = left.matmul_with(right, false, false);
        let mut lengths = product.shape().to_vec();
        if b.rank() == 1 {
            lengths.pop();
        }
        if a.rank() == 1 {
            lengths.remove(0);
        }
        product.reshape(Shape::new(&lengths))
    }

    /// The product of two matrices, each transposed first where its flag says so. The transposes are never carried out.
    ///
    /// # Panics
    /// If an array is no matrix, or the inner lengths differ.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.matmul_with(x, false, true).value().unwrap(), [14.0, 32.0, 32.0, 77.0]); // x xᵀ
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul_with(self, other: Self, transpose_a: bool, transpose_b: bool) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(
            a.rank() == 2 && b.rank() == 2,
            "a product of matrices, not of shapes {a} and {b}"
        );
        let ((rows, inner), (inner_b, columns)) = (
            matmul::dimensions(&a, transpose_a),
            matmul::dimensions(&b, transpose_b),
        );
        assert!(
            inner == inner_b,
            "matrices {rows}×{inner} and {inner_b}×{columns} do not fit"
        );
        let tape = self
            .tape_of()
            .or(other.tape_of())
            .expect("a matrix is a variable of a tape");
        tape.push(
            Op::MatMul {
                transpose_a,
                transpose_b,
            },
            &[self.on(tape), other.on(tape)],
            Shape::new(&[rows, columns]),
        )
    }
}
