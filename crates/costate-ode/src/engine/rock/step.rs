//! One step of a stabilised method: the recurrence, the last stages, and what dense output needs.

use super::Rock;
use crate::combine::combine;
use crate::engine::Span;
use crate::system::evaluate;
use crate::{Element, Field, Real, State, Stats, System};

impl<T: Real, Y: State<T>> Rock<T, Y>
where
    Y::Element: Field<T>,
{
    /// Looks for what is not finite.
    pub(super) fn look(&mut self, stage: usize, t: T, slot: Option<usize>) {
        let slope = slot.map_or(&self.f, |slot| &self.k[slot]);
        let wrong = |f: &Y::Element| !f.magnitude().is_finite();
        if self.bad.is_none()
            && let Some(component) = slope.as_slice().iter().position(wrong)
        {
            self.bad = Some((stage, t, component));
        }
    }

    /// u_m in `state`, and c_m.
    pub(super) fn recur<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        degree: usize,
        stats: &mut Stats,
    ) -> T {
        let (first, rest) = self
            .tableau
            .recurrence(degree)
            .split_first()
            .expect("a recurrence has a first coefficient");
        let h = span.h;
        let mu = T::from_f64(*first);
        let (mut c_before, mut c) = (T::zero(), mu);
        let weight = Y::Element::weight(h * mu);
        self.before.as_mut_slice().copy_from_slice(y.as_slice());
        let ends = y.as_slice().iter().zip(self.f.as_slice());
        for (u, (y, f)) in self.state.as_mut_slice().iter_mut().zip(ends) {
            *u = y.add_scaled(weight, *f);
        }
        for (i, pair) in rest.chunks_exact(2).enumerate() {
            let [mu, kappa] = [pair[0], pair[1]].map(T::from_f64);
            let t = span.t + c * h;
            evaluate(system, t, &self.state, &mut self.k[0]);
            stats.nfe += 1;
            self.look(i + 1, t, Some(0));
            let [slope, ahead, back] = [h * mu, kappa, -kappa].map(Y::Element::weight);
            let two = self.state.as_slice().iter().zip(self.k[0].as_slice());
            for (before, (u, k)) in self.before.as_mut_slice().iter_mut().zip(two) {
                *before = u
                    .add_scaled(ahead, *u)
                    .add_scaled(back, *before)
                    .add_scaled(slope, *k);
            }
            std::mem::swap(&mut self.before, &mut self.state);
            (c_before, c) = (c, c + kappa * (c - c_before) + mu);
        }
        c
    }

    /// A step with the stages of one degree, from f at its start.
    pub(super) fn step<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        degree: usize,
        stats: &mut Stats,
    ) {
        let c = self.recur(system, span, y, degree, stats);
        let (last, mut from) = (self.tableau.last, 0);
        let first = usize::from(self.tableau.degrees[degree]);
        for j in 0..last {
            let row = &self.last[degree][0][from..from + j];
            from += j;
            self.weights.clear();
            self.weights.extend(row.iter().copied().enumerate());
            let sum = row.iter().fold(c, |sum, a| sum + *a);
            combine(
                &mut self.argument,
                &self.state,
                &self.k,
                &self.weights,
                span.h,
            );
            let t = span.t + sum * span.h;
            evaluate(system, t, &self.argument, &mut self.k[j]);
            stats.nfe += 1;
            self.look(first + j, t, Some(j));
        }
        let b = &self.last[degree][1];
        self.weights.clear();
        self.weights.extend(b.iter().copied().enumerate());
        combine(trial, &self.state, &self.k, &self.weights, span.h);
    }

    /// Shorter steps from the start of the accepted one, for dense output.
    pub(super) fn know_differences<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        [y, y_next]: [&Y; 2],
        stats: &mut Stats,
    ) {
        if self.differences_known {
            return;
        }
        let inner = self.nodes.len() - 1;
        for node in 0..inner {
            let h = self.nodes[node] * span.h;
            let t_next = span.t + h;
            let part = Span { h, t_next, ..span };
            let product = (self.spectral * h).abs().as_f64();
            let degree = self.tableau.degree(product).unwrap_or(self.degree);
            // Out of its place while the step is led to it.
            let mut state = self.differences.swap_remove(node);
            self.step(system, part, y, &mut state, degree, stats);
            self.differences.push(state);
            self.differences.swap(node, inner);
        }
        self.differences[inner]
            .as_mut_slice()
            .copy_from_slice(y_next.as_slice());
        let minus = Y::Element::weight(-T::one());
        for difference in &mut self.differences {
            for (d, y) in difference.as_mut_slice().iter_mut().zip(y.as_slice()) {
                *d = d.add_scaled(minus, *y);
            }
        }
        self.differences_known = true;
    }

    /// f at the end of the step.
    pub(super) fn know_end<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &Y,
        stats: &mut Stats,
    ) {
        if !self.end_known {
            let last = self.tableau.last;
            evaluate(system, t, y, &mut self.k[last]);
            stats.nfe += 1;
            self.end_known = true;
        }
    }
}
