//! A tableau in the scalar of an integration.

use crate::combine::Terms;
use crate::engine::Span;
use crate::tableau::{centred, centred_derivative};
use crate::{Coefficient, Real, Tableau};
use std::ops::Deref;
use std::sync::OnceLock;

/// A tableau in the scalar of an integration, with its zeros left out.
///
/// Each part is made when it is first looked at: a short solve is done in the time that all of them would take.
///
/// ```
/// use costate_ode::{Scheme, tableau};
///
/// // Classical Runge–Kutta: the third stage looks at the second alone, and ∫ f is Simpson's rule.
/// let rk4 = Scheme::<f64>::new(tableau::by_name("rk4")?);
/// assert_eq!((rk4.rows[2].0, rk4.rows[2].1.as_slice()), (0.5, &[(1, 0.5)][..]));
/// assert!((rk4.b.iter().map(|(i, b)| b * rk4.rows[*i].0.powi(3)).sum::<f64>() - 0.25).abs() < 1e-15);
/// // Dense output ends where the step does, and begins with its first slope.
/// let tsit5 = Scheme::<f64>::new(tableau::by_name("tsit5")?);
/// assert!(tsit5.b.iter().all(|(i, b)| (tsit5.dense_weight(*i, 1.0) - b).abs() < 1e-14));
/// assert!((tsit5.dense_weight_derivative(0, 0.0) - 1.0).abs() < 1e-14);
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scheme<T> {
    pub(super) tableau: &'static Tableau,
    /// Nodes and rows of the stages, of f(t + h, y₁) if dense output needs it, and of the stages for dense output alone.
    pub rows: Part<Vec<(T, Terms<T>)>>,
    /// Terms of the solution.
    pub b: Part<Terms<T>>,
    /// Terms of the error estimate.
    pub b_err: Part<Terms<T>>,
    /// Terms of the second error estimate.
    pub b_err_low: Part<Terms<T>>,
    /// Polynomials of dense output, coefficients of σ¹ first.
    pub dense: Part<Vec<Vec<T>>>,
    /// The same as σ times polynomials in σ − ½, which lose fewer digits.
    centred: Part<Vec<Vec<T>>>,
}

/// A part of a [`Scheme`], made when first looked at: it dereferences to what is made.
///
/// ```
/// use costate_ode::{Part, Scheme, Terms, tableau};
/// let euler = Scheme::<f32>::new(tableau::by_name("euler")?);
/// let b: &Part<Terms<f32>> = &euler.b;
/// assert_eq!(b.as_slice(), [(0, 1.0)]); // made here
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Part<V> {
    tableau: &'static Tableau,
    make: fn(&Tableau) -> V,
    made: OnceLock<Box<V>>,
}

impl<V> Part<V> {
    fn new(tableau: &'static Tableau, make: fn(&Tableau) -> V) -> Self {
        Self {
            tableau,
            make,
            made: OnceLock::new(),
        }
    }
}

impl<V> Deref for Part<V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        self.made
            .get_or_init(|| Box::new((self.make)(self.tableau)))
    }
}

impl<T: Real> Scheme<T> {
    /// The tableau, converted.
    #[must_use]
    pub fn new(tableau: &'static Tableau) -> Self {
        Self {
            tableau,
            rows: Part::new(tableau, rows),
            b: Part::new(tableau, |tableau| terms(tableau.b)),
            b_err: Part::new(tableau, |tableau| terms(tableau.b_err)),
            b_err_low: Part::new(tableau, |tableau| terms(tableau.b_err_low)),
            dense: Part::new(tableau, Tableau::dense_polynomials),
            centred: Part::new(tableau, Tableau::centred_polynomials),
        }
    }

    /// Polynomials in σ − ½ that times σ are those of dense output.
    #[inline]
    pub(super) fn centred(&self) -> &[Vec<T>] {
        &self.centred
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

fn rows<T: Real>(tableau: &Tableau) -> Vec<(T, Terms<T>)> {
    let mut rows = Vec::with_capacity(tableau.dense_len());
    rows.extend((0..tableau.stages()).map(|i| (tableau.c[i].to(), terms(tableau.a[i]))));
    if tableau.dense_needs_next() {
        rows.push((T::one(), terms(tableau.b)));
    }
    rows.extend(tableau.extra.iter().map(|(c, row)| (c.to(), terms(row))));
    rows
}

/// The entries of a row that are not zero.
pub(in crate::engine) fn terms<T: Real>(row: &[Coefficient]) -> Terms<T> {
    row.iter()
        .enumerate()
        .filter(|(_, c)| !c.is_zero())
        .map(|(j, c)| (j, c.to()))
        .collect()
}

/// When a stage with node `c` is evaluated.
#[inline(always)]
pub(super) fn time<T: Real>(c: T, span: Span<T>) -> T {
    if c == T::one() {
        span.t_next
    } else {
        span.t + c * span.h
    }
}
