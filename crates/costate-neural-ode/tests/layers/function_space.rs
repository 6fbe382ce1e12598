//! Function spaces: orthogonality, projections, and the known rates at which terms help.

use costate_neural_ode::function_space::{Basis, Family, ProjectionError, Quadrature, Series};
use costate_tape::{Dual, Function, Var};
use std::f64::consts::{PI, TAU};

fn basis(family: Family, terms: usize) -> Basis {
    let terms = if family == Family::Constant { 1 } else { terms };
    Basis::new(family, terms, -0.5, 2.0)
}

#[test]
fn values_on_the_tape_are_the_plain_ones_with_their_slopes() {
    for family in Family::ALL {
        let basis = basis(family, 6);
        let inputs: [(&str, &[usize]); 1] = [("t", &[])];
        // A constant does not come from the tape: t + 0 does.
        let recorded = Function::<f64>::record(&inputs, |v| {
            basis
                .values(v[0])
                .into_iter()
                .map(|value| value + v[0] - v[0])
                .collect::<Vec<Var<f64>>>()
        })
        .unwrap();
        for t in [-0.5, -0.1, 0.7, 1.9] {
            let plain = basis.values(t);
            let out = recorded.eval(&[&[t]]).unwrap();
            let dual = basis.values(Dual::<f64, 1>::variable(t, 0));
            for k in 0..basis.terms() {
                assert!((out[k][0] - plain[k]).abs() < 1e-15, "{family:?} {k}");
                assert_eq!(dual[k].value, plain[k]);
                let h = 1e-6;
                let slope = (basis.values(t + h)[k] - basis.values(t - h)[k]) / (2.0 * h);
                let at_an_end = family == Family::PiecewiseLinear && t == -0.5;
                assert!(
                    at_an_end || (dual[k].tangent[0] - slope).abs() < 1e-7,
                    "{family:?} {k} at {t}: {slope}"
                );
            }
        }
    }
}

#[test]
fn functions_are_their_closed_forms() {
    let (t, u) = (0.7, 1.2 / 2.5);
    let s: f64 = 2.0 * u - 1.0;
    let expected = |family| match family {
        Family::Constant => vec![1.0],
        Family::Fourier => vec![
            1.0,
            (TAU * u).cos(),
            (TAU * u).sin(),
            (2.0 * TAU * u).cos(),
            (2.0 * TAU * u).sin(),
        ],
        Family::Legendre => vec![
            1.0,
            s,
            1.5 * s * s - 0.5,
            2.5 * s.powi(3) - 1.5 * s,
            (35.0 * s.powi(4) - 30.0 * s * s + 3.0) / 8.0,
        ],
        Family::Chebyshev => (0..5).map(|k| (f64::from(k) * s.acos()).cos()).collect(),
        Family::PiecewiseLinear => vec![0.0, 1.0 - (4.0 * u - 1.0), 4.0 * u - 1.0, 0.0, 0.0],
    };
    for family in Family::ALL {
        let found = basis(family, 5).values(t);
        let expected = expected(family);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-14,
                "{family:?}: {found} instead of {expected}"
            );
        }
        assert_eq!(Family::by_name(family.name()), Some(family));
    }
}

#[test]
fn bases_are_orthogonal_in_the_inner_product_that_is_promised() {
    let (start, end) = (-0.5, 2.0);
    let l2 = Quadrature::legendre(40, start, end);
    let cases = [
        (Family::Fourier, &l2),
        (Family::Legendre, &l2),
        (Family::Chebyshev, &Quadrature::chebyshev(40, start, end)),
    ];
    for (family, inner) in cases {
        let basis = basis(family, 7);
        let gram = basis.gram(inner);
        for (j, k) in (0..7).flat_map(|j| (0..7).map(move |k| (j, k))) {
            let length = end - start;
            let norm2 = match family {
                Family::Fourier => {
                    if k == 0 {
                        length
                    } else {
                        length / 2.0
                    }
                }
                Family::Legendre => length / (2 * k + 1) as f64,
                _ => {
                    if k == 0 {
                        PI
                    } else {
                        PI / 2.0
                    }
                }
            };
            let expected = if j == k { norm2 } else { 0.0 };
            assert!(
                (gram[7 * j + k] - expected).abs() < 1e-12,
                "{family:?} {j} {k}: {}",
                gram[7 * j + k]
            );
            let angle = inner.cosine(|t| basis.values(t)[j], |t| basis.values(t)[k]);
            assert!((angle - f64::from(j == k)).abs() < 1e-12);
        }
    }
    // Chebyshev's polynomials are not orthogonal in L²; neighbouring hats overlap by Δ/6.
    let chebyshev = basis(Family::Chebyshev, 3).gram(&l2);
    assert!((chebyshev[2] - 1.25 * (-2.0 / 3.0)).abs() < 1e-12);
    let hats =
        basis(Family::PiecewiseLinear, 6).gram(&Quadrature::legendre_panels(3, 5, start, end));
    assert!((hats[1] - 0.5 / 6.0).abs() < 1e-14 && hats[2].abs() < 1e-15);
}

