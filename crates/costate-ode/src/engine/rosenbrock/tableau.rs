//! Rosenbrock–Wanner methods as data.
//!
//! # Adding one
//! Write a file like `engine/rosenbrock/ros3p.rs`, add its `mod` line and its name in the list in `engine/rosenbrock.rs`. The tests of order
//! conditions, of observed order and of stability, the registry of methods and the program's `--method` iterate that list.

use crate::{Coefficient, Error, Real};

/// A Rosenbrock–Wanner method in the variables that spare products with the Jacobian:
///
/// ```text
/// (M/(γh) − J) u_i = f(t + α_i h, y + Σ_{j<i} a_ij u_j) + M Σ_{j<i} c_ij/h u_j + h γ_i ∂f/∂t,     J = ∂f/∂y(t, y)
/// y₁ = y + Σ m_i u_i                error estimate  Σ m_err_i u_i
/// y(t + σh) = y + σ (y₁ − y) + σ (1 − σ) (k_1 + σ k_2 + σ² k_3 …),   k_r = Σ dense_ri u_i
/// ```
///
/// ```
/// use costate_ode::RosenbrockTableau;
///
/// let rodas5p = RosenbrockTableau::by_name("rodas5p")?;
/// assert_eq!((rodas5p.order, rodas5p.embedded_order, rodas5p.stages()), (5, 4, 8));
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.7.
#[derive(Debug)]
pub struct RosenbrockTableau {
    /// The name by which programs and files choose the method.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// p: the local error of y₁ is O(h^{p+1}).
    pub order: usize,
    /// The order of the second solution y₁ − Σ m_err_i u_i.
    pub embedded_order: usize,
    /// γ.
    pub gamma: Coefficient,
    /// α_i, one for each stage.
    pub alpha: &'static [Coefficient],
    /// γ_i, one for each stage: what multiplies ∂f/∂t.
    pub gamma_sum: &'static [Coefficient],
    /// Row i holds a_i0 … a_i,i−1; zeros at its end may be left out.
    pub a: &'static [&'static [Coefficient]],
    /// Row i holds c_i0 … c_i,i−1; zeros at its end may be left out.
    pub c: &'static [&'static [Coefficient]],
    /// Weights of the solution.
    pub m: &'static [Coefficient],
    /// Weights of the error estimate.
    pub m_err: &'static [Coefficient],
    /// The order of dense output.
    pub dense_order: usize,
    /// Dense output: row r holds the weights of k_{r+1}.
    pub dense: &'static [&'static [Coefficient]],
    /// When to choose the method, in a sentence.
    pub when: &'static str,
    /// Where the coefficients come from.
    pub reference: &'static str,
}

impl RosenbrockTableau {
    /// The method called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`], which lists the names there are.
    pub fn by_name(name: &str) -> Result<&'static Self, Error> {
        let all = super::tableaus();
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

    /// Every Rosenbrock–Wanner method of this crate, by rising order.
    #[must_use]
    pub fn all() -> &'static [&'static Self] {
        super::tableaus()
    }

    /// The number of stages.
    #[must_use]
    pub const fn stages(&self) -> usize {
        self.m.len()
    }

    /// Whether stage `i` evaluates f where the stage before did, as far as a and α say.
    pub(super) fn shares_evaluation(&self, i: usize) -> bool {
        let a = |i: usize, j: usize| self.a[i].get(j).copied().unwrap_or(Coefficient::ZERO);
        self.alpha[i] == self.alpha[i - 1] && (0..i).all(|j| a(i, j) == a(i - 1, j))
    }

    /// The polynomials of dense output, y(t + σh) = y + Σ w_i(σ) u_i, as rows of coefficients of σ¹, σ², …, one row per stage.
    #[must_use]
    pub fn dense_polynomials<T: Real>(&self) -> Vec<Vec<T>> {
        let row = |i: usize| {
            let mut row = vec![T::zero(); self.dense.len() + 1];
            row[0] = self.m[i].to();
            for (r, weights) in self.dense.iter().enumerate() {
                let weight = weights.get(i).map_or(T::zero(), |w| w.to());
                row[r] = row[r] + weight;
                row[r + 1] = row[r + 1] - weight;
            }
            row
        };
        (0..self.stages()).map(row).collect()
    }
}
