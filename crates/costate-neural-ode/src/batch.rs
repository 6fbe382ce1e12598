//! Gradients of many samples that share θ, each solved by itself.

use crate::Error;
use crate::gradient::{Gradient, GradientMethod, Problem, Saved, add};
use costate_ode::Real;
use std::sync::{Mutex, PoisonError};

/// Samples whose gradients are added up one after the other.
const BLOCK: usize = 4;

/// One sample of a batch: a problem of its own, but for θ, which all samples share.
///
/// ```
/// use costate_neural_ode::batch::{Batch, Sample};
/// use costate_neural_ode::{Discrete, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// // Two kinds: one solved loosely, one tightly.
/// let make = |kind: usize| Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, Options::tolerances([1e-3, 1e-10][kind], 1e-10));
/// let samples = [0, 1].map(|kind| Sample { id: kind as u64, kind, h0: &[3.0], t0: 3.0, t1: 5.0, save_at: &[] });
/// let found = Batch::new(make).gradient(&[0.25], &samples, &|_, saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// let error = |i: usize| (found.samples[i].loss - 3.0 * 2.0_f64.exp()).abs();
/// assert!(error(1) < 1e-7 && error(0) > 100.0 * error(1));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a, T, E> {
    /// Its place in the sum over all samples; see [`Batch`].
    pub id: u64,
    /// Which of the batch's kinds of methods takes its gradient.
    pub kind: usize,
    /// h₀.
    pub h0: &'a [E],
    /// Where its solve begins.
    pub t0: T,
    /// Where it ends.
    pub t1: T,
    /// Its save times.
    pub save_at: &'a [T],
}

/// The gradient of the sum of all samples' losses.
///
/// ```
/// use costate_neural_ode::batch::{Batch, Sample};
/// use costate_neural_ode::{Discrete, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let make = |_kind| Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-10));
/// let samples = [0, 1].map(|id| Sample { id, kind: 0, h0: &[3.0], t0: 3.0, t1: 4.0 + id as f64, save_at: &[] });
/// let found = Batch::new(make).gradient(&[0.25], &samples, &|_, saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// // What depends on the sample stands with the sample, what all share is one sum.
/// assert_eq!(found.loss, found.samples[0].loss + found.samples[1].loss);
/// assert!((found.samples[0].h0[0] - 0.875_f64.exp()).abs() < 1e-8 && (found.samples[1].h0[0] - 2.0_f64.exp()).abs() < 1e-8);
/// assert!(found.theta.len() == 1 && found.samples[0].theta.is_empty());
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BatchGradient<E> {
    /// Σ L.
    pub loss: E,
    /// ∂(Σ L)/∂θ.
    pub theta: Vec<E>,
    /// The gradients of the samples, in the order of the batch; θ's are left out, their sum is above.
    pub samples: Vec<Gradient<E>>,
}

/// The loss of a sample: its place in the batch, its saved states, their cotangents.
///
/// ```
/// use costate_neural_ode::{Saved, batch::BatchLoss};
///
/// // Half the squared distance from the datum of each sample.
/// let data = [1.0, 5.0];
/// let loss: &BatchLoss<f64> = &|sample, saved, cotangents| {
///     let off = saved.state(0)[0] - data[sample];
///     cotangents.state_mut(0)[0] = off;
///     0.5 * off * off
/// };
/// let (mut saved, mut cotangents) = (Saved::new(1), Saved::new(1));
/// (saved.resize(1), cotangents.resize(1));
/// assert_eq!((loss(1, &saved, &mut cotangents), cotangents.values()), (12.5, &[-5.0][..]));
/// ```
pub type BatchLoss<'a, E> = dyn Fn(usize, &Saved<E>, &mut Saved<E>) -> E + Sync + 'a;

/// The gradients of many samples, shared out over threads with the feature `rayon`.
///
/// Each sample is solved on its own, with its own times, tolerances, steps and events: what it is does not depend on its company. Samples of different tolerances,
/// fields with different events, or different methods are of different *kinds*: `make(kind)` makes the gradient method of a kind, one for each thread that
/// meets it.
///
/// # The order of the sum
/// Floating-point sums depend on their order. Here it is that of the samples' ids (equal ids: that of the batch): the samples, sorted by id, are added up in blocks
/// of four, and the blocks in a tree, two neighbours at a time. So the bits of the gradient are the same for any number of threads, and for any order of a batch whose
/// samples have ids of their own.
///
/// # Otherwise
/// To step many samples jointly instead, with one step size for all, make them one state: a field recorded for h of shape `[B, n]`. That is faster for small
/// networks and regular grids, and then the samples do change each other's steps.
///
/// ```
/// use costate_neural_ode::batch::{Batch, Sample};
/// use costate_neural_ode::{Discrete, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let tsit5 = tableau::by_name("tsit5")?;
/// let mut batch = Batch::new(|_kind| Discrete::new(House::default(), &[0.0], tsit5, Options::tolerances(1e-10, 1e-10)));
/// let sample = |id, h0, t1| Sample { id, kind: 0, h0, t0: 3.0, t1, save_at: &[] };
/// let samples = [sample(0, &[3.0], 5.0), sample(1, &[1.0], 4.0)];
/// // L = h(t₁), for each
/// let found = batch.gradient(&[0.25], &samples, &|_, saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// let expected = 24.0 * 2.0_f64.exp() + 3.5 * 0.875_f64.exp();
/// assert!((found.theta[0] - expected).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Debug)]
pub struct Batch<M, K> {
    make: K,
    /// Methods that no thread is using, with their kinds.
    idle: Mutex<Vec<(usize, M)>>,
}

