//! Vector fields and their three products.

mod integral;
mod native;
mod natural;
mod recorded;
mod solvable;
mod split;

pub use integral::Integral;
pub use native::{Native, Products, RightHandSide};
pub(crate) use natural::Natural;
pub use recorded::Recorded;
pub use solvable::Solvable;
pub use split::Split;

use costate_ode::{Matrix, Structure};
use std::ops::Range;

/// The explicit and the implicit part of a field.
///
/// ```
/// use costate_neural_ode::{Split, VectorField, doc::House};
///
/// // f = θ t h twice; both parts take all of θ.
/// let mut split = Split::new(House::default(), House::default());
/// split.set_parameters(&[0.25]);
/// let (explicit, implicit) = split.parts().expect("it has two");
/// let mut dh = [0.0];
/// explicit.eval(0, 4.0, &[3.0], &mut dh);
/// assert_eq!(dh, [3.0]);
/// implicit.eval(0, 8.0, &[3.0], &mut dh);
/// assert_eq!(dh, [6.0]);
/// ```
pub type Parts<'a, T> = (&'a mut dyn VectorField<T>, &'a mut dyn VectorField<T>);

/// The vector field f of dh/dt = f(h, t, θ) and what gradient methods need of its derivatives: products with a row a from the left,
///
/// ```text
/// a·∂f/∂h      a·∂f/∂t      a·∂f/∂θ
/// ```
///
/// never a Jacobian matrix, unless an implicit solver asks for one: it is then made of products, or given by the field. An evaluation is kept in a numbered *frame* until another one is written to that frame: the products are those
/// of a kept evaluation. The parameter product comes in two phases, because only its sum over many evaluations is wanted: first
/// [`products`](VectorField::products) with each row a, then [`accumulate`](VectorField::accumulate) for several frames together, and at
/// the end [`finish`](VectorField::finish).
///
/// States and rows are slices of length [`state_len`](VectorField::state_len), parameters of [`parameter_len`](VectorField::parameter_len).
/// Frames are made when they are first written; after that no call allocates.
///
/// Signs are plain: every product is +a·∂f/∂·. The minus signs of the adjoint equation are the gradient methods' own.
///
/// All three stand in the adjoint system of the derivation ([`Augmented`](crate::Augmented)):
#[cfg_attr(doc, doc = include_str!("../formulas/augmented.html"))]
///
/// # Implementations
/// [`Recorded`] for whatever was recorded on the tape, [`Native`] for right-hand sides of a few states written in Rust, [`Integral`] for a field with an integral
/// cost beside it, [`Split`] for one in two parts, and your own:
///
/// ```
/// use costate_neural_ode::VectorField;
///
/// /// f = θ t h.
/// #[derive(Default)]
/// struct House {
///     theta: f64,
///     frames: Vec<[f64; 3]>, // t, h, a
///     sum: f64,
/// }
///
/// impl VectorField<f64> for House {
///     fn state_len(&self) -> usize {
///         1
///     }
///     fn parameter_len(&self) -> usize {
///         1
///     }
///     fn set_parameters(&mut self, theta: &[f64]) {
///         self.theta = theta[0];
///     }
///     fn eval(&mut self, frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
///         self.frames.resize(self.frames.len().max(frame + 1), [0.0; 3]);
///         self.frames[frame] = [t, h[0], 0.0];
///         dh[0] = self.theta * t * h[0];
///     }
///     fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
///         let [t, h, kept] = &mut self.frames[frame];
///         *kept = a[0];
///         a_h[0] = a[0] * self.theta * *t;
///         a[0] * self.theta * *h
///     }
///     fn accumulate(&mut self, frames: &[(usize, f64)]) {
///         for &(frame, weight) in frames {
///             let [t, h, a] = self.frames[frame];
///             self.sum += weight * a * t * h;
///         }
///     }
///     fn finish(&mut self, a_theta: &mut [f64]) {
///         a_theta[0] = std::mem::take(&mut self.sum);
///     }
/// }
///
/// let mut house = House::default();
/// house.set_parameters(&[0.25]);
/// let (mut dh, mut a_h, mut a_theta) = ([0.0], [0.0], [0.0]);
/// house.eval(0, 4.0, &[3.0], &mut dh);
/// let a_t = house.products(0, &[2.0], &mut a_h);
/// house.accumulate(&[(0, 1.0)]);
/// house.finish(&mut a_theta);
/// assert_eq!((dh, a_h, a_t, a_theta), ([3.0], [2.0], 1.5, [24.0]));
/// ```
///
/// # References
/// \[Griewank2008\] (products instead of matrices)
pub trait VectorField<T> {
    /// The number of components of h.
    fn state_len(&self) -> usize;

