//! Operations that only move elements, or add those that meet.

use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;
use std::ops::Range;
use std::sync::Arc;

impl<T: Scalar> Var<'_, T> {
    /// Stretches to a larger shape by NumPy's rule.
    ///
    /// # Panics
    /// If this shape cannot be broadcast to that one.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 1], &[1.0, 2.0]);
    /// assert_eq!(x.broadcast_to([2, 3]).value().unwrap(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        let (shape, own) = (shape.into(), self.shape());
        if own == shape {
            return self;
        }
        assert!(
            own.broadcast(&shape).as_ref() == Some(&shape),
            "shape {own} cannot be broadcast to {shape}"
        );
        self.apply(Op::Broadcast, shape)
    }

    /// The same elements in another shape.
    ///
    /// # Panics
    /// If the number of elements differs.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.reshape([3, 2]).index(1).value().unwrap(), [3.0, 4.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        let (shape, own) = (shape.into(), self.shape());
        assert!(
            own.len() == shape.len(),
            "{} elements of shape {own} cannot take the shape {shape} of {}",
            own.len(),
            shape.len()
        );
        if own == shape {
            self
        } else {
            self.apply(Op::Reshape, shape)
        }
    }

    /// Axis i of the result is axis `permutation[i]` of this array.
    ///
    /// # Panics
    /// If `permutation` is not one of all axes.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// let y = x.permute(&[2, 0, 1]); // y[i, j, k] = x[j, k, i]
    /// assert_eq!(y.shape().to_vec(), [3, 1, 2]);
    /// assert_eq!(y.value().unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn permute(self, permutation: &[usize]) -> Self {
        let own = self.shape();
        let mut seen = vec![false; own.rank()];
        for &axis in permutation {
            assert!(
                axis < own.rank() && !seen[axis],
                "{permutation:?} is not a permutation of the axes of {own}"
            );
            seen[axis] = true;
        }
        assert!(
            permutation.len() == own.rank(),
            "{permutation:?} does not name every axis of {own}"
        );
        let lengths: Vec<usize> = permutation.iter().map(|&axis| own.axis(axis)).collect();
        if own.is_scalar() {
            return self;
        }
        self.apply(
            Op::Transpose(permutation.iter().map(|&axis| axis as u8).collect()),
            Shape::new(&lengths),
        )
    }

    /// All axes in reverse order; for a matrix, its transpose.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.transpose().value().unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    /// ```
    #[must_use]
    pub fn transpose(self) -> Self {
        let reversed: Vec<usize> = (0..self.shape().rank()).rev().collect();
        self.permute(&reversed)
    }

    /// A run of indices along an axis.
    ///
    /// # Panics
    /// If the axis does not exist or the run reaches beyond it.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.slice(1, 1..3).value().unwrap(), [2.0, 3.0, 5.0, 6.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slice(self, axis: usize, range: Range<usize>) -> Self {
        let own = self.shape();
        assert!(axis < own.rank(), "shape {own} has no axis {axis}");
        assert!(
            range.start <= range.end && range.end <= own.axis(axis),
            "{range:?} reaches beyond axis {axis} of shape {own}"
        );
        self.apply(
            Op::Slice {
                axis: axis as u8,
                start: range.start as u32,
            },
            own.with_axis(axis, range.len()),
        )
    }

    /// Element or row `i` along the first axis, without that axis.
    ///
    /// # Panics
    /// If there is no such element.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.index(1).value().unwrap(), [4.0, 5.0, 6.0]); // a row
    /// assert_eq!(x.index(1).index(0).value().unwrap(), [4.0]); // a number
    /// ```
    #[must_use]
    #[track_caller]
    pub fn index(self, i: usize) -> Self {
        let own = self.shape();
        assert!(own.rank() > 0, "a single number has no element {i}");
        assert!(i < own.axis(0), "there is no element {i} in shape {own}");
        self.slice(0, i..i + 1)
            .reshape(Shape::new(&own.to_vec()[1..]))
    }

    /// Zeros around this array along an axis, which becomes `length` long; this array begins at `start`.
    ///
    /// # Panics
    /// If it does not fit.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2], &[7.0, 8.0]);
    /// assert_eq!(x.pad(0, 1, 5).value().unwrap(), [0.0, 7.0, 8.0, 0.0, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pad(self, axis: usize, start: usize, length: usize) -> Self {
        let own = self.shape();
        assert!(
            axis < own.rank() && start + own.axis(axis) <= length,
            "shape {own} at {start} does not fit into {length} along axis {axis}"
        );
        self.apply(
            Op::Pad {
                axis: axis as u8,
                start: start as u32,
            },
            own.with_axis(axis, length),
        )
    }

    /// Arrays one after another along an axis.
    ///
    /// # Panics
    /// If there is none, or their other axes differ.
    ///
    /// ```
    /// use costate_tape::{Tape, Var};
    /// let tape = Tape::<f64>::at(vec![]);
    /// let (a, b) = (tape.constant([2, 1], &[1.0, 2.0]), tape.constant([2, 2], &[3.0, 4.0, 5.0, 6.0]));
    /// assert_eq!(Var::concat(&[a, b], 1).value().unwrap(), [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn concat(parts: &[Self], axis: usize) -> Self {
        let tape = parts
            .iter()
            .find_map(|part| part.tape_of())
            .expect("at least one variable of a tape to concatenate");
        let first = parts[0].shape();
        let mut length = 0;
        for part in parts {
            let shape = part.shape();
            assert!(
                !shape.is_scalar(),
                "single numbers have no axis along which they could be concatenated: `stack` puts them beside each other"
            );
            assert!(
                axis < shape.rank()
                    && shape.rank() == first.rank()
                    && shape.with_axis(axis, 0) == first.with_axis(axis, 0),
                "shapes {first} and {shape} cannot be concatenated along axis {axis}"
            );
            length += shape.axis(axis);
        }
        let mut ids = Vec::with_capacity(parts.len());
        for part in parts {
            ids.push(part.on(tape));
        }
        tape.push(Op::Concat(axis as u8), &ids, first.with_axis(axis, length))
    }

    /// Arrays of one shape beside each other along a new first axis; smaller ones are broadcast.
    ///
    /// # Panics
    /// If there is none, or their shapes do not fit.
    ///
    /// ```
    /// use costate_tape::{Tape, Var};
    /// let tape = Tape::<f64>::at(vec![]);
    /// let (a, b) = (tape.constant([2], &[1.0, 2.0]), tape.constant([], &[9.0]));
    /// let y = Var::stack(&[a, b]);
    /// assert_eq!((y.shape().to_vec(), y.value().unwrap()), (vec![2, 2], vec![1.0, 2.0, 9.0, 9.0]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn stack(parts: &[Self]) -> Self {
        let tape = parts
            .iter()
            .find_map(|part| part.tape_of())
            .expect("at least one variable of a tape to stack");
        let mut shape = Shape::scalar();
        for part in parts {
            shape = shape.together(&part.shape(), "stack");
        }
        let lengths = [&[1], shape.to_vec().as_slice()].concat();
        let mut rows = Vec::with_capacity(parts.len());
        for part in parts {
            let row = Var::attached(tape, part.on(tape)).broadcast_to(shape.clone());
            rows.push(row.reshape(Shape::new(&lengths)));
        }
        Var::concat(&rows, 0)
    }

    /// Element i of the result is this array's element `table[i]`, counted in memory.
    ///
    /// # Panics
    /// If an index is beyond this array, or the table's length is not the shape's.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([3], &[10.0, 20.0, 30.0]);
    /// assert_eq!(x.gather(vec![2, 0, 0, 1], [2, 2]).value().unwrap(), [30.0, 10.0, 10.0, 20.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn gather(self, table: impl Into<Arc<[u32]>>, shape: impl Into<Shape>) -> Self {
        let (table, shape, own) = (table.into(), shape.into(), self.shape());
        assert!(
            table.len() == shape.len(),
            "{} indices do not fill shape {shape}",
            table.len()
        );
        assert!(
            table.iter().all(|&i| (i as usize) < own.len()),
            "an index is beyond the {} elements of shape {own}",
            own.len()
        );
        self.apply(Op::Gather(table), shape)
    }

    /// Element i of this array is added to element `table[i]` of the result; the others are zero.
    ///
    /// # Panics
    /// If an index is beyond the result, or the table's length is not this array's.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([3], &[1.0, 2.0, 4.0]);
    /// assert_eq!(x.scatter_add(vec![1, 3, 1], [4]).value().unwrap(), [0.0, 5.0, 0.0, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn scatter_add(self, table: impl Into<Arc<[u32]>>, shape: impl Into<Shape>) -> Self {
        let (table, shape, own) = (table.into(), shape.into(), self.shape());
        assert!(
            table.len() == own.len(),
            "{} indices for {} elements",
            table.len(),
            own.len()
        );
        assert!(
            table.iter().all(|&i| (i as usize) < shape.len()),
            "an index is beyond the {} elements of shape {shape}",
            shape.len()
        );
        self.apply(Op::ScatterAdd(table), shape)
    }
}
