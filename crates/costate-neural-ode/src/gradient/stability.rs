//! Steps that stay stable where the error does not see that they must.

use crate::VectorField;
use costate_ode::{Engine, Integrator, Options, Real, State, System};

/// Steps of explicit methods are stable up to about this over the largest rate (the real interval of pairs of order 2 and above reaches to 2 at least).
const REACH: f64 = 2.0;
/// A next step so many times as long: its error does not hold it back.
const LEAP: f64 = 4.0;
/// The least growth of steps along what rests, as a part of the time since the start.
const SPREAD: f64 = 0.05;
/// Products for an estimate; each begins where the last one ended.
const PRODUCTS: usize = 3;

/// What holds steps back where a component rests: at an equilibrium, or at zero until something happens to it.
///
/// There the error estimate is zero whatever the step, and steps grow: those of explicit methods until they leave the domain of stability. The numbers do not show it, for what is zero stays
/// zero under any factor. Their derivatives do: they are that factor, R(hλ) in place of e^{hλ} for each rate λ of the components at rest among themselves. The two differ by about
/// (hλ)^{p+1}/(p+1)!, which is kept to the relative tolerance ε, as an error estimate would; or, once h = δ t at a time t since the start is longer, by all in all
/// ∫ (δ λ t)^p/(p+1)! λ e^{−λt} dt = δ^p/(p + 1), whatever the rate: ε too. Steps of explicit methods are kept stable beside, also where all that moves leaps. The largest rate is found by
/// the power method with rows a·∂f/∂h.
#[derive(Debug)]
pub(crate) struct Stability<E> {
    /// hλ at the start of a rest, and δ.
    exact: f64,
    spread: f64,
    t0: f64,
    settled: bool,
    row: Vec<E>,
    image: Vec<E>,
    rests: Vec<bool>,
}

/// The step that the controller would take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposed {
    /// Where it begins.
    pub(crate) t: f64,
    /// Its size, and how many times as long as the last one it is.
    pub(crate) size: f64,
    pub(crate) growth: f64,
    pub(crate) is_explicit: bool,
}

impl Proposed {
    /// The step that `it` would take next, unless the error of the last one tells enough of it: where steps are chosen, something rests or an explicit step leaps.
    #[inline]
    pub(crate) fn of<T, Y, S, M>(it: &Integrator<T, Y, S, M>, is_explicit: bool) -> Option<Self>
    where
        T: Real,
        Y: State<T, Element: Real>,
        S: System<T, Y>,
        M: Engine<T, Y, S>,
    {
        let next = it.next_h();
        let growth = (next / it.h().abs()).as_f64();
        // A leap of an implicit method does no harm.
        let leaps = is_explicit && growth > LEAP;
        let mut pairs = it.y_prev().as_slice().iter().zip(it.y().as_slice());
        if it.options().step.is_some() || !(leaps || pairs.any(|(a, b)| rests(*a, *b))) {
            return None;
        }
        Some(Self {
            t: it.t().as_f64(),
            size: next.as_f64(),
            growth,
            is_explicit,
        })
    }
}

impl<E: Real> Stability<E> {
    /// For `n` components and steps of order `p`. Derivatives are to be good to the relative tolerance.
    pub(crate) fn new<T: Real>(n: usize, p: usize, options: &Options<T>) -> Self {
        let (rtol, atol) = (options.rtol.largest(), options.atol.largest());
        let tolerance = if rtol > T::zero() { rtol } else { atol };
        let tolerance = tolerance.max(T::epsilon()).as_f64();
        let factorial: f64 = (1..=p + 1).map(|k| k as f64).product();
        let p = p as f64;
        Self {
            exact: (factorial * tolerance).powf(1.0 / (p + 1.0)).min(REACH),
            spread: ((p + 1.0) * tolerance).powf(1.0 / p).max(SPREAD),
            t0: 0.0,
            settled: false,
            row: vec![E::zero(); n],
            image: vec![E::zero(); n],
            rests: vec![false; n],
        }
    }

    /// Begins at `t0`, with any row, whatever was found along another solution.
    pub(crate) fn begin(&mut self, t0: f64) {
        self.t0 = t0;
        self.settled = false;
        self.any_row();
    }

    fn any_row(&mut self) {
        for (i, row) in self.row.iter_mut().enumerate() {
            *row = E::from_f64((1.3 + 2.1 * i as f64).sin());
        }
    }

    /// Notes which components rest.
    pub(crate) fn look(&mut self, before: &[E], after: &[E]) {
        for ((rest, a), b) in self.rests.iter_mut().zip(before).zip(after) {
            *rest = rests(*a, *b);
        }
    }

    /// The size of the next step, which begins at the state whose evaluation is kept in `frame`.
    #[cold]
    #[inline(never)]
    pub(crate) fn hold(
        &mut self,
        field: &mut (impl VectorField<E> + ?Sized),
        frame: usize,
        step: Proposed,
    ) -> f64 {
        let reach = if step.is_explicit {
            REACH
        } else {
            f64::INFINITY
        };
        let mut longest = f64::INFINITY;
        if self.rests.contains(&true) {
            let rate = self.rate(field, frame);
            let accurate = (self.exact / rate).max(self.spread * (step.t - self.t0).abs());
            self.settled = accurate * rate > REACH;
            longest = accurate.min(reach / rate);
        }
        if step.is_explicit && step.growth > LEAP && self.rests.contains(&false) {
            self.rests.fill(true);
            longest = longest.min(reach / self.rate(field, frame));
        }
        step.size.min(longest)
    }

