//! Kennedy and Carpenter's ARK4(3)6L\[2\]SA.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static KENCARP4: DirkTableau = DirkTableau {
    name: "kencarp4",
    title: "Kennedy–Carpenter 4(3)",
    order: 4,
    embedded_order: Some(3),
    gamma: C::ratio(1, 4),
    explicit_first: true,
    c: &[
        C::ZERO,
        C::ratio(1, 2),
        C::ratio(83, 250),
        C::ratio(31, 50),
        C::ratio(17, 20),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::ratio(1, 4)],
        &[C::ratio(8611, 62500), C::ratio(-1743, 31250)],
        &[
            C::ratio(5012029, 34652500),
            C::ratio(-654441, 2922500),
            C::ratio(174375, 388108),
        ],
        &[
            C::ratio(15267082809, 155376265600),
            C::ratio(-71443401, 120774400),
            C::ratio(730878875, 902184768),
            C::ratio(2285395, 8070912),
        ],
        &[
            C::ratio(82889, 524892),
            C::ZERO,
            C::ratio(15625, 83664),
            C::ratio(69875, 102672),
            C::ratio(-2260, 8211),
        ],
    ],
    b: None,
    b_err: &[
        C::ratio(-31666707, 9881966720),
        C::ZERO,
        C::ratio(256875, 105007616),
        C::ratio(2768025, 128864768),
        C::ratio(-169839, 3864644),
        C::ratio(5247, 225920),
    ],
    hermite: true,
    explicit: &[
        &[],
        &[C::ratio(1, 2)],
        &[C::ratio(13861, 62500), C::ratio(6889, 62500)],
        &[
            C::ratio(-116923316275, 2393684061468),
            C::ratio(-2731218467317, 15368042101831),
            C::ratio(9408046702089, 11113171139209),
        ],
        &[
            C::ratio(-451086348788, 2902428689909),
            C::ratio(-2682348792572, 7519795681897),
            C::ratio(12662868775082, 11960479115383),
            C::ratio(3355817975965, 11060851509271),
        ],
        &[
            C::ratio(647845179188, 3216320057751),
            C::ratio(73281519250, 8382639484533),
            C::ratio(552539513391, 3454668386233),
            C::ratio(3354512671639, 8306763924573),
            C::ratio(4040, 17871),
        ],
    ],
    when: "Stiff problems at loose to middle tolerances with Jacobians too dear for Rosenbrock methods.",
    reference: "[Kennedy2003]",
};