    /// The number of components of θ.
    fn parameter_len(&self) -> usize;

    /// Sets θ for the evaluations to come. What was accumulated is forgotten.
    fn set_parameters(&mut self, theta: &[T]);

    /// Writes f(h, t, θ) into `dh` and keeps the evaluation in `frame`.
    fn eval(&mut self, frame: usize, t: T, h: &[T], dh: &mut [T]);

    /// Writes a·∂f/∂h at the evaluation kept in `frame` into `a_h` and returns a·∂f/∂t there. The row a is kept too.
    fn products(&mut self, frame: usize, a: &[T], a_h: &mut [T]) -> T;

    /// Adds Σ weight · a·∂f/∂θ to what is accumulated: over `(frame, weight)`, each with the row a last given for that frame.
    fn accumulate(&mut self, frames: &[(usize, T)]);

    /// Writes what was accumulated into `a_theta` and begins again at zero.
    fn finish(&mut self, a_theta: &mut [T]);

    /// How many evaluations [`eval_frames`](VectorField::eval_frames) and [`products_frames`](VectorField::products_frames) like at once: one, unless several
    /// together are cheaper.
    fn evaluates_at_once(&self) -> usize {
        1
    }

    /// [`eval`](VectorField::eval) into each of `frames`, at times `t` and states that follow one another in `h`, as the slopes do in `dh`; the same but for rounding.
    fn eval_frames(&mut self, frames: Range<usize>, t: &[T], h: &[T], dh: &mut [T])
    where
        T: Copy,
    {
        let n = self.state_len();
        for (k, frame) in frames.enumerate() {
            let one = k * n..(k + 1) * n;
            self.eval(frame, t[k], &h[one.clone()], &mut dh[one]);
        }
    }

    /// [`products`](VectorField::products) of each of `frames`, with rows that follow one another in `a`, as a·∂f/∂h does in `a_h` and a·∂f/∂t in `a_t`; the same
    /// but for rounding.
    fn products_frames(&mut self, frames: Range<usize>, a: &[T], a_h: &mut [T], a_t: &mut [T])
    where
        T: Copy,
    {
        let n = self.state_len();
        for (k, frame) in frames.enumerate() {
            let one = k * n..(k + 1) * n;
            a_t[k] = self.products(frame, &a[one.clone()], &mut a_h[one]);
        }
    }

    /// The bytes that one frame takes: what a memory budget counts with.
    fn frame_bytes(&self) -> usize {
        (2 * self.state_len() + 1) * size_of::<T>()
    }

    /// Which entries of ∂f/∂h can be other than zero, states in their natural order: what implicit methods solve their equations by. All of them, unless the
    /// field says otherwise.
    fn structure(&self) -> Structure {
        Structure::Dense
    }

    /// Whether f is known not to look at t.
    fn is_autonomous(&self) -> bool {
        false
    }

    /// Writes ∂f/∂h at (h, t) into `jacobian`, whose entries are all zero, and ∂f/∂t into `f_t`, all in natural order, and returns true; or returns false to have
    /// them made of products, one for each component, or for each group of rows without a common column.
    fn jacobian(&mut self, t: T, h: &[T], jacobian: &mut Matrix<T>, f_t: &mut [T]) -> bool {
        let _ = (t, h, jacobian, f_t);
        false
    }

    /// Whether [`curvature`](VectorField::curvature) can be had.
    fn has_curvature(&mut self) -> bool {
        false
    }

