//! Checks of derivatives that were written by hand, without a tape.

use super::difference::along;
use super::report::{Component, Report};

/// What differences are trusted to.
pub(super) const DIFFERENCES: f64 = 1e-7;
/// What exact ways agree to.
pub(super) const ROUNDING: f64 = 1e-12;

/// Compares a gradient with differences of f at x: `found[i]` = ∂f/∂x\[i\].
///
/// # Panics
/// If `found` and `x` differ in length.
///
/// # Example
/// ```
/// // The Rosenbrock function and its gradient.
/// let f = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
/// let x = [-1.2, 1.0];
/// let slope = 200.0 * (x[1] - x[0] * x[0]);
/// costate_tape::check::gradient(f, &x, &[-2.0 * (1.0 - x[0]) - 2.0 * x[0] * slope, slope]).assert();
/// ```
#[track_caller]
pub fn gradient(mut f: impl FnMut(&[f64]) -> f64, x: &[f64], found: &[f64]) -> Report {
    compare(|at| vec![f(at)], x, found, |_| "f".to_owned())
}

/// Compares a Jacobian with differences of f at x: `found[i * x.len() + j]` = ∂f\[i\]/∂x\[j\], row by row.
///
/// # Panics
/// If `found` has not one number for each output and input.
///
/// # Example
/// ```
/// let f = |x: &[f64]| vec![x[0] * x[1], x[1].sin()];
/// let x: [f64; 2] = [0.3, 1.1];
/// costate_tape::check::jacobian(f, &x, &[x[1], x[0], 0.0, x[1].cos()]).assert();
/// ```
#[track_caller]
pub fn jacobian(f: impl FnMut(&[f64]) -> Vec<f64>, x: &[f64], found: &[f64]) -> Report {
    compare(f, x, found, |i| format!("f[{i}]"))
}

#[track_caller]
fn compare(
    mut f: impl FnMut(&[f64]) -> Vec<f64>,
    x: &[f64],
    found: &[f64],
    name: impl Fn(usize) -> String,
) -> Report {
    let rows = f(x).len();
    assert!(
        found.len() == rows * x.len(),
        "{} derivatives given for {rows} outputs and {} inputs",
        found.len(),
        x.len()
    );
    let columns: Vec<_> = (0..x.len())
        .map(|j| {
            let mut at = x.to_vec();
            along(x[j], |value| {
                at[j] = value;
                Some(f(&at))
            })
        })
        .collect();
    Report::new(
        "central differences",
        DIFFERENCES,
        1e-3,
        (0..rows).map(|i| {
            let component = |(j, column): (usize, &Vec<super::Estimate>)| Component {
                name: format!("∂{}/∂x[{j}]", name(i)),
                found: found[i * x.len() + j],
                expected: column[i].value,
                uncertainty: column[i].error,
                deviation: 0.0,
                unit: column[i].unit,
            };
            columns.iter().enumerate().map(component).collect()
        }),
    )
}

/// The dot-product test ⟨v, J u⟩ = ⟨Jᵀ v, u⟩ of hand-written products: `jvp` is u ↦ J u from `inputs` to `outputs` numbers, `vjp`
/// is v ↦ Jᵀ v back. Eight pairs of directions from a fixed sequence.
///
/// It finds a reverse sweep that is not the transpose of the forward one. It cannot find an error that both share: compare one
/// of them with differences too.
///
/// # Panics
/// If a product returns another length.
///
/// # Example
/// ```
/// use costate_tape::check;
/// // J = [[1, 2, 0], [0, 0, 3]]
/// let jvp = |u: &[f64]| vec![u[0] + 2.0 * u[1], 3.0 * u[2]];
/// check::products(jvp, |v| vec![v[0], 2.0 * v[0], 3.0 * v[1]], 3, 2).assert();
/// assert!(!check::products(jvp, |v| vec![v[0], 2.0 * v[1], 3.0 * v[1]], 3, 2).holds());
/// ```
#[track_caller]
pub fn products(
    mut jvp: impl FnMut(&[f64]) -> Vec<f64>,
    mut vjp: impl FnMut(&[f64]) -> Vec<f64>,
    inputs: usize,
    outputs: usize,
) -> Report {
    let mut directions = Directions::new();
    let rows: Vec<_> = (0..8)
        .map(|i| {
            let (u, v) = (directions.next(inputs), directions.next(outputs));
            let (forward, reverse) = (jvp(&u), vjp(&v));
            assert!(
                forward.len() == outputs && reverse.len() == inputs,
                "jvp gave {} numbers for {outputs} outputs, vjp {} for {inputs} inputs",
                forward.len(),
                reverse.len()
            );
            vec![dots(
                format!("⟨v, J u⟩, direction {i}"),
                (&v, &forward),
                (&u, &reverse),
            )]
        })
        .collect();
    Report::new("dot products", ROUNDING, 0.0, rows)
}

/// ⟨Jᵀ v, u⟩ as found and ⟨v, J u⟩ as expected; their terms' rounding is the uncertainty.
pub(super) fn dots(name: String, expected: (&[f64], &[f64]), found: (&[f64], &[f64])) -> Component {
    let dot = |(a, b): (&[f64], &[f64])| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = |(a, b): (&[f64], &[f64])| a.iter().zip(b).map(|(a, b)| (a * b).abs()).sum::<f64>();
    Component {
        name,
        found: dot(found), // book: (dot-product)
        expected: dot(expected),
        uncertainty: ROUNDING * size(found).max(size(expected)),
        deviation: 0.0,
        unit: 0.0,
    }
}

/// Random directions: numbers between −1 and 1 from a fixed sequence.
pub(super) struct Directions(u64);

impl Directions {
    pub(super) fn new() -> Self {
        Directions(0x9e37_79b9_7f4a_7c15)
    }

    pub(super) fn next(&mut self, length: usize) -> Vec<f64> {
        (0..length)
            .map(|_| {
                self.0 = self
                    .0
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
            })
            .collect()
    }
}
