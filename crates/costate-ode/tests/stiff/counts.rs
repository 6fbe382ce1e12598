//! What the methods cost on the stiff problems, pinned: a change of these numbers belongs under **Numerics** in the changelog.

use crate::systems::Chain;
use costate_ode::{Ivp, Method, RockTableau};
use std::fmt::Write;

/// Steps, rejected ones, evaluations of f, Jacobians, factorisations and solutions at rtol = 1e-5, atol = 1e-11.
const EXPECTED: &str = "\
trbdf2 robertson 337 2 1697 44 102 1857
trbdf2 hires 418 15 2274 53 127 2214
trbdf2 van_der_pol 1514 17 7374 164 1283 8395
trbdf2 oregonator 667 17 3618 87 490 3936
kvaerno3 robertson 414 2 2628 43 106 2869
kvaerno3 hires 499 12 3335 64 142 3257
kvaerno3 van_der_pol 1870 12 11823 158 1584 13218
kvaerno3 oregonator 802 13 5391 93 583 5819
kencarp3 robertson 180 1 1519 38 87 1546
kencarp3 hires 217 11 2090 52 105 1836
kencarp3 van_der_pol 894 111 8138 130 812 8641
kencarp3 oregonator 378 45 3770 87 319 3791
kvaerno4 robertson 147 0 1551 32 81 1569
kvaerno4 hires 196 11 2407 48 94 2168
kvaerno4 van_der_pol 736 80 8594 107 652 9008
kvaerno4 oregonator 377 46 4601 99 314 4574
kencarp4 robertson 62 0 1040 22 57 1013
kencarp4 hires 85 6 1654 42 68 1355
kencarp4 van_der_pol 330 84 6221 106 306 6213
kencarp4 oregonator 191 51 3853 79 184 3720
kvaerno5 robertson 58 0 1151 26 55 1104
kvaerno5 hires 92 11 2091 50 79 1722
kvaerno5 van_der_pol 319 70 6586 139 295 6451
kvaerno5 oregonator 195 50 4047 100 184 3818
kencarp5 robertson 47 1 1060 29 47 990
kencarp5 hires 62 7 1697 43 60 1364
kencarp5 van_der_pol 234 68 5804 108 200 5678
kencarp5 oregonator 127 32 3310 74 123 3123
ros3p robertson 653 2 3909 651 653 1959
ros3p hires 890 3 9761 887 890 2670
ros3p van_der_pol 2481 9 12370 2472 2481 7443
ros3p oregonator 1376 1 8252 1375 1376 4128
rodas4 robertson 138 0 1381 138 138 828
rodas4 hires 208 1 3111 207 208 1248
rodas4 van_der_pol 637 50 5534 587 637 3822
rodas4 oregonator 365 27 3516 338 365 2190
rodas5p robertson 89 0 1069 89 89 712
rodas5p hires 135 10 2196 125 135 1080
rodas5p van_der_pol 450 84 4615 366 450 3600
rodas5p oregonator 264 25 3044 239 264 2112
radau robertson 87 1 945 83 174 493
radau hires 99 9 1408 63 170 635
radau van_der_pol 358 9 3447 233 680 2112
radau oregonator 194 19 2222 164 380 1215
bdf robertson 277 1 762 16 60 697
bdf hires 254 5 1002 38 79 659
bdf van_der_pol 897 51 2864 87 240 2602
bdf oregonator 480 29 1750 74 165 1453
auto robertson 103 1 1052 72 72 576
auto hires 153 11 1787 78 87 696
auto van_der_pol 469 96 3690 164 216 1728
auto oregonator 307 35 2692 139 151 1208
";

#[test]
fn counts_are_as_they_were() {
    let mut found = String::new();
    for method in Method::all().into_iter().filter(|m| m.stiff && m.adaptive) {
        for problem in costate_problems::stiff::<f64>() {
            let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (problem.field)(t, y, dy);
            let stats = Ivp::new(field, problem.t0, problem.y0.clone(), problem.t1)
                .method(method)
                .rtol(1e-5)
                .atol(1e-11)
                .save_end()
                .solve()
                .unwrap()
                .stats;
            writeln!(
                found,
                "{} {} {} {} {} {} {} {}",
                method.name,
                problem.name,
                stats.steps,
                stats.rejected,
                stats.nfe,
                stats.jacobians,
                stats.factorisations,
                stats.solves
            )
            .unwrap();
        }
    }
    assert!(found == EXPECTED, "{found}");
}

/// Steps, rejected ones and evaluations of f at rtol = 1e-4, atol = 1e-7.
const STABILISED: &str = "\
rock2 20 591 16 1999
rock2 100 467 12 4088
rock4 20 66 7 630
rock4 100 50 7 2300
";

#[test]
fn counts_of_stabilised_methods_are_as_they_were() {
    let mut found = String::new();
    for tableau in RockTableau::all() {
        for n in [20, 100] {
            let chain = Chain::all(n).remove(0);
            let start = chain.start();
            let stats = Ivp::with_system(chain, 0.0, start, 1.0)
                .method(Method::from(*tableau))
                .rtol(1e-4)
                .atol(1e-7)
                .save_end()
                .solve()
                .unwrap()
                .stats;
            let [steps, rejected, nfe] = [stats.steps, stats.rejected, stats.nfe];
            writeln!(found, "{} {n} {steps} {rejected} {nfe}", tableau.name).unwrap();
        }
    }
    assert!(found == STABILISED, "{found}");
}
