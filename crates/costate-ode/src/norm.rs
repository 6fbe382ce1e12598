//! Tolerances and the norms in which errors are measured.

use crate::{Element, Error, Real};
use std::ops::Range;
use std::sync::Arc;

/// A tolerance: one for all components, or one for each.
///
/// ```
/// use costate_ode::Tolerance;
///
/// let one: Tolerance<f64> = 1e-6.into();
/// let each: Tolerance<f64> = [1e-6, 1e-3].into();
/// assert_eq!((one.at(1), each.at(1)), (1e-6, 1e-3));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Tolerance<T> {
    /// The same for every component.
    Scalar(T),
    /// One for each component.
    Components(Vec<T>),
}

impl<T: Real> Tolerance<T> {
    /// The tolerance of component `i`.
    #[inline]
    #[must_use]
    pub fn at(&self, i: usize) -> T {
        match self {
            Self::Scalar(value) => *value,
            Self::Components(values) => values[i],
        }
    }

    /// The largest of all components.
    ///
    /// ```
    /// use costate_ode::Tolerance;
    ///
    /// assert_eq!(Tolerance::from([1e-3, 1e-6]).largest(), 1e-3);
    /// ```
    #[must_use]
    pub fn largest(&self) -> T {
        let values = self.values().iter();
        values.fold(T::zero(), |largest, value| largest.max(*value))
    }

    pub(crate) fn values(&self) -> &[T] {
        match self {
            Self::Scalar(value) => std::slice::from_ref(value),
            Self::Components(values) => values,
        }
    }
}

impl<T: Real> From<T> for Tolerance<T> {
    fn from(value: T) -> Self {
        Self::Scalar(value)
    }
}

impl<T> From<Vec<T>> for Tolerance<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Components(values)
    }
}

impl<T, const N: usize> From<[T; N]> for Tolerance<T> {
    fn from(values: [T; N]) -> Self {
        Self::Components(values.into())
    }
}

/// A norm of your own: from all scaled errors to one number.
///
/// ```
/// use costate_ode::{Ivp, Norm, UserNorm};
/// use std::sync::Arc;
///
/// // Only the first component's error steers the steps: the fast second one may be wrong.
/// let first: UserNorm<f64> = Arc::new(|r| r[0].abs());
/// let field = |t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-y[0], (300.0 * t).cos()];
/// let ivp = Ivp::new(field, 0.0, [1.0, 0.0], 1.0);
/// assert!(10 * ivp.clone().norm(Norm::User(first)).solve()?.stats.steps < ivp.solve()?.stats.steps);
/// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
/// ```
pub type UserNorm<T> = Arc<dyn Fn(&[T]) -> T + Send + Sync>;

/// The norm of the scaled errors r_i = e_i / (atol_i + rtol_i max(|y_i|, |y₁_i|)); a step is accepted when it is at most 1.
///
/// ```
/// use costate_ode::{Ivp, Norm};
/// use std::sync::Arc;
///
/// let turn = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
/// let mean = |r: &[f64]| r.iter().map(|r| r.abs()).sum::<f64>() / r.len() as f64;
/// for norm in [Norm::Rms, Norm::Max, Norm::User(Arc::new(mean))] {
///     let solution = Ivp::new(turn, 0.0, [1.0, 0.0], 5.0).rtol(1e-8).norm(norm).solve()?;
///     assert!((solution.last()[0] - 5.0_f64.cos()).abs() < 1e-6);
/// }
/// # Ok::<(), costate_ode::Failure<f64, [f64; 2]>>(())
/// ```
#[derive(Clone, Default)]
pub enum Norm<T> {
    /// √(1/n Σ r_i²): Hairer's norm, and the default.
    #[cfg_attr(doc, doc = include_str!("../formulas/solver-error.html"))]
    #[default]
    Rms,
    /// max r_i: no component may exceed its tolerance.
    Max,
    /// The root mean square over a part of the state; the rest does not steer the steps (quadratures, sensitivities).
    RmsOf(Range<usize>),
    /// The maximum over a part of the state.
    MaxOf(Range<usize>),
    /// Your own, of all scaled errors.
    User(UserNorm<T>),
}

impl<T> std::fmt::Debug for Norm<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rms => f.write_str("Rms"),
            Self::Max => f.write_str("Max"),
            Self::RmsOf(part) => write!(f, "RmsOf({part:?})"),
            Self::MaxOf(part) => write!(f, "MaxOf({part:?})"),
            Self::User(_) => f.write_str("User"),
        }
    }
}

/// Measures errors: tolerances and norm together, with what they need in a hot loop.
///
/// An [`Engine`](crate::Engine) is handed one with each step that it tries; the example there measures its error with it.
#[derive(Clone, Debug)]
pub struct Scale<T> {
    rtol: Tolerance<T>,
    atol: Tolerance<T>,
    norm: Norm<T>,
    inverse_len: T,
    ratios: Vec<T>,
}

