//! Shapes of arrays, row-major, and NumPy's rule for broadcasting them.

use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The lengths of an array's axes; `[]` is a scalar. Elements are stored row by row (the last axis is contiguous).
///
/// ```
/// use costate_tape::Shape;
/// let a = Shape::new(&[5, 1]);
/// let b = Shape::new(&[3]);
/// assert_eq!(a.broadcast(&b), Some(Shape::new(&[5, 3])));
/// assert_eq!(a.len(), 5);
/// ```
#[derive(Clone, Eq, Default)]
pub struct Shape(SmallVec<[u32; 4]>);

/// Compared at every node that is recorded: a loop is faster than a call for a handful of lengths.
impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Shape) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Shape {
    /// The shape with these lengths.
    ///
    /// # Panics
    /// If a length does not fit in 32 bits.
    #[must_use]
    pub fn new(lengths: &[usize]) -> Self {
        Shape(
            lengths
                .iter()
                .map(|&n| u32::try_from(n).expect("an axis is at most 2³² − 1 long"))
                .collect(),
        )
    }

    /// The shape of a single number.
    #[must_use]
    pub fn scalar() -> Self {
        Shape(SmallVec::new())
    }

    /// How many axes there are.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// How many elements an array of this shape has: the product of the lengths, 1 for a scalar.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|&n| n as usize).product()
    }

    /// Whether an array of this shape has no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.contains(&0)
    }

    /// Whether this is the shape of a single number, `[]`.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        self.0.is_empty()
    }

    /// The length of an axis.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    pub fn axis(&self, axis: usize) -> usize {
        self.0[axis] as usize
    }

    /// The lengths of all axes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<usize> {
        self.0.iter().map(|&n| n as usize).collect()
    }

    /// This shape with one axis of another length.
    #[must_use]
    pub fn with_axis(&self, axis: usize, length: usize) -> Self {
        let mut lengths = self.to_vec();
        lengths[axis] = length;
        Shape::new(&lengths)
    }

    /// What element number `i` in memory of an array is called: `t` for a number, `h[1]` of a vector, `W[1, 2]` of a matrix.
    pub(crate) fn element_name(&self, array: &str, i: usize) -> String {
        if self.is_scalar() {
            return array.to_owned();
        }
        let index: Vec<String> = self
            .strides()
            .iter()
            .enumerate()
            .map(|(axis, stride)| (i / stride % self.axis(axis)).to_string())
            .collect();
        format!("{array}[{}]", index.join(", "))
    }

    /// How far apart in memory neighbours along each axis are.
    #[must_use]
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.axis(axis);
        }
        strides
    }

    /// The shape both can be broadcast to: axes are aligned at the right, and a length of 1 stretches. `None` where they
    /// do not fit.
    #[must_use]
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let at = |shape: &Shape, axis: usize| {
            (axis + shape.rank())
                .checked_sub(rank)
                .map_or(1, |axis| shape.axis(axis))
        };
        let mut lengths = Vec::with_capacity(rank);
        for axis in 0..rank {
            lengths.push(match (at(self, axis), at(other, axis)) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            });
        }
        Some(Shape::new(&lengths))
    }

    /// The common shape of two operands of `what`.
    ///
    /// # Panics
    /// If they do not fit.
    #[track_caller]
    pub(crate) fn together(&self, other: &Shape, what: &str) -> Shape {
        match self.broadcast(other) {
            Some(shape) => shape,
            None => panic!("`{what}` cannot broadcast shapes {self} and {other} to each other"),
        }
    }

    /// For each element of `self`, in order, the position in memory of the element of an array of shape `source` that is
    /// broadcast to it.
    pub(crate) fn broadcast_positions<'s>(
        &'s self,
        source: &Shape,
    ) -> impl Iterator<Item = usize> + use<'s> {
        let lead = self.rank() - source.rank();
        let strides = source.strides();
        let steps: Vec<usize> = (0..self.rank())
            .map(|axis| {
                if axis < lead || source.axis(axis - lead) == 1 {
                    0
                } else {
                    strides[axis - lead]
                }
            })
            .collect();
        self.positions(steps)
    }

    /// Walks all elements in order; the position advances by `steps[axis]` along each axis.
    pub(crate) fn positions<'s>(
        &'s self,
        steps: Vec<usize>,
    ) -> impl Iterator<Item = usize> + use<'s> {
        let mut index = vec![0usize; self.rank()];
        let mut position = 0;
        (0..self.len()).map(move |_| {
            let here = position;
            for axis in (0..self.rank()).rev() {
                index[axis] += 1;
                position += steps[axis];
                if index[axis] < self.axis(axis) {
                    break;
                }
                position -= steps[axis] * index[axis];
                index[axis] = 0;
            }
            here
        })
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.0.as_slice())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

impl From<&[usize]> for Shape {
    fn from(lengths: &[usize]) -> Self {
        Shape::new(lengths)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(lengths: [usize; N]) -> Self {
        Shape::new(&lengths)
    }
}
