//! Registers of lanes behind one trait, so that a kernel is written once for every instruction set.
//!
//! Arrays (`[T; N]`) would be simpler, but the compiler does not keep large tiles of them in registers: the kernels ran three
//! to twenty times slower. [`Portable`] is that simple form, for processors without a type of their own.

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(crate) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{F32x4, F32x8, F32x16, F64x2, F64x4, F64x8};

use super::elementary::Constants;

/// One register of floating-point lanes.
///
/// A value of such a type exists only inside code that runs under the instruction set it needs: only [`splat`](Vector::splat)
/// and the loads make one, and they are unsafe for that reason. Everything else may then be safe.
pub(crate) trait Vector: Copy {
    /// The lane.
    type T: Constants;
    /// One truth value for each lane.
    type Mask: Copy;
    /// Lanes.
    const N: usize;
    /// Registers of the instruction set; a tile's accumulators and operands must fit.
    const REGISTERS: usize;

    /// All lanes equal `x`.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn splat(x: Self::T) -> Self;
    /// Lanes from memory, unaligned.
    ///
    /// # Safety
    /// The processor has the instruction set; `p` is valid for reading `N` lanes.
    unsafe fn load(p: *const Self::T) -> Self;
    /// The first `R` numbers at `p`, repeated until the register is full; `R` is a power of two, at most `N`.
    ///
    /// # Safety
    /// The processor has the instruction set; `p` is valid for reading `R` numbers.
    unsafe fn repeat<const R: usize>(p: *const Self::T) -> Self;
    /// Lanes to memory, unaligned.
    ///
    /// # Safety
    /// `p` is valid for writing `N` lanes.
    unsafe fn store(self, p: *mut Self::T);
    /// Adds the lane sums of the eight vectors to the eight numbers at `p`.
    ///
    /// # Safety
    /// `p` is valid for reading and writing eight numbers.
    unsafe fn add_sums(v: [Self; 8], p: *mut Self::T);

    fn add(self, o: Self) -> Self;
    fn sub(self, o: Self) -> Self;
    fn mul(self, o: Self) -> Self;
    fn div(self, o: Self) -> Self;
    /// `self · b + c`, rounded once where the instruction set can, else twice.
    fn fma(self, b: Self, c: Self) -> Self;
    /// `c − self · b`, rounded as [`fma`](Vector::fma).
    fn fnma(self, b: Self, c: Self) -> Self;
    /// The smaller lane; `o` where either is NaN.
    fn min(self, o: Self) -> Self;
    /// The larger lane; `o` where either is NaN.
    fn max(self, o: Self) -> Self;
    fn sqrt(self) -> Self;
    fn and(self, o: Self) -> Self;
    fn xor(self, o: Self) -> Self;
    fn lt(self, o: Self) -> Self::Mask;
    fn eq(self, o: Self) -> Self::Mask;
    /// `a` where the mask holds, else `b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
    /// The bit pattern shifted left until its lowest bits are an exponent field.
    fn bits_to_exponent(self) -> Self;
    /// The bit pattern shifted right until the exponent field is in its lowest bits.
    fn exponent_to_bits(self) -> Self;
    /// Whether the mask holds anywhere.
    fn any(mask: Self::Mask) -> bool;
    /// Bitwise or.
    fn or(self, o: Self) -> Self;

    /// `self · 2ⁿ` for integral `n`, rounded once, also into the subnormal numbers and to infinity.
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        scaled(self, n)
    }

    /// `self`, which is not negative, with the sign of `sign`.
    #[inline(always)]
    fn with_sign(self, sign: Self) -> Self {
        // SAFETY: `self` exists, so the instruction set does.
        let mask = unsafe { Self::splat(Self::T::SIGN) };
        self.or(sign.and(mask))
    }

    /// The magnitude.
    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: `self` exists, so the instruction set does.
        self.and(unsafe { Self::splat(Self::T::MAGNITUDE) })
    }

    /// The negative, also of zero and NaN.
    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: `self` exists, so the instruction set does.
        self.xor(unsafe { Self::splat(Self::T::SIGN) })
    }

    /// The sum of the lanes.
    #[inline(always)]
    fn sum(self) -> Self::T {
        let mut sums = [Self::T::ZERO; 8];
        // SAFETY: `self` exists, so the instruction set does; the array holds eight numbers.
        unsafe {
            let zero = Self::splat(Self::T::ZERO);
            Self::add_sums(
                [self, zero, zero, zero, zero, zero, zero, zero],
                sums.as_mut_ptr(),
            );
        }
        sums[0]
    }
}

/// `x · 2ⁿ`, by two products.
#[inline(always)]
pub(crate) fn scaled<V: Vector>(x: V, n: V) -> V {
    // SAFETY: `x` exists, so the instruction set does.
    let (half, magic) = unsafe { (V::splat(V::T::HALF), V::splat(V::T::MAGIC)) };
    // Two factors, each a normal number: the first product is exact.
    let first = n.fma(half, magic);
    let second = n.sub(first.sub(magic)).add(magic);
    x.mul(first.bits_to_exponent())
        .mul(second.bits_to_exponent())
}
