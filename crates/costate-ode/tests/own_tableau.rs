//! A tableau of the user's own works like the crate's, and is refused, with the reason, where its parts do not fit.

use costate_ode::{Coefficient as C, Dense, Error, Integrator, Options, Tableau};

/// Kutta's method of order 3, which this crate does not have.
static KUTTA3: Tableau = Tableau {
    name: "kutta3",
    title: "Kutta 3",
    order: 3,
    embedded_order: None,
    c: &[C::ZERO, C::ratio(1, 2), C::ratio(1, 1)],
    a: &[&[], &[C::ratio(1, 2)], &[C::ratio(-1, 1), C::ratio(2, 1)]],
    b: &[C::ratio(1, 6), C::ratio(2, 3), C::ratio(1, 6)],
    b_err: &[],
    b_err_low: &[],
    fsal: false,
    extra: &[],
    dense: Dense::Hermite,
    when: "In this test.",
    reference: "[Hairer1993] II.1",
};

fn error(steps: usize) -> f64 {
    let h = 1.0 / steps as f64;
    let field = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = y[0] * t.cos();
    let mut it = Integrator::new(&KUTTA3, field, 0.0, &[1.0], Options::constant_step(h)).unwrap();
    it.set_end(1.0);
    while !it.finished() {
        it.step().unwrap();
    }
    (it.y()[0] - 1_f64.sin().exp()).abs()
}

#[test]
fn a_tableau_of_ones_own_converges_at_its_order() {
    let order = (error(50) / error(100)).log2();
    assert!((order - 3.0).abs() < 0.2, "{order}");
}

fn refused(change: impl FnOnce(Tableau) -> Tableau) -> String {
    let tableau = KUTTA3.clone();
    let error = change(tableau).validate().unwrap_err();
    assert!(matches!(error, Error::Tableau { .. }));
    error.to_string()
}

#[test]
fn parts_that_do_not_fit_are_named() {
    const HALF: C = C::ratio(1, 2);
    const ONE: C = C::ratio(1, 1);
    let cases = [
        (
            refused(|t| Tableau {
                c: &[C::ZERO, HALF],
                ..t
            }),
            "the tableau `kutta3` is not valid: a has 3 rows, b 3 and c 2 entries; all must be equal and at least 1",
        ),
        (
            refused(|t| Tableau {
                a: &[&[], &[HALF], &[ONE]],
                c: &[C::ZERO, HALF, HALF],
                ..t
            }),
            "the tableau `kutta3` is not valid: row 2 of a sums to 1, not to c = 0.5",
        ),
        (
            refused(|t| Tableau {
                a: &[&[], &[C::ZERO, HALF], &[ONE]],
                ..t
            }),
            "the tableau `kutta3` is not valid: row 1 of a has 2 entries, so the method is not explicit",
        ),
        (
            refused(|t| Tableau {
                b: &[HALF, HALF, HALF],
                ..t
            }),
            "the tableau `kutta3` is not valid: b sums to 1.5 (not 1) or b_err to 0 (not 0)",
        ),
        (
            refused(|t| Tableau {
                embedded_order: Some(2),
                ..t
            }),
            "the tableau `kutta3` is not valid: b_err has 0 entries with embedded order Some(2)",
        ),
        (
            refused(|t| Tableau { fsal: true, ..t }),
            "the tableau `kutta3` is not valid: it claims to be FSAL, but the last row of a is not b",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}
