//! Which instruction set a program runs on: found once, when it is compiled, and kept as function pointers.

use super::elementary::Constants;
use super::vector::{self, Vector};

/// An instruction set that the kernels are built for.
///
/// A program takes the best of the processor. Programs of different instruction sets agree to rounding only, because not all have
/// fused multiplication: to repeat digits on another machine, compile for one that both have, by
/// [`Program::compile_for`](crate::Program::compile_for).
///
/// ```
/// use costate_tape::{Function, Isa, Program, Scalar};
///
/// let f = Function::<f64>::record(&[("x", &[6])], |v| vec![v[0].exp()])?;
/// for isa in Isa::available() {
///     let program = Program::compile_for(&f, isa)?;
///     let mut y = [0.0; 6];
///     program.eval(&mut program.workspace(1), 0, &[&[1.0; 6]], &mut y);
///     assert!((y[5] - std::f64::consts::E).abs() < 1e-15, "{isa:?}");
/// }
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isa {
    /// AVX-512 (F, DQ, BW, VL).
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What every x86-64 processor has.
    #[cfg(target_arch = "x86_64")]
    Sse2,
    /// Whatever the compiler makes of arrays: other architectures, and the tests of that code.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    Portable,
}

impl Isa {
    /// The best of this processor.
    #[must_use]
    pub fn detect() -> Isa {
        Isa::available().next().expect("every processor has one")
    }

    /// All of this processor, best first.
    pub fn available() -> impl Iterator<Item = Isa> {
        #[cfg(target_arch = "x86_64")]
        let native = {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl");
            [
                avx512.then_some(Isa::Avx512),
                avx2.then_some(Isa::Avx2),
                Some(Isa::Sse2),
            ]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let native = [];
        #[cfg(any(test, not(target_arch = "x86_64")))]
        let portable = [Some(Isa::Portable)];
        #[cfg(all(not(test), target_arch = "x86_64"))]
        let portable = [];
        native.into_iter().chain(portable).flatten()
    }

    /// Lanes of a register.
    pub(crate) fn lanes<T: Registers>(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => T::V512::N,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => T::V256::N,
            #[cfg(target_arch = "x86_64")]
            Isa::Sse2 => T::V128::N,
            #[cfg(any(test, not(target_arch = "x86_64")))]
            Isa::Portable => T::VPortable::N,
        }
    }

    /// The one with the narrowest registers that hold `n` numbers, of those that round as this one does.
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
    pub(crate) fn for_rows<T: Registers>(self, n: usize) -> Isa {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if n <= T::V256::N => Isa::Avx2,
            _ => self,
        }
    }

    /// Registers.
    pub(crate) fn registers<T: Registers>(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => T::V512::REGISTERS,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => T::V256::REGISTERS,
            #[cfg(target_arch = "x86_64")]
            Isa::Sse2 => T::V128::REGISTERS,
            #[cfg(any(test, not(target_arch = "x86_64")))]
            Isa::Portable => T::VPortable::REGISTERS,
        }
    }
}

/// The register types of a lane.
pub(crate) trait Registers: Constants {
    #[cfg(target_arch = "x86_64")]
    type V512: Vector<T = Self>;
    #[cfg(target_arch = "x86_64")]
    type V256: Vector<T = Self>;
    #[cfg(target_arch = "x86_64")]
    type V128: Vector<T = Self>;
    #[cfg(any(test, not(target_arch = "x86_64")))]
    type VPortable: Vector<T = Self>;
}

impl Registers for f64 {
    #[cfg(target_arch = "x86_64")]
    type V512 = vector::F64x8;
    #[cfg(target_arch = "x86_64")]
    type V256 = vector::F64x4;
    #[cfg(target_arch = "x86_64")]
    type V128 = vector::F64x2;
    #[cfg(any(test, not(target_arch = "x86_64")))]
    type VPortable = vector::Portable<f64, 2>;
}

impl Registers for f32 {
    #[cfg(target_arch = "x86_64")]
    type V512 = vector::F32x16;
    #[cfg(target_arch = "x86_64")]
    type V256 = vector::F32x8;
    #[cfg(target_arch = "x86_64")]
    type V128 = vector::F32x4;
    #[cfg(any(test, not(target_arch = "x86_64")))]
    type VPortable = vector::Portable<f32, 4>;
}

/// One step of a program: a kernel, written once for every register type.
pub(crate) trait Kernel {
    /// What it is told, besides where the memory is.
    type Args: 'static;

    /// Does the step.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`, every element that `args` makes this kernel touch lies inside its region of
    /// `memory`, and nothing else touches those regions meanwhile.
    unsafe fn run<V: Vector>(memory: &Memory<'_, V::T>, args: &Self::Args);
}

/// The memory that a kernel works on.
#[derive(Debug)]
pub(crate) struct Memory<'a, T> {
    /// Packed parameters and accumulators: one region for each workspace.
    pub(crate) constants: *mut T,
    /// The frame of one evaluation.
    pub(crate) frame: *mut T,
    /// For accumulation: where, from `frame`, the frames begin that take part, and their weights.
    pub(crate) kept: &'a [(usize, T)],
}

/// A kernel built for one instruction set.
pub(crate) type Run<T, A> = unsafe fn(&Memory<'_, T>, &A);

/// The form of `K` for an instruction set; calling it needs what [`Kernel::run`] needs.
pub(crate) fn select<T: Registers, K: Kernel>(isa: Isa) -> Run<T, K::Args> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::<T::V512, K>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::<T::V256, K>,
        #[cfg(target_arch = "x86_64")]
        Isa::Sse2 => baseline::<T::V128, K>,
        #[cfg(any(test, not(target_arch = "x86_64")))]
        Isa::Portable => baseline::<T::VPortable, K>,
    }
}

/// # Safety
/// As [`Kernel::run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
unsafe fn avx512<V: Vector, K: Kernel>(memory: &Memory<'_, V::T>, args: &K::Args) {
    // SAFETY: the caller's.
    unsafe { K::run::<V>(memory, args) }
}

/// # Safety
/// As [`Kernel::run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<V: Vector, K: Kernel>(memory: &Memory<'_, V::T>, args: &K::Args) {
    // SAFETY: the caller's.
    unsafe { K::run::<V>(memory, args) }
}

/// # Safety
/// As [`Kernel::run`].
unsafe fn baseline<V: Vector, K: Kernel>(memory: &Memory<'_, V::T>, args: &K::Args) {
    // SAFETY: the caller's.
    unsafe { K::run::<V>(memory, args) }
}
