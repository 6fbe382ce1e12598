//! Operations that are compositions: reductions, products of arrays, convolutions.

use crate::op::Binary;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;

/// Reductions. Over one axis they remove it, as [`Var::sum_axis`] does.
impl<'t, T: Scalar> Var<'t, T> {
    /// The mean along one axis.
    ///
    /// # Panics
    /// If there is no such axis.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.mean_axis(1).value().unwrap(), [2.0, 5.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean_axis(self, axis: usize) -> Self {
        let sum = self.sum_axis(axis);
        sum / Var::from_f64(self.shape().axis(axis) as f64)
    }

    /// The product along one axis, by halves; its derivative is right where factors are zero. 1 for an axis of length 0.
    ///
    /// # Panics
    /// If there is no such axis.
    ///
    /// ```
    /// let g = costate_tape::gradient(|x| x.product_axis(0), &[2.0, 0.0, 5.0]);
    /// assert_eq!(g, [0.0, 10.0, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn product_axis(self, axis: usize) -> Self {
        self.reduce(axis, Binary::Mul, 1.0)
    }

    /// The largest element along one axis; the derivative belongs to the first of equal ones. −∞ for an axis of length 0.
    ///
    /// # Panics
    /// If there is no such axis.
    ///
    /// ```
    /// let g = costate_tape::gradient(|x| x.max_axis(0), &[1.0, 7.0, 7.0, 3.0]);
    /// assert_eq!(g, [0.0, 1.0, 0.0, 0.0]); // the first of the two largest
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max_axis(self, axis: usize) -> Self {
        self.reduce(axis, Binary::Max, f64::NEG_INFINITY)
    }

    /// The smallest element along one axis; the derivative belongs to the first of equal ones. ∞ for an axis of length 0.
    ///
    /// # Panics
    /// If there is no such axis.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.min_axis(0).value().unwrap(), [1.0, 2.0, 3.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn min_axis(self, axis: usize) -> Self {
        self.reduce(axis, Binary::Min, f64::INFINITY)
    }

    /// Halves the axis until one element is left: as many nodes as the length has binary digits.
    #[track_caller]
    fn reduce(self, axis: usize, op: Binary, neutral: f64) -> Self {
        let own = self.shape();
        assert!(axis < own.rank(), "shape {own} has no axis {axis}");
        let without = without_axis(&own, axis);
        if own.axis(axis) == 0 {
            return self.full(T::from_f64(neutral), without);
        }
        let mut rest = self;
        while rest.shape().axis(axis) > 1 {
            let length = rest.shape().axis(axis);
            let half = length / 2;
            // Neighbours meet, the earlier on the left: it wins a tie.
            let paired = rest
                .slice(axis, 0..2 * half)
                .reshape(Shape::new(&halved(&rest.shape(), axis)));
            let side = |i: usize| {
                paired
                    .slice(axis + 1, i..i + 1)
                    .reshape(own.with_axis(axis, half))
            };
            let merged = side(0).binary(op, side(1));
            rest = if length.is_multiple_of(2) {
                merged
            } else {
                Var::concat(&[merged, rest.slice(axis, length - 1..length)], axis)
            };
        }
        rest.reshape(without)
    }

    /// ln Σ eˣ along one axis, without overflow. Not a number where all elements are −∞.
    ///
    /// # Panics
    /// If there is no such axis, or its length is 0.
    ///
    /// ```
    /// use costate_tape::{Scalar, value_and_gradient};
    /// let (y, g) = value_and_gradient(|x| x.logsumexp(0), &[1000.0, 1000.0]);
    /// assert_eq!(y, 1000.0 + 2f64.ln());
    /// assert_eq!(g, [0.5, 0.5]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn logsumexp(self, axis: usize) -> Self {
        let (largest, shifted) = self.shifted(axis);
        shifted.exp().sum_axis(axis).ln() + largest
    }

    /// eˣ/Σ eˣ along one axis, without overflow: positive, with sum 1.
    ///
    /// # Panics
    /// If there is no such axis, or its length is 0.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([2], &[1000.0, 1000.0 + 3.0_f64.ln()]);
    /// let y = x.softmax(0).value().unwrap();
    /// assert!((y[0] - 0.25).abs() < 1e-12 && (y[1] - 0.75).abs() < 1e-12);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn softmax(self, axis: usize) -> Self {
        let own = self.shape();
        let powers = self.shifted(axis).1.exp();
        let sums = powers.sum_axis(axis).reshape(own.with_axis(axis, 1));
        powers / sums
    }

    /// The largest along the axis, rounded down, and all less that. What a shift would add to a derivative cancels: one that is whole has none.
    #[track_caller]
    fn shifted(self, axis: usize) -> (Self, Self) {
        let own = self.shape();
        assert!(axis < own.rank(), "shape {own} has no axis {axis}");
        assert!(
            own.axis(axis) > 0,
            "axis {axis} of shape {own} has no element"
        );
        let mut largest = self;
        while largest.shape().axis(axis) > 1 {
            let length = largest.shape().axis(axis);
            // Of an odd number, the one in the middle is in both.
            let half = length.div_ceil(2);
            let [first, last] =
                [0..half, length - half..length].map(|half| largest.slice(axis, half));
            largest = first.binary(Binary::Max, last);
        }
        let shift = largest.floor();
        (shift.reshape(without_axis(&own, axis)), self - shift)
    }

    /// √Σx² of all elements; the derivative at zero is 0.
    ///
    /// The squares may overflow or vanish: for elements beyond 10¹⁵⁰ or all below 10⁻¹⁵⁰ scale first.
    ///
    /// ```
    /// use costate_tape::value_and_gradient;
    /// assert_eq!(value_and_gradient(|x| x.norm(), &[0.0, -2.0]), (2.0, vec![0.0, -1.0]));
    /// assert_eq!(value_and_gradient(|x| x.norm(), &[0.0, 0.0]), (0.0, vec![0.0, 0.0]));
    /// ```
    #[must_use]
    pub fn norm(self) -> Self {
        let squares = (self * self).sum();
        // At zero the root of 1 stands in, whose slope is finite; the cotangent there is 0.
        let one = Var::from_f64(1.0);
        Var::select(squares, Var::select(squares, squares, one).sqrt(), squares)
    }

    /// Running sums along one axis: element i is the sum of elements 0 … i. By doubling, so the rounding is that of a tree.
    ///
    /// # Panics
    /// If there is no such axis.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([4], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.cumsum(0).value().unwrap(), [1.0, 3.0, 6.0, 10.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumsum(self, axis: usize) -> Self {
        let own = self.shape();
        assert!(axis < own.rank(), "shape {own} has no axis {axis}");
        let length = own.axis(axis);
        let (mut sums, mut step) = (self, 1);
        while step < length {
            sums = sums + sums.slice(axis, 0..length - step).pad(axis, step, length);
            step *= 2;
        }
        sums
    }
}

