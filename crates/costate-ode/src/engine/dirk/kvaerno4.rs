//! Kværnø's ESDIRK pair of order 4(3): five stages, both solutions stiffly accurate.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static KVAERNO4: DirkTableau = DirkTableau {
    name: "kvaerno4",
    title: "Kværnø 4(3)",
    order: 4,
    embedded_order: Some(3),
    gamma: C::decimal("0.435866521508458999416019451193556843"),
    explicit_first: true,
    c: &[
        C::ZERO,
        C::decimal("0.871733043016917998832038902387113685"),
        C::decimal("0.468238744851844395624207362884490246"),
        C::ratio(1, 1),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::decimal("0.435866521508458999416019451193556843")],
        &[
            C::decimal("0.14073777472470619618641323092626943"),
            C::decimal("-0.108365551381320799978225319235336026"),
        ],
        &[
            C::decimal("0.102399400619910997682279415059599736"),
            C::decimal("-0.376878452255556106088697074901427825"),
            C::decimal("0.838612530127186108990398208648271246"),
        ],
        &[
            C::decimal("0.157024897860324937100788573981241875"),
            C::decimal("0.117330441370438848696818437077059228"),
            C::decimal("0.616678030392121464348388126143309686"),
            C::decimal("-0.326899891131344249562014588395167632"),
        ],
    ],
    b: None,
    b_err: &[
        C::decimal("0.0546254972404139394185091589216421388"),
        C::decimal("0.494208893625994954785515511978487053"),
        C::decimal("-0.221934499735064644642010082504961559"),
        C::decimal("-0.762766412639803248978034039588724474"),
        C::decimal("0.435866521508458999416019451193556843"),
    ],
    hermite: true,
    explicit: &[],
    when: "Mildly stiff problems at loose to middle tolerances; A-stable, but it damps infinitely stiff components by 0.72 only.",
    reference: "[Kvaerno2004]",
};
