//! Explicit Runge–Kutta methods as data.
//!
//! # Adding one
//! Write a file like `tableau/bosh3.rs` (the shortest with an error estimate), add its `mod` line and its name in the list below. The
//! order-condition tests, the convergence tests, the registry of methods and the program's `--method` iterate that list.

mod bosh3;
mod cash_karp;
mod dop853;
mod dopri5;
mod euler;
mod fehlberg45;
mod heun;
mod midpoint;
mod ralston;
mod rk38;
mod rk4;
mod ssprk3;
mod tsit5;
mod verner6;
mod verner7;
mod verner8;
mod verner9;

use crate::{Coefficient, Error, Real};

/// An explicit Runge–Kutta method:
///
/// ```text
/// k_i = f(t + c_i h,  y + h Σ_{j<i} a_ij k_j)        y₁ = y + h Σ b_i k_i
/// ```
#[cfg_attr(doc, doc = include_str!("../formulas/solver-step.html"))]
///
/// ```text
/// h Σ b_err_i k_i                     the error of the step, estimated
/// y(t + σh) = y + h Σ w_i(σ) k_i      dense output, 0 ≤ σ ≤ 1
/// ```
///
/// A method of your own is such a value in a `static` or `const`; [`validate`](Tableau::validate) checks its shape, and the crate's tests
/// show how to check its order.
///
/// ```
/// use costate_ode::tableau;
///
/// let dopri5 = tableau::by_name("dopri5")?;
/// assert_eq!((dopri5.order, dopri5.embedded_order, dopri5.stages()), (5, Some(4), 7));
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1993\] II.1, II.4–II.6.
#[derive(Clone, Debug)]
pub struct Tableau {
    /// The name by which programs and files choose the method.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// p: the local error of y₁ is O(h^{p+1}).
    pub order: usize,
    /// The order of the second solution y₁ − h Σ b_err_i k_i; `None` if the method has no error estimate and runs with constant steps.
    pub embedded_order: Option<usize>,
    /// Nodes c_i, one per stage; c_0 = 0.
    pub c: &'static [Coefficient],
    /// Row i holds a_i0 … a_i,i−1; zeros at its end may be left out.
    pub a: &'static [&'static [Coefficient]],
    /// Weights of the solution.
    pub b: &'static [Coefficient],
    /// Weights of the error estimate, b − b̂; empty if there is none.
    pub b_err: &'static [Coefficient],
    /// Weights of a second estimate of lower order; empty but for methods of the kind of DOP853. With e and ê the norms of both, the error
    /// is measured as e²/√(e² + ê²/100), which is O(h^{order}).
    pub b_err_low: &'static [Coefficient],
    /// First same as last: the last stage is f(t + h, y₁) and serves as the next step's first.
    pub fsal: bool,
    /// Further stages `(c_i, a_i·)` that dense output needs, evaluated only when it is asked for.
    ///
    /// Their rows may refer to every stage, to f(t + h, y₁) (its index is [`next`](Tableau::next)) and to the further stages before them.
    pub extra: &'static [(Coefficient, &'static [Coefficient])],
    /// Dense output.
    pub dense: Dense,
    /// When to choose the method, in a sentence.
    pub when: &'static str,
    /// Where the coefficients come from.
    pub reference: &'static str,
}

/// The weights w_i(σ) of dense output.
///
/// ```
/// use costate_ode::{Dense, tableau};
/// // Tsitouras' method has a polynomial of its own; Bogacki and Shampine's has the cubic that every method can have.
/// assert!(matches!(tableau::by_name("tsit5")?.dense, Dense::Polynomial { order: 4, .. }));
/// assert!(matches!(tableau::by_name("bosh3")?.dense, Dense::Hermite));
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum Dense {
    /// w_i(σ) = Σ_j `weights`\[i\]\[j\] σ^{j+1}, for each stage i (then f(t + h, y₁) if the method has `extra` stages and is not FSAL, then those).
    Polynomial {
        /// Order of the continuous solution: its error is O(h^{order+1}) in one step, uniformly in σ.
        order: usize,
        /// Coefficients, lowest power (σ¹) first; trailing rows of zeros may be left out.
        weights: &'static [&'static [Coefficient]],
    },
    /// The cubic that meets y and f at both ends, of order 3 at most. Needs f(t + h, y₁): evaluated at most once, and then kept as the next step's first stage.
    Hermite,
}

