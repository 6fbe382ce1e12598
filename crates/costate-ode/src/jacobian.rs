//! ∂f/∂y and ∂f/∂t at a point: the system's own, or by differences.

use crate::size::Size;
use crate::system::evaluate;
use crate::{Element, Field, Matrix, Real, Scale, State, Stats, Structure, System};

/// The derivatives of f at one point, and where they are put. Made once for an integration; taking them allocates nothing.
///
/// # Differences
/// Column j of ∂f/∂y is (f(y + δ e_j) − f(y)) / δ with δ the largest of √ε |y_j|, the absolute tolerance of component j and 1000 |h| ε n ‖f‖ w_j, where w_j
/// is all that the tolerances allow component j and ‖f‖ the error norm. The first is the usual balance of rounding against curvature; below
/// the second the component does not matter, nor does f's curvature there; the third keeps the rounding of f out of a step of size h
/// (\[Brown1989\]). All have the units of y_j. Columns of one colour share an evaluation.
///
/// ∂f/∂t is (f(t + δ) − f(t)) / δ with δ = √ε max(|h|, min(|t|, 100 |h|)).
#[derive(Clone, Debug)]
pub(crate) struct Derivatives<T, Y: State<T>> {
    pub(crate) jacobian: Matrix<Y::Element>,
    pub(crate) mass: Option<Matrix<Y::Element>>,
    base: Y,
    point: Y,
    slope: Y,
    increments: Vec<Y::Element>,
    by_scalar: std::marker::PhantomData<T>,
}

impl<T: Real, Y: State<T>> Derivatives<T, Y>
where
    Y::Element: Field<T>,
{
    #[track_caller]
    pub(crate) fn new<S: System<T, Y>>(system: &S, y: &Y) -> Self {
        Self::of_structure(system.structure(), system, y)
    }

    /// For methods that can do without ∂f/∂y: no room for it if the system wants that.
    #[track_caller]
    pub(crate) fn optional<S: System<T, Y>>(system: &S, y: &Y) -> Self {
        let structure = match system.krylov() {
            Some(_) => Structure::Banded { lower: 0, upper: 0 },
            None => system.structure(),
        };
        Self::of_structure(structure, system, y)
    }

    #[track_caller]
    fn of_structure<S: System<T, Y>>(mut structure: Structure, system: &S, y: &Y) -> Self {
        let () = Size::<Y>::ALLOWED;
        let n = y.as_slice().len();
        let mass = system.mass();
        if let Some(mass) = &mass {
            assert!(
                mass.len() == n,
                "a mass matrix of {} rows for a state of {n} components",
                mass.len()
            );
            structure = mass.structure_with(&structure);
        }
        Self {
            jacobian: Matrix::new::<T>(n, structure),
            mass,
            base: y.clone(),
            point: y.clone(),
            slope: y.clone(),
            increments: vec![Y::Element::zero(); n],
            by_scalar: std::marker::PhantomData,
        }
    }

    /// Takes ∂f/∂y at (t, y), where f is `f` if that is known, for steps of about `h`.
    pub(crate) fn take<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &Y,
        f: Option<&Y>,
        h: T,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) {
        stats.jacobians += 1;
        self.jacobian.as_mut_slice().fill(Y::Element::zero());
        if system.jacobian(t, y, &mut self.jacobian) {
            return;
        }
        if f.is_none() {
            evaluate(system, t, y, &mut self.base);
            stats.nfe += 1;
        }
        let (y, f) = (y.as_slice(), f.unwrap_or(&self.base).as_slice());
        let point = self.point.as_mut_slice();
        point.copy_from_slice(y);
        let epsilon = Y::Element::epsilon();
        let size = scale.squared(y, y, |i| f[i]).sqrt();
        let noise = T::from_f64(1e3 * y.len() as f64) * h.abs() * epsilon * size;
        let noise = noise.min(T::one());
        for (j, increment) in self.increments.iter_mut().enumerate() {
            let zero = Y::Element::zero();
            let (atol, allowed) = (scale.at(j, zero, zero), scale.at(j, y[j], y[j]));
            let usual = epsilon.sqrt() * y[j].magnitude();
            let mut delta = usual.max(atol).max(noise * allowed);
            if delta == T::zero() {
                delta = epsilon;
            }
            // What is added exactly, rounded as it will be.
            *increment = (y[j] + Y::Element::real(delta)) - y[j];
        }
        for colour in 0..self.jacobian.colours() {
            let columns = self.jacobian.columns(colour);
            let point = self.point.as_mut_slice();
            columns
                .iter()
                .for_each(|j| point[*j] = y[*j] + self.increments[*j]);
            evaluate(system, t, &self.point, &mut self.slope);
            let point = self.point.as_mut_slice();
            columns.iter().for_each(|j| point[*j] = y[*j]);
            let (slope, increments) = (self.slope.as_slice(), &self.increments);
            self.jacobian
                .set_columns(colour, |i, j| (slope[i] - f[i]) / increments[j]);
        }
        stats.nfe += self.jacobian.colours();
    }

    /// Writes ∂f/∂t at (t, y), where f is `f`, for a step `h` into `out`.
    pub(crate) fn take_in_time<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        t: T,
        y: &Y,
        f: &Y,
        h: T,
        out: &mut Y,
        stats: &mut Stats,
    ) {
        if !system.time_derivative(t, y, out) {
            let h = h.abs();
            let delta = T::epsilon().sqrt() * h.max(t.abs().min(T::from_f64(100.0) * h));
            // Never so little that it is lost in t.
            let ahead = t + delta.max(T::from_f64(16.0) * T::epsilon() * t.abs());
            evaluate(system, ahead, y, out);
            stats.nfe += 1;
            let delta = Y::Element::real(ahead - t);
            for (out, f) in out.as_mut_slice().iter_mut().zip(f.as_slice()) {
                *out = (*out - *f) / delta;
            }
        }
    }
}
