//! The handle that user code computes with while a tape records.

use crate::graph::NodeId;
use crate::op::{Binary, Op, Unary, matmul};
use crate::scalar::{Scalar, whole_power};
use crate::shape::Shape;
use crate::tape::Tape;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A recorded array of any shape: a copyable handle to a node of a [`Tape`].
///
/// Arithmetic broadcasts as NumPy's does. A number made by [`Scalar::from_f64`] belongs to no tape until it meets a variable
/// of one. Misuse (shapes that do not fit, variables of two tapes) panics where it is written.
///
/// ```
/// use costate_tape::{Function, Scalar};
/// let f = Function::<f64>::record(&[("x", &[2, 3]), ("w", &[3])], |v| vec![(v[0] * v[1]).sum().tanh()])?;
/// let y = f.eval(&[&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[0.1, 0.0, -0.1]])?;
/// assert!((y[0][0] - (-0.4f64).tanh()).abs() < 1e-15);
/// # Ok::<(), costate_tape::Error>(())
/// ```
pub struct Var<'t, T> {
    place: Place<'t, T>,
}

enum Place<'t, T> {
    /// A node of a tape.
    Attached(&'t Tape<T>, NodeId),
    /// A number that no tape has seen.
    Detached(T),
}

impl<T: Copy> Clone for Place<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Copy> Copy for Place<'_, T> {}

impl<T: Copy> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Copy> Copy for Var<'_, T> {}

impl<'t, T: Scalar> Var<'t, T> {
    pub(crate) fn attached(tape: &'t Tape<T>, id: NodeId) -> Self {
        Var {
            place: Place::Attached(tape, id),
        }
    }

    /// A number that belongs to no tape.
    #[must_use]
    pub fn detached(value: T) -> Self {
        Var {
            place: Place::Detached(value),
        }
    }

    /// The node on `tape`; a detached number is recorded as a constant.
    #[track_caller]
    pub(crate) fn on(self, tape: &'t Tape<T>) -> NodeId {
        match self.place {
            Place::Attached(own, id) => {
                assert!(
                    std::ptr::eq(own, tape),
                    "two variables of different tapes meet: record both in one function"
                );
                id
            }
            Place::Detached(value) => match tape.constant(Shape::scalar(), &[value]).place {
                Place::Attached(_, id) => id,
                Place::Detached(_) => unreachable!("a tape's constant is attached"),
            },
        }
    }

