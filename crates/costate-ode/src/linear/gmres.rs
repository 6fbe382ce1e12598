//! Generalised minimal residuals: linear equations of Newton's iteration from products with ∂f/∂y alone.

use crate::system::evaluate;
use crate::{Element, Field, Real, Scale, State, Stats, System};

/// How to solve the linear equations of Newton's iteration without a matrix: by GMRES, restarted ([`Ivp::matrix_free`](crate::Ivp::matrix_free)).
///
/// # References
/// \[Saad1986\].
///
/// ```
/// use costate_ode::Krylov;
/// let patient = Krylov { restarts: 10, ..Krylov::default() };
/// assert_eq!((patient.dimension, patient.restarts), (30, 10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Krylov {
    /// Directions kept before a restart; each is a state in memory.
    pub dimension: usize,
    /// How often to begin again before giving up.
    pub restarts: usize,
}

impl Default for Krylov {
    /// Thirty directions, two restarts.
    fn default() -> Self {
        Self {
            dimension: 30,
            restarts: 2,
        }
    }
}

/// x ↦ P⁻¹ (s x − ∂f/∂y x), P the system's preconditioner or s itself.
#[derive(Clone, Debug)]
struct Operator<T, Y> {
    t: T,
    y: Y,
    f: Y,
    shift: T,
    /// 1 over what the tolerances allow: the units of each component.
    units: Vec<T>,
    /// The size of the steps of differences, in these units.
    reach: T,
    point: Y,
}

impl<T: Real, Y: State<T>> Operator<T, Y>
where
    Y::Element: Field<T>,
{
    fn apply<S: System<T, Y> + ?Sized>(
        &mut self,
        system: &mut S,
        x: &Y,
        out: &mut Y,
        stats: &mut Stats,
    ) {
        if !system.jacobian_times(self.t, &self.y, x, out) {
            let size = self.dot(x, x).sqrt();
            if size == T::zero() {
                out.as_mut_slice().fill(Y::Element::zero());
                return;
            }
            let step = self.reach / size;
            self.point.as_mut_slice().copy_from_slice(self.y.as_slice());
            add(&mut self.point, x, step);
            evaluate(system, self.t, &self.point, out);
            stats.nfe += 1;
            add(out, &self.f, -T::one());
            multiply(out, T::one() / step);
        }
        multiply(out, -T::one());
        add(out, x, self.shift);
        self.precondition(system, out);
    }

    fn precondition<S: System<T, Y> + ?Sized>(&self, system: &mut S, residual: &mut Y) {
        if !system.precondition(self.t, &self.y, self.shift, residual) {
            multiply(residual, T::one() / self.shift);
        }
    }

    /// The mean product of components in their units: that of the parts of complex ones.
    fn dot(&self, a: &Y, b: &Y) -> T {
        let (one, minus) = (Y::Element::weight(T::one()), Y::Element::weight(-T::one()));
        let both = a.as_slice().iter().zip(b.as_slice());
        let sum = both
            .zip(&self.units)
            .fold(T::zero(), |sum, ((a, b), unit)| {
                let plus = a.add_scaled(one, *b).magnitude() * *unit;
                let less = a.add_scaled(minus, *b).magnitude() * *unit;
                sum + (plus * plus - less * less)
            });
        sum / T::from_f64(4.0 * self.units.len() as f64)
    }
}

/// Solves (s − ∂f/∂y) x = b, with room made once.
#[derive(Clone, Debug)]
pub(crate) struct Gmres<T, Y> {
    restarts: usize,
    operator: Operator<T, Y>,
    basis: Vec<Y>,
    next: Y,
    solution: Y,
    /// An upper triangle, column by column, and the rotations that made it one.
    columns: Vec<Vec<T>>,
    rotations: Vec<(T, T)>,
    residuals: Vec<T>,
}

