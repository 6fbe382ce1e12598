//! Systems of many components in memory that grows with their number.

use costate_ode::{Ivp, Method, Pattern, Structure};

/// The Brusselator with diffusion on an m × m grid with periodic boundaries, species behind each other (\[Hairer1996\] IV.10).
fn brusselator(
    m: usize,
) -> (
    impl FnMut(f64, &Vec<f64>, &mut Vec<f64>),
    Structure,
    Vec<f64>,
) {
    let n = m * m;
    let around = move |k: usize| {
        let (i, j) = (k % m, k / m);
        [
            (i + 1) % m + j * m,
            (i + m - 1) % m + j * m,
            i + (j + 1) % m * m,
            i + (j + m - 1) % m * m,
        ]
    };
    let field = move |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
        let diffusion = 0.1 * n as f64;
        for k in 0..n {
            let (u, v) = (y[k], y[n + k]);
            let (x, z) = ((k % m) as f64 / m as f64, (k / m) as f64 / m as f64);
            let source = (x - 0.3).powi(2) + (z - 0.6).powi(2) <= 0.01 && t >= 1.1;
            let (mut lu, mut lv) = (-4.0 * u, -4.0 * v);
            for other in around(k) {
                lu += y[other];
                lv += y[n + other];
            }
            dy[k] = 1.0 + u * u * v - 4.4 * u + diffusion * lu + if source { 5.0 } else { 0.0 };
            dy[n + k] = 3.4 * u - u * u * v + diffusion * lv;
        }
    };
    let entries = (0..n).flat_map(move |k| {
        let diffusion = around(k)
            .into_iter()
            .flat_map(move |other| [(k, other), (n + k, n + other)]);
        diffusion.chain([(k, n + k), (n + k, k)])
    });
    let structure = Structure::Sparse(Pattern::new(2 * n, entries));
    let start = (0..2 * n).map(|k| {
        let (x, z) = ((k % n % m) as f64 / m as f64, (k % n / m) as f64 / m as f64);
        if k < n {
            22.0 * z * (1.0 - z).powf(1.5)
        } else {
            27.0 * x * (1.0 - x).powf(1.5)
        }
    });
    (field, structure, start.collect())
}

#[test]
fn sparse_factors_of_a_grid_give_the_solution_of_dense_ones() {
    for name in ["radau", "rodas5p", "bdf"] {
        let solve = |sparse: bool| {
            let (field, structure, start) = brusselator(8);
            let structure = if sparse { structure } else { Structure::Dense };
            let problem = Ivp::new(field, 0.0, start, 2.0).method(Method::by_name(name).unwrap());
            problem.structure(structure).save_end().solve().unwrap()
        };
        let (sparse, dense) = (solve(true), solve(false));
        for (a, b) in sparse.last().iter().zip(dense.last()) {
            assert!((a - b).abs() < 1e-5, "{name}: {a} {b}");
        }
        assert!(
            sparse.stats.nfe < dense.stats.nfe,
            "{:?} {:?}",
            sparse.stats,
            dense.stats
        );
    }
}

#[test]
fn a_brusselator_of_two_thousand_components_needs_few_evaluations() {
    let (field, structure, start) = brusselator(32);
    let solution = Ivp::new(field, 0.0, start, 0.5)
        .method(Method::by_name("bdf").unwrap())
        .structure(structure)
        .rtol(1e-4)
        .save_end()
        .solve()
        .unwrap();
    // Each Jacobian by differences costs its colours and not its two thousand columns.
    let stats = solution.stats;
    assert!(
        stats.nfe < 40 * stats.jacobians + 3 * stats.steps,
        "{stats:?}"
    );
    assert!(solution.last().iter().all(|y| *y > 0.0 && *y < 30.0));
}

#[test]
fn heat_in_a_rod_decays_as_the_discrete_laplacian_says() {
    let n = 2000;
    let scale = ((n + 1) * (n + 1)) as f64;
    let field = move |_: f64, u: &Vec<f64>, du: &mut Vec<f64>| {
        for i in 0..n {
            let left = if i > 0 { u[i - 1] } else { 0.0 };
            let right = if i + 1 < n { u[i + 1] } else { 0.0 };
            du[i] = scale * (left - 2.0 * u[i] + right);
        }
    };
    let sine = |i: usize| (std::f64::consts::PI * (i + 1) as f64 / (n + 1) as f64).sin();
    let rate = 4.0 * scale * (0.5 * std::f64::consts::PI / (n + 1) as f64).sin().powi(2);
    for name in ["radau", "rodas5p", "bdf", "kencarp4"] {
        let solution = Ivp::new(field, 0.0, (0..n).map(sine).collect(), 0.1)
            .method(Method::by_name(name).unwrap())
            .structure(Structure::Banded { lower: 1, upper: 1 })
            .save_end()
            .solve()
            .unwrap();
        for (i, u) in solution.last().iter().enumerate() {
            let exact = sine(i) * (-0.1 * rate).exp();
            assert!((u - exact).abs() < 2e-5, "{name}: {u} {exact}");
        }
    }
}
