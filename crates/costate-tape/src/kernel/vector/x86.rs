//! The six register types of x86-64: AVX-512, AVX2 with FMA, and SSE2, which every x86-64 has.
//!
//! Intrinsics are unsafe to call here because the methods themselves carry no target feature: they must be inlined into the
//! wrappers of [`dispatch`](crate::kernel::dispatch), which do.

use super::Vector;
use core::arch::x86_64::*;

/// Writes one type: the intrinsics differ by instruction set only in their names; what differs more is given as expressions.
macro_rules! vector {
    (
        $(#[$doc:meta])* $name:ident, $reg:ty, $t:ty, $n:literal, $registers:literal, $mask:ty, $integer:literal;
        $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident $sqrt:ident
        $and:ident $or:ident $xor:ident $to_int:ident $from_int:ident $shl:ident $shr:ident;
        fma |$fa:ident, $fb:ident, $fc:ident| $fma:expr, $fnma:expr;
        compare |$ca:ident, $cb:ident| $lt:expr, $eq:expr;
        select |$sm:ident, $sa:ident, $sb:ident| $select:expr;
        any |$am:ident| $any:expr;
        repeat |$rp:ident, $rr:ident| $repeat:expr;
        sums |$sv:ident, $sp:ident| $sums:expr;
        $(scale |$xa:ident, $xb:ident| $scale:expr;)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $name($reg);

        impl Vector for $name {
            type T = $t;
            type Mask = $mask;
            const N: usize = $n;
            const REGISTERS: usize = $registers;

            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: the caller has the instruction set (as in every method: a value of this type proves it).
                $name(unsafe { $splat(x) })
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's.
                $name(unsafe { $load(p) })
            }
            #[inline(always)]
            unsafe fn repeat<const R: usize>($rp: *const $t) -> Self {
                let $rr = R;
                // SAFETY: the caller's; each branch reads R numbers.
                $name(unsafe { $repeat })
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's.
                unsafe { $store(p, self.0) }
            }
            #[inline(always)]
            unsafe fn add_sums($sv: [Self; 8], $sp: *mut $t) {
                // SAFETY: the caller's: eight numbers.
                unsafe { $sums }
            }
            #[inline(always)]
            fn add(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $add(self.0, o.0) })
            }
            #[inline(always)]
            fn sub(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $sub(self.0, o.0) })
            }
            #[inline(always)]
            fn mul(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $mul(self.0, o.0) })
            }
            #[inline(always)]
            fn div(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $div(self.0, o.0) })
            }
            #[inline(always)]
            fn fma(self, b: Self, c: Self) -> Self {
                let ($fa, $fb, $fc) = (self.0, b.0, c.0);
                // SAFETY: `self` exists.
                $name(unsafe { $fma })
            }
            #[inline(always)]
            fn fnma(self, b: Self, c: Self) -> Self {
                let ($fa, $fb, $fc) = (self.0, b.0, c.0);
                // SAFETY: `self` exists.
                $name(unsafe { $fnma })
            }
            #[inline(always)]
            fn min(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $min(self.0, o.0) })
            }
            #[inline(always)]
            fn max(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $max(self.0, o.0) })
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $sqrt(self.0) })
            }
            #[inline(always)]
            fn and(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $and(self.0, o.0) })
            }
            #[inline(always)]
            fn or(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $or(self.0, o.0) })
            }
            #[inline(always)]
            fn xor(self, o: Self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $xor(self.0, o.0) })
            }
            #[inline(always)]
            fn lt(self, o: Self) -> $mask {
                let ($ca, $cb) = (self.0, o.0);
                // SAFETY: `self` exists.
                unsafe { $lt }
            }
            #[inline(always)]
            fn eq(self, o: Self) -> $mask {
                let ($ca, $cb) = (self.0, o.0);
                // SAFETY: `self` exists.
                unsafe { $eq }
            }
            #[inline(always)]
            fn select($sm: $mask, a: Self, b: Self) -> Self {
                let ($sa, $sb) = (a.0, b.0);
                // SAFETY: `a` exists.
                $name(unsafe { $select })
            }
            #[inline(always)]
            fn bits_to_exponent(self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $from_int($shl::<$integer>($to_int(self.0))) })
            }
            #[inline(always)]
            fn exponent_to_bits(self) -> Self {
                // SAFETY: `self` exists.
                $name(unsafe { $from_int($shr::<$integer>($to_int(self.0))) })
            }
            #[inline(always)]
            fn any($am: $mask) -> bool {
                $any
            }
            $(
                #[inline(always)]
                fn scale(self, n: Self) -> Self {
                    let ($xa, $xb) = (self.0, n.0);
                    // SAFETY: `self` exists.
                    $name(unsafe { $scale })
                }
            )?
        }
    };
}

