//! Measurements of several samples, each at its own times, some of them missing.

use super::loss::Loss;
use crate::{Error, GradientMethod, Problem, Saved};
use costate_ode::Real;

/// What was measured of B samples whose states, n components each, are solved together as one state `[B, n]`.
///
/// Every sample may have times of its own. The solve saves at all of them, in order ([`times`](Observations::times)), and the loss looks at each state only where that sample was
/// measured. A value that is NaN is missing.
///
/// ```
/// use costate_neural_ode::Saved;
/// use costate_neural_ode::train::loss::Loss;
/// use costate_neural_ode::train::observations::Observations;
///
/// let mut seen = Observations::new(2, 2); // two samples with two components
/// seen.push(0, 0.5, &[1.0, 2.0]);
/// seen.push(0, 1.0, &[f64::NAN, 3.0]); // only the second was measured
/// seen.push(1, 0.7, &[5.0, 5.0]);
/// assert_eq!(seen.times(), [0.5, 0.7, 1.0]);
/// assert_eq!(seen.len(), 5);
///
/// let (mut states, mut cotangents) = (Saved::new(4), Saved::new(4));
/// states.resize(3);
/// cotangents.resize(3);
/// let loss = seen.loss(Loss::Squares, &states, &mut cotangents); // of states that are all zero
/// assert_eq!(loss, (1.0 + 4.0 + 9.0 + 25.0 + 25.0) / 5.0);
/// assert_eq!(cotangents.state(1), [0.0, 0.0, -2.0, -2.0]);
/// assert_eq!(cotangents.state(2), [0.0, -1.2, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Observations<T> {
    samples: usize,
    components: usize,
    /// Rising, each once.
    times: Vec<T>,
    /// What was seen at each time: the place in the state, and the value.
    seen: Vec<Vec<(usize, T)>>,
}

impl<T: Real> Observations<T> {
    /// None yet.
    #[must_use]
    pub fn new(samples: usize, components: usize) -> Self {
        Self {
            samples,
            components,
            times: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Adds what was measured of one sample at one time, a value for each component; NaN for what is missing. The order does not matter.
    ///
    /// # Panics
    /// If there is no such sample, the number of values is not that of components, or the time is not finite.
    #[track_caller]
    pub fn push(&mut self, sample: usize, time: T, values: &[T]) {
        assert!(
            sample < self.samples && values.len() == self.components && time.is_finite(),
            "{} values of sample {sample} at {time:?}, but there are {} samples with {} components, at finite times",
            values.len(),
            self.samples,
            self.components
        );
        let place = self.times.partition_point(|before| *before < time);
        if self.times.get(place) != Some(&time) {
            self.times.insert(place, time);
            self.seen.insert(place, Vec::new());
        }
        let first = sample * self.components;
        let present = values
            .iter()
            .enumerate()
            .filter(|(_, value)| !value.is_nan());
        self.seen[place].extend(present.map(|(i, value)| (first + i, *value)));
    }

    /// States that were seen whole, at these times, of so many samples together.
    ///
    /// # Panics
    /// If there are not as many states as times, or their width is not a multiple of `samples`.
    #[must_use]
    #[track_caller]
    pub fn of_states(samples: usize, times: &[T], states: &Saved<T>) -> Self {
        let width = states.width();
        assert!(
            states.len() == times.len() && width.is_multiple_of(samples),
            "{} states of {width} components at {} times of {samples} samples",
            states.len(),
            times.len()
        );
        let mut seen = Self::new(samples, width / samples);
        for (i, time) in times.iter().enumerate() {
            let state = states.state(i).chunks(width / samples);
            state
                .enumerate()
                .for_each(|(sample, values)| seen.push(sample, *time, values));
        }
        seen
    }

    /// All times, rising: where the solve must save.
    #[must_use]
    pub fn times(&self) -> &[T] {
        &self.times
    }

    /// The number of values that are not missing.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.iter().map(Vec::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The mean of ρ(state, value) over all values at the first times, as many as states are saved; and its derivatives, added onto `cotangents`. Zero if nothing was seen there.
    ///
    /// # Panics
    /// If there are more states than times, or they have another width.
    #[track_caller]
    pub fn loss(&self, loss: Loss, saved: &Saved<T>, cotangents: &mut Saved<T>) -> T {
        assert!(
            saved.len() <= self.times.len() && saved.width() == self.samples * self.components,
            "{} states of {} components are saved, but there are {} times of {} components",
            saved.len(),
            saved.width(),
            self.times.len(),
            self.samples * self.components
        );
        let seen = &self.seen[..saved.len()];
        let count: usize = seen.iter().map(Vec::len).sum();
        let count = T::from_f64(count.max(1) as f64);
        let mut sum = T::zero();
        for (i, seen) in seen.iter().enumerate() {
            for &(place, value) in seen {
                let state = saved.state(i)[place];
                sum = sum + loss.value(state, value);
                let cotangent = &mut cotangents.state_mut(i)[place];
                *cotangent = *cotangent + loss.derivative(state, value) / count;
            }
        }
        sum / count
    }

    /// The mean of ρ over all values for the solution from h₀ at t₀, and its gradient by θ: what a [`Training`](super::training::Training) minimises.
    ///
    /// ```
    /// use costate_neural_ode::train::loss::Loss;
    /// use costate_neural_ode::train::observations::Observations;
    /// use costate_neural_ode::{Discrete, doc::House}; // f = θ t h
    /// use costate_ode::{Options, tableau};
    ///
    /// let mut seen = Observations::new(1, 1);
    /// seen.push(0, 5.0, &[20.0]);
    /// let options = Options::tolerances(1e-10, 1e-10);
    /// let mut discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
    /// let mut gradient = [0.0];
    /// let loss = seen.gradient(&mut discrete, Loss::Squares, (&[3.0], 3.0), &[0.25], &mut gradient)?;
    /// let off = 3.0 * 2.0_f64.exp() - 20.0;
    /// assert!((loss - off * off).abs() < 1e-6);
    /// assert!((gradient[0] - 2.0 * off * 24.0 * 2.0_f64.exp()).abs() < 1e-4);
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`]; a time before t₀ is one.
    ///
    /// # Panics
    /// If there is no time, or a length does not fit.
    #[track_caller]
    pub fn gradient(
        &self,
        method: &mut dyn GradientMethod<T, T>,
        loss: Loss,
        (h0, t0): (&[T], T),
        theta: &[T],
        gradient: &mut [T],
    ) -> Result<T, Error> {
        let problem = Problem {
            h0,
            theta,
            t0,
            t1: *self.times.last().expect("something was seen"),
            save_at: &self.times,
        };
        let solved = method.gradient(&problem, &mut |saved, cotangents| {
            self.loss(loss, saved, cotangents)
        })?;
        gradient.copy_from_slice(&solved.theta);
        Ok(solved.loss)
    }
}
