//! Stabilised explicit methods: ROCK2 and ROCK4.

mod radius;
#[rustfmt::skip]
mod rock2;
#[rustfmt::skip]
mod rock4;
mod step;
mod tableau;

pub use tableau::RockTableau;

use super::{Engine, Span, lagrange};
use crate::combine::{Terms, combine};
use crate::size::Size;
use crate::system::evaluate;
use crate::tableau::polynomial;
use crate::{Element, Field, Real, Scale, State, Stats, System};
use radius::Radius;

/// The engine of the stabilised explicit methods.
///
/// # Stages
/// Each step takes as many stages as its size needs for stability, up to 200 (ROCK2) or 142 (ROCK4). They follow from the spectral radius ρ of ∂f/∂y: the system's
/// [`spectral_radius`](System::spectral_radius) if it has one, otherwise a power iteration with differences of f, enlarged by a fifth. An estimate is kept for 25
/// accepted steps, and taken afresh after a rejection. Steps are kept below what most stages allow.
///
/// A step evaluates f once for each stage; ROCK4 once more at its end, where the next step begins.
///
/// # Dense output
/// It is the parabola (ROCK2) or the cubic (ROCK4) through both ends of the step and one or two states within, to which shorter steps lead from its start:
/// the fewer stages of these cost 0.7 or 1.4 times as much as the step, once, where dense output is asked for. (Slopes at the ends, which are cheaper, would magnify what is left
/// of fast modes by h|λ|, thousands.)
///
/// # When not to use it
/// Eigenvalues must lie near the negative axis (diffusion); oscillations at high frequency make it unstable, and then its steps small. Small problems, and those with
/// time scales that differ by more than 10⁵, are for implicit methods.
///
/// ```
/// use costate_ode::{Integrator, Options, Rock, RockTableau};
///
/// // Heat in a rod of a hundred points: eigenvalues down to −4·10⁴.
/// let heat = |_t: f64, u: &Vec<f64>, du: &mut Vec<f64>| {
///     let n = u.len();
///     for i in 0..n {
///         let (left, right) = (if i > 0 { u[i - 1] } else { 0.0 }, if i + 1 < n { u[i + 1] } else { 0.0 });
///         du[i] = 1e4 * (left - 2.0 * u[i] + right);
///     }
/// };
/// let u0 = vec![1.0; 100];
/// let engine = Rock::new(RockTableau::by_name("rock4")?, &u0);
/// let mut it = Integrator::with_engine(engine, heat, 0.0, &u0, Options::tolerances(1e-5, 1e-5))?;
/// it.set_end(0.5);
/// while !it.finished() {
///     it.step()?;
/// }
/// // An explicit method of Runge and Kutta would take some seven thousand steps.
/// assert!(it.stats().steps < 60 && it.stats().nfe < 2500);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Abdulle2001\], \[Abdulle2002\].
#[derive(Clone, Debug)]
pub struct Rock<T, Y> {
    tableau: &'static RockTableau,
    /// a, b and b_err of the last stages, degree by degree.
    last: Vec<[Vec<T>; 3]>,
    radius: Radius<T, Y>,
    /// The number of the degree of the step, and ρ there.
    degree: usize,
    spectral: T,
    /// u_{i−2} and u_{i−1}.
    before: Y,
    state: Y,
    argument: Y,
    /// Slopes of the last stages; f at the end of the step behind them.
    k: Vec<Y>,
    end_known: bool,
    /// f at its start.
    f: Y,
    f_known: bool,
    /// The step was accepted: its end is the start of the next.
    moves_on: bool,
    weights: Terms<T>,
    error: Y,
    /// Where dense output has states within the step and at its end, their polynomials, and by how much they differ from its start.
    nodes: Vec<T>,
    polynomials: Vec<Vec<T>>,
    differences: Vec<Y>,
    differences_known: bool,
    /// The step was longer than most stages allow.
    too_long: bool,
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Rock<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for states like `y`.
    #[must_use]
    pub fn new(tableau: &'static RockTableau, y: &Y) -> Self {
        let () = Size::<Y>::ALLOWED;
        let intervals = tableau.order.min(3);
        let node = |i: usize| T::from_f64(i as f64) / T::from_f64(intervals as f64);
        let nodes: Vec<T> = (1..=intervals).map(node).collect();
        let through = |i: usize| lagrange::polynomial(&nodes, i);
        Self {
            polynomials: (0..intervals).map(through).collect(),
            differences: vec![y.clone(); intervals],
            differences_known: false,
            nodes,
            tableau,
            last: (0..tableau.degrees.len())
                .map(|index| tableau.last_stages(index))
                .collect(),
            radius: Radius::new(y),
            degree: 0,
            spectral: T::zero(),
            before: y.clone(),
            state: y.clone(),
            argument: y.clone(),
            k: vec![y.clone(); tableau.last + 1],
            end_known: false,
            f: y.clone(),
            f_known: false,
            moves_on: false,
            weights: Terms::new(),
            error: y.clone(),
            too_long: false,
            bad: None,
        }
    }

