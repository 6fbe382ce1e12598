//! The most multiplications and additions that a core does in a second: what the networks' shares are of.
#![allow(unsafe_code)] // Functions for certain processors can only be called so; each is called after asking the processor.

use super::measure::race;
use costate_tape::Isa;

/// GFLOP/s by instruction set.
pub struct Peak {
    rows: Vec<(Isa, [f64; 2])>,
}

const REPEATS: usize = 256;

impl Peak {
    pub fn measure() -> Self {
        let rows = Isa::available().map(|isa| (isa, [rate(isa, false), rate(isa, true)]));
        Peak {
            rows: rows.collect(),
        }
    }

    /// Of f64, or of f32 where `single`; an instruction set without fused multiplication has none.
    pub fn of(&self, isa: Isa, single: bool) -> f64 {
        let row = self.rows.iter().find(|row| row.0 == isa);
        row.map_or(f64::NAN, |row| row.1[usize::from(single)])
    }
}

impl std::fmt::Display for Peak {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Peak of fused multiplications and additions:")?;
        for (isa, [double, single]) in self.rows.iter().filter(|row| row.1[0].is_finite()) {
            write!(out, " {isa:?} {double:.0} GFLOP/s f64, {single:.0} f32;")?;
        }
        Ok(())
    }
}

fn rate(isa: Isa, single: bool) -> f64 {
    let mut numbers = [1.0_f64; 64];
    let lanes = |bytes: usize| bytes / if single { 4 } else { 8 };
    let (run, flops): (unsafe fn(&mut [f64; 64]), usize) = match (isa, single) {
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, false) => (x86::avx512_f64, 24 * lanes(64)),
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, true) => (x86::avx512_f32, 24 * lanes(64)),
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx2, false) => (x86::avx2_f64, 24 * lanes(32)),
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx2, true) => (x86::avx2_f32, 24 * lanes(32)),
        _ => return f64::NAN,
    };
    let seconds = race(&mut [&mut |calls| {
        for _ in 0..calls {
            // SAFETY: the processor has the instruction set, as it is among the available ones.
            unsafe { run(std::hint::black_box(&mut numbers)) };
        }
    }]);
    (flops * REPEATS) as f64 / seconds[0] * 1e-9
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::REPEATS;
    use std::arch::x86_64::*;

    /// Twelve chains of multiplications, more than the two units' latency needs.
    macro_rules! chains {
        ($name:ident, $features:literal, $load:ident, $store:ident, $fma:ident, $t:ty) => {
            #[target_feature(enable = $features)]
            pub unsafe fn $name(numbers: &mut [f64; 64]) {
                // SAFETY: 64 numbers of f64 are eight registers or more.
                unsafe {
                    let p = numbers.as_mut_ptr().cast::<$t>();
                    let x = $load(p);
                    let mut sums = [x; 12];
                    for _ in 0..REPEATS {
                        for sum in &mut sums {
                            *sum = $fma(x, x, *sum);
                        }
                    }
                    let mut all = x;
                    for sum in sums {
                        all = $fma(all, x, sum);
                    }
                    $store(p.add(8), all);
                }
            }
        };
    }

    chains!(
        avx512_f64,
        "avx512f",
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        f64
    );
    chains!(
        avx512_f32,
        "avx512f",
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        f32
    );
    chains!(
        avx2_f64,
        "avx2,fma",
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        f64
    );
    chains!(
        avx2_f32,
        "avx2,fma",
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        f32
    );
}
