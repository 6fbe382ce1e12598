//! Compositions of kicks and drifts.

use super::record::Step;
use super::rows::Natural;
use super::sweep::{Sweep, add_scaled};
use crate::gradient::{add, scalar};
use costate_ode::{Element, Real, SymplecticTableau};

/// The parts of a step, each h ← h + w dt f(t + c dt, h) in one half of the components, the positions or the velocities.
///
/// A part's adjoint is κ = w dt λ in that half and λ ← λ + κ·∂f/∂h: of the same form, so the adjoint of a symplectic method is one too. Going back, the step is
/// taken again for the evaluations in between. Dense output is the cubic through both ends and their slopes, and adds two products.
///
/// # References
/// \[SanzSerna2016\]
#[derive(Debug)]
pub(super) struct Composition<E> {
    parts: Vec<Part<E>>,
    /// f at the parts, and at both ends of the step.
    slopes: Vec<Vec<E>>,
    h_next: Vec<E>,
    passed: Vec<E>,
}

#[derive(Debug)]
struct Part<E> {
    velocities: bool,
    weight: E,
    node: E,
}

impl<E: Real> Composition<E> {
    pub(super) fn new<T: Real>(tableau: &'static SymplecticTableau) -> Self
    where
        E: Element<T>,
    {
        let zero = <E as num_traits::Zero>::zero();
        let (mut c, mut d, mut parts) = (zero, zero, Vec::new());
        for (kick, drift) in tableau.stages {
            let (kick, drift): (E, E) = (scalar::<T, E>(kick.to()), scalar::<T, E>(drift.to()));
            if kick != zero {
                parts.push(Part {
                    velocities: true,
                    weight: kick,
                    node: c,
                });
                d = d + kick;
            }
            if drift != zero {
                parts.push(Part {
                    velocities: false,
                    weight: drift,
                    node: d,
                });
                c = c + drift;
            }
        }
        Self {
            slopes: vec![Vec::new(); parts.len() + 2],
            parts,
            h_next: Vec::new(),
            passed: Vec::new(),
        }
    }

    /// Goes back through a step.
    pub(super) fn back<T: Real>(
        &mut self,
        sweep: &mut Sweep<T, E>,
        field: &mut Natural<'_, E>,
        step: &Step<'_, T, E>,
    ) where
        E: Element<T>,
    {
        let (n, dt, parts) = (step.h.len(), step.dt, self.parts.len());
        let zero = <E as num_traits::Zero>::zero();
        let half = |velocities: bool| if velocities { n / 2..n } else { 0..n / 2 };
        sweep.point.copy_from_slice(step.h);
        for (i, part) in self.parts.iter().enumerate() {
            sweep.eval(field, i + 1, step.t + part.node * dt);
            self.slopes[i].clone_from(&sweep.value);
            let half = half(part.velocities);
            let point = &mut sweep.point[half.clone()];
            add_scaled(point, part.weight * dt, &sweep.value[half]);
        }
        self.h_next.clone_from(&sweep.point);
        self.passed.clear();
        self.passed.resize(n, zero);
        if sweep.count > 0 {
            // Evaluations at both ends, as dense output has them.
            for (k, t) in [(0, step.t), (1, step.t + dt)] {
                let end = if k == 0 { step.h } else { &self.h_next };
                sweep.point.copy_from_slice(end);
                sweep.eval(field, parts + 1 + k, t);
                self.slopes[parts + k].clone_from(&sweep.value);
            }
            for end in [1, 0] {
                sweep.kappa.fill(zero);
                for (sigma, g) in &sweep.inside[..sweep.count] {
                    let weight = dt * cubic(*sigma)[1 + end];
                    for (kappa, g) in sweep.kappa.iter_mut().zip(g) {
                        *kappa = *kappa + weight * *g;
                    }
                }
                self.part(sweep, field, step, parts + end, E::from_f64(end as f64));
                if end == 0 {
                    self.passed.copy_from_slice(sweep.v(0));
                } else {
                    let (lambda, v) = (&mut sweep.lambda, &sweep.v);
                    add(lambda, v);
                }
            }
            for (sigma, g) in &sweep.inside[..sweep.count] {
                let share = cubic(*sigma)[0];
                for ((passed, lambda), g) in self.passed.iter_mut().zip(&mut sweep.lambda).zip(g) {
                    *lambda = *lambda + share * *g;
                    *passed = *passed + (E::one() - share) * *g;
                }
            }
        }
        for i in (0..parts).rev() {
            let (velocities, weight, node) = {
                let part = &self.parts[i];
                (part.velocities, part.weight, part.node)
            };
            sweep.kappa.fill(zero);
            let half = half(velocities);
            let kappa = &mut sweep.kappa[half.clone()];
            add_scaled(kappa, weight * dt, &sweep.lambda[half]);
            self.part(sweep, field, step, i, node);
            add(&mut sweep.lambda, &sweep.v);
        }
        sweep.begin.copy_from_slice(&self.passed);
    }

    /// v of the evaluation `i` from κ.
    fn part<T: Real>(
        &self,
        sweep: &mut Sweep<T, E>,
        field: &mut Natural<'_, E>,
        step: &Step<'_, T, E>,
        i: usize,
        node: E,
    ) where
        E: Element<T>,
    {
        if step.is_last {
            sweep.end_time = sweep.end_time + sweep.along(&self.slopes[i]) / step.dt;
        }
        let rate = sweep.product(field, i + 1, 0);
        if step.is_last {
            sweep.end_time = sweep.end_time + node * rate;
        }
    }
}

/// Weights of h₁ − h, dt f and dt f₁ in h(t + σ dt) − h.
fn cubic<E: Real>(sigma: E) -> [E; 3] {
    let (one, number) = (E::one(), E::from_f64);
    let (square, rest) = (sigma * sigma, one - sigma);
    [
        square * (number(3.0) - number(2.0) * sigma),
        sigma * rest * rest,
        -square * rest,
    ]
}

/// Writes dh/dt of dense output at t + σ dt.
pub(super) fn slope<E: Real>(
    (h, h_next, ends): (&[E], &[E], &[Vec<E>; 2]),
    (sigma, dt): (E, E),
    out: &mut [E],
) {
    let (one, number) = (E::one(), E::from_f64);
    let share = number(6.0) * sigma * (one - sigma) / dt;
    let first = one - number(4.0) * sigma + number(3.0) * sigma * sigma;
    let second = number(3.0) * sigma * sigma - number(2.0) * sigma;
    for (i, out) in out.iter_mut().enumerate() {
        *out = share * (h_next[i] - h[i]) + first * ends[0][i] + second * ends[1][i];
    }
}
