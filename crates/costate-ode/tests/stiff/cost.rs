//! What implicit methods cost, counted.

use crate::systems::Chain;
use costate_ode::{Ivp, Matrix, Method, Stats};

fn solve(method: &str, chain: &Chain) -> (Vec<f64>, Stats) {
    let solution = Ivp::with_system(chain.clone(), 0.0, chain.start(), 1.0)
        .method(Method::by_name(method).unwrap())
        .rtol(1e-6)
        .atol(1e-9)
        .save_end()
        .solve()
        .unwrap();
    (solution.last().clone(), solution.stats)
}

#[test]
fn the_structure_of_a_jacobian_changes_its_cost_and_not_the_solution() {
    for method in Method::all().into_iter().filter(|m| m.stiff && m.adaptive) {
        let chains = Chain::all(30);
        let solutions: Vec<_> = chains
            .iter()
            .map(|chain| solve(method.name, chain))
            .collect();
        let (reference, least) = &solutions[1];
        for (chain, (y, stats)) in chains.iter().zip(&solutions) {
            let largest = y
                .iter()
                .zip(reference)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(largest < 1e-7, "{}: {largest:e}", method.name);
            // Rounding may decide a close call otherwise, but not more.
            let near = |a: usize, b: usize| a.abs_diff(b) <= 2 + b / 50;
            assert!(
                near(stats.steps, least.steps),
                "{}: {stats:?}, not {least:?}",
                method.name
            );
            let for_jacobians = stats.jacobians * chain.evaluations();
            assert!(
                near(stats.nfe - for_jacobians, least.nfe),
                "{}: {stats:?}, not {least:?}",
                method.name
            );
        }
    }
}

#[test]
fn a_rosenbrock_step_costs_a_jacobian_and_a_solution_for_each_stage() {
    for (name, evaluations) in [("ros3p", 2), ("rodas4", 6), ("rodas5p", 8)] {
        let solution = Ivp::new(
            |t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0] + t.cos()],
            0.0,
            [1.0, 0.0],
            5.0,
        )
        .method(Method::by_name(name).unwrap())
        .jacobian(|_, _, j: &mut Matrix<f64>| {
            j.set(0, 1, 1.0);
            j.set(1, 0, -1.0);
        })
        .time_derivative(|t, _, out| *out = [0.0, -t.sin()])
        .step(0.1)
        .solve()
        .unwrap();
        let stages = Method::by_name(name).unwrap().stages;
        let stats = solution.stats;
        assert_eq!(stats.accepted, 50);
        assert_eq!(
            (
                stats.nfe,
                stats.jacobians,
                stats.factorisations,
                stats.solves
            ),
            (50 * evaluations, 50, 50, 50 * stages),
            "{name}"
        );
    }
}