/// What is taken when nothing is said.
pub(crate) static DEFAULT: &Tableau = &tsit5::TSIT5;

/// By rising order.
static TABLEAUS: &[&Tableau] = &[
    &euler::EULER,
    &midpoint::MIDPOINT,
    &heun::HEUN,
    &ralston::RALSTON,
    &bosh3::BOSH3,
    &ssprk3::SSPRK3,
    &rk4::RK4,
    &rk38::RK38,
    &fehlberg45::FEHLBERG45,
    &cash_karp::CASH_KARP,
    &dopri5::DOPRI5,
    &tsit5::TSIT5,
    &verner6::VERNER6,
    &verner7::VERNER7,
    &verner8::VERNER8,
    &dop853::DOP853,
    &verner9::VERNER9,
];

/// Every explicit Runge–Kutta method of this crate, by rising order.
///
/// ```
/// use costate_ode::tableau::tableaus;
/// // The cheapest method of fifth order or higher with an error estimate, by stages.
/// let cheapest = tableaus().iter().filter(|method| method.order >= 5 && method.embedded_order.is_some()).min_by_key(|method| method.stages() - usize::from(method.fsal));
/// assert_eq!(cheapest.map(|method| method.stages()), Some(6));
/// ```
#[must_use]
pub fn tableaus() -> &'static [&'static Tableau] {
    TABLEAUS
}

/// The method called `name`.
///
/// # Errors
/// [`Error::UnknownMethod`], which lists the names there are.
///
/// ```
/// use costate_ode::tableau;
///
/// let rk4 = tableau::by_name("rk4")?;
/// assert_eq!((rk4.order, rk4.stages(), rk4.embedded_order), (4, 4, None));
/// assert!(tableau::by_name("rk5").unwrap_err().to_string().contains("dopri5"));
/// # Ok::<(), costate_ode::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<&'static Tableau, Error> {
    let found = tableaus().iter().find(|tableau| tableau.name == name);
    found.copied().ok_or_else(|| Error::UnknownMethod {
        name: name.to_owned(),
        known: tableaus()
            .iter()
            .map(|tableau| tableau.name)
            .collect::<Vec<_>>()
            .join(", "),
    })
}

impl Tableau {
    /// The number of stages.
    #[must_use]
    pub const fn stages(&self) -> usize {
        self.b.len()
    }

    /// a_ij, zero where the row is shorter. `i` may also name the stage f(t + h, y₁) and the `extra` stages behind it.
    ///
    /// # Panics
    /// If there is no stage `i`.
    ///
    /// ```
    /// use costate_ode::{Coefficient, tableau};
    ///
    /// let rk4 = tableau::by_name("rk4")?;
    /// assert_eq!((rk4.a(1, 0), rk4.a(3, 2), rk4.a(0, 3)), (Coefficient::ratio(1, 2), Coefficient::ratio(1, 1), Coefficient::ZERO));
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    #[must_use]
    pub fn a(&self, i: usize, j: usize) -> Coefficient {
        let row = match i.checked_sub(self.stages()) {
            None => self.a[i],
            Some(0) if !self.fsal => self.b,
            Some(i) => self.extra[i - usize::from(!self.fsal)].1,
        };
        row.get(j).copied().unwrap_or(Coefficient::ZERO)
    }

    /// The index of f(t + h, y₁) among the slopes that dense output combines: the last stage if the method is FSAL, else the one behind it.
    #[must_use]
    pub const fn next(&self) -> usize {
        self.stages() - self.fsal as usize
    }

    /// Whether dense output needs f(t + h, y₁) beyond the stages of the step.
    #[must_use]
    pub const fn dense_needs_next(&self) -> bool {
        !self.fsal && (matches!(self.dense, Dense::Hermite) || !self.extra.is_empty())
    }

    /// The number of slopes that dense output combines: the stages, f(t + h, y₁) if it needs that, and the `extra` ones.
    #[must_use]
    pub const fn dense_len(&self) -> usize {
        self.stages() + self.dense_needs_next() as usize + self.extra.len()
    }

