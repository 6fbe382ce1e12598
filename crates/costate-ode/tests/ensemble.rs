//! Ensembles are what their members are.

use costate_ode::{Ivp, System, ensemble};

/// Lorenz's system with its ρ.
fn lorenz(rho: f64) -> Ivp<f64, [f64; 3], impl System<f64, [f64; 3]>> {
    let field = move |_t: f64, y: &[f64; 3], dy: &mut [f64; 3]| {
        *dy = [
            10.0 * (y[1] - y[0]),
            y[0] * (rho - y[2]) - y[1],
            y[0] * y[1] - 8.0 / 3.0 * y[2],
        ];
    };
    Ivp::new(field, 0.0, [1.0, 0.0, 0.0], 10.0).save_at([5.0, 10.0])
}

fn members() -> Vec<f64> {
    (0..100).map(|i| 0.3 * f64::from(i)).collect()
}

#[test]
fn every_member_is_to_the_bit_what_it_is_alone() {
    let together = ensemble(&members(), |rho| lorenz(*rho));
    assert_eq!(together.len(), 100);
    for (rho, found) in members().iter().zip(together) {
        let (found, alone) = (found.unwrap(), lorenz(*rho).solve().unwrap());
        assert_eq!((found.y, found.stats), (alone.y, alone.stats), "{rho}");
    }
}

#[test]
fn a_member_that_fails_does_not_stop_the_others() {
    let blow_up = |start: &f64| {
        let field = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = y[0] * y[0];
        Ivp::new(field, 0.0, [*start], 1.0)
    };
    let found = ensemble(&[0.5, 2.0, -1.0], blow_up);
    let well: Vec<bool> = found.iter().map(Result::is_ok).collect();
    assert_eq!(well, [true, false, true]);
    let failure = found[1].as_ref().unwrap_err();
    assert!(failure.partial.t.last().unwrap() < &0.51);
}

#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let found = pool
            .unwrap()
            .install(|| ensemble(&members(), |rho| lorenz(*rho)));
        let end =
            |solution: Result<costate_ode::Solution<f64, [f64; 3]>, _>| solution.ok().map(|s| s.y);
        found.into_iter().map(end).collect::<Vec<_>>()
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}
