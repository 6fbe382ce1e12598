//! Steps and evaluations of every method, pinned: a change of them is a change of numerics, and belongs in the changelog.

use costate_ode::{Ivp, Stats, tableau};

/// Method; accepted, rejected and evaluations on the Brusselator and on the problem of Arenstorf, by tolerance 1e-6 or in 1000 steps.
const COUNTS: &[(&str, [usize; 3], [usize; 3])] = &[
    ("euler", [1000, 0, 1000], [1000, 0, 1000]),
    ("midpoint", [1000, 0, 2000], [1000, 0, 2000]),
    ("heun", [10706, 0, 21413], [14689, 0, 29379]),
    ("bosh3", [609, 7, 1850], [869, 2, 2615]),
    ("rk4", [1000, 0, 4000], [1000, 0, 4000]),
    ("dopri5", [120, 18, 830], [139, 25, 986]),
    ("tsit5", [114, 21, 812], [144, 35, 1076]),
];

#[test]
fn steps_and_evaluations_are_as_they_were() {
    let mut counts = Vec::new();
    for tableau in tableau::tableaus() {
        let brusselator = costate_problems::brusselator::<f64>();
        let arenstorf = costate_problems::arenstorf::<f64>();
        let count = |stats: Stats| [stats.accepted, stats.rejected, stats.nfe];
        let one = Ivp::new(brusselator.field, 0.0, brusselator.y0, brusselator.t1).method(*tableau);
        let two = Ivp::new(arenstorf.field, 0.0, arenstorf.y0, arenstorf.t1).method(*tableau);
        let (one, two) = if tableau.embedded_order.is_some() {
            (one.rtol(1e-6).atol(1e-6), two.rtol(1e-6).atol(1e-6))
        } else {
            (
                one.step(brusselator.t1 / 1000.0),
                two.step(arenstorf.t1 / 1000.0),
            )
        };
        let (one, two) = (
            one.save_end().solve().unwrap(),
            two.save_end().solve().unwrap(),
        );
        counts.push((tableau.name, count(one.stats), count(two.stats)));
    }
    assert_eq!(counts, COUNTS, "\n{counts:?}");
}