    /// Whether what rests has done so for so long that nothing but stability holds steps of explicit methods back.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// The largest rate of the components at rest among themselves.
    #[cold]
    #[inline(never)]
    fn rate(&mut self, field: &mut (impl VectorField<E> + ?Sized), frame: usize) -> f64 {
        let mut largest = 0.0_f64;
        for _ in 0..PRODUCTS {
            if self.norm() == 0.0 {
                self.any_row();
            }
            let size = E::from_f64(self.norm());
            for (row, rests) in self.row.iter_mut().zip(&self.rests) {
                *row = if *rests { *row / size } else { E::zero() };
            }
            field.products(frame, &self.row, &mut self.image);
            std::mem::swap(&mut self.row, &mut self.image);
            let rate = self.norm();
            if !(rate > 0.0 && rate.is_finite()) {
                self.any_row();
                return 0.0;
            }
            // Of a pair of complex rates now one part is seen and now the other.
            largest = largest.max(rate);
        }
        largest
    }

    /// The norm of the row's components at rest.
    fn norm(&self) -> f64 {
        let pairs = self.row.iter().zip(&self.rests);
        let squares = pairs.filter(|(_, rests)| **rests);
        squares.map(|(a, _)| a.as_f64().powi(2)).sum::<f64>().sqrt()
    }
}

/// Whether a component that was `a` is the same after a step, but for rounding.
fn rests<E: Real>(a: E, b: E) -> bool {
    (b - a).abs() <= E::epsilon() * E::from_f64(4.0) * b.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// dh/dt = rates h, each by itself.
    struct Decays(Vec<f64>);

    impl VectorField<f64> for Decays {
        fn state_len(&self) -> usize {
            self.0.len()
        }
        fn parameter_len(&self) -> usize {
            0
        }
        fn set_parameters(&mut self, _theta: &[f64]) {}
        fn eval(&mut self, _frame: usize, _t: f64, _h: &[f64], _dh: &mut [f64]) {}
        fn products(&mut self, _frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
            for ((to, a), rate) in a_h.iter_mut().zip(a).zip(&self.0) {
                *to = a * rate;
            }
            0.0
        }
        fn accumulate(&mut self, _frames: &[(usize, f64)]) {}
        fn finish(&mut self, _a_theta: &mut [f64]) {}
    }

    /// Of order 5, at a tolerance of 10⁻⁶, from t = 3 on, with these components at rest.
    fn stability<const N: usize>(rests: [bool; N]) -> Stability<f64> {
        let mut stability = Stability::new(N, 5, &Options::tolerances(1e-6, 1e-9));
        stability.begin(3.0);
        look(&mut stability, rests);
        stability
    }

    fn look<const N: usize>(stability: &mut Stability<f64>, rests: [bool; N]) {
        stability.look(&[1.0; N], &rests.map(|rests| if rests { 1.0 } else { 2.0 }));
    }

    const STEP: Proposed = Proposed {
        t: 3.0,
        size: 1e3,
        growth: 1.0,
        is_explicit: false,
    };

    #[test]
    fn what_rests_bounds_steps_by_the_order_and_later_by_the_time() {
        let mut field = Decays(vec![-4.0]);
        let mut it = stability([true]);
        // (hλ)⁶/6! = ε
        let exact = 720e-6_f64.powf(1.0 / 6.0) / 4.0;
        assert!((it.hold(&mut field, 0, STEP) / exact - 1.0).abs() < 1e-12);
        assert!(!it.is_settled());
        // δ⁵/6 = ε
        let later = Proposed { t: 13.0, ..STEP };
        let spread = 6e-6_f64.powf(0.2) * 10.0;
        assert!((it.hold(&mut field, 0, later) / spread - 1.0).abs() < 1e-12);
        assert!(it.is_settled());
        let explicit = Proposed {
            is_explicit: true,
            ..later
        };
        assert_eq!(it.hold(&mut field, 0, explicit), 2.0 / 4.0);
        it.begin(3.0);
        assert!(!it.is_settled());
    }

    #[test]
    fn leaps_of_explicit_methods_are_held_by_the_largest_rate_of_all() {
        let mut field = Decays(vec![-5.0, -5.0]);
        let leap = Proposed {
            growth: 4.5,
            is_explicit: true,
            ..STEP
        };
        let held = stability([false; 2]).hold(&mut field, 0, leap);
        assert!((held - 2.0 / 5.0).abs() < 1e-12, "{held}");
        for free in [
            Proposed {
                growth: 3.5,
                ..leap
            },
            Proposed {
                is_explicit: false,
                ..leap
            },
        ] {
            assert_eq!(stability([false; 2]).hold(&mut field, 0, free), STEP.size);
        }
    }

    #[test]
    fn a_rest_that_moves_to_other_components_has_their_rate() {
        let mut field = Decays(vec![-8.0, -1.0]);
        let mut it = stability([true, false]);
        let first = it.hold(&mut field, 0, STEP);
        look(&mut it, [false, true]);
        let second = it.hold(&mut field, 0, STEP);
        assert!((second / first - 8.0).abs() < 1e-12, "{first} {second}");
    }

    #[test]
    fn rates_that_are_no_numbers_are_forgotten() {
        let mut it = stability([true]);
        let free = it.hold(&mut Decays(vec![f64::NAN]), 0, STEP);
        assert_eq!(free, STEP.size);
        assert!(it.hold(&mut Decays(vec![-4.0]), 0, STEP) < 0.1);
    }

    #[test]
    fn every_solution_begins_with_the_same_row() {
        // So near to each other that the power method takes long to tell them apart.
        let mut field = Decays(vec![-1.0, -1.1]);
        let mut it = stability([true; 2]);
        let first = it.hold(&mut field, 0, STEP);
        assert_ne!(it.hold(&mut field, 0, STEP), first);
        it.begin(3.0);
        assert_eq!(it.hold(&mut field, 0, STEP), first);
    }
}