/// Products of arrays.
impl<'t, T: Scalar> Var<'t, T> {
    /// Σ xᵢyᵢ over all elements of two arrays of one shape.
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let (x, y) = (tape.constant([2], &[1.0, 2.0]), tape.constant([2], &[3.0, 4.0]));
    /// assert_eq!(x.dot(y).value().unwrap(), [11.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dot(self, other: Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(
            a == b,
            "a dot product of shapes {a} and {b}: they must be one"
        );
        (self * other).sum()
    }

    /// The array of all products xᵢyⱼ, of this shape followed by the other.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let (x, y) = (tape.constant([2], &[1.0, 2.0]), tape.constant([2], &[3.0, 4.0]));
    /// assert_eq!(x.outer(y).value().unwrap(), [3.0, 4.0, 6.0, 8.0]);
    /// ```
    #[must_use]
    pub fn outer(self, other: Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        let column = Shape::new(&[a.to_vec(), vec![1; b.rank()]].concat());
        self.reshape(column) * other
    }

    /// Matrix products over leading axes: \[…, m, k\] · \[…, k, n\] = \[…, m, n\], the leading axes broadcast.
    ///
    /// A matrix on the right is one product with all rows on the left; else one product is recorded for each pair.
    ///
    /// # Panics
    /// If an array has less than two axes, inner lengths differ, or leading axes do not fit.
    ///
    /// ```
    /// use costate_tape::Function;
    /// let f = Function::<f64>::record(&[("a", &[2, 1, 2]), ("b", &[2, 2, 1])], |v| vec![v[0].batched_matmul(v[1])])?;
    /// assert_eq!(f.output_shape(0).to_vec(), [2, 1, 1]);
    /// assert_eq!(f.eval(&[&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]])?[0], [17.0, 53.0]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn batched_matmul(self, other: Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(
            a.rank() >= 2 && b.rank() >= 2,
            "a product of matrices, not of shapes {a} and {b}"
        );
        let ((a_lead, a_last), (b_lead, b_last)) = (split(&a), split(&b));
        let [rows, inner] = a_last;
        let [inner_b, columns] = b_last;
        assert!(
            inner == inner_b,
            "matrices {rows}×{inner} and {inner_b}×{columns} do not fit"
        );
        if b.rank() == 2 {
            let flat = self
                .reshape([a_lead.len() * rows, inner])
                .matmul_with(other, false, false);
            return flat.reshape(Shape::new(&[a_lead.to_vec(), vec![rows, columns]].concat()));
        }
        let lead = a_lead.together(&b_lead, "batched_matmul");
        let whole = |last: [usize; 2]| Shape::new(&[lead.to_vec(), last.to_vec()].concat());
        let left = self
            .broadcast_to(whole(a_last))
            .reshape([lead.len() * rows, inner]);
        let right = other
            .broadcast_to(whole(b_last))
            .reshape([lead.len() * inner, columns]);
        let products: Vec<Self> = (0..lead.len())
            .map(|i| {
                let a = left.slice(0, i * rows..(i + 1) * rows);
                a.matmul_with(right.slice(0, i * inner..(i + 1) * inner), false, false)
            })
            .collect();
        if products.is_empty() {
            return self.full(T::from_f64(0.0), whole([rows, columns]));
        }
        Var::concat(&products, 0).reshape(whole([rows, columns]))
    }
}

