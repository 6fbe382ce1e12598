//! A field in natural order as the system that a solver solves.

use super::rows::Rows;
use crate::VectorField;
use crate::gradient::scalar;
use crate::gradient::stability::{Proposed, Stability};
use costate_ode::{
    DirkTableau, Element, Family, Matrix, Method, Parts, Real, State, Structure, System,
};

/// A field, or its two parts, as a system: f in frame 0, and its own derivatives from frame 1.
pub(crate) enum Solved<'a, E> {
    Whole(Linearised<'a, E>),
    Parts {
        explicit: Explicit<'a, E>,
        implicit: Linearised<'a, E>,
        /// What the explicit part makes of it.
        part: Vec<E>,
    },
}

/// The tableau of a method that takes the parts of a field apart, if there are parts.
pub(super) fn additive<E>(
    method: Method,
    field: &mut dyn VectorField<E>,
) -> Option<&'static DirkTableau> {
    match method.family() {
        Family::Dirk(tableau) if !tableau.explicit.is_empty() => field.parts().map(|_| tableau),
        _ => None,
    }
}

impl<'a, E: Real> Solved<'a, E> {
    /// `field`, in parts if `method` takes them apart.
    pub(crate) fn new(
        method: Method,
        field: &'a mut dyn VectorField<E>,
        rows: &'a mut Rows<E>,
    ) -> Self {
        if additive(method, field).is_none() {
            return Self::Whole(Linearised {
                field,
                rows,
                needs_time: matches!(method.family(), Family::Rosenbrock(_) | Family::Auto),
            });
        }
        let part = vec![E::zero(); field.state_len()];
        let (explicit, field) = field.parts().expect("there were parts");
        Self::Parts {
            explicit: Explicit(explicit),
            implicit: Linearised {
                field,
                rows,
                needs_time: false,
            },
            part,
        }
    }

    /// The size of the step from (t, y), as [`Stability::hold`] has it; of a field in two parts as it was proposed.
    pub(super) fn hold<T: Real>(
        &mut self,
        (t, y): (T, &[E]),
        stability: &mut Stability<E>,
        step: Proposed,
    ) -> f64
    where
        E: Element<T>,
    {
        let Self::Whole(whole) = self else {
            return step.size;
        };
        let mut slope = std::mem::take(&mut whole.rows.product);
        whole.field.eval(1, scalar(t), y, &mut slope);
        whole.rows.product = slope;
        stability.hold(whole.field, 1, step)
    }

    /// The Jacobian that `method` takes of `field`.
    pub(crate) fn rows<T: Real>(method: Method, field: &mut dyn VectorField<E>) -> Rows<E>
    where
        E: Element<T>,
    {
        match (additive(method, field), field.parts()) {
            (Some(_), Some((_, implicit))) => Rows::new::<T>(implicit),
            _ => Rows::new::<T>(field),
        }
    }
}

/// A field without derivatives.
pub(crate) struct Explicit<'a, E>(&'a mut dyn VectorField<E>);

/// A field with its derivatives.
pub(crate) struct Linearised<'a, E> {
    pub(crate) field: &'a mut dyn VectorField<E>,
    pub(crate) rows: &'a mut Rows<E>,
    pub(crate) needs_time: bool,
}

impl<T: Real, E: Element<T> + Real, Y: State<T, Element = E>> System<T, Y> for Explicit<'_, E> {
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.0.eval(0, scalar(t), y.as_slice(), dy.as_mut_slice());
    }
}

impl<T: Real, E: Element<T> + Real, Y: State<T, Element = E>> System<T, Y> for Linearised<'_, E> {
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.field
            .eval(0, scalar(t), y.as_slice(), dy.as_mut_slice());
    }

    fn structure(&self) -> Structure {
        self.rows.structure.clone()
    }

    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<E>) -> bool {
        let (t, y) = (scalar(t), y.as_slice());
        if self.field.jacobian(t, y, jacobian, &mut self.rows.f_t) {
            return true;
        }
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

impl<T: Real, E: Element<T> + Real, Y: State<T, Element = E>> System<T, Y> for Solved<'_, E> {
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        match self {
            Self::Whole(field) => field.eval(t, y, dy),
            Self::Parts {
                explicit,
                implicit,
                part,
            } => {
                explicit.0.eval(0, scalar(t), y.as_slice(), part);
                implicit.eval(t, y, dy);
                crate::gradient::add(dy.as_mut_slice(), part);
            }
        }
    }

    fn structure(&self) -> Structure {
        let (Self::Whole(field)
        | Self::Parts {
            implicit: field, ..
        }) = self;
        <Linearised<'_, E> as System<T, Y>>::structure(field)
    }

    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<E>) -> bool {
        match self {
            Self::Whole(field) => field.jacobian(t, y, jacobian),
            Self::Parts { .. } => false,
        }
    }

    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        match self {
            Self::Whole(field) => field.time_derivative(t, y, out),
            Self::Parts { .. } => false,
        }
    }

    fn parts(&mut self) -> Option<Parts<'_, T, Y>> {
        match self {
            Self::Whole(_) => None,
            Self::Parts {
                explicit, implicit, ..
            } => Some((explicit, implicit)),
        }
    }
}
