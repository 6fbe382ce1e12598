//! One step of Radau IIA: the first guess, the iteration, the error.

use super::Radau;
use crate::combine::combine;
use crate::engine::Span;
use crate::engine::newton::{self, Verdict, rounding};
use crate::linear::Pair;
use crate::system::evaluate;
use crate::tableau::polynomial;
use crate::{Element, Field, Real, Scale, State, Stats, System};

impl<T: Real, Y: State<T>> Radau<T, Y>
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
        self.product.as_mut_slice().fill(Y::Element::zero());
        for i in 0..3 {
            let sigma = T::one() + self.scheme.nodes[i] * h / self.accepted_h;
            self.weights.clear();
            let weights = self.scheme.dense.iter().map(|row| polynomial(row, sigma));
            self.weights.extend(weights.enumerate());
            self.weights[2].1 = self.weights[2].1 - T::one();
            let z = &mut self.z[i];
            combine(z, &self.product, &self.accepted, &self.weights, T::one());
        }
        for i in 0..3 {
            let row = self.scheme.inverse[i];
            transform(&mut self.w[i], &self.z, row);
        }
    }

    /// Right-hand sides of the real and the complex system from the slopes, in `rhs` and `complex_rhs`.
    fn right_hand_sides(&mut self, h: T) {
        let scheme = &self.scheme;
        let weight = |x: T| Y::Element::weight(x);
        let mass = self.derivatives.mass.as_ref();
        transform(&mut self.rhs, &self.slopes, scheme.inverse[0]);
        let minus = weight(-scheme.gamma / h);
        let w = times_mass(mass, &self.w[0], &mut self.product);
        for (rhs, w) in self.rhs.as_mut_slice().iter_mut().zip(w) {
            *rhs = rhs.add_scaled(minus, *w);
        }
        let rows = [scheme.inverse[1], scheme.inverse[2]].map(|row| row.map(weight));
        let slopes = [0, 1, 2].map(|j| self.slopes[j].as_slice());
        for (k, rhs) in self.complex_rhs.iter_mut().enumerate() {
            let [re, im] = rows.map(|row| {
                (0..3).fold(Y::Element::zero(), |sum, j| {
                    sum.add_scaled(row[j], slopes[j][k])
                })
            });
            *rhs = Pair { re, im };
        }
        let (alpha, beta) = (scheme.alpha / h, scheme.beta / h);
        // −(α − iβ)/h M (w₂ + i w₃).
        for (j, to_re, to_im) in [(1, -alpha, beta), (2, -beta, -alpha)] {
            let (to_re, to_im) = (weight(to_re), weight(to_im));
            let w = times_mass(mass, &self.w[j], &mut self.product);
            for (rhs, w) in self.complex_rhs.iter_mut().zip(w) {
                rhs.re = rhs.re.add_scaled(to_re, *w);
                rhs.im = rhs.im.add_scaled(to_im, *w);
            }
        }
    }

    /// Simplified Newton iterations from the first guess; false if they do not converge.
    pub(super) fn iterate<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        let (rtol, looser) = loosened(scale.finest_rtol());
        let tolerance = newton::tolerance(rtol, Y::Element::epsilon());
        self.convergence.begin(tolerance * looser);
        let one = Y::Element::weight(T::one());
        let mut converged = false;
        loop {
            for i in 0..3 {
                let t = if i == 2 {
                    span.t_next
                } else {
                    span.t + self.scheme.nodes[i] * span.h
                };
                add(&mut self.argument, y, &self.z[i]);
                evaluate(system, t, &self.argument, &mut self.slopes[i]);
                stats.nfe += 1;
                let wrong = |f: &Y::Element| !f.magnitude().is_finite();
                if let Some(component) = self.slopes[i].as_slice().iter().position(wrong) {
                    self.bad = Some((i, t, component));
                    return false;
                }
            }
            self.right_hand_sides(span.h);
            self.real.solve::<T>(self.rhs.as_mut_slice());
            self.complex.solve::<T>(&mut self.complex_rhs);
            stats.solves += 2;
            let (y, real, complex) = (y.as_slice(), self.rhs.as_slice(), &self.complex_rhs);
            let sum2 = scale.squared(y, y, |i| real[i])
                + scale.squared(y, y, |i| complex[i].re)
                + scale.squared(y, y, |i| complex[i].im);
            let [w1, w2, w3] = &mut self.w[..] else {
                unreachable!("three stages")
            };
            for (w, real) in w1.as_mut_slice().iter_mut().zip(real) {
                *w = w.add_scaled(one, *real);
            }
            let pairs = w2.as_mut_slice().iter_mut().zip(w3.as_mut_slice());
            for ((w2, w3), complex) in pairs.zip(complex) {
                *w2 = w2.add_scaled(one, complex.re);
                *w3 = w3.add_scaled(one, complex.im);
            }
            for i in 0..3 {
                transform(&mut self.z[i], &self.w, self.scheme.transform[i]);
            }
            let norm = (sum2 / T::from_f64(3.0)).sqrt();
            if !converged {
                match self
                    .convergence
                    .judge(norm, || rounding(scale, y, self.z[2].as_slice()))
                {
                    Verdict::GoOn => continue,
                    Verdict::Hopeless => return false,
                    Verdict::Converged => converged = true,
                }
                let Some(settling) = &mut self.settling else {
                    return true;
                };
                settling.begin();
            }
            let epsilon = Y::Element::epsilon();
            let smallest = epsilon / scale.finest_rtol().max(epsilon);
            if self
                .settling
                .as_mut()
                .is_none_or(|settling| settling.judge(norm, smallest))
            {
                return true;
            }
        }
    }

    /// The squared error: (M γ/h − J)⁻¹ (f(t, y) + M Σ e_i z_i / h), once more with f at y plus that if the first is too large to be believed.
    pub(super) fn error2<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
        unit2: T,
    ) -> T {
        let error = self.scheme.error.map(|e| e / span.h);
        transform(&mut self.rhs, &self.z, error);
        let sum = times_mass(self.derivatives.mass.as_ref(), &self.rhs, &mut self.product);
        self.argument.as_mut_slice().copy_from_slice(sum);
        add(&mut self.rhs, &self.argument, self.f.last());
        self.real.solve::<T>(self.rhs.as_mut_slice());
        stats.solves += 1;
        let norm2 = |scale: &mut Scale<T>, error: &Y| {
            let error = error.as_slice();
            scale.squared(y.as_slice(), trial.as_slice(), |i| error[i]) / unit2
        };
        let error2 = norm2(scale, &self.rhs);
        if error2 < T::one() || !(self.first || self.rejected) {
            return error2;
        }
        add(&mut self.product, y, &self.rhs);
        evaluate(system, span.t, &self.product, &mut self.rhs);
        stats.nfe += 1;
        add(&mut self.product, &self.argument, &self.rhs);
        std::mem::swap(&mut self.rhs, &mut self.product);
        self.real.solve::<T>(self.rhs.as_mut_slice());
        stats.solves += 1;
        norm2(scale, &self.rhs)
    }
}

