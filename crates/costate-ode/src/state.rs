//! States: contiguous runs of elements, each element a vector over the scalar.

use crate::Real;
use nalgebra::allocator::Allocator;
use nalgebra::{Complex, DefaultAllocator, Dim, OMatrix};
use std::fmt::Debug;

/// One component of a state: a vector over the scalar `T`.
///
/// Every [`Real`] is an element over itself. An `f32` is also an element over `f64`: time, step sizes and error norms are then kept
/// in double precision while the state and its arithmetic stay in single precision. A complex number is an element over its
/// parts, and its size in error norms is its modulus.
///
/// Implement it for your own type to integrate, say, numbers that carry tangents: the error norm sees only
/// [`magnitude`](Element::magnitude), so a tangent that it leaves out does not change a single step.
///
/// ```
/// use costate_ode::Element;
///
/// let weight = <f32 as Element<f64>>::weight(0.1);
/// assert_eq!(Element::<f64>::add_scaled(1.0_f32, weight, 2.0), 1.0 + 0.1_f32 * 2.0);
/// ```
pub trait Element<T>: Copy + Debug {
    /// A coefficient as this type multiplies by it: `T` itself, or `T` rounded to the type's own precision.
    type Weight: Copy;

    /// The zero vector.
    fn zero() -> Self;
    /// The coefficient `value`, made once for a whole state.
    fn weight(value: T) -> Self::Weight;
    /// `self + weight · other`.
    fn add_scaled(self, weight: Self::Weight, other: Self) -> Self;
    /// `weight · self`: where a sum begins.
    #[inline]
    fn scaled(self, weight: Self::Weight) -> Self {
        Self::zero().add_scaled(weight, self)
    }
    /// |self|, in the scalar.
    fn magnitude(self) -> T;
    /// The relative rounding error of this type: tolerances below it cannot be met.
    fn epsilon() -> T;
}

impl<T: Real> Element<T> for T {
    type Weight = T;

    #[inline]
    fn zero() -> T {
        T::zero()
    }
    #[inline]
    fn weight(value: T) -> T {
        value
    }
    #[inline]
    fn add_scaled(self, weight: T, other: T) -> T {
        self + weight * other
    }
    #[inline]
    fn scaled(self, weight: Self::Weight) -> Self {
        weight * self
    }
    #[inline]
    fn magnitude(self) -> T {
        self.abs()
    }
    #[inline]
    fn epsilon() -> T {
        T::epsilon()
    }
}

impl Element<f64> for f32 {
    type Weight = f32;

    #[inline]
    fn zero() -> f32 {
        0.0
    }
    #[inline]
    fn weight(value: f64) -> f32 {
        value as f32
    }
    #[inline]
    fn add_scaled(self, weight: f32, other: f32) -> f32 {
        self + weight * other
    }
    #[inline]
    fn scaled(self, weight: Self::Weight) -> Self {
        weight * self
    }
    #[inline]
    fn magnitude(self) -> f64 {
        f64::from(self.abs())
    }
    #[inline]
    fn epsilon() -> f64 {
        f64::from(f32::EPSILON)
    }
}

impl<T: Real> Element<T> for Complex<T> {
    type Weight = T;

    #[inline]
    fn zero() -> Self {
        Complex::new(T::zero(), T::zero())
    }
    #[inline]
    fn weight(value: T) -> T {
        value
    }
    #[inline]
    fn add_scaled(self, weight: T, other: Self) -> Self {
        Complex::new(self.re + weight * other.re, self.im + weight * other.im)
    }
    #[inline]
    fn magnitude(self) -> T {
        self.re.hypot(self.im)
    }
    #[inline]
    fn epsilon() -> T {
        T::epsilon()
    }
}

/// The state y of a system: a contiguous run of [`Element`]s over the scalar `T`.
///
/// `[E; N]` for sizes known in the source: loops over components unroll, nothing lives on the heap. `Vec<E>` for sizes known
/// at run time. nalgebra's vectors and matrices of either kind, column by column.
///
/// ```
/// use costate_ode::State;
///
/// fn len<T, Y: State<T>>(y: &Y) -> usize {
///     y.as_slice().len()
/// }
/// assert_eq!(len::<f64, _>(&[1.0, 2.0]), 2);
/// assert_eq!(len::<f64, _>(&nalgebra::Matrix2::<f64>::identity()), 4);
/// ```
pub trait State<T>: Clone {
    /// The type of a component.
    type Element: Element<T>;

    /// The components.
    fn as_slice(&self) -> &[Self::Element];
    /// The components, to write.
    fn as_mut_slice(&mut self) -> &mut [Self::Element];
}

impl<T, E: Element<T>, const N: usize> State<T> for [E; N] {
    type Element = E;

    #[inline]
    fn as_slice(&self) -> &[E] {
        self
    }
    #[inline]
    fn as_mut_slice(&mut self) -> &mut [E] {
        self
    }
}

impl<T, E: Element<T>> State<T> for Vec<E> {
    type Element = E;

    #[inline]
    fn as_slice(&self) -> &[E] {
        self
    }
    #[inline]
    fn as_mut_slice(&mut self) -> &mut [E] {
        self
    }
}

impl<T, E, R: Dim, C: Dim> State<T> for OMatrix<E, R, C>
where
    E: Element<T> + nalgebra::Scalar,
    DefaultAllocator: Allocator<R, C>,
{
    type Element = E;

    #[inline]
    fn as_slice(&self) -> &[E] {
        nalgebra::Matrix::as_slice(self)
    }
    #[inline]
    fn as_mut_slice(&mut self) -> &mut [E] {
        nalgebra::Matrix::as_mut_slice(self)
    }
}
