//! The nearest function in the span of a basis.

use super::{Basis, Quadrature};
use costate_tape::Scalar;
use nalgebra::{DMatrix, DVector};

/// A function as a series, f(t) = Σ c_k φ_k(t).
///
/// ```
/// use costate_neural_ode::function_space::{Basis, Series};
/// use costate_tape::Dual;
///
/// // 1 + 2 P₁ + 3 P₂ on [−1, 1], and its slope by dual numbers: 2 + 9 t.
/// let series = Series { basis: Basis::legendre(3, -1.0, 1.0), coefficients: vec![1.0, 2.0, 3.0] };
/// let at = series.at(Dual::<f64, 1>::variable(0.5, 0));
/// assert!((at.value - (1.0 + 1.0 + 3.0 * -0.125)).abs() < 1e-15 && (at.tangent[0] - 6.5).abs() < 1e-14);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Series {
    /// φ_k.
    pub basis: Basis,
    /// c_k.
    pub coefficients: Vec<f64>,
}

impl Series {
    /// f(t), over numbers or on the tape.
    #[must_use]
    pub fn at<S: Scalar>(&self, t: S) -> S {
        let terms = self.basis.values(t).into_iter().zip(&self.coefficients);
        terms.fold(S::from_f64(0.0), |sum, (value, c)| {
            sum + S::from_f64(*c) * value
        })
    }
}

/// A projection that has no single answer.
///
/// ```
/// use costate_neural_ode::function_space::{Basis, ProjectionError, Quadrature};
///
/// let (basis, inner) = (Basis::legendre(3, 0.0, 1.0), Quadrature::samples(&[0.0, 0.5, 1.0]));
/// let error = basis.project(|t| 1.0 / t, &inner).unwrap_err();
/// assert_eq!(error, ProjectionError::NotFinite { t: 0.0, value: f64::INFINITY });
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// Fewer samples than coefficients, or samples that lie so that two functions of the basis look alike.
    #[error(
        "{samples} samples do not tell the {terms} functions of this basis apart (term {term} looks like the ones before it); take fewer terms, or samples at other times"
    )]
    Dependent {
        /// The number of samples with a weight that is not zero.
        samples: usize,
        /// The number of functions.
        terms: usize,
        /// The first that is a combination of those before it.
        term: usize,
    },
    /// A value that is not finite.
    #[error("the value at t = {t} is {value}, but only finite values can be projected")]
    NotFinite {
        /// Where.
        t: f64,
        /// What.
        value: f64,
    },
}

