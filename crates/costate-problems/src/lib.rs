//! Reference problems with known answers, shared by the tests, benches and docs of costate.
//!
//! Every problem is generic over [`num_traits::Float`], so that it runs in `f32`, `f64`, dual numbers or a double-double.
//! Its end value has the accuracy that [`Problem::digits`] states.
//!
//! ```
//! let problem = costate_problems::decay::<f64>();
//! let mut dy = [0.0];
//! (problem.field)(0.0, &problem.y0, &mut dy);
//! assert_eq!(dy, [-1.0]);
//! assert!((problem.y1[0] - (-1.0_f64).exp()).abs() < 1e-15);
//! ```

mod celestial;
mod classical;
mod closed_form;
mod detest;
mod double_double;
mod problem;
mod stiff;
mod trees;

pub use celestial::{ARENSTORF_PERIOD, arenstorf, kepler, pleiades};
pub use classical::{brusselator, lorenz, lotka_volterra};
pub use closed_form::{
    blow_up, constant_power, cosine, decay, growing_sine, harmonic, house, logistic,
    reciprocal_root, rotation, scaled_exponential, sine, skew_linear, spiral,
};
pub use detest::detest;
pub use double_double::DoubleDouble;
pub use problem::{Boxed, BoxedField, Field, Problem, relative_error};
pub use stiff::{hires, oregonator, robertson, van_der_pol};
pub use trees::{Rows, Tree, coloured_trees, dot, elementary_weights, trees, violation};

use num_traits::Float;

/// The problems for methods that are not made for stiff ones.
#[must_use]
pub fn non_stiff<T: Float + 'static>() -> Vec<Boxed<T>> {
    vec![
        decay().boxed(),
        reciprocal_root().boxed(),
        cosine().boxed(),
        logistic().boxed(),
        spiral().boxed(),
        rotation().boxed(),
        house().boxed(),
        constant_power().boxed(),
        growing_sine().boxed(),
        scaled_exponential().boxed(),
        sine().boxed(),
        skew_linear().boxed(),
        harmonic().boxed(),
        lotka_volterra().boxed(),
        lorenz().boxed(),
        brusselator().boxed(),
        kepler(T::from(0.5).expect("a float holds 0.5")).boxed(),
        arenstorf().boxed(),
        pleiades().boxed(),
    ]
}

/// The stiff problems.
#[must_use]
pub fn stiff<T: Float + 'static>() -> Vec<Boxed<T>> {
    vec![
        robertson().boxed(),
        hires().boxed(),
        van_der_pol().boxed(),
        oregonator().boxed(),
    ]
}