/// Convolutions, as networks mean them: the kernel is not turned round.
impl<'t, T: Scalar> Var<'t, T> {
    /// A convolution along one axis: x \[batch, channels, length\] with kernel \[out, channels, width\] gives
    /// \[batch, out, length − width + 1\], y\[b, o, i\] = Σ x\[b, c, i + k\]·kernel\[o, c, k\]. Pad first to keep the length.
    ///
    /// # Panics
    /// If an array has not three axes, channels differ, or the kernel is longer than x.
    ///
    /// ```
    /// use costate_tape::Function;
    /// let f = Function::<f64>::record(&[("x", &[1, 1, 4]), ("k", &[1, 1, 2])], |v| vec![v[0].conv1d(v[1])])?;
    /// assert_eq!(f.eval(&[&[1.0, 2.0, 4.0, 8.0], &[-1.0, 1.0]])?[0], [1.0, 2.0, 4.0]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn conv1d(self, kernel: Self) -> Self {
        let (x, k) = (self.shape(), kernel.shape());
        assert!(
            x.rank() == 3 && k.rank() == 3,
            "conv1d takes [batch, channels, length] and [out, channels, width], not {x} and {k}"
        );
        let image = self.reshape([x.axis(0), x.axis(1), 1, x.axis(2)]);
        let y = image.conv2d(kernel.reshape([k.axis(0), k.axis(1), 1, k.axis(2)]));
        y.reshape([x.axis(0), k.axis(0), x.axis(2) + 1 - k.axis(2)])
    }

    /// A convolution along two axes: x \[batch, channels, height, width\] with kernel \[out, channels, rows, columns\] gives
    /// \[batch, out, height − rows + 1, width − columns + 1\]. One matrix product over the gathered windows.
    ///
    /// # Panics
    /// If an array has not four axes, channels differ, or the kernel is larger than x.
    ///
    /// ```
    /// use costate_tape::Tape;
    /// let tape = Tape::<f64>::at(vec![]);
    /// let x = tape.constant([1, 1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// let kernel = tape.constant([1, 1, 2, 2], &[1.0, 0.0, 0.0, -1.0]);
    /// assert_eq!(x.conv2d(kernel).value().unwrap(), [-4.0, -4.0]); // x[i, j] − x[i + 1, j + 1]
    /// ```
    #[must_use]
    #[track_caller]
    pub fn conv2d(self, kernel: Self) -> Self {
        let (x, k) = (self.shape(), kernel.shape());
        assert!(
            x.rank() == 4
                && k.rank() == 4
                && x.axis(1) == k.axis(1)
                && x.axis(2) >= k.axis(2)
                && x.axis(3) >= k.axis(3),
            "conv2d takes [batch, channels, height, width] and a kernel [out, channels, rows, columns] that fits, not {x} and {k}"
        );
        let [batch, channels, height, width] = [0, 1, 2, 3].map(|axis| x.axis(axis));
        let [out, _, rows, columns] = [0, 1, 2, 3].map(|axis| k.axis(axis));
        let (down, across) = (height - rows + 1, width - columns + 1);
        let mut table = Vec::with_capacity(batch * down * across * channels * rows * columns);
        for b in 0..batch {
            for (i, j) in pairs(down, across) {
                for c in 0..channels {
                    for (r, s) in pairs(rows, columns) {
                        table.push((((b * channels + c) * height + i + r) * width + j + s) as u32);
                    }
                }
            }
        }
        let window = channels * rows * columns;
        let windows = self.gather(table, [batch * down * across, window]);
        let y = windows.matmul_with(kernel.reshape([out, window]), false, true);
        y.reshape([batch, down, across, out]).permute(&[0, 3, 1, 2])
    }
}

fn pairs(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |i| (0..columns).map(move |j| (i, j)))
}

/// The lengths with one axis as pairs.
fn halved(shape: &Shape, axis: usize) -> Vec<usize> {
    let mut lengths = shape.to_vec();
    lengths[axis] /= 2;
    lengths.insert(axis + 1, 2);
    lengths
}

fn without_axis(shape: &Shape, axis: usize) -> Shape {
    let mut lengths = shape.to_vec();
    lengths.remove(axis);
    Shape::new(&lengths)
}

/// The leading axes, and the lengths of the last two.
fn split(shape: &Shape) -> (Shape, [usize; 2]) {
    let lengths = shape.to_vec();
    let (lead, last) = lengths.split_at(lengths.len() - 2);
    (Shape::new(lead), [last[0], last[1]])
}
