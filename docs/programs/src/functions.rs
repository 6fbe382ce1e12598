//! How is a function a vector?

use crate::Output;
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed};
use std::f64::consts::{PI, TAU};

// ANCHOR: basis
/// Functions φ_0, φ_1, … on an interval, orthogonal in ∫ f g.
#[derive(Clone, Copy, Debug)]
pub enum Basis {
    /// 1, cos x, sin x, cos 2x, sin 2x, …, over one period of the interval.
    Fourier,
    /// Legendre's polynomials P_0, P_1, ….
    Legendre,
    /// 1, x, x², …: not orthogonal, for comparison.
    Monomial,
}

impl Basis {
    /// φ_k at `t` in the interval from `from` to `to`.
    #[must_use]
    pub fn at(self, k: usize, t: f64, (from, to): (f64, f64)) -> f64 {
        let x = (2.0 * t - from - to) / (to - from); // −1 … 1
        match self {
            Self::Fourier if k == 0 => 1.0,
            Self::Fourier if k % 2 == 1 => (PI * x * k.div_ceil(2) as f64).cos(),
            Self::Fourier => (PI * x * (k / 2) as f64).sin(),
            Self::Legendre => legendre(k, x),
            Self::Monomial => x.powi(k as i32),
        }
    }
}

/// P_k by its recursion (j + 1) P_{j+1} = (2j + 1) x P_j − j P_{j−1}.
fn legendre(k: usize, x: f64) -> f64 {
    let (mut before, mut now) = (0.0, 1.0);
    for j in 0..k {
        let j = j as f64;
        (before, now) = (now, ((2.0 * j + 1.0) * x * now - j * before) / (j + 1.0));
    }
    now
}

/// ⟨f, g⟩ = ∫ f g: a sum with the weight of each sample, by Gauss' rule on pieces.
pub fn inner(f: impl Fn(f64) -> f64, g: impl Fn(f64) -> f64, (from, to): (f64, f64)) -> f64 {
    let pieces = 400;
    let width = (to - from) / f64::from(pieces);
    let nodes = [-(0.6_f64.sqrt()), 0.0, 0.6_f64.sqrt()];
    let weights = [5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0];
    let mut sum = 0.0;
    for piece in 0..pieces {
        let middle = from + (f64::from(piece) + 0.5) * width;
        for (node, weight) in nodes.iter().zip(weights) {
            let t = middle + node * width / 2.0;
            sum += width * weight * f(t) * g(t); // book: (inner-product)
        }
    }
    sum
}
// ANCHOR_END: basis

/// −π … π.
pub(crate) const PERIOD: (f64, f64) = (-PI, PI);

// ANCHOR: coefficients
/// c_k = ⟨f, φ_k⟩ / ⟨φ_k, φ_k⟩ for the first `n` functions of an orthogonal basis.
pub fn coefficients(f: impl Fn(f64) -> f64, basis: Basis, n: usize, on: (f64, f64)) -> Vec<f64> {
    (0..n)
        .map(|k| {
            let phi = |t: f64| basis.at(k, t, on);
            inner(&f, phi, on) / inner(phi, phi, on) // book: (projection)
        })
        .collect()
}
// ANCHOR_END: coefficients

fn gram() -> String {
    let mut text = String::new();
    for (basis, name, on) in [
        (Basis::Fourier, "Fourier on $(-\\pi, \\pi)$", PERIOD),
        (Basis::Legendre, "Legendre on $(-1, 1)$", (-1.0, 1.0)),
        (Basis::Monomial, "monomials on $(-1, 1)$", (-1.0, 1.0)),
    ] {
        let mut table = Table::new(&[
            name,
            "$\\varphi_0$",
            "$\\varphi_1$",
            "$\\varphi_2$",
            "$\\varphi_3$",
        ]);
        for i in 0..4 {
            let mut row = vec![format!("$\\varphi_{i}$")];
            row.extend((0..4).map(|j| {
                let value = inner(|t| basis.at(i, t, on), |t| basis.at(j, t, on), on);
                fixed(if value.abs() < 1e-9 { 0.0 } else { value }, 4)
            }));
            table.row(&row);
        }
        text += &format!("{}\n", table.markdown());
    }
    text
}

fn parseval() -> String {
    let f = |x: f64| x;
    let norm = inner(f, f, PERIOD);
    let mut table = Table::new(&[
        "terms",
        "$\\sum c_k^2\\,\\langle\\varphi_k,\\varphi_k\\rangle$",
        "$\\int x^2$",
        "$\\sum 1/k^2$",
        "$\\pi^2/6$",
    ]);
    for n in [3, 11, 101, 1001] {
        // The coefficients of x are known: 2 (−1)^{k+1}/k for sin kx, whose norm is π.
        let sum: f64 = (1..=n / 2).map(|k| PI * (2.0 / k as f64).powi(2)).sum();
        let basel: f64 = (1..=n / 2).map(|k| 1.0 / (k as f64).powi(2)).sum();
        table.row(&[
            n.to_string(),
            fixed(sum, 4),
            fixed(norm, 4),
            fixed(basel, 4),
            fixed(PI * PI / 6.0, 4),
        ]);
    }
    table.markdown()
}