vector! {
    /// Eight f64 lanes under AVX-512.
    F64x8, __m512d, f64, 8, 32, __mmask8, 52;
    _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd
    _mm512_min_pd _mm512_max_pd _mm512_sqrt_pd _mm512_and_pd _mm512_or_pd _mm512_xor_pd
    _mm512_castpd_si512 _mm512_castsi512_pd _mm512_slli_epi64 _mm512_srli_epi64;
    fma |a, b, c| _mm512_fmadd_pd(a, b, c), _mm512_fnmadd_pd(a, b, c);
    compare |a, b| _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b), _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(a, b);
    select |m, a, b| _mm512_mask_blend_pd(m, b, a);
    any |m| m != 0;
    repeat |p, r| match r {
        1 => _mm512_set1_pd(*p),
        2 => _mm512_castps_pd(_mm512_broadcast_f32x4(_mm_castpd_ps(_mm_loadu_pd(p)))),
        4 => _mm512_broadcast_f64x4(_mm256_loadu_pd(p)),
        _ => _mm512_loadu_pd(p),
    };
    sums |v, p| {
        let low = fold_f64(pair_f64(v[0], v[1]), pair_f64(v[2], v[3]));
        let high = fold_f64(pair_f64(v[4], v[5]), pair_f64(v[6], v[7]));
        _mm512_storeu_pd(p, _mm512_add_pd(_mm512_loadu_pd(p), fold_f64(low, high)));
    };
    scale |x, n| _mm512_scalef_pd(x, n);
}

vector! {
    /// Sixteen f32 lanes under AVX-512.
    F32x16, __m512, f32, 16, 32, __mmask16, 23;
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps
    _mm512_min_ps _mm512_max_ps _mm512_sqrt_ps _mm512_and_ps _mm512_or_ps _mm512_xor_ps
    _mm512_castps_si512 _mm512_castsi512_ps _mm512_slli_epi32 _mm512_srli_epi32;
    fma |a, b, c| _mm512_fmadd_ps(a, b, c), _mm512_fnmadd_ps(a, b, c);
    compare |a, b| _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b);
    select |m, a, b| _mm512_mask_blend_ps(m, b, a);
    any |m| m != 0;
    repeat |p, r| match r {
        1 => _mm512_set1_ps(*p),
        2 => _mm512_castpd_ps(_mm512_set1_pd(p.cast::<f64>().read_unaligned())),
        4 => _mm512_broadcast_f32x4(_mm_loadu_ps(p)),
        8 => _mm512_broadcast_f32x8(_mm256_loadu_ps(p)),
        _ => _mm512_loadu_ps(p),
    };
    sums |v, p| {
        let low = four_f32(v[0], v[1], v[2], v[3]);
        let high = four_f32(v[4], v[5], v[6], v[7]);
        let eight = fold_f32(low, high);
        let sums = _mm512_castps512_ps256(fold_f32(eight, eight));
        _mm256_storeu_ps(p, _mm256_add_ps(_mm256_loadu_ps(p), sums));
    };
    scale |x, n| _mm512_scalef_ps(x, n);
}

