//! Gauss–Newton in a trust region, within bounds.

use super::{Bounds, Reason, Step};
use nalgebra::{DMatrix, DVector, SVD};

/// The part of the predicted fall that a step must reach to be taken.
const WORTH_TAKING: f64 = 1e-4;
/// Where steps shrink to nothing, a minimum may promise to fall by this part of F at most: residuals within a thousandth of those that no step makes smaller.
const LITTLE_LEFT: f64 = 1e-6;

/// Gauss–Newton for F(x) = Σ r_i(x)², in a trust region ‖D p‖ ≤ Δ and within bounds.
///
/// Each step goes down the linear model ‖r + J p‖ within the trust region and the box: the trust-region problem is solved exactly
/// through the singular values of J; where its solution lies outside the box, the step goes towards it until the first variable meets its bound, which is held
/// there while the others are solved for again. D holds the largest norms that the columns of J have had, so the scale of the variables does not matter. Variables without any
/// influence stay where they are.
///
/// Take it for up to a hundred or so parameters of which the residuals' Jacobian is known; it needs far fewer evaluations than
/// any method that knows only the gradient.
///
/// A loss that is no sum of squares, a likelihood say, goes by [`step_of`](GaussNewton::step_of): F beside residuals and a Jacobian with 2 rᵀJ = ∂F/∂x, and
/// 2 JᵀJ, for its second derivatives, that is never negative: the expected ones (Fisher's scoring) or those of a parabola above F.
///
/// ```
/// use costate_neural_ode::train::optimizer::{GaussNewton, Step};
///
/// // Rosenbrock's function: r = (10 (y − x²), 1 − x)
/// let (mut x, mut optimizer) = (vec![-1.2, 1.0], GaussNewton::new(2));
/// loop {
///     let residuals = [10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]];
///     let jacobian = [-20.0 * x[0], 10.0, -1.0, 0.0]; // row by row
///     if let Step::Finished(reason) = optimizer.step(&mut x, &residuals, &jacobian) {
///         assert!(reason.is_converged());
///         break;
///     }
/// }
/// assert!((x[0] - 1.0).abs() < 1e-10 && (x[1] - 1.0).abs() < 1e-10);
/// ```
///
/// # References
/// \[More1978\] (scaling and radius), \[Nocedal2006\] 10.3
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GaussNewton {
    /// The box.
    pub bounds: Bounds,
    /// Stop when r makes an angle with every free column of J whose cosine is below this.
    pub gradient_tolerance: f64,
    /// Stop when F falls, and is predicted to fall, by less than this part of it; as at a minimum only if a step without a radius promises hardly more.
    pub loss_tolerance: f64,
    /// Stop when ‖D p‖ is below this part of ‖D x‖ over the variables that no bound holds; as at a minimum only on the same terms.
    pub step_tolerance: f64,
    /// The best point so far.
    pub best: Option<Linearization>,
    /// Δ.
    pub radius: f64,
    /// D.
    pub scale: Vec<f64>,
    /// The step p under trial.
    pub trial: Vec<f64>,
}

/// Residuals and their Jacobian at a point.
///
/// ```
/// use costate_neural_ode::train::optimizer::Linearization;
/// // r = (x − 1, 2 x) at x = 3: F = 4 + 36, dF/dx = 2 (2·1 + 6·2)
/// let at = Linearization { x: vec![3.0], residuals: vec![2.0, 6.0], jacobian: vec![1.0, 2.0], rest: 0.0 };
/// assert_eq!((at.loss(), at.gradient()), (40.0, vec![28.0]));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Linearization {
    /// The point.
    pub x: Vec<f64>,
    /// r.
    pub residuals: Vec<f64>,
    /// ∂r_i/∂x_j, row by row.
    pub jacobian: Vec<f64>,
    /// F − Σ r_i²: zero for a sum of squares.
    pub rest: f64,
}

impl Linearization {
    /// F: Σ r_i², where it is a sum of squares.
    #[must_use]
    pub fn loss(&self) -> f64 {
        square(&self.residuals) + self.rest
    }

    /// What a change of F is small against.
    fn size(&self) -> f64 {
        self.loss().abs().max(square(&self.residuals))
    }

    /// ∂F/∂x = 2 rᵀJ.
    #[must_use]
    pub fn gradient(&self) -> Vec<f64> {
        let mut gradient = vec![0.0; self.x.len()];
        for (r, row) in self.rows() {
            for (g, j) in gradient.iter_mut().zip(row) {
                *g += 2.0 * r * j;
            }
        }
        gradient
    }

    /// r + J p.
    fn predict(&self, p: &[f64]) -> Vec<f64> {
        self.rows()
            .map(|(r, row)| r + row.iter().zip(p).map(|(j, p)| j * p).sum::<f64>())
            .collect()
    }

