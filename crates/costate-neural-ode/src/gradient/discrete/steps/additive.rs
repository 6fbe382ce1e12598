//! Additive methods: one part of the field taken explicitly, the other by a diagonally implicit method.

use super::diagonal::numbers;
use super::ends;
use super::record::Step;
use super::rows::Rows;
use super::sweep::Sweep;
use crate::VectorField;
use crate::gradient::{add, add_scaled, scalar};
use costate_ode::{Coefficient, DirkTableau, Element, Real};

/// The coefficients of a method with the stages
///
/// ```text
/// Y_i = h + dt Σ_{j<i} α_ij e_j + dt Σ_{j≤i} a_ij k_j      e_i = f_E(t + c_i dt, Y_i)      k_i = f_I(t + c_i dt, Y_i)
/// h₁  = h + dt Σ b_i (e_i + k_i)
/// ```
///
/// Backwards, from the last stage to the first, with the cotangents ε_i of e_i, κ_i of k_i and v_i of Y_i,
///
/// ```text
/// ε_i = dt (b_i λ + Σ_{j>i} α_ji v_j)                     w_i = ε_i·∂f_E/∂h
/// (1 − dt a_ii ∂f_I/∂h)ᵀ κ_i = dt (b_i λ + Σ_{j>i} a_ji v_j + a_ii w_i)
/// v_i = w_i + κ_i·∂f_I/∂h
/// ```
///
/// and the cotangent of h is λ + Σ v_i: the implicit stage is the solution of its equation, in which the explicit part is where that solution is. The derivative by dt is
/// Σ ε_i·(e_i/dt + c_i ∂f_E/∂t) + κ_i·(k_i/dt + c_i ∂f_I/∂t). Dense output is the cubic through both ends and their slopes, and adds two products of the sum.
///
/// # References
/// \[Kennedy2003\], \[Sandu2006\]
#[derive(Debug)]
pub(super) struct Additive<E> {
    c: Vec<E>,
    /// Row i: a_i0 … a_ii.
    a: Vec<Vec<E>>,
    /// Row i: α_i0 … α_i,i−1.
    alpha: Vec<Vec<E>>,
    b: Vec<E>,
    /// w_i.
    by_explicit: Vec<E>,
    h_next: Vec<E>,
}

impl<E: Real> Additive<E> {
    pub(super) fn new<T: Real>(tableau: &'static DirkTableau) -> Self
    where
        E: Element<T>,
    {
        let number = |c: Coefficient| c.to::<T>();
        let stages = 0..tableau.stages();
        let a = stages
            .clone()
            .map(|i| (0..=i).map(move |j| number(tableau.a(i, j))));
        let alpha = tableau.explicit.iter();
        Self {
            c: tableau.c.iter().map(|c| scalar::<T, E>(c.to())).collect(),
            a: numbers(&a.map(Iterator::collect).collect::<Vec<Vec<T>>>()),
            alpha: numbers(
                &alpha
                    .map(|row| row.iter().map(|c| number(*c)).collect())
                    .collect::<Vec<Vec<T>>>(),
            ),
            b: stages.map(|i| scalar::<T, E>(tableau.b(i).to())).collect(),
            by_explicit: Vec::new(),
            h_next: Vec::new(),
        }
    }

    pub(super) fn stages(&self) -> usize {
        self.c.len()
    }

    /// Goes back through a step; false if its equations are singular.
    pub(super) fn back<T: Real>(
        &mut self,
        sweep: &mut Sweep<T, E>,
        rows: &mut Rows<E>,
        field: &mut dyn VectorField<E>,
        step: &Step<'_, T, E>,
    ) -> bool
    where
        E: Element<T>,
    {
        let (n, s, dt) = (step.h.len(), self.stages(), step.dt);
        let zero = <E as num_traits::Zero>::zero();
        let (implicit_stages, explicit_stages) = step.stages.split_at(s * n);
        let part = |j: usize| j * n..(j + 1) * n;
        self.by_explicit.resize(n, zero);
        if sweep.count > 0 {
            self.h_next.clear();
            self.h_next.extend_from_slice(step.h);
            for (i, b) in self.b.iter().enumerate() {
                add_scaled(&mut self.h_next, dt * *b, &implicit_stages[part(i)]);
                add_scaled(&mut self.h_next, dt * *b, &explicit_stages[part(i)]);
            }
        }
        ends::back(sweep, field, step, (s, &self.h_next));
        let Some((explicit, implicit)) = field.parts() else {
            unreachable!("there were parts when the method was made")
        };
        for i in (0..s).rev() {
            let (t, diagonal, frame) = (step.t + self.c[i] * dt, self.a[i][i], i + 1);
            sweep.point.copy_from_slice(step.h);
            for (j, a) in self.a[i].iter().enumerate() {
                add_scaled(&mut sweep.point, dt * *a, &implicit_stages[part(j)]);
            }
            for (j, a) in self.alpha[i].iter().enumerate() {
                add_scaled(&mut sweep.point, dt * *a, &explicit_stages[part(j)]);
            }

            self.pull(&self.alpha, i, sweep, dt);
            explicit.eval(frame, t, &sweep.point, &mut sweep.value);
            let along = sweep.along(&explicit_stages[part(i)]);
            let rate = sweep.part_product(explicit, frame, &mut self.by_explicit);
            sweep.time(step, along, self.c[i] * rate);

            self.pull(&self.a, i, sweep, dt);
            implicit.eval(frame, t, &sweep.point, &mut sweep.value);
            if diagonal != zero {
                add_scaled(&mut sweep.kappa, dt * diagonal, &self.by_explicit);
                rows.take(implicit, frame, (t, &sweep.point), false);
                let shift = (dt * diagonal).recip();
                if !sweep.lu.factorise::<T>(shift, &rows.transposed) {
                    return false;
                }
                sweep.kappa.iter_mut().for_each(|x| *x = *x * shift);
                sweep.lu.solve::<T>(&mut sweep.kappa);
            }
            let along = sweep.along(&implicit_stages[part(i)]);
            let rate = sweep.product(implicit, frame, i);
            sweep.time(step, along, self.c[i] * rate);
            add(&mut sweep.v[part(i)], &self.by_explicit);
            sweep.pass(i);
        }
        true
    }

    /// Writes what comes to slope `i` of the part with these coefficients into κ.
    fn pull<T: Real>(&self, a: &[Vec<E>], i: usize, sweep: &mut Sweep<T, E>, dt: E)
    where
        E: Element<T>,
    {
        let n = sweep.lambda.len();
        sweep.kappa.fill(num_traits::Zero::zero());
        for (j, row) in a.iter().enumerate().skip(i + 1).rev() {
            if let Some(a) = row.get(i) {
                add_scaled(&mut sweep.kappa, *a, &sweep.v[j * n..(j + 1) * n]);
            }
        }
        add_scaled(&mut sweep.kappa, self.b[i], &sweep.lambda);
        sweep
            .kappa
            .iter_mut()
            .for_each(|kappa| *kappa = *kappa * dt);
    }
}