vector! {
    /// Four f64 lanes under AVX2 and FMA.
    F64x4, __m256d, f64, 4, 16, __m256d, 52;
    _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd
    _mm256_min_pd _mm256_max_pd _mm256_sqrt_pd _mm256_and_pd _mm256_or_pd _mm256_xor_pd
    _mm256_castpd_si256 _mm256_castsi256_pd _mm256_slli_epi64 _mm256_srli_epi64;
    fma |a, b, c| _mm256_fmadd_pd(a, b, c), _mm256_fnmadd_pd(a, b, c);
    compare |a, b| _mm256_cmp_pd::<_CMP_LT_OQ>(a, b), _mm256_cmp_pd::<_CMP_EQ_OQ>(a, b);
    select |m, a, b| _mm256_blendv_pd(b, a, m);
    any |m| {
        // SAFETY: a mask exists.
        unsafe { _mm256_movemask_pd(m) != 0 }
    };
    repeat |p, r| match r {
        1 => _mm256_set1_pd(*p),
        2 => _mm256_broadcast_pd(&_mm_loadu_pd(p)),
        _ => _mm256_loadu_pd(p),
    };
    sums |v, p| {
        for j in [0, 4] {
            let low = _mm256_hadd_pd(v[j].0, v[j + 1].0);
            let high = _mm256_hadd_pd(v[j + 2].0, v[j + 3].0);
            let sums = _mm256_add_pd(_mm256_permute2f128_pd::<0x21>(low, high), _mm256_blend_pd::<0b1100>(low, high));
            _mm256_storeu_pd(p.add(j), _mm256_add_pd(_mm256_loadu_pd(p.add(j)), sums));
        }
    };
}

vector! {
    /// Eight f32 lanes under AVX2 and FMA.
    F32x8, __m256, f32, 8, 16, __m256, 23;
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps
    _mm256_min_ps _mm256_max_ps _mm256_sqrt_ps _mm256_and_ps _mm256_or_ps _mm256_xor_ps
    _mm256_castps_si256 _mm256_castsi256_ps _mm256_slli_epi32 _mm256_srli_epi32;
    fma |a, b, c| _mm256_fmadd_ps(a, b, c), _mm256_fnmadd_ps(a, b, c);
    compare |a, b| _mm256_cmp_ps::<_CMP_LT_OQ>(a, b), _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b);
    select |m, a, b| _mm256_blendv_ps(b, a, m);
    any |m| {
        // SAFETY: a mask exists.
        unsafe { _mm256_movemask_ps(m) != 0 }
    };
    repeat |p, r| match r {
        1 => _mm256_set1_ps(*p),
        2 => _mm256_castpd_ps(_mm256_set1_pd(p.cast::<f64>().read_unaligned())),
        4 => _mm256_broadcast_ps(&_mm_loadu_ps(p)),
        _ => _mm256_loadu_ps(p),
    };
    sums |v, p| {
        let low = _mm256_hadd_ps(_mm256_hadd_ps(v[0].0, v[1].0), _mm256_hadd_ps(v[2].0, v[3].0));
        let high = _mm256_hadd_ps(_mm256_hadd_ps(v[4].0, v[5].0), _mm256_hadd_ps(v[6].0, v[7].0));
        let sums = _mm256_add_ps(_mm256_permute2f128_ps::<0x21>(low, high), _mm256_blend_ps::<0b1111_0000>(low, high));
        _mm256_storeu_ps(p, _mm256_add_ps(_mm256_loadu_ps(p), sums));
    };
}

vector! {
    /// Two f64 lanes under SSE2.
    F64x2, __m128d, f64, 2, 16, __m128d, 52;
    _mm_set1_pd _mm_loadu_pd _mm_storeu_pd _mm_add_pd _mm_sub_pd _mm_mul_pd _mm_div_pd
    _mm_min_pd _mm_max_pd _mm_sqrt_pd _mm_and_pd _mm_or_pd _mm_xor_pd
    _mm_castpd_si128 _mm_castsi128_pd _mm_slli_epi64 _mm_srli_epi64;
    fma |a, b, c| _mm_add_pd(_mm_mul_pd(a, b), c), _mm_sub_pd(c, _mm_mul_pd(a, b));
    compare |a, b| _mm_cmplt_pd(a, b), _mm_cmpeq_pd(a, b);
    select |m, a, b| _mm_or_pd(_mm_and_pd(m, a), _mm_andnot_pd(m, b));
    any |m| {
        // SAFETY: a mask exists.
        unsafe { _mm_movemask_pd(m) != 0 }
    };
    repeat |p, r| match r {
        1 => _mm_set1_pd(*p),
        _ => _mm_loadu_pd(p),
    };
    sums |v, p| {
        for j in [0, 2, 4, 6] {
            let sums = _mm_add_pd(_mm_unpacklo_pd(v[j].0, v[j + 1].0), _mm_unpackhi_pd(v[j].0, v[j + 1].0));
            _mm_storeu_pd(p.add(j), _mm_add_pd(_mm_loadu_pd(p.add(j)), sums));
        }
    };
}

