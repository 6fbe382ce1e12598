//! Systems of many components in memory that grows with their number.

use costate_ode::{Ivp, Method, Pattern, Structure};

/// The neighbours of site k on an m × m grid with periodic boundaries.
fn around(m: usize, k: usize) -> [usize; 4] {
    let (i, j) = (k % m, k / m);
    [
        (i + 1) % m + j * m,
        (i + m - 1) % m + j * m,
        i + (j + 1) % m * m,
        i + (j + m - 1) % m * m,
    ]
}

/// The Brusselator with diffusion on an m × m grid, species behind each other ([Hairer1996] IV.10).
pub(crate) fn brusselator(m: usize) -> impl FnMut(f64, &Vec<f64>, &mut Vec<f64>) {
    let n = m * m;
    move |t, y, dy| {
        let diffusion = 0.1 * n as f64;
        for k in 0..n {
            let (u, v) = (y[k], y[n + k]);
            let (x, z) = ((k % m) as f64 / m as f64, (k / m) as f64 / m as f64);
            let source = (x - 0.3).powi(2) + (z - 0.6).powi(2) <= 0.01 && t >= 1.1;
            let (mut lu, mut lv) = (-4.0 * u, -4.0 * v);
            for other in around(m, k) {
                lu += y[other];
                lv += y[n + other];
            }
            dy[k] = 1.0 + u * u * v - 4.4 * u + diffusion * lu + if source { 5.0 } else { 0.0 };
            dy[n + k] = 3.4 * u - u * u * v + diffusion * lv;
        }
    }
}

/// The entries of its Jacobian.
pub(crate) fn structure(m: usize) -> Structure {
    let n = m * m;
    let entries = (0..n).flat_map(move |k| {
        let diffusion = around(m, k)
            .into_iter()
            .flat_map(move |other| [(k, other), (n + k, n + other)]);
        diffusion.chain([(k, n + k), (n + k, k)])
    });
    Structure::Sparse(Pattern::new(2 * n, entries))
}

/// Its start.
pub(crate) fn start(m: usize) -> Vec<f64> {
    let n = m * m;
    let site = |k: usize| ((k % m) as f64 / m as f64, (k / m) as f64 / m as f64);
    let first = (0..n).map(|k| 22.0 * site(k).1 * (1.0 - site(k).1).powf(1.5));
    let second = (0..n).map(|k| 27.0 * site(k).0 * (1.0 - site(k).0).powf(1.5));
    first.chain(second).collect()
}

#[test]
fn sparse_factors_of_a_grid_give_the_solution_of_dense_ones() {
    for name in ["radau", "rodas5p", "bdf"] {
        let solve = |sparse: bool| {
            let structure = if sparse {
                structure(8)
            } else {
                Structure::Dense
            };
            let problem =
                Ivp::new(brusselator(8), 0.0, start(8), 2.0).method(Method::by_name(name).unwrap());
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
    let solution = Ivp::new(brusselator(32), 0.0, start(32), 0.5)
        .method(Method::by_name("bdf").unwrap())
        .structure(structure(32))
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
