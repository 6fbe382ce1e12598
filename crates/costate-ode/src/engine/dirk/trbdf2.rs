//! TR-BDF2: the trapezoidal rule to the time 2 − √2, then the second backward difference formula.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static TRBDF2: DirkTableau = DirkTableau {
    name: "trbdf2",
    title: "TR-BDF2",
    order: 2,
    embedded_order: Some(3),
    gamma: C::decimal("0.292893218813452475599155637895150961"),
    explicit_first: true,
    c: &[
        C::ZERO,
        C::decimal("0.585786437626904951198311275790301921"),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::decimal("0.292893218813452475599155637895150961")],
        &[
            C::decimal("0.35355339059327376220042218105242452"),
            C::decimal("0.35355339059327376220042218105242452"),
        ],
    ],
    b: None,
    b_err: &[
        C::decimal("0.13807118745769834960056290806989936"),
        C::ratio(-1, 3),
        C::decimal("0.195262145875634983732770425263433974"),
    ],
    hermite: true,
    explicit: &[],
    when: "Stiff problems at loose tolerances (above 1e-3): robust and cheap.",
    reference: "[Hosea1996]",
};
