//! The symplectic methods.

use super::SymplecticTableau;
use crate::Coefficient as C;

pub(super) static ALL: &[&SymplecticTableau] = &[&SYMPLECTIC_EULER, &VERLET, &RUTH4, &YOSHIDA6];

/// A kick, then a drift.
static SYMPLECTIC_EULER: SymplecticTableau = SymplecticTableau {
    name: "symplectic_euler",
    title: "symplectic Euler",
    order: 1,
    stages: &[(C::ratio(1, 1), C::ratio(1, 1))],
    when: "Mechanics at a glance; verlet costs hardly more.",
    reference: "[Hairer2006] VI.3",
};

/// Half a kick, a drift, half a kick.
static VERLET: SymplecticTableau = SymplecticTableau {
    name: "verlet",
    title: "velocity Verlet (Störmer–Verlet)",
    order: 2,
    stages: &[(C::ratio(1, 2), C::ratio(1, 1)), (C::ratio(1, 2), C::ZERO)],
    when: "Mechanics over long times at moderate accuracy.",
    reference: "[Hairer2006] VI.3",
};

/// Three Verlet steps with sizes w, 1 − 2w, w and w = 1/(2 − ∛2).
static RUTH4: SymplecticTableau = SymplecticTableau {
    name: "ruth4",
    title: "Ruth–Forest 4",
    order: 4,
    stages: &[
        (
            C::decimal("0.675603595979828817023843904485730413"),
            C::decimal("1.35120719195965763404768780897146083"),
        ),
        (
            C::decimal("-0.175603595979828817023843904485730413"),
            C::decimal("-1.70241438391931526809537561794292165"),
        ),
        (
            C::decimal("-0.175603595979828817023843904485730413"),
            C::decimal("1.35120719195965763404768780897146083"),
        ),
        (
            C::decimal("0.675603595979828817023843904485730413"),
            C::ZERO,
        ),
    ],
    when: "Mechanics over long times, at more than moderate accuracy.",
    reference: "[Forest1990]",
};

/// Seven Verlet steps: Yoshida's solution A.
static YOSHIDA6: SymplecticTableau = SymplecticTableau {
    name: "yoshida6",
    title: "Yoshida 6",
    order: 6,
    stages: &[
        (
            C::decimal("0.392256805238778631909748816933174938"),
            C::decimal("0.784513610477557263819497633866349876"),
        ),
        (
            C::decimal("0.510043411918457698752145408422442239"),
            C::decimal("0.235573213359358133684793182978534602"),
        ),
        (
            C::decimal("-0.471053385409756436630811248992890566"),
            C::decimal("-1.17767998417887100694641568096431573"),
        ),
        (
            C::decimal("0.068753168252520105968917023637273389"),
            C::decimal("1.31518632068391121888424972823886251"),
        ),
        (
            C::decimal("0.068753168252520105968917023637273389"),
            C::decimal("-1.17767998417887100694641568096431573"),
        ),
        (
            C::decimal("-0.471053385409756436630811248992890566"),
            C::decimal("0.235573213359358133684793182978534602"),
        ),
        (
            C::decimal("0.510043411918457698752145408422442239"),
            C::decimal("0.784513610477557263819497633866349876"),
        ),
        (
            C::decimal("0.392256805238778631909748816933174938"),
            C::ZERO,
        ),
    ],
    when: "Mechanics over long times at high accuracy.",
    reference: "[Yoshida1990]",
};
