//! A tableau in the scalar of an integration.

use crate::combine::{PASS, Terms};
use crate::engine::Span;
use crate::tableau::{centred, centred_derivative};
use crate::{Coefficient, Real, Tableau};
use std::ops::Deref;
use std::sync::OnceLock;

/// The most stages that there is straight-line code for.
pub(super) const STRAIGHT: usize = 16;

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
    /// All of a below its diagonal, row behind row, then b, b_err and b_err_low, zeros among them: for straight-line code. Empty for methods of which a sum takes more than one pass.
    pub(super) triangle: Vec<T>,
    /// Polynomials of dense output, coefficients of σ¹ first.
    pub dense: Polynomials<T>,
    /// The same as σ times polynomials in σ − ½, which lose fewer digits.
    centred: Polynomials<T>,
}

/// Rows of polynomials of a tableau, made when first looked at: many solves never look between steps.
#[derive(Clone, Debug)]
pub struct Polynomials<T> {
    tableau: &'static Tableau,
    make: fn(&Tableau) -> Vec<Vec<T>>,
    made: OnceLock<Vec<Vec<T>>>,
}

impl<T> Polynomials<T> {
    fn new(tableau: &'static Tableau, make: fn(&Tableau) -> Vec<Vec<T>>) -> Self {
        Self {
            tableau,
            make,
            made: OnceLock::new(),
        }
    }
}

impl<T> Deref for Polynomials<T> {
    type Target = Vec<Vec<T>>;

    #[inline]
    fn deref(&self) -> &Vec<Vec<T>> {
        self.made.get_or_init(|| (self.make)(self.tableau))
    }
}

impl<T: Real> Scheme<T> {
    /// The tableau, converted.
    #[must_use]
    pub fn new(tableau: &'static Tableau) -> Self {
        let stages = tableau.stages();
        let mut rows = Vec::with_capacity(tableau.dense_len());
        rows.extend((0..stages).map(|i| (tableau.c[i].to(), terms(tableau.a[i]))));
        if tableau.dense_needs_next() {
            rows.push((T::one(), terms(tableau.b)));
        }
        rows.extend(tableau.extra.iter().map(|(c, row)| (c.to(), terms(row))));
        let b = terms(tableau.b);
        Self {
            tableau,
            triangle: triangle(tableau, &rows, &b),
            rows,
            b,
            b_err: terms(tableau.b_err),
            b_err_low: terms(tableau.b_err_low),
            dense: Polynomials::new(tableau, Tableau::dense_polynomials),
            centred: Polynomials::new(tableau, Tableau::centred_polynomials),
        }
    }

    /// Polynomials in σ − ½ that times σ are those of dense output.
    #[inline]
    pub(super) fn centred(&self) -> &[Vec<T>] {
        &self.centred
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

/// The [`triangle`](Scheme::triangle) of a method whose stages have these rows.
fn triangle<T: Real>(tableau: &Tableau, rows: &[(T, Terms<T>)], b: &Terms<T>) -> Vec<T> {
    let stages = tableau.stages();
    let mut sums = rows[..stages].iter().map(|(_, row)| row).chain([b]);
    if stages > STRAIGHT || sums.any(|row| row.len() > PASS) {
        return Vec::new();
    }
    let mut all = Vec::with_capacity(stages * (stages + 5) / 2);
    for (i, row) in tableau.a.iter().enumerate() {
        all.extend(row.iter().map(|c| c.to::<T>()));
        all.resize(i * (i + 1) / 2, T::zero());
    }
    for row in [tableau.b, tableau.b_err, tableau.b_err_low] {
        all.extend(row.iter().map(|c| c.to::<T>()));
    }
    all
}

/// The entries of a row that are not zero.
pub(in crate::engine) fn terms<T: Real>(row: &[Coefficient]) -> Terms<T> {
    row.iter()
        .enumerate()
        .filter(|(_, c)| !c.is_zero())
        .map(|(j, c)| (j, c.to()))
        .collect()
}
