//! A tableau in the scalar of an integration.

use crate::combine::Terms;
use crate::engine::Span;
use crate::tableau::{centred, centred_derivative};
use crate::{Coefficient, Real, Tableau};
use std::sync::OnceLock;

/// A tableau in the scalar of an integration, with its zeros left out.
#[derive(Clone, Debug)]
pub struct Scheme<T> {
    pub(super) tableau: &'static Tableau,
    /// Nodes and rows of the stages, of f(t + h, y₁) if dense output needs it, and of the stages for dense output alone.
    pub rows: Vec<(T, Terms<T>)>,
    /// Terms of the solution.
    pub b: Terms<T>,
    /// Terms of the error estimate.
    pub b_err: Terms<T>,
    /// Terms of the second error estimate.
    pub b_err_low: Terms<T>,
    /// All of a below its diagonal, row behind row, then b and b_err.
    pub(super) triangle: Vec<T>,
    /// Polynomials of dense output, coefficients of σ¹ first.
    pub dense: Vec<Vec<T>>,
    /// The same as σ times polynomials in σ − ½, which lose fewer digits. Made when first asked for: many solves never look between steps.
    centred: OnceLock<Vec<Vec<T>>>,
}

impl<T: Real> Scheme<T> {
    /// The tableau, converted.
    #[must_use]
    pub fn new(tableau: &'static Tableau) -> Self {
        let stages = tableau.stages();
        let mut rows: Vec<_> = (0..stages)
            .map(|i| (tableau.c[i].to(), terms(tableau.a[i])))
            .collect();
        if tableau.dense_needs_next() {
            rows.push((T::one(), terms(tableau.b)));
        }
        rows.extend(tableau.extra.iter().map(|(c, row)| (c.to(), terms(row))));
        let below = (0..stages).flat_map(|i| (0..i).map(move |j| tableau.a(i, j)));
        let triangle = below
            .chain(tableau.b.iter().copied())
            .chain(tableau.b_err.iter().copied());
        Self {
            triangle: triangle.map(Coefficient::to).collect(),
            tableau,
            rows,
            b: terms(tableau.b),
            b_err: terms(tableau.b_err),
            b_err_low: terms(tableau.b_err_low),
            dense: tableau.dense_polynomials(),
            centred: OnceLock::new(),
        }
    }

    /// Polynomials in σ − ½ that times σ are those of dense output.
    #[inline]
    pub(super) fn centred(&self) -> &[Vec<T>] {
        self.centred
            .get_or_init(|| self.tableau.centred_polynomials())
    }

    /// When stage `i` of a step is evaluated.
    #[inline]
    pub(super) fn time(&self, i: usize, span: Span<T>) -> T {
        let c = self.rows[i].0;
        if c == T::one() {
            span.t_next
        } else {
            span.t + c * span.h
        }
    }

    /// What it was made from.
    #[must_use]
    pub fn tableau(&self) -> &'static Tableau {
        self.tableau
    }

    /// w_i(σ): y(t + σh) = y + h Σ w_i(σ) k_i, for i below [`Tableau::dense_len`].
    #[inline]
    #[must_use]
    pub fn dense_weight(&self, i: usize, sigma: T) -> T {
        centred(&self.centred()[i], sigma)
    }

    /// dw_i/dσ: dy/dt at t + σh is Σ w_i′(σ) k_i.
    #[inline]
    #[must_use]
    pub fn dense_weight_derivative(&self, i: usize, sigma: T) -> T {
        centred_derivative(&self.centred()[i], sigma)
    }
}

/// The entries of a row that are not zero.
pub(in crate::engine) fn terms<T: Real>(row: &[Coefficient]) -> Terms<T> {
    row.iter()
        .enumerate()
        .filter(|(_, c)| !c.is_zero())
        .map(|(j, c)| (j, c.to()))
        .collect()
}
