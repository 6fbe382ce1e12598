//! Lanes in an array: any processor, left to the compiler to vectorise.

use super::Vector;
use crate::kernel::elementary::Constants;

/// `N` lanes of `T` in an array.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Portable<T, const N: usize>([T; N]);

/// The lane operations that [`Portable`] needs beyond arithmetic.
pub(crate) trait Bits: Constants {
    fn from_pattern(bits: u64) -> Self;
    fn pattern(self) -> u64;
    /// Bits below the exponent field.
    const MANTISSA_BITS: u32;
}

impl Bits for f64 {
    fn from_pattern(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
    fn pattern(self) -> u64 {
        self.to_bits()
    }
    const MANTISSA_BITS: u32 = 52;
}

impl Bits for f32 {
    fn from_pattern(bits: u64) -> f32 {
        f32::from_bits(bits as u32)
    }
    fn pattern(self) -> u64 {
        self.to_bits().into()
    }
    const MANTISSA_BITS: u32 = 23;
}

impl<T: Bits, const N: usize> Portable<T, N> {
    #[inline(always)]
    fn zip(mut self, o: Self, f: impl Fn(T, T) -> T) -> Self {
        for i in 0..N {
            self.0[i] = f(self.0[i], o.0[i]);
        }
        self
    }

    #[inline(always)]
    fn compare(self, o: Self, f: impl Fn(T, T) -> bool) -> [bool; N] {
        let mut mask = [false; N];
        for i in 0..N {
            mask[i] = f(self.0[i], o.0[i]);
        }
        mask
    }
}

impl<T: Bits, const N: usize> Vector for Portable<T, N> {
    type T = T;
    type Mask = [bool; N];
    const N: usize = N;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        Portable([x; N])
    }
    #[inline(always)]
    unsafe fn load(p: *const T) -> Self {
        // SAFETY: the caller's, and an array has no alignment beyond its element's.
        unsafe { p.cast::<Self>().read() }
    }
    #[inline(always)]
    unsafe fn repeat<const R: usize>(p: *const T) -> Self {
        let mut v = [T::ZERO; N];
        for i in 0..N {
            // SAFETY: i % R < R.
            v[i] = unsafe { *p.add(i % R) };
        }
        Portable(v)
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut T) {
        // SAFETY: the caller's.
        unsafe { p.cast::<Self>().write(self) }
    }
    #[inline(always)]
    unsafe fn add_sums(v: [Self; 8], p: *mut T) {
        for j in 0..8 {
            let mut sum = v[j].0[0];
            for i in 1..N {
                sum = sum + v[j].0[i];
            }
            // SAFETY: the caller's: eight numbers.
            unsafe { *p.add(j) = *p.add(j) + sum };
        }
    }
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        self.zip(o, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self.zip(o, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        self.zip(o, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        self.zip(o, |a, b| a / b)
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        self.mul(b).add(c)
    }
    #[inline(always)]
    fn fnma(self, b: Self, c: Self) -> Self {
        c.sub(self.mul(b))
    }
    #[inline(always)]
    fn min(self, o: Self) -> Self {
        self.zip(o, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn max(self, o: Self) -> Self {
        self.zip(o, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.zip(self, |a, _| a.sqrt())
    }
    #[inline(always)]
    fn and(self, o: Self) -> Self {
        self.zip(o, |a, b| T::from_pattern(a.pattern() & b.pattern()))
    }
    #[inline(always)]
    fn or(self, o: Self) -> Self {
        self.zip(o, |a, b| T::from_pattern(a.pattern() | b.pattern()))
    }
    #[inline(always)]
    fn xor(self, o: Self) -> Self {
        self.zip(o, |a, b| T::from_pattern(a.pattern() ^ b.pattern()))
    }
    #[inline(always)]
    fn lt(self, o: Self) -> [bool; N] {
        self.compare(o, |a, b| a < b)
    }
    #[inline(always)]
    fn eq(self, o: Self) -> [bool; N] {
        self.compare(o, |a, b| a == b)
    }
    #[inline(always)]
    fn select(mask: [bool; N], a: Self, mut b: Self) -> Self {
        for i in 0..N {
            if mask[i] {
                b.0[i] = a.0[i];
            }
        }
        b
    }
    #[inline(always)]
    fn exponent_to_bits(self) -> Self {
        self.zip(self, |a, _| {
            T::from_pattern(a.pattern() >> T::MANTISSA_BITS)
        })
    }
    #[inline(always)]
    fn any(mask: [bool; N]) -> bool {
        mask.contains(&true)
    }
    #[inline(always)]
    fn bits_to_exponent(self) -> Self {
        self.zip(self, |a, _| {
            T::from_pattern(a.pattern() << T::MANTISSA_BITS)
        })
    }
}
