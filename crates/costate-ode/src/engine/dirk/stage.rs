//! Stages in the scalar of an integration: their first guesses, and how they are solved for.

use super::{Dirk, DirkTableau};
use crate::combine::{Terms, combine};
use crate::engine::Span;
use crate::engine::newton::{self, Verdict, rounding};
use crate::engine::runge_kutta::terms;
use crate::system::evaluate;
use crate::{Element, Field, Real, Scale, State, Stats, System};

/// A stage in the scalar of an integration.
#[derive(Clone, Debug)]
pub(super) struct Stage<T> {
    pub(super) c: T,
    pub(super) a: Terms<T>,
    /// The first guess of k_i, from the stages before: on the line through the two whose nodes are nearest.
    pub(super) guess: Terms<T>,
}

/// Stage `i` with its first guess: the interpolation of slopes between, or extrapolation from, the two nearest nodes before it.
pub(super) fn stage<T: Real>(tableau: &DirkTableau, i: usize) -> Stage<T> {
    let node = |j: usize| tableau.c[j].to::<f64>();
    let mut before: Vec<usize> = (0..i).collect();
    before.sort_by(|a, b| {
        let distance = |j: &usize| (node(*j) - node(i)).abs();
        distance(a).total_cmp(&distance(b))
    });
    let nearest = before.first().copied();
    let second = before
        .iter()
        .copied()
        .find(|j| nearest.is_some_and(|n| node(n) != node(*j)));
    let guess = match (nearest, second) {
        (Some(a), Some(b)) => {
            let slope = (node(i) - node(a)) / (node(b) - node(a));
            vec![(a, T::from_f64(1.0 - slope)), (b, T::from_f64(slope))]
        }
        // Alone: f at the start, or the slope that the step before ended with, in its own place.
        (nearest, _) => vec![(nearest.unwrap_or(0), T::one())],
    };
    Stage {
        c: tableau.c[i].to(),
        a: terms(tableau.a[i]),
        guess: guess.into(),
    }
}

impl<T: Real, Y: State<T>> Dirk<T, Y>
where
    Y::Element: Field<T>,
{
    /// When stage `i` is evaluated.
    pub(super) fn time(&self, i: usize, span: Span<T>) -> T {
        if self.stages[i].c == T::one() {
            span.t_next
        } else {
            span.t + self.stages[i].c * span.h
        }
    }

    /// What stage `i` has from those before: y + h Σ_{j<i} a_ij k_j in `base`, and the first guess.
    pub(super) fn begin_stage(&mut self, i: usize, span: Span<T>, y: &Y) {
        let (stage, h_gamma) = (&self.stages[i], span.h * self.gamma);
        combine(&mut self.base, y, &self.k, &stage.a, span.h);
        combine(&mut self.delta, &self.zero, &self.k, &stage.guess, h_gamma);
    }

    /// Solves for δ = h γ k_i in k_i = f(t_i, base + δ), from the guess that is there.
    pub(super) fn solve_stage<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        i: usize,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        let one = Y::Element::weight(T::one());
        let (t, h_gamma) = (self.time(i, span), span.h * self.gamma);
        let minus_inverse = Y::Element::weight(-T::one() / h_gamma);
        let rtol = scale.finest_rtol();
        let tolerance = newton::tolerance(rtol, Y::Element::epsilon());
        self.convergence.begin(tolerance);
        let mut converged = false;
        loop {
            let both = self.base.as_slice().iter().zip(self.delta.as_slice());
            for (x, (base, delta)) in self.argument.as_mut_slice().iter_mut().zip(both) {
                *x = base.add_scaled(one, *delta);
            }
            evaluate(system, t, &self.argument, &mut self.slope);
            stats.nfe += 1;
            let wrong = |f: &Y::Element| !f.magnitude().is_finite();
            if let Some(component) = self.slope.as_slice().iter().position(wrong) {
                self.bad = Some((i, t, component));
                return false;
            }
            if let Some(gmres) = &mut self.krylov {
                let here = (t, &self.argument, &self.slope);
                gmres.linearise(here, T::one() / h_gamma, scale);
            }
            let rhs = self.slope.as_mut_slice();
            for (rhs, delta) in rhs.iter_mut().zip(self.delta.as_slice()) {
                *rhs = rhs.add_scaled(minus_inverse, *delta);
            }
            if let Some(gmres) = &mut self.krylov {
                let tolerance = T::from_f64(0.05) * tolerance;
                if !gmres.solve(system, &mut self.slope, tolerance, stats) {
                    return false;
                }
            } else {
                self.factors.solve::<T>(rhs);
                stats.solves += 1;
            }
            let rhs = self.slope.as_slice();
            for (delta, rhs) in self.delta.as_mut_slice().iter_mut().zip(rhs) {
                *delta = delta.add_scaled(one, *rhs);
            }
            let increment = |i: usize| rhs[i];
            let norm = scale.squared(y.as_slice(), y.as_slice(), increment).sqrt();
            if !converged {
                match self.convergence.judge(norm, || {
                    rounding(scale, y.as_slice(), self.delta.as_slice())
                }) {
                    Verdict::GoOn => continue,
                    Verdict::Hopeless => return false,
                    Verdict::Converged => converged = true,
                }
                let Some(settling) = &mut self.settling else {
                    break;
                };
                settling.begin();
            }
            let smallest = Y::Element::epsilon() / rtol.max(Y::Element::epsilon());
            if self
                .settling
                .as_mut()
                .is_none_or(|settling| settling.judge(norm, smallest))
            {
                break;
            }
        }
        self.rate = self.rate.max(self.convergence.rate());
        let inverse = Y::Element::weight(T::one() / h_gamma);
        for (k, delta) in self.k[i]
            .as_mut_slice()
            .iter_mut()
            .zip(self.delta.as_slice())
        {
            *k = Y::Element::zero().add_scaled(inverse, *delta);
        }
        true
    }
}
