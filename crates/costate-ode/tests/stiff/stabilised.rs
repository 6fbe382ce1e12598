//! Stabilised explicit methods where they belong: diffusion.

use crate::large::{brusselator, start, structure};
use costate_ode::{Error, Integrator, Ivp, Method, Options, Rock, RockTableau, Trajectory};

/// Heat in a rod of n points with cold ends, 1 long.
fn heat(n: usize) -> impl Fn(f64, &Vec<f64>, &mut Vec<f64>) + Clone {
    let scale = ((n + 1) * (n + 1)) as f64;
    move |_, u, du| {
        for i in 0..n {
            let left = if i > 0 { u[i - 1] } else { 0.0 };
            let right = if i + 1 < n { u[i + 1] } else { 0.0 };
            du[i] = scale * (left - 2.0 * u[i] + right);
        }
    }
}

/// The slowest and a fast mode of the rod together, and how they decay.
fn modes(n: usize, t: f64) -> Vec<f64> {
    let mode = |k: usize, i: usize| {
        let angle = std::f64::consts::PI * k as f64 / (n + 1) as f64;
        let rate = 4.0 * ((n + 1) * (n + 1)) as f64 * (0.5 * angle).sin().powi(2);
        (-rate * t).exp() * (angle * (i + 1) as f64).sin()
    };
    (0..n).map(|i| mode(1, i) + 0.5 * mode(n / 2, i)).collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn heat_in_a_rod_decays_as_the_discrete_laplacian_says_and_dense_output_follows() {
    for tableau in RockTableau::all() {
        for tolerance in [1e-3, 1e-5, 1e-7] {
            let solution = Ivp::new(heat(200), 0.0, modes(200, 0.0), 0.2)
                .method(Method::from(*tableau))
                .rtol(tolerance)
                .atol(tolerance)
                .dense()
                .save_end()
                .solve()
                .unwrap();
            let error = largest_difference(solution.last(), &modes(200, 0.2));
            println!(
                "{} {tolerance:e}: {error:e} {:?}",
                tableau.name, solution.stats
            );
            assert!(error < 50.0 * tolerance, "{}: {error:e}", tableau.name);
            // Stability alone would have tsit5 take ten thousand steps of six evaluations.
            assert!(solution.stats.nfe < 30_000, "{:?}", solution.stats);
            let dense: Trajectory<f64, Vec<f64>> = solution.dense.unwrap();
            for t in [0.013, 0.05, 0.11, 0.19] {
                let off = largest_difference(&dense.at(t), &modes(200, t));
                assert!(off < 100.0 * tolerance, "{} at {t}: {off:e}", tableau.name);
            }
        }
    }
}

#[test]
fn a_brusselator_on_a_grid_ends_where_implicit_methods_do() {
    let exact = Ivp::new(brusselator(8), 0.0, start(8), 1.5)
        .method(Method::by_name("radau").unwrap())
        .structure(structure(8))
        .rtol(1e-8)
        .atol(1e-8)
        .save_end()
        .jump_at([1.1])
        .solve()
        .unwrap();
    for tableau in RockTableau::all() {
        let solution = Ivp::new(brusselator(8), 0.0, start(8), 1.5)
            .method(Method::from(*tableau))
            .rtol(1e-5)
            .atol(1e-5)
            .jump_at([1.1])
            .save_end()
            .solve()
            .unwrap();
        let off = largest_difference(solution.last(), exact.last());
        println!("{}: {off:e} {:?}", tableau.name, solution.stats);
        assert!(off < 1e-3, "{}: {off:e}", tableau.name);
    }
}

#[test]
fn steps_beyond_what_most_stages_allow_are_cut_or_refused() {
    let field = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * y[0];
    for tableau in RockTableau::all() {
        let ivp = Ivp::new(field, 0.0, [1.0], 1.0).method(Method::from(*tableau));
        let solution = ivp.clone().rtol(1e-3).save_end().solve().unwrap();
        assert!(solution.last()[0].abs() < 1e-6);
        let failure = ivp.step(0.1).solve().unwrap_err();
        assert!(matches!(failure.error, Error::Stopped(_)), "{failure}");
    }
}

#[test]
fn a_step_goes_back_to_where_it_came_from() {
    let y0 = modes(10, 0.0);
    for tableau in RockTableau::all() {
        let (engine, options) = (Rock::new(tableau, &y0), Options::tolerances(1e-5, 1e-5));
        let mut it = Integrator::with_engine(engine, heat(10), 0.0, &y0, options).unwrap();
        it.set_end(1.0);
        (0..5).for_each(|_| it.step().unwrap());
        let (h, end) = (it.h(), it.y().clone());
        assert!(it.retake(0.5 * h) && *it.y() != end);
        assert!(it.retake(h));
        assert_eq!(*it.y(), end, "{}", tableau.name);
    }
}