#[test]
fn gauss_legendre_is_exact_to_its_degree_and_not_beyond() {
    for n in [1, 2, 5, 20, 200] {
        let gauss = Quadrature::legendre(n, 0.0, 1.0);
        let error = |degree: usize| {
            let exact = 1.0 / (degree + 1) as f64;
            gauss.integral(|t| t.powi(degree as i32)) / exact - 1.0
        };
        assert!(error(2 * n - 1).abs() < 1e-12, "{n}: {}", error(2 * n - 1));
        assert!(n > 5 || error(2 * n).abs() > 1e-8, "{n}");
        assert!(gauss.nodes().is_sorted());
    }
}

#[test]
fn what_a_projection_leaves_is_orthogonal_to_every_function() {
    let f = |t: f64| (3.0 * t).exp() / 20.0 + (t - 0.3).abs();
    for family in Family::ALL {
        for inner in [
            Quadrature::legendre_panels(6, 50, -0.5, 2.0),
            Quadrature::samples(
                &(0..40)
                    .map(|i| -0.5 + 2.5 * (f64::from(i) / 39.0).powi(2))
                    .collect::<Vec<_>>(),
            ),
        ] {
            let basis = basis(family, 7);
            let series = basis.project(f, &inner).unwrap();
            for k in 0..basis.terms() {
                let angle = inner.cosine(|t| f(t) - series.at(t), |t| basis.values(t)[k]);
                assert!(angle.abs() < 1e-10, "{family:?} {k}: {angle}");
            }
            let normal = basis
                .project_by_normal_equations(f, &inner)
                .unwrap()
                .unwrap();
            for (qr, normal) in series.coefficients.iter().zip(&normal.coefficients) {
                assert!((qr - normal).abs() < 1e-9, "{family:?}: {qr} {normal}");
            }
        }
    }
}

#[test]
fn the_normal_equations_lose_digits_that_qr_keeps() {
    // Polynomials seen on a fifth of their interval look alike.
    let basis = Basis::legendre(9, 0.0, 1.0);
    let inner = Quadrature::legendre(30, 0.0, 0.2);
    let truth = Series {
        basis,
        coefficients: (0..9).map(|k| 1.0 / f64::from(k + 1)).collect(),
    };
    let error = |series: &Series| {
        let pairs = series.coefficients.iter().zip(&truth.coefficients);
        pairs
            .map(|(c, exact)| (c - exact).abs())
            .fold(0.0, f64::max)
    };
    let qr = error(&basis.project(|t| truth.at(t), &inner).unwrap());
    let normal = basis
        .project_by_normal_equations(|t| truth.at(t), &inner)
        .unwrap();
    assert!(qr < 1e-6, "{qr}");
    assert!(normal.is_none_or(|series| error(&series) > 100.0 * qr));
}

#[test]
fn samples_that_cannot_tell_functions_apart_are_refused() {
    let fourier = Basis::fourier(3, 0.0, 1.0);
    let error = fourier.fit(&[0.0, 0.5], &[1.0, 2.0]).unwrap_err();
    assert_eq!(
        error,
        ProjectionError::Dependent {
            samples: 2,
            terms: 3,
            term: 2
        }
    );
    // sin τt vanishes at these three.
    let error = fourier.fit(&[0.0, 0.5, 1.0], &[1.0, 2.0, 1.0]).unwrap_err();
    assert!(
        matches!(error, ProjectionError::Dependent { samples: 3, .. }),
        "{error}"
    );
    let error = fourier
        .fit(&[0.0, 0.2, 0.4], &[1.0, f64::NAN, 0.0])
        .unwrap_err();
    assert!(
        error.to_string().starts_with("the value at t = 0.2 is NaN"),
        "{error}"
    );
}

