//! Sums, and arrays of one number.

use super::Place;
use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;

impl<T: Scalar> Var<'_, T> {
    /// The sum of all elements.
    #[must_use]
    pub fn sum(self) -> Self {
        self.sum_axes(((1u64 << self.shape().rank()) - 1) as u32)
    }

    /// The sum along one axis, which is removed.
    ///
    /// # Panics
    /// If there is no such axis.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.sum_axis(0).value().unwrap(), [5.0, 7.0, 9.0]);
    /// assert_eq!(x.sum_axis(1).value().unwrap(), [6.0, 15.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum_axis(self, axis: usize) -> Self {
        assert!(
            axis < self.shape().rank(),
            "shape {} has no axis {axis}",
            self.shape()
        );
        self.sum_axes(1 << axis)
    }

    /// The mean of all elements.
    #[must_use]
    pub fn mean(self) -> Self {
        let count = self.shape().len();
        self.sum() / Var::from_f64(count as f64)
    }

    pub(crate) fn sum_axes(self, axes: u32) -> Self {
        let own = self.shape();
        if axes == 0 {
            return self;
        }
        let lengths: Vec<usize> = (0..own.rank())
            .filter(|axis| axes >> axis & 1 == 0)
            .map(|axis| own.axis(axis))
            .collect();
        self.apply(Op::Sum(axes), Shape::new(&lengths))
    }

    /// Sums over what a broadcast from `shape` stretched: the derivative of that broadcast. A smaller shape (the cotangent of a
    /// constant) is broadcast first.
    pub(crate) fn sum_to(self, shape: &Shape) -> Self {
        let own = self.shape();
        if own == *shape {
            return self;
        }
        let lead = own.rank() - shape.rank();
        let axes = (0..own.rank())
            .filter(|&axis| axis < lead || shape.axis(axis - lead) != own.axis(axis))
            .fold(0u32, |bits, axis| bits | 1 << axis);
        self.sum_axes(axes).reshape(shape.clone())
    }

    /// An array of `shape` on the tape of this variable, every element `value`.
    ///
    /// # Panics
    /// If this variable is a plain number, which belongs to no tape, and `shape` is not that of a number.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2], &[1.0, 2.0]);
    /// assert_eq!((x + x.full(0.5, [2])).value().unwrap(), [1.5, 2.5]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn full(self, value: T, shape: impl Into<Shape>) -> Self {
        match self.place {
            Place::Attached(tape, _) => {
                tape.constant(Shape::scalar(), &[value]).broadcast_to(shape)
            }
            Place::Detached(_) => Var::detached(value).broadcast_to(shape),
        }
    }

    /// An array of `shape` with these elements, row by row, on the tape of this variable.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0] * v[0].array([2], &[3.0, 5.0])])?;
    /// assert_eq!(f.eval(&[&[1.0, 2.0]])?[0], [3.0, 10.0]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the number of values is not the shape's, or this variable is a plain number, which belongs to no tape.
    #[must_use]
    #[track_caller]
    pub fn array(self, shape: impl Into<Shape>, values: &[T]) -> Self {
        let tape = self
            .tape_of()
            .expect("a plain number has no tape to put an array on");
        tape.constant(shape, values)
    }

    /// Zeros of this shape.
    pub(crate) fn zeros_like(self) -> Self {
        self.full(T::from_f64(0.0), self.shape())
    }
}
