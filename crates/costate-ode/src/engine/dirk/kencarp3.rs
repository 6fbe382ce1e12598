//! Kennedy and Carpenter's ARK3(2)4L\[2\]SA.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static KENCARP3: DirkTableau = DirkTableau {
    name: "kencarp3",
    title: "Kennedy–Carpenter 3(2)",
    order: 3,
    embedded_order: Some(2),
    gamma: C::ratio(1767732205903, 4055673282236),
    explicit_first: true,
    c: &[
        C::ZERO,
        C::decimal("0.871733043016917998832038895059012503"),
        C::ratio(3, 5),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::ratio(1767732205903, 4055673282236)],
        &[
            C::ratio(2746238789719, 10658868560708),
            C::ratio(-640167445237, 6845629431997),
        ],
        &[
            C::ratio(1471266399579, 7840856788654),
            C::ratio(-4482444167858, 7529755066697),
            C::ratio(11266239266428, 11593286722821),
        ],
    ],
    b: None,
    b_err: &[
        C::ratio(-681815649026867975666107, 25159934323302256049469295),
        C::ratio(-18411887981491912264464127, 167175311446532472108584143),
        C::ratio(12719313754959329011138489, 123410692144842870217698057),
        C::ratio(47289384293135913063989, 1383962894467812063558225),
    ],
    hermite: true,
    explicit: &[
        &[],
        &[C::ratio(1767732205903, 2027836641118)],
        &[
            C::ratio(5535828885825, 10492691773637),
            C::ratio(788022342437, 10882634858940),
        ],
        &[
            C::ratio(6485989280629, 16251701735622),
            C::ratio(-4246266847089, 9704473918619),
            C::ratio(10755448449292, 10357097424841),
        ],
    ],
    when: "Stiff problems at loose tolerances with Jacobians too dear for Rosenbrock methods.",
    reference: "[Kennedy2003]",
};