    /// The stages of the last try.
    #[must_use]
    pub fn stages(&self) -> usize {
        usize::from(self.tableau.degrees[self.degree]) + self.tableau.last
    }

    /// The spectral radius that they were chosen for.
    #[must_use]
    pub fn spectral_radius(&self) -> T {
        self.spectral
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Rock<T, Y>
where
    Y::Element: Field<T>,
{
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        if std::mem::take(&mut self.moves_on) {
            self.f_known = std::mem::take(&mut self.end_known);
            let last = self.tableau.last;
            std::mem::swap(&mut self.f, &mut self.k[last]);
        }
        if !self.f_known {
            evaluate(system, t, y, &mut self.f);
            stats.nfe += 1;
            self.f_known = true;
        }
        &self.f
    }

    fn attempt(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        scale: &mut Scale<T>,
        measure: bool,
        stats: &mut Stats,
    ) -> T {
        <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
        (self.bad, self.too_long) = (None, false);
        (self.end_known, self.differences_known) = (false, false);
        self.look(0, span.t, None);
        self.spectral = self.radius.know(
            system,
            (span.t, y, &self.f),
            [&mut self.state, &mut self.argument],
            scale,
            stats,
        );
        let product = (self.spectral * span.h).abs().as_f64();
        let Some(degree) = self.tableau.degree(product) else {
            self.too_long = true;
            return T::infinity();
        };
        self.degree = degree;
        self.step(system, span, y, trial, degree, stats);
        if !measure {
            return T::zero();
        }
        if self.last[degree][2].len() > self.tableau.last {
            self.know_end(system, span.t_next, trial, stats);
        }
        let b_err = &self.last[degree][2];
        self.weights.clear();
        self.weights.extend(b_err.iter().copied().enumerate());
        self.argument.as_mut_slice().fill(Y::Element::zero());
        combine(
            &mut self.error,
            &self.argument,
            &self.k,
            &self.weights,
            span.h,
        );
        let error = self.error.as_slice();
        scale.squared(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn accept(&mut self) {
        self.moves_on = true;
        self.radius.accepted();
    }

    fn propose(&mut self, tried: T, _error2: T, accepted: bool, proposal: T) -> T {
        // A hair below what most stages allow.
        let longest = T::from_f64(0.99 * self.tableau.longest()) / self.spectral;
        if !accepted && !self.too_long {
            self.radius.rejected();
        }
        if self.too_long && longest < tried {
            return longest;
        }
        proposal.min(longest)
    }

    fn rewind(&mut self) -> bool {
        // f at the start is still there.
        self.moves_on = false;
        true
    }

    fn restart(&mut self) {
        (self.f_known, self.end_known, self.moves_on) = (false, false, false);
        self.radius.forget();
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
        self.know_differences(system, span, [y, y_next], stats);
        self.weights.clear();
        let weights = self.polynomials.iter().map(|row| polynomial(row, sigma));
        self.weights.extend(weights.enumerate());
        combine(out, y, &self.differences, &self.weights, T::one());
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
        self.know_differences(system, span, [y, y_next], stats);
        super::push_powers(y, &self.differences, &self.polynomials, T::one(), powers);
    }

    fn error_exponent(&self) -> usize {
        self.tableau.embedded_order + 1
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        let error = self.error.as_slice();
        scale.worst(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        self.tableau.name
    }
}

#[cfg(test)]
mod tests;