vector! {
    /// Four f32 lanes under SSE2.
    F32x4, __m128, f32, 4, 16, __m128, 23;
    _mm_set1_ps _mm_loadu_ps _mm_storeu_ps _mm_add_ps _mm_sub_ps _mm_mul_ps _mm_div_ps
    _mm_min_ps _mm_max_ps _mm_sqrt_ps _mm_and_ps _mm_or_ps _mm_xor_ps
    _mm_castps_si128 _mm_castsi128_ps _mm_slli_epi32 _mm_srli_epi32;
    fma |a, b, c| _mm_add_ps(_mm_mul_ps(a, b), c), _mm_sub_ps(c, _mm_mul_ps(a, b));
    compare |a, b| _mm_cmplt_ps(a, b), _mm_cmpeq_ps(a, b);
    select |m, a, b| _mm_or_ps(_mm_and_ps(m, a), _mm_andnot_ps(m, b));
    any |m| {
        // SAFETY: a mask exists.
        unsafe { _mm_movemask_ps(m) != 0 }
    };
    repeat |p, r| match r {
        1 => _mm_set1_ps(*p),
        2 => _mm_castpd_ps(_mm_set1_pd(p.cast::<f64>().read_unaligned())),
        _ => _mm_loadu_ps(p),
    };
    sums |v, p| {
        for j in [0, 4] {
            let (a, b, c, d) = (v[j].0, v[j + 1].0, v[j + 2].0, v[j + 3].0);
            let low = _mm_castps_pd(_mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b)));
            let high = _mm_castps_pd(_mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d)));
            let sums = _mm_add_ps(_mm_castpd_ps(_mm_unpacklo_pd(low, high)), _mm_castpd_ps(_mm_unpackhi_pd(low, high)));
            _mm_storeu_ps(p.add(j), _mm_add_ps(_mm_loadu_ps(p.add(j)), sums));
        }
    };
}

/// Sums of neighbouring lanes of `a` and `b`, alternating.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn pair_f64(a: F64x8, b: F64x8) -> __m512d {
    // SAFETY: the caller's.
    unsafe { _mm512_add_pd(_mm512_unpacklo_pd(a.0, b.0), _mm512_unpackhi_pd(a.0, b.0)) }
}

/// Sums of neighbouring 128-bit lanes: those of `a`, then those of `b`.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn fold_f64(a: __m512d, b: __m512d) -> __m512d {
    // SAFETY: the caller's.
    unsafe {
        _mm512_add_pd(
            _mm512_shuffle_f64x2::<0x88>(a, b),
            _mm512_shuffle_f64x2::<0xdd>(a, b),
        )
    }
}

/// In each 128-bit lane, the sums of that lane of `a`, `b`, `c` and `d`.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn four_f32(a: F32x16, b: F32x16, c: F32x16, d: F32x16) -> __m512 {
    // SAFETY: the caller's.
    unsafe {
        let low = _mm512_castps_pd(_mm512_add_ps(
            _mm512_unpacklo_ps(a.0, b.0),
            _mm512_unpackhi_ps(a.0, b.0),
        ));
        let high = _mm512_castps_pd(_mm512_add_ps(
            _mm512_unpacklo_ps(c.0, d.0),
            _mm512_unpackhi_ps(c.0, d.0),
        ));
        let even = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
        let odd = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
        _mm512_add_ps(even, odd)
    }
}

/// [`fold_f64`] for f32.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn fold_f32(a: __m512, b: __m512) -> __m512 {
    // SAFETY: the caller's.
    unsafe {
        _mm512_add_ps(
            _mm512_shuffle_f32x4::<0x88>(a, b),
            _mm512_shuffle_f32x4::<0xdd>(a, b),
        )
    }
}
