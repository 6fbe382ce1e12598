//! Steps that can be taken back: reversible Heun, and the coupling of any explicit method.

use super::hermite::Ends;
use super::{Engine, Span};
use crate::combine::combine;
use crate::system::evaluate;
use crate::{Element, Integrator, Real, Scale, Scheme, State, Stats, System, Tableau};

/// The engine of reversible methods. Besides y it carries a second state z, close to y; from both, the step before can be computed, so that a whole
/// integration runs backwards through its own states, to rounding, without any of them being stored.
///
/// **Coupling** \[McCallum2024\] of an explicit method with increment ψ_h(t, y), 0 < λ ≤ 1:
///
/// ```text
/// y₁ = λ y + (1 − λ) z + ψ_h(t, z)        z₁ = z − ψ_{−h}(t + h, y₁)
/// ```
///
/// It has the method's order and costs two of its steps. λ below 1 keeps both together where the solution decays, and magnifies rounding
/// by 1/λ a step on the way back: 0.999 for up to some ten thousand steps.
///
/// **Heun** \[Kidger2021b\], of order 2 at one evaluation a step, stable only on the imaginary axis: not for decaying solutions.
///
/// ```text
/// z₁ = 2y − z + h f(t, z)                 y₁ = y + h/2 (f(t, z) + f(t + h, z₁))
/// ```
///
/// ```
/// use costate_ode::{Integrator, Options, Reversible, tableau};
///
/// let pendulum = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0].sin()];
/// let engine = Reversible::coupled(tableau::by_name("rk4")?, 0.999, &[1.0, 0.0]);
/// let mut it = Integrator::with_engine(engine, pendulum, 0.0, &[1.0, 0.0], Options::constant_step(0.1))?;
/// for _ in 0..100 {
///     it.force_step(0.1);
/// }
/// for n in (0..100).rev() {
///     it.step_back(0.1 * f64::from(n), 0.1);
/// }
/// assert!((it.y()[0] - 1.0).abs() < 1e-12 && it.y()[1].abs() < 1e-12);
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reversible<T, Y> {
    kind: Kind<T>,
    z: Y,
    z_trial: Y,
    /// Slopes of the last increment: of Heun those at z and z₁.
    k: Vec<Y>,
    argument: Y,
    ends: Ends<Y>,
    /// Whether z belongs to the present state; else it is set to y.
    coupled: bool,
    /// Whether k\[0\] of Heun is f(t, z).
    slope_known: bool,
    bad: Option<(usize, T, usize)>,
}

#[derive(Clone, Debug)]
enum Kind<T> {
    Heun,
    Coupled(Box<Scheme<T>>, T),
}

impl<T: Real, Y: State<T>> Reversible<T, Y> {
    /// Reversible Heun, for states like `y`.
    #[must_use]
    pub fn heun(y: &Y) -> Self {
        Self::new(Kind::Heun, 2, y)
    }

    /// The coupling of an explicit method with λ = `coupling`, for states like `y`.
    ///
    /// # Panics
    /// If λ is not in (0, 1].
    #[must_use]
    #[track_caller]
    pub fn coupled(tableau: &'static Tableau, coupling: T, y: &Y) -> Self {
        assert!(
            coupling > T::zero() && coupling <= T::one(),
            "the coupling must lie above 0 and not above 1, which {coupling:?} does not"
        );
        let kind = Kind::Coupled(Box::new(Scheme::new(tableau)), coupling);
        Self::new(kind, tableau.stages(), y)
    }

    fn new(kind: Kind<T>, slopes: usize, y: &Y) -> Self {
        Self {
            kind,
            z: y.clone(),
            z_trial: y.clone(),
            k: vec![y.clone(); slopes],
            argument: y.clone(),
            ends: Ends::like(y),
            coupled: false,
            slope_known: false,
            bad: None,
        }
    }

    /// z, which belongs to the present state.
    #[must_use]
    pub fn companion(&self) -> &Y {
        &self.z
    }

    fn couple(&mut self, y: &Y) {
        if !self.coupled {
            self.z.as_mut_slice().copy_from_slice(y.as_slice());
            (self.coupled, self.slope_known) = (true, false);
        }
    }

