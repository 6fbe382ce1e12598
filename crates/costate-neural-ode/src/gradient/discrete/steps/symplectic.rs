//! Compositions of kicks and drifts.

use super::ends;
use super::record::Step;
use super::sweep::Sweep;
use crate::VectorField;
use crate::gradient::{add, add_scaled, scalar};
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
    /// f at the parts.
    slopes: Vec<Vec<E>>,
    h_next: Vec<E>,
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
            slopes: vec![Vec::new(); parts.len()],
            parts,
            h_next: Vec::new(),
        }
    }

    /// Goes back through a step.
    pub(super) fn back<T: Real>(
        &mut self,
        sweep: &mut Sweep<T, E>,
        field: &mut dyn VectorField<E>,
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
        ends::back(sweep, field, step, (parts, &self.h_next));
        for i in (0..parts).rev() {
            let (velocities, weight, node) = {
                let part = &self.parts[i];
                (part.velocities, part.weight, part.node)
            };
            sweep.kappa.fill(zero);
            let half = half(velocities);
            let kappa = &mut sweep.kappa[half.clone()];
            add_scaled(kappa, weight * dt, &sweep.lambda[half]);
            sweep.timed_product(field, (i + 1, 0), step, &self.slopes[i], node);
            let (lambda, v) = (&mut sweep.lambda, &sweep.v);
            add(lambda, v);
        }
    }
}
