//! Fehlberg's 4(5) pair, carried on at order 4 as he meant it.

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static FEHLBERG45: Tableau = Tableau {
    name: "fehlberg45",
    title: "Fehlberg 4(5)",
    order: 4,
    embedded_order: Some(5),
    c: &[
        C::ZERO,
        C::ratio(1, 4),
        C::ratio(3, 8),
        C::ratio(12, 13),
        C::ratio(1, 1),
        C::ratio(1, 2),
    ],
    a: &[
        &[],
        &[C::ratio(1, 4)],
        &[C::ratio(3, 32), C::ratio(9, 32)],
        &[
            C::ratio(1932, 2197),
            C::ratio(-7200, 2197),
            C::ratio(7296, 2197),
        ],
        &[
            C::ratio(439, 216),
            C::ratio(-8, 1),
            C::ratio(3680, 513),
            C::ratio(-845, 4104),
        ],
        &[
            C::ratio(-8, 27),
            C::ratio(2, 1),
            C::ratio(-3544, 2565),
            C::ratio(1859, 4104),
            C::ratio(-11, 40),
        ],
    ],
    b: &[
        C::ratio(25, 216),
        C::ZERO,
        C::ratio(1408, 2565),
        C::ratio(2197, 4104),
        C::ratio(-1, 5),
        C::ZERO,
    ],
    b_err: &[
        C::ratio(-1, 360),
        C::ZERO,
        C::ratio(128, 4275),
        C::ratio(2197, 75240),
        C::ratio(-1, 50),
        C::ratio(-2, 55),
    ],
    b_err_low: &[],
    fsal: false,
    extra: &[(
        C::ratio(1, 5),
        &[
            C::ratio(3781, 27000),
            C::ZERO,
            C::ratio(18304, 320625),
            C::ratio(28561, 513000),
            C::ratio(-13, 625),
            C::ZERO,
            C::ratio(-4, 125),
        ],
    )],
    // The quartic through both ends, their slopes and the slope at the further stage, whose argument lies on the cubic.
    dense: Dense::Polynomial {
        order: 4,
        weights: &[
            &[
                C::ratio(1, 1),
                C::ratio(-421, 108),
                C::ratio(142, 27),
                C::ratio(-485, 216),
            ],
            &[],
            &[
                C::ZERO,
                C::ratio(-2816, 2565),
                C::ratio(11264, 2565),
                C::ratio(-1408, 513),
            ],
            &[
                C::ZERO,
                C::ratio(-2197, 2052),
                C::ratio(2197, 513),
                C::ratio(-10985, 4104),
            ],
            &[C::ZERO, C::ratio(2, 5), C::ratio(-8, 5), C::ratio(1, 1)],
            &[],
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
    reference: "[Fehlberg1969]; dense output after [Enright1986]",
};
