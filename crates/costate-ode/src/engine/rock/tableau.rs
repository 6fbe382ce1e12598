//! Stabilised methods as data.

use super::{rock2, rock4};
use crate::{Error, Real};

/// An orthogonal Runge–Kutta–Chebyshev method: for each degree m a recurrence of three terms, then two or four stages that give it its order.
///
/// ```text
/// u₁ = y + μ₁ h f(t, y)
/// u_i = u_{i−1} + κ_i (u_{i−1} − u_{i−2}) + μ_i h f(t + c_{i−1} h, u_{i−1}),      i = 2 … m
/// k_j = f(t + (c_m + Σ_l a_jl) h, u_m + h Σ_l a_jl k_l)
/// y₁  = u_m + h Σ_j b_j k_j           error estimate  h Σ_j b_err_j k_j, for ROCK4 with f(t + h, y₁) among them
/// ```
///
/// A step of s stages is stable for eigenvalues λ of ∂f/∂y near the negative axis as far as h|λ| ≤ `reach` s² − `offset`: twice the stages, four times the step.
///
/// ```
/// use costate_ode::RockTableau;
///
/// let rock4 = RockTableau::by_name("rock4")?;
/// assert_eq!((rock4.order, rock4.stages(1000.0), rock4.stages(4000.0)), (4, Some(54), Some(109)));
/// assert!(rock4.stages(1e4).is_none());
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Abdulle2001\], \[Abdulle2002\].
#[derive(Debug)]
pub struct RockTableau {
    /// The name by which programs and files choose the method.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// Its order.
    pub order: usize,
    /// The order of the second solution, by which errors are estimated.
    pub embedded_order: usize,
    /// Stages after the recurrence.
    pub(super) last: usize,
    /// How far along the negative axis s stages are stable: h|λ| ≤ `reach` s² − `offset`.
    pub reach: f64,
    /// See `reach`.
    pub offset: f64,
    /// Degrees of the recurrences.
    pub(super) degrees: &'static [u16],
    /// μ₁, then μ_i and κ_i for i = 2, 3, …, degree by degree.
    pub(super) recurrence: &'static [f64],
    /// When to choose the method.
    pub when: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
}

static ROCK2: RockTableau = RockTableau {
    name: "rock2",
    title: "ROCK2",
    order: 2,
    embedded_order: 1,
    last: 2,
    reach: 0.807,
    offset: 1.5,
    degrees: &rock2::DEGREES,
    recurrence: &rock2::RECURRENCE,
    when: "Large diffusion problems at loose tolerances, with eigenvalues near the negative axis, where linear algebra is dear; not where they oscillate.",
    reference: "[Abdulle2001]",
};

static ROCK4: RockTableau = RockTableau {
    name: "rock4",
    title: "ROCK4",
    order: 4,
    embedded_order: 3,
    last: 4,
    reach: 0.3528,
    offset: 3.0,
    degrees: &rock4::DEGREES,
    recurrence: &rock4::RECURRENCE,
    when: "Large diffusion problems at middle tolerances, with eigenvalues near the negative axis, where linear algebra is dear; not where they oscillate.",
    reference: "[Abdulle2002]",
};

/// By rising order.
static ALL: &[&RockTableau] = &[&ROCK2, &ROCK4];

impl RockTableau {
    /// Every stabilised method of this crate, by rising order.
    #[must_use]
    pub fn all() -> &'static [&'static Self] {
        ALL
    }

    /// The method called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`], which lists the names there are.
    pub fn by_name(name: &str) -> Result<&'static Self, Error> {
        let found = ALL.iter().find(|tableau| tableau.name == name);
        found.copied().ok_or_else(|| Error::UnknownMethod {
            name: name.to_owned(),
            known: ALL
                .iter()
                .map(|tableau| tableau.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The fewest stages that are stable for h|λ| = `product` on the negative axis, if there are so many.
    #[must_use]
    pub fn stages(&self, product: f64) -> Option<usize> {
        self.degree(product)
            .map(|index| usize::from(self.degrees[index]) + self.last)
    }

    /// The h|λ| up to which the method with most stages is stable.
    #[must_use]
    pub fn longest(&self) -> f64 {
        let most = self.degrees[self.degrees.len() - 1];
        let stages = f64::from(most) + self.last as f64;
        self.reach * stages * stages - self.offset
    }

    /// The number of that degree.
    pub(super) fn degree(&self, product: f64) -> Option<usize> {
        let enough = |degree: &u16| {
            let stages = f64::from(*degree) + self.last as f64;
            self.reach * stages * stages - self.offset >= product
        };
        self.degrees.iter().position(enough)
    }

    /// (μ₁, then pairs μ_i, κ_i) of a degree, by its number.
    pub(super) fn recurrence(&self, index: usize) -> &'static [f64] {
        let length = |degree: &u16| 2 * usize::from(*degree) - 1;
        let begin = self.degrees[..index].iter().map(length).sum::<usize>();
        &self.recurrence[begin..begin + length(&self.degrees[index])]
    }

    /// The last stages of a degree, by its number: a below its diagonal, row behind row; b; b_err.
    pub(super) fn last_stages<T: Real>(&self, index: usize) -> [Vec<T>; 3] {
        let [a, b, b_err] = if self.last == 2 {
            // y₁ = u + δ₁ (k₁ + k₂) + δ₂ (k₂ − k₁), and the last term is the error.
            let [first, second] = rock2::FINISH[index];
            let b = vec![first - second, first + second];
            [vec![first], b, vec![-second, second]]
        } else {
            let (b, embedded) = (rock4::B[index], rock4::EMBEDDED[index]);
            let mut b_err: Vec<f64> = b.iter().zip(embedded).map(|(b, e)| b - e).collect();
            b_err.push(-embedded[4]);
            [rock4::A[index].to_vec(), b.to_vec(), b_err]
        };
        let convert = |row: Vec<f64>| row.into_iter().map(T::from_f64).collect();
        [convert(a), convert(b), convert(b_err)]
    }
}
