//! A field with every variable in it, recorded and native, and a loss for every kind of number.

use costate_neural_ode::{Recorded, RightHandSide, Saved};
use costate_tape::{Function, Scalar, Var};

pub(crate) const N: usize = 3;
pub(crate) const P: usize = 4;
pub(crate) const H0: [f64; N] = [0.4, -1.1, 0.9];
pub(crate) const THETA: [f64; P] = [1.3, 0.7, -0.4, 0.2];

#[derive(Clone)]
pub(crate) struct Forced;

impl RightHandSide<N, P> for Forced {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y, z]: [S; N], t: S, [a, b, c, d]: [S; P]) -> [S; N] {
        [
            a * (y - x) + (b * t).sin(),
            x * (b - z) - y + c * z.tanh(),
            x * y - (a * t).tanh() * z + d * x * x,
        ]
    }
}

pub(crate) fn function() -> Function<f64> {
    let inputs: [(&str, &[usize]); 3] = [("h", &[N]), ("t", &[]), ("theta", &[P])];
    let function = Function::record(&inputs, |v| {
        let h = std::array::from_fn(|i| v[0].index(i));
        let theta = std::array::from_fn(|k| v[2].index(k));
        vec![Var::stack(&Forced.eval(h, v[1], theta))]
    });
    function.unwrap()
}

pub(crate) fn recorded() -> Recorded {
    Recorded::new(&function()).unwrap()
}

pub(crate) fn weight(i: usize) -> f64 {
    (1.3 + 2.1 * i as f64).sin()
}

/// L = Σ w (h + h³/4) over all saved components.
pub(crate) fn loss<S: Scalar + num_traits::Zero>(saved: &Saved<S>, out: &mut Saved<S>) -> S {
    let mut sum = S::from_f64(0.0);
    for (i, (h, a)) in saved.values().iter().zip(out.values_mut()).enumerate() {
        let w = S::from_f64(weight(i));
        sum += w * (*h + S::from_f64(0.25) * *h * *h * *h);
        *a = w * (S::from_f64(1.0) + S::from_f64(0.75) * *h * *h);
    }
    sum
}

#[track_caller]
pub(crate) fn close(title: &str, found: f64, expected: f64, part: f64) {
    let off = (found - expected).abs();
    assert!(
        off <= part * expected.abs().max(1.0),
        "{title}: {found} instead of {expected}, off by {off:e}"
    );
}
