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
        self.transposed.as_mut_slice().fill(zero);
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
        f_t.fill(zero);
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
        if self.autonomous {
            f_t.fill(zero);
        } else if with_time && !alone {
            // A product of several rows gives only the sum of their rates.
            for (i, rate) in f_t.iter_mut().enumerate() {
                unit.fill(zero);
                unit[i] = one;
                *rate = field.products(frame, unit, product);
            }
        }
    }
}
