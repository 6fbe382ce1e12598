//! The functions as one writes them for single numbers, of any kind: floats, duals, variables of a tape, lanes of points.

use crate::problem::{Gmm, Lstm};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Arithmetic with its own kind and with constants, and the functions that are needed.
pub trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sqrt(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tanh(self) -> Self;

    #[inline(always)]
    fn sigmoid(self) -> Self {
        ((-self).exp() + 1.0).reciprocal()
    }

    #[inline(always)]
    fn reciprocal(self) -> Self {
        // 1/x where a number has no division of a constant by itself.
        (self * 0.0 + 1.0) / self
    }
}

/// Implements [`Number`] by functions of the same names of a type or trait, which take the number itself or a reference to it.
macro_rules! number {
    ([$($generics:tt)*] $kind:ty, [$($owner:tt)*] $(, $by:tt)?) => {
        impl<$($generics)*> $crate::number::Number for $kind {
            #[inline(always)]
            fn exp(self) -> Self { $($owner)*::exp($($by)? self) }
            #[inline(always)]
            fn ln(self) -> Self { $($owner)*::ln($($by)? self) }
            #[inline(always)]
            fn sqrt(self) -> Self { $($owner)*::sqrt($($by)? self) }
            #[inline(always)]
            fn sin(self) -> Self { $($owner)*::sin($($by)? self) }
            #[inline(always)]
            fn cos(self) -> Self { $($owner)*::cos($($by)? self) }
            #[inline(always)]
            fn tanh(self) -> Self { $($owner)*::tanh($($by)? self) }
        }
    };
}
pub(crate) use number;

/// The log-likelihood of a mixture and its prior.
pub fn gmm<S: Number>(problem: &Gmm, theta: &[S], largest: impl Fn(&[S]) -> f64) -> S {
    let d = Gmm::D;
    let alphas = &theta[..Gmm::K];
    let roots: Vec<&[S]> = theta[Gmm::ROOTS..].chunks_exact(Gmm::ROOT).collect();
    let diagonals: Vec<Vec<S>> = roots
        .iter()
        .map(|root| root[..d].iter().map(|x| x.exp()).collect())
        .collect();
    let sum = |terms: &mut dyn Iterator<Item = S>| {
        let first = terms.next().expect("there is a term");
        terms.fold(first, |sum, term| sum + term)
    };
    let logsumexp = |terms: &[S]| {
        let most = largest(terms);
        sum(&mut terms.iter().map(|&term| (term + -most).exp())).ln() + most
    };
    let terms: Vec<S> = roots
        .iter()
        .zip(alphas)
        .map(|(root, &alpha)| alpha + sum(&mut root[..d].iter().copied()))
        .collect();
    let mut points = problem.x.chunks_exact(d).map(|x| {
        let inner: Vec<S> = (0..Gmm::K)
            .map(|k| {
                let means = &theta[Gmm::MEANS + k * d..][..d];
                let centred: Vec<S> = means.iter().zip(x).map(|(&mean, &x)| mean + -x).collect();
                let mut rows: Vec<S> = centred
                    .iter()
                    .zip(&diagonals[k])
                    .map(|(&x, &q)| q * x)
                    .collect();
                let mut next = d;
                for column in 0..d {
                    for row in column + 1..d {
                        rows[row] = rows[row] + roots[k][next] * centred[column];
                        next += 1;
                    }
                }
                terms[k] + sum(&mut rows.iter().map(|&z| z * z)) * -0.5
            })
            .collect();
        logsumexp(&inner)
    });
    let mixture = sum(&mut points);
    let lower = roots.iter().flat_map(|root| &root[d..]);
    let squares = sum(&mut diagonals.iter().flatten().chain(lower).map(|&x| x * x));
    mixture + logsumexp(alphas) * -(Gmm::N as f64) + squares * 0.5 + Gmm::constant()
}

/// The reprojection error of a point, weighted. `inputs`: rotation, centre, focal length, principal point, distortion; point; weight.
#[inline(always)]
pub fn reprojection<S: Number, F>(inputs: &[S; 15], feature: [F; 2]) -> [S; 2]
where
    S: Sub<F, Output = S>,
{
    let [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x, y, z, w] = *inputs;
    let (x, y, z) = (x - c0, y - c1, z - c2);
    // Rodrigues' formula.
    let angle = (r0 * r0 + r1 * r1 + r2 * r2).sqrt();
    let (cos, sin) = (angle.cos(), angle.sin());
    let (n0, n1, n2) = (r0 / angle, r1 / angle, r2 / angle);
    let along = (n0 * x + n1 * y + n2 * z) * (-cos + 1.0);
    let (a, b, c) = (
        x * cos + (n1 * z - n2 * y) * sin + n0 * along,
        y * cos + (n2 * x - n0 * z) * sin + n1 * along,
        z * cos + (n0 * y - n1 * x) * sin + n2 * along,
    );
    let (p, q) = (a / c, b / c);
    let square = p * p + q * q;
    let distortion = k1 * square + k2 * square * square + 1.0;
    let [at_p, at_q] = feature;
    [
        (p * distortion * f + u - at_p) * w,
        (q * distortion * f + v - at_q) * w,
    ]
}

/// The mean loss of a network over its sequence.
pub fn lstm<S: Number>(problem: &Lstm, theta: &[S]) -> S {
    let b = Lstm::B;
    let [input_scale, scale, bias] = [0, 1, 2].map(|i| &theta[Lstm::EXTRA + i * b..][..b]);
    let zero = theta[0] * 0.0;
    let mut state: Vec<S> = problem.state.iter().map(|&x| zero + x).collect();
    let mut loss = zero;
    let characters: Vec<&[f64]> = problem.sequence.chunks_exact(b).collect();
    for pair in characters.windows(2) {
        let mut sum = zero + 2.0;
        let mut of_bits = zero;
        for i in 0..b {
            let mut x = input_scale[i] * pair[0][i];
            for layer in 0..Lstm::LAYERS {
                let gate = |g: usize, x: S| {
                    x * theta[(8 * layer + g) * b + i] + theta[(8 * layer + 4 + g) * b + i]
                };
                let (hidden, cell) = (state[2 * layer * b + i], state[(2 * layer + 1) * b + i]);
                let (forget, enter, leave) = (
                    gate(0, x).sigmoid(),
                    gate(1, hidden).sigmoid(),
                    gate(2, x).sigmoid(),
                );
                let cell = cell * forget + enter * gate(3, hidden).tanh();
                x = leave * cell.tanh();
                state[2 * layer * b + i] = x;
                state[(2 * layer + 1) * b + i] = cell;
            }
            let predicted = x * scale[i] + bias[i];
            sum = sum + predicted.exp();
            of_bits = of_bits + predicted * pair[1][i];
        }
        loss = loss + sum.ln() * pair[1].iter().sum::<f64>() + -of_bits;
    }
    loss * (1.0 / ((Lstm::C - 1) * b) as f64)
}
