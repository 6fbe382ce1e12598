//! Kværnø's ESDIRK pair of order 5(4): seven stages, both solutions stiffly accurate.

use super::DirkTableau;
use crate::Coefficient as C;

pub(super) static KVAERNO5: DirkTableau = DirkTableau {
    name: "kvaerno5",
    title: "Kværnø 5(4)",
    order: 5,
    embedded_order: Some(4),
    gamma: C::ratio(13, 50),
    explicit_first: true,
    c: &[
        C::ZERO,
        C::ratio(13, 25),
        C::decimal("1.23033320996790809631713604879152682"),
        C::decimal("0.895765984350075901890076221393314548"),
        C::decimal("0.436393609858647585369807280928716085"),
        C::ratio(1, 1),
        C::ratio(1, 1),
    ],
    a: &[
        &[],
        &[C::ratio(13, 50)],
        &[
            C::ratio(13, 100),
            C::decimal("0.840333209967908096317136048791526815"),
        ],
        &[
            C::decimal("0.223719614783205056132968282424354229"),
            C::decimal("0.476755323197996997102244682579061113"),
            C::decimal("-0.0647089536311261513451367436101007937"),
        ],
        &[
            C::decimal("0.166485643232483215284821857631857131"),
            C::decimal("0.104500188415917204390142437679053123"),
            C::decimal("0.0363148227209871514142615295651039488"),
            C::decimal("-0.130907044510739985719418543947298119"),
        ],
        &[
            C::decimal("0.138556402312682249556576292934124482"),
            C::ZERO,
            C::decimal("-0.0424533720175204309226535465745337775"),
            C::decimal("0.0244665789800314195240466188791805383"),
            C::decimal("0.619430390724806761842030634761228757"),
        ],
        &[
            C::decimal("0.136597511776402914429608302202004111"),
            C::ZERO,
            C::decimal("-0.0549690879653837671878612572943772787"),
            C::decimal("-0.0411862672832104690814619523824686681"),
            C::decimal("0.62993304899016403209954505692035641"),
            C::decimal("0.0696247944820272897401698505544854255"),
        ],
    ],
    b: None,
    b_err: &[
        C::decimal("-0.00195889053627933512696799073212037073"),
        C::ZERO,
        C::decimal("-0.0125157159478633362652077107198435012"),
        C::decimal("-0.0656528462632418886055085712616492064"),
        C::decimal("0.0105026582653572702575144221591276529"),
        C::decimal("-0.190375205517972710259830149445514575"),
        C::ratio(13, 50),
    ],
    hermite: true,
    explicit: &[],
    when: "Stiff problems at middle tolerances with Jacobians too dear for Rosenbrock methods.",
    reference: "[Kvaerno2004]",
};