/// ‖f − Pf‖ for each number of terms.
fn errors(family: Family, terms: &[usize], f: impl Fn(f64) -> f64, inner: &Quadrature) -> Vec<f64> {
    let error = |n: &usize| {
        let nodes = inner.nodes();
        let (start, end) = (nodes[0].floor(), nodes[nodes.len() - 1].ceil());
        Basis::new(family, *n, start, end)
            .truncation_error(&f, inner)
            .unwrap()
    };
    terms.iter().map(error).collect()
}

#[test]
fn a_jump_falls_with_the_root_of_the_terms_a_kink_with_its_cube() {
    let inner = Quadrature::legendre_panels(10, 64, 0.0, 1.0);
    // t = 1/2 − Σ sin(2πkt)/(πk): what K pairs leave has the square norm Σ_{k>K} 1/(2π²k²).
    let tail = |pairs: usize, power: i32, first: f64| {
        let terms = (pairs + 1..2_000_000).map(|k| (k as f64).powi(-power));
        first * terms.sum::<f64>().sqrt()
    };
    for (found, pairs) in errors(Family::Fourier, &[9, 33], |t| t, &inner)
        .iter()
        .zip([4, 16])
    {
        let exact = tail(pairs, 2, 1.0 / (PI * 2.0_f64.sqrt()));
        assert!(
            (found / exact - 1.0).abs() < 1e-4,
            "{found} instead of {exact}"
        );
    }
    let jump = errors(Family::Fourier, &[17, 65], |t| t, &inner);
    let kink = errors(Family::Fourier, &[17, 65], |t| (t - 0.5).abs(), &inner);
    let order = |errors: &[f64]| (errors[0] / errors[1]).log2() / 2.0;
    assert!((order(&jump) - 0.5).abs() < 0.03, "{}", order(&jump));
    assert!((order(&kink) - 1.5).abs() < 0.06, "{}", order(&kink));
}

#[test]
fn analytic_functions_fall_geometrically_by_how_far_they_are_analytic() {
    // 1/(1 + 25 s²) has poles at ±i/5: half axes √(1 + 1/25) and 1/5.
    let runge = |s: f64| 1.0 / (1.0 + 25.0 * s * s);
    let inner = Quadrature::legendre(300, -1.0, 1.0);
    let rho = (1.0_f64 + 0.04).sqrt() + 0.2;
    for family in [Family::Legendre, Family::Chebyshev] {
        let errors = errors(family, &[31, 51], runge, &inner);
        let found = (errors[0] / errors[1]).powf(1.0 / 20.0);
        assert!(
            (found / rho - 1.0).abs() < 0.005,
            "{family:?}: {found} instead of {rho}"
        );
    }
    // exp(sin τt) is analytic everywhere.
    let inner = Quadrature::legendre(200, 0.0, 1.0);
    let errors = errors(
        Family::Fourier,
        &[5, 13, 31],
        |t| (TAU * t).sin().exp(),
        &inner,
    );
    assert!(
        errors[0] > 1e-2 && errors[1] < 1e-5 && errors[2] < 1e-14,
        "{errors:?}"
    );
}

#[test]
fn hats_fall_with_the_square_of_their_distance() {
    let f = |t: f64| (2.0 * t).sin();
    for knots in [11, 21] {
        let gap = 1.0 / (knots - 1) as f64;
        let inner = Quadrature::legendre_panels(6, knots - 1, 0.0, 1.0);
        let curvature = inner.norm(|t| 4.0 * (2.0 * t).sin());
        let expected = curvature * gap * gap / 720.0_f64.sqrt();
        let found = errors(Family::PiecewiseLinear, &[knots], f, &inner)[0];
        assert!(
            (found / expected - 1.0).abs() < 0.02,
            "{found} instead of {expected}"
        );
    }
}