    pub(crate) fn tape_of(self) -> Option<&'t Tape<T>> {
        match self.place {
            Place::Attached(tape, _) => Some(tape),
            Place::Detached(_) => None,
        }
    }

    /// The shape; `[]` for a number.
    #[must_use]
    pub fn shape(self) -> Shape {
        match self.place {
            Place::Attached(tape, id) => tape.shape(id),
            Place::Detached(_) => Shape::scalar(),
        }
    }

    /// The value at the recorded point, row by row; `None` where only formulas are recorded.
    #[must_use]
    pub fn value(self) -> Option<Vec<T>> {
        match self.place {
            Place::Attached(tape, id) => tape.value(id),
            Place::Detached(value) => Some(vec![value]),
        }
    }

    /// An operation that needs a tape, on this variable alone.
    #[track_caller]
    fn apply(self, op: Op, shape: Shape) -> Self {
        match self.place {
            Place::Attached(tape, id) => tape.push(op, &[id], shape),
            Place::Detached(_) => panic!(
                "a plain number belongs to no tape and cannot become an array: take `full` of a variable of the tape"
            ),
        }
    }

    /// `value` for a detached number, else the operation on the node.
    fn apply_or(self, value: impl FnOnce(T) -> T, op: Op) -> Self {
        match self.place {
            Place::Detached(number) => Var::detached(value(number)),
            Place::Attached(..) => self.apply(op, self.shape()),
        }
    }

    /// Stretches to a larger shape by NumPy's rule.
    ///
    /// # Panics
    /// If this shape cannot be broadcast to that one.
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
    #[must_use]
    pub fn transpose(self) -> Self {
        let reversed: Vec<usize> = (0..self.shape().rank()).rev().collect();
        self.permute(&reversed)
    }

    /// A run of indices along an axis.
    ///
    /// # Panics
    /// If the axis does not exist or the run reaches beyond it.
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

    /// The sum of all elements.
    #[must_use]
    pub fn sum(self) -> Self {
        self.sum_axes(((1u64 << self.shape().rank()) - 1) as u32)
    }

    /// The sum along one axis, which is removed.
    ///
    /// # Panics
    /// If there is no such axis.
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

    /// Zeros of this shape.
    pub(crate) fn zeros_like(self) -> Self {
        self.full(T::from_f64(0.0), self.shape())
    }

    /// The matrix product; a vector `[n]` on the right is a column, on the left a row, and its axis disappears.
    ///
    /// # Panics
    /// If an array has not one or two axes, or the inner lengths differ.
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(
            (1..=2).contains(&a.rank()) && (1..=2).contains(&b.rank()),
            "matmul takes vectors and matrices, not {a} and {b}"
        );
        let left = if a.rank() == 1 {
            self.reshape([1, a.axis(0)])
        } else {
            self
        };
        let right = if b.rank() == 1 {
            other.reshape([b.axis(0), 1])
        } else {
            other
        };
        let product = left.matmul_with(right, false, false);
        let mut lengths = product.shape().to_vec();
        if b.rank() == 1 {
            lengths.pop();
        }
        if a.rank() == 1 {
            lengths.remove(0);
        }
        product.reshape(Shape::new(&lengths))
    }

    /// The product of two matrices, each transposed first where its flag says so. The transposes are never carried out.
    ///
    /// # Panics
    /// If an array is no matrix, or the inner lengths differ.
    #[must_use]
    #[track_caller]
    pub fn matmul_with(self, other: Self, transpose_a: bool, transpose_b: bool) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(
            a.rank() == 2 && b.rank() == 2,
            "a product of matrices, not of shapes {a} and {b}"
        );
        let ((rows, inner), (inner_b, columns)) = (
            matmul::dimensions(&a, transpose_a),
            matmul::dimensions(&b, transpose_b),
        );
        assert!(
            inner == inner_b,
            "matrices {rows}×{inner} and {inner_b}×{columns} do not fit"
        );
        let tape = self
            .tape_of()
            .or(other.tape_of())
            .expect("a matrix is a variable of a tape");
        tape.push(
            Op::MatMul {
                transpose_a,
                transpose_b,
            },
            &[self.on(tape), other.on(tape)],
            Shape::new(&[rows, columns]),
        )
    }

    /// Brings operands to one tape and one shape; `None` if all are detached.
    #[track_caller]
    fn together<const N: usize>(
        operands: [Self; N],
        what: &str,
    ) -> Option<(&'t Tape<T>, [NodeId; N], Shape)> {
        let tape = operands.iter().find_map(|operand| operand.tape_of())?;
        // Loops, not closures: the caller's line would end at a closure.
        let mut shape = Shape::scalar();
        for operand in operands {
            shape = shape.together(&operand.shape(), what);
        }
        let mut ids = [NodeId(0); N];
        for (id, operand) in ids.iter_mut().zip(operands) {
            let attached = Var::attached(tape, operand.on(tape));
            *id = attached.broadcast_to(shape.clone()).on(tape);
        }
        Some((tape, ids, shape))
    }

    /// The comparison as a fact about single numbers; recorded ones leave a guard.
    #[track_caller]
    pub(crate) fn decide(self, op: Binary, other: Self) -> bool {
        match (self.place, other.place) {
            (Place::Detached(a), Place::Detached(b)) => crate::op::holds(op, a, b),
            _ => {
                let tape = self
                    .tape_of()
                    .or(other.tape_of())
                    .expect("one of the two is attached");
                let (a, b) = (self.on(tape), other.on(tape));
                tape.compare(op, a, b)
            }
        }
    }
}

impl<T: Scalar> Scalar for Var<'_, T> {
    fn from_f64(value: f64) -> Self {
        Var::detached(T::from_f64(value))
    }

    fn unary(self, op: Unary) -> Self {
        self.apply_or(|x| x.unary(op), Op::Unary(op))
    }

    #[track_caller]
    fn binary(self, op: Binary, other: Self) -> Self {
        match (self.place, other.place) {
            (Place::Detached(a), Place::Detached(b)) => Var::detached(a.binary(op, b)),
            _ => {
                let (tape, ids, shape) =
                    Var::together([self, other], op.name()).expect("one of the two is attached");
                tape.push(Op::Binary(op), &ids, shape)
            }
        }
    }

    #[track_caller]
    fn select(condition: Self, a: Self, b: Self) -> Self {
        match (condition.place, a.place, b.place) {
            (Place::Detached(c), ..) => {
                // The side is known; it still takes the common shape.
                let taken = if c == T::from_f64(0.0) { b } else { a };
                Var::together([a, b], "select").map_or(taken, |(_, _, shape)| match taken.place {
                    Place::Attached(..) => taken.broadcast_to(shape),
                    Place::Detached(_) => taken,
                })
            }
            _ => {
                let (tape, ids, shape) =
                    Var::together([condition, a, b], "select").expect("the condition is attached");
                tape.push(Op::Select, &ids, shape)
            }
        }
    }

    fn powi(self, n: i32) -> Self {
        match self.place {
            Place::Detached(x) => Var::detached(whole_power(x, n)),
            Place::Attached(..) if n == 0 => Var::from_f64(1.0),
            Place::Attached(..) => self.apply(Op::Powi(n), self.shape()),
        }
    }
}

impl<T: Scalar> fmt::Debug for Var<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Attached(_, id) => write!(out, "Var(node {}, shape {})", id.0, self.shape()),
            Place::Detached(value) => write!(out, "Var({value:?})"),
        }
    }
}
