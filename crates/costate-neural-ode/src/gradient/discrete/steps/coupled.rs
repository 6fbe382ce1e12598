//! Runge–Kutta methods whose stages are solved for together.

use super::diagonal::numbers;
use super::ends;
use super::record::Step;
use super::rows::Rows;
use super::sweep::{Sweep, polynomial};
use crate::VectorField;
use crate::gradient::{add, add_scaled, dot, scalar};
use costate_ode::{
    Coefficient, Element, GaussTableau, Lu, Matrix, Pattern, Radau, Real, Structure,
};

/// The coefficients of a method (Radau IIA, Gauss–Legendre) with z_i = dt Σ_j a_ij f(t + c_j dt, h + z_j) and h₁ = h + Σ d_i z_i.
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
    /// l_i: coefficients of σ¹ first. None if dense output is the cubic through both ends.
    pub(super) dense: Vec<Vec<E>>,
    /// Minus the matrix of the system.
    matrix: Matrix<E>,
    lu: Lu<E>,
    kappas: Vec<E>,
    zetas: Vec<E>,
    h_next: Vec<E>,
}

impl<E: Real> Coupled<E> {
    pub(super) fn radau<T: Real>(field: &dyn VectorField<E>) -> Self
    where
        E: Element<T>,
    {
        let (nodes, a) = Radau::<T, Vec<E>>::coefficients();
        let zero = <E as num_traits::Zero>::zero();
        Self::new::<T>(
            nodes.iter().map(|c| scalar::<T, E>(*c)).collect(),
            numbers(&inverse(a.map(Vec::from).to_vec())),
            vec![zero, zero, num_traits::One::one()],
            numbers(&Radau::<T, Vec<E>>::dense_polynomials()),
            field,
        )
    }

    pub(super) fn gauss<T: Real>(tableau: &'static GaussTableau, field: &dyn VectorField<E>) -> Self
    where
        E: Element<T>,
    {
        let row = |row: &[Coefficient]| row.iter().map(|a| a.to()).collect::<Vec<T>>();
        let (c, a) = (row(tableau.c), tableau.a.iter().map(|a| row(a)));
        // d = b a⁻¹: the collocation polynomial at 1.
        let others = |i: usize| c.iter().enumerate().filter(move |(j, _)| *j != i);
        let d = c.iter().enumerate().map(|(i, own)| {
            let terms = others(i).map(|(_, other)| (T::one() - *other) / (*own - *other));
            terms.fold(own.recip(), |product, term| product * term)
        });
        Self::new::<T>(
            c.iter().map(|c| scalar::<T, E>(*c)).collect(),
            numbers(&inverse(a.collect())),
            d.map(|d| scalar::<T, E>(d)).collect(),
            Vec::new(),
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
        let part = |i: usize| i * n..(i + 1) * n;
        self.matrix.as_mut_slice().fill(zero);
        self.zetas.fill(zero);
        if self.dense.is_empty() {
            self.h_next.clear();
            self.h_next.extend_from_slice(step.h);
            for (i, d) in self.d.iter().enumerate() {
                add_scaled(&mut self.h_next, *d, &step.stages[part(i)]);
            }
            ends::back(sweep, field, step, (s, &self.h_next));
        }
        for i in 0..s {
            sweep.point.copy_from_slice(step.h);
            add(&mut sweep.point, &step.stages[part(i)]);
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
            if let Some(row) = self.dense.get(i) {
                for (sigma, g) in sweep.saves() {
                    add_scaled(zeta, polynomial(row, *sigma), g);
                }
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
        if !self.dense.is_empty() {
            sweep.pass_saves();
        }
        true
    }
}

/// The inverse of a small matrix none of whose leading minors vanish.
fn inverse<T: Real>(mut a: Vec<Vec<T>>) -> Vec<Vec<T>> {
    let s = a.len();
    let unit = |i: usize| (0..s).map(move |j| if i == j { T::one() } else { T::zero() });
    let mut out: Vec<Vec<T>> = (0..s).map(|i| unit(i).collect()).collect();
    for k in 0..s {
        let pivot = a[k][k].recip();
        for row in [&mut a[k], &mut out[k]] {
            row.iter_mut().for_each(|x| *x = *x * pivot);
        }
        let (from, to) = (a[k].clone(), out[k].clone());
        for i in (0..s).filter(|i| *i != k) {
            let factor = a[i][k];
            for j in 0..s {
                a[i][j] = a[i][j] - factor * from[j];
                out[i][j] = out[i][j] - factor * to[j];
            }
        }
    }
    out
}