    /// One step of Heun from y and z, whose slope is known, by h: its own inverse with −h.
    fn heun_step<S: System<T, Y>>(&mut self, system: &mut S, span: Span<T>, y: &Y, out: &mut Y) {
        let weight = |value: T| Y::Element::weight(value);
        let (two, minus, h) = (weight(T::from_f64(2.0)), weight(-T::one()), weight(span.h));
        let z = self.z_trial.as_mut_slice().iter_mut();
        for (i, z_next) in z.enumerate() {
            let twice = Y::Element::zero().add_scaled(two, y.as_slice()[i]);
            let mirrored = twice.add_scaled(minus, self.z.as_slice()[i]);
            *z_next = mirrored.add_scaled(h, self.k[0].as_slice()[i]);
        }
        evaluate(system, span.t_next, &self.z_trial, &mut self.k[1]);
        let half = T::from_f64(0.5);
        combine(out, y, &self.k, &[(0, half), (1, half)], span.h);
    }
}

/// Writes y + ψ_h(t, from) into `out`, with the slopes left in `k`.
fn increment<T: Real, Y: State<T>, S: System<T, Y>>(
    (scheme, k, argument): (&Scheme<T>, &mut [Y], &mut Y),
    system: &mut S,
    span: Span<T>,
    from: &Y,
    y: &Y,
    out: &mut Y,
) {
    for i in 0..k.len() {
        let (c, row) = &scheme.rows[i];
        combine(argument, from, k, row, span.h);
        evaluate(system, span.t + *c * span.h, argument, &mut k[i]);
    }
    combine(out, y, k, &scheme.b, span.h);
}