    /// The order of dense output.
    #[must_use]
    pub fn dense_order(&self) -> usize {
        match self.dense {
            Dense::Polynomial { order, .. } => order,
            Dense::Hermite => self.order.min(3),
        }
    }

    /// The polynomials of dense output as rows of coefficients of σ¹, σ², …, one row per slope, in the scalar `T`.
    #[must_use]
    pub fn dense_polynomials<T: Real>(&self) -> Vec<Vec<T>> {
        let rows = self.dense_rows();
        rows.iter().map(|row| convert(row)).collect()
    }

    /// The same as σ times polynomials in σ − ½.
    pub(crate) fn centred_polynomials<T: Real>(&self) -> Vec<Vec<T>> {
        let rows = self.dense_rows();
        let about = rows.iter().map(|row| Coefficient::about_half(row));
        about.map(|row| convert(&row)).collect()
    }

    fn dense_rows(&self) -> Vec<Vec<Coefficient>> {
        let mut rows: Vec<Vec<Coefficient>> = match self.dense {
            Dense::Polynomial { weights, .. } => weights.iter().map(|row| row.to_vec()).collect(),
            Dense::Hermite => {
                let cubic =
                    |b: &Coefficient| vec![Coefficient::ZERO, b.scaled(3.0), b.scaled(-2.0)];
                self.b.iter().map(cubic).collect()
            }
        };
        rows.resize(self.dense_len(), Vec::new());
        if matches!(self.dense, Dense::Hermite) {
            add(&mut rows[0], [1, -2, 1]);
            add(&mut rows[self.next()], [0, -1, 1]);
        }
        rows
    }

    /// Writes the weights w_i(σ) of dense output: y(t + σh) = y + h Σ w_i(σ) k_i.
    ///
    /// # Panics
    /// If `weights` has not [`dense_len`](Tableau::dense_len) entries.
    ///
    /// ```
    /// use costate_ode::tableau;
    ///
    /// let tsit5 = tableau::by_name("tsit5")?;
    /// let mut weights = vec![0.0; tsit5.dense_len()];
    /// tsit5.dense_weights(1.0, &mut weights);
    /// assert!((0..tsit5.stages()).all(|i| (weights[i] - tsit5.b[i].to::<f64>()).abs() < 1e-12)); // the end of the step
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    #[track_caller]
    pub fn dense_weights<T: Real>(&self, sigma: T, weights: &mut [T]) {
        check_len(self, weights.len());
        for (weight, row) in weights.iter_mut().zip(self.centred_polynomials::<T>()) {
            *weight = centred(&row, sigma);
        }
    }

    /// Writes the derivatives dw_i/dσ: dy/dt at t + σh is Σ w_i′(σ) k_i.
    ///
    /// # Panics
    /// If `weights` has not [`dense_len`](Tableau::dense_len) entries.
    #[track_caller]
    pub fn dense_weight_derivatives<T: Real>(&self, sigma: T, weights: &mut [T]) {
        check_len(self, weights.len());
        for (weight, row) in weights.iter_mut().zip(self.centred_polynomials::<T>()) {
            *weight = centred_derivative(&row, sigma);
        }
    }

    /// Whether it is one of this crate's, which its tests have validated.
    pub(crate) fn is_known(&'static self) -> bool {
        TABLEAUS.iter().any(|known| std::ptr::eq(*known, self))
    }

