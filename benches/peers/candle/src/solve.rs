//! Dormand and Prince's steps, with the elementary controller that all sides have.

use crate::number;
use candle_core::{Result, Tensor};
use costate_benches::workload::Counts;
use costate_ode::{Scheme, Term, tableau};

pub(crate) struct Solver {
    scheme: Scheme<f64>,
    rtol: f64,
    atol: f64,
    first_step: f64,
}

impl Solver {
    pub(crate) fn new([rtol, atol]: [f64; 2], first_step: f64) -> Self {
        let scheme = Scheme::new(tableau::by_name("dopri5").expect("a known tableau"));
        Self {
            scheme,
            rtol,
            atol,
            first_step,
        }
    }

    /// The states at all of `times`, the first of which is the start.
    pub(crate) fn solve(
        &self,
        f: impl Fn(&Tensor) -> Result<Tensor>,
        start: &Tensor,
        times: &[f64],
    ) -> Result<(Vec<Tensor>, Counts)> {
        let (mut t, end, mut h) = (times[0], times[times.len() - 1], self.first_step);
        let (mut y, mut slope, mut counts) = (start.clone(), f(start)?, Counts::default());
        let mut saved = vec![start.clone()];
        while saved.len() < times.len() {
            h = h.min(end - t);
            let (mut k, mut next) = (vec![slope.clone()], y.clone());
            for (_, row) in &self.scheme.rows[1..7] {
                next = (&y + combined(row, &k, h)?)?;
                k.push(f(&next)?);
            }
            let error = self.error(&combined(&self.scheme.b_err, &k, h)?, &y, &next)?;
            let factor = (0.9 * error.powf(-0.2)).clamp(0.2, 10.0);
            if error <= 1.0 {
                counts.accepted += 1;
                let reached = if h >= end - t { end } else { t + h };
                while saved.len() < times.len() && times[saved.len()] <= reached {
                    let time = times[saved.len()];
                    saved.push(match time == reached {
                        true => next.clone(),
                        false => (&y + combined(&self.weights((time - t) / h), &k, h)?)?,
                    });
                }
                (t, y) = (reached, next);
                slope = k.pop().expect("the last stage is the next first");
            } else {
                counts.rejected += 1;
            }
            h *= factor;
        }
        Ok((saved, counts))
    }

    /// Weights of dense output at the part σ of a step.
    fn weights(&self, sigma: f64) -> Vec<Term<f64>> {
        let used = (0..self.scheme.dense.len()).filter(|i| !self.scheme.dense[*i].is_empty());
        used.map(|i| (i, self.scheme.dense_weight(i, sigma)))
            .collect()
    }

    /// The root of the mean square of error ÷ (atol + rtol max(|y|, |y₁|)).
    fn error(&self, error: &Tensor, y: &Tensor, next: &Tensor) -> Result<f64> {
        let (error, size) = (
            error.detach(),
            y.detach().abs()?.maximum(&next.detach().abs()?)?,
        );
        number(
            &(error / ((size * self.rtol)? + self.atol)?)?
                .sqr()?
                .mean_all()?
                .sqrt()?,
        )
    }
}

/// h Σ w_j k_j.
fn combined(terms: &[Term<f64>], k: &[Tensor], h: f64) -> Result<Tensor> {
    let mut each = terms.iter().map(|(j, weight)| &k[*j] * (h * weight));
    let first = each.next().expect("a row has terms")?;
    each.try_fold(first, |sum, term| sum + term?)
}