fn figure_bars() -> String {
    let f = |x: f64| (x.sin() + 0.4 * (3.0 * x).cos()).exp();
    let mut left = Plot::new("a function as 16 numbers, each with the weight Δx")
        .x("x", -PI, PI)
        .y("f", 0.0, 4.0);
    let dx = TAU / 16.0;
    let bars: Vec<_> = (0..16)
        .map(|i| -PI + (f64::from(i) + 0.5) * dx)
        .map(|x| (x, f(x)))
        .collect();
    left.bars("st", dx * 0.92, &bars);
    left.curve("st", -PI, PI, f);
    let mut right = Plot::new("the same function as Fourier coefficients")
        .x("k", -0.8, 15.8)
        .y("c_k", -0.8, 1.6);
    let c = coefficients(f, Basis::Fourier, 16, PERIOD);
    let bars: Vec<_> = c.iter().enumerate().map(|(k, c)| (k as f64, *c)).collect();
    right.bars("pa", 0.7, &bars);
    right.line("ti thin", &[(-0.8, 0.0), (15.8, 0.0)]);
    figure(
        "function-vector",
        "Two sets of coordinates of one function. Left: samples; the norm needs the weight Δx, or it grows with their number. Right: coefficients in an orthogonal basis; they fall off quickly because the function is smooth.",
        &[left, right],
    )
}

/// Σ v_i² and Σ v_i² Δx of samples of sin on (0, π).
fn weights_table() -> String {
    let mut table = Table::new(&[
        "samples",
        "$\\sum f(x_i)^2$",
        "$\\sum f(x_i)^2\\,\\Delta x$",
        "$\\int f^2 = \\pi/2$",
    ]);
    for n in [10, 100, 1000] {
        let dx = PI / f64::from(n);
        let sum: f64 = (0..n)
            .map(|i| ((f64::from(i) + 0.5) * dx).sin().powi(2))
            .sum();
        table.row(&[
            n.to_string(),
            fixed(sum, 3),
            fixed(sum * dx, 6),
            fixed(PI / 2.0, 6),
        ]);
    }
    table.markdown()
}

fn sums_table() -> String {
    let mut table = Table::new(&[
        "terms",
        "$\\sum (1/k)^2$",
        "$\\sum (1/\\sqrt k)^2$",
        "$\\lVert\\tanh(nx) - \\mathrm{sign}\\,x\\rVert$, $n$ = terms",
    ]);
    for n in [10_u32, 1000, 100_000] {
        let one: f64 = (1..=n).map(|k| f64::from(k).powi(-2)).sum();
        let other: f64 = (1..=n).map(|k| 1.0 / f64::from(k)).sum();
        // ∫ (1 − tanh(nx))² over (0, 1), twice: 2 (2 ln 2 − 1)/n for large n.
        let n = f64::from(n);
        let gap = inner(|s| 1.0 - s.tanh(), |s| 1.0 - s.tanh(), (0.0, n.min(40.0)));
        table.row(&[
            fixed(n, 0),
            fixed(one, 5),
            fixed(other, 3),
            fixed((2.0 * gap / n).sqrt(), 5),
        ]);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("functions/bars.svg", figure_bars()),
        Output::new("functions/weights.md", weights_table()),
        Output::new("functions/gram.md", gram()),
        Output::new("functions/parseval.md", parseval()),
        Output::new("functions/sums.md", sums_table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orthogonal_bases_have_diagonal_gram_matrices() {
        for (basis, on) in [(Basis::Fourier, PERIOD), (Basis::Legendre, (3.0, 5.0))] {
            for i in 0..7 {
                for j in 0..7 {
                    let value = inner(|t| basis.at(i, t, on), |t| basis.at(j, t, on), on);
                    let expected = match basis {
                        _ if i != j => 0.0,
                        Basis::Fourier => {
                            if i == 0 {
                                TAU
                            } else {
                                PI
                            }
                        }
                        _ => 2.0 / (2.0 * i as f64 + 1.0),
                    };
                    assert!(
                        (value - expected).abs() < 1e-9,
                        "{basis:?} {i} {j}: {value}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_exercise_parseval_for_x() {
        let c = coefficients(|x| x, Basis::Fourier, 9, PERIOD);
        for k in 1..=4 {
            let expected = if k % 2 == 1 { 2.0 } else { -2.0 } / k as f64;
            assert!((c[2 * k] - expected).abs() < 1e-9 && c[2 * k - 1].abs() < 1e-9);
        }
        let basel: f64 = (1..=4000).map(|k| 1.0 / f64::from(k).powi(2)).sum();
        assert!((4.0 * PI * basel - inner(|x| x, |x| x, PERIOD)).abs() < 5e-3); // book: (parseval)
    }
}
