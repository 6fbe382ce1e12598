//! Steps and evaluations of every method, pinned: a change of them is a change of numerics, and belongs in the changelog.

use costate_ode::{Ivp, Stats, tableau};

/// Method; accepted, rejected and evaluations on the Brusselator and on the problem of Arenstorf, by tolerance 1e-6 or in 1000 steps.
const COUNTS: &[(&str, [usize; 3], [usize; 3])] = &[
    ("euler", [1000, 0, 1000], [1000, 0, 1000]),
    ("midpoint", [1000, 0, 2000], [1000, 0, 2000]),
    ("heun", [10706, 0, 21413], [14689, 0, 29379]),
    ("ralston", [10705, 0, 21411], [14690, 0, 29381]),
    ("bosh3", [609, 7, 1850], [869, 2, 2615]),
    ("ssprk3", [1000, 0, 3000], [1000, 0, 3000]),
    ("rk4", [1000, 0, 4000], [1000, 0, 4000]),
    ("rk38", [1000, 0, 4000], [1000, 0, 4000]),
    ("fehlberg45", [130, 19, 876], [153, 27, 1054]),
    ("cash_karp", [104, 15, 700], [133, 32, 959]),
    ("dopri5", [120, 18, 830], [139, 25, 986]),
    ("tsit5", [114, 21, 812], [144, 35, 1076]),
    ("verner6", [86, 20, 850], [118, 32, 1202]),
    ("verner7", [70, 14, 827], [99, 28, 1243]),
    ("verner8", [45, 11, 718], [66, 20, 1099]),
    ("dop853", [54, 14, 803], [69, 21, 1060]),
    ("verner9", [47, 12, 933], [63, 16, 1249]),
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
