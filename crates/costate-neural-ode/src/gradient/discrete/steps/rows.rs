//! A field in natural order, and its Jacobian.

use crate::VectorField;
use crate::gradient::scalar;
use costate_ode::{Element, Matrix, Real, State, Structure, System};

/// A field whose states and rows are taken and given in their natural order.
pub(crate) struct Natural<'f, E> {
    field: &'f mut dyn VectorField<E>,
    there: Vec<E>,
    back: Vec<E>,
}

impl<'f, E: Real> Natural<'f, E> {
    pub(crate) fn new(field: &'f mut dyn VectorField<E>) -> Self {
        let zeros = vec![E::zero(); field.state_len()];
        Self {
            field,
            there: zeros.clone(),
            back: zeros,
        }
    }

    pub(crate) fn field(&mut self) -> &mut dyn VectorField<E> {
        self.field
    }

    pub(crate) fn eval(&mut self, frame: usize, t: E, h: &[E], dh: &mut [E]) {
        self.field.pack(h, &mut self.there);
        self.field.eval(frame, t, &self.there, &mut self.back);
        self.field.unpack(&self.back, dh);
    }

    pub(crate) fn products(&mut self, frame: usize, a: &[E], a_h: &mut [E]) -> E {
        self.field.pack(a, &mut self.there);
        let rate = self.field.products(frame, &self.there, &mut self.back);
        self.field.unpack(&self.back, a_h);
        rate
    }
}

/// ∂f/∂h with rows for columns, and ∂f/∂t, at one point.
#[derive(Clone, Debug)]
pub(crate) struct Rows<E> {
    structure: Structure,
    autonomous: bool,
    /// Entry (j, i) is ∂f_i/∂h_j.
    pub(crate) transposed: Matrix<E>,
    pub(crate) f_t: Vec<E>,
    straight: Matrix<E>,
    unit: Vec<E>,
    product: Vec<E>,
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
        field: &mut Natural<'_, E>,
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
        if field.field().jacobian(t, h, straight, f_t) {
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

/// A field as the system that an engine solves: f in frame 0, and its own derivatives from frame 1.
pub(super) struct Solved<'a, 'f, E> {
    pub(super) field: &'a mut Natural<'f, E>,
    pub(super) rows: &'a mut Rows<E>,
    pub(super) needs_time: bool,
}

impl<T: Real, E: Element<T> + Real, Y: State<T, Element = E>> System<T, Y> for Solved<'_, '_, E> {
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.field
            .eval(0, scalar(t), y.as_slice(), dy.as_mut_slice());
    }

    fn structure(&self) -> Structure {
        self.rows.structure.clone()
    }

    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<E>) -> bool {
        let (t, y) = (scalar(t), y.as_slice());
        let mut slope = std::mem::take(&mut self.rows.product);
        self.field.eval(1, t, y, &mut slope);
        self.rows.product = slope;
        self.rows.take(self.field, 1, (t, y), self.needs_time);
        self.rows
            .transposed
            .for_each(|j, i, entry| jacobian.set(i, j, entry));
        true
    }

    /// Asked for right behind ∂f/∂y, at the same point.
    fn time_derivative(&mut self, _t: T, _y: &Y, out: &mut Y) -> bool {
        out.as_mut_slice().copy_from_slice(&self.rows.f_t);
        true
    }
}
