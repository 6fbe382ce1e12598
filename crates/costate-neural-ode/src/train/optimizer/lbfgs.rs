//! L-BFGS within bounds.

use super::{Bounds, Optimizer, Reason, Step, all_finite, check_lengths};
use std::collections::VecDeque;

/// The sufficient fall of the loss, as a part of what the slope at the start promises.
const FALL: f64 = 1e-4;
/// The slope that may be left at the end of a step, as a part of the slope at its start.
const SLOPE_LEFT: f64 = 0.9;
/// Trials along one direction.
const TRIALS: usize = 40;

/// L-BFGS on a box: the direction comes from the last pairs (Δx, Δg), restricted to the variables that the bounds leave free;
/// points are projected onto the box; the step length is found by doubling and bisection until the loss falls enough and, unless
/// a bound was met, the slope has flattened.
///
/// Take it for smooth losses of up to some thousand variables. The gradient must be accurate to more digits than the tolerances
/// ask for: with gradients of random batches take [`Adam`](super::Adam).
///
/// ```
/// use costate_neural_ode::train::optimizer::{Bounds, Lbfgs, Optimizer, Step};
///
/// // (x − 3)² + (y + 1)², y ≥ 0
/// let mut optimizer = Lbfgs::new(2);
/// optimizer.bounds = Bounds::new(vec![f64::NEG_INFINITY, 0.0], vec![f64::INFINITY; 2]);
/// let mut x = vec![0.0_f64, 5.0];
/// loop {
///     let loss = (x[0] - 3.0).powi(2) + (x[1] + 1.0).powi(2);
///     let gradient = [2.0 * (x[0] - 3.0), 2.0 * (x[1] + 1.0)];
///     if let Step::Finished(reason) = optimizer.step(&mut x, loss, &gradient) {
///         assert!(reason.is_converged());
///         break;
///     }
/// }
/// assert!((x[0] - 3.0).abs() < 1e-8 && x[1] == 0.0);
/// ```
///
/// # References
/// \[Nocedal2006\] 7.2, \[Bertsekas1982\], \[Lewis2013\] (line search)
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lbfgs {
    /// The box.
    pub bounds: Bounds,
    /// How many pairs are kept.
    pub memory: usize,
    /// Stop when no entry of the projected gradient exceeds this.
    pub gradient_tolerance: f64,
    /// Stop when an iteration lowers the loss by less than this part of it.
    pub loss_tolerance: f64,
    /// The last pairs (Δx, Δg), oldest first.
    pub pairs: VecDeque<(Vec<f64>, Vec<f64>)>,
    /// The best point and the search that starts from it.
    pub search: Option<LineSearch>,
}

/// A search along one direction, between two calls.
///
/// ```
/// use costate_neural_ode::train::optimizer::{Lbfgs, Optimizer};
///
/// // x², whose first trial goes downhill.
/// let (mut x, mut optimizer) = (vec![3.0], Lbfgs::new(1));
/// optimizer.step(&mut x, 9.0, &[6.0]);
/// let search = optimizer.search.as_ref().expect("it has begun");
/// assert!(search.x == [3.0] && search.loss == 9.0 && search.direction[0] < 0.0);
/// assert!((x[0] - (3.0 + search.length * search.direction[0])).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LineSearch {
    /// Where it starts.
    pub x: Vec<f64>,
    /// The loss there.
    pub loss: f64,
    /// The gradient there.
    pub gradient: Vec<f64>,
    /// Where it goes.
    pub direction: Vec<f64>,
    /// The length of the trial under way, in units of `direction`.
    pub length: f64,
    /// The longest length known to be too short.
    pub too_short: f64,
    /// The shortest length known to be too long; 0 as long as there is none.
    pub too_long: f64,
    /// Trials so far.
    pub trials: usize,
}

