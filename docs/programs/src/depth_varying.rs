//! How do weights vary with depth, and what is their gradient?

use crate::Output;
use crate::augmented::PROBLEM;
use crate::functions::{Basis, inner};
use crate::house::{H0, T0, T1, THETA, costate, state};
use crate::plot::{Plot, figure};
use crate::solve::{difference, end};
use crate::text::{Table, fixed, scientific};
use costate_neural_ode::{Discrete, GradientMethod, Problem, VectorField};
use costate_ode::{Options, tableau};
use nalgebra::{DMatrix, DVector};

const ON: (f64, f64) = (T0, T1);

// ANCHOR: field
/// f = θ(t) t h with θ(t) = Σ c_k φ_k(t): the parameters are the c_k.
#[derive(Debug)]
pub struct DepthVarying {
    basis: Basis,
    c: Vec<f64>,
    /// t, h, a of each frame.
    frames: Vec<[f64; 3]>,
    sum: Vec<f64>,
}

impl DepthVarying {
    /// With the first `n` functions of a basis.
    #[must_use]
    pub fn new(basis: Basis, n: usize) -> Self {
        Self {
            basis,
            c: vec![0.0; n],
            frames: Vec::new(),
            sum: vec![0.0; n],
        }
    }

    /// θ(t).
    fn theta(&self, t: f64) -> f64 {
        let terms = self.c.iter().enumerate();
        terms.map(|(k, c)| c * self.basis.at(k, t, ON)).sum()
    }

    /// θ'(t), by a difference: f looks at the clock through θ too.
    fn theta_rate(&self, t: f64) -> f64 {
        difference(|t| self.theta(t), t, 1e-3)
    }
}
// ANCHOR_END: field

impl VectorField<f64> for DepthVarying {
    fn state_len(&self) -> usize {
        1
    }
    fn parameter_len(&self) -> usize {
        self.c.len()
    }
    fn set_parameters(&mut self, c: &[f64]) {
        self.c.copy_from_slice(c);
        self.sum.fill(0.0);
    }
    fn eval(&mut self, frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
        self.frames
            .resize(self.frames.len().max(frame + 1), [0.0; 3]);
        self.frames[frame] = [t, h[0], 0.0];
        dh[0] = self.theta(t) * t * h[0];
    }
    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        self.frames[frame][2] = a[0];
        let [t, h, a] = self.frames[frame];
        a_h[0] = a * self.theta(t) * t;
        a * h * (self.theta(t) + t * self.theta_rate(t))
    }
    // ANCHOR: accumulate
    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        for &(frame, weight) in frames {
            let [t, h, a] = self.frames[frame];
            let g = a * t * h; // a·∂f/∂θ: the gradient, as a function of t
            for (k, sum) in self.sum.iter_mut().enumerate() {
                *sum += weight * g * self.basis.at(k, t, ON); // book: (coefficient-gradient)
            }
        }
    }
    // ANCHOR_END: accumulate
    fn finish(&mut self, gradient: &mut [f64]) {
        gradient.copy_from_slice(&self.sum);
        self.sum.fill(0.0);
    }
}

/// Loss, gradient by c, and ∂L/∂t₁, ∂L/∂t₀, by the discrete method.
fn gradient(basis: Basis, c: &[f64]) -> (Vec<f64>, [f64; 2]) {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let options = Options::tolerances(1e-11, 1e-11);
    let field = DepthVarying::new(basis, c.len());
    let mut method = Discrete::new(field, &[0.0], tsit5, options).expect("the options make sense");
    let problem = Problem {
        theta: c,
        ..PROBLEM
    };
    let gradient = method
        .gradient(&problem, &mut |saved, cotangents| {
            cotangents.state_mut(0)[0] = 1.0;
            saved.state(0)[0]
        })
        .expect("it is linear");
    (gradient.theta.clone(), [gradient.t1, gradient.t0])
}