    /// Second derivatives, as the adjoints of Rosenbrock methods need them, whose stages contain ∂f/∂h: with the tangent ∂f/∂h u + ∂f/∂t s of f at (h, t)
    /// along (u, s), writes a·∂/∂h of it into `a_h`, adds a·∂/∂θ of it to what is accumulated and returns a·∂/∂t of it. All in natural order. `None`, and nothing
    /// done, if the field does not know them.
    fn curvature(&mut self, t: T, h: &[T], along: (&[T], T), a: &[T], a_h: &mut [T]) -> Option<T> {
        let _ = (t, h, along, a, a_h);
        None
    }

    /// The parts of f = f_E + f_I, the explicit and the implicit one, in natural order, if it has them ([`Split`]); their frames are those of f. Only solvers with an
    /// explicit companion ask.
    fn parts(&mut self) -> Option<Parts<'_, T>> {
        None
    }

    /// Brings a state into the order in which this field takes and gives states and rows; a plain copy unless the field has its own order.
    fn pack(&self, natural: &[T], packed: &mut [T])
    where
        T: Copy,
    {
        packed.copy_from_slice(natural);
    }

    /// The way back from [`pack`](VectorField::pack).
    fn unpack(&self, packed: &[T], natural: &mut [T])
    where
        T: Copy,
    {
        natural.copy_from_slice(packed);
    }
}

impl<T, F: VectorField<T> + ?Sized> VectorField<T> for &mut F {
    fn structure(&self) -> Structure {
        (**self).structure()
    }
    fn is_autonomous(&self) -> bool {
        (**self).is_autonomous()
    }
    fn jacobian(&mut self, t: T, h: &[T], jacobian: &mut Matrix<T>, f_t: &mut [T]) -> bool {
        (**self).jacobian(t, h, jacobian, f_t)
    }
    fn has_curvature(&mut self) -> bool {
        (**self).has_curvature()
    }
    fn curvature(&mut self, t: T, h: &[T], along: (&[T], T), a: &[T], a_h: &mut [T]) -> Option<T> {
        (**self).curvature(t, h, along, a, a_h)
    }
    fn parts(&mut self) -> Option<Parts<'_, T>> {
        (**self).parts()
    }
    #[inline]
    fn state_len(&self) -> usize {
        (**self).state_len()
    }
    #[inline]
    fn parameter_len(&self) -> usize {
        (**self).parameter_len()
    }
    #[inline]
    fn set_parameters(&mut self, theta: &[T]) {
        (**self).set_parameters(theta);
    }
    #[inline]
    fn eval(&mut self, frame: usize, t: T, h: &[T], dh: &mut [T]) {
        (**self).eval(frame, t, h, dh);
    }
    #[inline]
    fn products(&mut self, frame: usize, a: &[T], a_h: &mut [T]) -> T {
        (**self).products(frame, a, a_h)
    }
    #[inline]
    fn accumulate(&mut self, frames: &[(usize, T)]) {
        (**self).accumulate(frames);
    }
    #[inline]
    fn finish(&mut self, a_theta: &mut [T]) {
        (**self).finish(a_theta);
    }
    fn evaluates_at_once(&self) -> usize {
        (**self).evaluates_at_once()
    }
    fn eval_frames(&mut self, frames: Range<usize>, t: &[T], h: &[T], dh: &mut [T])
    where
        T: Copy,
    {
        (**self).eval_frames(frames, t, h, dh);
    }
    fn products_frames(&mut self, frames: Range<usize>, a: &[T], a_h: &mut [T], a_t: &mut [T])
    where
        T: Copy,
    {
        (**self).products_frames(frames, a, a_h, a_t);
    }
    fn frame_bytes(&self) -> usize {
        (**self).frame_bytes()
    }
    #[inline]
    fn pack(&self, natural: &[T], packed: &mut [T])
    where
        T: Copy,
    {
        (**self).pack(natural, packed);
    }
    #[inline]
    fn unpack(&self, packed: &[T], natural: &mut [T])
    where
        T: Copy,
    {
        (**self).unpack(packed, natural);
    }
}
