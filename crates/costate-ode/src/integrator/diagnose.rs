//! Finding out why an integration stopped. Runs once, at the end; may allocate and evaluate f.

use super::{Integrator, REMEMBERED};
use crate::diagnosis::{Cause, Diagnosis, Try, Worst};
use crate::engine::{Engine, Span};
use crate::{Element, Error, Real, State, System};

impl<T: Real, Y: State<T>, S: System<T, Y>, E: Engine<T, Y, S>> Integrator<T, Y, S, E> {
    /// The largest component of the state.
    pub(super) fn largest(&self) -> T {
        self.y
            .as_slice()
            .iter()
            .fold(T::zero(), |max, y| max.max(y.magnitude()))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn diagnose(&mut self, cause: Cause, span: Span<T>) -> Error {
        let recent = self.recent();
        let last = recent.last().map_or(span.h, |_| {
            self.recent[(self.stats.steps - 1) % REMEMBERED].1
        });
        let tried = Span {
            t: span.t,
            t_next: span.t + last,
            h: last,
        };
        let worst = self
            .engine
            .worst(tried, &self.y, &self.trial, &self.scale)
            .map(|(component, error)| {
                let (y, trial) = (
                    self.y.as_slice()[component],
                    self.trial.as_slice()[component],
                );
                Worst {
                    component,
                    error: error.as_f64(),
                    allowed: self.scale.at(component, y, trial).as_f64(),
                    magnitude: y.magnitude().as_f64(),
                }
            });
        let not_finite = self
            .engine
            .not_finite(tried)
            .filter(|_| self.stats.steps > 0);
        let stats = self.stats;
        let (y, scale) = (self.y.as_slice(), &self.scale);
        let undefined = y.iter().position(|y| !y.magnitude().is_finite());
        let exact = scale
            .measured(y.len())
            .find(|i| scale.at(*i, y[*i], y[*i]) == T::zero());
        let cause = match (cause, self.growth(), not_finite) {
            _ if let Some(component) = undefined => Cause::State { component },
            (Cause::TooManySteps, ..) => cause,
            (_, Some((component, near)), _) => Cause::Unbounded {
                component,
                near: near.as_f64(),
            },
            (_, _, Some((stage, t, component))) => Cause::NotFinite {
                stage,
                t: t.as_f64(),
                component,
            },
            _ => exact.map_or(cause, |component| Cause::NothingAllowed { component }),
        };
        let stiffness = self
            .spectral_radius()
            .map(|radius| (radius * self.span.h).abs().as_f64());
        Error::Stopped(Box::new(Diagnosis {
            cause,
            method: self.engine.name(),
            t: span.t.as_f64(),
            h: span.h.as_f64(),
            end: self.end.as_f64(),
            worst,
            stiffness: stiffness.filter(|product| product.is_finite()),
            undetermined: Vec::new(),
            recent,
            stats,
        }))
    }

    fn recent(&self) -> Vec<Try> {
        let from = self.stats.steps.saturating_sub(REMEMBERED);
        let tries = (from..self.stats.steps).map(|i| self.recent[i % REMEMBERED]);
        tries
            .map(|(t, h, error2)| Try {
                t: t.as_f64(),
                h: h.as_f64(),
                error: error2.sqrt().as_f64(),
            })
            .collect()
    }

    /// The component that runs away soonest, and about when: one that has grown far beyond the start and would double within a millionth of
    /// the time so far.
    fn growth(&mut self) -> Option<(usize, T)> {
        let (t0, size0) = self.start;
        let t = self.t();
        let slope = self
            .engine
            .slope(&mut self.system, t, &self.y, &mut self.stats);
        let soonest = (0..self.y.as_slice().len()).filter_map(|i| {
            let (y, f) = (self.y.as_slice()[i], slope.as_slice()[i]);
            // Outwards along the way we go?
            let ahead = y.add_scaled(
                Y::Element::weight(
                    self.direction * T::epsilon().sqrt() * y.magnitude() / f.magnitude(),
                ),
                f,
            );
            let escape = y.magnitude() / f.magnitude();
            let far = y.magnitude() > T::from_f64(1e3) * (size0 + T::min_positive_value());
            let soon = escape < T::from_f64(1e-4) * (t - t0).abs();
            (far && soon && ahead.magnitude() > y.magnitude()).then_some((i, escape))
        });
        let soonest = soonest.reduce(|a, b| if b.1 < a.1 { b } else { a });
        soonest.map(|(i, escape)| (i, t + self.direction * escape))
    }

    /// The largest |eigenvalue| of ∂f/∂y at the present state, roughly: power iterations with differences of f, in the error norm.
    fn spectral_radius(&mut self) -> Option<T> {
        let t = self.t();
        let base = self
            .engine
            .slope(&mut self.system, t, &self.y, &mut self.stats)
            .clone();
        let (y, f) = (self.y.as_slice(), base.as_slice());
        let (mut point, mut slope) = (self.y.clone(), base.clone());
        // Beginning with the direction of f itself.
        let mut direction: Vec<Y::Element> = f.to_vec();
        let minus = Y::Element::weight(-T::one());
        let mut radius = None;
        for _ in 0..16 {
            let size = self.scale.squared(y, y, |i| direction[i]).sqrt();
            if !(size.is_finite() && size > T::zero()) {
                return radius;
            }
            let delta =
                T::epsilon().sqrt() * (T::one() + self.scale.squared(y, y, |i| y[i]).sqrt()) / size;
            for (point, (y, d)) in point
                .as_mut_slice()
                .iter_mut()
                .zip(y.iter().zip(&direction))
            {
                *point = y.add_scaled(Y::Element::weight(delta), *d);
            }
            self.system.eval(t, &point, &mut slope);
            for (d, (moved, f)) in direction.iter_mut().zip(slope.as_slice().iter().zip(f)) {
                *d = moved.add_scaled(minus, *f);
            }
            radius = Some(self.scale.squared(y, y, |i| direction[i]).sqrt() / (delta * size));
        }
        radius
    }
}
