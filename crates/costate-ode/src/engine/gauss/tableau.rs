//! The numbers of the Gauss methods, all made from √3 and √15 and, for the transformation of three stages, roots of third degree.

use super::GaussTableau;
use crate::Coefficient as C;

/// Two stages, with nodes ½ ∓ √3/6.
pub(super) static GAUSS4: GaussTableau = GaussTableau {
    name: "gauss4",
    title: "Gauss–Legendre 4",
    order: 4,
    c: &[C::decimal("0.211324865405187117745425609749021272"), C::decimal("0.788675134594812882254574390250978728")],
    a: &[
        &[C::ratio(1, 4), C::decimal("-0.0386751345948128822545743902509787278")],
        &[C::decimal("0.538675134594812882254574390250978728"), C::ratio(1, 4)],
    ],
    real: None,
    complex: (C::ratio(3, 1), C::decimal("1.73205080756887729352744634150587237")),
    transform: &[
        &[C::ZERO, C::decimal("-0.267949192431122706472553658494127633")],
        &[C::ratio(1, 1), C::ZERO],
    ],
    inverse: &[
        &[C::ZERO, C::ratio(1, 1)],
        &[C::decimal("-3.73205080756887729352744634150587237"), C::ZERO],
    ],
    when: "Mechanics over long times with forces that depend on velocities, or conserved quadratic forms; symplectic, symmetric, A-stable without damping.",
    reference: "[Hairer2006] II.1, VIII.6",
};

/// Three stages, with nodes ½ and ½ ∓ √15/10.
pub(super) static GAUSS6: GaussTableau = GaussTableau {
    name: "gauss6",
    title: "Gauss–Legendre 6",
    order: 6,
    c: &[C::decimal("0.112701665379258311482073460021760039"), C::ratio(1, 2), C::decimal("0.887298334620741688517926539978239961")],
    a: &[
        &[C::decimal("0.138888888888888888888888888888888889"), C::decimal("-0.0359766675249389034563954710966044185"), C::decimal("0.00978944401530832604958004222947556853")],
        &[C::decimal("0.300263194980864592438024947213155539"), C::decimal("0.222222222222222222222222222222222222"), C::decimal("-0.0224854172030868146602471694353777616")],
        &[C::decimal("0.267988333762469451728197735548302209"), C::decimal("0.480421111969383347900839915541048863"), C::decimal("0.138888888888888888888888888888888889")],
    ],
    real: Some(C::decimal("4.64437070925217118582294142140806397")),
    complex: (
        C::decimal("3.67781464537391440708852928929596802"),
        C::decimal("3.50876191956744332190366120918244641"),
    ),
    transform: &[
        &[C::decimal("0.0721518520552001703208176992439744815"), C::decimal("-0.0822412305736306706486620659751627986"), C::decimal("0.0601207386193085017308594892143879162")],
        &[C::decimal("0.118832578741277807070888819373029276"), C::decimal("0.0530650907420613950461441137395750806"), C::decimal("-0.316205051132291573222486292618269899")],
        &[C::ratio(1, 1), C::ratio(1, 1), C::ZERO],
    ],
    inverse: &[
        &[C::decimal("5.99169808493780077564958074398128865"), C::decimal("1.13921429515573544456700223693400946"), C::decimal("0.432312113783858385569637590118049784")],
        &[C::decimal("-5.99169808493780077564958074398128865"), C::decimal("-1.13921429515573544456700223693400946"), C::decimal("0.567687886216141614430362409881950216")],
        &[C::decimal("1.24621327358623141081557164049308109"), C::decimal("-2.9255596461923136625992303670549727"), C::decimal("0.257735201273432492346872283688824574")],
    ],
    when: "As gauss4, at higher accuracy.",
    reference: "[Hairer2006] II.1, VIII.6",
};