impl Lbfgs {
    /// For `n` variables without bounds, keeping 10 pairs.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self {
            bounds: Bounds::none(n),
            memory: 10,
            gradient_tolerance: 1e-10,
            loss_tolerance: 1e-14,
            pairs: VecDeque::new(),
            search: None,
        }
    }

    /// −H g on the free variables, 0 on the blocked ones; H by the two-loop recursion.
    fn direction(&self, free: &[bool], gradient: &[f64]) -> Vec<f64> {
        let dot = |u: &[f64], v: &[f64]| -> f64 {
            (0..u.len()).filter(|&i| free[i]).map(|i| u[i] * v[i]).sum()
        };
        let mut q: Vec<f64> = (0..free.len())
            .map(|i| if free[i] { -gradient[i] } else { 0.0 })
            .collect();
        let usable: Vec<_> = self
            .pairs
            .iter()
            .map(|(s, y)| (s, y, dot(s, y)))
            .filter(|(_, y, sy)| *sy > f64::EPSILON * dot(y, y))
            .collect();
        let mut factors = Vec::with_capacity(usable.len());
        for (s, y, sy) in usable.iter().rev() {
            let factor = dot(s, &q) / sy;
            for i in 0..q.len() {
                q[i] -= factor * y[i];
            }
            factors.push(factor);
        }
        match usable.last() {
            Some((_, y, sy)) => {
                let scale = sy / dot(y, y);
                q.iter_mut().for_each(|q| *q *= scale);
            }
            // Without any curvature known, the first trial moves by at most 1.
            None => {
                let scale = 1.0 / dot(&q, &q).sqrt().max(1.0);
                q.iter_mut().for_each(|q| *q *= scale);
            }
        }
        for ((s, y, sy), factor) in usable.iter().zip(factors.iter().rev()) {
            let correction = factor - dot(y, &q) / sy;
            for i in 0..q.len() {
                q[i] += correction * s[i];
            }
        }
        for i in 0..q.len() {
            if !free[i] {
                q[i] = 0.0;
            }
        }
        q
    }

    /// Starts the search from `x`, or says why there is none.
    fn begin(&mut self, x: &mut [f64], loss: f64, gradient: &[f64]) -> Step {
        let free: Vec<bool> = (0..x.len())
            .map(|i| !self.bounds.blocks(i, x[i], gradient[i]))
            .collect();
        let steepest =
            (0..x.len()).map(|i| (x[i] - self.bounds.clamp(i, x[i] - gradient[i])).abs());
        if steepest.fold(0.0, f64::max) <= self.gradient_tolerance {
            return Step::Finished(Reason::GradientIsSmall);
        }
        let mut direction = self.direction(&free, gradient);
        if slope(gradient, &direction) >= 0.0 {
            self.pairs.clear();
            direction = self.direction(&free, gradient);
        }
        self.search = Some(LineSearch {
            x: x.to_vec(),
            loss,
            gradient: gradient.to_vec(),
            direction,
            length: 1.0,
            too_short: 0.0,
            too_long: 0.0,
            trials: 0,
        });
        self.trial(x);
        Step::Accepted
    }

    /// Writes the trial point of the search under way.
    fn trial(&self, x: &mut [f64]) {
        let search = self.search.as_ref().expect("a search under way");
        for i in 0..x.len() {
            x[i] = self
                .bounds
                .clamp(i, search.x[i] + search.length * search.direction[i]);
        }
    }

    /// The search found nothing: once more along the gradient, then it ends.
    fn give_up(&mut self, x: &mut [f64]) -> Step {
        let search = self.search.take().expect("a search under way");
        x.copy_from_slice(&search.x);
        if self.pairs.is_empty() {
            self.search = Some(search);
            return Step::Finished(Reason::NoDescent);
        }
        self.pairs.clear();
        match self.begin(x, search.loss, &search.gradient) {
            Step::Accepted => Step::Searching,
            other => other,
        }
    }
}

impl Optimizer<f64> for Lbfgs {
    #[track_caller]
    fn step(&mut self, x: &mut [f64], loss: f64, gradient: &[f64]) -> Step {
        check_lengths(x.len(), gradient.len());
        assert!(
            x.len() == self.bounds.len(),
            "{} variables, but bounds for {}",
            x.len(),
            self.bounds.len()
        );
        let finite = all_finite(loss, gradient);
        let Some(search) = &mut self.search else {
            if !finite {
                return Step::Finished(Reason::NotFinite);
            }
            self.bounds.project(x);
            return self.begin(x, loss, gradient);
        };
        search.trials += 1;
        let moved: Vec<f64> = (0..x.len()).map(|i| x[i] - search.x[i]).collect();
        let promised = slope(&search.gradient, &moved);
        let fell = finite && loss <= search.loss + FALL * promised;
        let clipped = (0..x.len()).any(|i| self.bounds.touches(i, x[i]) && moved[i] != 0.0);
        let flattened = fell && (clipped || slope(gradient, &moved) >= SLOPE_LEFT * promised);

        if !fell {
            search.too_long = search.length;
        } else if !flattened {
            search.too_short = search.length;
        }
        // A point that fell but is still steep is taken when there is no better length to be had.
        let stuck = search.trials >= TRIALS || moved.iter().all(|m| *m == 0.0);
        if !flattened && !stuck {
            search.length = if search.too_long == 0.0 {
                2.0 * search.too_short
            } else if search.too_short == 0.0 && !finite {
                0.1 * search.too_long
            } else {
                0.5 * (search.too_short + search.too_long)
            };
            self.trial(x);
            return Step::Searching;
        }
        if !fell {
            return self.give_up(x);
        }

        let change: Vec<f64> = (0..x.len())
            .map(|i| gradient[i] - search.gradient[i])
            .collect();
        let fall = search.loss - loss;
        let curvature = slope(&change, &moved);
        if curvature > f64::EPSILON * slope(&change, &change) {
            self.pairs.push_back((moved, change));
            if self.pairs.len() > self.memory {
                self.pairs.pop_front();
            }
        }
        if fall <= self.loss_tolerance * loss.abs() {
            search.x.copy_from_slice(x);
            search.loss = loss;
            search.gradient.copy_from_slice(gradient);
            return Step::Finished(Reason::LossIsFlat);
        }
        self.begin(x, loss, gradient)
    }
}

fn slope(gradient: &[f64], direction: &[f64]) -> f64 {
    gradient.iter().zip(direction).map(|(g, d)| g * d).sum()
}