    fn rows(&self) -> impl Iterator<Item = (f64, &[f64])> {
        let rows = self.jacobian.chunks_exact(self.x.len());
        self.residuals.iter().copied().zip(rows)
    }

    /// The norm of column j of J.
    fn column_norm(&self, j: usize) -> f64 {
        self.rows()
            .map(|(_, row)| row[j] * row[j])
            .sum::<f64>()
            .sqrt()
    }
}

impl GaussNewton {
    /// For `n` variables without bounds.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self {
            bounds: Bounds::none(n),
            gradient_tolerance: 1e-10,
            loss_tolerance: 1e-14,
            step_tolerance: 1e-12,
            best: None,
            radius: 0.0,
            scale: vec![0.0; n],
            trial: vec![0.0; n],
        }
    }

    /// Takes the residuals and their Jacobian (row by row, one row per residual) at `x` and replaces `x` by the next point to
    /// evaluate. A point whose evaluation failed is given with a residual that is not finite.
    ///
    /// # Panics
    /// If the number of variables changes, or the Jacobian has not residuals × variables entries.
    #[track_caller]
    pub fn step(&mut self, x: &mut [f64], residuals: &[f64], jacobian: &[f64]) -> Step {
        self.step_of(square(residuals), x, residuals, jacobian)
    }

    /// As [`step`](GaussNewton::step) for a loss F with 2 rᵀJ = ∂F/∂x that is not Σ r².
    ///
    /// ```
    /// use costate_neural_ode::train::optimizer::{GaussNewton, Step};
    ///
    /// // The width σ of numbers z about 0: F = Σ (½ (z/σ)² + ln σ) with expected second derivative 2/σ² for each z.
    /// let (mut x, mut optimizer) = (vec![1.0], GaussNewton::new(1));
    /// loop {
    ///     let (mut loss, mut r, mut j) = (0.0, vec![], vec![]);
    ///     for z in [3.0, -4.0] {
    ///         let s: f64 = z / x[0];
    ///         loss += 0.5 * s * s + x[0].ln();
    ///         r.push(0.5 * (1.0 - s * s)); // (∂F/∂σ)/(2j)
    ///         j.push(1.0 / x[0]); // √(½·2/σ²)
    ///     }
    ///     if let Step::Finished(_) = optimizer.step_of(loss, &mut x, &r, &j) {
    ///         break;
    ///     }
    /// }
    /// assert!((x[0] - 12.5_f64.sqrt()).abs() < 1e-7); // the root of the mean square
    /// ```
    ///
    /// # Panics
    /// As [`step`](GaussNewton::step).
    #[track_caller]
    pub fn step_of(
        &mut self,
        loss: f64,
        x: &mut [f64],
        residuals: &[f64],
        jacobian: &[f64],
    ) -> Step {
        let n = self.bounds.len();
        assert!(x.len() == n, "{} variables, but bounds for {n}", x.len());
        assert!(
            jacobian.len() == residuals.len() * n,
            "a Jacobian of {} entries for {} residuals of {n} variables",
            jacobian.len(),
            residuals.len()
        );
        let all = residuals.iter().chain(jacobian).chain([&loss]);
        let finite = all.into_iter().all(|r| r.is_finite());
        let rest = loss - square(residuals);
        let mut taken = Step::Accepted;
        match &self.best {
            None if !finite => return Step::Finished(Reason::NotFinite),
            None => self.take(x, residuals, jacobian, rest),
            Some(best) => {
                let size = self.scaled_norm(&self.trial);
                let predicted = square(&best.residuals) - square(&best.predict(&self.trial));
                let actual = if finite {
                    best.loss() - loss
                } else {
                    f64::NEG_INFINITY
                };
                let ratio = match predicted > 0.0 {
                    true => actual / predicted,
                    false => f64::NAN,
                };
                let little = self.loss_tolerance * best.size();
                let flat = actual.abs() <= little && predicted <= little;
                if ratio >= 0.75 {
                    self.radius = self.radius.max(2.0 * size);
                } else if ratio < 0.25 || ratio.is_nan() {
                    self.radius = if finite { 0.25 } else { 0.1 } * size;
                }
                if ratio >= WORTH_TAKING {
                    self.take(x, residuals, jacobian, rest);
                } else {
                    taken = Step::Searching;
                }
                let best = self.best.as_ref().expect("a best point");
                x.copy_from_slice(&best.x);
                let size = self.scaled_norm(&self.trial).min(self.radius);
                let small = size <= self.step_tolerance * self.scaled_norm(&self.free(x));
                if flat || small {
                    // Short steps within a small radius are no sign of a minimum.
                    let is_minimum = self.is_stationary() || self.is_little_left();
                    return Step::Finished(match (is_minimum, flat) {
                        (false, _) => Reason::NoDescent,
                        (true, true) => Reason::LossIsFlat,
                        (true, false) => Reason::StepIsSmall,
                    });
                }
            }
        }
        if self.is_stationary() {
            x.copy_from_slice(&self.best.as_ref().expect("a best point").x);
            return Step::Finished(Reason::GradientIsSmall);
        }
        self.propose(x);
        taken
    }

    /// The covariance of the variables, row by row: F/(m − n) (JᵀJ)⁻¹ at the best point, for variables that are free and have
    /// influence; zero for the others. `None` without a point, or with no more residuals than free variables. In the book's letters, with p free variables:
    #[cfg_attr(doc, doc = include_str!("../../../formulas/standard-errors.html"))]
    ///
    /// The roots of its diagonal are the standard errors if the model is right and the residuals are independent and of one size.
    ///
    /// ```
    /// use costate_neural_ode::train::optimizer::{GaussNewton, Step};
    ///
    /// // The mean of 1, 2, 3, 6 is 3; its variance is F/(m − n)/m = 14/3/4.
    /// let (mut optimizer, mut x) = (GaussNewton::new(1), [0.0]);
    /// loop {
    ///     let residuals: Vec<f64> = [1.0, 2.0, 3.0, 6.0].map(|d| x[0] - d).into();
    ///     if let Step::Finished(_) = optimizer.step(&mut x, &residuals, &[1.0; 4]) {
    ///         break;
    ///     }
    /// }
    /// let covariance = optimizer.covariance().expect("more residuals than variables");
    /// assert!((x[0] - 3.0).abs() < 1e-12 && (covariance[0] - 14.0 / 12.0).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn covariance(&self) -> Option<Vec<f64>> {
        let (best, n) = (self.best.as_ref()?, self.bounds.len());
        let free: Vec<usize> = (0..n)
            .filter(|&i| !self.bounds.touches(i, best.x[i]) && best.column_norm(i) > 0.0)
            .collect();
        let spare = best
            .residuals
            .len()
            .checked_sub(free.len())
            .filter(|m| *m > 0)?;
        if free.is_empty() {
            return Some(vec![0.0; n * n]);
        }
        let variance = best.loss() / spare as f64; // book: (standard-errors)
        let scale: Vec<f64> = free.iter().map(|&i| best.column_norm(i)).collect();
        let jacobian = DMatrix::from_fn(best.residuals.len(), free.len(), |i, j| {
            best.jacobian[i * n + free[j]] / scale[j]
        });
        let svd = SVD::new(jacobian, false, true);
        let v = svd.v_t?.transpose();
        let mut covariance = vec![0.0; n * n];
        for (a, &i) in free.iter().enumerate() {
            for (b, &j) in free.iter().enumerate() {
                let sum: f64 = (0..free.len())
                    .map(|k| v[(a, k)] * v[(b, k)] / svd.singular_values[k].powi(2))
                    .sum();
                covariance[i * n + j] = variance * sum / (scale[a] * scale[b]);
            }
        }
        Some(covariance)
    }

    fn take(&mut self, x: &mut [f64], residuals: &[f64], jacobian: &[f64], rest: f64) {
        let first = self.best.is_none();
        self.bounds.project(x);
        let best = Linearization {
            x: x.to_vec(),
            residuals: residuals.to_vec(),
            jacobian: jacobian.to_vec(),
            rest,
        };
        for (j, scale) in self.scale.iter_mut().enumerate() {
            *scale = scale.max(best.column_norm(j));
        }
        self.best = Some(best);
        if first {
            let size = self.scaled_norm(x);
            self.radius = if size > 0.0 { size } else { 1.0 };
        }
    }

    fn scaled_norm(&self, p: &[f64]) -> f64 {
        let terms = self.scale.iter().zip(p).map(|(d, p)| (d * p).powi(2));
        terms.sum::<f64>().sqrt()
    }

    /// x, with zeros for what a bound holds at the best point.
    fn free(&self, x: &[f64]) -> Vec<f64> {
        let best = self.best.as_ref().expect("a best point");
        let with_slopes = x.iter().zip(best.gradient()).enumerate();
        let free = with_slopes.map(|(j, (&x, g))| match self.bounds.blocks(j, best.x[j], g) {
            true => 0.0,
            false => x,
        });
        free.collect()
    }

    /// Whether the linear model promises hardly any fall, however far the step.
    fn is_little_left(&self) -> bool {
        let mut unbounded = self.clone();
        unbounded.radius = f64::INFINITY;
        let best = self.best.as_ref().expect("a best point");
        unbounded.propose(&mut best.x.clone());
        let left = square(&best.residuals) - square(&best.predict(&unbounded.trial));
        left <= LITTLE_LEFT * best.size()
    }

    fn is_stationary(&self) -> bool {
        let best = self.best.as_ref().expect("a best point");
        let size = square(&best.residuals).sqrt();
        best.gradient().iter().enumerate().all(|(j, g)| {
            self.bounds.blocks(j, best.x[j], *g)
                || g.abs() <= 2.0 * self.gradient_tolerance * best.column_norm(j) * size
        })
    }

    /// Chooses the trial step p and writes x + p.
    fn propose(&mut self, x: &mut [f64]) {
        let best = self.best.as_ref().expect("a best point");
        let (n, gradient) = (x.len(), best.gradient());
        let mut p = vec![0.0; n];
        x.copy_from_slice(&best.x);
        let mut free: Vec<usize> = (0..n)
            .filter(|&j| self.scale[j] > 0.0 && !self.bounds.blocks(j, best.x[j], gradient[j]))
            .collect();
        while !free.is_empty() {
            // The best values of the free variables beside what is held.
            let mut fixed = p.clone();
            free.iter().for_each(|&j| fixed[j] = 0.0);
            let room = self.radius.powi(2) - self.scaled_norm(&fixed).powi(2);
            let residuals = DVector::from_vec(best.predict(&fixed));
            let jacobian = DMatrix::from_fn(residuals.len(), free.len(), |i, j| {
                best.jacobian[i * n + free[j]] / self.scale[free[j]]
            });
            let solution = within_radius(jacobian, &residuals, room.max(0.0).sqrt());
            let target: Vec<f64> = free
                .iter()
                .zip(solution.iter())
                .map(|(&j, q)| q / self.scale[j])
                .collect();
            // Towards them until the first meets its bound, where it is held.
            let reach = |(&j, &target): (&usize, &f64)| {
                let inside = self.bounds.clamp(j, best.x[j] + target) - best.x[j];
                match best.x[j] + inside == best.x[j] + target {
                    true => 1.0,
                    false => ((inside - p[j]) / (target - p[j])).clamp(0.0, 1.0),
                }
            };
            let reaches: Vec<f64> = free.iter().zip(&target).map(reach).collect();
            let least = reaches.iter().copied().fold(1.0, f64::min);
            for (&j, target) in free.iter().zip(&target) {
                p[j] += least * (target - p[j]);
            }
            if least == 1.0 {
                break;
            }
            let (held, rest): (Vec<_>, Vec<_>) =
                (0..free.len()).partition(|&k| reaches[k] <= least);
            for k in held {
                let j = free[k];
                x[j] = self.bounds.clamp(j, best.x[j] + target[k]);
                p[j] = x[j] - best.x[j];
            }
            free = rest.into_iter().map(|k| free[k]).collect();
        }
        for j in free {
            x[j] = self.bounds.clamp(j, best.x[j] + p[j]);
            p[j] = x[j] - best.x[j];
        }
        self.trial = p;
    }
}

