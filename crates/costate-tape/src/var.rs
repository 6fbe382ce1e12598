//! The handle that user code computes with while a tape records.

mod compositions;
mod linear;
mod movement;
mod products;
mod sums;

use crate::graph::NodeId;
use crate::op::{Binary, Op, Unary};
use crate::scalar::{Scalar, whole_power};
use crate::shape::Shape;
use crate::tape::Tape;
use std::fmt;

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

    /// Whether it is a constant of which every element is zero.
    pub(crate) fn is_zero(self) -> bool {
        match self.place {
            Place::Attached(tape, id) => tape.is_zero(id),
            Place::Detached(value) => value == T::from_f64(0.0),
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

    /// Brings operands to one tape and one shape; `None` if all are detached.
    #[track_caller]
    fn together<const N: usize>(
        operands: [Self; N],
        what: &str,
    ) -> Option<(&'t Tape<T>, [NodeId; N], Shape)> {
        let tape = operands.iter().find_map(|operand| operand.tape_of())?;
        let mut ids = [NodeId(0); N];
        if operands.iter().all(|operand| operand.tape_of().is_some()) {
            for (id, operand) in ids.iter_mut().zip(operands) {
                *id = operand.on(tape);
            }
            if let Some(shape) = tape.shape_of_all(&ids) {
                return Some((tape, ids, shape));
            }
        }
        // Loops, not closures: the caller's line would end at a closure.
        let mut shape = Shape::scalar();
        for operand in operands {
            shape = shape.together(&operand.shape(), what);
        }
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
                match Var::together([a, b], "select") {
                    Some((tape, _, shape)) if !shape.is_scalar() => {
                        Var::attached(tape, taken.on(tape)).broadcast_to(shape)
                    }
                    _ => taken,
                }
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
            Place::Attached(..) if n == 0 => self.full(T::from_f64(1.0), self.shape()),
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