/// The sum over some samples.
struct Sum<E> {
    loss: E,
    theta: Vec<E>,
}

impl<M, K> Batch<M, K>
where
    M: Send,
    K: Fn(usize) -> Result<M, Error> + Sync,
{
    /// With methods that `make` makes, by kind.
    pub fn new(make: K) -> Self {
        Self {
            make,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// The gradient of the sum of the samples' losses.
    ///
    /// # Errors
    /// [`Error::Sample`] with the error of the first sample, by the order of the sum, that fails.
    ///
    /// # Panics
    /// As [`GradientMethod::gradient`].
    pub fn gradient<T, E>(
        &mut self,
        theta: &[E],
        samples: &[Sample<'_, T, E>],
        loss: &BatchLoss<'_, E>,
    ) -> Result<BatchGradient<E>, Error>
    where
        T: Real + Sync,
        E: Real + Send + Sync,
        M: GradientMethod<T, E>,
    {
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.sort_by_key(|i| samples[*i].id);
        let block = |block: &[usize]| self.block(theta, samples, block, loss);
        let blocks: Vec<&[usize]> = order.chunks(BLOCK).collect();
        #[cfg(feature = "rayon")]
        let found: Vec<_> = {
            use rayon::prelude::*;
            blocks.into_par_iter().map(block).collect()
        };
        #[cfg(not(feature = "rayon"))]
        let found: Vec<_> = blocks.into_iter().map(block).collect();

        let mut sums = Vec::with_capacity(found.len());
        let mut gradients: Vec<_> = samples.iter().map(|_| Gradient::default()).collect();
        for (ids, found) in order.chunks(BLOCK).zip(found) {
            let (sum, of_block) = found?;
            sums.push(sum);
            for (i, gradient) in ids.iter().zip(of_block) {
                gradients[*i] = gradient;
            }
        }
        while sums.len() > 1 {
            let mut pairs = sums.into_iter();
            sums = Vec::with_capacity(pairs.len().div_ceil(2));
            while let Some(mut first) = pairs.next() {
                if let Some(second) = pairs.next() {
                    first.loss = first.loss + second.loss;
                    add(&mut first.theta, &second.theta);
                }
                sums.push(first);
            }
        }
        let sum = sums.pop().unwrap_or_else(|| Sum {
            loss: E::zero(),
            theta: vec![E::zero(); theta.len()],
        });
        Ok(BatchGradient {
            loss: sum.loss,
            theta: sum.theta,
            samples: gradients,
        })
    }

    /// The gradients of some samples, and their sum.
    fn block<T, E>(
        &self,
        theta: &[E],
        samples: &[Sample<'_, T, E>],
        block: &[usize],
        loss: &BatchLoss<'_, E>,
    ) -> Result<(Sum<E>, Vec<Gradient<E>>), Error>
    where
        T: Real,
        E: Real,
        M: GradientMethod<T, E>,
    {
        let mut sum = Sum {
            loss: E::zero(),
            theta: vec![E::zero(); theta.len()],
        };
        let mut gradients = Vec::with_capacity(block.len());
        for &i in block {
            let sample = &samples[i];
            let within = |error| Error::Sample {
                index: i,
                source: Box::new(error),
            };
            let mut method = self.take(sample.kind).map_err(within)?;
            let problem = Problem {
                h0: sample.h0,
                theta,
                t0: sample.t0,
                t1: sample.t1,
                save_at: sample.save_at,
            };
            let found = method.gradient(&problem, &mut |saved, out| loss(i, saved, out));
            let gradient = found.cloned();
            self.give_back(sample.kind, method);
            let mut gradient = gradient.map_err(within)?;
            sum.loss = sum.loss + gradient.loss;
            add(&mut sum.theta, &gradient.theta);
            gradient.theta = Vec::new();
            gradients.push(gradient);
        }
        Ok((sum, gradients))
    }

    fn take(&self, kind: usize) -> Result<M, Error> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.iter().rposition(|(of, _)| *of == kind) {
            Some(place) => Ok(idle.swap_remove(place).1),
            None => {
                drop(idle);
                (self.make)(kind)
            }
        }
    }

    fn give_back(&self, kind: usize, method: M) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((kind, method));
    }
}
