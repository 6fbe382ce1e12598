//! Bases of functions on an interval.

use costate_tape::Scalar;
use std::f64::consts::TAU;

/// A family of functions φ₀, φ₁, … on an interval [a, b], with s = 2 (t − a)/(b − a) − 1 between −1 and 1.
///
/// | family | φ_k | orthogonal in | for |
/// |---|---|---|---|
/// | `Constant` | 1, and no others | | what does not change |
/// | `Fourier` | 1, cos τu, sin τu, cos 2τu, sin 2τu, … with u = (t − a)/(b − a), τ = 2π | L² | periodic functions |
/// | `Legendre` | P_k(s), P_k(1) = 1 | L² | smooth functions; few terms |
/// | `Chebyshev` | T_k(s) = cos(k arccos s) | L² with weight 1/√(1 − s²) | smooth functions; nearly smallest largest error |
/// | `PiecewiseLinear` | the hat that is 1 at knot k and 0 at the others, knots evenly from a to b | nothing, but only neighbours overlap | data without smoothness; terms that act in one place |
///
/// # Adding one
/// A variant here, its lines in [`name`](Family::name), [`ALL`](Family::ALL), [`Basis::values`] and [`Basis::constant_coefficients`].
///
/// ```
/// use costate_neural_ode::function_space::{Basis, Family};
///
/// assert!(Family::ALL.into_iter().all(|family| Family::by_name(family.name()) == Some(family)));
/// // The same function, 1 on [0, 2], in each.
/// for family in Family::ALL {
///     let basis = Basis::new(family, family.fewest_terms(), 0.0, 2.0);
///     let at: f64 = basis.values(1.5).iter().zip(basis.constant_coefficients()).map(|(value, c)| value * c).sum();
///     assert!((at - 1.0).abs() < 1e-15, "{}", family.name());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// 1.
    Constant,
    /// Cosines and sines.
    Fourier,
    /// Legendre's polynomials.
    Legendre,
    /// Chebyshev's polynomials.
    Chebyshev,
    /// Hats.
    PiecewiseLinear,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Constant,
        Self::Fourier,
        Self::Legendre,
        Self::Chebyshev,
        Self::PiecewiseLinear,
    ];

    /// The name by which programs and files choose it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Fourier => "fourier",
            Self::Legendre => "legendre",
            Self::Chebyshev => "chebyshev",
            Self::PiecewiseLinear => "piecewise-linear",
        }
    }

    /// The family of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// The fewest terms that make sense: two knots for hats, else one.
    #[must_use]
    pub fn fewest_terms(self) -> usize {
        if self == Self::PiecewiseLinear { 2 } else { 1 }
    }
}

/// The first n functions of a [`Family`] on an interval [a, b].
///
/// The functions are evaluated over any [`Scalar`]: numbers, dual numbers, and t on the tape.
///
/// ```
/// use costate_neural_ode::function_space::Basis;
/// use costate_tape::Dual;
///
/// let legendre = Basis::legendre(3, 0.0, 2.0);
/// assert_eq!(legendre.values(1.5), [1.0, 0.5, -0.125]);
/// // d/dt (3s² − 1)/2 = 3s
/// assert_eq!(legendre.values(Dual::<f64, 1>::variable(1.5, 0))[2].tangent, [1.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Basis {
    family: Family,
    terms: usize,
    start: f64,
    end: f64,
}

impl Basis {
    /// The first `terms` functions of `family` on [`start`, `end`]; of the constant ones there is one.
    ///
    /// # Panics
    /// If the interval is empty or not finite, or there are fewer terms than [`Family::fewest_terms`], or more than one constant.
    #[must_use]
    #[track_caller]
    pub fn new(family: Family, terms: usize, start: f64, end: f64) -> Self {
        assert!(
            start < end && (end - start).is_finite(),
            "a basis needs an interval, but {start} to {end} is none"
        );
        let fewest = family.fewest_terms();
        assert!(
            terms >= fewest && (terms == 1 || family != Family::Constant),
            "a basis of {} functions cannot have {terms} terms",
            family.name()
        );
        Self {
            family,
            terms,
            start,
            end,
        }
    }

    /// The function 1 alone.
    #[must_use]
    pub fn constant() -> Self {
        Self::new(Family::Constant, 1, 0.0, 1.0)
    }

