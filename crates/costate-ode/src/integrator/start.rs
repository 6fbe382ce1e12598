//! The size of the first step.

use super::Integrator;
use crate::engine::Engine;
use crate::{Element, Real, State, Stats, System};

impl<T: Real, Y: State<T>, S: System<T, Y>, E: Engine<T, Y, S>> Integrator<T, Y, S, E> {
    /// Adds what was spent before the first step.
    pub(crate) fn charge(&mut self, spent: Stats) {
        self.stats.nfe += spent.nfe;
        self.stats.jacobians += spent.jacobians;
        self.stats.factorisations += spent.factorisations;
        self.stats.solves += spent.solves;
    }

    /// Hairer's estimate from f at the start and f a small Euler step ahead (\[Hairer1993\] II.4).
    ///
    /// With d₀ = ‖y‖, d₁ = ‖f‖ in the error norm, h₀ = 0.01 d₀/d₁ and d₂ = ‖f(t + h₀, y + h₀ f) − f‖/h₀, the step is
    /// min(100 h₀, (0.01/max(d₁, d₂))^{1/k}). A state that is zero but for rounding, as on a crossing, says nothing of the step: h₀ is not so small that t does not see it.
    #[cold]
    pub(super) fn choose_first_step(&mut self) {
        let (tiny, small) = (T::from_f64(1e-10), T::from_f64(0.01));
        let t = self.t();
        let limit = self.options.h_max.min((self.end - t).abs());
        let slope = self
            .engine
            .slope(&mut self.system, t, &self.y, &mut self.stats);
        let (y, f) = (self.y.as_slice(), slope.as_slice());
        let mut norm2 = |x: &[Y::Element]| self.scale.squared(y, y, |i| x[i]);
        let (d0, d1) = (norm2(y), norm2(f));
        let h0 = if d0 <= tiny || d1 <= tiny {
            T::from_f64(1e-6)
        } else {
            small * (d0 / d1).sqrt()
        }
        .max(T::from_f64(100.0) * T::epsilon() * t.abs())
        .min(limit);

        let weight = Y::Element::weight(h0 * self.direction);
        for (ahead, (y, f)) in self.y_prev.as_mut_slice().iter_mut().zip(y.iter().zip(f)) {
            *ahead = y.add_scaled(weight, *f);
        }
        self.system
            .eval(t + h0 * self.direction, &self.y_prev, &mut self.trial);
        self.stats.nfe += 1;
        let ahead = self.trial.as_slice();
        let minus = Y::Element::weight(-T::one());
        let d2 = self
            .scale
            .squared(y, y, |i| ahead[i].add_scaled(minus, f[i]))
            .sqrt()
            / h0;
        self.y_prev.as_mut_slice().copy_from_slice(y);

        let steepest = d1.sqrt().max(d2);
        let root = T::one() / T::from_f64(self.engine.error_exponent() as f64);
        let h1 = if steepest <= T::from_f64(1e-15) {
            (h0 * T::from_f64(1e-3)).max(T::from_f64(1e-6))
        } else {
            (small / steepest).powf(root)
        };
        let size = (h0 * T::from_f64(100.0)).min(h1).min(limit);
        // A slope that is not finite leaves no estimate; the first try reports it.
        self.size = if size > T::zero() {
            size
        } else {
            limit.min(T::from_f64(1e-6))
        };
    }
}
