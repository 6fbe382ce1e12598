//! Runge–Kutta methods whose stages are solved for together.

use super::diagonal::numbers;
use super::record::Step;
use super::rows::{Natural, Rows};
use super::sweep::{Sweep, add_scaled, polynomial};
use crate::VectorField;
use crate::gradient::{dot, scalar};
use costate_ode::{Element, Lu, Matrix, Pattern, Radau, Real, Structure};

/// The coefficients of a method with z_i = dt Σ_j a_ij f(t + c_j dt, h + z_j) and h₁ = h + Σ d_i z_i.
///
/// With ζ_i = d_i λ + Σ l_i(σ) g what comes to z_i from outside the equations, the cotangents κ_i of the slopes solve one system of s n equations,
///
/// ```text
/// 1/dt Σ_m (a⁻¹)_mi κ_m − (∂f/∂h)ᵀ_i κ_i = ζ_i          v_i = κ_i·∂f/∂h
/// ```
///
/// with the Jacobian of each stage, where the solver's own iteration has one for all: so real and complex blocks of size n do not do. The cotangent of h is
/// λ + Σ v_i + Σ g, the derivative by dt Σ (ζ_i + v_i)·z_i/dt + Σ c_i κ_i·∂f/∂t (\[Sandu2006\], \[Zhang2014\]).
#[derive(Debug)]
pub(super) struct Coupled<E> {
    c: Vec<E>,
    inverse: Vec<Vec<E>>,
    d: Vec<E>,
    /// l_i: coefficients of σ¹ first.
    pub(super) dense: Vec<Vec<E>>,
    /// Minus the matrix of the system.
    matrix: Matrix<E>,
    lu: Lu<E>,
    kappas: Vec<E>,
    zetas: Vec<E>,
}

impl<E: Real> Coupled<E> {
    pub(super) fn radau<T: Real>(field: &dyn VectorField<E>) -> Self
    where
        E: Element<T>,
    {
        let (nodes, a) = Radau::<T, Vec<E>>::coefficients();
        let zero = <E as num_traits::Zero>::zero();
        let inverse = inverse(a);
        Self::new::<T>(
            nodes.iter().map(|c| scalar::<T, E>(*c)).collect(),
            numbers(&inverse),
            vec![zero, zero, num_traits::One::one()],
            numbers(&Radau::<T, Vec<E>>::dense_polynomials()),
            field,
        )
    }

    fn new<T: Real>(
        c: Vec<E>,
        inverse: Vec<Vec<E>>,
        d: Vec<E>,
        dense: Vec<Vec<E>>,
        field: &dyn VectorField<E>,
    ) -> Self
    where
        E: Element<T>,
    {
        let (n, s) = (field.state_len(), c.len());
        let structure = match field.structure() {
            Structure::Dense => Structure::Dense,
            other => {
                let mut entries = Vec::new();
                let one = Matrix::<E>::new::<T>(n, other.transposed());
                for i in 0..s {
                    one.for_each(|row, column, _| entries.push((i * n + row, i * n + column)));
                    for m in 0..s {
                        entries.extend((0..n).map(|k| (i * n + k, m * n + k)));
                    }
                }
                Structure::Sparse(Pattern::new(s * n, entries))
            }
        };
        let matrix = Matrix::new::<T>(s * n, structure);
        let zeros = vec![<E as num_traits::Zero>::zero(); s * n];
        Self {
            lu: Lu::new::<T>(&matrix),
            matrix,
            c,
            inverse,
            d,
            dense,
            kappas: zeros.clone(),
            zetas: zeros,
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
        field: &mut Natural<'_, E>,
        step: &Step<'_, T, E>,
    ) -> bool
    where
        E: Element<T>,
    {
        let (n, s, dt) = (step.h.len(), self.stages(), step.dt);
        let zero = <E as num_traits::Zero>::zero();
        let part = |i: usize| i * n..(i + 1) * n;
        self.matrix.as_mut_slice().fill(zero);
        self.zetas.fill(zero);
        for i in 0..s {
            sweep.point.copy_from_slice(step.h);
            crate::gradient::add(&mut sweep.point, &step.stages[part(i)]);
            let t = step.t + self.c[i] * dt;
            sweep.eval(field, i + 1, t);
            rows.take(field, i + 1, (t, &sweep.point), false);
            let matrix = &mut self.matrix;
            let set = |row: usize, column: usize, entry: E| {
                matrix.set(i * n + row, i * n + column, entry);
            };
            rows.transposed.for_each(set);
            for m in 0..s {
                let weight = self.inverse[m][i] / dt;
                for k in 0..n {
                    let (row, column) = (i * n + k, m * n + k);
                    let entry = self.matrix.get(row, column);
                    self.matrix.set(row, column, entry - weight);
                }
            }
            let zeta = &mut self.zetas[part(i)];
            add_scaled(zeta, self.d[i], &sweep.lambda);
            for (sigma, g) in sweep.saves() {
                add_scaled(zeta, polynomial(&self.dense[i], *sigma), g);
            }
        }
        if !self.lu.factorise::<T>(zero, &self.matrix) {
            return false;
        }
        self.kappas.copy_from_slice(&self.zetas);
        self.lu.solve::<T>(&mut self.kappas);
        for i in (0..s).rev() {
            sweep.kappa.copy_from_slice(&self.kappas[part(i)]);
            let rate = sweep.product(field, i + 1, i);
            if step.is_last {
                let z = &step.stages[part(i)];
                let of_size = dot(&self.zetas[part(i)], z) + dot(sweep.v(i), z);
                sweep.end_time = sweep.end_time + of_size / dt + self.c[i] * rate;
            }
            sweep.pass(i);
        }
        sweep.pass_saves();
        true
    }
}

/// The inverse of a small matrix, by its adjugate.
fn inverse<T: Real>(a: [[T; 3]; 3]) -> Vec<Vec<T>> {
    let minor = |i: usize, j: usize| {
        let (p, q) = ((i + 1) % 3, (i + 2) % 3);
        let (r, s) = ((j + 1) % 3, (j + 2) % 3);
        a[p][r] * a[q][s] - a[p][s] * a[q][r]
    };
    let determinant = a[0][0] * minor(0, 0) + a[0][1] * minor(0, 1) + a[0][2] * minor(0, 2);
    let row = |i: usize| (0..3).map(|j| minor(j, i) / determinant).collect();
    (0..3).map(row).collect()
}