/// L by solving again.
fn loss(basis: Basis, c: &[f64], t0: f64) -> f64 {
    let theta = |t: f64| -> f64 {
        let terms = c.iter().enumerate();
        terms.map(|(k, c)| c * basis.at(k, t, ON)).sum()
    };
    let f = |t: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = theta(t) * t * h[0];
    end(f, t0, [H0], T1)[0]
}

const SLOPED: [f64; 4] = [0.25, 0.05, -0.03, 0.02];

fn table() -> String {
    let mut table = Table::new(&[
        "basis",
        "$k$",
        "$\\int a f_\\theta\\varphi_k$ by `Discrete`",
        "difference quotient",
    ]);
    for (basis, name, which) in [
        (Basis::Legendre, "Legendre", [0, 1]),
        (Basis::Fourier, "Fourier", [0, 2]),
        (Basis::Monomial, "powers", [1, 3]),
    ] {
        let (by_discrete, _) = gradient(basis, &SLOPED);
        for k in which {
            let by = difference(
                |x| {
                    let mut c = SLOPED;
                    c[k] = x;
                    loss(basis, &c, T0)
                },
                SLOPED[k],
                1e-3,
            );
            table.row(&[
                name.to_owned(),
                k.to_string(),
                fixed(by_discrete[k], 5),
                fixed(by, 5),
            ]);
        }
    }
    table.markdown()
}

