//! Dormand and Prince's 5(4) pair with the dense output of [Hairer1993].

use super::{Dense, Tableau};
use crate::Coefficient as C;

pub(super) static DOPRI5: Tableau = Tableau {
    name: "dopri5",
    title: "Dormand–Prince 5(4)",
    order: 5,
    embedded_order: Some(4),
    c: &[
        C::ZERO,
        C::ratio(1, 5),
        C::ratio(3, 10),
        C::ratio(4, 5),
        C::ratio(8, 9),
        C::ratio(1, 1),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::ratio(1, 5)],
        &[C::ratio(3, 40), C::ratio(9, 40)],
        &[C::ratio(44, 45), C::ratio(-56, 15), C::ratio(32, 9)],
        &[
            C::ratio(19372, 6561),
            C::ratio(-25360, 2187),
            C::ratio(64448, 6561),
            C::ratio(-212, 729),
        ],
        &[
            C::ratio(9017, 3168),
            C::ratio(-355, 33),
            C::ratio(46732, 5247),
            C::ratio(49, 176),
            C::ratio(-5103, 18656),
        ],
        &[
            C::ratio(35, 384),
            C::ZERO,
            C::ratio(500, 1113),
            C::ratio(125, 192),
            C::ratio(-2187, 6784),
            C::ratio(11, 84),
        ],
    ],
    b: &[
        C::ratio(35, 384),
        C::ZERO,
        C::ratio(500, 1113),
        C::ratio(125, 192),
        C::ratio(-2187, 6784),
        C::ratio(11, 84),
        C::ZERO,
    ],
    b_err: &[
        C::ratio(71, 57600),
        C::ZERO,
        C::ratio(-71, 16695),
        C::ratio(71, 1920),
        C::ratio(-17253, 339200),
        C::ratio(22, 525),
        C::ratio(-1, 40),
    ],
    b_err_low: &[],
    fsal: true,
    extra: &[],
    dense: Dense::Polynomial {
        order: 4,
        weights: &[
            &[
                C::ratio(1, 1),
                C::ratio(-8048581381, 2820520608),
                C::ratio(8663915743, 2820520608),
                C::ratio(-12715105075, 11282082432),
            ],
            &[],
            &[
                C::ZERO,
                C::ratio(131558114200, 32700410799),
                C::ratio(-68118460800, 10900136933),
                C::ratio(87487479700, 32700410799),
            ],
            &[
                C::ZERO,
                C::ratio(-1754552775, 470086768),
                C::ratio(14199869525, 1410260304),
                C::ratio(-10690763975, 1880347072),
            ],
            &[
                C::ZERO,
                C::ratio(127303824393, 49829197408),
                C::ratio(-318862633887, 49829197408),
                C::ratio(701980252875, 199316789632),
            ],
            &[
                C::ZERO,
                C::ratio(-282668133, 205662961),
                C::ratio(2019193451, 616988883),
                C::ratio(-1453857185, 822651844),
            ],
            &[
                C::ZERO,
                C::ratio(40617522, 29380423),
                C::ratio(-110615467, 29380423),
                C::ratio(69997945, 29380423),
            ],
        ],
    },
    when: "Non-stiff problems at middle tolerances (1e-3 to 1e-8).",
    reference: "[Dormand1980]; dense output [Hairer1993] II.6",
};
