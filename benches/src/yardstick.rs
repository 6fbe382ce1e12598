//! The spiral's field and its products written by hand for this one network, in plain Rust: what the compiled programs are measured against.
//!
//! h' = V tanh(W h³ + b) + c for 20 states of 2 components and 50 hidden units, in `f64`. Samples are innermost; both layers are one pass over the units,
//! four at a time, so that tanh sees 80 numbers in a row; nothing is stored but what the products need. The loops are plain: the compiler turns them into
//! vectors of whatever width the wrapper around them allows.

#![allow(unsafe_code)] // A function for certain processors can only be called so; `Field::new` asks the processor.

use std::array::from_fn;

/// States side by side.
pub const BATCH: usize = 20;
/// Hidden units.
pub const HIDDEN: usize = 50;
/// W \[50, 2\], b, V \[2, 50\], c.
pub const PARAMETERS: usize = 5 * HIDDEN + 2;

const TOGETHER: usize = 4;
const BLOCKS: usize = HIDDEN.div_ceil(TOGETHER);

type Row = [f64; BATCH];

/// One component of all states, then the other: `[component][sample]`.
pub type State = [Row; 2];

/// What an evaluation leaves for the products.
#[derive(Clone, Debug)]
pub struct Frame {
    h: State,
    cubes: State,
    /// tanh, `[unit][sample]`; the units past the last are those of zero weights.
    y: [[f64; BATCH * TOGETHER]; BLOCKS],
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            h: [[0.0; BATCH]; 2],
            cubes: [[0.0; BATCH]; 2],
            y: [[0.0; BATCH * TOGETHER]; BLOCKS],
        }
    }
}

/// The weights of a unit: its row of W, its b, its column of V.
type Unit = [f64; 5];

/// The field, with its parameters and their gradient.
#[derive(Clone, Debug)]
pub struct Field {
    units: [Unit; BLOCKS * TOGETHER],
    c: [f64; 2],
    /// Sums for each unit's weights, not yet added up over the eight lanes.
    sums: Box<[[[f64; 8]; 5]; BLOCKS * TOGETHER]>,
    sums_c: [[f64; 8]; 2],
    level: Level,
}

#[derive(Clone, Copy, Debug)]
enum Level {
    Avx512,
    Avx2,
    Plain,
}

impl Field {
    /// With these parameters, ordered as a network's: W, b, V, c.
    #[must_use]
    pub fn new(theta: &[f64; PARAMETERS]) -> Self {
        let (w, rest) = theta.split_at(2 * HIDDEN);
        let (b, rest) = rest.split_at(HIDDEN);
        let (v, c) = rest.split_at(2 * HIDDEN);
        let unit = |j: usize| [w[2 * j], w[2 * j + 1], b[j], v[j], v[HIDDEN + j]];
        Self {
            units: from_fn(|j| if j < HIDDEN { unit(j) } else { [0.0; 5] }),
            c: [c[0], c[1]],
            sums: Box::new([[[0.0; 8]; 5]; BLOCKS * TOGETHER]),
            sums_c: [[0.0; 8]; 2],
            level: level(),
        }
    }

    /// f(h), kept in `frame`.
    #[inline]
    pub fn eval(&self, frame: &mut Frame, h: &State, dh: &mut State) {
        match self.level {
            // SAFETY: the processor has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { eval_avx512(self, frame, h, dh) },
            // SAFETY: the processor has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { eval_avx2(self, frame, h, dh) },
            _ => eval::<false>(self, frame, h, dh),
        }
    }

    /// a·∂f/∂h at `frame`; a·∂f/∂θ is added to the sums.
    #[inline]
    pub fn products(&mut self, frame: &Frame, a: &State, a_h: &mut State) {
        match self.level {
            // SAFETY: the processor has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { products_avx512(self, frame, a, a_h) },
            // SAFETY: the processor has these instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { products_avx2(self, frame, a, a_h) },
            _ => products::<false>(self, frame, a, a_h),
        }
    }