fn projected() -> String {
    let g = |t: f64| costate(t) * t * state(t);
    let mut left = Plot::new("a·f_θ and its projections")
        .x("t", T0, T1)
        .y("", 0.0, 130.0);
    left.curve("pa", T0, T1, g);
    let cells: Vec<_> = (0..4)
        .flat_map(|cell| {
            let (from, to) = (T0 + 0.5 * f64::from(cell), T0 + 0.5 * f64::from(cell + 1));
            let mean = inner(g, |_| 1.0, (from, to)) / 0.5;
            [(from, mean), (to, mean)]
        })
        .collect();
    left.line("st", &cells);
    let mean = inner(g, |_| 1.0, ON) / 2.0;
    left.line("co dash", &[(T0, mean), (T1, mean)]);
    left.text("co", "start", (3.05, 101.0), "one constant: a neural ODE");
    left.text("st", "end", (4.95, 62.0), "four cells: a residual network");
    let mut right = Plot::new("∂L/∂c_k, k = 0 … 5")
        .x("k", -0.6, 17.6)
        .y("", -80.0, 200.0)
        .x_ticks(&[(2.5, "Legendre"), (8.5, "Fourier"), (14.5, "powers")]);
    for (b, (basis, class)) in [
        (Basis::Legendre, "pa"),
        (Basis::Fourier, "st"),
        (Basis::Monomial, "co"),
    ]
    .into_iter()
    .enumerate()
    {
        let (gradient, _) = gradient(basis, &[THETA, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let bars: Vec<_> = gradient
            .iter()
            .enumerate()
            .map(|(k, g)| ((6 * b + k) as f64, *g))
            .collect();
        right.bars(class, 0.8, &bars);
    }
    right.line("ti thin", &[(-0.6, 0.0), (17.6, 0.0)]);
    figure(
        "projected",
        "House example, θ(t) = ¼. Left: the gradient is a function of depth, a·f_θ = 3e²t; a model sees its projection. Right: its coefficients in three bases, which are the gradients by the c_k.",
        &[left, right],
    )
}

/// The matrix of inner products of the first `n` functions.
fn gram(basis: Basis, n: usize) -> DMatrix<f64> {
    DMatrix::from_fn(n, n, |i, j| {
        inner(|t| basis.at(i, t, ON), |t| basis.at(j, t, ON), ON)
    })
}

// ANCHOR: descent
/// ½∫(θ − θ*)² after `steps` of gradient descent on the coefficients of θ, from 0, with the step 1/λ_max.
#[must_use]
pub fn descend(gram: &DMatrix<f64>, target: &DVector<f64>, steps: usize) -> f64 {
    let eta = 1.0 / gram.symmetric_eigenvalues().max();
    let mut c = DVector::zeros(target.len());
    for _ in 0..steps {
        c -= eta * (gram * &c - target); // ∂/∂c_k = ⟨θ − θ*, φ_k⟩
    }
    let rest = &c
        - gram
            .clone()
            .lu()
            .solve(target)
            .expect("independent functions");
    0.5 * rest.dot(&(gram * &rest))
}
// ANCHOR_END: descent

fn descent_table() -> String {
    let n = 8;
    let wanted = |t: f64| 0.25 + 0.1 * (2.0 * t).sin();
    let mut table = Table::new(&[
        "coefficients of",
        "condition of the Gram matrix",
        "loss after 100 steps",
        "after 10 000",
    ]);
    for (basis, name, normalised) in [
        (Basis::Monomial, "powers", false),
        (Basis::Legendre, "Legendre's polynomials", false),
        (Basis::Legendre, "the same, of norm 1", true),
    ] {
        let mut gram = gram(basis, n);
        let mut target = DVector::from_fn(n, |k, _| inner(wanted, |t| basis.at(k, t, ON), ON));
        if normalised {
            let scale: Vec<f64> = (0..n).map(|k| gram[(k, k)].sqrt()).collect();
            gram = DMatrix::from_fn(n, n, |i, j| gram[(i, j)] / (scale[i] * scale[j]));
            target = DVector::from_fn(n, |k, _| target[k] / scale[k]);
        }
        let values = gram.symmetric_eigenvalues();
        let show = |x: f64| {
            if x < 1e-20 {
                "0".to_owned()
            } else {
                scientific(x, 0)
            }
        };
        table.row(&[
            name.to_owned(),
            scientific(values.max() / values.min(), 0),
            show(descend(&gram, &target, 100)),
            show(descend(&gram, &target, 10_000)),
        ]);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("depth-varying/projected.svg", projected()),
        Output::new("depth-varying/table.md", table()),
        Output::local("depth-varying/descent.md", descent_table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::e2;

    #[test]
    fn the_exercise_a_slope_in_theta() {
        // θ = c₀ + c₁ t: ∫ 3e² t · (1, t). In terms of x = t − 4: c₁ t = c₁ (x + 4).
        let (gradient, _) = gradient(Basis::Monomial, &[THETA, 0.0]);
        assert!((gradient[0] / e2() - 24.0).abs() < 1e-7);
        assert!(((gradient[1] + 4.0 * gradient[0]) / e2() - 98.0).abs() < 1e-6);
    }

    #[test]
    fn coefficients_of_three_bases_agree_with_differences() {
        for basis in [Basis::Legendre, Basis::Fourier, Basis::Monomial] {
            let (by_discrete, _) = gradient(basis, &SLOPED);
            for k in 0..4 {
                let moved = |x: f64| {
                    let mut c = SLOPED;
                    c[k] = x;
                    loss(basis, &c, T0)
                };
                let by = difference(moved, SLOPED[k], 1e-3);
                let off = (by_discrete[k] - by).abs() / by_discrete[0].abs();
                assert!(off < 1e-6, "{basis:?} {k}: {} {by}", by_discrete[k]);
            }
        }
    }

    #[test]
    fn the_clock_sees_theta_move() {
        let (_, [_, start]) = gradient(Basis::Legendre, &SLOPED);
        let by = difference(|t0| loss(Basis::Legendre, &SLOPED, t0), T0, 1e-3);
        assert!((start / by - 1.0).abs() < 1e-5, "{start} {by}");
    }

    #[test]
    fn cells_are_the_parameters_of_a_residual_network() {
        // Four constants on four cells: their gradients are the integrals over the cells.
        let g = |t: f64| costate(t) * t * state(t);
        let cell = |c: usize| (T0 + 0.5 * c as f64, T0 + 0.5 * (c + 1) as f64);
        let sum: f64 = (0..4).map(|c| inner(g, |_| 1.0, cell(c))).sum();
        assert!((sum / e2() - 24.0).abs() < 1e-9);
    }
}