impl<T: Real, Y: State<T>> Gmres<T, Y>
where
    Y::Element: Field<T>,
{
    pub(crate) fn new(krylov: Krylov, y: &Y) -> Self {
        let m = krylov.dimension.max(1);
        let zero = T::zero();
        Self {
            restarts: krylov.restarts,
            operator: Operator {
                t: zero,
                y: y.clone(),
                f: y.clone(),
                shift: T::one(),
                units: vec![zero; y.as_slice().len()],
                reach: zero,
                point: y.clone(),
            },
            basis: vec![y.clone(); m],
            next: y.clone(),
            solution: y.clone(),
            columns: vec![vec![zero; m]; m],
            rotations: vec![(T::one(), zero); m],
            residuals: vec![zero; m + 1],
        }
    }

    /// Takes ∂f/∂y at (t, y), where f is `f`, for equations with s = `shift`.
    pub(crate) fn linearise(&mut self, (t, y, f): (T, &Y, &Y), shift: T, scale: &Scale<T>) {
        let operator = &mut self.operator;
        (operator.t, operator.shift) = (t, shift);
        operator.y.as_mut_slice().copy_from_slice(y.as_slice());
        operator.f.as_mut_slice().copy_from_slice(f.as_slice());
        let units = operator.units.iter_mut().zip(y.as_slice());
        for (i, (unit, y)) in units.enumerate() {
            let allowed = scale.at(i, *y, *y);
            *unit = if allowed > T::zero() {
                T::one() / allowed
            } else {
                T::zero()
            };
        }
        let size = operator.dot(y, y).sqrt();
        operator.reach = Y::Element::epsilon().sqrt() * size.max(T::one());
    }

    /// Solves for `b`, in place, until the residual, preconditioned, is `tolerance` or a tenth of what it was. False if that is not reached.
    pub(crate) fn solve<S: System<T, Y> + ?Sized>(
        &mut self,
        system: &mut S,
        b: &mut Y,
        tolerance: T,
        stats: &mut Stats,
    ) -> bool {
        stats.solves += 1;
        self.operator.precondition(system, b);
        self.solution.as_mut_slice().fill(Y::Element::zero());
        let first = self.operator.dot(b, b).sqrt();
        let target = tolerance.max(first * T::from_f64(0.1));
        let mut done = first == T::zero();
        for round in 0..=self.restarts {
            if done {
                break;
            }
            self.basis[0].as_mut_slice().copy_from_slice(b.as_slice());
            if round > 0 {
                let (x, product) = (&self.solution, &mut self.next);
                self.operator.apply(system, x, product, stats);
                add(&mut self.basis[0], product, -T::one());
            }
            let length = self.operator.dot(&self.basis[0], &self.basis[0]).sqrt();
            if !(length.is_finite() && length > T::zero()) {
                done = length == T::zero();
                break;
            }
            multiply(&mut self.basis[0], T::one() / length);
            self.residuals[0] = length;
            done = self.build(system, target, stats);
        }
        b.as_mut_slice().copy_from_slice(self.solution.as_slice());
        done
    }

    /// Adds to the solution what is best in the directions built from the first one. Whether the residual is within the target then.
    fn build<S: System<T, Y> + ?Sized>(
        &mut self,
        system: &mut S,
        target: T,
        stats: &mut Stats,
    ) -> bool {
        let (mut count, mut done) = (0, false);
        while count < self.basis.len() && !done {
            let (direction, next) = (&self.basis[count], &mut self.next);
            self.operator.apply(system, direction, next, stats);
            let column = &mut self.columns[count];
            for (entry, earlier) in column.iter_mut().zip(&self.basis[..=count]) {
                *entry = self.operator.dot(next, earlier);
                add(next, earlier, -*entry);
            }
            let length = self.operator.dot(next, next).max(T::zero()).sqrt();
            for (i, (c, s)) in self.rotations[..count].iter().enumerate() {
                let (a, b) = (column[i], column[i + 1]);
                (column[i], column[i + 1]) = (*c * a + *s * b, *c * b - *s * a);
            }
            let pivot = column[count].hypot(length);
            if !(pivot.is_finite() && pivot > T::zero()) {
                break;
            }
            let (c, s) = (column[count] / pivot, length / pivot);
            (column[count], self.rotations[count]) = (pivot, (c, s));
            let residual = self.residuals[count];
            (self.residuals[count], self.residuals[count + 1]) = (c * residual, -s * residual);
            count += 1;
            done = self.residuals[count].abs() <= target || length == T::zero();
            if count < self.basis.len() && !done {
                self.basis[count]
                    .as_mut_slice()
                    .copy_from_slice(self.next.as_slice());
                multiply(&mut self.basis[count], T::one() / length);
            }
        }
        for i in (0..count).rev() {
            let share = self.residuals[i] / self.columns[i][i];
            for (j, residual) in self.residuals[..i].iter_mut().enumerate() {
                *residual = *residual - share * self.columns[i][j];
            }
            add(&mut self.solution, &self.basis[i], share);
        }
        done
    }
}

/// Adds `weight` x.
fn add<T: Real, Y: State<T>>(out: &mut Y, x: &Y, weight: T) {
    let weight = Y::Element::weight(weight);
    for (out, x) in out.as_mut_slice().iter_mut().zip(x.as_slice()) {
        *out = out.add_scaled(weight, *x);
    }
}

