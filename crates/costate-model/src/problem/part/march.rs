//! States for stretches to begin with, before a fit.

use std::cell::RefCell;

use super::{Direct, Method, Part};
use crate::problem::observer::Observer;

impl Part {
    /// Solves stretch after stretch. What is not known of the state that the next one begins with, NaN in θ, is where this one ends, or where it began if it
    /// cannot be solved. Returns for each measurement reached how much larger its loss is if a prediction is the observable's mean than if it is the
    /// measurement itself.
    pub(crate) fn march(
        &mut self,
        theta: &mut [f64],
        observer: &mut Observer,
        method: &mut Method,
        means: &[f64],
    ) -> Vec<f64> {
        let whole = self.begin(theta, observer);
        let n = self.states;
        let mut spread = Vec::new();
        for k in 0..self.stretches.len() {
            let seen: RefCell<Option<(Vec<f64>, Vec<f64>)>> = RefCell::new(None);
            // A gradient of nothing: its solution is all that is wanted.
            let solved = self.through(
                k,
                (&whole, theta),
                observer,
                method,
                |scene, observer, saved, _| {
                    let mut own = Vec::new();
                    for (i, t, points) in scene.stretch.measured(scene.measurements) {
                        observer.values(saved.state(i), t);
                        own.extend(points.iter().map(|point| {
                            let of = |value| observer.compare_with(point, value).0;
                            of(means[point.observable]) - of(point.value)
                        }));
                    }
                    let last = saved.state(saved.len() - 1)[..n].to_vec();
                    seen.borrow_mut().get_or_insert((last, own));
                    (0.0, Direct::default())
                },
            );
            let stretch = &self.stretches[k];
            let began = stretch.begin(&whole, &self.measurements.times, theta).h0;
            let seen = seen.into_inner().filter(|_| solved.is_ok());
            let end = match seen {
                Some((last, own)) if last.iter().all(|x| x.is_finite()) => {
                    spread.extend(own);
                    last
                }
                _ => began,
            };
            if let Some(at) = stretch.meets {
                let next = theta[at..at + n].iter_mut().zip(end);
                let unknown = next.filter(|(next, _)| next.is_nan());
                unknown.for_each(|(next, end)| *next = end);
            }
        }
        spread
    }

    /// How far apart stretches are where they are to meet: the time and the gap of each state.
    ///
    /// # Errors
    /// The solver's, if a stretch cannot be solved.
    pub(crate) fn gaps(
        &mut self,
        theta: &[f64],
        observer: &mut Observer,
        method: &mut Method,
    ) -> Result<Vec<(f64, Vec<f64>)>, crate::problem::Why> {
        let whole = self.begin(theta, observer);
        let mut all = Vec::new();
        for k in 0..self.stretches.len() {
            if self.stretches[k].meets.is_none() {
                continue;
            }
            let gaps: RefCell<Option<Vec<f64>>> = RefCell::new(None);
            self.through(
                k,
                (&whole, theta),
                observer,
                method,
                |scene, _, saved, _| {
                    let last = saved.state(saved.len() - 1);
                    let own = last.iter().zip(scene.next).map(|(end, next)| end - next);
                    gaps.borrow_mut().get_or_insert(own.collect());
                    (0.0, Direct::default())
                },
            )?;
            let t = self.measurements.times[self.stretches[k].times.end - 1];
            all.push((t, gaps.into_inner().unwrap_or_default()));
        }
        Ok(all)
    }
}