    /// Cosines and sines. An odd number of terms keeps them in pairs.
    ///
    /// # Panics
    /// As [`Basis::new`]; so do the others.
    #[must_use]
    #[track_caller]
    pub fn fourier(terms: usize, start: f64, end: f64) -> Self {
        Self::new(Family::Fourier, terms, start, end)
    }

    /// Legendre's polynomials of degree below `terms`.
    #[must_use]
    #[track_caller]
    pub fn legendre(terms: usize, start: f64, end: f64) -> Self {
        Self::new(Family::Legendre, terms, start, end)
    }

    /// Chebyshev's polynomials of degree below `terms`.
    #[must_use]
    #[track_caller]
    pub fn chebyshev(terms: usize, start: f64, end: f64) -> Self {
        Self::new(Family::Chebyshev, terms, start, end)
    }

    /// Hats at so many knots, the first at `start` and the last at `end`.
    #[must_use]
    #[track_caller]
    pub fn piecewise_linear(knots: usize, start: f64, end: f64) -> Self {
        Self::new(Family::PiecewiseLinear, knots, start, end)
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The number of functions.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// The interval [a, b].
    #[must_use]
    pub fn interval(&self) -> [f64; 2] {
        [self.start, self.end]
    }

    /// φ₀(t), φ₁(t), ….
    ///
    /// Outside the interval polynomials grow and Fourier series repeat; hats stay at what they are at the nearer end. At a knot the derivative of a hat is that
    /// of one side: a solver's steps should not be expected to keep their order across it.
    #[must_use]
    pub fn values<S: Scalar>(&self, t: S) -> Vec<S> {
        let number = S::from_f64;
        let along = |t: S| (t - number(self.start)) * number(1.0 / (self.end - self.start));
        match self.family {
            Family::Constant => vec![number(1.0)],
            Family::Fourier => {
                let u = along(t);
                let mut values = vec![number(1.0)];
                for k in 1..=self.terms / 2 {
                    let angle = u * number(TAU * k as f64);
                    values.extend([angle.cos(), angle.sin()]);
                }
                values.truncate(self.terms);
                values
            }
            Family::Legendre => {
                // (k + 1) P_{k+1} = (2k + 1) s P_k − k P_{k−1}
                recurrence(self.terms, along(t), |k, s, last, before| {
                    let k = k as f64;
                    number((2.0 * k + 1.0) / (k + 1.0)) * s * last - number(k / (k + 1.0)) * before
                })
            }
            // T_{k+1} = 2 s T_k − T_{k−1}
            Family::Chebyshev => recurrence(self.terms, along(t), |_, s, last, before| {
                number(2.0) * s * last - before
            }),
            Family::PiecewiseLinear => {
                let last = (self.terms - 1) as f64;
                let place = (along(t) * number(last)).max(number(0.0)).min(number(last));
                let hat = |k: usize| {
                    let away = (place - number(k as f64)).abs();
                    (number(1.0) - away).max(number(0.0))
                };
                (0..self.terms).map(hat).collect()
            }
        }
    }

    /// The coefficients of the function 1: where a weight begins that does not change with t yet.
    ///
    /// ```
    /// use costate_neural_ode::function_space::{Basis, Series};
    ///
    /// for basis in [Basis::fourier(3, 0.0, 2.0), Basis::chebyshev(4, 0.0, 2.0), Basis::piecewise_linear(5, 0.0, 2.0)] {
    ///     let one = Series { basis, coefficients: basis.constant_coefficients() };
    ///     assert!((one.at(0.7_f64) - 1.0).abs() < 1e-15);
    /// }
    /// ```
    #[must_use]
    pub fn constant_coefficients(&self) -> Vec<f64> {
        let mut coefficients = vec![0.0; self.terms];
        match self.family {
            Family::PiecewiseLinear => coefficients.fill(1.0),
            _ => coefficients[0] = 1.0,
        }
        coefficients
    }
}

/// Polynomials 1, s, … each made of the two before it, with s = 2u − 1.
fn recurrence<S: Scalar>(terms: usize, u: S, next: impl Fn(usize, S, S, S) -> S) -> Vec<S> {
    let s = u + u - S::from_f64(1.0);
    let mut values = vec![S::from_f64(1.0), s];
    for k in 1..terms.saturating_sub(1) {
        values.push(next(k, s, values[k], values[k - 1]));
    }
    values.truncate(terms);
    values
}
