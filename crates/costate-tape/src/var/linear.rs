//! Linear systems and determinants.

use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;

/// Linear algebra, for a matrix \[n, n\]: elimination with row exchanges, n³/3 multiplications. Small dense matrices are meant.
impl<T: Scalar> Var<'_, T> {
    /// The solution x of A x = b for one right-hand side \[n\] or several \[n, k\]; not a number if A is singular.
    ///
    /// A program eliminates once for a matrix: solutions for other right-hand sides, the cotangents b̄ = A⁻ᵀx̄ and Ā = −b̄xᵀ, and the
    /// determinant use the same factors.
    ///
    /// # Panics
    /// If this is no square matrix, or b has not as many rows.
    ///
    /// ```
    /// use costate_tape::Function;
    /// let f = Function::<f64>::record(&[("a", &[2, 2]), ("b", &[2])], |v| vec![v[0].solve(v[1])])?;
    /// assert_eq!(f.eval(&[&[0.0, 2.0, 4.0, 0.0], &[6.0, 8.0]])?[0], [2.0, 3.0]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn solve(self, b: Self) -> Self {
        self.solve_any(b, false)
    }

    /// The solution x of Aᵀ x = b, as [`solve`](Var::solve); the transpose is not carried out.
    ///
    /// # Panics
    /// As [`solve`](Var::solve).
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let a = tape.constant([2, 2], &[0.0, 2.0, 4.0, 0.0]);
    /// let b = tape.constant([2], &[6.0, 8.0]);
    /// assert_eq!(a.solve_transposed(b).value().unwrap(), [4.0, 1.5]); // 4 x₁ = 6, 2 x₀ = 8
    /// ```
    #[must_use]
    #[track_caller]
    pub fn solve_transposed(self, b: Self) -> Self {
        self.solve_any(b, true)
    }

    /// det A. Its derivative det A · A⁻ᵀ is not a number if A is singular, though the determinant has one there.
    ///
    /// # Panics
    /// If this is no square matrix.
    ///
    /// ```
    /// use costate_tape::value_and_gradient;
    /// let (y, g) = value_and_gradient(|x| x.reshape([2, 2]).det(), &[1.0_f64, 2.0, 3.0, 5.0]);
    /// assert!((y + 1.0).abs() < 1e-15);
    /// assert!(g.iter().zip([5.0, -3.0, -2.0, 1.0]).all(|(g, exact)| (g - exact).abs() < 1e-14));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn det(self) -> Self {
        self.square("det");
        self.apply(Op::Det, Shape::scalar())
    }

    /// ln |det A|, where the determinant itself would leave the range of the numbers; −∞ if A is singular. Its derivative is A⁻ᵀ.
    ///
    /// # Panics
    /// If this is no square matrix.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let a = tape.constant([2, 2], &[1e200, 0.0, 0.0, -1e200]); // det A is −∞ in this arithmetic
    /// assert!((a.log_abs_det().value().unwrap()[0] - 400.0 * 10.0_f64.ln()).abs() < 1e-10);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn log_abs_det(self) -> Self {
        self.square("log_abs_det");
        self.apply(Op::LogAbsDet, Shape::scalar())
    }

    /// A⁻¹. To apply it to a few vectors, [`solve`](Var::solve) is shorter and loses fewer digits.
    ///
    /// # Panics
    /// If this is no square matrix.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let a = tape.constant([2, 2], &[0.0, 2.0, 4.0, 0.0]);
    /// assert_eq!(a.inverse().value().unwrap(), [0.0, 0.25, 0.5, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn inverse(self) -> Self {
        self.square("inverse");
        self.solve_with(self.identity_like(), false)
    }

    #[track_caller]
    fn square(self, what: &str) -> usize {
        let own = self.shape();
        assert!(
            own.rank() == 2 && own.axis(0) == own.axis(1),
            "`{what}` takes a square matrix, not one of shape {own}"
        );
        own.axis(0)
    }

    #[track_caller]
    fn solve_any(self, b: Self, transpose: bool) -> Self {
        let n = self.square("solve");
        let right = b.shape();
        assert!(
            (1..=2).contains(&right.rank()) && right.axis(0) == n,
            "`solve` with a matrix of shape {} takes a right-hand side [{n}] or [{n}, k], not one of shape {right}",
            self.shape()
        );
        if right.rank() == 2 {
            return self.solve_with(b, transpose);
        }
        self.solve_with(b.reshape([n, 1]), transpose).reshape([n])
    }

    /// The solution for right-hand sides \[n, k\].
    pub(crate) fn solve_with(self, b: Self, transpose: bool) -> Self {
        let tape = self
            .tape_of()
            .or(b.tape_of())
            .expect("a matrix is a variable of a tape");
        let operands = [self.on(tape), b.on(tape)];
        tape.push(Op::Solve { transpose }, &operands, b.shape())
    }

    /// The identity of a square matrix' shape.
    pub(crate) fn identity_like(self) -> Self {
        let n = self.shape().axis(0);
        let values: Vec<T> = (0..n * n)
            .map(|i| T::from_f64(if i % (n + 1) == 0 { 1.0 } else { 0.0 }))
            .collect();
        let tape = self.tape_of().expect("a matrix is a variable of a tape");
        tape.constant([n, n], &values)
    }
}
