//! What is the best approximation, and how is it computed stably?

use crate::Output;
use crate::functions::{Basis, coefficients};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed, scientific};
use nalgebra::{DMatrix, DVector};

const ON: (f64, f64) = (-1.0, 1.0);

// ANCHOR: least-squares
/// The coefficients c that minimise ‖A c − b‖, by orthogonal columns: A = QR, then R c = Qᵀ b.
#[must_use]
pub fn by_qr(a: &DMatrix<f64>, b: &DVector<f64>) -> Option<DVector<f64>> {
    let qr = a.clone().qr();
    qr.r().solve_upper_triangular(&(qr.q().transpose() * b)) // book: (least-squares)
}

/// The same by the normal equations AᵀA c = Aᵀ b, which square the condition number.
#[must_use]
pub fn by_normal_equations(a: &DMatrix<f64>, b: &DVector<f64>) -> Option<DVector<f64>> {
    (a.transpose() * a).lu().solve(&(a.transpose() * b))
}
// ANCHOR_END: least-squares

const SAMPLES: usize = 400;

fn sample(i: usize) -> f64 {
    -1.0 + (2.0 * i as f64 + 1.0) / SAMPLES as f64
}

/// Powers of x on [0, 1], or Legendre's polynomials on [−1, 1], at the samples.
fn design(basis: Basis, degree: usize) -> DMatrix<f64> {
    DMatrix::from_fn(SAMPLES, degree + 1, |i, k| match basis {
        // On [0, 1], where people meet them: powers there are nearly parallel.
        Basis::Monomial => ((sample(i) + 1.0) / 2.0).powi(k as i32),
        basis => basis.at(k, sample(i), ON),
    })
}

fn target(x: f64) -> f64 {
    (3.0 * x).sin() * x.exp()
}

/// Root mean square error of a fit of each kind: monomials by normal equations and by QR, Legendre by QR.
fn errors(degree: usize) -> [f64; 3] {
    let b = DVector::from_fn(SAMPLES, |i, _| target(sample(i)));
    let error = |a: &DMatrix<f64>, c: Option<DVector<f64>>| {
        c.map_or(f64::NAN, |c| (a * c - &b).norm() / (SAMPLES as f64).sqrt())
    };
    let (powers, legendre) = (
        design(Basis::Monomial, degree),
        design(Basis::Legendre, degree),
    );
    [
        error(&powers, by_normal_equations(&powers, &b)),
        error(&powers, by_qr(&powers, &b)),
        error(&legendre, by_qr(&legendre, &b)),
    ]
}

fn errors_figure() -> String {
    let mut plot = Plot::new("fit of sin 3x · eˣ at 400 points")
        .x("degree", 0.0, 30.0)
        .y("root mean square error", 1e-16, 10.0)
        .log_y();
    let all: Vec<_> = (0..=30).map(|n| (n as f64, errors(n))).collect();
    let of = |k: usize| {
        all.iter()
            .map(|(n, e)| (*n, e[k].max(1e-16)))
            .collect::<Vec<_>>()
    };
    plot.line("co dash", &of(0));
    plot.line("st", &of(1));
    plot.line("pa", &of(2));
    plot.dots("pa", 2.5, &of(2));
    plot.text("co", "end", (29.5, 1e-5), "powers, normal equations");
    plot.text("st", "end", (29.5, 2e-14), "powers, QR");
    plot.text("pa", "end", (15.2, 3e-13), "Legendre");
    figure(
        "least-squares",
        "The same space of polynomials and the same data, three ways to compute. The normal equations stop at the square root of the machine precision and then get worse.",
        &[plot],
    )
}

/// The condition number of a matrix.
fn condition(a: &DMatrix<f64>) -> f64 {
    let values = a.singular_values();
    values.max() / values.min()
}

fn conditions() -> String {
    let mut table = Table::new(&[
        "degree",
        "$\\kappa(A)$, powers",
        "$\\kappa(A^T\\!A)$, powers",
        "$\\kappa(A)$, Legendre",
    ]);
    for degree in [4, 7, 9, 15] {
        let (powers, legendre) = (
            design(Basis::Monomial, degree),
            design(Basis::Legendre, degree),
        );
        let kappa = condition(&powers);
        table.row(&[
            degree.to_string(),
            scientific(kappa, 1),
            scientific(kappa * kappa, 1),
            fixed(condition(&legendre), 2),
        ]);
    }
    table.markdown()
}

fn exponential() -> String {
    let c = coefficients(f64::exp, Basis::Legendre, 5, ON);
    let mut table = Table::new(&["$k$", "$c_k$ of $e^x$ on $(-1,1)$", "closed form"]);
    let closed = ["$\\sinh 1 = 1.175201$", "$3/e = 1.103638$", "–", "–", "–"];
    for (k, c) in c.iter().enumerate() {
        table.row(&[k.to_string(), fixed(*c, 6), closed[k].to_owned()]);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::local("approximation/errors.svg", errors_figure()),
        Output::new("approximation/conditions.md", conditions()),
        Output::new("approximation/exponential.md", exponential()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exercise_legendre_coefficients_of_the_exponential() {
        let c = coefficients(f64::exp, Basis::Legendre, 2, ON);
        assert!((c[0] - 1.0_f64.sinh()).abs() < 1e-10);
        assert!((c[1] - 3.0 / std::f64::consts::E).abs() < 1e-10);
    }

    #[test]
    fn the_error_of_the_best_fit_is_orthogonal_to_the_basis() {
        let a = design(Basis::Legendre, 6);
        let b = DVector::from_fn(SAMPLES, |i, _| target(sample(i)));
        let c = by_qr(&a, &b).unwrap();
        assert!((a.transpose() * (&a * c - &b)).norm() < 1e-11);
    }

    #[test]
    fn normal_equations_lose_half_of_the_digits() {
        let [normal, qr, legendre] = errors(20);
        assert!(
            normal > 1e-11 && qr < 1e-12 && legendre < 1e-13,
            "{normal} {qr} {legendre}"
        );
    }
}
