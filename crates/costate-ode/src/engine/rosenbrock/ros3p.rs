//! Lang and Verwer's ROS3P: order 3(2), three stages of which two share an evaluation of f.

use super::RosenbrockTableau;
use crate::Coefficient as C;

/// γ = 1/2 + √3/6; all other coefficients follow from it.
pub(super) static ROS3P: RosenbrockTableau = RosenbrockTableau {
    name: "ros3p",
    title: "ROS3P",
    order: 3,
    embedded_order: 2,
    gamma: C::decimal("0.7886751345948128822545743902509787278"),
    alpha: &[C::ZERO, C::ratio(1, 1), C::ratio(1, 1)],
    gamma_sum: &[
        C::decimal("0.7886751345948128822545743902509787278"),
        C::decimal("-0.2113248654051871177454256097490212722"),
        C::decimal("-1.077350269189625764509148780501957456"),
    ],
    a: &[
        &[],
        &[C::decimal("1.267949192431122706472553658494127633")],
        &[C::decimal("1.267949192431122706472553658494127633")],
    ],
    c: &[
        &[],
        &[C::decimal("-1.607695154586736238835321950964765798")],
        &[
            C::decimal("-3.464101615137754587054892683011744734"),
            C::decimal("-1.732050807568877293527446341505872367"),
        ],
    ],
    m: &[
        C::ratio(2, 1),
        C::decimal("0.5773502691896257645091487805019574556"),
        C::decimal("0.4226497308103742354908512194980425444"),
    ],
    m_err: &[
        C::decimal("-0.1132486540518711774542560974902127218"),
        C::decimal("-0.4226497308103742354908512194980425444"),
        C::ZERO,
    ],
    // Of this project: order 2 for any such weights with Σ b = σ and Σ b β = σ²/2; the freedom left keeps Σ b α² nearest to σ³/3.
    dense_order: 2,
    dense: &[&[
        C::decimal("0.9019237886466840597088304877411914496"),
        C::decimal("-0.3660254037844386467637231707529361835"),
        C::decimal("0.7320508075688772935274463415058723669"),
    ]],
    when: "Parabolic problems in space and time at loose tolerances (1e-2 to 1e-4). A-stable, not L-stable; not for linear systems with constant coefficients, on which its error estimate is zero.",
    reference: "[Lang2001]",
};
