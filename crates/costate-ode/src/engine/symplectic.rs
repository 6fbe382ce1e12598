//! Symplectic steps of separable systems: kicks and drifts in turn.

use super::hermite::Ends;
use super::{Engine, Span};
use crate::size::Size;
use crate::system::evaluate;
use crate::{Coefficient, Element, Real, Scale, State, Stats, System};

mod methods;

/// A composition of kicks and drifts:
///
/// ```text
/// for each stage i:   v ← v + kick_i h f_v(t + c h, q, ·)      c = Σ drift_j, j < i
///                     q ← q + drift_i h f_q(t + d h, ·, v)     d = Σ kick_j,  j ≤ i
/// ```
///
/// The first half of the state are positions q, the second half velocities v (or momenta). The system must be **separable**: dq/dt may depend on v and t
/// alone, dv/dt on q and t alone. What else it depends on is not noticed, and makes the result wrong.
///
/// With constant steps the energy of a Hamiltonian system then stays near its value for ever, where other methods let it drift. Steps that
/// change destroy this, so they are constant. Not for systems with friction, and not where a few periods at high accuracy are wanted: there a method
/// of high order with error control is cheaper.
///
/// # References
/// \[Hairer2006\] II.5, V.3, VI.3.
///
/// ```
/// use costate_ode::SymplecticTableau;
/// // Kicks add up to one step, and so do drifts.
/// for method in SymplecticTableau::all() {
///     let sums = method.stages.iter().fold((0.0, 0.0), |sums, (kick, drift)| (sums.0 + kick.to::<f64>(), sums.1 + drift.to::<f64>()));
///     assert!((sums.0 - 1.0).abs() < 1e-14 && (sums.1 - 1.0).abs() < 1e-14, "{}", method.name);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SymplecticTableau {
    /// The name by which programs and files choose the method.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// Its order.
    pub order: usize,
    /// Kick and drift of each stage; those that are zero are not evaluated.
    pub stages: &'static [(Coefficient, Coefficient)],
    /// When to choose the method, in a sentence.
    pub when: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
}

impl SymplecticTableau {
    /// Every symplectic method of this crate, by rising order.
    #[must_use]
    pub fn all() -> &'static [&'static Self] {
        methods::ALL
    }
}

/// The engine of the symplectic methods.
///
/// Each kick and each drift evaluates f once; a kick at the end of a step serves the next one's first. Dense output is the cubic through both ends and
/// their slopes.
///
/// ```
/// use costate_ode::{Ivp, Method};
///
/// // A planet on an ellipse, a hundred times around.
/// let kepler = |_t: f64, y: &[f64; 4], dy: &mut [f64; 4]| {
///     let cube = (y[0] * y[0] + y[1] * y[1]).powf(1.5);
///     *dy = [y[2], y[3], -y[0] / cube, -y[1] / cube];
/// };
/// let energy = |y: &[f64; 4]| 0.5 * (y[2] * y[2] + y[3] * y[3]) - 1.0 / y[0].hypot(y[1]);
/// let solution = Ivp::new(kepler, 0.0, [0.4, 0.0, 0.0, 2.0], 628.0)
///     .method(Method::by_name("yoshida6")?)
///     .step(0.02)
///     .save_end()
///     .solve()?;
/// assert!((energy(solution.last()) + 0.5).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Symplectic<T, Y> {
    tableau: &'static SymplecticTableau,
    stages: Vec<(T, T)>,
    slope: Y,
    ends: Ends<Y>,
    /// Whether the velocities' half of `slope` is f_v at the positions where the next step begins.
    kick_known: bool,
    /// Whether `slope` is f where the step begins.
    slope_known: bool,
    /// Where the step ended, for `slope`.
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Symplectic<T, Y> {
    /// An engine for states like `y`, whose first half are the positions.
    #[must_use]
    pub fn new(tableau: &'static SymplecticTableau, y: &Y) -> Self {
        let () = Size::<Y>::ALLOWED;
        let stages = tableau.stages.iter();
        Self {
            tableau,
            stages: stages
                .map(|(kick, drift)| (kick.to(), drift.to()))
                .collect(),
            slope: y.clone(),
            ends: Ends::like(y),
            kick_known: false,
            slope_known: false,
            bad: None,
        }
    }
}

/// y_i += factor · slope_i for the components of one half.
fn add<T: Real, Y: State<T>>(y: &mut Y, slope: &Y, factor: T, half: std::ops::Range<usize>) {
    let weight = Y::Element::weight(factor);
    let (y, slope) = (&mut y.as_mut_slice()[half.clone()], &slope.as_slice()[half]);
    for (y, k) in y.iter_mut().zip(slope) {
        *y = y.add_scaled(weight, *k);
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Symplectic<T, Y> {
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        if !self.slope_known {
            evaluate(system, t, y, &mut self.slope);
            stats.nfe += 1;
            (self.slope_known, self.kick_known) = (true, true);
        }
        &self.slope
    }

    fn attempt(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        _scale: &mut Scale<T>,
        _measure: bool,
        stats: &mut Stats,
    ) -> T {
        let n = y.as_slice().len();
        let (positions, velocities) = (0..n / 2, n / 2..n);
        trial.as_mut_slice().copy_from_slice(y.as_slice());
        let (mut c, mut d) = (T::zero(), T::zero());
        let mut known = self.kick_known;
        self.bad = None;
        for (stage, (kick, drift)) in self.stages.iter().enumerate() {
            let mut look = |slope: &Y, t: T| {
                let wrong = slope
                    .as_slice()
                    .iter()
                    .position(|k| !k.magnitude().is_finite());
                self.bad = self.bad.or(wrong.map(|component| (stage, t, component)));
            };
            if *kick != T::zero() {
                if !known {
                    evaluate(system, span.t + c * span.h, trial, &mut self.slope);
                    stats.nfe += 1;
                    look(&self.slope, span.t + c * span.h);
                }
                add(trial, &self.slope, *kick * span.h, velocities.clone());
                known = true;
                d = d + *kick;
            }
            if *drift != T::zero() {
                evaluate(system, span.t + d * span.h, trial, &mut self.slope);
                stats.nfe += 1;
                look(&self.slope, span.t + d * span.h);
                add(trial, &self.slope, *drift * span.h, positions.clone());
                known = false;
                c = c + *drift;
            }
        }
        // After a last kick, the velocities' slope belongs to the positions at the end.
        (self.kick_known, self.slope_known) = (known, false);
        T::zero()
    }

    fn accept(&mut self) {
        self.ends.forget();
    }

    fn restart(&mut self) {
        (self.kick_known, self.slope_known) = (false, false);
    }

    fn interpolate(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        sigma: T,
        out: &mut Y,
        stats: &mut Stats,
    ) {
        self.ends
            .write(system, span, [y, y_next], sigma, out, stats);
    }

    fn powers(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        powers: &mut Vec<Y>,
        stats: &mut Stats,
    ) {
        self.ends.powers(system, span, [y, y_next], powers, stats);
    }

    fn error_exponent(&self) -> usize {
        self.tableau.order + 1
    }

    fn worst(&self, _span: Span<T>, _y: &Y, _trial: &Y, _scale: &Scale<T>) -> Option<(usize, T)> {
        None
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        self.tableau.name
    }
}
