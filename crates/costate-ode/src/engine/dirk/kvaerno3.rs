//! Kværnø's ESDIRK pair of order 3(2): four stages, both solutions stiffly accurate.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static KVAERNO3: DirkTableau = DirkTableau {
    name: "kvaerno3",
    title: "Kværnø 3(2)",
    order: 3,
    embedded_order: Some(2),
    gamma: C::decimal("0.435866521508458999416019451193556843"),
    explicit_first: true,
    c: &[
        C::ZERO,
        C::decimal("0.871733043016917998832038902387113685"),
        C::ratio(1, 1),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::decimal("0.435866521508458999416019451193556843")],
        &[
            C::decimal("0.49056338842178057062846795846654469"),
            C::decimal("0.0735700900697604299555125903398984672"),
        ],
        &[
            C::decimal("0.308809969976746523348162469886700511"),
            C::decimal("1.49056338842178057062846795846654469"),
            C::decimal("-1.23523987990698609339264987954680204"),
        ],
    ],
    b: None,
    b_err: &[
        C::decimal("-0.181753418445034047280305488579844179"),
        C::decimal("1.41699329835202014067295536812664622"),
        C::decimal("-1.67110640141544509280866933074035889"),
        C::decimal("0.435866521508458999416019451193556843"),
    ],
    hermite: true,
    explicit: &[],
    when: "Stiff problems at loose tolerances with Jacobians too dear for Rosenbrock methods.",
    reference: "[Kvaerno2004]",
};
