//! The functions alone, by hand, as fast as we could write them: lanes of points in whatever registers the processor has. What all
//! gradients are measured against.
#![allow(unsafe_code)] // A function for certain processors can only be called so; each is called after asking the processor.

use super::Side;
use crate::lanes::Lanes;
use crate::number::{Number, reprojection};
use crate::problem::{Bundle, Gmm, Lstm, Problems};

/// Lanes side by side: two registers of AVX-512.
const N: usize = 16;
type Wide = Lanes<N>;

/// `$body` as compiled for the best instruction set of this processor. Fused multiplication comes with the registers.
macro_rules! dispatched {
    ($name:ident, $body:ident, ($($argument:ident: $kind:ty),*) -> $result:ty) => {
        fn $name($($argument: $kind),*) -> $result {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,fma")]
                unsafe fn avx512($($argument: $kind),*) -> $result { $body($($argument),*) }
                #[target_feature(enable = "avx2,fma")]
                unsafe fn avx2($($argument: $kind),*) -> $result { $body($($argument),*) }
                if is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl") {
                    // SAFETY: the processor has these instructions.
                    return unsafe { avx512($($argument),*) };
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has these instructions.
                    return unsafe { avx2($($argument),*) };
                }
            }
            $body($($argument),*)
        }
    };
}

/// Points in blocks, coordinates outermost, so that a block is read in registers.
fn blocks(x: &[f64]) -> Vec<[Wide; Gmm::D]> {
    let blocks = Gmm::N.div_ceil(N);
    (0..blocks)
        .map(|block| {
            std::array::from_fn(|i| {
                // Lanes past the last point repeat it, and are not added up.
                Lanes(std::array::from_fn(|lane| {
                    x[(block * N + lane).min(Gmm::N - 1) * Gmm::D + i]
                }))
            })
        })
        .collect()
}

pub struct NativeGmm<'a> {
    problem: &'a Gmm,
    x: Vec<[Wide; Gmm::D]>,
}

impl<'a> NativeGmm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        NativeGmm {
            problem: &problem.gmm,
            x: blocks(&problem.gmm.x),
        }
    }
}

impl Side for NativeGmm<'_> {
    fn value(&mut self) -> f64 {
        gmm(&self.problem.theta, &self.x)
    }
}

dispatched!(gmm, gmm_body, (theta: &[f64], x: &[[Wide; Gmm::D]]) -> f64);

#[inline(always)]
fn gmm_body(theta: &[f64], x: &[[Wide; Gmm::D]]) -> f64 {
    const D: usize = Gmm::D;
    let mut roots = [[0.0; Gmm::ROOT]; Gmm::K];
    let mut terms = [0.0; Gmm::K];
    let mut squares = 0.0;
    for k in 0..Gmm::K {
        roots[k].copy_from_slice(&theta[Gmm::ROOTS + k * Gmm::ROOT..][..Gmm::ROOT]);
        terms[k] = theta[k] + roots[k][..D].iter().sum::<f64>();
        roots[k][..D].iter_mut().for_each(|x| *x = x.exp());
        squares += roots[k].iter().map(|x| x * x).sum::<f64>();
    }
    let mut mixture = 0.0;
    for (block, x) in x.iter().enumerate() {
        let mut inner = [Lanes([0.0; N]); Gmm::K];
        let mut most = Lanes([f64::NEG_INFINITY; N]);
        for k in 0..Gmm::K {
            let (root, means) = (&roots[k], &theta[Gmm::MEANS + k * D..][..D]);
            let mut centred = [Lanes([0.0; N]); D];
            for i in 0..D {
                centred[i] = x[i] + -means[i];
            }
            let mut rows = [Lanes([0.0; N]); D];
            for i in 0..D {
                rows[i] = centred[i] * root[i];
            }
            let mut next = D;
            for column in 0..D {
                for row in column + 1..D {
                    rows[row] = centred[column].add_times(root[next], rows[row]);
                    next += 1;
                }
            }
            let mut square = rows[0] * rows[0];
            for i in 1..D {
                square = square + rows[i] * rows[i];
            }
            inner[k] = square * -0.5 + terms[k];
            most = most.max(inner[k]);
        }
        let mut sum = Lanes([0.0; N]);
        for k in 0..Gmm::K {
            sum = sum + (inner[k] - most).exp();
        }
        for lane in 0..N.min(Gmm::N - block * N) {
            mixture += sum.0[lane].ln() + most.0[lane];
        }
    }
    let most = theta[..Gmm::K]
        .iter()
        .fold(f64::NEG_INFINITY, |m, &x| m.max(x));
    let of_alphas = theta[..Gmm::K]
        .iter()
        .map(|x| (x - most).exp())
        .sum::<f64>()
        .ln()
        + most;
    mixture - Gmm::N as f64 * of_alphas + 0.5 * squares + Gmm::constant()
}