    /// Writes the sums in the order of the parameters and begins again at zero.
    pub fn finish(&mut self, gradient: &mut [f64; PARAMETERS]) {
        let total = |lanes: &[f64; 8]| lanes.iter().sum::<f64>();
        for (j, unit) in self.sums[..HIDDEN].iter().enumerate() {
            let [w0, w1, b, v0, v1] = unit.each_ref().map(total);
            (gradient[2 * j], gradient[2 * j + 1]) = (w0, w1);
            gradient[2 * HIDDEN + j] = b;
            (gradient[3 * HIDDEN + j], gradient[4 * HIDDEN + j]) = (v0, v1);
        }
        for (i, lanes) in self.sums_c.iter().enumerate() {
            gradient[5 * HIDDEN + i] = total(lanes);
        }
        *self.sums = [[[0.0; 8]; 5]; BLOCKS * TOGETHER];
        self.sums_c = [[0.0; 8]; 2];
    }
}

#[cfg(target_arch = "x86_64")]
fn level() -> Level {
    let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    match (fma, is_x86_feature_detected!("avx512f")) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Plain,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn level() -> Level {
    Level::Plain
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
fn eval_avx512(field: &Field, frame: &mut Frame, h: &State, dh: &mut State) {
    eval::<true>(field, frame, h, dh);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn eval_avx2(field: &Field, frame: &mut Frame, h: &State, dh: &mut State) {
    eval::<true>(field, frame, h, dh);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
fn products_avx512(field: &mut Field, frame: &Frame, a: &State, a_h: &mut State) {
    products::<true>(field, frame, a, a_h);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn products_avx2(field: &mut Field, frame: &Frame, a: &State, a_h: &mut State) {
    products::<true>(field, frame, a, a_h);
}

/// a·b + c, in one rounding where the processor has the instruction.
#[inline(always)]
fn fma<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn eval<const FMA: bool>(field: &Field, frame: &mut Frame, h: &State, dh: &mut State) {
    frame.h = *h;
    for i in 0..2 {
        for s in 0..BATCH {
            frame.cubes[i][s] = h[i][s] * h[i][s] * h[i][s];
        }
    }
    let mut sums = [[field.c[0]; BATCH], [field.c[1]; BATCH]];
    let [x0, x1] = &frame.cubes;
    for block in 0..BLOCKS {
        let mut z = [0.0; BATCH * TOGETHER];
        for k in 0..TOGETHER {
            let [w0, w1, b, ..] = field.units[block * TOGETHER + k];
            for s in 0..BATCH {
                z[k * BATCH + s] = fma::<FMA>(w1, x1[s], fma::<FMA>(w0, x0[s], b));
            }
        }
        let y = &mut frame.y[block];
        for s in 0..BATCH * TOGETHER {
            y[s] = tanh::<FMA>(z[s]);
        }
        for k in 0..TOGETHER {
            let [.., v0, v1] = field.units[block * TOGETHER + k];
            for s in 0..BATCH {
                sums[0][s] = fma::<FMA>(v0, y[k * BATCH + s], sums[0][s]);
                sums[1][s] = fma::<FMA>(v1, y[k * BATCH + s], sums[1][s]);
            }
        }
    }
    *dh = sums;
}

#[inline(always)]
fn products<const FMA: bool>(field: &mut Field, frame: &Frame, a: &State, a_h: &mut State) {
    let [x0, x1] = &frame.cubes;
    let mut sums = [[0.0; BATCH]; 2];
    for (j, (unit, sum)) in field.units.iter().zip(field.sums.iter_mut()).enumerate() {
        let y = &frame.y[j / TOGETHER][(j % TOGETHER) * BATCH..][..BATCH];
        let [w0, w1, _, v0, v1] = *unit;
        let mut d = [0.0; BATCH];
        for s in 0..BATCH {
            let slope = fma::<FMA>(-y[s], y[s], 1.0);
            d[s] = fma::<FMA>(v1, a[1][s], v0 * a[0][s]) * slope;
            sums[0][s] = fma::<FMA>(w0, d[s], sums[0][s]);
            sums[1][s] = fma::<FMA>(w1, d[s], sums[1][s]);
        }
        add::<FMA>(&mut sum[0], |s| (d[s], x0[s]));
        add::<FMA>(&mut sum[1], |s| (d[s], x1[s]));
        add::<FMA>(&mut sum[2], |s| (d[s], 1.0));
        add::<FMA>(&mut sum[3], |s| (a[0][s], y[s]));
        add::<FMA>(&mut sum[4], |s| (a[1][s], y[s]));
    }
    for i in 0..2 {
        add::<FMA>(&mut field.sums_c[i], |s| (a[i][s], 1.0));
        for s in 0..BATCH {
            a_h[i][s] = sums[i][s] * (3.0 * frame.h[i][s] * frame.h[i][s]);
        }
    }
}

/// Adds Σ u v over the samples to eight lanes.
#[inline(always)]
fn add<const FMA: bool>(lanes: &mut [f64; 8], terms: impl Fn(usize) -> (f64, f64)) {
    for s in 0..BATCH {
        let (u, v) = terms(s);
        lanes[s % 8] = fma::<FMA>(u, v, lanes[s % 8]);
    }
}

/// tanh by eˣ − 1 of 2|x|, without branches.
#[inline(always)]
fn tanh<const FMA: bool>(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let a = x.abs();
    let a = if a < 20.0 { 2.0 * a } else { 40.0 };
    let shifted = fma::<FMA>(a, std::f64::consts::LOG2_E, SHIFT);
    let k = shifted - SHIFT;
    let r = fma::<FMA>(k, -LN_2_LOW, fma::<FMA>(k, -LN_2_HIGH, a));
    let mut p = FACTORIALS[0];
    for c in &FACTORIALS[1..] {
        p = fma::<FMA>(p, r, *c);
    }
    let minus_one = fma::<FMA>(p * r, r, r);
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let t = fma::<FMA>(scale, minus_one, scale - 1.0);
    (t / (t + 2.0)).copysign(x)
}

/// 1/13!, …, 1/2!.
const FACTORIALS: [f64; 12] = {
    let (mut all, mut factorial, mut i) = ([0.0; 12], 1.0, 0);
    while i < 12 {
        factorial *= (i + 2) as f64;
        all[11 - i] = 1.0 / factorial;
        i += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{definition::Definitions, network};
    use costate_neural_ode::VectorField;

    #[test]
    fn the_yardstick_computes_what_the_program_computes() {
        let d = Definitions::load().w1;
        let mut theta = d.theta.numbers(&d.widths);
        for (i, theta) in theta.iter_mut().enumerate() {
            *theta += 0.01 * (i as f64).sin();
        }
        let samples: Vec<f64> = d.windows[0].iter().flatten().copied().collect();
        let row = |i: usize| from_fn(|s| samples[2 * s + i]);
        let mut compiled = network::spiral::<f64>(BATCH, &d.widths);
        let n = samples.len();
        let (mut h, mut dh, mut a_h) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        compiled.set_parameters(&theta);
        compiled.pack(&samples, &mut h);
        compiled.eval(0, 0.0, &h, &mut dh);
        compiled.products(0, &h, &mut a_h); // a = h
        compiled.accumulate(&[(0, 1.0)]);
        let mut a_theta = vec![0.0; theta.len()];
        compiled.finish(&mut a_theta);
        let natural = |packed: &[f64]| {
            let mut natural = vec![0.0; n];
            compiled.unpack(packed, &mut natural);
            natural
        };

        let theta: &[f64; PARAMETERS] = theta[..].try_into().expect("as many parameters");
        let (mut field, mut frame) = (Field::new(theta), Frame::default());
        let (state, mut rate, mut row_h) = ([row(0), row(1)], [[0.0; BATCH]; 2], [[0.0; BATCH]; 2]);
        field.eval(&mut frame, &state, &mut rate);
        field.products(&frame, &state, &mut row_h);
        let mut sums = [0.0; PARAMETERS];
        field.finish(&mut sums);
        let by_sample = |rows: &State| (0..n).map(|i| rows[i % 2][i / 2]).collect::<Vec<_>>();
        close(&by_sample(&rate), &natural(&dh));
        close(&by_sample(&row_h), &natural(&a_h));
        close(&sums, &a_theta);
    }

    fn close(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        let largest = b.iter().fold(0.0_f64, |m, b| m.max(b.abs()));
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() < 1e-13 * largest, "{a} and {b}");
        }
    }

    #[test]
    fn its_tanh_is_good_to_sixteen_digits() {
        for i in -4000..4000 {
            let x = f64::from(i) * 0.0073 + 1e-9;
            for y in [tanh::<true>(x), tanh::<false>(x)] {
                assert!((y / x.tanh() - 1.0).abs() < 1e-15, "tanh {x} = {y}");
            }
        }
    }
}