impl<T: Real> Scale<T> {
    pub(crate) fn new<E: Element<T>>(
        rtol: Tolerance<T>,
        atol: Tolerance<T>,
        norm: Norm<T>,
        n: usize,
    ) -> Result<Self, Error> {
        let wrong = |which: &'static str, component: usize, value: T, reason: &'static str| {
            Err(Error::Tolerance {
                which,
                component,
                value: value.as_f64(),
                reason,
            })
        };
        for (which, tolerance) in [("rtol", &rtol), ("atol", &atol)] {
            if let Tolerance::Components(values) = tolerance
                && values.len() != n
            {
                return Err(Error::Length {
                    what: which,
                    expected: n,
                    found: values.len(),
                });
            }
            for (i, value) in tolerance.values().iter().enumerate() {
                if *value < T::zero() || value.is_nan() {
                    return wrong(which, i, *value, "it must be zero or positive");
                }
            }
        }
        let floor = E::epsilon() * T::from_f64(8.0);
        for i in 0..n.min(rtol.values().len().max(atol.values().len())) {
            if rtol.at(i) < floor && atol.at(i) == T::zero() {
                return wrong(
                    "rtol",
                    i,
                    rtol.at(i),
                    "with atol = 0 it must exceed the rounding error of the state's number type",
                );
            }
            if rtol.at(i) < floor && rtol.at(i) > T::zero() {
                return wrong(
                    "rtol",
                    i,
                    rtol.at(i),
                    "it is below the rounding error of the state's number type; take a larger one, or 0 to use atol alone",
                );
            }
        }
        let measured = match &norm {
            Norm::RmsOf(part) | Norm::MaxOf(part) if part.end > n || part.is_empty() => {
                return Err(Error::Length {
                    what: "the norm's part of the state, which ends at",
                    expected: n,
                    found: part.end,
                });
            }
            Norm::RmsOf(part) => part.len(),
            _ => n.max(1),
        };
        let ratios = if matches!(norm, Norm::User(_)) {
            vec![T::zero(); n]
        } else {
            Vec::new()
        };
        Ok(Self {
            rtol,
            atol,
            norm,
            inverse_len: T::one() / T::from_f64(measured as f64),
            ratios,
        })
    }

    /// What an error in component `i` is divided by.
    #[inline]
    pub fn at<E: Element<T>>(&self, i: usize, y: E, y1: E) -> T {
        self.atol.at(i) + self.rtol.at(i) * pick_larger(y.magnitude(), y1.magnitude())
    }

    /// The components of a state of length `n` whose errors steer the steps.
    pub(crate) fn measured(&self, n: usize) -> Range<usize> {
        match &self.norm {
            Norm::RmsOf(part) | Norm::MaxOf(part) => part.clone(),
            _ => 0..n,
        }
    }

    /// The smallest relative tolerance.
    pub(crate) fn finest_rtol(&self) -> T {
        let values = self.rtol.values().iter();
        values.fold(T::infinity(), |least, rtol| least.min(*rtol))
    }

    /// The square of the norm of `error(i)`, scaled by the tolerances at `y` and `y1`; NaN if an error is.
    #[inline(always)]
    pub fn squared<E: Element<T>>(&mut self, y: &[E], y1: &[E], error: impl Fn(usize) -> E) -> T {
        let n = y.len();
        let y1 = &y1[..n];
        // The usual case apart, so that its loop has no branches.
        let part = match &self.norm {
            Norm::Rms => Some(0..n),
            Norm::RmsOf(part) => Some(part.clone()),
            _ => None,
        };
        if let (Tolerance::Scalar(rtol), Tolerance::Scalar(atol), Some(part)) =
            (&self.rtol, &self.atol, part)
        {
            let mut sum = T::zero();
            for i in part {
                let ratio = error(i).magnitude()
                    / (*atol + *rtol * pick_larger(y[i].magnitude(), y1[i].magnitude()));
                sum = sum + ratio * ratio;
            }
            return sum * self.inverse_len; // book: (error-norm), book: (solver-error), squared
        }
        self.squared_in_general(y, y1, &error)
    }

    #[inline(never)]
    fn squared_in_general<E: Element<T>>(
        &mut self,
        y: &[E],
        y1: &[E],
        error: &dyn Fn(usize) -> E,
    ) -> T {
        let n = y.len();
        let ratio = |i: usize| error(i).magnitude() / self.at(i, y[i], y1[i]);
        let mean_square = |part: Range<usize>| {
            part.fold(T::zero(), |sum, i| {
                let r = ratio(i);
                sum + r * r
            }) * self.inverse_len
        };
        // `larger` keeps a NaN on either side; `Float::max` would drop it.
        let max_square = |part: Range<usize>| {
            let max = part.fold(T::zero(), |max, i| larger(max, ratio(i)));
            max * max
        };
        match &self.norm {
            Norm::Rms => mean_square(0..n),
            Norm::RmsOf(part) => mean_square(part.clone()),
            Norm::Max => max_square(0..n),
            Norm::MaxOf(part) => max_square(part.clone()),
            Norm::User(norm) => {
                let norm = norm.clone();
                let mut ratios = std::mem::take(&mut self.ratios);
                for (i, slot) in ratios.iter_mut().enumerate() {
                    *slot = error(i).magnitude() / self.at(i, y[i], y1[i]);
                }
                let value = norm(&ratios);
                self.ratios = ratios;
                value * value
            }
        }
    }

    /// The component with the largest scaled error, or the first with one that is not a number, and that error.
    pub(crate) fn worst<E: Element<T>>(
        &self,
        y: &[E],
        y1: &[E],
        error: impl Fn(usize) -> E,
    ) -> Option<(usize, T)> {
        let ratios = (0..y.len()).map(|i| (i, error(i).magnitude() / self.at(i, y[i], y1[i])));
        ratios.reduce(|worst, next| {
            if worst.1 >= next.1 || worst.1.is_nan() {
                worst
            } else {
                next
            }
        })
    }
}

/// The larger of two numbers, and NaN if the second is: one instruction. The first belongs to a state that was accepted.
#[inline]
fn pick_larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// The larger of two numbers, and NaN if either is.
#[inline]
fn larger<T: Real>(a: T, b: T) -> T {
    if a > b || a.is_nan() { a } else { b }
}
