//! Multiple shooting: a long solution in pieces.

use crate::{Error, GradientMethod, Problem};
use costate_ode::Real;

/// A solution through times t₀ < t₁ < … cut into windows, each with a start s_w of its own that is learned too:
///
/// ```text
/// L = Σᵢ loss(i, h(tᵢ)) + weight · Σ_w ‖h_w(end of window w) − s_{w+1}‖²
/// ```
///
/// In one piece, a wrong θ leads so far away from the data that its loss says nothing about how to mend it; over a short window it stays near. The penalty makes the pieces meet: raise
/// its weight in the course of the training. Starts are best taken from the data, where those are whole states.
///
/// The variables x are θ, then s₀, s₁, …; so an optimiser moves all at once.
///
/// ```
/// use costate_neural_ode::train::shooting::Shooting;
/// use costate_neural_ode::{Discrete, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
/// let shooting = Shooting::new(&[3.0, 4.0, 5.0], 1, 1);
/// assert_eq!(shooting.windows(), 2);
/// // The true solution fits together: h(4) = 3 exp(7/8).
/// let x = [0.25, 3.0, 3.0 * 0.875_f64.exp()];
/// let mut gradient = [0.0; 3];
/// let loss = shooting.gradient(&mut discrete, 10.0, &x, &mut gradient, |_i, _h, _cotangent| 0.0)?;
/// assert!(loss < 1e-14 && gradient.iter().all(|g| g.abs() < 1e-5));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shooting<T> {
    times: Vec<T>,
    window: usize,
    states: usize,
}

impl<T: Real> Shooting<T> {
    /// For states with so many components, in windows of so many steps from time to time; the last may be shorter.
    ///
    /// # Panics
    /// If there are fewer than two times, or a window has no step.
    #[must_use]
    #[track_caller]
    pub fn new(times: &[T], window: usize, states: usize) -> Self {
        assert!(
            times.len() >= 2 && window > 0,
            "{} times in windows of {window} steps: at least two, and one, are needed",
            times.len()
        );
        Self {
            times: times.to_vec(),
            window,
            states,
        }
    }

    /// The number of windows.
    #[must_use]
    pub fn windows(&self) -> usize {
        (self.times.len() - 1).div_ceil(self.window)
    }

    /// The index of the time at which a window begins.
    #[must_use]
    pub fn begin(&self, window: usize) -> usize {
        window * self.window
    }

    /// L and its gradient by θ and all starts. `loss` is called once for each time, with its index, the state there and a cotangent to write, which is zero before; at a time where two
    /// windows meet it is given the state at the end of the earlier.
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`].
    ///
    /// # Panics
    /// If x has not at least as many numbers as the starts, or `gradient` another length.
    #[track_caller]
    pub fn gradient(
        &self,
        method: &mut dyn GradientMethod<T, T>,
        weight: T,
        x: &[T],
        gradient: &mut [T],
        mut loss: impl FnMut(usize, &[T], &mut [T]) -> T,
    ) -> Result<T, Error> {
        let (n, windows) = (self.states, self.windows());
        assert!(
            x.len() >= windows * n && gradient.len() == x.len(),
            "{} variables and a gradient of {}, but {windows} starts of {n} components",
            x.len(),
            gradient.len()
        );
        let (theta, starts) = x.split_at(x.len() - windows * n);
        gradient.fill(T::zero());
        let (by_theta, by_starts) = gradient.split_at_mut(theta.len());
        let two = T::one() + T::one();
        let mut total = loss(0, &starts[..n], &mut by_starts[..n]);
        for w in 0..windows {
            let from = self.begin(w);
            let to = (from + self.window).min(self.times.len() - 1);
            let next = starts.get((w + 1) * n..(w + 2) * n);
            let problem = Problem {
                h0: &starts[w * n..(w + 1) * n],
                theta,
                t0: self.times[from],
                t1: self.times[to],
                save_at: &self.times[from + 1..=to],
            };
            let mut gaps = vec![T::zero(); n];
            let solved = method.gradient(&problem, &mut |saved, cotangents| {
                let mut sum = T::zero();
                for i in 0..saved.len() {
                    sum = sum + loss(from + 1 + i, saved.state(i), cotangents.state_mut(i));
                }
                if let Some(next) = next {
                    let last = saved.len() - 1;
                    for j in 0..n {
                        gaps[j] = saved.state(last)[j] - next[j];
                        sum = sum + weight * gaps[j] * gaps[j];
                        let cotangent = &mut cotangents.state_mut(last)[j];
                        *cotangent = *cotangent + two * weight * gaps[j];
                    }
                }
                sum
            })?;
            total = total + solved.loss;
            for (by_theta, more) in by_theta.iter_mut().zip(&solved.theta) {
                *by_theta = *by_theta + *more;
            }
            for j in 0..n {
                by_starts[w * n + j] = by_starts[w * n + j] + solved.h0[j];
                if next.is_some() {
                    by_starts[(w + 1) * n + j] =
                        by_starts[(w + 1) * n + j] - two * weight * gaps[j];
                }
            }
        }
        Ok(total)
    }
}