    /// Checks that the parts fit together: lengths, explicitness, row sums Σ_j a_ij = c_i, Σ b = 1, Σ b_err = 0, and the last row where FSAL is claimed.
    ///
    /// # Errors
    /// [`Error::Tableau`], naming the part and what is wrong with it.
    ///
    /// ```
    /// use costate_ode::{Tableau, tableau};
    ///
    /// let mut broken: Tableau = tableau::by_name("rk4")?.clone();
    /// assert!(broken.validate().is_ok());
    /// broken.name = "mine";
    /// broken.b = &broken.b[..3];
    /// assert!(broken.validate().unwrap_err().to_string().starts_with("the tableau `mine` is not valid: "));
    /// # Ok::<(), costate_ode::Error>(())
    /// ```
    pub fn validate(&self) -> Result<(), Error> {
        let fail = |what: String| {
            Err(Error::Tableau {
                name: self.name.to_owned(),
                what,
            })
        };
        let stages = self.stages();
        if stages == 0 || self.a.len() != stages || self.c.len() != stages {
            return fail(format!(
                "a has {} rows, b {stages} and c {} entries; all must be equal and at least 1",
                self.a.len(),
                self.c.len()
            ));
        }
        if self.embedded_order.is_some() != (self.b_err.len() == stages)
            || !(self.b_err.is_empty() || self.b_err.len() == stages)
        {
            return fail(format!(
                "b_err has {} entries with embedded order {:?}",
                self.b_err.len(),
                self.embedded_order
            ));
        }
        let sum = |row: &[Coefficient]| row.iter().fold(0.0, |sum, c| sum + c.to::<f64>());
        let size = |row: &[Coefficient]| row.iter().map(|c| c.to::<f64>().abs()).sum::<f64>();
        let off = |row: &[Coefficient], target: f64| {
            (sum(row) - target).abs() > 1e-14 * (1.0 + size(row))
        };
        let extra = self
            .extra
            .iter()
            .enumerate()
            .map(|(i, (c, row))| (stages + usize::from(!self.fsal) + i, *c, *row));
        for (i, c, row) in (0..stages).map(|i| (i, self.c[i], self.a[i])).chain(extra) {
            if row.len() > i {
                return fail(format!(
                    "row {i} of a has {} entries, so the method is not explicit",
                    row.len()
                ));
            }
            if off(row, c.to()) {
                return fail(format!(
                    "row {i} of a sums to {}, not to c = {}",
                    sum(row),
                    c.to::<f64>()
                ));
            }
        }
        if off(self.b, 1.0) || off(self.b_err, 0.0) {
            return fail(format!(
                "b sums to {} (not 1) or b_err to {} (not 0)",
                sum(self.b),
                sum(self.b_err)
            ));
        }
        if self.fsal && (0..stages).any(|j| self.a(stages - 1, j) != self.b[j]) {
            return fail("it claims to be FSAL, but the last row of a is not b".to_owned());
        }
        match self.dense {
            Dense::Polynomial { weights, .. } if weights.len() > self.dense_len() => fail(format!(
                "dense output has weights for {} slopes of {}",
                weights.len(),
                self.dense_len()
            )),
            _ => Ok(()),
        }
    }
}

#[track_caller]
fn check_len(tableau: &Tableau, found: usize) {
    assert!(
        found == tableau.dense_len(),
        "{found} weights given, but dense output of {} has {}",
        tableau.name,
        tableau.dense_len()
    );
}

fn convert<T: Real>(row: &[Coefficient]) -> Vec<T> {
    row.iter().map(|c| c.to()).collect()
}

fn add(row: &mut Vec<Coefficient>, more: [i128; 3]) {
    row.resize(3, Coefficient::ZERO);
    for (coefficient, more) in row.iter_mut().zip(more) {
        *coefficient = coefficient.plus(Coefficient::ratio(more, 1));
    }
}

/// Σ_j row\[j\] σ^{j+1}.
#[inline]
pub(crate) fn polynomial<T: Real>(row: &[T], sigma: T) -> T {
    sigma * row.iter().rev().fold(T::zero(), |sum, c| sum * sigma + *c)
}

/// σ Σ_j row\[j\] (σ − ½)^j.
#[inline]
pub(crate) fn centred<T: Real>(row: &[T], sigma: T) -> T {
    let x = sigma - T::from_f64(0.5);
    sigma * row.iter().rev().fold(T::zero(), |sum, c| sum * x + *c)
}

/// Its derivative.
#[inline]
pub(crate) fn centred_derivative<T: Real>(row: &[T], sigma: T) -> T {
    let x = sigma - T::from_f64(0.5);
    let (mut sum, mut slope) = (T::zero(), T::zero());
    for c in row.iter().rev() {
        slope = slope * x + sum;
        sum = sum * x + *c;
    }
    sum + sigma * slope
}
