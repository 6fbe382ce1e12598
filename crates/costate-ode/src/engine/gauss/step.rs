//! One step of a Gauss method: the first guess, the iteration, the end.

use super::Gauss;
use crate::combine::combine;
use crate::engine::Span;
use crate::engine::newton::{self, Verdict, rounding};
use crate::linear::Pair;
use crate::system::evaluate;
use crate::tableau::polynomial;
use crate::{Element, Field, Real, Scale, State, Stats, System};

impl<T: Real, Y: State<T>> Gauss<T, Y>
where
    Y::Element: Field<T>,
{
    /// The first guess: the collocation polynomial of the accepted step, continued; or nothing moves.
    pub(super) fn predict(&mut self, h: T) {
        if self.accepted_h == T::zero() {
            for x in self.z.iter_mut().chain(&mut self.w) {
                x.as_mut_slice().fill(Y::Element::zero());
            }
            return;
        }
        for (z, c) in self.z.iter_mut().zip(&self.c) {
            let sigma = T::one() + *c * h / self.accepted_h;
            self.weights.clear();
            let difference = |row: &Vec<T>| polynomial(row, sigma) - polynomial(row, T::one());
            let weights = self.collocation.iter().map(difference);
            self.weights.extend(weights.enumerate());
            combine(z, &self.zero, &self.accepted, &self.weights, T::one());
        }
        for (w, row) in self.w.iter_mut().zip(&self.inverse) {
            transform(w, &self.z, row);
        }
    }

    /// Right-hand sides of the real and the complex system from the slopes, in `rhs` and `complex_rhs`.
    fn right_hand_sides(&mut self, h: T) {
        let pair = self.c.len() - 2;
        if pair == 1 {
            transform(&mut self.rhs, &self.slopes, &self.inverse[0]);
            add(&mut self.rhs, &self.w[0], -self.gamma / h);
        }
        let rows = [pair, pair + 1].map(|i| &self.inverse[i]);
        for (k, rhs) in self.complex_rhs.iter_mut().enumerate() {
            let [re, im] = rows.map(|row| {
                let terms = row.iter().zip(&self.slopes);
                terms.fold(Y::Element::zero(), |sum, (weight, slope)| {
                    sum.add_scaled(Y::Element::weight(*weight), slope.as_slice()[k])
                })
            });
            *rhs = Pair { re, im };
        }
        let weight = |x: T| Y::Element::weight(x / h);
        let (minus_alpha, beta, minus_beta) =
            (weight(-self.alpha), weight(self.beta), weight(-self.beta));
        // −(α − iβ)/h (w₁ + i w₂).
        let both = self.w[pair]
            .as_slice()
            .iter()
            .zip(self.w[pair + 1].as_slice());
        for (rhs, (re, im)) in self.complex_rhs.iter_mut().zip(both) {
            rhs.re = rhs
                .re
                .add_scaled(minus_alpha, *re)
                .add_scaled(minus_beta, *im);
            rhs.im = rhs.im.add_scaled(beta, *re).add_scaled(minus_alpha, *im);
        }
    }

    /// Simplified Newton iterations from the first guess, until rounding ends them; false if they do not converge.
    pub(super) fn iterate<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        let epsilon = Y::Element::epsilon();
        let rtol = scale.finest_rtol();
        self.convergence.begin(newton::tolerance(rtol, epsilon));
        let smallest = epsilon / rtol.max(epsilon);
        let s = self.c.len();
        let pair = s - 2;
        let mut converged = false;
        loop {
            for i in 0..s {
                let t = span.t + self.c[i] * span.h;
                self.argument.as_mut_slice().copy_from_slice(y.as_slice());
                add(&mut self.argument, &self.z[i], T::one());
                evaluate(system, t, &self.argument, &mut self.slopes[i]);
                stats.nfe += 1;
                let wrong = |f: &Y::Element| !f.magnitude().is_finite();
                if let Some(component) = self.slopes[i].as_slice().iter().position(wrong) {
                    self.bad = Some((i, t, component));
                    return false;
                }
            }
            self.right_hand_sides(span.h);
            self.complex.solve::<T>(&mut self.complex_rhs);
            stats.solves += 1;
            let (y, complex) = (y.as_slice(), &self.complex_rhs);
            let mut sum2 =
                scale.squared(y, y, |i| complex[i].re) + scale.squared(y, y, |i| complex[i].im);
            if pair == 1 {
                self.real.solve::<T>(self.rhs.as_mut_slice());
                stats.solves += 1;
                let real = self.rhs.as_slice();
                sum2 = sum2 + scale.squared(y, y, |i| real[i]);
                add(&mut self.w[0], &self.rhs, T::one());
            }
            let one = Y::Element::weight(T::one());
            for (which, part) in [(pair, 0), (pair + 1, 1)] {
                let w = self.w[which].as_mut_slice().iter_mut();
                for (w, increment) in w.zip(complex) {
                    let increment = if part == 0 {
                        increment.re
                    } else {
                        increment.im
                    };
                    *w = w.add_scaled(one, increment);
                }
            }
            for (z, row) in self.z.iter_mut().zip(&self.transform) {
                transform(z, &self.w, row);
            }
            let norm = (sum2 / T::from_f64(s as f64)).sqrt();
            if !converged {
                match self
                    .convergence
                    .judge(norm, || rounding(scale, y, self.z[s - 1].as_slice()))
                {
                    Verdict::GoOn => continue,
                    Verdict::Hopeless => return false,
                    Verdict::Converged => converged = true,
                }
                self.settling.begin();
            }
            if self.settling.judge(norm, smallest) {
                return true;
            }
        }
    }

    /// y₁ = y + Σ d_i z_i.
    pub(super) fn finish(&mut self, trial: &mut Y, y: &Y) {
        self.weights.clear();
        let ends = self.collocation.iter().map(|row| polynomial(row, T::one()));
        self.weights.extend(ends.enumerate());
        combine(trial, y, &self.z, &self.weights, T::one());
    }
}

/// Writes Σ row_j x_j into `out`.
fn transform<T: Real, Y: State<T>>(out: &mut Y, x: &[Y], row: &[T]) {
    out.as_mut_slice().fill(Y::Element::zero());
    for (x, weight) in x.iter().zip(row) {
        add(out, x, *weight);
    }
}

/// Adds `weight` x.
fn add<T: Real, Y: State<T>>(out: &mut Y, x: &Y, weight: T) {
    let weight = Y::Element::weight(weight);
    for (out, x) in out.as_mut_slice().iter_mut().zip(x.as_slice()) {
        *out = out.add_scaled(weight, *x);
    }
}