impl Basis {
    /// The series Σ c_k φ_k nearest to f: it minimises Σᵢ wᵢ (f(tᵢ) − Σ c_k φ_k(tᵢ))², the squared distance in the norm of `inner`. What is left is orthogonal to
    /// every φ_k.
    ///
    /// With A_ik = √wᵢ φ_k(tᵢ) and bᵢ = √wᵢ f(tᵢ) it is the least-squares problem min ‖A c − b‖, solved by A = Q R, R c = Qᵀ b.
    #[cfg_attr(doc, doc = include_str!("../../formulas/least-squares.html"))]
    ///
    /// # Errors
    /// [`ProjectionError::Dependent`] if the nodes cannot tell the functions apart, [`ProjectionError::NotFinite`] if f is not finite at one.
    ///
    /// ```
    /// use costate_neural_ode::function_space::{Basis, ProjectionError, Quadrature};
    ///
    /// // The best quadratic for eᵗ on [0, 1]
    /// let (basis, inner) = (Basis::legendre(3, 0.0, 1.0), Quadrature::legendre(20, 0.0, 1.0));
    /// let series = basis.project(f64::exp, &inner)?;
    /// assert!((series.at(0.3) - 0.3_f64.exp()).abs() < 0.01);
    /// assert!((series.coefficients[0] - (1.0_f64.exp() - 1.0)).abs() < 1e-12); // the mean
    /// let left = |t: f64| t.exp() - series.at(t);
    /// assert!(inner.inner(left, |t| basis.values(t)[2]).abs() < 1e-14); // orthogonal to each φ_k
    ///
    /// let two = basis.project(f64::exp, &Quadrature::samples(&[0.0, 1.0]));
    /// assert!(matches!(two, Err(ProjectionError::Dependent { samples: 2, terms: 3, .. })));
    /// # Ok::<(), ProjectionError>(())
    /// ```
    pub fn project(
        &self,
        mut f: impl FnMut(f64) -> f64,
        inner: &Quadrature,
    ) -> Result<Series, ProjectionError> {
        let values: Vec<f64> = inner.nodes().iter().map(|t| f(*t)).collect();
        let (a, b) = self.equations(&values, inner)?;
        let (samples, terms) = a.shape();
        let largest = a.norm();
        let qr = a.qr();
        let r = qr.r();
        // What is left of column k without the columns before it, beside rounding.
        let small = largest * f64::EPSILON * samples.max(terms) as f64;
        let dependent = (0..terms).find(|&k| k >= samples || r[(k, k)].abs() <= small);
        if let Some(term) = dependent {
            let weights = inner.weights().iter();
            return Err(ProjectionError::Dependent {
                samples: weights.filter(|w| **w != 0.0).count(),
                terms,
                term,
            });
        }
        let projected = qr.q().transpose() * b; // book: (least-squares)
        let c = r.solve_upper_triangular(&projected);
        Ok(self.series(c.expect("no zero on the diagonal").as_slice()))
    }

    /// The series nearest to samples (tᵢ, dᵢ): [`project`](Basis::project) in ℓ².
    ///
    /// ```
    /// use costate_neural_ode::function_space::Basis;
    ///
    /// // A straight line through three points: the normal equations by hand give 7/6 + t/2.
    /// let line = Basis::legendre(2, 0.0, 2.0).fit(&[0.0, 1.0, 2.0], &[1.0, 2.0, 2.0])?;
    /// assert!((line.at(0.0_f64) - 7.0 / 6.0).abs() < 1e-14 && (line.at(2.0_f64) - 13.0 / 6.0).abs() < 1e-14);
    /// # Ok::<(), costate_neural_ode::function_space::ProjectionError>(())
    /// ```
    ///
    /// # Errors
    /// As [`project`](Basis::project).
    ///
    /// # Panics
    /// If there are not as many values as times.
    #[track_caller]
    pub fn fit(&self, times: &[f64], values: &[f64]) -> Result<Series, ProjectionError> {
        assert!(
            times.len() == values.len(),
            "{} times, but {} values",
            times.len(),
            values.len()
        );
        let mut values = values.iter();
        self.project(
            |_| *values.next().expect("a value for each time"),
            &Quadrature::samples(times),
        )
    }

    /// The same as [`project`](Basis::project) by the normal equations AᵀA c = Aᵀb, as textbooks derive it: (AᵀA)_jk = ⟨φ_j, φ_k⟩ and (Aᵀb)_j = ⟨φ_j, f⟩.
    ///
    /// To read, not to use: forming AᵀA squares the condition of A, so that half of the digits may be lost that QR keeps. `None` where AᵀA is not positive definite
    /// to rounding.
    ///
    /// # Errors
    /// [`ProjectionError::NotFinite`] if f is not finite at a node.
    ///
    /// ```
    /// use costate_neural_ode::function_space::{Basis, Quadrature};
    ///
    /// let (basis, inner) = (Basis::legendre(4, 0.0, 1.0), Quadrature::legendre(20, 0.0, 1.0));
    /// let by_qr = basis.project(f64::exp, &inner)?;
    /// let by_hand = basis.project_by_normal_equations(f64::exp, &inner)?.expect("AᵀA is far from singular");
    /// assert!((by_qr.at(0.3_f64) - by_hand.at(0.3)).abs() < 1e-12);
    /// # Ok::<(), costate_neural_ode::function_space::ProjectionError>(())
    /// ```
    pub fn project_by_normal_equations(
        &self,
        mut f: impl FnMut(f64) -> f64,
        inner: &Quadrature,
    ) -> Result<Option<Series>, ProjectionError> {
        let values: Vec<f64> = inner.nodes().iter().map(|t| f(*t)).collect();
        let (a, b) = self.equations(&values, inner)?;
        let (gram, right) = (a.transpose() * &a, a.transpose() * b);
        let factor = gram.cholesky();
        Ok(factor.map(|factor| self.series(factor.solve(&right).as_slice())))
    }

