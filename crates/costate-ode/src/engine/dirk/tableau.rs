//! Diagonally implicit Runge–Kutta methods as data.
//!
//! # Adding one
//! Write a file like `engine/dirk/trapezoid.rs`, or `engine/dirk/trbdf2.rs` with an error estimate, add its `mod` line and its name in the list in
//! `engine/dirk.rs`. The tests of order conditions, observed order and stability, the registry of methods and the program's `--method` iterate that list.

use crate::{Coefficient, Error, Real};

/// A Runge–Kutta method whose stages are solved for one after the other, all with one matrix 1/(γh) − ∂f/∂y:
///
/// ```text
/// k_i = f(t + c_i h, y + h Σ_{j<i} a_ij k_j + h γ k_i)
/// y₁  = y + h Σ b_i k_i            error estimate  (1 − γh ∂f/∂y)⁻¹ h Σ b_err_i k_i
/// ```
///
/// ```
/// use costate_ode::DirkTableau;
///
/// let kvaerno5 = DirkTableau::by_name("kvaerno5")?;
/// assert_eq!((kvaerno5.order, kvaerno5.embedded_order, kvaerno5.stages()), (5, Some(4), 7));
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.6, \[Kennedy2003\].
#[derive(Debug)]
pub struct DirkTableau {
    /// The name by which programs and files choose the method.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// p: the local error of y₁ is O(h^{p+1}).
    pub order: usize,
    /// The order of the second solution y₁ − h Σ b_err_i k_i; `None` if the method has no error estimate and runs with constant steps.
    pub embedded_order: Option<usize>,
    /// γ, the diagonal of a.
    pub gamma: Coefficient,
    /// Whether the first stage is f(t, y), with 0 on the diagonal.
    pub explicit_first: bool,
    /// Nodes c_i, one per stage.
    pub c: &'static [Coefficient],
    /// Row i holds a_i0 … a_i,i−1; zeros at its end may be left out.
    pub a: &'static [&'static [Coefficient]],
    /// Weights of the solution; `None` if the last stage is the solution (the method is stiffly accurate).
    pub b: Option<&'static [Coefficient]>,
    /// Weights of the error estimate, b − b̂; empty if there is none.
    pub b_err: &'static [Coefficient],
    /// Dense output by the cubic that meets y and f at both ends, of order 3 at most, for methods whose first and last stages are there;
    /// otherwise by a straight line.
    pub hermite: bool,
    /// a of the explicit method beside it, of the same nodes and weights, for systems in two parts ([`Imex`](crate::Imex)): row i holds a_i0 … a_i,i−1;
    /// empty if there is none.
    pub explicit: &'static [&'static [Coefficient]],
    /// When to choose the method, in a sentence.
    pub when: &'static str,
    /// Where the coefficients come from.
    pub reference: &'static str,
}

impl DirkTableau {
    /// The method called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`], which lists the names there are.
    pub fn by_name(name: &str) -> Result<&'static Self, Error> {
        let all = Self::all();
        let found = all.iter().find(|tableau| tableau.name == name);
        found.copied().ok_or_else(|| Error::UnknownMethod {
            name: name.to_owned(),
            known: all
                .iter()
                .map(|tableau| tableau.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Every diagonally implicit method of this crate, by rising order.
    #[must_use]
    pub fn all() -> &'static [&'static Self] {
        super::TABLEAUS
    }

    /// The number of stages.
    #[must_use]
    pub const fn stages(&self) -> usize {
        self.c.len()
    }

    /// a_ij, the diagonal included.
    ///
    /// # Panics
    /// If there is no stage `i`.
    #[must_use]
    pub fn a(&self, i: usize, j: usize) -> Coefficient {
        match i == j {
            true if i == 0 && self.explicit_first => Coefficient::ZERO,
            true => self.gamma,
            false => self.a[i].get(j).copied().unwrap_or(Coefficient::ZERO),
        }
    }

    /// b_i.
    #[must_use]
    pub fn b(&self, i: usize) -> Coefficient {
        self.b
            .map_or_else(|| self.a(self.stages() - 1, i), |b| b[i])
    }

    /// The order of dense output.
    #[must_use]
    pub fn dense_order(&self) -> usize {
        self.order.min(if self.hermite { 3 } else { 1 })
    }

    /// The polynomials of dense output, y(t + σh) = y + h Σ w_i(σ) k_i, as rows of coefficients of σ¹, σ², …, one row per stage.
    #[must_use]
    pub fn dense_polynomials<T: Real>(&self) -> Vec<Vec<T>> {
        let number = T::from_f64;
        let last = self.stages() - 1;
        let row = |i: usize| {
            let b: T = self.b(i).to();
            if !self.hermite {
                return vec![b];
            }
            let (first, last) = (
                number(f64::from(u8::from(i == 0))),
                number(f64::from(u8::from(i == last))),
            );
            vec![
                first,
                b * number(3.0) - first * number(2.0) - last,
                first + last - b * number(2.0),
            ]
        };
        (0..=last).map(row).collect()
    }
}