/// The tolerance for an error estimate of order 3 that a solution of order 5 meets `rtol` with, 0.1 rtol^{2/3}, and how much looser that is.
pub(super) fn loosened<T: Real>(rtol: T) -> (T, T) {
    if rtol == T::zero() {
        return (rtol, T::one());
    }
    let looser = T::from_f64(0.1) / rtol.cbrt();
    (rtol * looser, looser)
}

/// Writes Σ row_j x_j into `out`.
fn transform<T: Real, Y: State<T>>(out: &mut Y, x: &[Y], row: [T; 3]) {
    let weights = row.map(Y::Element::weight);
    let x = [0, 1, 2].map(|j| x[j].as_slice());
    for (k, out) in out.as_mut_slice().iter_mut().enumerate() {
        *out = (0..3).fold(Y::Element::zero(), |sum, j| {
            sum.add_scaled(weights[j], x[j][k])
        });
    }
}

/// Writes a + b into `out`.
pub(super) fn add<T: Real, Y: State<T>>(out: &mut Y, a: &Y, b: &Y) {
    let one = Y::Element::weight(T::one());
    let both = a.as_slice().iter().zip(b.as_slice());
    for (out, (a, b)) in out.as_mut_slice().iter_mut().zip(both) {
        *out = a.add_scaled(one, *b);
    }
}

/// M x: in `product`, or x itself.
fn times_mass<'a, T, Y: State<T>>(
    mass: Option<&crate::Matrix<Y::Element>>,
    x: &'a Y,
    product: &'a mut Y,
) -> &'a [Y::Element]
where
    Y::Element: Field<T>,
{
    match mass {
        None => x.as_slice(),
        Some(mass) => {
            mass.multiply::<T>(x.as_slice(), product.as_mut_slice());
            product.as_slice()
        }
    }
}
