//! The implicit part of Kennedy and Carpenter's ARK5(4)8L\[2\]SA.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static KENCARP5: DirkTableau = DirkTableau {
    name: "kencarp5",
    title: "Kennedy–Carpenter 5(4)",
    order: 5,
    embedded_order: Some(4),
    gamma: C::ratio(41, 200),
    explicit_first: true,
    c: &[
        C::ZERO,
        C::ratio(41, 100),
        C::decimal("0.259929584448380154826873492088586858"),
        C::decimal("0.198150486692503622409914908094152799"),
        C::ratio(23, 25),
        C::ratio(6, 25),
        C::ratio(3, 5),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::ratio(41, 200)],
        &[C::ratio(41, 400), C::ratio(-567603406766, 11931857230679)],
        &[
            C::ratio(683785636431, 9252920307686),
            C::ZERO,
            C::ratio(-110385047103, 1367015193373),
        ],
        &[
            C::ratio(3016520224154, 10081342136671),
            C::ZERO,
            C::ratio(30586259806659, 12414158314087),
            C::ratio(-22760509404356, 11113319521817),
        ],
        &[
            C::ratio(218866479029, 1489978393911),
            C::ZERO,
            C::ratio(638256894668, 5436446318841),
            C::ratio(-1179710474555, 5321154724896),
            C::ratio(-60928119172, 8023461067671),
        ],
        &[
            C::ratio(1020004230633, 5715676835656),
            C::ZERO,
            C::ratio(25762820946817, 25263940353407),
            C::ratio(-2161375909145, 9755907335909),
            C::ratio(-211217309593, 5846859502534),
            C::ratio(-4269925059573, 7827059040749),
        ],
        &[
            C::ratio(-872700587467, 9133579230613),
            C::ZERO,
            C::ZERO,
            C::ratio(22348218063261, 9555858737531),
            C::ratio(-1143369518992, 8141816002931),
            C::ratio(-39379526789629, 19018526304540),
            C::ratio(32727382324388, 42900044865799),
        ],
    ],
    b: None,
    b_err: &[
        C::ratio(-360431431567533808054934, 89473089856732078284381229),
        C::ZERO,
        C::ZERO,
        C::ratio(21220331609936495351431026, 309921249937726682547321949),
        C::ratio(-42283193605833819490634, 2144566741190883522084871),
        C::ratio(-21843466548811234473856609, 296589222149359214696574660),
        C::ratio(3333910710978735057753642, 199750492790973993533703797),
        C::ratio(45448919757, 3715198317040),
    ],
    hermite: true,
    when: "Stiff problems at middle tolerances with Jacobians too dear for Rosenbrock methods.",
    reference: "[Kennedy2003]",
};
