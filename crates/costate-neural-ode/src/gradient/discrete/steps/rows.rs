//! The Jacobian of a field in natural order.

use crate::VectorField;
use costate_ode::{Element, Matrix, Real, Structure};

/// ∂f/∂h with rows for columns, and ∂f/∂t, at one point.
#[derive(Clone, Debug)]
pub(crate) struct Rows<E> {
    pub(super) structure: Structure,
    autonomous: bool,
    /// Entry (j, i) is ∂f_i/∂h_j.
    pub(crate) transposed: Matrix<E>,
    pub(crate) f_t: Vec<E>,
    straight: Matrix<E>,
    unit: Vec<E>,
    pub(super) product: Vec<E>,
}

impl<E: Real> Rows<E> {
    pub(crate) fn new<T: Real>(field: &dyn VectorField<E>) -> Self
    where
        E: Element<T>,
    {
        let (n, structure) = (field.state_len(), field.structure());
        Self {
            autonomous: field.is_autonomous(),
            transposed: Matrix::new::<T>(n, structure.transposed()),
            straight: Matrix::new::<T>(n, structure.clone()),
            structure,
            f_t: vec![<E as num_traits::Zero>::zero(); n],
            unit: vec![<E as num_traits::Zero>::zero(); n],
            product: vec![<E as num_traits::Zero>::zero(); n],
        }
    }

    /// Takes them at (h, t), where the evaluation is kept in `frame`. `with_time`: ∂f/∂t too.
    pub(crate) fn take(
        &mut self,
        field: &mut dyn VectorField<E>,
        frame: usize,
        (t, h): (E, &[E]),
        with_time: bool,
    ) {
        let (zero, one) = (
            <E as num_traits::Zero>::zero(),
            <E as num_traits::One>::one(),
        );
        self.straight.as_mut_slice().fill(zero);
        let Self {
            transposed,
            straight,
            f_t,
            unit,
            product,
            ..
        } = self;
        if field.jacobian(t, h, straight, f_t) {
            straight.for_each(|i, j, entry| transposed.set(j, i, entry));
            return;
        }
        let mut alone = true;
        for colour in 0..transposed.colours() {
            let together = transposed.columns(colour);
            alone &= together.len() == 1;
            unit.fill(zero);
            together.iter().for_each(|i| unit[*i] = one);
            let rate = field.products(frame, unit, product);
            f_t[together[0]] = rate;
            transposed.set_columns(colour, |j, _| product[j]);
        }
        if with_time && !alone && !self.autonomous {
            // A product of several rows gives only the sum of their rates.
            for (i, rate) in f_t.iter_mut().enumerate() {
                unit.fill(zero);
                unit[i] = one;
                *rate = field.products(frame, unit, product);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use costate_ode::Pattern;

    /// dx/dt = t x, dy/dt = t² y: no column has two rows. It gives its Jacobian if it `knows` it, and of that only what is not zero.
    struct Apart {
        at: (f64, [f64; 2]),
        knows: bool,
    }

    impl VectorField<f64> for Apart {
        fn state_len(&self) -> usize {
            2
        }
        fn parameter_len(&self) -> usize {
            0
        }
        fn set_parameters(&mut self, _theta: &[f64]) {}
        fn eval(&mut self, _frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
            self.at = (t, [h[0], h[1]]);
            dh.copy_from_slice(&[t * h[0], t * t * h[1]]);
        }
        fn products(&mut self, _frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
            let (t, [x, y]) = self.at;
            a_h.copy_from_slice(&[a[0] * t, a[1] * t * t]);
            a[0] * x + a[1] * 2.0 * t * y
        }
        fn accumulate(&mut self, _frames: &[(usize, f64)]) {}
        fn finish(&mut self, _a_theta: &mut [f64]) {}
        fn structure(&self) -> Structure {
            Structure::Sparse(Pattern::new(2, [(0, 0), (1, 1)]))
        }
        fn jacobian(&mut self, t: f64, h: &[f64], to: &mut Matrix<f64>, f_t: &mut [f64]) -> bool {
            if self.knows && t != 0.0 {
                to.set(0, 0, t);
                to.set(1, 1, t * t);
            }
            f_t.copy_from_slice(&[h[0], 2.0 * t * h[1]]);
            self.knows
        }
    }

    #[test]
    fn rows_and_rates_are_those_of_the_point_and_of_no_point_before() {
        for knows in [false, true] {
            let mut field = Apart {
                at: (0.0, [0.0; 2]),
                knows,
            };
            let mut rows = Rows::<f64>::new::<f64>(&field);
            for (t, h) in [(3.0, [5.0, 7.0]), (0.0, [2.0, 4.0]), (0.5, [-1.0, 8.0])] {
                field.eval(0, t, &h, &mut [0.0; 2]);
                rows.take(&mut field, 0, (t, &h), true);
                let diagonal = [0, 1].map(|i| rows.transposed.get(i, i));
                assert_eq!(diagonal, [t, t * t], "{knows}");
                assert_eq!(rows.f_t, [h[0], 2.0 * t * h[1]], "{knows}");
            }
        }
    }
}
