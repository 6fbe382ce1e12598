//! Hairer and Wanner's RODAS: order 4(3), six stages, stiffly accurate, with dense output of order 3.

use super::RosenbrockTableau;
use crate::Coefficient as C;

pub(super) static RODAS4: RosenbrockTableau = RosenbrockTableau {
    name: "rodas4",
    title: "RODAS 4(3)",
    order: 4,
    embedded_order: 3,
    gamma: C::decimal("0.25"),
    alpha: &[
        C::ZERO,
        C::decimal("0.386"),
        C::decimal("0.21"),
        C::decimal("0.63"),
        C::ratio(1, 1),
        C::ratio(1, 1),
    ],
    gamma_sum: &[
        C::decimal("0.25"),
        C::decimal("-0.1043"),
        C::decimal("0.1035"),
        C::decimal("-0.0362"),
        C::ZERO,
        C::ZERO,
    ],
    a: &[
        &[],
        &[C::decimal("1.544")],
        &[
            C::decimal("0.9466785280815826"),
            C::decimal("0.2557011698983284"),
        ],
        &[
            C::decimal("3.314825187068521"),
            C::decimal("2.896124015972201"),
            C::decimal("0.9986419139977817"),
        ],
        &[
            C::decimal("1.221224509226641"),
            C::decimal("6.019134481288629"),
            C::decimal("12.53708332932087"),
            C::decimal("-0.687886036105895"),
        ],
        &[
            C::decimal("1.221224509226641"),
            C::decimal("6.019134481288629"),
            C::decimal("12.53708332932087"),
            C::decimal("-0.687886036105895"),
            C::ratio(1, 1),
        ],
    ],
    c: &[
        &[],
        &[C::decimal("-5.6688")],
        &[
            C::decimal("-2.430093356833875"),
            C::decimal("-0.2063599157091915"),
        ],
        &[
            C::decimal("-0.1073529058151375"),
            C::decimal("-9.594562251023355"),
            C::decimal("-20.47028614809616"),
        ],
        &[
            C::decimal("7.496443313967647"),
            C::decimal("-10.24680431464352"),
            C::decimal("-33.99990352819905"),
            C::decimal("11.7089089320616"),
        ],
        &[
            C::decimal("8.083246795921522"),
            C::decimal("-7.981132988064893"),
            C::decimal("-31.52159432874371"),
            C::decimal("16.31930543123136"),
            C::decimal("-6.058818238834054"),
        ],
    ],
    m: &[
        C::decimal("1.221224509226641"),
        C::decimal("6.019134481288629"),
        C::decimal("12.53708332932087"),
        C::decimal("-0.687886036105895"),
        C::ratio(1, 1),
        C::ratio(1, 1),
    ],
    m_err: &[C::ZERO, C::ZERO, C::ZERO, C::ZERO, C::ZERO, C::ratio(1, 1)],
    dense_order: 3,
    dense: &[
        &[
            C::decimal("10.12623508344586"),
            C::decimal("-7.487995877610167"),
            C::decimal("-34.80091861555747"),
            C::decimal("-7.992771707568823"),
            C::decimal("1.025137723295662"),
        ],
        &[
            C::decimal("-0.6762803392801253"),
            C::decimal("6.087714651680015"),
            C::decimal("16.43084320892478"),
            C::decimal("24.76722511418386"),
            C::decimal("-6.594389125716872"),
        ],
    ],
    when: "Stiff problems at loose to middle tolerances (1e-2 to 1e-6); mass matrices too.",
    reference: "[Hairer1996]",
};