/// a y + b z into `out`.
fn blend<T: Real, Y: State<T>>(out: &mut Y, [y, z]: [&Y; 2], [a, b]: [T; 2]) {
    let (a, b) = (Y::Element::weight(a), Y::Element::weight(b));
    let parts = y.as_slice().iter().zip(z.as_slice());
    for (out, (y, z)) in out.as_mut_slice().iter_mut().zip(parts) {
        *out = Y::Element::zero().add_scaled(a, *y).add_scaled(b, *z);
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Reversible<T, Y> {
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        evaluate(system, t, y, &mut self.argument);
        stats.nfe += 1;
        &self.argument
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
        self.couple(y);
        let mut error = T::zero();
        match &self.kind {
            Kind::Heun => {
                if !self.slope_known {
                    evaluate(system, span.t, &self.z, &mut self.k[0]);
                    stats.nfe += 1;
                    self.slope_known = true;
                }
                self.heun_step(system, span, y, trial);
                stats.nfe += 1;
                if measure {
                    let half = Y::Element::weight(span.h * T::from_f64(0.5));
                    let minus = Y::Element::weight(-T::one());
                    let (a, b) = (self.k[0].as_slice(), self.k[1].as_slice());
                    error = scale.squared(y.as_slice(), trial.as_slice(), |i| {
                        Y::Element::zero().add_scaled(half, b[i].add_scaled(minus, a[i]))
                    });
                }
            }
            Kind::Coupled(scheme, coupling) => {
                let back = Span {
                    t: span.t_next,
                    t_next: span.t,
                    h: -span.h,
                };
                // z_trial holds what y₁ starts from until z₁ is computed.
                blend(
                    &mut self.z_trial,
                    [y, &self.z],
                    [*coupling, T::one() - *coupling],
                );
                let parts = (&**scheme, &mut self.k[..], &mut self.argument);
                increment(parts, system, span, &self.z, &self.z_trial, trial);
                if measure {
                    let k = &self.k;
                    error = scale.squared(y.as_slice(), trial.as_slice(), |i| {
                        scheme.b_err.iter().fold(Y::Element::zero(), |sum, (j, w)| {
                            sum.add_scaled(Y::Element::weight(span.h * *w), k[*j].as_slice()[i])
                        })
                    });
                }
                let parts = (&**scheme, &mut self.k[..], &mut self.argument);
                increment(parts, system, back, trial, trial, &mut self.z_trial);
                // z₁ = z − ψ: z_trial is y₁ + ψ so far.
                let minus = Y::Element::weight(-T::one());
                let states = trial.as_slice().iter().zip(self.z.as_slice());
                for (next, (y1, z)) in self.z_trial.as_mut_slice().iter_mut().zip(states) {
                    *next = z.add_scaled(minus, next.add_scaled(minus, *y1));
                }
                stats.nfe += 2 * self.k.len();
            }
        }
        let wrong = |k: &Y| k.as_slice().iter().position(|k| !k.magnitude().is_finite());
        let bad = self
            .k
            .iter()
            .enumerate()
            .find_map(|(i, k)| Some((i, wrong(k)?)));
        self.bad = bad.map(|(stage, component)| (stage, span.t, component));
        error
    }

    fn accept(&mut self) {
        std::mem::swap(&mut self.z, &mut self.z_trial);
        if matches!(self.kind, Kind::Heun) {
            self.k.swap(0, 1);
        }
        self.ends.forget();
    }

    fn rewind(&mut self) -> bool {
        // z has moved on.
        false
    }

    fn restart(&mut self) {
        self.coupled = false;
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
        match &self.kind {
            Kind::Heun => 2,
            Kind::Coupled(scheme, _) => {
                let tableau = scheme.tableau();
                tableau
                    .embedded_order
                    .map_or(tableau.order, |e| e.min(tableau.order))
                    + 1
            }
        }
    }

    fn worst(&self, _span: Span<T>, _y: &Y, _trial: &Y, _scale: &Scale<T>) -> Option<(usize, T)> {
        None
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        match &self.kind {
            Kind::Heun => "reversible Heun",
            Kind::Coupled(scheme, _) => scheme.tableau().name,
        }
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Integrator<T, Y, S, Reversible<T, Y>> {
    /// Takes back the step of size `h` that began at `t` and ended at the present time: state and companion become those before it, to rounding.
    pub fn step_back(&mut self, t: T, h: T) {
        let span = Span {
            t: self.t(),
            t_next: t,
            h: -h,
        };
        self.replace_step(span, |engine, system, y, out, stats| {
            engine.back(system, span, y, out, stats);
        });
    }
}

impl<T: Real, Y: State<T>> Reversible<T, Y> {
    /// Takes the step back that led to `y` at `span.t`, by `span.h`, which is minus its size.
    fn back<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        out: &mut Y,
        stats: &mut Stats,
    ) {
        self.couple(y);
        match &self.kind {
            Kind::Heun => {
                if !self.slope_known {
                    evaluate(system, span.t, &self.z, &mut self.k[0]);
                    (stats.nfe, self.slope_known) = (stats.nfe + 1, true);
                }
                self.heun_step(system, span, y, out);
                stats.nfe += 1;
            }
            Kind::Coupled(scheme, coupling) => {
                let forward = Span {
                    t: span.t_next,
                    t_next: span.t,
                    h: -span.h,
                };
                // z = z₁ + ψ_{−h}(t₁, y₁), then y = (y₁ − (1 − λ) z − ψ_h(t, z))/λ.
                let parts = (&**scheme, &mut self.k[..], &mut self.argument);
                increment(parts, system, span, y, &self.z, &mut self.z_trial);
                let parts = (&**scheme, &mut self.k[..], &mut self.argument);
                increment(
                    parts,
                    system,
                    forward,
                    &self.z_trial,
                    &self.z_trial,
                    &mut self.z,
                );
                // z now holds z + ψ_h(t, z): y λ = y₁ − (z + ψ) + λ z.
                let inverse = Y::Element::weight(T::one() / *coupling);
                let minus = Y::Element::weight(-T::one());
                let states = self.z.as_slice().iter().zip(self.z_trial.as_slice());
                let states = states.zip(y.as_slice());
                for (out, ((moved, z), y1)) in out.as_mut_slice().iter_mut().zip(states) {
                    *out = z.add_scaled(inverse, y1.add_scaled(minus, *moved));
                }
                stats.nfe += 2 * self.k.len();
            }
        }
        Engine::<T, Y, S>::accept(self);
    }
}
