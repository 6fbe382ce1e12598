//! Rosenbrock–Wanner methods.

use super::diagonal::numbers;
use super::record::Step;
use super::rows::Rows;
use super::sweep::Sweep;
use crate::VectorField;
use crate::gradient::{add, add_scaled, dot, scalar};
use costate_ode::{Coefficient, Element, Real, RosenbrockTableau};

/// The coefficients of a method with J = ∂f/∂h and f_t = ∂f/∂t where the step begins and
///
/// ```text
/// (1/(γ dt) − J) u_i = f(t + α_i dt, h + Σ_{j<i} a_ij u_j) + Σ_{j<i} c_ij/dt u_j + dt γ_i f_t          h₁ = h + Σ m_i u_i
/// ```
///
/// Backwards, from the last stage to the first, with the cotangent s_i of the right-hand side,
///
/// ```text
/// (1/(γ dt) − J)ᵀ s_i = m_i λ + Σ_{j>i} (a_ji v_j + c_ji/dt s_j) + Σ w_i(σ) g          v_i = s_i·∂f/∂h
/// ```
///
/// and since J and f_t are functions of h, t and θ too, every stage adds s_i·∂(J u_i + dt γ_i f_t): the second derivatives of f along u_i. The cotangent of h is
/// λ + Σ (v_i + s_i·∂(J u_i + dt γ_i f_t)/∂h) + Σ g (\[Sandu2006\], \[Zhang2014\]).
#[derive(Debug)]
pub(super) struct Formulas<E> {
    gamma: E,
    alpha: Vec<E>,
    gamma_sum: Vec<E>,
    a: Vec<Vec<E>>,
    c: Vec<Vec<E>>,
    m: Vec<E>,
    /// Polynomials of dense output, coefficients of σ¹ first.
    pub(super) dense: Vec<Vec<E>>,
    /// s_i.
    s: Vec<Vec<E>>,
    second: Vec<E>,
}

impl<E: Real> Formulas<E> {
    pub(super) fn new<T: Real>(tableau: &'static RosenbrockTableau) -> Self
    where
        E: Element<T>,
    {
        let row = |row: &[Coefficient]| -> Vec<E> {
            row.iter().map(|c| scalar::<T, E>(c.to())).collect()
        };
        Self {
            gamma: scalar::<T, E>(tableau.gamma.to()),
            alpha: row(tableau.alpha),
            gamma_sum: row(tableau.gamma_sum),
            a: tableau.a.iter().map(|a| row(a)).collect(),
            c: tableau.c.iter().map(|c| row(c)).collect(),
            m: row(tableau.m),
            dense: numbers(&tableau.dense_polynomials::<T>()),
            s: vec![Vec::new(); tableau.stages()],
            second: Vec::new(),
        }
    }

    pub(super) fn stages(&self) -> usize {
        self.m.len()
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
        let (n, dt) = (step.h.len(), step.dt);
        let zero = <E as num_traits::Zero>::zero();
        let u = |j: usize| &step.stages[j * n..(j + 1) * n];
        self.second.resize(n, zero);
        sweep.point.copy_from_slice(step.h);
        sweep.eval(field, 1, step.t);
        rows.take(field, 1, (step.t, step.h), step.is_last);
        let shift = (self.gamma * dt).recip();
        if !sweep.lu.factorise::<T>(shift, &rows.transposed) {
            return false;
        }
        for i in (0..self.stages()).rev() {
            sweep.kappa.fill(zero);
            for j in (i + 1..self.stages()).rev() {
                if let Some(a) = self.a[j].get(i) {
                    add_scaled(&mut sweep.kappa, *a, &sweep.v[j * n..(j + 1) * n]);
                }
                if let Some(c) = self.c[j].get(i) {
                    add_scaled(&mut sweep.kappa, *c / dt, &self.s[j]);
                }
            }
            add_scaled(&mut sweep.kappa, self.m[i], &sweep.lambda);
            sweep.add_saves(&self.dense[i]);
            sweep.lu.solve::<T>(&mut sweep.kappa);
            self.s[i].clone_from(&sweep.kappa);

            if i > 0 {
                sweep.point.copy_from_slice(step.h);
                for (j, a) in self.a[i].iter().enumerate() {
                    add_scaled(&mut sweep.point, *a, u(j));
                }
                sweep.eval(field, i + 1, step.t + self.alpha[i] * dt);
            }
            let rate = sweep.product(field, i + 1, i);
            sweep.pass(i);
            let along = (u(i), dt * self.gamma_sum[i]);
            let second = field.curvature(step.t, step.h, along, &self.s[i], &mut self.second);
            sweep.clock = sweep.clock + second.expect("asked for when the method was made");
            sweep.products += 1;
            add(&mut sweep.begin, &self.second);
            if step.is_last {
                let mut of_size = dot(&self.s[i], u(i)) * shift / dt;
                for (j, c) in self.c[i].iter().enumerate() {
                    of_size = of_size - *c / (dt * dt) * dot(&self.s[i], u(j));
                }
                of_size = of_size + self.gamma_sum[i] * dot(&self.s[i], &rows.f_t);
                sweep.end_time = sweep.end_time + of_size + self.alpha[i] * rate;
            }
        }
        sweep.pass_saves();
        true
    }
}