pub struct NativeBundle<'a> {
    problem: &'a Bundle,
    errors: Vec<f64>,
}

impl<'a> NativeBundle<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        NativeBundle {
            problem: &problem.bundle,
            errors: vec![0.0; 2 * Bundle::OBSERVATIONS],
        }
    }
}

impl Side for NativeBundle<'_> {
    fn value(&mut self) -> f64 {
        bundle(self.problem, &mut self.errors);
        super::sum_of_squares(&self.errors)
    }

    fn function(&mut self) {
        bundle(self.problem, &mut self.errors);
    }
}

dispatched!(bundle, bundle_body, (problem: &Bundle, errors: &mut [f64]) -> ());

#[inline(always)]
fn bundle_body(problem: &Bundle, errors: &mut [f64]) {
    let mut first = 0;
    while first < Bundle::OBSERVATIONS {
        let mut inputs = [Lanes([0.0; N]); Bundle::INPUTS];
        let mut feature = [Lanes([0.0; N]); 2];
        for lane in 0..N {
            let i = (first + lane).min(Bundle::OBSERVATIONS - 1);
            let own = problem.inputs(i);
            for j in 0..Bundle::INPUTS {
                inputs[j].0[lane] = own[j];
            }
            let own = problem.feature(i);
            feature[0].0[lane] = own[0];
            feature[1].0[lane] = own[1];
        }
        let [p, q] = reprojection(&inputs, feature);
        let own = &mut errors[2 * first..];
        for lane in 0..N.min(Bundle::OBSERVATIONS - first) {
            own[2 * lane] = p.0[lane];
            own[2 * lane + 1] = q.0[lane];
        }
        first += N;
    }
}

pub struct NativeLstm<'a>(&'a Lstm);

impl<'a> NativeLstm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        NativeLstm(&problem.lstm)
    }
}

impl Side for NativeLstm<'_> {
    fn value(&mut self) -> f64 {
        lstm(self.0)
    }
}

dispatched!(lstm, lstm_body, (problem: &Lstm) -> f64);

#[inline(always)]
fn lstm_body(problem: &Lstm) -> f64 {
    const B: usize = Lstm::B;
    // Bits in lanes; the two past the last are zeros.
    let row = |numbers: &[f64], i: usize| {
        let mut lanes = [0.0; N];
        lanes[..B].copy_from_slice(&numbers[i * B..][..B]);
        Lanes(lanes)
    };
    let theta: [Wide; 8 * Lstm::LAYERS + 3] = std::array::from_fn(|i| row(&problem.theta, i));
    let mut state: [Wide; 2 * Lstm::LAYERS] = std::array::from_fn(|i| row(&problem.state, i));
    let [input_scale, scale, bias] = [0, 1, 2].map(|i| theta[8 * Lstm::LAYERS + i]);
    let mut loss = 0.0;
    let mut given = row(&problem.sequence, 0);
    for t in 1..Lstm::C {
        let next = row(&problem.sequence, t);
        let mut x = given * input_scale;
        for layer in 0..Lstm::LAYERS {
            let weights = &theta[8 * layer..][..8];
            let gate = |g: usize, x: Wide| x * weights[g] + weights[4 + g];
            let (hidden, cell) = (state[2 * layer], state[2 * layer + 1]);
            let (forget, enter, leave) = (
                gate(0, x).sigmoid(),
                gate(1, hidden).sigmoid(),
                gate(2, x).sigmoid(),
            );
            let cell = cell * forget + enter * gate(3, hidden).tanh();
            x = leave * cell.tanh();
            state[2 * layer] = x;
            state[2 * layer + 1] = cell;
        }
        let predicted = x * scale + bias;
        let powers = predicted.exp();
        let (mut sum, mut of_bits, mut bits) = (2.0, 0.0, 0.0);
        for i in 0..B {
            sum += powers.0[i];
            of_bits += predicted.0[i] * next.0[i];
            bits += next.0[i];
        }
        loss += bits * sum.ln() - of_bits;
        given = next;
    }
    loss / ((Lstm::C - 1) * B) as f64
}
