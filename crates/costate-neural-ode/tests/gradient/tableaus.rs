//! The explicit methods that gradients are tried through.

use costate_ode::{Coefficient, Dense, Tableau, tableau};

const fn ratio(numerator: i128, denominator: i128) -> Coefficient {
    Coefficient::ratio(numerator, denominator)
}

const ZERO: Coefficient = ratio(0, 1);

/// The classical method with a dense output that needs f where the step ends.
static HERMITE: Tableau = Tableau {
    name: "rk4-hermite",
    title: "Runge–Kutta 4, Hermite",
    order: 4,
    embedded_order: None,
    c: &[ZERO, ratio(1, 2), ratio(1, 2), ratio(1, 1)],
    a: &[
        &[],
        &[ratio(1, 2)],
        &[ZERO, ratio(1, 2)],
        &[ZERO, ZERO, ratio(1, 1)],
    ],
    b: &[ratio(1, 6), ratio(1, 3), ratio(1, 3), ratio(1, 6)],
    b_err: &[],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    dense: Dense::Hermite,
    when: "",
    reference: "",
};

/// The same with a further stage that only dense output needs; what it draws is smooth, if not accurate.
static EXTRA: Tableau = Tableau {
    name: "rk4-extra",
    extra: &[(
        ratio(1, 2),
        &[ratio(1, 4), ZERO, ZERO, ratio(1, 2), ratio(-1, 4)],
    )],
    dense: Dense::Polynomial {
        order: 1,
        weights: &[
            &[ratio(1, 6)],
            &[ratio(1, 3)],
            &[ratio(1, 3)],
            &[ratio(1, 6)],
            &[ratio(-1, 3), ratio(1, 3)],
            &[ratio(1, 3), ratio(-1, 3)],
        ],
    },
    ..HERMITE
};

/// Every method of the registry, and two with more slopes for dense output.
pub(crate) fn tableaus() -> Vec<&'static Tableau> {
    let mut all = tableau::tableaus().to_vec();
    all.extend([&HERMITE, &EXTRA]);
    all
}
