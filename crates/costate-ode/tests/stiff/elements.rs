//! Implicit methods over other states and numbers than vectors of `f64`.

use costate_ode::{Ivp, Method};
use nalgebra::{Complex, SVector};

fn methods() -> impl Iterator<Item = Method> {
    let all = Method::all().into_iter();
    all.filter(|method| method.stiff && method.adaptive && method.order > 3)
}

/// Van der Pol's oscillator with μ = 100.
fn oscillator<E: num_traits::Float>(y: [E; 2]) -> [E; 2] {
    let mu = E::from(100.0).unwrap();
    [y[1], mu * (E::one() - y[0] * y[0]) * y[1] - y[0]]
}

#[test]
fn arrays_vectors_and_matrices_give_the_same_bits() {
    for method in methods() {
        let array = Ivp::new(
            |_: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = oscillator(*y),
            0.0,
            [2.0, 0.0],
            100.0,
        );
        let vector = Ivp::new(
            |_: f64, y: &SVector<f64, 2>, dy: &mut SVector<f64, 2>| {
                *dy = oscillator([y[0], y[1]]).into();
            },
            0.0,
            [2.0, 0.0].into(),
            100.0,
        );
        let (a, b) = (
            array.method(method).solve().unwrap(),
            vector.method(method).solve().unwrap(),
        );
        assert_eq!(a.stats, b.stats, "{}", method.name);
        assert_eq!(a.last().as_slice(), b.last().as_slice(), "{}", method.name);
    }
}

#[test]
fn states_of_f32_keep_time_and_errors_in_f64() {
    for method in methods() {
        let double = Ivp::new(
            |_: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = oscillator(*y),
            0.0,
            [2.0, 0.0],
            50.0,
        );
        let single = Ivp::new(
            |_: f64, y: &[f32; 2], dy: &mut [f32; 2]| *dy = oscillator(*y),
            0.0,
            [2.0_f32, 0.0],
            50.0,
        );
        let a = double.method(method).rtol(1e-8).solve().unwrap();
        let b = single.method(method).rtol(1e-4).atol(1e-6).solve().unwrap();
        let off = (a.last()[0] - f64::from(b.last()[0])).abs();
        assert!(off < 2e-3, "{}: {off:e}", method.name);
    }
}

#[test]
fn a_schrodinger_equation_is_solved_in_complex_numbers() {
    // i ψ′ = H ψ for a particle on a ring of five sites, fast and slow: a plane wave turns with its own energy.
    let (n, k, coupling) = (5_usize, 2.0 * std::f64::consts::PI / 5.0, 400.0);
    let wave: Vec<Complex<f64>> = (0..n)
        .map(|j| Complex::from_polar(1.0 / (n as f64).sqrt(), k * j as f64))
        .collect();
    let energy = 2.0 * coupling * (1.0 - k.cos());
    let field = |_: f64, psi: &Vec<Complex<f64>>, d: &mut Vec<Complex<f64>>| {
        for j in 0..n {
            let h = psi[j] * 2.0 - psi[(j + 1) % n] - psi[(j + n - 1) % n];
            d[j] = Complex::new(0.0, -coupling) * h;
        }
    };
    let end = 0.01;
    for name in ["radau", "rodas5p", "kencarp5", "implicit_midpoint"] {
        let method = Method::by_name(name).unwrap();
        let problem = Ivp::new(field, 0.0, wave.clone(), end).method(method);
        let problem = if method.adaptive {
            problem.rtol(1e-9).atol(1e-11)
        } else {
            problem.step(1e-5).rtol(1e-12).atol(1e-12)
        };
        let psi = problem.solve().unwrap().last().clone();
        let turned = Complex::from_polar(1.0, -energy * end);
        let norm = psi.iter().map(Complex::norm_sqr).sum::<f64>();
        let tolerance = if method.adaptive { 1e-6 } else { 1e-3 };
        for (psi, wave) in psi.iter().zip(&wave) {
            assert!((psi - wave * turned).norm() < tolerance, "{name}: {psi}");
        }
        assert!((norm - 1.0).abs() < tolerance, "{name}: {norm}");
        if name == "implicit_midpoint" {
            assert!((norm - 1.0).abs() < 1e-10, "it keeps the norm: {norm}");
        }
    }
}
