//! Cash and Karp's 5(4) pair.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static CASH_KARP: Tableau = Tableau {
    name: "cash_karp",
    title: "Cash–Karp 5(4)",
    order: 5,
    embedded_order: Some(4),
    c: &[
        C::ZERO,
        C::ratio(1, 5),
        C::ratio(3, 10),
        C::ratio(3, 5),
        C::ratio(1, 1),
        C::ratio(7, 8),
    ],
    a: &[
        &[],
        &[C::ratio(1, 5)],
        &[C::ratio(3, 40), C::ratio(9, 40)],
        &[C::ratio(3, 10), C::ratio(-9, 10), C::ratio(6, 5)],
        &[
            C::ratio(-11, 54),
            C::ratio(5, 2),
            C::ratio(-70, 27),
            C::ratio(35, 27),
        ],
        &[
            C::ratio(1631, 55296),
            C::ratio(175, 512),
            C::ratio(575, 13824),
            C::ratio(44275, 110592),
            C::ratio(253, 4096),
        ],
    ],
    b: &[
        C::ratio(37, 378),
        C::ZERO,
        C::ratio(250, 621),
        C::ratio(125, 594),
        C::ZERO,
        C::ratio(512, 1771),
    ],
    b_err: &[
        C::ratio(-277, 64512),
        C::ZERO,
        C::ratio(6925, 370944),
        C::ratio(-6925, 202752),
        C::ratio(-277, 14336),
        C::ratio(277, 7084),
    ],
    b_err_low: &[],
    fsal: false,
    extra: &[(
        C::ratio(1, 5),
        &[
            C::ratio(6529, 47250),
            C::ZERO,
            C::ratio(26, 621),
            C::ratio(13, 594),
            C::ZERO,
            C::ratio(6656, 221375),
            C::ratio(-4, 125),
        ],
    )],
    // The quartic through both ends, their slopes and the slope at the further stage, whose argument lies on the cubic.
    dense: Dense::Polynomial {
        order: 4,
        weights: &[
            &[
                C::ratio(1, 1),
                C::ratio(-730, 189),
                C::ratio(967, 189),
                C::ratio(-815, 378),
            ],
            &[],
            &[
                C::ZERO,
                C::ratio(-500, 621),
                C::ratio(2000, 621),
                C::ratio(-1250, 621),
            ],
            &[
                C::ZERO,
                C::ratio(-125, 297),
                C::ratio(500, 297),
                C::ratio(-625, 594),
            ],
            &[],
            &[
                C::ZERO,
                C::ratio(-1024, 1771),
                C::ratio(4096, 1771),
                C::ratio(-2560, 1771),
            ],
            &[
                C::ZERO,
                C::ratio(11, 24),
                C::ratio(-23, 12),
                C::ratio(35, 24),
            ],
            &[
                C::ZERO,
                C::ratio(125, 24),
                C::ratio(-125, 12),
                C::ratio(125, 24),
            ],
        ],
    },
    when: "Comparisons with older programs; dopri5 does better.",
    reference: "[Cash1990]; dense output after [Enright1986]",
};