    /// The matrix ⟨φ_j, φ_k⟩, row by row: diagonal for an orthogonal basis.
    ///
    /// ```
    /// use costate_neural_ode::function_space::{Basis, Quadrature};
    ///
    /// let gram = Basis::legendre(2, -1.0, 1.0).gram(&Quadrature::legendre(4, -1.0, 1.0));
    /// for (found, exact) in gram.iter().zip([2.0, 0.0, 0.0, 2.0 / 3.0]) {
    ///     assert!((found - exact).abs() < 1e-14);
    /// }
    /// ```
    #[must_use]
    pub fn gram(&self, inner: &Quadrature) -> Vec<f64> {
        let a = self.matrix(inner);
        (a.transpose() * a).as_slice().to_vec()
    }

    /// ‖f − Pf‖: how far f is from its projection.
    ///
    /// # Errors
    /// As [`project`](Basis::project).
    ///
    /// ```
    /// use costate_neural_ode::function_space::{Basis, Quadrature};
    ///
    /// // |t| has a kink: its error falls like a power of the number of terms; that of eᵗ faster than any.
    /// let inner = Quadrature::legendre_panels(20, 2, -1.0, 1.0);
    /// let error = |f: fn(f64) -> f64, terms| Basis::legendre(terms, -1.0, 1.0).truncation_error(f, &inner);
    /// assert!(error(f64::abs, 4)? / error(f64::abs, 8)? < 4.0);
    /// assert!(error(f64::exp, 4)? / error(f64::exp, 8)? > 1e4);
    /// # Ok::<(), costate_neural_ode::function_space::ProjectionError>(())
    /// ```
    pub fn truncation_error(
        &self,
        mut f: impl FnMut(f64) -> f64,
        inner: &Quadrature,
    ) -> Result<f64, ProjectionError> {
        let series = self.project(&mut f, inner)?;
        Ok(inner.norm(|t| f(t) - series.at(t)))
    }

    /// A_ik = √wᵢ φ_k(tᵢ).
    fn matrix(&self, inner: &Quadrature) -> DMatrix<f64> {
        let rows = inner.nodes().iter().zip(inner.weights());
        let entries = rows.flat_map(|(t, w)| {
            let values = self.values(*t).into_iter();
            values.map(|value| w.sqrt() * value)
        });
        DMatrix::from_row_iterator(inner.nodes().len(), self.terms(), entries)
    }

    /// A and b.
    fn equations(
        &self,
        values: &[f64],
        inner: &Quadrature,
    ) -> Result<(DMatrix<f64>, DVector<f64>), ProjectionError> {
        let mut pairs = inner.nodes().iter().zip(values);
        if let Some((&t, &value)) = pairs.find(|(_, value)| !value.is_finite()) {
            return Err(ProjectionError::NotFinite { t, value });
        }
        let weighted = values.iter().zip(inner.weights());
        let b = weighted.map(|(value, w)| w.sqrt() * value);
        Ok((self.matrix(inner), DVector::from_iterator(values.len(), b)))
    }

    fn series(&self, coefficients: &[f64]) -> Series {
        Series {
            basis: *self,
            coefficients: coefficients.to_vec(),
        }
    }
}