/// The q of smallest ‖r + A q‖ with ‖q‖ ≤ radius: q = −V diag(σ/(σ² + λ)) Uᵀ r with the λ ≥ 0 that the radius asks for.
fn within_radius(a: DMatrix<f64>, r: &DVector<f64>, radius: f64) -> DVector<f64> {
    let svd = SVD::new(a, true, true);
    let (u, v_t) = (svd.u.expect("asked for"), svd.v_t.expect("asked for"));
    let (sigma, target) = (svd.singular_values, u.tr_mul(r));
    let negligible = sigma.max() * f64::EPSILON * target.len().max(r.len()) as f64;
    let part = |lambda: f64, k: usize| match sigma[k] {
        sigma if sigma <= negligible => 0.0,
        sigma => -sigma * target[k] / (sigma * sigma + lambda),
    };
    let norm = |lambda: f64| {
        (0..sigma.len())
            .map(|k| part(lambda, k).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let mut lambda = 0.0;
    if norm(0.0) > radius {
        // 1/‖q(λ)‖ is nearly linear in λ and concave: Newton's iteration from the left converges without a safeguard.
        for _ in 0..50 {
            let size = norm(lambda);
            if size <= radius * 1.001 {
                break;
            }
            let slope: f64 = (0..sigma.len())
                .filter(|k| sigma[*k] > negligible)
                .map(|k| part(lambda, k).powi(2) / (sigma[k].powi(2) + lambda))
                .sum();
            lambda += (size - radius) / radius * size * size / slope;
        }
    }
    v_t.tr_mul(&DVector::from_fn(sigma.len(), |k, _| part(lambda, k)))
}

fn square(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}
