//! Runge–Kutta methods whose stages follow one another, explicit or diagonally implicit.

use super::record::Step;
use super::rows::Rows;
use super::sweep::Sweep;
use crate::VectorField;
use crate::gradient::{add_scaled, scalar};
use costate_ode::{DirkTableau, Element, Real, Tableau};

/// The coefficients of a method with k_i = f(t + c_i dt, h + dt Σ_{j≤i} a_ij k_j) and h₁ = h + dt Σ b_i k_i.
///
/// Backwards, from the last stage to the first,
///
/// ```text
/// ρ_i = dt (b_i λ + Σ_{j>i} a_ji v_j + Σ w_i(σ) g)
/// (1 − dt a_ii ∂f/∂h)ᵀ κ_i = ρ_i          v_i = κ_i·∂f/∂h
/// ```
///
/// and the cotangent of h is λ + Σ v_i + Σ g: of the solution k_i of the stage's equation, by the implicit function theorem (\[Sandu2006\], \[Zhang2014\]).
/// The derivative by dt is Σ κ_i·(k_i/dt + c_i ∂f/∂t).
///
/// A method whose last stage is f(t + dt, h₁) begins the next step with it: its κ is added there, so that no stiff slope is multiplied by the Jacobian twice.
#[derive(Debug)]
pub(super) struct Diagonal<E> {
    c: Vec<E>,
    /// Row i: a_i0 … a_ii.
    a: Vec<Vec<E>>,
    b: Vec<E>,
    /// Polynomials of dense output, coefficients of σ¹ first.
    pub(super) dense: Vec<Vec<E>>,
    shares_first: bool,
}

impl<E: Real> Diagonal<E> {
    pub(super) fn implicit<T: Real>(tableau: &'static DirkTableau) -> Self
    where
        E: Element<T>,
    {
        let number = |c: costate_ode::Coefficient| scalar::<T, E>(c.to());
        let stages = 0..tableau.stages();
        Self {
            c: tableau.c.iter().map(|c| number(*c)).collect(),
            a: stages
                .clone()
                .map(|i| (0..=i).map(|j| number(tableau.a(i, j))).collect())
                .collect(),
            b: stages.map(|i| number(tableau.b(i))).collect(),
            dense: numbers(&tableau.dense_polynomials::<T>()),
            shares_first: tableau.explicit_first,
        }
    }

    /// An explicit method none of whose slopes serve dense output alone.
    pub(super) fn explicit<T: Real>(tableau: &'static Tableau) -> Self
    where
        E: Element<T>,
    {
        debug_assert_eq!(tableau.dense_len(), tableau.stages());
        let number = |c: costate_ode::Coefficient| scalar::<T, E>(c.to());
        let row = |i: usize| {
            let mut row: Vec<E> = (0..i).map(|j| number(tableau.a(i, j))).collect();
            row.push(num_traits::Zero::zero());
            row
        };
        Self {
            c: tableau.c.iter().map(|c| number(*c)).collect(),
            a: (0..tableau.stages()).map(row).collect(),
            b: tableau.b.iter().map(|b| number(*b)).collect(),
            dense: numbers(&costate_ode::Scheme::<T>::new(tableau).dense),
            // Which the method for stiff problems, in turn with it, does not know of.
            shares_first: false,
        }
    }

    pub(super) fn stages(&self) -> usize {
        self.c.len()
    }

    /// Goes back through a step; false if its equations are singular.
    pub(super) fn back<T: Real>(
        &self,
        sweep: &mut Sweep<T, E>,
        rows: &mut Rows<E>,
        field: &mut dyn VectorField<E>,
        step: &Step<'_, T, E>,
    ) -> bool
    where
        E: Element<T>,
    {
        let (n, s, dt) = (step.h.len(), self.stages(), step.dt);
        let stage = |j: usize| &step.stages[j * n..(j + 1) * n];
        for i in (0..s).rev() {
            sweep.kappa.fill(num_traits::Zero::zero());
            for j in (i + 1..s).rev() {
                let (kappa, v) = (&mut sweep.kappa, &sweep.v[j * n..(j + 1) * n]);
                add_scaled(kappa, self.a[j][i], v);
            }
            add_scaled(&mut sweep.kappa, self.b[i], &sweep.lambda);
            if let Some(row) = self.dense.get(i) {
                sweep.add_saves(row);
            }
            sweep
                .kappa
                .iter_mut()
                .for_each(|kappa| *kappa = *kappa * dt);
            if i + 1 == s && sweep.carries {
                let (kappa, carry) = (&mut sweep.kappa, &sweep.carry);
                crate::gradient::add(kappa, carry);
            }
            let shared = i == 0 && self.shares_first && !step.is_first;
            let diagonal = self.a[i][i];
            if !shared {
                sweep.point.copy_from_slice(step.h);
                for (j, a) in self.a[i].iter().enumerate() {
                    add_scaled(&mut sweep.point, dt * *a, stage(j));
                }
                let t = step.t + self.c[i] * dt;
                sweep.eval(field, i + 1, t);
                if diagonal != num_traits::Zero::zero() {
                    rows.take(field, i + 1, (t, &sweep.point), false);
                    let shift = (dt * diagonal).recip();
                    if !sweep.lu.factorise::<T>(shift, &rows.transposed) {
                        return false;
                    }
                    sweep.kappa.iter_mut().for_each(|x| *x = *x * shift);
                    sweep.lu.solve::<T>(&mut sweep.kappa); // book: (implicit-adjoint)
                }
            }
            if step.is_last {
                sweep.end_time = sweep.end_time + sweep.along(stage(i)) / dt;
            }
            if shared {
                std::mem::swap(&mut sweep.kappa, &mut sweep.carry);
                break;
            }
            let rate = sweep.product(field, i + 1, i);
            if step.is_last {
                sweep.end_time = sweep.end_time + self.c[i] * rate;
            }
            sweep.pass(i);
        }
        sweep.carries = self.shares_first && !step.is_first;
        sweep.pass_saves();
        true
    }
}

/// Rows of coefficients in the numbers of the state.
pub(super) fn numbers<T: Real, E: Element<T> + Real>(rows: &[Vec<T>]) -> Vec<Vec<E>> {
    rows.iter()
        .map(|row| row.iter().map(|c| scalar(*c)).collect())
        .collect()
}