fn multiply<T: Real, Y: State<T>>(x: &mut Y, factor: T) {
    let factor = Y::Element::weight(factor);
    for x in x.as_mut_slice() {
        *x = Y::Element::zero().add_scaled(factor, *x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Norm;
    use nalgebra::Complex;

    fn scale<E: Element<f64>>(n: usize) -> Scale<f64> {
        Scale::new::<E>(1e-6.into(), 1e-6.into(), Norm::Rms, n).unwrap()
    }

    /// A field with a Jacobian that is not symmetric, coupled everywhere, with parts far apart.
    #[allow(clippy::ptr_arg)] // The state is a vector.
    fn field(_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>) {
        let n = y.len();
        let sum: f64 = y.iter().sum();
        for i in 0..n {
            dy[i] =
                -(1.0 + i as f64) * y[i] + 0.3 * y[(i + 1) % n] - 0.02 * sum + 0.1 * y[i] * y[i];
        }
    }

    #[test]
    fn solutions_are_those_of_the_matrix_with_and_without_restarts() {
        let n = 40;
        let y: Vec<f64> = (0..n).map(|i| 0.1 * (i % 5) as f64).collect();
        let mut f = y.clone();
        field(0.0, &y, &mut f);
        for (dimension, restarts) in [(40, 0), (5, 40)] {
            let mut gmres = Gmres::new(
                Krylov {
                    dimension,
                    restarts,
                },
                &y,
            );
            gmres.linearise((0.0, &y, &f), 2.5, &scale::<f64>(n));
            let b: Vec<f64> = (0..n).map(|i| 1.0 / (1.0 + i as f64)).collect();
            let (mut x, mut rest, mut stats) = (vec![0.0; n], b.clone(), Stats::default());
            // A tenth at a time: what is left is solved for again.
            for _ in 0..9 {
                let mut more = rest.clone();
                assert!(gmres.solve(&mut field, &mut more, 0.0, &mut stats));
                add(&mut x, &more, 1.0);
                let sum: f64 = x.iter().sum();
                for i in 0..n {
                    let jacobian =
                        (-(1.0 + i as f64) + 0.2 * y[i]) * x[i] + 0.3 * x[(i + 1) % n] - 0.02 * sum;
                    rest[i] = b[i] - (2.5 * x[i] - jacobian);
                }
            }
            let left = rest.iter().map(|r| r.abs()).fold(0.0, f64::max);
            assert!(left < 1e-8, "{dimension}: {left:e}");
            assert_eq!((stats.solves, stats.jacobians), (9, 0));
        }
    }

    #[test]
    fn complex_equations_are_solved_over_their_parts() {
        let i = Complex::new(0.0, 1.0);
        let mut field = |_t: f64, y: &Vec<Complex<f64>>, dy: &mut Vec<Complex<f64>>| {
            (dy[0], dy[1]) = (i * y[0] + y[1], y[0] * 0.5 - i * y[1] * 3.0);
        };
        let y = vec![Complex::new(1.0, 0.5), Complex::new(0.2, -0.3)];
        let mut f = y.clone();
        field(0.0, &y, &mut f);
        let krylov = Krylov {
            dimension: 4,
            restarts: 0,
        };
        let mut gmres = Gmres::new(krylov, &y);
        gmres.linearise((0.0, &y, &f), 2.0, &scale::<Complex<f64>>(2));
        let b = vec![Complex::new(1.0, 2.0), Complex::new(-1.0, 0.0)];
        let (mut x, mut rest, mut stats) =
            (vec![Complex::new(0.0, 0.0); 2], b.clone(), Stats::default());
        for _ in 0..10 {
            let mut more = rest.clone();
            assert!(gmres.solve(&mut field, &mut more, 0.0, &mut stats));
            add(&mut x, &more, 1.0);
            let product = [i * x[0] + x[1], x[0] * 0.5 - i * x[1] * 3.0];
            (0..2).for_each(|k| rest[k] = b[k] - (x[k] * 2.0 - product[k]));
        }
        assert!(rest.iter().all(|r| r.norm() < 1e-8), "{rest:?}");
    }

    #[test]
    fn what_cannot_be_solved_is_said() {
        // s − J is zero.
        let mut field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [3.0 * y[0], 3.0 * y[1]];
        let mut gmres = Gmres::new(Krylov::default(), &[1.0, 1.0]);
        gmres.linearise((0.0, &[1.0, 1.0], &[3.0, 3.0]), 3.0, &scale::<f64>(2));
        let mut stats = Stats::default();
        assert!(!gmres.solve(&mut field, &mut [1.0, -1.0], 0.0, &mut stats));
        assert!(gmres.solve(&mut field, &mut [0.0, 0.0], 0.0, &mut stats));
        let mut field = |_t: f64, _y: &[f64; 2], dy: &mut [f64; 2]| *dy = [f64::NAN; 2];
        assert!(!gmres.solve(&mut field, &mut [1.0, -1.0], 0.0, &mut stats));
    }
}
