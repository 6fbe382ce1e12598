//! One step of a numerical differentiation formula: prediction and iteration.

use super::Bdf;
use super::differences::formula;
use crate::combine::combine;
use crate::engine::Span;
use crate::engine::newton::{self, Verdict, rounding};
use crate::system::evaluate;
use crate::{Element, Field, Real, Scale, State, Stats, System};
use std::convert::identity;

impl<T: Real, Y: State<T>> Bdf<T, Y>
where
    Y::Element: Field<T>,
{
    /// The matrix for the step, factorised; false if it is singular.
    pub(super) fn prepare<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        if self.krylov.is_some() {
            return true;
        }
        if self.jacobian.must_take(span.h) {
            let f = self.f.known();
            self.derivatives
                .take(system, span.t, y, f, span.h, scale, stats);
            self.factorised = None;
        }
        if self.factorised == Some((span.h, self.order)) {
            return true;
        }
        let shift = Y::Element::real(formula::<T>(self.order).alpha / span.h);
        let (jacobian, mass) = (&self.derivatives.jacobian, self.derivatives.mass.as_ref());
        if self.jacobian.kept() {
            self.convergence.forget();
        }
        stats.factorisations += 1;
        let done = self
            .factors
            .factorise::<T, _>(shift, mass, jacobian, identity);
        self.factorised = done.then_some((span.h, self.order));
        done
    }

    /// Solves M (ψ + d) α/h = f(t + h, y₁⁰ + d) for d, and puts the sum into `trial`.
    pub(super) fn solve<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        trial: &mut Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        let one = Y::Element::weight(T::one());
        let minus = Y::Element::weight(-formula::<T>(self.order).alpha / span.h);
        let tolerance = newton::tolerance(scale.finest_rtol(), Y::Element::epsilon());
        self.convergence.begin(tolerance);
        self.d.as_mut_slice().fill(Y::Element::zero());
        loop {
            let both = self.predicted.as_slice().iter().zip(self.d.as_slice());
            for (y, (predicted, d)) in trial.as_mut_slice().iter_mut().zip(both) {
                *y = predicted.add_scaled(one, *d);
            }
            evaluate(system, span.t_next, trial, &mut self.rhs);
            stats.nfe += 1;
            let wrong = |f: &Y::Element| !f.magnitude().is_finite();
            if let Some(component) = self.rhs.as_slice().iter().position(wrong) {
                self.bad = Some((0, span.t_next, component));
                return false;
            }
            if let Some(gmres) = &mut self.krylov {
                let here = (span.t_next, &*trial, &self.rhs);
                let shift = formula::<T>(self.order).alpha / span.h;
                gmres.linearise(here, shift, scale);
            }
            let both = self.psi.as_slice().iter().zip(self.d.as_slice());
            for (sum, (psi, d)) in self.product.as_mut_slice().iter_mut().zip(both) {
                *sum = psi.add_scaled(one, *d);
            }
            if let Some(mass) = &self.derivatives.mass {
                // The trial is made anew in each round: its room may hold M (ψ + d).
                mass.multiply::<T>(self.product.as_slice(), trial.as_mut_slice());
                std::mem::swap(&mut self.product, trial);
            }
            for (rhs, sum) in self
                .rhs
                .as_mut_slice()
                .iter_mut()
                .zip(self.product.as_slice())
            {
                *rhs = rhs.add_scaled(minus, *sum);
            }
            if let Some(gmres) = &mut self.krylov {
                let tolerance = T::from_f64(0.05) * tolerance;
                if !gmres.solve(system, &mut self.rhs, tolerance, stats) {
                    return false;
                }
            } else {
                self.factors.solve::<T>(self.rhs.as_mut_slice());
                stats.solves += 1;
            }
            for (d, rhs) in self.d.as_mut_slice().iter_mut().zip(self.rhs.as_slice()) {
                *d = d.add_scaled(one, *rhs);
            }
            let (y, rhs) = (self.predicted.as_slice(), self.rhs.as_slice());
            let norm = scale.squared(y, y, |i| rhs[i]).sqrt();
            match self
                .convergence
                .judge(norm, || rounding(scale, y, self.d.as_slice()))
            {
                Verdict::GoOn => {}
                Verdict::Hopeless => return false,
                Verdict::Converged => break,
            }
        }
        let both = self.predicted.as_slice().iter().zip(self.d.as_slice());
        for (y, (predicted, d)) in trial.as_mut_slice().iter_mut().zip(both) {
            *y = predicted.add_scaled(one, *d);
        }
        true
    }

    /// What the differences predict, and ψ = Σ γ_j ∇ʲy / α.
    pub(super) fn predict(&mut self) {
        let formula = formula::<T>(self.order);
        self.weights.clear();
        self.weights.extend((1..=self.order).map(|j| (j, T::one())));
        combine(
            &mut self.predicted,
            &self.differences[0],
            &self.differences,
            &self.weights,
            T::one(),
        );
        for (j, weight) in &mut self.weights {
            *weight = formula.gammas[*j] / formula.alpha;
        }
        combine(
            &mut self.psi,
            &self.zero,
            &self.differences,
            &self.weights,
            T::one(),
        );
    }
}
